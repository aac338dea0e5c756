//! Answers that are sets of labels.

use super::alpha::{Scale, alpha};
use super::kappa::{Distance, pairwise};
use super::{PairKappa, Ratings, Undefined};
use crate::resample::{Bootstrap, Estimate};
use rustc_hash::FxHashMap;

/// Answers that are sets of labels, one for each (item, annotator); the empty set is an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct SetRatings {
    /// Values are indices into a list of sets, of which `sets` are those that are left.
    pub(super) ratings: Ratings,
    /// Distinct sets in ascending order, each ascending without repeats; one for each of the ratings' values.
    pub(super) sets: Vec<Vec<u32>>,
}

impl SetRatings {
    /// From (item, annotator, labels) rows; the order of labels and repeats among them say nothing. Of several rows of
    /// one pair the last wins.
    pub fn new<S: IntoIterator<Item = u32>>(rows: impl IntoIterator<Item = (u64, u64, S)>) -> Self {
        let rows: Vec<(u64, u64, Vec<u32>)> =
            rows.into_iter().map(|(item, annotator, labels)| (item, annotator, label_set(labels))).collect();
        // In order of the sets themselves, so that the order of rows changes no sum.
        let mut sets: Vec<Vec<u32>> = rows.iter().map(|row| row.2.clone()).collect();
        sets.sort_unstable();
        sets.dedup();
        let index = |set: &Vec<u32>| sets.binary_search(set).unwrap_or(0) as u32;
        let ratings = Ratings::from_labels(rows.iter().map(|(item, who, set)| (*item, *who, index(set))));
        // A set that only replaced rows held is no longer among the values.
        let kept: Vec<Vec<u32>> = ratings.values.iter().map(|v| sets[*v as usize].clone()).collect();
        Self { ratings, sets: kept }
    }

    /// The whole sets as values: [`percent`], nominal α and the others then compare them for equality alone.
    #[must_use]
    pub fn exact(&self) -> &Ratings {
        &self.ratings
    }

    /// One label as a yes-or-no question: value 1 where the set holds it, 0 where it does not.
    #[must_use]
    pub fn one_label(&self, label: u32) -> Ratings {
        let holds: Vec<u32> =
            self.sets.iter().map(|set| u32::from(set.binary_search(&label).is_ok())).collect();
        let rows = self.ratings.items().enumerate().flat_map(|(item, answers)| {
            let (holds, people) = (&holds, &self.ratings.people);
            answers.iter().map(move |&(who, set)| (item as u64, people[who as usize], holds[set as usize]))
        });
        let mut ratings = Ratings::from_labels(rows);
        ratings.dropped = self.ratings.dropped;
        ratings
    }

    /// Labels that stand in any answer, in ascending order.
    #[must_use]
    pub fn labels(&self) -> Vec<u32> {
        label_set(self.sets.iter().flatten().copied())
    }
}

fn label_set(labels: impl IntoIterator<Item = u32>) -> Vec<u32> {
    let mut set: Vec<u32> = labels.into_iter().collect();
    set.sort_unstable();
    set.dedup();
    set
}

/// Distance of two label sets by MASI (Passonneau 2006): 1 − Jaccard × monotonicity, where monotonicity is 1 for equal
/// sets, 2/3 where one holds the other, 1/3 where they overlap, 0 where they share nothing. Two empty sets are equal.
/// Both ascending without repeats.
#[must_use]
pub fn masi_distance(a: &[u32], b: &[u32]) -> f64 {
    if a == b {
        return 0.0;
    }
    let shared = a.iter().filter(|label| b.binary_search(label).is_ok()).count();
    if shared == 0 {
        return 1.0;
    }
    let monotonicity = if shared == a.len().min(b.len()) { 2.0 / 3.0 } else { 1.0 / 3.0 };
    1.0 - monotonicity * shared as f64 / (a.len() + b.len() - shared) as f64
}

/// Krippendorff's α over label sets with [`masi_distance`] (taken as it is, not squared, as Passonneau does): a
/// partly shared set is partly an agreement.
///
/// Costs a comparison for each pair of distinct sets that share a label, and an addition for each of them in every
/// resample; 24 bytes each.
///
/// # Errors
/// [`Undefined::NoPairs`]; [`Undefined::OneCategory`] where all pairable answers are one and the same set.
pub fn masi_alpha(ratings: &SetRatings, plan: &Bootstrap) -> Result<Estimate, Undefined> {
    let likeness = Likeness::of(&ratings.sets);
    alpha(&ratings.ratings.patterns(2), ratings.sets.len(), &Scale::Sets(&likeness), plan)
}

/// Cohen's κ, weighted by [`masi_distance`], of every two people who share an item: see
/// [`pairwise_kappa`](super::pairwise_kappa).
#[must_use]
pub fn masi_pairwise_kappa(ratings: &SetRatings, plan: &Bootstrap) -> Vec<PairKappa> {
    let likeness = Likeness::of(&ratings.sets);
    pairwise(&ratings.ratings, &Distance::Sets(&likeness), plan)
}

/// Which of the distinct sets share something, and how much.
pub(super) struct Likeness<'a> {
    sets: &'a [Vec<u32>],
    /// (lower index, higher index, 1 − distance) of those nearer than 1.
    near: Vec<(u32, u32, f64)>,
}

impl<'a> Likeness<'a> {
    pub(super) fn of(sets: &'a [Vec<u32>]) -> Self {
        // Only sets that share a label are nearer than 1: each set is compared with later ones that hold one of its
        // labels.
        let mut holding: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
        for (at, set) in sets.iter().enumerate() {
            for label in set {
                holding.entry(*label).or_default().push(at as u32);
            }
        }
        let mut near = Vec::new();
        let mut others: Vec<u32> = Vec::new();
        for (a, set) in sets.iter().enumerate() {
            others.clear();
            for label in set {
                let with = &holding[label];
                others.extend(&with[with.partition_point(|b| *b as usize <= a)..]);
            }
            others.sort_unstable();
            others.dedup();
            near.extend(others.iter().map(|&b| (a as u32, b, 1.0 - masi_distance(set, &sets[b as usize]))));
        }
        Self { sets, near }
    }

    pub(super) fn distance(&self, a: usize, b: usize) -> f64 {
        masi_distance(&self.sets[a], &self.sets[b])
    }

    /// Σ over all pairs of n_a · n_b · distance, for two counts of the sets.
    pub(super) fn chance(&self, first: &[f64], second: &[f64]) -> f64 {
        let all = first.iter().sum::<f64>() * second.iter().sum::<f64>();
        let same: f64 = first.iter().zip(second).map(|(a, b)| a * b).sum();
        let alike = |&(a, b, likeness): &(u32, u32, f64)| {
            let (a, b) = (a as usize, b as usize);
            likeness * (first[a] * second[b] + first[b] * second[a])
        };
        all - same - self.near.iter().map(alike).sum::<f64>()
    }
}
