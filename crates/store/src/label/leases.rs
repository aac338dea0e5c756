//! Who holds which item of a queue: leases are handed out in the queue's order, and taken back (see [`freed`]).
//!
//! `queue_item.filled` is kept equal to the assignments that fill a slot, and a person's cursors stand at the first
//! member that is open to them, or before it: whatever frees a slot lowers the cursors of everyone who had passed it.

mod freed;

pub use freed::{Member, RELEASED_AT_ONCE};

use crate::error::Result;
use crate::label::desk::{Answering, Look};
use crate::label::tally::{Tally, TallyChanges};
use crate::label::write_batch::{self, Kind, Statement, Value, WriteBatch};
use crate::sql::dialect;
use crate::{Either, Tx, on};
use domain::queue::Holding;
use domain::{AssignmentId, ItemId, PersonId, ProjectId, QueueId, RevisionId, Time};
use sqlx::AssertSqlSafe;
use std::collections::BTreeSet;

/// A cursor that has passed everything.
pub const PASSED: i64 = i64::MAX;
/// Control items are served at their own pace, so each queue is two lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pool {
    Plain,
    Control,
}

impl Pool {
    fn of(control: bool) -> Pool {
        if control { Pool::Control } else { Pool::Plain }
    }

    fn cursor(self) -> &'static str {
        match self {
            Pool::Plain => "cursor_plain",
            Pool::Control => "cursor_control",
        }
    }

    pub(crate) fn is_control(self) -> &'static str {
        match self {
            Pool::Plain => "FALSE",
            Pool::Control => "TRUE",
        }
    }
}

/// A transaction in which other requests of this person wait, what they hold in the queue is theirs, and so are the
/// items of the assignments that they are going to answer: two tabs, someone who takes back what ran out, or two who
/// answer the same item would otherwise wait for each other.
#[derive(Debug, Clone)]
pub struct LabelRequest {
    pub person: PersonId,
    pub queue: Option<QueueId>,
    pub answers: Vec<Answering>,
}

impl LabelRequest {
    /// What PostgreSQL is told of it once in each connection. In this order: each part asks for the one before.
    pub(crate) const PREPARE: &str = "PREPARE alone (BIGINT[], BIGINT[], BIGINT[]) AS
         WITH one_by_one AS MATERIALIZED (SELECT pg_advisory_xact_lock(person) FROM unnest($1) AS person),
         leases AS MATERIALIZED (
            SELECT a.id FROM unnest($1, $2) AS these (person, queue)
              JOIN assignment a ON a.person_id = person AND a.queue_id = queue AND a.state = 'leased'
            WHERE (SELECT COUNT(*) FROM one_by_one) > 0 ORDER BY a.id FOR UPDATE OF a),
         items AS MATERIALIZED (
            SELECT id FROM item
            WHERE id IN (SELECT item_id FROM assignment WHERE id = ANY($3) AND person_id = ANY($1))
              AND (SELECT COUNT(*) FROM leases) >= 0 ORDER BY id FOR UPDATE)
         SELECT COUNT(*) FROM items";

    /// Begins a transaction of all these, in one message. Everybody takes locks in the same order.
    pub(crate) fn begin<'a>(these: impl IntoIterator<Item = &'a LabelRequest>) -> String {
        let mut pairs = BTreeSet::new();
        let mut assignments = Vec::new();
        for LabelRequest { person, queue, answers } in these {
            pairs.insert((person.0, queue.map_or(0, |queue| queue.0)));
            assignments.extend(answers.iter().map(|answer| answer.assignment.0));
        }
        let (people, queues): (Vec<i64>, Vec<i64>) = pairs.into_iter().unzip();
        let [people, queues, assignments] = [people, queues, assignments].map(|ids| {
            let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
            format!("'{{{}}}'", ids.join(","))
        });
        format!("BEGIN; EXECUTE alone ({people}, {queues}, {assignments})")
    }

    /// What they are going to look at, where that is their desk with one answer at most.
    pub(crate) fn look(&self) -> Option<Look> {
        let (queue, answering) = match self.answers.as_slice() {
            [] => (self.queue?, None),
            [one] => (self.queue?, Some(one.clone())),
            _ => return None,
        };
        Some(Look { queue, person: self.person, answering })
    }
}

/// What the holder of an assignment now has.
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
    /// Their lease became their answer: to everyone else, and to what is theirs of the queue, nothing changes.
    pub(crate) fn only_answers(&self) -> bool {
        (self.was, self.holding) == (Holding::Leased, Holding::Answered)
    }

    pub(crate) fn write(self, writes: &mut WriteBatch) {
        let row = [
            self.assignment.0.into(),
            self.holding.as_str().into(),
            self.slot.into(),
            self.revision.0.into(),
            self.until.0.into(),
        ];
        writes.add(Statement::Hold, row);
    }
}

/// A member that may be handed out, with the item's current text.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Candidate {
    #[sqlx(try_from = "i64")]
    pub item_id: ItemId,
    #[sqlx(try_from = "i64")]
    pub revision_id: RevisionId,
    pub control: bool,
    pub target: i64,
    pub filled: i64,
    /// Its slots that are held or answered, a bit each.
    taken: i64,
    pub text: String,
    pub fields: String,
    pub event_at: Option<i64>,
}

impl Candidate {
    /// The lowest that is free.
    fn slot(&self) -> i64 {
        self.taken.trailing_ones().into()
    }
}

/// To whom, and on which terms, members are handed out.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    pub project: ProjectId,
    pub queue: QueueId,
    pub person: PersonId,
    /// Takes no slot.
    pub beside: bool,
    pub until: Time,
}

impl Terms {
    /// Of [`Statement::Person`]: members, control items of them, answers.
    fn served(&self, [n, control, answered]: [i64; 3]) -> [Value; 5] {
        [self.queue.0, self.person.0, n, control, answered].map(Value::from)
    }
}

/// A lease with the item's current text.
#[derive(Debug, Clone)]
pub struct HeldRow {
    pub id: AssignmentId,
    pub item_id: ItemId,
    /// Of the current text.
    pub revision_id: RevisionId,
    /// The lease was given or renewed for an earlier text.
    pub is_outdated: bool,
    pub lease_until: i64,
    pub text: String,
    pub fields: String,
    pub event_at: Option<i64>,
}

/// Members that are open to a person, from a rank on: not full, not stuck, and neither held, nor answered, nor
/// skipped by them. $1 the queue, $2 the person.
fn open_to(pool: Pool, from: &str) -> String {
    format!(
        "qi.queue_id = $1 AND qi.control = {} AND qi.rank >= {from} AND qi.filled < qi.target AND NOT qi.stuck
         AND {NOT_THEIRS}",
        pool.is_control()
    )
}

/// The person has nothing of the member `qi`. A count, because PostgreSQL makes a join of `NOT EXISTS` and reads all
/// that the person ever had in the queue for it.
const NOT_THEIRS: &str = "0 = (SELECT COUNT(*) FROM assignment m WHERE m.queue_id = qi.queue_id
    AND m.item_id = qi.item_id AND m.person_id = $2 AND m.state <> 'released')";

/// A person's cursors in a queue are to be moved on from these.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursors {
    queue: QueueId,
    person: PersonId,
    plain: i64,
    control: i64,
}
const OF_CURSORS: [Kind; 4] = [Kind::Int; 4];

/// $3 and $4: from where.
fn move_cursors() -> String {
    let first = |pool, from| {
        format!(
            "COALESCE((SELECT qi.rank FROM queue_item qi WHERE {} ORDER BY qi.rank LIMIT 1), {PASSED})",
            open_to(pool, from)
        )
    };
    format!(
        "INSERT INTO queue_person (queue_id, person_id, cursor_plain, cursor_control)
         SELECT $1, $2, {}, {} FROM {{rows}} WHERE TRUE
         ON CONFLICT (queue_id, person_id) DO UPDATE SET cursor_plain = excluded.cursor_plain,
            cursor_control = excluded.cursor_control
         RETURNING cursor_plain, cursor_control",
        first(Pool::Plain, "$3"),
        first(Pool::Control, "$4")
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

    /// The next members that are open to a person, in the queue's order. On PostgreSQL members that someone else is
    /// taking at this moment are passed over, before their texts are looked for.
    pub async fn candidates(
        &mut self,
        terms: &Terms,
        pool: Pool,
        from: i64,
        limit: usize,
    ) -> Result<Vec<Candidate>> {
        if limit == 0 || from == PASSED {
            return Ok(Vec::new());
        }
        if let Some(found) = self.prefetched_candidates(terms, pool, from, limit).await? {
            return Ok(found);
        }
        // An answer that was put off opens no member and closes none; what is leased and not written yet would be found
        // again.
        if self.later.has(Statement::Lease) {
            self.flush().await?;
        }
        let query = format!(
            "SELECT found.item_id, found.control, found.target, found.filled, item.revision_id, r.text, r.fields, r.event_at,
                CASE WHEN found.filled = 0 THEN 0 ELSE COALESCE((
                    SELECT CAST(SUM(CAST(1 AS BIGINT) << CAST(a.slot AS INTEGER)) AS BIGINT) FROM assignment a
                    WHERE a.queue_id = $1 AND a.item_id = found.item_id AND a.state IN ('leased', 'answered')
                      AND NOT a.beside), 0) END AS taken
             FROM (SELECT qi.item_id, qi.control, qi.target, qi.filled, qi.rank FROM queue_item qi
                   WHERE {} ORDER BY qi.rank LIMIT $4{}) found
             JOIN item ON item.id = found.item_id JOIN item_revision r ON r.id = item.revision_id ORDER BY found.rank",
            open_to(pool, "$3"),
            dialect::skip_locked(self)
        );
        macro_rules! found {
            ($db:expr) => {
                sqlx::query_as(AssertSqlSafe(query))
                    .bind(terms.queue.0)
                    .bind(terms.person.0)
                    .bind(from)
                    .bind(limit as i64)
                    .fetch_all($db)
                    .await?
            };
        }
        Ok(match self.raw() {
            Either::Sqlite(db) => found!(db),
            Either::Postgres(db) => found!(db),
        })
    }

    /// Leases members to a person, in this order, and remembers that they were served. Returns what they got: where
    /// someone was faster, the constraints say no and the item is left out. What was put off and the counts so far are
    /// written along; where others are in the transaction too, all of it is put off, and all is undone where someone was
    /// faster.
    pub async fn lease(
        &mut self,
        terms: &Terms,
        members: Vec<Candidate>,
        counts: &mut TallyChanges,
    ) -> Result<Vec<HeldRow>> {
        if members.is_empty() {
            return Ok(Vec::new());
        }
        let now = self.now().0;
        let ids: Vec<AssignmentId> = members.iter().map(|_| self.next_id()).collect();
        let mut writes = WriteBatch::default();
        if !terms.beside {
            // Members are held since they were looked at, so that what they had then is what they have.
            for member in &members {
                writes.add(Statement::Filled, [terms.queue.0, member.item_id.0].map(Value::from));
            }
            let n_full = members.iter().filter(|member| member.filled + 1 == member.target).count();
            counts.add(Tally::Queue(terms.queue), "full", n_full as i64);
        }
        self.write_tallies(counts, terms.person.0, &mut writes);
        let n_control = members.iter().filter(|member| member.control).count();
        let answered = counts.take_answered(terms.queue, terms.person);
        writes.add(Statement::Person, terms.served([members.len() as i64, n_control as i64, answered]));
        let row = |(member, id): (&Candidate, &AssignmentId)| -> [Value; 12] {
            [
                id.0.into(),
                terms.project.0.into(),
                terms.queue.0.into(),
                member.item_id.0.into(),
                member.revision_id.0.into(),
                terms.person.0.into(),
                if terms.beside { 0 } else { member.slot() }.into(),
                member.target.into(),
                terms.beside.into(),
                Holding::Leased.as_str().into(),
                terms.until.0.into(),
                now.into(),
            ]
        };
        for member in members.iter().zip(&ids) {
            writes.add(Statement::Lease, row(member));
        }
        let got: Vec<ItemId> = if self.is_with_others() {
            self.defer(writes);
            members.iter().map(|member| member.item_id).collect()
        } else {
            let got: Vec<(i64,)> = self.fetch(writes).await?;
            got.into_iter().map(|(item,)| ItemId(item)).collect()
        };
        self.prefetch.gave(terms.queue, &got);
        let mut leased = Vec::with_capacity(members.len());
        for (member, id) in members.into_iter().zip(ids) {
            if got.contains(&member.item_id) {
                leased.push(HeldRow {
                    id,
                    item_id: member.item_id,
                    revision_id: member.revision_id,
                    is_outdated: false,
                    lease_until: terms.until.0,
                    text: member.text,
                    fields: member.fields,
                    event_at: member.event_at,
                });
            } else {
                let mut writes = WriteBatch::default();
                writes.add(Statement::Person, terms.served([-1, -i64::from(member.control), 0]));
                self.execute(writes).await?;
                if !terms.beside {
                    self.fill(terms.queue, member.item_id, -1, None, counts).await?;
                }
            }
        }
        Ok(leased)
    }

    /// Moves the cursors of a person to the first members that are open to them, from a rank on in each of the two
    /// lines; at the end of the transaction where others are in it too. Returns whether there are any.
    pub async fn move_cursors(
        &mut self,
        queue: QueueId,
        person: PersonId,
        [plain, control]: [i64; 2],
    ) -> Result<bool> {
        let cursors = Cursors { queue, person, plain, control };
        if self.prefetch.has_more(queue, person, [plain, control])
            && let Some(group) = &mut self.group
        {
            group.cursors.push(cursors);
            return Ok(true);
        }
        let moved = self.move_all_cursors(&[cursors]).await?;
        Ok(moved.iter().any(|(plain, control)| *plain < PASSED || *control < PASSED))
    }

    /// Returns where they are then.
    pub(crate) async fn move_all_cursors(&mut self, cursors: &[Cursors]) -> Result<Vec<(i64, i64)>> {
        let text = move_cursors();
        Ok(match self.db().await {
            Either::Sqlite(db) => {
                let text = AssertSqlSafe(write_batch::of_rows(&text, OF_CURSORS.len(), cursors.len(), 0));
                let mut query = sqlx::query_as(text);
                for Cursors { queue, person, plain, control } in cursors {
                    query = query.bind(queue.0).bind(person.0).bind(plain).bind(control);
                }
                query.fetch_all(db).await?
            }
            Either::Postgres(db) => {
                let list = |of: fn(&Cursors) -> i64| -> Vec<i64> { cursors.iter().map(of).collect() };
                sqlx::query_as(AssertSqlSafe(write_batch::of_lists(&text, &OF_CURSORS, 0)))
                    .bind(list(|cursors| cursors.queue.0))
                    .bind(list(|cursors| cursors.person.0))
                    .bind(list(|cursors| cursors.plain))
                    .bind(list(|cursors| cursors.control))
                    .fetch_all(db)
                    .await?
            }
        })
    }

    /// Do others hold an item that this person could get if they let go of it?
    pub async fn others_hold(&mut self, queue: QueueId, person: PersonId) -> Result<bool> {
        let query = format!(
            "SELECT a.id FROM assignment a
             JOIN queue_item qi ON qi.queue_id = a.queue_id AND qi.item_id = a.item_id
             WHERE a.queue_id = $1 AND a.state = 'leased' AND a.person_id <> $2 AND NOT a.beside AND NOT qi.stuck
               AND {NOT_THEIRS} LIMIT 1"
        );
        let one: Option<i64> = on!(self, |db| sqlx::query_scalar(AssertSqlSafe(query))
            .bind(queue.0)
            .bind(person.0)
            .fetch_optional(db)
            .await)?;
        Ok(one.is_some())
    }

    /// Holds a member until the transaction ends, and tells which of its slots are taken.
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
        let query = "SELECT slot FROM assignment WHERE queue_id = $1 AND item_id = $2
                     AND state IN ('leased', 'answered') AND NOT beside";
        let taken: Vec<i64> =
            on!(self, |db| sqlx::query_scalar(query).bind(queue.0).bind(item.0).fetch_all(db).await)?;
        Ok((target as u32, taken.into_iter().map(|s| s as u32).collect()))
    }

    /// What this person has of an item in a queue, other than what was released.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_are_taken_in_the_same_order_by_everyone() {
        let answering = |id: &i64| Answering { assignment: AssignmentId(*id), id: String::new() };
        let alone = |person, queue: Option<i64>, assignments: &[i64]| LabelRequest {
            person: PersonId(person),
            queue: queue.map(QueueId),
            answers: assignments.iter().map(answering).collect(),
        };
        assert_eq!(
            LabelRequest::begin([&alone(5, Some(7), &[])]),
            "BEGIN; EXECUTE alone ('{5}', '{7}', '{}')"
        );
        assert_eq!(
            LabelRequest::begin([&alone(6, None, &[9]), &alone(5, Some(7), &[3, 4]), &alone(6, None, &[8])]),
            "BEGIN; EXECUTE alone ('{5,6}', '{7,0}', '{9,3,4,8}')"
        );
    }
}
