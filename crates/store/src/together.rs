//! Writes that go to the database in one message: each message of its own costs as much as the write itself.
//!
//! On PostgreSQL they become one statement, the parts of `WITH` before the last one: all parts see the rows as they were
//! before any of them, so none may touch what another one writes. On SQLite they run one after another.

use crate::error::Result;
use crate::{Doc, Tx, on};
use domain::AssignmentId;
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, FromRow};
use std::borrow::Cow;
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

/// Writes that are waiting to be sent.
#[derive(Debug, Default)]
pub(crate) struct Together {
    parts: Vec<String>,
    values: Vec<Value>,
}

/// An answer that is decided and goes with the next message that writes anyway.
#[derive(Debug, Default)]
pub(crate) struct Later {
    pub(crate) writes: Together,
    /// The assignment that it answers.
    pub(crate) answers: Option<AssignmentId>,
}

impl Together {
    /// One more part, with placeholders from `$1` on.
    pub(crate) fn add(
        &mut self,
        part: impl Into<Cow<'static, str>>,
        values: impl IntoIterator<Item = Value>,
    ) {
        self.parts.push(renumbered(&part.into(), self.values.len()));
        self.values.extend(values);
    }

    fn text(&self, is_postgres: bool) -> String {
        let Some((last, others)) = self.parts.split_last() else { return String::new() };
        let mut text = String::new();
        for (n, part) in others.iter().enumerate() {
            let _ = match (is_postgres, n) {
                (false, _) => write!(text, "{part}; "),
                (true, 0) => write!(text, "WITH part_0 AS ({part})"),
                (true, _) => write!(text, ", part_{n} AS ({part})"),
            };
        }
        if is_postgres && !others.is_empty() {
            text.push(' ');
        }
        text.push_str(last);
        text
    }
}

/// `$1` becomes `$4` where three values came before.
fn renumbered(part: &str, before: usize) -> String {
    let mut text = String::with_capacity(part.len() + 16);
    let mut pieces = part.split('$');
    text.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let digits = piece.len() - piece.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = piece.split_at(digits);
        let number: usize = number.parse().unwrap_or_default();
        let _ = write!(text, "${}{rest}", number + before);
    }
    text
}

/// Rows that a list of `VALUES` writes: `($1, $2), ($3, $4)`.
pub(crate) fn rows(n: usize, columns: usize) -> String {
    let row = |at: usize| {
        let places: Vec<String> = (1..=columns).map(|column| format!("${}", at * columns + column)).collect();
        format!("({})", places.join(", "))
    };
    (0..n).map(row).collect::<Vec<_>>().join(", ")
}

macro_rules! bound {
    ($query:expr, $values:expr) => {{
        let mut query = $query;
        for value in $values {
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

impl Tx {
    /// Sends what was put off. Called before anything reads what it writes, and in any case before the transaction ends.
    pub async fn catch_up(&mut self) -> Result<()> {
        let writes = self.put_off();
        self.write_together(writes).await?;
        Ok(())
    }

    /// What was put off, for whoever sends something along with it that touches none of the same rows.
    pub(crate) fn put_off(&mut self) -> Together {
        std::mem::take(&mut self.later).writes
    }

    /// Returns how many rows they wrote: on PostgreSQL the last of them.
    pub(crate) async fn write_together(&mut self, writes: Together) -> Result<u64> {
        if writes.parts.is_empty() {
            return Ok(0);
        }
        let text = AssertSqlSafe(writes.text(self.is_postgres()));
        Ok(on!(self, |db| bound!(sqlx::query(text), writes.values)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?)
    }

    /// Returns the rows that the last part gives back.
    pub(crate) async fn fetch_together<T>(&mut self, writes: Together) -> Result<Vec<T>>
    where
        T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let text = AssertSqlSafe(writes.text(self.is_postgres()));
        Ok(on!(self, |db| bound!(sqlx::query_as(text), writes.values).fetch_all(db).await)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_values() {
        assert_eq!(rows(2, 3), "($1, $2, $3), ($4, $5, $6)");
        assert_eq!(rows(1, 1), "($1)");
    }

    #[test]
    fn parts_are_numbered_through() {
        let mut writes = Together::default();
        assert_eq!(writes.text(true), "");
        writes.add("UPDATE a SET x = $2 WHERE id = $1", [1.into(), "one".into()]);
        assert_eq!(writes.text(true), "UPDATE a SET x = $2 WHERE id = $1");
        writes.add("INSERT INTO b VALUES ($1, $1, $10)", [2.into()]);
        writes.add("DELETE FROM c WHERE id = $1", [None::<i64>.into()]);
        assert_eq!(
            writes.text(true),
            "WITH part_0 AS (UPDATE a SET x = $2 WHERE id = $1), \
             part_1 AS (INSERT INTO b VALUES ($3, $3, $12)) DELETE FROM c WHERE id = $4"
        );
        assert_eq!(
            writes.text(false),
            "UPDATE a SET x = $2 WHERE id = $1; INSERT INTO b VALUES ($3, $3, $12); DELETE FROM c WHERE id = $4"
        );
    }
}
