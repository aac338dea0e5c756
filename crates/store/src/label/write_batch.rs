//! Writes that go to the database in one message: each message of its own costs as much as the write itself.
//!
//! On PostgreSQL they become one statement, the parts of `WITH` before the last one, each of all its rows: all parts see
//! the rows as they were before any of them, so none may touch what another one writes. On SQLite they run one after
//! another.

mod statement;

pub(crate) use statement::{Kind, Statement, of_lists, of_rows};

use crate::error::{Error, Result};
use crate::{Doc, Either, Tx};
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, FromRow};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A value of a part.
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
        // Maps with keys of text and lists of numbers: nothing that JSON can't say.
        Value::Text(Some(serde_json::to_string(&document.0).unwrap_or_default()))
    }
}

/// Writes that are waiting to be sent: the values of all rows of each part, row by row.
#[derive(Debug, Default)]
pub(crate) struct WriteBatch(BTreeMap<Statement, Vec<Value>>);

impl WriteBatch {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn has(&self, part: Statement) -> bool {
        self.0.contains_key(&part)
    }

    /// One more row of a part.
    pub(crate) fn add(&mut self, part: Statement, row: impl IntoIterator<Item = Value>) {
        self.0.entry(part).or_default().extend(row);
    }

    /// The other one's rows come to these.
    pub(crate) fn join(&mut self, other: WriteBatch) {
        for (part, rows) in other.0 {
            self.add(part, rows);
        }
    }

    fn n_rows(&self, part: Statement) -> usize {
        self.0.get(&part).map_or(0, |values| values.len() / part.columns().len())
    }

    /// Each column of each part is a list.
    fn postgres(&self) -> String {
        let (mut text, mut before, mut ahead) = (String::new(), 0, self.0.len());
        for (n, part) in self.0.keys().enumerate() {
            ahead -= 1;
            let one = of_lists(&part.text(), part.columns(), before);
            let _ = match (ahead, n) {
                (0, 0) => write!(text, "{one}"),
                (0, _) => write!(text, " {one}"),
                (_, 0) => write!(text, "WITH part_0 AS ({one})"),
                _ => write!(text, ", part_{n} AS ({one})"),
            };
            before += part.columns().len();
        }
        text
    }

    fn sqlite(&self) -> String {
        let (mut texts, mut before) = (Vec::new(), 0);
        for (part, values) in &self.0 {
            texts.push(of_rows(&part.text(), part.columns().len(), self.n_rows(*part), before));
            before += values.len();
        }
        texts.join("; ")
    }
}

/// A column of a part as PostgreSQL is given it.
enum Column {
    Ints(Vec<Option<i64>>),
    Floats(Vec<Option<f64>>),
    Bools(Vec<Option<bool>>),
    Texts(Vec<Option<String>>),
}

/// The columns of all parts, in the order in which they are written.
fn columns(writes: WriteBatch) -> Vec<Column> {
    let mut columns = Vec::new();
    for (part, values) in writes.0 {
        let first = columns.len();
        columns.extend(part.columns().iter().map(|kind| match kind {
            Kind::Int => Column::Ints(Vec::new()),
            Kind::Float => Column::Floats(Vec::new()),
            Kind::Bool => Column::Bools(Vec::new()),
            Kind::Text => Column::Texts(Vec::new()),
        }));
        let (of_part, n) = (&mut columns[first..], part.columns().len());
        for (at, value) in values.into_iter().enumerate() {
            match (&mut of_part[at % n], value) {
                (Column::Ints(list), Value::Int(n)) => list.push(n),
                (Column::Floats(list), Value::Float(x)) => list.push(x),
                (Column::Bools(list), Value::Bool(is)) => list.push(Some(is)),
                (Column::Texts(list), Value::Text(text)) => list.push(text),
                (_, value) => unreachable!("{part:?} has no {value:?} at {}", at % n),
            }
        }
    }
    columns
}

macro_rules! bound_rows {
    ($query:expr, $writes:expr) => {{
        let mut query = $query;
        for value in $writes.0.into_values().flatten() {
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

macro_rules! bound_lists {
    ($query:expr, $writes:expr) => {{
        let mut query = $query;
        for column in columns($writes) {
            query = match column {
                Column::Ints(list) => query.bind(list),
                Column::Floats(list) => query.bind(list),
                Column::Bools(list) => query.bind(list),
                Column::Texts(list) => query.bind(list),
            };
        }
        query
    }};
}

impl Tx {
    /// Puts writes off: they go with what is written next, and before anything else is asked.
    pub(crate) fn defer(&mut self, writes: WriteBatch) {
        self.later.join(writes);
    }

    /// Sends what was put off.
    pub(crate) async fn flush(&mut self) -> Result<()> {
        if self.later.is_empty() {
            return Ok(());
        }
        // Boxed: it would lie in the future of everyone who asks the database for something.
        Box::pin(self.execute(WriteBatch::default())).await?;
        Ok(())
    }

    /// Sends these, and with them what was put off. Returns how many rows they wrote: on PostgreSQL the last of them.
    pub(crate) async fn execute(&mut self, writes: WriteBatch) -> Result<u64> {
        let mut all = std::mem::take(&mut self.later);
        all.join(writes);
        if all.is_empty() {
            return Ok(0);
        }
        let n_leases = all.n_rows(Statement::Lease);
        let done = match self.raw() {
            Either::Sqlite(db) => {
                let text = AssertSqlSafe(all.sqlite());
                bound_rows!(sqlx::query(text), all).execute(db).await?.rows_affected()
            }
            Either::Postgres(db) => {
                let text = AssertSqlSafe(all.postgres());
                bound_lists!(sqlx::query(text), all).execute(db).await?.rows_affected()
            }
        };
        // Whoever puts leases off has told of them already.
        if n_leases > 0 && done != n_leases as u64 { Err(Error::Busy) } else { Ok(done) }
    }

    /// The same. Returns the rows that the last part gives back.
    pub(crate) async fn fetch<T>(&mut self, writes: WriteBatch) -> Result<Vec<T>>
    where
        T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let mut all = std::mem::take(&mut self.later);
        all.join(writes);
        Ok(match self.raw() {
            Either::Sqlite(db) => {
                let text = AssertSqlSafe(all.sqlite());
                bound_rows!(sqlx::query_as(text), all).fetch_all(db).await?
            }
            Either::Postgres(db) => {
                let text = AssertSqlSafe(all.postgres());
                bound_lists!(sqlx::query_as(text), all).fetch_all(db).await?
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::both;

    #[test]
    fn parts_become_one_text() {
        let mut writes = WriteBatch::default();
        assert!(writes.is_empty());
        writes.add(Statement::ItemState, [7.into(), "resolved".into()]);
        assert_eq!(writes.sqlite(), "UPDATE item SET state = $2 WHERE id = $1");
        let given = "unnest($1::BIGINT[], $2::TEXT[]) AS given (c1, c2)";
        let state = format!("UPDATE item SET state = given.c2 FROM {given} WHERE id = given.c1");
        assert_eq!(writes.postgres(), state);
        let mut more = WriteBatch::default();
        more.add(Statement::ItemState, [8.into(), "open".into()]);
        more.add(Statement::Filled, [1.into(), 7.into()]);
        writes.join(more);
        assert_eq!(
            writes.sqlite(),
            "UPDATE item SET state = $2 WHERE id = $1; UPDATE item SET state = $4 WHERE id = $3; \
             UPDATE queue_item SET filled = filled + 1 WHERE queue_id = $5 AND item_id = $6"
        );
        let given = "unnest($3::BIGINT[], $4::BIGINT[]) AS given (c1, c2)";
        let filled = format!(
            "UPDATE queue_item SET filled = filled + 1 FROM {given} WHERE queue_id = given.c1 AND item_id = given.c2"
        );
        assert_eq!(writes.postgres(), format!("WITH part_0 AS ({state}) {filled}"));
        let columns = columns(writes);
        let Some(Column::Ints(ids)) = columns.first() else { panic!("ids come first") };
        assert_eq!(ids, &[Some(7), Some(8)], "a list for each column, of all rows");
    }

    both! {
        async fn what_was_put_off_and_fails_ends_the_work(store: Store) {
            let written: Result<()> = store
                .write(|tx| {
                    Box::pin(async move {
                        let mut writes = WriteBatch::default();
                        writes.add(Statement::Person, [1, 2, 0, 0, 1].map(Value::from));
                        tx.defer(writes);
                        // Of a queue that is not there, which comes out when something else is asked.
                        tx.db().await;
                        Ok(())
                    })
                })
                .await;
            assert!(matches!(written, Err(Error::ForeignKey)), "{written:?}");
        }
    }
}
