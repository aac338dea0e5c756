//! A write batch: writes that go to the database in one message, because each message costs as much as the write it
//! carries.
//!
//! On PostgreSQL a batch is one statement, and each of its statements is a part of `WITH`. All parts see the rows as
//! before the batch, so no part may touch what another part writes. On SQLite the statements run one after another.

mod statement;

pub(crate) use statement::Statement;

use crate::error::{Error, Result};
use crate::sql::row_lists::{Kind, of_lists, of_rows};
use crate::{Doc, Either, Tx};
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, FromRow};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A value of a row.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Int(Option<i64>),
    Float(Option<f64>),
    Bool(bool),
    Text(Option<String>),
}

impl From<i64> for Value {
    fn from(n: i64) -> Value {
        Value::Int(Some(n))
    }
}

impl From<Option<i64>> for Value {
    fn from(n: Option<i64>) -> Value {
        Value::Int(n)
    }
}

impl From<Option<f64>> for Value {
    fn from(x: Option<f64>) -> Value {
        Value::Float(x)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(Some(text.to_owned()))
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Value {
        Value::Text(text.map(str::to_owned))
    }
}

impl From<bool> for Value {
    fn from(is: bool) -> Value {
        Value::Bool(is)
    }
}

impl<T: Serialize> From<Doc<T>> for Value {
    fn from(document: Doc<T>) -> Value {
        // Maps with text keys and lists of numbers: JSON can represent all of them.
        Value::Text(Some(serde_json::to_string(&document.0).unwrap_or_default()))
    }
}

/// A row of a statement, defined once: its columns with their kinds, and the values of each. See [`batch_row!`].
pub(crate) trait BatchRow {
    const STATEMENT: Statement;
    const COLUMNS: &'static [(&'static str, Kind)];

    /// Appends a value for each column.
    fn values(&self, values: &mut Vec<Value>);
}

/// Defines the columns of a row: `batch_row! { Row as Statement::Name, |row| { "column": Kind = value, … } }`.
macro_rules! batch_row {
    ($type:ty as $statement:expr, |$row:ident| { $($name:literal: $kind:ident = $value:expr),* $(,)? }) => {
        impl $crate::label::write_batch::BatchRow for $type {
            const STATEMENT: $crate::label::write_batch::Statement = $statement;
            const COLUMNS: &'static [(&'static str, $crate::sql::row_lists::Kind)] =
                &[$(($name, $crate::sql::row_lists::Kind::$kind)),*];

            fn values(&self, values: &mut Vec<$crate::label::write_batch::Value>) {
                let $row = self;
                values.extend([$($crate::label::write_batch::Value::from($value)),*]);
            }
        }
    };
}
pub(crate) use batch_row;

/// The rows of one statement.
#[derive(Debug)]
struct Rows {
    columns: &'static [(&'static str, Kind)],
    /// Row by row.
    values: Vec<Value>,
}

impl Rows {
    fn n(&self) -> usize {
        self.values.len() / self.columns.len()
    }

    fn text(&self, statement: Statement) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        statement.text().replace("{columns}", &names.join(", "))
    }
}

/// Writes that wait to be sent.
#[derive(Debug, Default)]
pub(crate) struct WriteBatch(BTreeMap<Statement, Rows>);

impl WriteBatch {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn has(&self, statement: Statement) -> bool {
        self.0.contains_key(&statement)
    }

    /// Adds a row.
    pub(crate) fn add<R: BatchRow>(&mut self, row: &R) {
        self.add_to(R::STATEMENT, row);
    }

    /// The same for another statement with the same columns.
    pub(crate) fn add_to<R: BatchRow>(&mut self, statement: Statement, row: &R) {
        let new = || Rows { columns: R::COLUMNS, values: Vec::new() };
        row.values(&mut self.0.entry(statement).or_insert_with(new).values);
    }

    /// Adds the rows of another batch.
    pub(crate) fn join(&mut self, other: WriteBatch) {
        for (statement, rows) in other.0 {
            let new = || Rows { columns: rows.columns, values: Vec::new() };
            self.0.entry(statement).or_insert_with(new).values.extend(rows.values);
        }
    }

    /// Sends the batch in one message. Returns the number of written rows: on PostgreSQL those of the last statement.
    pub(crate) async fn execute(self, tx: &mut Tx) -> Result<u64> {
        if self.is_empty() {
            return Ok(0);
        }
        let n_leases = self.0.get(&Statement::Lease).map_or(0, Rows::n);
        let done = match tx.db().await {
            Either::Sqlite(db) => {
                let text = AssertSqlSafe(self.sqlite());
                bound_rows!(sqlx::query(text), self).execute(db).await?.rows_affected()
            }
            Either::Postgres(db) => {
                let text = AssertSqlSafe(self.postgres());
                bound_lists!(sqlx::query(text), self).execute(db).await?.rows_affected()
            }
        };
        // The deferred lease is already promised: the whole transaction runs again.
        if n_leases > 0 && done != n_leases as u64 { Err(Error::Busy) } else { Ok(done) }
    }

    /// The same, but returns the rows of the last statement.
    pub(crate) async fn fetch<T>(self, tx: &mut Tx) -> Result<Vec<T>>
    where
        T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        Ok(match tx.db().await {
            Either::Sqlite(db) => {
                let text = AssertSqlSafe(self.sqlite());
                bound_rows!(sqlx::query_as(text), self).fetch_all(db).await?
            }
            Either::Postgres(db) => {
                let text = AssertSqlSafe(self.postgres());
                bound_lists!(sqlx::query_as(text), self).fetch_all(db).await?
            }
        })
    }

    /// The text for PostgreSQL: each column of each statement is an array.
    fn postgres(&self) -> String {
        let (mut text, mut before, mut ahead) = (String::new(), 0, self.0.len());
        for (n, (statement, rows)) in self.0.iter().enumerate() {
            ahead -= 1;
            let kinds: Vec<Kind> = rows.columns.iter().map(|(_, kind)| *kind).collect();
            let one = of_lists(&rows.text(*statement), &kinds, before);
            let _ = match (ahead, n) {
                (0, 0) => write!(text, "{one}"),
                (0, _) => write!(text, " {one}"),
                (_, 0) => write!(text, "WITH part_0 AS ({one})"),
                _ => write!(text, ", part_{n} AS ({one})"),
            };
            before += rows.columns.len();
        }
        text
    }

    fn sqlite(&self) -> String {
        let (mut texts, mut before) = (Vec::new(), 0);
        for (statement, rows) in &self.0 {
            texts.push(of_rows(&rows.text(*statement), rows.columns.len(), rows.n(), before));
            before += rows.values.len();
        }
        texts.join("; ")
    }
}

/// A column as PostgreSQL gets it.
enum List {
    Ints(Vec<Option<i64>>),
    Floats(Vec<Option<f64>>),
    Bools(Vec<Option<bool>>),
    Texts(Vec<Option<String>>),
}

/// The columns of all statements, in the order in which they are written.
fn lists(batch: WriteBatch) -> Vec<List> {
    let mut lists = Vec::new();
    for (statement, rows) in batch.0 {
        let first = lists.len();
        lists.extend(rows.columns.iter().map(|(_, kind)| match kind {
            Kind::Int => List::Ints(Vec::new()),
            Kind::Float => List::Floats(Vec::new()),
            Kind::Bool => List::Bools(Vec::new()),
            Kind::Text => List::Texts(Vec::new()),
        }));
        let (of_statement, n) = (&mut lists[first..], rows.columns.len());
        for (at, value) in rows.values.into_iter().enumerate() {
            match (&mut of_statement[at % n], value) {
                (List::Ints(list), Value::Int(n)) => list.push(n),
                (List::Floats(list), Value::Float(x)) => list.push(x),
                (List::Bools(list), Value::Bool(is)) => list.push(Some(is)),
                (List::Texts(list), Value::Text(text)) => list.push(text),
                (_, value) => unreachable!("{statement:?} has no {value:?} at {}", rows.columns[at % n].0),
            }
        }
    }
    lists
}

macro_rules! bound_rows {
    ($query:expr, $batch:expr) => {{
        let mut query = $query;
        for value in $batch.0.into_values().flat_map(|rows| rows.values) {
            query = match value {
                Value::Int(n) => query.bind(n),
                Value::Float(x) => query.bind(x),
                Value::Bool(is) => query.bind(is),
                Value::Text(text) => query.bind(text),
            };
        }
        query
    }};
}
use bound_rows;

macro_rules! bound_lists {
    ($query:expr, $batch:expr) => {{
        let mut query = $query;
        for list in lists($batch) {
            query = match list {
                List::Ints(list) => query.bind(list),
                List::Floats(list) => query.bind(list),
                List::Bools(list) => query.bind(list),
                List::Texts(list) => query.bind(list),
            };
        }
        query
    }};
}
use bound_lists;

#[cfg(test)]
mod tests {
    use super::*;

    struct State(i64, &'static str);
    batch_row! { State as Statement::ItemState, |row| { "id": Int = row.0, "state": Text = row.1 } }

    struct Filled(i64, i64);
    batch_row! { Filled as Statement::Filled, |row| { "queue_id": Int = row.0, "item_id": Int = row.1 } }

    struct Label(i64);
    batch_row! { Label as Statement::Label, |row| { "project_id": Int = 1, "label_id": Int = 2, "item_id": Int = row.0 } }

    #[test]
    fn statements_become_one_text() {
        let mut batch = WriteBatch::default();
        assert!(batch.is_empty());
        batch.add(&State(7, "resolved"));
        assert_eq!(batch.sqlite(), "UPDATE item SET state = $2 WHERE id = $1");
        let given = "unnest($1::BIGINT[], $2::TEXT[]) AS given (c1, c2)";
        let state = format!("UPDATE item SET state = given.c2 FROM {given} WHERE id = given.c1");
        assert_eq!(batch.postgres(), state);
        let mut more = WriteBatch::default();
        more.add(&State(8, "open"));
        more.add(&Filled(1, 7));
        batch.join(more);
        assert_eq!(
            batch.sqlite(),
            "UPDATE item SET state = $2 WHERE id = $1; UPDATE item SET state = $4 WHERE id = $3; \
             UPDATE queue_item SET filled = filled + 1 WHERE queue_id = $5 AND item_id = $6"
        );
        let given = "unnest($3::BIGINT[], $4::BIGINT[]) AS given (c1, c2)";
        let filled = format!(
            "UPDATE queue_item SET filled = filled + 1 FROM {given} WHERE queue_id = given.c1 AND item_id = given.c2"
        );
        assert_eq!(batch.postgres(), format!("WITH part_0 AS ({state}) {filled}"));
        let lists = lists(batch);
        let Some(List::Ints(ids)) = lists.first() else { panic!("ids come first") };
        assert_eq!(ids, &[Some(7), Some(8)], "a list for each column, of all rows");
    }

    #[test]
    fn an_insert_names_the_columns_of_its_rows() {
        let mut batch = WriteBatch::default();
        batch.add(&Label(3));
        batch.add(&Label(4));
        assert_eq!(
            batch.sqlite(),
            "INSERT INTO consensus_label (project_id, label_id, item_id) VALUES ($1, $2, $3), ($4, $5, $6) \
             ON CONFLICT DO NOTHING"
        );
    }
}
