//! From several answers to one: the majority, or what Dawid and Skene's model makes of who answers how.

mod dawid_skene;
mod each_label;
mod overlap;

pub use dawid_skene::{DawidSkene, DawidSkeneError, Fitted, People, Vote};
pub use each_label::{LabelVotes, SetVote};
pub use overlap::judged;

/// What the votes on one item come to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Majority<T> {
    /// Nobody has voted.
    NoVotes,
    /// One value has more votes than any other.
    Agreed {
        /// The value.
        value: T,
        /// How many voted for it.
        votes: usize,
        /// How many voted at all.
        of: usize,
    },
    /// Several values have the most votes: a conflict for a person to settle.
    Tie {
        /// These values, in ascending order.
        values: Vec<T>,
        /// How many voted for each of them.
        votes: usize,
        /// How many voted at all.
        of: usize,
    },
}

/// The value with the most votes (plurality: two of four will do where the other two differ). Ties are never broken.
pub fn majority<T: Ord + Clone>(votes: &[T]) -> Majority<T> {
    let mut sorted: Vec<&T> = votes.iter().collect();
    sorted.sort_unstable();
    let runs: Vec<(&T, usize)> = sorted.chunk_by(|a, b| a == b).map(|run| (run[0], run.len())).collect();
    let most = runs.iter().map(|run| run.1).max().unwrap_or(0);
    let mut first: Vec<T> = runs.iter().filter(|run| run.1 == most).map(|run| run.0.clone()).collect();
    let of = votes.len();
    match (first.pop(), first.is_empty()) {
        (None, _) => Majority::NoVotes,
        (Some(value), true) => Majority::Agreed { value, votes: most, of },
        (Some(last), false) => {
            first.push(last);
            Majority::Tie { values: first, votes: most, of }
        }
    }
}

/// The label set with the most votes, sets compared as wholes: {a} and {a, b} are two different answers, and the empty
/// set is one too. Order and repeats within a set say nothing.
pub fn majority_sets<S: AsRef<[u32]>>(votes: &[S]) -> Majority<Vec<u32>> {
    majority(&votes.iter().map(|set| ascending(set.as_ref())).collect::<Vec<_>>())
}

/// What label-by-label votes on one item come to: each label is a yes-or-no question of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct EachLabel {
    /// Labels that more than half of the voters gave, in ascending order.
    pub agreed: Vec<u32>,
    /// Labels that exactly half of the voters gave: conflicts.
    pub tied: Vec<u32>,
    /// Voters.
    pub of: usize,
}

/// The labels that more than half of the voters gave: gentler than [`majority_sets`], but the result can be a set that
/// nobody gave.
pub fn majority_each<S: AsRef<[u32]>>(votes: &[S]) -> EachLabel {
    let mut labels: Vec<u32> = votes.iter().flat_map(|set| ascending(set.as_ref())).collect();
    labels.sort_unstable();
    let mut result = EachLabel { of: votes.len(), ..EachLabel::default() };
    for run in labels.chunk_by(|a, b| a == b) {
        match (2 * run.len()).cmp(&votes.len()) {
            std::cmp::Ordering::Greater => result.agreed.push(run[0]),
            std::cmp::Ordering::Equal => result.tied.push(run[0]),
            std::cmp::Ordering::Less => {}
        }
    }
    result
}

fn ascending(set: &[u32]) -> Vec<u32> {
    let mut set = set.to_vec();
    set.sort_unstable();
    set.dedup();
    set
}

#[cfg(test)]
mod tests;
