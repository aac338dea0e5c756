//! All rows of an installation, read from one engine and written to either: the content of a backup.
//!
//! [`TABLES`] lists the tables. Their columns are read from the database, so a new column needs no change here. A new
//! table fails a test until it is listed.

use crate::engine::snapshot::Snapshot;
mod upgrade;

pub use upgrade::Upgrade;

use crate::error::{Error, Result};
use crate::{Store, Tx, on};
use futures::TryStreamExt;
use sqlx::{AssertSqlSafe, ColumnIndex, Decode, QueryBuilder, Row, Type};

/// A table whose rows go into an archive.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    pub name: &'static str,
    /// Its primary key, which orders its rows.
    pub key: &'static str,
}

const fn table(name: &'static str, key: &'static str) -> Table {
    Table { name, key }
}

/// Every archived table, after those that it refers to.
pub const TABLES: &[Table] = &[
    table("meta", "key"),
    table("project", "id"),
    table("person", "id"),
    table("membership", "project_id, person_id"),
    table("api_token", "id"),
    table("reset_link", "hash"),
    table("second_factor", "person_id"),
    table("recovery_code", "hash"),
    table("job", "id"),
    table("audit", "id"),
    table("tally", "kind, id, key, shard"),
    table("change", "id"),
    table("source", "id"),
    table("reject", "source_id, line"),
    table("item", "id"),
    table("item_revision", "id"),
    table("item_field", "project_id, name, text, item_id"),
    table("taxonomy_version", "id"),
    table("taxonomy_draft", "project_id"),
    table("label", "id"),
    table("queue", "id"),
    table("queue_item", "queue_id, item_id"),
    table("queue_cursor", "queue_id, person_id, pool"),
    table("assignment", "id"),
    table("encoder", "id"),
    table("encoder_file", "encoder_id, path"),
    table("vector_set", "id"),
    table("clustering", "id"),
    table("cluster", "id"),
    table("cluster_part", "cluster_id, first_leaf"),
    table("cluster_member", "clustering_id, item_id"),
    table("cluster_lineage", "clustering_id, number"),
    table("discover_act", "id"),
    table("item_aside", "project_id, item_id"),
    table("saved_slice", "id"),
    table("bulk", "id"),
    table("bulk_item", "bulk_id, place"),
    table("answer", "id"),
    table("consensus", "item_id"),
    table("consensus_label", "project_id, label_id, item_id"),
    table("release", "id"),
    table("release_file", "release_id, path"),
    table("release_row", "release_id, item_id"),
    table("split", "project_id, scheme, key"),
];

/// Tables that are not copied row by row, with the reason.
pub const LEFT_OUT: &[(&str, &str)] = &[
    ("session", "who is signed in now: after a restore everyone signs in again"),
    ("blob", "blobs go into the archive as streams"),
    ("blob_part", "blobs go into the archive as streams"),
    ("blob_pin", "who writes a blob at this moment"),
    ("_sqlx_migrations", "made by opening the new installation"),
];

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Int,
    Float,
    Bool,
    Text,
    Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    pub kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Int(i64),
    Float(f64),
    Bool(bool),
    Text(String),
    Bytes(Vec<u8>),
}

impl Store {
    /// The columns of a table, in their order; none if the table does not exist.
    pub async fn columns(&self, table: &str) -> Result<Vec<Column>> {
        let query = if self.is_postgres() {
            "SELECT CAST(column_name AS TEXT), CAST(data_type AS TEXT) FROM information_schema.columns
             WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position"
        } else {
            "SELECT name, type FROM pragma_table_info($1) ORDER BY cid"
        };
        let rows: Vec<(String, String)> =
            on!(self, |db| sqlx::query_as(query).bind(table).fetch_all(db).await)?;
        rows.into_iter()
            .map(|(name, kind)| match kind.to_ascii_lowercase().as_str() {
                "integer" | "bigint" => Ok(Column { name, kind: Kind::Int }),
                "double precision" => Ok(Column { name, kind: Kind::Float }),
                "boolean" => Ok(Column { name, kind: Kind::Bool }),
                "text" => Ok(Column { name, kind: Kind::Text }),
                "blob" | "bytea" => Ok(Column { name, kind: Kind::Bytes }),
                other => Err(Error::Unreadable(format!("{table}.{name} is a column of type {other}"))),
            })
            .collect()
    }

    /// The names of all existing tables.
    pub async fn tables(&self) -> Result<Vec<String>> {
        let query = if self.is_postgres() {
            "SELECT CAST(table_name AS TEXT) FROM information_schema.tables
             WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' ORDER BY 1"
        } else {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1"
        };
        Ok(on!(self, |db| sqlx::query_scalar(query).fetch_all(db).await)?)
    }

    /// The number of the newest migration. Two installations with the same number have the same tables.
    pub async fn schema_number(&self) -> Result<i64> {
        let query = "SELECT CAST(MAX(version) AS BIGINT) FROM _sqlx_migrations";
        Ok(on!(self, |db| sqlx::query_scalar(query).fetch_one(db).await)?)
    }
}

impl Snapshot {
    /// Passes each row of a table to `take`, in key order.
    pub async fn rows(
        &mut self,
        table: &Table,
        columns: &[Column],
        mut take: impl FnMut(Vec<Value>) -> Result<()> + Send,
    ) -> Result<()> {
        let query = format!("SELECT {} FROM \"{}\" ORDER BY {}", names(columns), table.name, table.key);
        on!(self, |db| {
            let mut rows = sqlx::query(AssertSqlSafe(query)).fetch(db);
            while let Some(row) = rows.try_next().await? {
                take(values(&row, columns)?)?;
            }
        });
        Ok(())
    }

    /// All blobs of the snapshot: key and size.
    pub async fn blobs(&mut self) -> Result<Vec<(String, i64)>> {
        let query = "SELECT key, bytes FROM blob WHERE bytes > 0 OR key NOT LIKE 'new-%' ORDER BY key";
        Ok(on!(self, |db| sqlx::query_as(query).fetch_all(db).await)?)
    }
}

fn names(columns: &[Column]) -> String {
    columns.iter().map(|c| format!("\"{}\"", c.name)).collect::<Vec<_>>().join(", ")
}

fn values<'r, R>(row: &'r R, columns: &[Column]) -> Result<Vec<Value>>
where
    R: Row,
    usize: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    f64: Decode<'r, R::Database> + Type<R::Database>,
    bool: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    Vec<u8>: Decode<'r, R::Database> + Type<R::Database>,
{
    let value = |(i, column): (usize, &Column)| -> Result<Value> {
        Ok(match column.kind {
            Kind::Int => row.try_get::<Option<i64>, _>(i)?.map_or(Value::Null, Value::Int),
            Kind::Float => row.try_get::<Option<f64>, _>(i)?.map_or(Value::Null, Value::Float),
            Kind::Bool => row.try_get::<Option<bool>, _>(i)?.map_or(Value::Null, Value::Bool),
            Kind::Text => row.try_get::<Option<String>, _>(i)?.map_or(Value::Null, Value::Text),
            Kind::Bytes => row.try_get::<Option<Vec<u8>>, _>(i)?.map_or(Value::Null, Value::Bytes),
        })
    };
    columns.iter().enumerate().map(value).collect()
}

/// Values per statement. Both engines accept more.
const MOST_VALUES: usize = 16_000;

impl Tx {
    /// Inserts rows as they are, each with a value for each column.
    pub async fn insert_rows(
        &mut self,
        table: &Table,
        columns: &[Column],
        rows: &[Vec<Value>],
    ) -> Result<()> {
        for some in rows.chunks((MOST_VALUES / columns.len().max(1)).clamp(1, 1000)) {
            let head = format!("INSERT INTO \"{}\" ({}) ", table.name, names(columns));
            on!(self, |db| {
                let mut query = QueryBuilder::new(head);
                query.push_values(some, |mut given, row| {
                    for (value, column) in row.iter().zip(columns) {
                        match value {
                            Value::Int(v) => given.push_bind(*v),
                            Value::Float(v) => given.push_bind(*v),
                            Value::Bool(v) => given.push_bind(*v),
                            Value::Text(v) => given.push_bind(v.as_str()),
                            Value::Bytes(v) => given.push_bind(v.as_slice()),
                            Value::Null => match column.kind {
                                Kind::Int => given.push_bind(None::<i64>),
                                Kind::Float => given.push_bind(None::<f64>),
                                Kind::Bool => given.push_bind(None::<bool>),
                                Kind::Text => given.push_bind(None::<&str>),
                                Kind::Bytes => given.push_bind(None::<&[u8]>),
                            },
                        };
                    }
                });
                query.build().execute(db).await.map(|_| ())
            })?;
        }
        Ok(())
    }

    /// Raises a counter of `meta` to at least this value.
    pub async fn raise_counter(&mut self, key: &str, value: i64) -> Result<()> {
        let query = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE
                     SET value = CASE WHEN meta.value < excluded.value THEN excluded.value ELSE meta.value END";
        on!(self, |db| sqlx::query(query).bind(key).bind(value).execute(db).await.map(|_| ()))?;
        Ok(())
    }

    /// The first table with rows, if there is one.
    pub async fn first_used_table(&mut self) -> Result<Option<&'static str>> {
        for table in TABLES.iter().filter(|t| t.name != "meta") {
            let query = format!("SELECT CAST(1 AS BIGINT) FROM \"{}\" LIMIT 1", table.name);
            let row: Option<i64> =
                on!(self, |db| sqlx::query_scalar(AssertSqlSafe(query)).fetch_optional(db).await)?;
            if row.is_some() {
                return Ok(Some(table.name));
            }
        }
        Ok(None)
    }
}
