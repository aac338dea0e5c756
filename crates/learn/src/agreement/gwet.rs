//! Gwet's AC1 and AC2.

use super::distance::Distance;
use super::ratings::Patterns;
use super::{Ratings, Undefined, Weights};
use crate::resample::{Bootstrap, Estimate};

/// Gwet's AC1 (2008, "Computing inter-rater reliability and its variance in the presence of high agreement") for any
/// number of annotators with missing answers: agreement beyond that of answers which are guesses, hardly moved by rare
/// labels (where κ and α fall although people agree).
///
/// `n_labels` is the number of labels that could be chosen; where more were used, those count. Label shares rest on all
/// items, agreement on those with two answers or more.
///
/// # Errors
/// [`Undefined::NoPairs`]; [`Undefined::OneCategory`] where there is only one label to choose.
pub fn gwet_ac1(ratings: &Ratings, n_labels: usize, plan: &Bootstrap) -> Result<Estimate, Undefined> {
    let n_labels = n_labels.max(ratings.values().len());
    let patterns = ratings.patterns(1);
    // Of the weights of all pairs of labels only those of equal ones are not 0.
    gwet(&patterns, &patterns.agreeing(), ratings.values().len(), n_labels, n_labels as f64, plan)
}

/// Gwet's AC2 (2014, "Handbook of Inter-Rater Reliability", 4th edition): AC1 where being near is partly an agreement.
/// The weight of two values is 1 − their distance over the largest distance of the scale, linear or quadratic in the
/// values themselves: give ranks for equal steps. [`Weights::Nominal`] gives AC1.
///
/// `scale` are the values that could be chosen, in any order; those that were used are added to it.
///
/// # Errors
/// [`Undefined::NoPairs`]; [`Undefined::OneCategory`] where the scale is a single value; [`Undefined::OutOfRange`].
pub fn gwet_ac2(
    ratings: &Ratings,
    scale: &[f64],
    weighing: Weights,
    plan: &Bootstrap,
) -> Result<Estimate, Undefined> {
    let used = ratings.values();
    let mut scale: Vec<f64> =
        scale.iter().filter(|x| x.is_finite()).map(|x| x + 0.0).chain(used.iter().copied()).collect();
    scale.sort_unstable_by(f64::total_cmp);
    scale.dedup();
    let q = scale.len();
    let patterns = ratings.patterns(1);
    let all = Distance::new(weighing, &scale);
    let largest = if q < 2 { 1.0 } else { all.of(0, q - 1) };
    let all_weights = (q * q) as f64 - all.of_all(q) / largest;
    let distance = Distance::new(weighing, used);
    let agreeing: Vec<f64> = patterns
        .disagreements(|a, b| distance.of(a as usize, b as usize) / largest)
        .into_iter()
        .zip(&patterns.sizes)
        .map(|(apart, size)| 1.0 - apart / size)
        .collect();
    gwet(&patterns, &agreeing, used.len(), q, all_weights, plan)
}

/// `agreeing` is each pattern's share of agreement, `all_weights` the sum of the weights of all pairs of `n_labels`.
fn gwet(
    patterns: &Patterns,
    agreeing: &[f64],
    n_used: usize,
    n_labels: usize,
    all_weights: f64,
    plan: &Bootstrap,
) -> Result<Estimate, Undefined> {
    let q = n_labels as f64;
    patterns.estimate(plan, |weights| {
        let (mut n, mut n_pairs, mut same) = (0.0, 0.0, 0.0);
        let mut shares = vec![0.0; n_used];
        for (p, &weight) in weights.iter().enumerate().filter(|(_, w)| **w > 0) {
            let (weight, size) = (f64::from(weight), patterns.sizes[p]);
            n += weight;
            for &(value, count) in patterns.cells(p) {
                shares[value as usize] += weight * count / size;
            }
            if size > 1.0 {
                n_pairs += weight;
                same += weight * agreeing[p];
            }
        }
        if n_pairs == 0.0 {
            return Err(Undefined::NoPairs);
        }
        if n_labels < 2 {
            return Err(Undefined::OneCategory);
        }
        let guesses: f64 = shares.iter().map(|s| s / n * (1.0 - s / n)).sum();
        let chance = all_weights * guesses / (q * (q - 1.0));
        let value = (same / n_pairs - chance) / (1.0 - chance);
        if value.is_finite() { Ok(value) } else { Err(Undefined::OutOfRange) }
    })
}
