//! Discover: from a pile that nobody has read to groups that a person can name and label.

pub mod groups;
pub mod selection;

use crate::word::decoded;
use serde::{Deserialize, Serialize};

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    Running,
    Done,
    Failed,
    Cancelled,
}

impl RunState {
    pub const ALL: [RunState; 4] = [RunState::Running, RunState::Done, RunState::Failed, RunState::Cancelled];

    pub fn as_str(self) -> &'static str {
        match self {
            RunState::Running => "running",
            RunState::Done => "done",
            RunState::Failed => "failed",
            RunState::Cancelled => "cancelled",
        }
    }

    pub fn parse(text: &str) -> Option<RunState> {
        RunState::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

decoded!(RunState, "state of a run");

/// How finely a pile is cut: the three cuts that a run proposes, as numbers of groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grains {
    pub overview: i64,
    pub themes: i64,
    pub details: i64,
}

/// Where a group came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GroupOrigin {
    /// A node of the merge tree.
    Tree,
    /// A person merged several.
    Merged,
    /// A person split a leaf of the tree.
    Split,
}

impl GroupOrigin {
    pub fn as_str(self) -> &'static str {
        match self {
            GroupOrigin::Tree => "tree",
            GroupOrigin::Merged => "merged",
            GroupOrigin::Split => "split",
        }
    }

    pub fn parse(text: &str) -> Option<GroupOrigin> {
        [GroupOrigin::Tree, GroupOrigin::Merged, GroupOrigin::Split]
            .into_iter()
            .find(|origin| origin.as_str() == text)
    }
}

decoded!(GroupOrigin, "origin of a group");

/// How far a bulk answer has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkState {
    /// A person looks at the items that were drawn.
    Judging,
    Labeling,
    Done,
    GivenUp,
}

impl BulkState {
    pub const ALL: [BulkState; 4] =
        [BulkState::Judging, BulkState::Labeling, BulkState::Done, BulkState::GivenUp];

    pub fn as_str(self) -> &'static str {
        match self {
            BulkState::Judging => "judging",
            BulkState::Labeling => "labeling",
            BulkState::Done => "done",
            BulkState::GivenUp => "given_up",
        }
    }

    pub fn parse(text: &str) -> Option<BulkState> {
        BulkState::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

decoded!(BulkState, "state of a bulk answer");

/// Items that a person judges before many are labeled at once.
pub const DRAWN: usize = 20;
