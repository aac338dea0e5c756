//! Do people who answer the same item say the same, more than chance would have it?
//!
//! Every statistic takes a long table of answers, at most one for each (item, annotator), with any answers missing,
//! and gives an [`Estimate`] with an interval over items, or says why it has no value.

mod alpha;
mod compared;
mod distance;
mod gwet;
mod kappa;
mod masi;
mod pairs;
mod people;
mod ratings;
mod sets;

pub use alpha::{Metric, alpha_per_label, krippendorff_alpha};
pub use distance::Weights;
pub use gwet::{gwet_ac1, gwet_ac2};
pub use kappa::{cohen_kappa, fleiss_kappa, multi_pi, scott_pi};
pub use masi::masi_distance;
pub use pairs::{MeanKappa, PairKappa, pairwise_kappa};
pub use people::{AgainstOthers, against_others, masi_against_others};
pub use ratings::{NotFinite, Ratings};
pub use sets::{SetRatings, masi_alpha, masi_pairwise_kappa, set_alpha_per_label};

use crate::resample::{Bootstrap, Estimate, estimate, resample, weights};
use thiserror::Error;

/// Why an agreement statistic has no value on these answers. Not an error of the caller's: a new queue looks like this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum Undefined {
    /// No item has two answers to compare.
    #[error("no item has answers of two people yet")]
    NoPairs,
    /// Chance alone would give full agreement, so that nothing can be said beyond it.
    #[error("everyone gave the same single answer to every item, so agreement beyond chance can't be told")]
    OneCategory,
    /// A ratio scale has a true zero and nothing below it.
    #[error("a ratio scale holds no negative values")]
    NegativeRatio,
    /// Values so far apart that their squares are beyond a 64-bit float.
    #[error("the values are too large to be squared")]
    OutOfRange,
}

/// Percent agreement: the share of agreeing pairs of answers within an item, averaged over items with two answers or
/// more (P̄ of Fleiss 1971). Between 0 and 1; says nothing about chance.
///
/// # Errors
/// [`Undefined::NoPairs`].
pub fn percent(ratings: &Ratings, plan: &Bootstrap) -> Result<Estimate, Undefined> {
    let patterns = ratings.patterns(2);
    let agreeing = patterns.agreeing();
    patterns.estimate(plan, |weights| mean(weights, &agreeing).ok_or(Undefined::NoPairs))
}

fn estimate_over(
    of_item: &[u32],
    n_patterns: usize,
    plan: &Bootstrap,
    statistic: impl Fn(&[u32]) -> Result<f64, Undefined> + Sync,
) -> Result<Estimate, Undefined> {
    if of_item.is_empty() {
        return Err(Undefined::NoPairs);
    }
    let value = statistic(&weights(of_item, n_patterns));
    estimate_around(value, of_item, n_patterns, plan, statistic)
}

/// [`estimate_over`] where the value is known.
fn estimate_around(
    value: Result<f64, Undefined>,
    of_item: &[u32],
    n_patterns: usize,
    plan: &Bootstrap,
    statistic: impl Fn(&[u32]) -> Result<f64, Undefined> + Sync,
) -> Result<Estimate, Undefined> {
    let value = value?;
    if !value.is_finite() {
        return Err(Undefined::OutOfRange);
    }
    let again = resample(of_item, n_patterns, plan, |weights| statistic(weights).ok());
    Ok(estimate(value, again, of_item.len(), plan))
}

fn mean(weights: &[u32], each: &[f64]) -> Option<f64> {
    let n: f64 = weights.iter().map(|&w| f64::from(w)).sum();
    (n > 0.0).then(|| weights.iter().zip(each).map(|(&w, x)| f64::from(w) * x).sum::<f64>() / n)
}

fn square(x: f64) -> f64 {
    x * x
}

#[cfg(test)]
mod tests;
