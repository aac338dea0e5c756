//! A queue: which items people answer, in which order, how many of them each. The decisions, no storage.

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
    /// again in the same order; in order is the order of import.
    pub fn rank(self, queue: QueueId, seed: u64, item: ItemId) -> i64 {
        match self {
            Strategy::Random => random_rank(queue, seed, item),
            Strategy::InOrder => item.0,
        }
    }
}

/// A place drawn at random, repeatable: also the order of control items under every strategy.
pub fn random_rank(queue: QueueId, seed: u64, item: ItemId) -> i64 {
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
    #[error("overlap is a number of people from 1 to {MAX_OVERLAP}")]
    Overlap,
    #[error("the control share is a percentage from 0 to 100")]
    ControlShare,
    #[error("a lease lasts from 1 minute to 7 days")]
    Lease,
}

pub const MAX_OVERLAP: u32 = 20;

impl Plan {
    pub fn check(self) -> Result<Plan, BadPlan> {
        if !(1..=MAX_OVERLAP).contains(&self.overlap) {
            return Err(BadPlan::Overlap);
        }
        if !(0.0..=1.0).contains(&self.control_share) {
            return Err(BadPlan::ControlShare);
        }
        if !(60..=7 * 86_400).contains(&self.lease_seconds) {
            return Err(BadPlan::Lease);
        }
        Ok(self)
    }
}

/// Should the next item served to this person be a control item? Keeps the share of control items among what
/// the person was served at the wanted pace, without a random choice that could be told apart.
pub fn control_is_due(served: u32, served_control: u32, share: f64) -> bool {
    f64::from(served_control) < share * f64::from(served + 1)
}

/// The lowest free slot of an item, given those that are held or answered.
pub fn free_slot(target: u32, taken: &[u32]) -> Option<u32> {
    (0..target).find(|slot| !taken.contains(slot))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_items_keep_their_pace() {
        let (mut served, mut control) = (0, 0);
        for _ in 0..1000 {
            control += u32::from(control_is_due(served, control, 0.2));
            served += 1;
        }
        assert_eq!(control, 200);
        assert!(!control_is_due(5, 0, 0.0));
        assert!(control_is_due(5, 5, 1.0));
    }

    #[test]
    fn slots() {
        assert_eq!(free_slot(2, &[]), Some(0));
        assert_eq!(free_slot(2, &[0]), Some(1));
        assert_eq!(free_slot(2, &[1, 0]), None);
        assert_eq!(free_slot(0, &[]), None);
    }

    #[test]
    fn plans() {
        assert!(Plan::default().check().is_ok());
        assert_eq!(Plan { overlap: 0, ..Plan::default() }.check(), Err(BadPlan::Overlap));
        assert_eq!(Plan { control_share: f64::NAN, ..Plan::default() }.check(), Err(BadPlan::ControlShare));
    }
}
