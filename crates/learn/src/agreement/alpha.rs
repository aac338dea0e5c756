//! Krippendorff's α.

use super::masi::Likeness;
use super::ratings::Patterns;
use super::{Ratings, Undefined, estimate_around, square};
use crate::resample::{Bootstrap, Estimate, LEAST_ITEMS, NoInterval, estimate, resample, weights};
use rayon::prelude::*;

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
/// The interval is over items. 2,000 resamples cost about one addition an item each, then O(values) a resample. `Ratio`
/// asks for the distance of every two values: with up to some hundred of them in every resample, beyond once. The
/// expected disagreement of a resample is then taken to first order around the data, with the second order at its mean.
/// What is left out is by 1/√n smaller than what the interval is about: its ends move in the third digit at most.
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
    per_label(&ratings.patterns(2), ratings.values.len(), plan)
}

/// Where an answer may hold several labels, each is a question of its own: an answer holds it or not.
pub(super) fn per_label(
    patterns: &Patterns,
    n_labels: usize,
    plan: &Bootstrap,
) -> Vec<Result<Estimate, Undefined>> {
    if patterns.len() == 0 {
        return vec![Err(Undefined::NoPairs); n_labels];
    }
    let data = weights(&patterns.of_item, patterns.len());
    let mut held_by = vec![0_usize; n_labels];
    for (p, &weight) in data.iter().enumerate() {
        patterns.cells(p).iter().for_each(|cell| held_by[cell.0 as usize] += weight as usize);
    }
    // Rare labels get no interval: of tens of thousands of labels most are rare.
    let common: Vec<u32> = (0..n_labels as u32).filter(|l| held_by[*l as usize] >= LEAST_ITEMS).collect();
    let of_label = |apart: f64, total: f64, n: f64| {
        let chance = 2.0 * total * (n - total);
        if chance > 0.0 { 1.0 - (n - 1.0) * apart / chance } else { f64::NAN }
    };
    let sums = |weights: &[u32]| {
        let (mut apart, mut totals, mut n) = (vec![0.0; n_labels], vec![0.0; n_labels], 0.0);
        for (p, &weight) in weights.iter().enumerate().filter(|(_, w)| **w > 0) {
            let (weight, size) = (f64::from(weight), patterns.sizes[p]);
            n += weight * size;
            for &(label, count) in patterns.cells(p) {
                apart[label as usize] += weight * 2.0 * count * (size - count) / (size - 1.0);
                totals[label as usize] += weight * count;
            }
        }
        (apart, totals, n)
    };
    let again: Vec<Vec<f64>> = resample(&patterns.of_item, patterns.len(), plan, |weights| {
        let (apart, totals, n) = sums(weights);
        common.iter().map(|l| of_label(apart[*l as usize], totals[*l as usize], n)).collect()
    });
    let (apart, totals, n) = sums(&data);
    let one = |label: usize| {
        let value = of_label(apart[label], totals[label], n);
        if value.is_nan() {
            return Err(Undefined::OneCategory);
        }
        let n_items = patterns.of_item.len();
        Ok(match common.binary_search(&(label as u32)) {
            Ok(at) => estimate(value, again.iter().map(|row| Some(row[at])), n_items, plan),
            Err(_) => {
                let few = NoInterval::FewHold { n_items: held_by[label] };
                let interval = Err(if plan.resamples() == 0 { NoInterval::NotAsked } else { few });
                Estimate { value, interval, n_items, n_resamples: 0 }
            }
        })
    };
    (0..n_labels).map(one).collect()
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
    let data = weights(&patterns.of_item, patterns.len());
    let pairs = Pairs::of(scale, patterns, n_values, &data, &fixed, plan);
    let statistic = |weights: &[u32], sample: Sample| {
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
                (patterns.apart_by(weights, &ranks), spread(&totals, &ranks))
            }
            Scale::Interval(values) => (sum(&fixed), spread(&totals, values)),
            Scale::Ratio(_) | Scale::Sets(_) => (sum(&fixed), pairs.chance(&totals, weights, sample)),
        };
        let value = 1.0 - (n - 1.0) * observed / chance;
        if value.is_finite() { Ok(value) } else { Err(Undefined::OutOfRange) }
    };
    let value = if data.is_empty() { Err(Undefined::NoPairs) } else { statistic(&data, Sample::Data) };
    estimate_around(value, &patterns.of_item, patterns.len(), plan, |weights| {
        statistic(weights, Sample::Drawn)
    })
}

#[derive(Clone, Copy, PartialEq)]
enum Sample {
    Data,
    Drawn,
}

/// Σ over ordered pairs of values of n_a · n_b · distance, where only a look at every pair tells.
enum Pairs<'a> {
    /// Not needed.
    None,
    Ratio(&'a [f64]),
    /// All pairs are 1 apart, but for these (lower index, higher index, 1 − distance) and each with itself.
    Near(Vec<(u32, u32, f64)>),
    /// To first order around the data: each pattern's slope, the sum in the data, and the mean of the second order.
    Tangent {
        slopes: Vec<f64>,
        at: f64,
        curve: f64,
    },
}

/// Pairs of values times resamples that are summed one by one.
const EXACTLY: usize = 1 << 30;

impl<'a> Pairs<'a> {
    fn of(
        scale: &Scale<'a>,
        patterns: &Patterns,
        n_values: usize,
        data: &[u32],
        fixed: &[f64],
        plan: &Bootstrap,
    ) -> Self {
        let is_exact = n_values * n_values <= EXACTLY / plan.resamples().max(1);
        match scale {
            Scale::Nominal | Scale::Ordinal | Scale::Interval(_) => return Pairs::None,
            Scale::Ratio(values) if is_exact => return Pairs::Ratio(values),
            Scale::Sets(likeness) if is_exact => return Pairs::Near(likeness.near()),
            Scale::Ratio(_) | Scale::Sets(_) => {}
        }
        let totals = patterns.totals(data, n_values);
        let to_all: Vec<f64> = match scale {
            Scale::Sets(likeness) => {
                let n: f64 = totals.iter().sum();
                likeness.to_all(&totals).into_iter().map(|like| n - like).collect()
            }
            Scale::Ratio(values) => {
                let row = |a: &f64| values.iter().zip(&totals).map(|(b, t)| t * ratio_or_0(*a, *b)).sum();
                values.par_iter().map(row).collect()
            }
            _ => Vec::new(),
        };
        let slope = |p: usize| patterns.cells(p).iter().map(|(v, n)| 2.0 * n * to_all[*v as usize]).sum();
        let at: f64 = totals.iter().zip(&to_all).map(|(total, to_all)| total * to_all).sum();
        // Items are drawn independently: of the second order only an item with itself has a mean.
        let with_itself = |p: usize| f64::from(data[p]) * fixed[p] * (patterns.sizes[p] - 1.0);
        let within: f64 = (0..patterns.len()).map(with_itself).sum();
        Pairs::Tangent {
            slopes: (0..patterns.len()).map(slope).collect(),
            at,
            curve: within - at / patterns.of_item.len().max(1) as f64,
        }
    }

    fn chance(&self, totals: &[f64], weights: &[u32], sample: Sample) -> f64 {
        match self {
            Pairs::None => f64::NAN,
            Pairs::Ratio(values) => {
                let row = |a: usize| -> f64 {
                    (0..a).map(|b| totals[a] * totals[b] * ratio(values[a], values[b])).sum()
                };
                2.0 * (0..values.len()).filter(|a| totals[*a] > 0.0).map(row).sum::<f64>()
            }
            Pairs::Near(near) => {
                let n: f64 = totals.iter().sum();
                let same: f64 = totals.iter().map(|t| t * t).sum();
                let like = |&(a, b, likeness): &(u32, u32, f64)| {
                    2.0 * likeness * totals[a as usize] * totals[b as usize]
                };
                n * n - same - near.iter().map(like).sum::<f64>()
            }
            Pairs::Tangent { slopes, at, curve } => {
                let sum: f64 = weights.iter().zip(slopes).map(|(&w, s)| f64::from(w) * s).sum();
                sum - at + if sample == Sample::Drawn { *curve } else { 0.0 }
            }
        }
    }
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

    /// The sum of all weighted patterns' [`Patterns::disagreements`], where the distance is the square of the difference
    /// of `x`: within a pattern Σ n_a n_b (x_a − x_b)² = 2 (Σ n_a · Σ n_a x_a² − (Σ n_a x_a)²), in one pass.
    fn apart_by(&self, weights: &[u32], x: &[f64]) -> f64 {
        let of = |(p, &weight): (usize, &u32)| {
            let cells = self.cells(p);
            let Some(first) = cells.first().map(|cell| x[cell.0 as usize]) else { return 0.0 };
            let (mut sum, mut squares) = (0.0, 0.0);
            for &(value, n) in cells {
                // From one of them, so that nothing is lost where all lie close together.
                let x = x[value as usize] - first;
                sum += n * x;
                squares += n * x * x;
            }
            f64::from(weight) * 2.0 * (self.sizes[p] * squares - sum * sum) / (self.sizes[p] - 1.0)
        };
        weights.iter().enumerate().filter(|(_, w)| **w > 0).map(of).sum()
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

fn ratio_or_0(a: f64, b: f64) -> f64 {
    if a == b { 0.0 } else { ratio(a, b) }
}

pub(super) fn ratio(a: f64, b: f64) -> f64 {
    // Both are from 0 up and differ, so the sum is positive.
    square((a - b) / (a + b))
}
