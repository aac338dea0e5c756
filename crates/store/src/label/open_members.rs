//! The one rule for which members of a queue are open to a person: in SQL, and for members that are already in memory.
//!
//! A member is open while it has a free slot and is not stuck. It is open to a person who neither holds it nor has
//! answered or skipped it.

use domain::queue::Pool;
use domain::{ItemId, PersonId, RevisionId};

/// The member `qi` is open to people without a live assignment of it.
pub(crate) const OPEN: &str = "qi.filled < qi.target AND NOT qi.stuck";

/// The person `$2` has no live assignment of the member `qi`. A count, because PostgreSQL turns `NOT EXISTS` into a
/// join and reads all assignments that the person ever had in the queue.
pub(crate) const NOTHING_OF_IT: &str = "0 = (SELECT COUNT(*) FROM assignment m WHERE m.queue_id = qi.queue_id
    AND m.item_id = qi.item_id AND m.person_id = $2 AND m.state <> 'released')";

/// The member `qi` is in the pool `$3` of the queue `$1`.
pub(crate) const OF_POOL: &str = "qi.queue_id = $1 AND qi.pool = $3";

/// A bit mask of the slots of the assignments `a`.
pub(crate) const SLOTS: &str = "SUM(CAST(1 AS BIGINT) << CAST(a.slot AS INTEGER))";
/// The assignments `a` that take a slot.
pub(crate) const TAKES_SLOT: &str = "a.state IN ('leased', 'answered') AND NOT a.beside";

/// A member that may be handed out, with the item's current text.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Candidate {
    pub rank: i64,
    #[sqlx(try_from = "i64")]
    pub item_id: ItemId,
    #[sqlx(try_from = "i64")]
    pub revision_id: RevisionId,
    #[sqlx(try_from = "String")]
    pub pool: Pool,
    pub target: i64,
    pub filled: i64,
    /// A bit mask of its held and answered slots.
    taken: i64,
    pub text: String,
    pub fields: String,
    pub event_at: Option<i64>,
}

impl Candidate {
    /// The lowest slot that is free.
    pub(crate) fn slot(&self) -> i64 {
        self.taken.trailing_ones().into()
    }
}

/// An open member with the people who have a live assignment of it: the rule for members read for several people.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct OpenMember {
    #[sqlx(flatten)]
    pub(crate) candidate: Candidate,
    /// People who hold, answered or skipped it.
    people: Vec<i64>,
    /// Leased in this transaction. The next person gets another member, so that no two write to the same one.
    #[sqlx(skip)]
    pub(crate) is_given: bool,
}

impl OpenMember {
    pub(crate) fn is_for(&self, person: PersonId, from: i64) -> bool {
        !self.is_given && self.candidate.rank >= from && !self.people.contains(&person.0)
    }
}
