//! Answers that are sets of labels.

use super::alpha::{Scale, alpha, per_label};
use super::distance::Distance;
use super::masi::Likeness;
use super::pairs::{PairKappa, pairwise};
use super::{Ratings, Undefined};
use crate::resample::{Bootstrap, Estimate};

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
