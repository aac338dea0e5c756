//! Counts for pages, so that no page counts a million rows. Each is the sum of a few shards, so that people who answer
//! at once don't wait for the same row. Derived data: `doctor` checks it, `rebuild` recomputes it.

use crate::error::Result;
use crate::label::write_batch::{Statement, WriteBatch, batch_row};
use crate::{Store, Tx, on};
use domain::queue::{PerPool, Pool};
use domain::{PersonId, QueueId};
use std::collections::BTreeMap;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tally {
    /// Items of a project by consensus state (key: the state), and `control` items.
    Project(domain::ProjectId),
    /// Items of a project that are resolved to each label (key: the label's id).
    Labels(domain::ProjectId),
    /// Answers of a project: `all` of them, and the labels that people gave per day (key: days since 1970, which have
    /// five digits until 2243).
    Answers(domain::ProjectId),
    /// Of a queue: `members`, `full` (members with no free slot), `slots` (sum of targets), `answers` (slots answered), `beside` (answers that take no slot).
    Queue(QueueId),
}

impl Tally {
    const LABELS: &str = "labels";
    const ANSWERS: &str = "answers";
    /// The key for the count of all answers.
    pub(crate) const ALL: &str = "all";

    pub(crate) fn parts(self) -> (&'static str, i64) {
        match self {
            Tally::Project(id) => ("project", id.0),
            Tally::Labels(id) => (Tally::LABELS, id.0),
            Tally::Answers(id) => (Tally::ANSWERS, id.0),
            Tally::Queue(id) => ("queue", id.0),
        }
    }
}

/// The shard that a writer adds to: one of 64, or of 16 for tallies with many keys to sum up, where writers are spread
/// over the keys anyway. No `by` means that there is one writer.
fn shard(kind: &str, by: Option<i64>) -> i64 {
    let Some(by) = by else { return 0 };
    if matches!(kind, Tally::LABELS | Tally::ANSWERS) { few_shards(by) } else { many_shards(by) }
}

/// One of 16.
fn few_shards(by: i64) -> i64 {
    many_shards(by) >> 2
}

/// One of 64. Multiplied first (Fibonacci hashing, Knuth 6.4): the low bits of an id are a sequence within a
/// millisecond, so people who are added one by one would all get the same shard.
fn many_shards(by: i64) -> i64 {
    ((by as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - 6)) as i64
}

/// Changes of several counts. They are written together at the end of a transaction, always in the same order, so that
/// two transactions can't deadlock.
#[derive(Debug, Clone, Default)]
pub struct TallyChanges {
    tallies: BTreeMap<(&'static str, i64, String), i64>,
    /// Answers of people in the pools of queues.
    answered: BTreeMap<(QueueId, PersonId, Pool), i64>,
}

impl TallyChanges {
    pub fn add(&mut self, tally: Tally, key: &str, n: i64) {
        let (kind, id) = tally.parts();
        *self.tallies.entry((kind, id, key.to_owned())).or_default() += n;
    }

    pub fn answered(&mut self, queue: QueueId, person: PersonId, pool: Pool, n: i64) {
        *self.answered.entry((queue, person, pool)).or_default() += n;
    }

    /// Takes out a person's answer counts in a queue, for another write to the same rows.
    pub(crate) fn take_answered(&mut self, queue: QueueId, person: PersonId) -> PerPool<i64> {
        PerPool::from_fn(|pool| self.answered.remove(&(queue, person, pool)).unwrap_or_default())
    }

    /// Takes over the tallies of other changes.
    pub(crate) fn add_tallies(&mut self, other: &mut TallyChanges) {
        for (tally, n) in std::mem::take(&mut other.tallies) {
            *self.tallies.entry(tally).or_default() += n;
        }
    }

    /// Moves the answer counts of people to a batch.
    pub(crate) fn write_answered(&mut self, batch: &mut WriteBatch) {
        let mut people = BTreeMap::<(QueueId, PersonId), PerPool<i64>>::new();
        for ((queue, person, pool), answered) in std::mem::take(&mut self.answered) {
            people.entry((queue, person)).or_default()[pool] = answered;
        }
        for ((queue, person), answered) in people {
            Progress { queue, person, served: PerPool::default(), answered }.write(batch);
        }
    }

    /// Moves the tallies to a batch; `by` as in [`Tx::count`].
    pub(crate) fn write_tallies(&mut self, tx: &Tx, by: i64, batch: &mut WriteBatch) {
        for ((kind, id, key), n) in std::mem::take(&mut self.tallies) {
            if n != 0 {
                batch.add(&TallyRow { kind, id, key, shard: shard(kind, tx.spread(by)), n });
            }
        }
    }
}

/// Adds to a count.
struct TallyRow {
    kind: &'static str,
    id: i64,
    key: String,
    shard: i64,
    n: i64,
}

batch_row! { TallyRow as Statement::Tally, |row| {
    "kind": Text = row.kind,
    "id": Int = row.id,
    "key": Text = row.key.as_str(),
    "shard": Int = row.shard,
    "n": Int = row.n,
} }

/// Adds to what a person was served and has answered in the pools of a queue.
pub(crate) struct Progress {
    pub(crate) queue: QueueId,
    pub(crate) person: PersonId,
    pub(crate) served: PerPool<i64>,
    pub(crate) answered: PerPool<i64>,
}

impl Progress {
    /// One row for each pool that changes, and the plain one first in any case: it guards the others. A transaction that
    /// writes a cursor of a person locks the plain row before any other, so that two such transactions never wait for each
    /// other (see [`Tx::lower_cursors`]).
    pub(crate) fn write(&self, batch: &mut WriteBatch) {
        let changes = |pool: &Pool| (self.served[*pool], self.answered[*pool]) != (0, 0);
        if !Pool::ALL.iter().any(changes) {
            return;
        }
        for pool in Pool::ALL.into_iter().filter(|pool| *pool == Pool::Plain || changes(pool)) {
            let (served, answered) = (self.served[pool], self.answered[pool]);
            batch.add(&PoolProgress { queue: self.queue, person: self.person, pool, served, answered });
        }
    }
}

struct PoolProgress {
    queue: QueueId,
    person: PersonId,
    pool: Pool,
    served: i64,
    answered: i64,
}

batch_row! { PoolProgress as Statement::Progress, |row| {
    "queue_id": Int = row.queue.0,
    "person_id": Int = row.person.0,
    "pool": Text = row.pool.as_str(),
    "served": Int = row.served,
    "answered": Int = row.answered,
} }

impl Tx {
    /// Writes several counts in one message; `by` as in [`Tx::count`].
    pub async fn count_all(&mut self, mut changes: TallyChanges, by: i64) -> Result<()> {
        let mut batch = WriteBatch::default();
        changes.write_answered(&mut batch);
        changes.write_tallies(self, by, &mut batch);
        batch.execute(self).await?;
        Ok(())
    }

    /// SQLite has one writer. One row per count is one page less to write at each answer.
    fn spread(&self, by: i64) -> Option<i64> {
        self.is_postgres().then_some(by)
    }

    /// Adds to a count; `by` spreads writers over the shards (a person's id, a source's id).
    pub async fn count(&mut self, tally: Tally, key: &str, n: i64, by: i64) -> Result<()> {
        let mut changes = TallyChanges::default();
        changes.add(tally, key, n);
        self.count_all(changes, by).await
    }
}

impl Store {
    /// All counts of one tally.
    pub async fn tally(&self, tally: Tally) -> Result<BTreeMap<String, i64>> {
        let (kind, id) = tally.parts();
        let query = "SELECT key, CAST(SUM(n) AS BIGINT) FROM tally WHERE kind = $1 AND id = $2 GROUP BY key";
        let rows: Vec<(String, i64)> =
            on!(self, |db| sqlx::query_as(query).bind(kind).bind(id).fetch_all(db).await)?;
        Ok(rows.into_iter().collect())
    }

    /// The counted number of items of the installation.
    pub async fn n_items(&self) -> Result<i64> {
        let query = "SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM tally
                     WHERE kind = 'project' AND key <> 'control'";
        Ok(on!(self, |db| sqlx::query_scalar(query).fetch_one(db).await)?)
    }
}

#[cfg(test)]
mod tests {
    use super::shard;
    use crate::Clock;
    use crate::engine::ids::Ids;

    #[test]
    fn people_who_are_added_one_by_one_are_spread_over_the_shards() {
        let clock = Clock::manual(domain::Time(1_800_000_000_000_000));
        let ids = Ids::new(1, clock.clone());
        let mut people = [0; 64];
        for _ in 0..64 {
            people[shard("queue", Some(ids.next())) as usize] += 1;
            clock.advance(7);
        }
        assert!(people.iter().all(|n| *n <= 6), "{people:?}");
    }
}
