//! A release: an immutable, numbered version of the labeled dataset, and the rule that splits it.

use crate::item::hash53;
use crate::word::decoded;
use serde::{Deserialize, Serialize};

/// Where an item goes. Sticky: decided once for each group and kept in all later releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    Train,
    Validation,
    Test,
}

impl Split {
    pub const ALL: [Split; 3] = [Split::Train, Split::Validation, Split::Test];

    pub fn as_str(self) -> &'static str {
        match self {
            Split::Train => "train",
            Split::Validation => "validation",
            Split::Test => "test",
        }
    }

    pub fn parse(text: &str) -> Option<Split> {
        Split::ALL.into_iter().find(|s| s.as_str() == text)
    }
}

decoded!(Split, "split");

/// Where a release stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReleaseState {
    /// Its rows and files are being written.
    Cutting,
    /// It is whole, and never changes again.
    Done,
    Failed,
}

impl ReleaseState {
    pub const ALL: [ReleaseState; 3] = [ReleaseState::Cutting, ReleaseState::Done, ReleaseState::Failed];

    pub fn as_str(self) -> &'static str {
        match self {
            ReleaseState::Cutting => "cutting",
            ReleaseState::Done => "done",
            ReleaseState::Failed => "failed",
        }
    }

    pub fn parse(text: &str) -> Option<ReleaseState> {
        ReleaseState::ALL.into_iter().find(|s| s.as_str() == text)
    }
}

decoded!(ReleaseState, "state of a release");

/// The default rule: a group that holds a control item makes validation or test, half each by seeded hash of
/// its key; all others are train.
pub fn split_by_control(seed: u64, split_key: i64, holds_control: bool) -> Split {
    if !holds_control {
        return Split::Train;
    }
    match hash53(&[b"split", &seed.to_le_bytes(), &split_key.to_le_bytes()]) & 1 {
        0 => Split::Validation,
        _ => Split::Test,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_groups_make_validation_and_test_half_each() {
        let n = (0..10_000).filter(|k| split_by_control(1, *k, true) == Split::Test).count();
        assert!((4_750..=5_250).contains(&n), "{n}");
        assert_eq!(split_by_control(1, 5, false), Split::Train);
    }
}
