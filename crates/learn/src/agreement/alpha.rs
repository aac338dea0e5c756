//! Krippendorff's α.

use super::ratings::Patterns;
use super::sets::Likeness;
use super::{Ratings, Undefined, square};
use crate::resample::{Bootstrap, Estimate, estimate, resample, weights};

/// How far two values are apart for [`krippendorff_alpha`] (squared differences, Krippendorff 2011, section E).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Metric {
    /// Equal or not.
    Nominal,
    /// Ranks: apart by the answers that lie between, half of those at both ends included.
    Ordinal,
    /// The square of the difference.
    Interval,
    /// The square of the difference over the sum; values from 0 up.
    Ratio,
}

/// Krippendorff's α (Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability"): 1 − observed over expected
/// disagreement, with any answers missing. Items with fewer than two answers hold no pair and are left out.
///
/// The interval is over items. 2,000 resamples cost about one addition an item each, then O(values) (`Ratio`:
/// O(values²)) a resample.
///
/// # Errors
/// [`Undefined::NoPairs`]; [`Undefined::OneCategory`] where all pairable answers are one value;
/// [`Undefined::NegativeRatio`]; [`Undefined::OutOfRange`].
pub fn krippendorff_alpha(
    ratings: &Ratings,
    metric: Metric,
    plan: &Bootstrap,
) -> Result<Estimate, Undefined> {
    let scale = match metric {
        Metric::Nominal => Scale::Nominal,
        Metric::Ordinal => Scale::Ordinal,
        Metric::Interval => Scale::Interval(&ratings.values),
        Metric::Ratio if ratings.values.first().is_some_and(|least| *least < 0.0) => {
            return Err(Undefined::NegativeRatio);
        }
        Metric::Ratio => Scale::Ratio(&ratings.values),
    };
    alpha(&ratings.patterns(2), ratings.values.len(), &scale, plan)
}

/// Nominal α of every label against the rest, in the order of [`Ratings::values`]: which labels do people understand
/// alike? All labels share the same resamples, so their intervals can be compared.
///
/// An entry is [`Undefined::OneCategory`] where a label stands in no pairable answer, or in all of them.
#[must_use]
pub fn alpha_per_label(ratings: &Ratings, plan: &Bootstrap) -> Vec<Result<Estimate, Undefined>> {
    let n_values = ratings.values.len();
    let patterns = ratings.patterns(2);
    if patterns.len() == 0 {
        return vec![Err(Undefined::NoPairs); n_values];
    }
    let all = |weights: &[u32]| -> Vec<Option<f64>> {
        let mut apart = vec![0.0; n_values];
        let mut totals = vec![0.0; n_values];
        let mut n = 0.0;
        for (p, &weight) in weights.iter().enumerate().filter(|(_, w)| **w > 0) {
            let (weight, size) = (f64::from(weight), patterns.sizes[p]);
            n += weight * size;
            for &(value, count) in patterns.cells(p) {
                apart[value as usize] += weight * 2.0 * count * (size - count) / (size - 1.0);
                totals[value as usize] += weight * count;
            }
        }
        let one = |v: usize| {
            let chance = 2.0 * totals[v] * (n - totals[v]);
            (chance > 0.0).then(|| 1.0 - (n - 1.0) * apart[v] / chance)
        };
        (0..n_values).map(one).collect()
    };
    let values = all(&weights(&patterns.of_item, patterns.len()));
    let again = resample(&patterns.of_item, patterns.len(), plan, all);
    let one = |(v, value): (usize, Option<f64>)| {
        let value = value.ok_or(Undefined::OneCategory)?;
        Ok(estimate(value, again.iter().map(|row| row[v]), patterns.of_item.len(), plan))
    };
    values.into_iter().enumerate().map(one).collect()
}

/// How values are apart, and what that costs to sum.
pub(super) enum Scale<'a> {
    Nominal,
    Ordinal,
    Interval(&'a [f64]),
    Ratio(&'a [f64]),
    Sets(&'a Likeness<'a>),
}

/// α for any scale.
pub(super) fn alpha(
    patterns: &Patterns,
    n_values: usize,
    scale: &Scale,
    plan: &Bootstrap,
) -> Result<Estimate, Undefined> {
    // Only ordinal distances depend on the sample; all others are summed once for each pattern.
    let fixed = patterns.disagreements(|a, b| match scale {
        Scale::Nominal | Scale::Ordinal => 1.0,
        Scale::Interval(values) => square(values[a as usize] - values[b as usize]),
        Scale::Ratio(values) => ratio(values[a as usize], values[b as usize]),
        Scale::Sets(likeness) => likeness.distance(a as usize, b as usize),
    });
    patterns.estimate(plan, |weights| {
        let totals = patterns.totals(weights, n_values);
        if totals.iter().filter(|total| **total > 0.0).count() < 2 {
            return Err(Undefined::OneCategory);
        }
        let n: f64 = totals.iter().sum();
        let sum = |each: &[f64]| weights.iter().zip(each).map(|(&w, d)| f64::from(w) * d).sum::<f64>();
        let (observed, chance) = match scale {
            Scale::Nominal => (sum(&fixed), n * n - totals.iter().map(|t| t * t).sum::<f64>()),
            Scale::Ordinal => {
                let ranks = middle_ranks(&totals);
                let apart = patterns.disagreements(|a, b| square(ranks[a as usize] - ranks[b as usize]));
                (sum(&apart), spread(&totals, &ranks))
            }
            Scale::Interval(values) => (sum(&fixed), spread(&totals, values)),
            Scale::Ratio(values) => {
                let row = |a: usize| -> f64 {
                    (0..a).map(|b| totals[a] * totals[b] * ratio(values[a], values[b])).sum()
                };
                (sum(&fixed), 2.0 * (0..n_values).filter(|a| totals[*a] > 0.0).map(row).sum::<f64>())
            }
            Scale::Sets(likeness) => (sum(&fixed), likeness.chance(&totals, &totals)),
        };
        let value = 1.0 - (n - 1.0) * observed / chance;
        if value.is_finite() { Ok(value) } else { Err(Undefined::OutOfRange) }
    })
}

impl Patterns {
    /// Each pattern's sum of distances over ordered pairs of its answers, over one less than its answers: its share
    /// of the coincidence matrix, weighed by distance. `distance` is asked with the lower index first.
    pub(super) fn disagreements(&self, distance: impl Fn(u32, u32) -> f64) -> Vec<f64> {
        let of = |p: usize| {
            let cells = self.cells(p);
            let mut sum = 0.0;
            for (at, &(a, n_a)) in cells.iter().enumerate() {
                for &(b, n_b) in &cells[at + 1..] {
                    sum += 2.0 * n_a * n_b * distance(a, b);
                }
            }
            sum / (self.sizes[p] - 1.0)
        };
        (0..self.len()).map(of).collect()
    }
}

/// Σ over ordered pairs of n_a · n_b · (x_a − x_b)² = 2 n Σ n_a (x_a − x̄)².
fn spread(totals: &[f64], x: &[f64]) -> f64 {
    let n: f64 = totals.iter().sum();
    let centre = totals.iter().zip(x).map(|(t, x)| t * x).sum::<f64>() / n;
    2.0 * n * totals.iter().zip(x).map(|(t, x)| t * square(x - centre)).sum::<f64>()
}

/// Krippendorff's ordinal distance is the difference of these: answers below, and half of those that are equal.
fn middle_ranks(totals: &[f64]) -> Vec<f64> {
    let mut below = 0.0;
    let middle = |&total: &f64| {
        let rank = below + total / 2.0;
        below += total;
        rank
    };
    totals.iter().map(middle).collect()
}

pub(super) fn ratio(a: f64, b: f64) -> f64 {
    // Both are from 0 up and differ, so the sum is positive.
    square((a - b) / (a + b))
}
