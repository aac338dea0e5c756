//! Freed slots: leases that expired or are taken back, and items that are asked again.

use super::PASSED;
use crate::error::Result;
use crate::label::tally::{Tally, TallyChanges};
use crate::sql::dialect;
use crate::{Tx, on};
use domain::queue::{PerPool, Pool};
use domain::{ItemId, PersonId, QueueId};
use sqlx::AssertSqlSafe;

/// The most expired leases that are taken back at once.
const RECLAIMED_AT_ONCE: i64 = 50;
/// The most leases that are taken back in one transaction when a queue is closed.
pub const RELEASED_AT_ONCE: usize = 50;

/// A member after a change of its slots.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub struct Member {
    pub rank: i64,
    #[sqlx(try_from = "String")]
    pub pool: Pool,
    pub target: i64,
    pub filled: i64,
}

impl Tx {
    /// Takes back expired leases of a queue, oldest first, except those of one person.
    pub async fn reclaim_leases(
        &mut self,
        queue: QueueId,
        except: PersonId,
        counts: &mut TallyChanges,
    ) -> Result<usize> {
        let now = self.now().0;
        let query = format!(
            "UPDATE assignment SET state = 'released' WHERE id IN (
                SELECT id FROM assignment WHERE queue_id = $1 AND state = 'leased' AND lease_until < $2
                AND person_id <> $4 ORDER BY lease_until LIMIT $3{}) RETURNING item_id, beside",
            dialect::skip_locked(self)
        );
        let released: Vec<(i64, bool)> = on!(self, |db| sqlx::query_as(AssertSqlSafe(query))
            .bind(queue.0)
            .bind(now)
            .bind(RECLAIMED_AT_ONCE)
            .bind(except.0)
            .fetch_all(db)
            .await)?;
        let n = released.len();
        self.free(queue, released, counts).await?;
        Ok(n)
    }

    /// Takes back leases of a queue, or those of one person, in batches: a thousand at once would keep everyone
    /// waiting. Returns how many. Fewer than [`RELEASED_AT_ONCE`] means that none are left.
    pub async fn release_leases(
        &mut self,
        queue: QueueId,
        person: Option<PersonId>,
        counts: &mut TallyChanges,
    ) -> Result<usize> {
        // Skips a lease that is being answered or renewed right now: waiting for it here could deadlock.
        let query = format!(
            "UPDATE assignment SET state = 'released' WHERE id IN (
                SELECT id FROM assignment WHERE queue_id = $1 AND state = 'leased' AND ($2 = 0 OR person_id = $2)
                ORDER BY id LIMIT $3{}) RETURNING item_id, beside",
            dialect::skip_locked(self)
        );
        let released: Vec<(i64, bool)> = on!(self, |db| sqlx::query_as(AssertSqlSafe(query))
            .bind(queue.0)
            .bind(person.map_or(0, |p| p.0))
            .bind(RELEASED_AT_ONCE as i64)
            .fetch_all(db)
            .await)?;
        let n = released.len();
        self.free(queue, released, counts).await?;
        Ok(n)
    }

    /// Frees members of released assignments (each with: took no slot). Their former holders may get them again.
    async fn free(
        &mut self,
        queue: QueueId,
        mut released: Vec<(i64, bool)>,
        counts: &mut TallyChanges,
    ) -> Result<()> {
        // In a fixed order, so that two transactions that free members don't deadlock.
        released.sort_unstable();
        let mut lowest = PerPool::from_fn(|_| PASSED);
        for (item, beside) in &released {
            let freed = if *beside { 0 } else { -1 };
            let member = self.fill(queue, ItemId(*item), freed, None, counts).await?;
            lowest[member.pool] = member.rank.min(lowest[member.pool]);
        }
        for (pool, rank) in lowest.iter() {
            if *rank < PASSED {
                self.lower_cursors(queue, pool, *rank).await?;
            }
        }
        Ok(())
    }

    /// Adds to the filled slots of a member, and sets whether it is stuck.
    pub async fn fill(
        &mut self,
        queue: QueueId,
        item: ItemId,
        n: i64,
        stuck: Option<bool>,
        counts: &mut TallyChanges,
    ) -> Result<Member> {
        let query = "UPDATE queue_item SET filled = filled + $3, stuck = COALESCE($4, stuck)
                     WHERE queue_id = $1 AND item_id = $2 RETURNING rank, pool, target, filled";
        let member: Member = on!(self, |db| sqlx::query_as(query)
            .bind(queue.0)
            .bind(item.0)
            .bind(n)
            .bind(stuck)
            .fetch_one(db)
            .await)?;
        let was_full = i64::from(member.filled - n >= member.target);
        let is_full = i64::from(member.filled >= member.target);
        counts.add(Tally::Queue(queue), "full", is_full - was_full);
        Ok(member)
    }

    /// Lowers every cursor in a pool that has passed this rank to it.
    pub async fn lower_cursors(&mut self, queue: QueueId, pool: Pool, rank: i64) -> Result<()> {
        // Cursors of people who are being served right now are skipped: before such a person is told that the queue has
        // ended, all of it is searched again (see `others_write_now`).
        let query = format!(
            "UPDATE queue_cursor SET cursor = $2 WHERE queue_id = $1 AND pool = $3 AND person_id IN (
                SELECT guard.person_id FROM queue_cursor guard WHERE guard.queue_id = $1 AND guard.pool = 'plain'
                AND guard.person_id IN (SELECT person_id FROM queue_cursor
                                        WHERE queue_id = $1 AND pool = $3 AND cursor > $2)
                ORDER BY guard.person_id{})",
            dialect::skip_locked(self)
        );
        on!(self, |db| sqlx::query(AssertSqlSafe(query))
            .bind(queue.0)
            .bind(rank)
            .bind(pool.as_str())
            .execute(db)
            .await
            .map(|_| ()))?;
        Ok(())
    }

    /// Asks again for an item whose content changed. In queues that are not closed, answers and skips of the old text
    /// no longer fill a slot or bar a person. Settle the item's consensus after it.
    pub async fn ask_again(&mut self, item: ItemId, counts: &mut TallyChanges) -> Result<()> {
        let query = "SELECT qi.queue_id FROM queue_item qi JOIN queue q ON q.id = qi.queue_id
                     WHERE qi.item_id = $1 AND q.state <> 'closed' ORDER BY qi.queue_id";
        let queues: Vec<i64> = on!(self, |db| sqlx::query_scalar(query).bind(item.0).fetch_all(db).await)?;
        for queue in queues.into_iter().map(QueueId) {
            self.taken_slots(queue, item).await?;
            let release = "UPDATE assignment SET state = 'released' WHERE queue_id = $1 AND item_id = $2
                           AND state = 'answered' RETURNING person_id, beside";
            let answered: Vec<(i64, bool)> =
                on!(self, |db| sqlx::query_as(release).bind(queue.0).bind(item.0).fetch_all(db).await)?;
            let n_slots = answered.iter().filter(|(_, beside)| !beside).count() as i64;
            counts.add(Tally::Queue(queue), "answers", -n_slots);
            counts.add(Tally::Queue(queue), "beside", n_slots - answered.len() as i64);
            let release = "UPDATE assignment SET state = 'released' WHERE queue_id = $1 AND item_id = $2
                           AND state = 'skipped'";
            on!(self, |db| sqlx::query(release).bind(queue.0).bind(item.0).execute(db).await.map(|_| ()))?;
            let member = self.fill(queue, item, -n_slots, Some(false), counts).await?;
            for (person, _) in &answered {
                counts.answered(queue, PersonId(*person), member.pool, -1);
            }
            self.lower_cursors(queue, member.pool, member.rank).await?;
        }
        Ok(())
    }
}
