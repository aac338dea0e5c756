//! An item's resolved labels, decided from the answers that count. Pure: the store only remembers it.

use crate::LabelId;
use serde::{Deserialize, Serialize};

/// Where an item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nobody has answered.
    Unlabeled,
    /// Answered, by fewer people than were asked.
    Partial,
    /// A majority says the same.
    Agreed,
    /// As many answers as were asked for, and no majority.
    Conflict,
    /// An owner decided.
    Adjudicated,
    /// Its content or its taxonomy changed under its answers.
    NeedsLook,
    /// Skipped by several people.
    Stuck,
}

impl State {
    pub const ALL: [State; 7] = [
        State::Unlabeled,
        State::Partial,
        State::Agreed,
        State::Conflict,
        State::Adjudicated,
        State::NeedsLook,
        State::Stuck,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            State::Unlabeled => "unlabeled",
            State::Partial => "partial",
            State::Agreed => "agreed",
            State::Conflict => "conflict",
            State::Adjudicated => "adjudicated",
            State::NeedsLook => "needs_look",
            State::Stuck => "stuck",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            State::NeedsLook => "needs look",
            other => other.as_str(),
        }
    }

    pub fn parse(text: &str) -> Option<State> {
        State::ALL.into_iter().find(|s| s.as_str() == text)
    }

    /// Has labels that a release may carry.
    pub fn is_resolved(self) -> bool {
        matches!(self, State::Agreed | State::Adjudicated)
    }
}

/// What stands behind an item: the latest counted answer of each person on its current revision.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    /// One label set for each person who answered with labels, each sorted.
    pub votes: Vec<Vec<LabelId>>,
    /// People who skipped.
    pub n_skips: u32,
    /// The owner's decision, if one was made on this revision.
    pub decided: Option<Vec<LabelId>>,
    /// How many answers were asked for: the largest target of the queues it is in; 1 if in none.
    pub target: u32,
    /// So many skips make it stuck.
    pub stuck_after: u32,
}

/// The outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct Consensus {
    pub state: State,
    /// Sorted; empty where nothing is resolved (and where the empty set was agreed on).
    pub labels: Vec<LabelId>,
    /// Share of the votes that say `labels`, 0 to 1; nothing where nothing is resolved.
    pub confidence: Option<f64>,
    pub n_answers: u32,
}

/// Majority of whole label sets. A tie at the top is a conflict; with fewer votes than asked for, the item is
/// *partial* unless the votes still missing could no longer overturn the leader.
///
/// Skips are not votes: an item with `stuck_after` skips and no resolution is stuck.
pub fn resolve(evidence: &Evidence) -> Consensus {
    let n = evidence.votes.len() as u32;
    if let Some(labels) = &evidence.decided {
        return Consensus {
            state: State::Adjudicated,
            labels: labels.clone(),
            confidence: Some(1.0),
            n_answers: n,
        };
    }
    let mut counts: Vec<(&Vec<LabelId>, u32)> = Vec::new();
    for vote in &evidence.votes {
        match counts.iter_mut().find(|(labels, _)| *labels == vote) {
            Some((_, count)) => *count += 1,
            None => counts.push((vote, 1)),
        }
    }
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let unresolved = |state| Consensus { state, labels: Vec::new(), confidence: None, n_answers: n };
    let stuck = evidence.n_skips >= evidence.stuck_after.max(1);
    let Some((leader, top)) = counts.first().copied() else {
        return unresolved(if stuck { State::Stuck } else { State::Unlabeled });
    };
    let runner_up = counts.get(1).map_or(0, |c| c.1);
    let missing = evidence.target.max(1).saturating_sub(n);
    if top > runner_up + missing {
        return Consensus {
            state: State::Agreed,
            labels: leader.clone(),
            confidence: Some(f64::from(top) / f64::from(n)),
            n_answers: n,
        };
    }
    if stuck {
        return unresolved(State::Stuck);
    }
    unresolved(if missing > 0 { State::Partial } else { State::Conflict })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn votes(labels: &[i64], target: u32) -> Evidence {
        Evidence {
            votes: labels.iter().map(|l| vec![LabelId(*l)]).collect(),
            target,
            stuck_after: 3,
            ..Evidence::default()
        }
    }

    #[test]
    fn majority_ties_and_what_is_missing() {
        assert_eq!(resolve(&votes(&[], 2)).state, State::Unlabeled);
        assert_eq!(resolve(&votes(&[1], 2)).state, State::Partial);
        assert_eq!(resolve(&votes(&[1, 2], 2)).state, State::Conflict);
        let agreed = resolve(&votes(&[1, 2, 1], 3));
        assert_eq!(
            (agreed.state, agreed.labels, agreed.confidence),
            (State::Agreed, vec![LabelId(1)], Some(2.0 / 3.0))
        );
        // Two of three asked say the same: the third cannot overturn them.
        assert_eq!(resolve(&votes(&[1, 1], 3)).state, State::Agreed);
        assert_eq!(resolve(&votes(&[1, 2], 3)).state, State::Partial);
    }

    #[test]
    fn an_owner_decides() {
        let evidence = Evidence { decided: Some(vec![LabelId(9)]), ..votes(&[1, 2], 2) };
        assert_eq!(resolve(&evidence).labels, vec![LabelId(9)]);
    }

    #[test]
    fn several_skips_are_stuck() {
        let evidence = Evidence { n_skips: 3, ..votes(&[], 2) };
        assert_eq!(resolve(&evidence).state, State::Stuck);
        assert_eq!(resolve(&Evidence { n_skips: 2, ..votes(&[], 2) }).state, State::Unlabeled);
    }

    #[test]
    fn the_empty_set_is_an_answer() {
        let evidence = Evidence { votes: vec![vec![], vec![]], ..votes(&[], 2) };
        let got = resolve(&evidence);
        assert_eq!((got.state, got.confidence), (State::Agreed, Some(1.0)));
    }

    proptest! {
        #[test]
        fn the_order_of_votes_changes_nothing(mut labels in proptest::collection::vec(0i64..4, 0..7), target in 1u32..5) {
            let before = resolve(&votes(&labels, target));
            labels.reverse();
            prop_assert_eq!(before, resolve(&votes(&labels, target)));
        }
    }
}
