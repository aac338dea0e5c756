//! A queue: which items people answer, in which order, how many of them each. The decisions, no storage.

mod pool;
mod state;

pub use pool::{Mix, Pace, PerPool, Pool, merged};
pub use state::QueueState;

use crate::answer::Kind;
use crate::item::hash53;
use crate::{ItemId, QueueId};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The order of a queue's members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    Random,
    InOrder,
}

impl Strategy {
    pub const ALL: [Strategy; 2] = [Strategy::Random, Strategy::InOrder];

    pub fn as_str(self) -> &'static str {
        match self {
            Strategy::Random => "random",
            Strategy::InOrder => "in_order",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Strategy::Random => "Random",
            Strategy::InOrder => "In order",
        }
    }

    pub fn parse(text: &str) -> Option<Strategy> {
        Strategy::ALL.into_iter().find(|s| s.as_str() == text)
    }

    /// An item's place in the queue: smaller comes first. Random is a seeded hash, so that a queue can be built
    /// again in the same order; in order is the order of import. Control items come at random under every strategy:
    /// those that are answered when half of the queue is done are a sample of all.
    pub fn rank(self, queue: QueueId, seed: u64, item: ItemId, control: bool) -> i64 {
        match self {
            Strategy::InOrder if !control => item.0,
            Strategy::InOrder | Strategy::Random => random_rank(queue, seed, item),
        }
    }
}

/// A place drawn at random, repeatable.
fn random_rank(queue: QueueId, seed: u64, item: ItemId) -> i64 {
    hash53(&[b"rank", &seed.to_le_bytes(), &queue.0.to_le_bytes(), &item.0.to_le_bytes()])
}

/// What an owner sets for a queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    pub strategy: Strategy,
    /// How many independent people answer each item, 1 to 20.
    pub overlap: u32,
    /// How soon control items come: this share of what is served, 0 to 1, while there are any.
    pub control_share: f64,
    /// A person holds an item for so long before someone else may have it, in seconds.
    pub lease_seconds: i64,
}

impl Default for Plan {
    fn default() -> Self {
        Plan { strategy: Strategy::Random, overlap: 1, control_share: 0.2, lease_seconds: 1_800 }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadPlan {
    #[error("“People an item” is a number from 1 to {MAX_OVERLAP}")]
    Overlap,
    #[error("the control share is a percentage from 0 to 100")]
    ControlShare,
    #[error("a lease lasts from 1 minute to 7 days")]
    Lease,
}

pub const MAX_OVERLAP: u32 = 20;

/// A plan whose numbers are within their bounds. Only [`Plan::check`] makes one.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckedPlan(Plan);

impl std::ops::Deref for CheckedPlan {
    type Target = Plan;

    fn deref(&self) -> &Plan {
        &self.0
    }
}

impl Plan {
    /// Tells the first number that is out of its bounds.
    pub fn check(self) -> Result<CheckedPlan, BadPlan> {
        if !(1..=MAX_OVERLAP).contains(&self.overlap) {
            return Err(BadPlan::Overlap);
        }
        if !(0.0..=1.0).contains(&self.control_share) {
            return Err(BadPlan::ControlShare);
        }
        if !(60..=7 * 86_400).contains(&self.lease_seconds) {
            return Err(BadPlan::Lease);
        }
        Ok(CheckedPlan(self))
    }
}

/// What a person has of an item in a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holding {
    Leased,
    Answered,
    /// Passed over: the slot is free again, and this person is barred.
    Skipped,
    /// The lease ran out, or was taken back.
    Released,
}

impl Holding {
    pub const ALL: [Holding; 4] = [Holding::Leased, Holding::Answered, Holding::Skipped, Holding::Released];

    pub fn as_str(self) -> &'static str {
        match self {
            Holding::Leased => "leased",
            Holding::Answered => "answered",
            Holding::Skipped => "skipped",
            Holding::Released => "released",
        }
    }

    pub fn parse(text: &str) -> Option<Holding> {
        Holding::ALL.into_iter().find(|h| h.as_str() == text)
    }

    /// Does it keep others out of a slot?
    pub fn fills_slot(self) -> bool {
        matches!(self, Holding::Leased | Holding::Answered)
    }
}

/// What an answer meets when it arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    pub holding: Holding,
    pub queue_is_open: bool,
    /// There is a slot for someone who holds none (always, for those who take none).
    pub slot_is_free: bool,
    /// An owner has decided the item.
    pub is_decided: bool,
    /// It speaks of a text that the item no longer has.
    pub is_stale: bool,
}

/// What becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It counts, and the person now has this of the item.
    Count(Holding),
    /// It is kept and does not count.
    Keep(Extra),
    /// It says nothing that could be kept.
    Refuse(TooLate),
}

/// Why an answer is kept without being counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Extra {
    #[error(
        "The text has changed since you saw it. Your answer is kept with the old text, and you will be asked again."
    )]
    TextChanged,
    #[error("The queue was closed before your answer came. It is kept, and does not count.")]
    QueueClosed,
    #[error(
        "Your time for this item ran out and someone else answered it. Your answer is kept, and does not count."
    )]
    SlotGone,
}

/// Why an answer can't be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TooLate {
    #[error("There is no answer of yours to take back.")]
    NothingSaid,
    #[error("The queue is closed, so the answer can’t be taken back. You can still change it.")]
    QueueClosed,
    #[error("An owner has decided this item, so the answer can’t be taken back. You can still change it.")]
    Decided,
    #[error("Someone else has the item now, so it can’t be taken back.")]
    SlotGone,
}

/// Decides what becomes of an answer. Whoever holds a slot keeps it; who holds none gets one while the queue is
/// open and one is free; nothing that was said is ever thrown away.
pub fn step(kind: Kind, facts: Facts) -> Step {
    use Holding::{Answered, Leased, Released, Skipped};
    let Facts { holding, queue_is_open, slot_is_free, is_decided, is_stale } = facts;
    if kind == Kind::Withdrawn {
        return match holding {
            Leased => Step::Refuse(TooLate::NothingSaid),
            _ if !queue_is_open => Step::Refuse(TooLate::QueueClosed),
            _ if is_decided => Step::Refuse(TooLate::Decided),
            Answered => Step::Count(Leased),
            Skipped if slot_is_free => Step::Count(Leased),
            Skipped | Released => Step::Refuse(TooLate::SlotGone),
        };
    }
    if is_stale {
        return Step::Keep(Extra::TextChanged);
    }
    match (kind, holding) {
        (Kind::Labels, Answered) => Step::Count(Answered),
        (Kind::Skip, Answered | Skipped) => Step::Count(Skipped),
        _ if !queue_is_open => Step::Keep(Extra::QueueClosed),
        (Kind::Skip, _) => Step::Count(Skipped),
        (Kind::Labels, Leased) => Step::Count(Answered),
        _ if slot_is_free => Step::Count(Answered),
        _ => Step::Keep(Extra::SlotGone),
    }
}

/// The lowest free slot of an item, given those that are held or answered.
pub fn free_slot(target: u32, taken: &[u32]) -> Option<u32> {
    (0..target).find(|slot| !taken.contains(slot))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{Strategy as _, any, prop_assert, prop_assert_ne, proptest};

    #[test]
    fn slots() {
        assert_eq!(free_slot(2, &[]), Some(0));
        assert_eq!(free_slot(2, &[0]), Some(1));
        assert_eq!(free_slot(2, &[1, 0]), None);
        assert_eq!(free_slot(0, &[]), None);
    }

    #[test]
    fn control_items_come_at_random_under_every_strategy() {
        let order = |strategy: Strategy, control| {
            let mut items: Vec<i64> = (1..=100).collect();
            items.sort_by_key(|item| strategy.rank(QueueId(1), 7, ItemId(*item), control));
            items
        };
        assert!(order(Strategy::InOrder, false).is_sorted());
        let drawn = order(Strategy::Random, false);
        assert!(!drawn.is_sorted());
        assert_eq!(order(Strategy::InOrder, true), drawn);
        let first_half: i64 = drawn[..50].iter().sum();
        assert!((2_000..3_050).contains(&first_half), "of early and late ones alike: {first_half}");
    }

    fn any_facts() -> impl proptest::strategy::Strategy<Value = Facts> {
        (0usize..4, any::<[bool; 4]>()).prop_map(
            |(holding, [queue_is_open, slot_is_free, is_decided, is_stale])| Facts {
                holding: Holding::ALL[holding],
                queue_is_open,
                slot_is_free,
                is_decided,
                is_stale,
            },
        )
    }

    proptest! {
        #[test]
        fn nobody_gets_a_slot_that_is_not_there(facts in any_facts()) {
            for kind in [Kind::Labels, Kind::Skip, Kind::Withdrawn] {
                if let Step::Count(then) = step(kind, facts) && then.fills_slot() && !facts.holding.fills_slot() {
                    prop_assert!(facts.slot_is_free && facts.queue_is_open);
                }
            }
        }

        #[test]
        fn what_is_said_is_never_refused(facts in any_facts()) {
            prop_assert!(!matches!(step(Kind::Labels, facts), Step::Refuse(_)));
            prop_assert!(!matches!(step(Kind::Skip, facts), Step::Refuse(_)));
        }

        #[test]
        fn only_taking_back_makes_a_new_lease(facts in any_facts()) {
            prop_assert_ne!(step(Kind::Labels, facts), Step::Count(Holding::Leased));
            prop_assert_ne!(step(Kind::Skip, facts), Step::Count(Holding::Leased));
        }
    }

    #[test]
    fn plans() {
        assert!(Plan::default().check().is_ok());
        assert_eq!(Plan { overlap: 0, ..Plan::default() }.check(), Err(BadPlan::Overlap));
        assert_eq!(Plan { control_share: f64::NAN, ..Plan::default() }.check(), Err(BadPlan::ControlShare));
    }
}
