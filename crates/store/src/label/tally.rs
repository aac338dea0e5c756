//! Counts that pages show without counting a million rows. Each is the sum of a few shards, so that people who
//! answer at once do not wait for one row. Derived: `doctor` checks them, `rebuild` makes them again.

use crate::error::Result;
use crate::label::write_batch::{Statement, Value, WriteBatch};
use crate::{Store, Tx, on};
use domain::{PersonId, QueueId};
use std::collections::BTreeMap;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tally {
    /// Items of a project by consensus state (key: the state), and `control` items.
    Project(domain::ProjectId),
    /// Items of a project that are resolved to each label (key: the label's id).
    Labels(domain::ProjectId),
    /// Answers of a project: `all` that there are, and the labels that people gave in a day (key: days since 1970, which
    /// have five digits until 2243).
    Answers(domain::ProjectId),
    /// Of a queue: `members`, `full` (members with no free slot), `slots` (sum of targets), `answers` (slots answered).
    Queue(QueueId),
}

impl Tally {
    const LABELS: &str = "labels";
    const ANSWERS: &str = "answers";
    /// The key of all answers.
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

/// Which of the shards a writer adds to: one of 64, or of 16 where there are many keys to sum up and writers are
/// spread over them anyway; nobody to be spread `by` means that there is one writer.
fn shard(kind: &str, by: Option<i64>) -> i64 {
    let Some(by) = by else { return 0 };
    if matches!(kind, Tally::LABELS | Tally::ANSWERS) { few_shards(by) } else { many_shards(by) }
}

/// Which of 16.
fn few_shards(by: i64) -> i64 {
    many_shards(by) >> 2
}

/// Which of 64. Multiplied first (Fibonacci hashing, Knuth 6.4): the low bits of an id are a sequence within a
/// millisecond, and people who are added one by one would all have the same.
fn many_shards(by: i64) -> i64 {
    ((by as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - 6)) as i64
}

/// Changes of several counts, written together at the end of a transaction and always in the same order, so
/// that two transactions can't wait for each other.
#[derive(Debug, Clone, Default)]
pub struct TallyChanges {
    tallies: BTreeMap<(&'static str, i64, String), i64>,
    /// What people have answered in queues.
    answered: BTreeMap<(QueueId, PersonId), i64>,
}

impl TallyChanges {
    pub fn add(&mut self, tally: Tally, key: &str, n: i64) {
        let (kind, id) = tally.parts();
        *self.tallies.entry((kind, id, key.to_owned())).or_default() += n;
    }

    pub fn answered(&mut self, queue: QueueId, person: PersonId, n: i64) {
        *self.answered.entry((queue, person)).or_default() += n;
    }

    /// For whoever writes to the same row anyway.
    pub(crate) fn take_answered(&mut self, queue: QueueId, person: PersonId) -> i64 {
        self.answered.remove(&(queue, person)).unwrap_or_default()
    }

    /// The other one's tallies come to these.
    fn add_tallies(&mut self, other: &mut TallyChanges) {
        for (tally, n) in std::mem::take(&mut other.tallies) {
            *self.tallies.entry(tally).or_default() += n;
        }
    }

    /// The tallies so far, as one part; then there are none.
    fn write(&mut self, by: Option<i64>, writes: &mut WriteBatch) {
        for ((kind, id, key), n) in std::mem::take(&mut self.tallies) {
            if n != 0 {
                let row: [Value; 5] =
                    [kind.into(), id.into(), key.as_str().into(), shard(kind, by).into(), n.into()];
                writes.add(Statement::Tally, row);
            }
        }
    }
}

impl Tx {
    /// Writes several counts, and what was put off, in one message; `by` as in [`Tx::count`].
    pub async fn count_all(&mut self, mut counts: TallyChanges, by: i64) -> Result<()> {
        let mut writes = WriteBatch::default();
        for ((queue, person), n) in std::mem::take(&mut counts.answered) {
            if n != 0 {
                writes.add(Statement::Person, [queue.0, person.0, 0, 0, n].map(Value::from));
            }
        }
        self.write_tallies(&mut counts, by, &mut writes);
        if self.is_with_others() {
            self.defer(writes);
        } else {
            self.execute(writes).await?;
        }
        Ok(())
    }

    /// The tallies so far, as one part, or kept until the end where others are in the transaction too; then there are
    /// none.
    pub(crate) fn write_tallies(&mut self, counts: &mut TallyChanges, by: i64, writes: &mut WriteBatch) {
        match &mut self.group {
            Some(group) => group.counts.add_tallies(counts),
            None => counts.write(self.spread(by), writes),
        }
    }

    /// On SQLite there is one writer, and one row of each count is one page less to write at each answer.
    fn spread(&self, by: i64) -> Option<i64> {
        self.is_postgres().then_some(by)
    }

    /// Adds to a count; `by` spreads writers over the shards (a person's id, a source's id).
    pub async fn count(&mut self, tally: Tally, key: &str, n: i64, by: i64) -> Result<()> {
        if n == 0 {
            return Ok(());
        }
        let (kind, id) = tally.parts();
        let query = "INSERT INTO tally (kind, id, key, shard, n) VALUES ($1, $2, $3, $4, $5)
                     ON CONFLICT (kind, id, key, shard) DO UPDATE SET n = tally.n + excluded.n";
        let shard = shard(kind, self.spread(by));
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
