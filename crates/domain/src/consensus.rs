//! An item's resolved labels, decided from the answers that count. Pure: the store only remembers it.

use crate::answer::{Origin, Said};
use crate::word::decoded;
use crate::{LabelId, PersonId, QueueId, RevisionId, TaxonomyVersionId, Time};
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

decoded!(State, "state of an item");

/// One answer as consensus reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vote {
    pub queue: Option<QueueId>,
    pub person: PersonId,
    pub revision: RevisionId,
    /// Its place in what this person said of the item in this queue.
    pub number: i64,
    pub said: Said,
    /// The taxonomy version that its labels are of.
    pub version: Option<TaxonomyVersionId>,
    pub origin: Origin,
    pub counted: bool,
    pub at: Time,
}

/// The last counted word of each person in each queue on this revision; what was taken back is no word.
/// Calibration and machines have no vote.
fn last_words(votes: &[Vote], revision: RevisionId) -> Vec<&Vote> {
    let mut last: Vec<&Vote> = Vec::new();
    let heard = votes.iter().filter(|v| {
        v.counted && v.revision == revision && !matches!(v.origin, Origin::Machine | Origin::Calibration)
    });
    for vote in heard {
        let chain = |v: &Vote| (v.person, v.queue, v.origin == Origin::Adjudication);
        match last.iter_mut().find(|v| chain(v) == chain(vote)) {
            Some(earlier) if earlier.number < vote.number => *earlier = vote,
            Some(_) => {}
            None => last.push(vote),
        }
    }
    last.retain(|v| v.said != Said::Withdrawn);
    last
}

/// People whose last word in this queue is a skip.
pub fn n_skips_in(votes: &[Vote], revision: RevisionId, queue: QueueId) -> u32 {
    let skipped = |v: &&Vote| v.queue == Some(queue) && matches!(v.said, Said::Skip(_));
    last_words(votes, revision).into_iter().filter(skipped).count() as u32
}

/// What the answers of an item say now, and how many of them the taxonomy has left behind. `carry` brings
/// labels of an earlier taxonomy version into the current one, or says that a person has to look again.
pub fn gather(
    votes: &[Vote],
    revision: RevisionId,
    carry: impl Fn(Option<TaxonomyVersionId>, &[LabelId]) -> Option<Vec<LabelId>>,
) -> (Evidence, u32) {
    let words = last_words(votes, revision);
    let newest = |a: &&Vote, b: &&Vote| (a.at, a.number).cmp(&(b.at, b.number));
    let mut evidence = Evidence { target: 1, stuck_after: u32::MAX, ..Evidence::default() };
    let mut n_left_behind = 0;
    let decision = words.iter().copied().filter(|v| v.origin == Origin::Adjudication).max_by(newest);
    if let Some(Vote { said: Said::Labels(labels), version, .. }) = decision {
        evidence.decided = carry(*version, labels);
        n_left_behind += u32::from(evidence.decided.is_none());
    }
    let (bulk, looked_at): (Vec<&Vote>, Vec<&Vote>) = words
        .into_iter()
        .filter(|v| v.origin != Origin::Adjudication)
        .partition(|v| v.origin == Origin::Bulk);
    if let Some(Vote { said: Said::Labels(labels), version, .. }) = bulk.into_iter().max_by(newest) {
        evidence.bulk = carry(*version, labels);
        n_left_behind += u32::from(evidence.bulk.is_none());
    }
    let mut by_person: Vec<&Vote> = Vec::new();
    for word in looked_at {
        match by_person.iter_mut().find(|v| v.person == word.person) {
            Some(other) if newest(&&**other, &word).is_lt() => *other = word,
            Some(_) => {}
            None => by_person.push(word),
        }
    }
    for vote in by_person {
        match &vote.said {
            Said::Labels(labels) => match carry(vote.version, labels) {
                Some(labels) => evidence.votes.push(labels),
                None => n_left_behind += 1,
            },
            Said::Skip(_) => evidence.n_skips += 1,
            Said::Withdrawn => {}
        }
    }
    (evidence, n_left_behind)
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
    /// The newest bulk answer: given to many items at once, so it is no vote. It stands while nobody has looked at the
    /// item itself.
    pub bulk: Option<Vec<LabelId>>,
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
        if let (Some(labels), false) = (&evidence.bulk, stuck) {
            let state = State::Agreed;
            return Consensus { state, labels: labels.clone(), confidence: None, n_answers: 0 };
        }
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
    fn a_bulk_answer_stands_until_somebody_looks() {
        let bulk = |votes: Evidence| Evidence { bulk: Some(vec![LabelId(7)]), ..votes };
        let alone = resolve(&bulk(votes(&[], 2)));
        assert_eq!((alone.state, alone.labels, alone.n_answers), (State::Agreed, vec![LabelId(7)], 0));
        // One of two asked has looked: the bulk answer is not the second vote.
        assert_eq!(resolve(&bulk(votes(&[7], 2))).state, State::Partial);
        assert_eq!(resolve(&bulk(votes(&[1, 1], 2))).labels, vec![LabelId(1)]);
        assert_eq!(resolve(&Evidence { n_skips: 3, ..bulk(votes(&[], 2)) }).state, State::Stuck);

        let vote = |person, origin, label, at| Vote {
            queue: None,
            origin,
            ..said(person, 0, 1, at, Said::Labels(vec![LabelId(label)]))
        };
        let keep = |_: Option<TaxonomyVersionId>, labels: &[LabelId]| Some(labels.to_vec());
        let said =
            [vote(1, Origin::Bulk, 7, 5), vote(2, Origin::Bulk, 8, 9), vote(3, Origin::Imported, 1, 1)];
        let (evidence, _) = gather(&said, RevisionId(1), keep);
        assert_eq!((evidence.bulk, evidence.votes), (Some(vec![LabelId(8)]), vec![vec![LabelId(1)]]));
    }

    #[test]
    fn several_skips_are_stuck() {
        let evidence = Evidence { n_skips: 3, ..votes(&[], 2) };
        assert_eq!(resolve(&evidence).state, State::Stuck);
        assert_eq!(resolve(&Evidence { n_skips: 2, ..votes(&[], 2) }).state, State::Unlabeled);
    }

    fn said(person: i64, queue: i64, number: i64, at: i64, said: Said) -> Vote {
        Vote {
            queue: Some(QueueId(queue)),
            person: PersonId(person),
            revision: RevisionId(1),
            number,
            said,
            version: None,
            origin: Origin::Queue,
            counted: true,
            at: Time(at),
        }
    }

    fn label(id: i64) -> Said {
        Said::Labels(vec![LabelId(id)])
    }

    fn heard(votes: &[Vote]) -> Vec<Vec<LabelId>> {
        gather(votes, RevisionId(1), |_, labels| Some(labels.to_vec())).0.votes
    }

    #[test]
    fn the_last_word_of_each_person_counts() {
        let first = said(1, 1, 1, 10, label(1));
        let corrected = said(1, 1, 2, 20, label(2));
        assert_eq!(heard(&[corrected.clone(), first.clone()]), [[LabelId(2)]]);
        assert_eq!(heard(&[first.clone(), said(1, 1, 2, 20, Said::Withdrawn)]), [[LabelId(0); 0]; 0]);
        // Another queue: the later one counts, and what was taken back there does not silence the first.
        assert_eq!(heard(&[first.clone(), said(1, 2, 1, 20, label(3))]), [[LabelId(3)]]);
        assert_eq!(heard(&[first.clone(), said(1, 2, 2, 20, Said::Withdrawn)]), [[LabelId(1)]]);
        let others = [
            Vote { counted: false, ..said(2, 1, 1, 5, label(9)) },
            Vote { revision: RevisionId(2), ..said(3, 1, 1, 5, label(9)) },
            Vote { origin: Origin::Machine, ..said(4, 1, 1, 5, label(9)) },
        ];
        assert_eq!(heard(&others), [[LabelId(0); 0]; 0]);
    }

    #[test]
    fn what_the_taxonomy_left_behind_is_told() {
        let (evidence, left) = gather(&[said(1, 1, 1, 1, label(1))], RevisionId(1), |_, _| None);
        assert_eq!((evidence.votes.len(), left), (0, 1));
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
