//! Counts that pages show without counting a million rows. Each is the sum of a few shards, so that people who
//! answer at once do not wait for one row. Derived: `doctor` checks them, `rebuild` makes them again.

use crate::error::Result;
use crate::{Store, Tx, on};
use std::collections::BTreeMap;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tally {
    /// Items of a project by consensus state (key: the state), and `control` items.
    Project(domain::ProjectId),
    /// Of a queue: `members`, `full` (members with no free slot), `slots` (sum of targets), `answers` (slots answered).
    Queue(domain::QueueId),
}

impl Tally {
    pub(crate) fn parts(self) -> (&'static str, i64) {
        match self {
            Tally::Project(id) => ("project", id.0),
            Tally::Queue(id) => ("queue", id.0),
        }
    }
}

const SHARDS: i64 = 16;

/// Changes of several counts, written together at the end of a transaction and always in the same order, so
/// that two transactions can't wait for each other.
#[derive(Debug, Clone, Default)]
pub struct Counts(BTreeMap<(&'static str, i64, String), i64>);

impl Counts {
    pub fn add(&mut self, tally: Tally, key: &str, n: i64) {
        let (kind, id) = tally.parts();
        *self.0.entry((kind, id, key.to_owned())).or_default() += n;
    }
}

impl Tx {
    /// Writes several counts in one statement; `by` as in [`Tx::count`].
    pub async fn count_all(&mut self, counts: Counts, by: i64) -> Result<()> {
        let shard = by.rem_euclid(SHARDS);
        let rows: Vec<_> = counts.0.into_iter().filter(|(_, n)| *n != 0).collect();
        if rows.is_empty() {
            return Ok(());
        }
        on!(self, |db| {
            let mut query = sqlx::QueryBuilder::new("INSERT INTO tally (kind, id, key, shard, n) ");
            query.push_values(&rows, |mut row, ((kind, id, key), n)| {
                row.push_bind(*kind).push_bind(*id).push_bind(key).push_bind(shard).push_bind(*n);
            });
            query.push(" ON CONFLICT (kind, id, key, shard) DO UPDATE SET n = tally.n + excluded.n");
            query.build().execute(db).await.map(|_| ())
        })?;
        Ok(())
    }

    /// Adds to a count; `by` spreads writers over the shards (a person's id, a source's id).
    pub async fn count(&mut self, tally: Tally, key: &str, n: i64, by: i64) -> Result<()> {
        if n == 0 {
            return Ok(());
        }
        let (kind, id) = tally.parts();
        let query = "INSERT INTO tally (kind, id, key, shard, n) VALUES ($1, $2, $3, $4, $5)
                     ON CONFLICT (kind, id, key, shard) DO UPDATE SET n = tally.n + excluded.n";
        // Ids end in six bits of sequence below the process number: their low bits spread well enough.
        let shard = by.rem_euclid(SHARDS);
        on!(self, |db| {
            sqlx::query(query).bind(kind).bind(id).bind(key).bind(shard).bind(n).execute(db).await.map(|_| ())
        })?;
        Ok(())
    }
}

impl Store {
    /// All counts of one thing.
    pub async fn tally(&self, tally: Tally) -> Result<BTreeMap<String, i64>> {
        let (kind, id) = tally.parts();
        let query = "SELECT key, CAST(SUM(n) AS BIGINT) FROM tally WHERE kind = $1 AND id = $2 GROUP BY key";
        let rows: Vec<(String, i64)> =
            on!(self, |db| sqlx::query_as(query).bind(kind).bind(id).fetch_all(db).await)?;
        Ok(rows.into_iter().collect())
    }

    /// All items of the installation, as counted.
    pub async fn n_items(&self) -> Result<i64> {
        let query = "SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM tally
                     WHERE kind = 'project' AND key <> 'control'";
        Ok(on!(self, |db| sqlx::query_scalar(query).fetch_one(db).await)?)
    }
}
