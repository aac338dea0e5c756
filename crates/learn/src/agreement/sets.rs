//! Answers that are sets of labels.

use super::alpha::{Scale, alpha, per_label};
use super::distance::Distance;
use super::pairs::{PairKappa, pairwise};
use super::{Ratings, Undefined};
use crate::resample::{Bootstrap, Estimate};
use rayon::prelude::*;
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
    1.0 - likeness(shared, a.len(), b.len())
}

/// 1 − [`masi_distance`] of two different sets by how many labels they share and how many each has.
fn likeness(shared: usize, a: usize, b: usize) -> f64 {
    if shared == 0 {
        return 0.0;
    }
    let monotonicity = if shared == a.min(b) { 2.0 / 3.0 } else { 1.0 / 3.0 };
    monotonicity * shared as f64 / (a + b - shared) as f64
}

/// Krippendorff's α over label sets with [`masi_distance`] (taken as it is, not squared, as Passonneau does): a
/// partly shared set is partly an agreement.
///
/// Costs a comparison for each pair of distinct sets that share a label. With a few hundred distinct sets each of these is
/// added up in every resample; beyond, see [`krippendorff_alpha`](super::krippendorff_alpha).
///
/// # Errors
/// [`Undefined::NoPairs`]; [`Undefined::OneCategory`] where all pairable answers are one and the same set.
pub fn masi_alpha(ratings: &SetRatings, plan: &Bootstrap) -> Result<Estimate, Undefined> {
    let likeness = Likeness::of(&ratings.sets);
    alpha(&ratings.ratings.patterns(2), ratings.sets.len(), &Scale::Sets(&likeness), plan)
}

/// Cohen's κ of every two people who share an item: plain on whole sets, and weighted by [`masi_distance`]. See
/// [`pairwise_kappa`](super::pairwise_kappa).
pub fn masi_pairwise_kappa(ratings: &SetRatings, plan: &Bootstrap, done: impl Fn() + Sync) -> Vec<PairKappa> {
    let likeness = Likeness::of(&ratings.sets);
    pairwise(&ratings.ratings, Some(&Distance::Sets(&likeness)), plan, done)
}

/// Nominal α of each label as a yes-or-no question, in the order of [`SetRatings::labels`]: see
/// [`alpha_per_label`](super::alpha_per_label).
#[must_use]
pub fn set_alpha_per_label(ratings: &SetRatings, plan: &Bootstrap) -> Vec<Result<Estimate, Undefined>> {
    let labels = ratings.labels();
    let place = |label: &u32| labels.partition_point(|l| l < label) as u32;
    let held: Vec<Vec<u32>> = ratings.sets.iter().map(|set| set.iter().map(place).collect()).collect();
    per_label(&ratings.ratings.patterns(2).of_parts(&held), labels.len(), plan)
}

/// Which of the distinct sets share something, and how much.
pub(super) struct Likeness<'a> {
    sets: &'a [Vec<u32>],
    /// The sets that hold each label, ascending.
    holding: FxHashMap<u32, Vec<u32>>,
}

impl<'a> Likeness<'a> {
    pub(super) fn of(sets: &'a [Vec<u32>]) -> Self {
        let mut holding: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
        for (at, set) in sets.iter().enumerate() {
            for label in set {
                holding.entry(*label).or_default().push(at as u32);
            }
        }
        Self { sets, holding }
    }

    pub(super) fn distance(&self, a: usize, b: usize) -> f64 {
        masi_distance(&self.sets[a], &self.sets[b])
    }

    /// (Lower index, higher index, 1 − distance) of those nearer than 1.
    pub(super) fn near(&self) -> Vec<(u32, u32, f64)> {
        let mut near = Vec::new();
        let mut n_shared = vec![0_u32; self.sets.len()];
        for a in 0..self.sets.len() {
            self.each_like(a, &mut n_shared, |b, likeness| {
                if b > a {
                    near.push((a as u32, b as u32, likeness));
                }
            });
        }
        near
    }

    /// Σ over all sets of their likeness to each set, times how often they stand there.
    pub(super) fn to_all(&self, totals: &[f64]) -> Vec<f64> {
        let n_sets = self.sets.len();
        (0..n_sets)
            .into_par_iter()
            .map_init(
                || vec![0_u32; n_sets],
                |n_shared, a| {
                    let mut sum = totals[a];
                    self.each_like(a, n_shared, |b, likeness| sum += likeness * totals[b]);
                    sum
                },
            )
            .collect()
    }

    /// The other sets that share a label with the one at `a`. `n_shared` is all 0 before and after.
    fn each_like(&self, a: usize, n_shared: &mut [u32], mut like: impl FnMut(usize, f64)) {
        let mut others: Vec<u32> = Vec::new();
        for label in &self.sets[a] {
            for b in &self.holding[label] {
                if n_shared[*b as usize] == 0 {
                    others.push(*b);
                }
                n_shared[*b as usize] += 1;
            }
        }
        for b in others {
            let b = b as usize;
            let shared = std::mem::take(&mut n_shared[b]) as usize;
            if b != a {
                like(b, likeness(shared, self.sets[a].len(), self.sets[b].len()));
            }
        }
    }
}
