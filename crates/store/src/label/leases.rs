//! Leases: handed out in the queue's order, and taken back (see [`freed`]).
//!
//! Invariant: `queue_item.filled` is the number of assignments that fill a slot. A person's cursor in a pool is at or
//! before the first member that is open to them: freeing a slot lowers every cursor that has passed it.

mod freed;

pub use freed::{Member, RELEASED_AT_ONCE};

use crate::error::Result;
use crate::label::open_members::{Candidate, NOTHING_OF_IT, OF_POOL, OPEN, SLOTS, TAKES_SLOT};
use crate::label::write_batch::{Statement, batch_row};
use crate::sql::dialect;
use crate::sql::row_lists::{Kind, of_lists, of_rows};
use crate::{Either, Tx, on};
use domain::queue::{Holding, Pool};
use domain::{AssignmentId, ItemId, PersonId, ProjectId, QueueId, RevisionId, Time};
use sqlx::AssertSqlSafe;

/// The cursor after all members.
pub const PASSED: i64 = i64::MAX;

/// A change of what the holder of an assignment has.
#[derive(Debug, Clone, Copy)]
pub struct Hold {
    pub assignment: AssignmentId,
    pub was: Holding,
    pub holding: Holding,
    pub slot: i64,
    pub revision: RevisionId,
    pub until: Time,
}

impl Hold {
    /// A lease became an answer. No member opens or closes, and the person keeps their part of the queue.
    pub(crate) fn only_answers(&self) -> bool {
        (self.was, self.holding) == (Holding::Leased, Holding::Answered)
    }
}

batch_row! { Hold as Statement::Hold, |row| {
    "id": Int = row.assignment.0,
    "state": Text = row.holding.as_str(),
    "slot": Int = row.slot,
    "revision_id": Int = row.revision.0,
    "lease_until": Int = row.until.0,
} }

/// The person who gets members, and on which terms.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    pub project: ProjectId,
    pub queue: QueueId,
    pub person: PersonId,
    /// The lease takes no slot.
    pub beside: bool,
    pub until: Time,
}

/// A new lease of a member.
pub(crate) struct NewLease<'m> {
    pub(crate) id: AssignmentId,
    pub(crate) terms: &'m Terms,
    pub(crate) member: &'m Candidate,
    pub(crate) at: Time,
}

batch_row! { NewLease<'_> as Statement::Lease, |row| {
    "id": Int = row.id.0,
    "project_id": Int = row.terms.project.0,
    "queue_id": Int = row.terms.queue.0,
    "item_id": Int = row.member.item_id.0,
    "revision_id": Int = row.member.revision_id.0,
    "person_id": Int = row.terms.person.0,
    "slot": Int = if row.terms.beside { 0 } else { row.member.slot() },
    "target": Int = row.member.target,
    "beside": Bool = row.terms.beside,
    "state": Text = Holding::Leased.as_str(),
    "lease_until": Int = row.terms.until.0,
    "created_at": Int = row.at.0,
} }

/// Fills one more slot of a member.
pub(crate) struct Filled {
    pub(crate) queue: QueueId,
    pub(crate) item: ItemId,
}

batch_row! { Filled as Statement::Filled, |row| { "queue_id": Int = row.queue.0, "item_id": Int = row.item.0 } }

/// A lease with the item's current text.
#[derive(Debug, Clone)]
pub struct HeldRow {
    pub id: AssignmentId,
    pub item_id: ItemId,
    /// The revision of the current text.
    pub revision_id: RevisionId,
    /// The lease was given or renewed for an earlier text.
    pub is_outdated: bool,
    pub lease_until: i64,
    pub text: String,
    pub fields: String,
    pub event_at: Option<i64>,
}

/// Moves a person's cursor in a pool on, starting at a rank.
#[derive(Debug, Clone, Copy)]
pub struct CursorMove {
    pub queue: QueueId,
    pub person: PersonId,
    pub pool: Pool,
    pub from: i64,
}

const CURSOR_MOVE: [Kind; 4] = [Kind::Int, Kind::Int, Kind::Text, Kind::Int];

/// $1 is the queue, $2 the person, $3 the pool, $4 the first rank to look at.
fn move_cursors() -> String {
    format!(
        "INSERT INTO queue_cursor (queue_id, person_id, pool, cursor)
         SELECT $1, $2, $3, COALESCE((SELECT qi.rank FROM queue_item qi
            WHERE {OF_POOL} AND qi.rank >= $4 AND {OPEN} AND {NOTHING_OF_IT} ORDER BY qi.rank LIMIT 1), {PASSED})
         FROM {{rows}} WHERE TRUE
         ON CONFLICT (queue_id, person_id, pool) DO UPDATE SET cursor = excluded.cursor
         RETURNING cursor"
    )
}

impl Tx {
    /// Renews all leases of a person in a queue, each on the item's current text.
    pub async fn renew_leases(&mut self, queue: QueueId, person: PersonId, until: Time) -> Result<()> {
        let query = "UPDATE assignment SET lease_until = $3,
                revision_id = (SELECT item.revision_id FROM item WHERE item.id = assignment.item_id)
            WHERE person_id = $2 AND queue_id = $1 AND state = 'leased'";
        on!(self, |db| sqlx::query(query)
            .bind(queue.0)
            .bind(person.0)
            .bind(until.0)
            .execute(db)
            .await
            .map(|_| ()))?;
        Ok(())
    }

    /// The next members of a pool that are open to a person, in the queue's order. On PostgreSQL members that another
    /// transaction has locked are skipped before their texts are read.
    pub(crate) async fn candidates(
        &mut self,
        terms: &Terms,
        pool: Pool,
        from: i64,
        limit: usize,
    ) -> Result<Vec<Candidate>> {
        let query = format!(
            "SELECT found.rank, found.item_id, found.pool, found.target, found.filled, item.revision_id, r.text,
                r.fields, r.event_at,
                CASE WHEN found.filled = 0 THEN 0 ELSE COALESCE((SELECT CAST({SLOTS} AS BIGINT) FROM assignment a
                    WHERE a.queue_id = $1 AND a.item_id = found.item_id AND {TAKES_SLOT}), 0) END AS taken
             FROM (SELECT qi.item_id, qi.pool, qi.target, qi.filled, qi.rank FROM queue_item qi
                   WHERE {OF_POOL} AND qi.rank >= $4 AND {OPEN} AND {NOTHING_OF_IT} ORDER BY qi.rank LIMIT $5{}) found
             JOIN item ON item.id = found.item_id JOIN item_revision r ON r.id = item.revision_id ORDER BY found.rank",
            dialect::skip_locked(self)
        );
        Ok(on!(self, |db| sqlx::query_as(AssertSqlSafe(query))
            .bind(terms.queue.0)
            .bind(terms.person.0)
            .bind(pool.as_str())
            .bind(from)
            .bind(limit as i64)
            .fetch_all(db)
            .await)?)
    }

    /// Moves cursors to the first members that are open to each person. Returns the new cursors.
    pub(crate) async fn move_cursors(&mut self, moves: &[CursorMove]) -> Result<Vec<i64>> {
        let text = move_cursors();
        Ok(match self.db().await {
            Either::Sqlite(db) => {
                let text = AssertSqlSafe(of_rows(&text, CURSOR_MOVE.len(), moves.len(), 0));
                let mut query = sqlx::query_scalar(text);
                for CursorMove { queue, person, pool, from } in moves {
                    query = query.bind(queue.0).bind(person.0).bind(pool.as_str()).bind(from);
                }
                query.fetch_all(db).await?
            }
            Either::Postgres(db) => {
                let list = |of: fn(&CursorMove) -> i64| -> Vec<i64> { moves.iter().map(of).collect() };
                sqlx::query_scalar(AssertSqlSafe(of_lists(&text, &CURSOR_MOVE, 0)))
                    .bind(list(|one| one.queue.0))
                    .bind(list(|one| one.person.0))
                    .bind(moves.iter().map(|one| one.pool.as_str()).collect::<Vec<_>>())
                    .bind(list(|one| one.from))
                    .fetch_all(db)
                    .await?
            }
        })
    }

    /// Do others hold leases of items that this person could get once they are released?
    pub async fn others_hold(&mut self, queue: QueueId, person: PersonId) -> Result<bool> {
        // Full members count too: a released lease opens them.
        let query = format!(
            "SELECT a.id FROM assignment a
             JOIN queue_item qi ON qi.queue_id = a.queue_id AND qi.item_id = a.item_id
             WHERE a.queue_id = $1 AND a.state = 'leased' AND a.person_id <> $2 AND NOT a.beside AND NOT qi.stuck
               AND {NOTHING_OF_IT} LIMIT 1"
        );
        let one: Option<i64> = on!(self, |db| sqlx::query_scalar(AssertSqlSafe(query))
            .bind(queue.0)
            .bind(person.0)
            .fetch_optional(db)
            .await)?;
        Ok(one.is_some())
    }

    /// Locks a member until the transaction ends. Returns its target and its taken slots.
    pub async fn taken_slots(&mut self, queue: QueueId, item: ItemId) -> Result<(u32, Vec<u32>)> {
        let lock = format!(
            "SELECT target FROM queue_item WHERE queue_id = $1 AND item_id = $2{}",
            dialect::for_update(self)
        );
        let target: i64 = on!(self, |db| sqlx::query_scalar(AssertSqlSafe(lock))
            .bind(queue.0)
            .bind(item.0)
            .fetch_one(db)
            .await)?;
        let query = format!(
            "SELECT a.slot FROM assignment a WHERE a.queue_id = $1 AND a.item_id = $2 AND {TAKES_SLOT}"
        );
        let taken: Vec<i64> = on!(self, |db| sqlx::query_scalar(AssertSqlSafe(query))
            .bind(queue.0)
            .bind(item.0)
            .fetch_all(db)
            .await)?;
        Ok((target as u32, taken.into_iter().map(|s| s as u32).collect()))
    }

    /// A person's assignment of an item in a queue, unless it was released.
    pub async fn live_assignment(
        &mut self,
        queue: QueueId,
        item: ItemId,
        person: PersonId,
    ) -> Result<Option<AssignmentId>> {
        let query = "SELECT id FROM assignment
                     WHERE queue_id = $1 AND item_id = $2 AND person_id = $3 AND state <> 'released'";
        let id: Option<i64> = on!(self, |db| sqlx::query_scalar(query)
            .bind(queue.0)
            .bind(item.0)
            .bind(person.0)
            .fetch_optional(db)
            .await)?;
        Ok(id.map(AssignmentId))
    }
}
