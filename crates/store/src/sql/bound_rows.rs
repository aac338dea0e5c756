//! Statements with a list of rows. An import repeats the same few, each with thousands of values, so each text is built
//! once and prepared once.

use crate::Tx;
use crate::sql::dialect::push_place;
use sqlx::AssertSqlSafe;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

/// A statement with its rows between `head` and `tail`.
pub(crate) struct Rows {
    head: &'static str,
    /// Values per row.
    columns: usize,
    tail: &'static str,
    /// By engine (is it PostgreSQL?) and number of rows.
    texts: RwLock<BTreeMap<(bool, usize), Arc<str>>>,
}

/// Is a statement with this many rows likely to repeat? Pieces of an import are full, or end with a multiple of this.
pub(crate) fn comes_again(n_rows: usize) -> bool {
    n_rows.is_multiple_of(64)
}

impl Rows {
    pub(crate) const fn new(head: &'static str, columns: usize, tail: &'static str) -> Rows {
        Rows { head, columns, tail, texts: RwLock::new(BTreeMap::new()) }
    }

    /// The statement with `n_rows` rows. Values are bound row by row.
    pub(crate) fn of(&self, tx: &Tx, n_rows: usize) -> AssertSqlSafe<Arc<str>> {
        AssertSqlSafe(self.on(tx.is_postgres(), n_rows))
    }

    fn on(&self, postgres: bool, n_rows: usize) -> Arc<str> {
        if !comes_again(n_rows) {
            return self.text(postgres, n_rows);
        }
        let key = (postgres, n_rows);
        let made = self.texts.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        made.unwrap_or_else(|| {
            let mut texts = self.texts.write().unwrap_or_else(PoisonError::into_inner);
            texts.entry(key).or_insert_with(|| self.text(postgres, n_rows)).clone()
        })
    }

    fn text(&self, postgres: bool, n_rows: usize) -> Arc<str> {
        let mut text = self.head.to_owned();
        for row in 0..n_rows {
            text.push_str(if row == 0 { "VALUES (" } else { ", (" });
            for column in 0..self.columns {
                text.push_str(if column == 0 { "" } else { ", " });
                push_place(&mut text, postgres, row * self.columns + column + 1);
            }
            text.push(')');
        }
        text.push_str(self.tail);
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_numbered_row_by_row() {
        let rows = Rows::new("INSERT INTO t ", 2, " ON CONFLICT DO NOTHING");
        let (sqlite, postgres) = (rows.on(false, 2), rows.on(true, 2));
        assert_eq!(&*sqlite, "INSERT INTO t VALUES (?, ?), (?, ?) ON CONFLICT DO NOTHING");
        assert_eq!(&*postgres, "INSERT INTO t VALUES ($1, $2), ($3, $4) ON CONFLICT DO NOTHING");
        assert!(rows.texts.read().unwrap().is_empty());
    }

    #[test]
    fn what_comes_again_is_made_once() {
        let rows = Rows::new("INSERT INTO t ", 1, "");
        let made = rows.on(true, 128);
        assert!(made.ends_with(", ($128)"));
        assert!(Arc::ptr_eq(&made, &rows.on(true, 128)));
        assert!(rows.on(false, 128).ends_with(", (?)"));
    }
}
