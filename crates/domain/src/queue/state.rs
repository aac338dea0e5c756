//! Where a queue stands.

use crate::word::decoded;
use serde::{Deserialize, Serialize};

/// Where a queue stands. Items are served only while it is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QueueState {
    /// Its items are being taken in.
    Filling,
    Open,
    Closed,
}

impl QueueState {
    pub const ALL: [QueueState; 3] = [QueueState::Filling, QueueState::Open, QueueState::Closed];

    pub fn as_str(self) -> &'static str {
        match self {
            QueueState::Filling => "filling",
            QueueState::Open => "open",
            QueueState::Closed => "closed",
        }
    }

    pub fn parse(text: &str) -> Option<QueueState> {
        QueueState::ALL.into_iter().find(|s| s.as_str() == text)
    }
}

decoded!(QueueState, "state of a queue");
