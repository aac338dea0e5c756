//! Bootstrap intervals over items (Efron 1979): draw as many items as there are, with replacement, and look at the
//! statistic again.
//!
//! Items that look alike to a statistic are one *pattern*: a resample is then only a count for each pattern, and the
//! statistic is a sum over patterns, of which there are far fewer than items. Every resample has a generator of its
//! own, made from the seed and its number, so the result is the same to the bit on any number of threads.

use rand::{RngCore, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;
use thiserror::Error;

/// How many resamples, how wide an interval, and from which seed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bootstrap {
    resamples: usize,
    confidence: f64,
    seed: u64,
}

/// Why a [`Bootstrap`] was refused.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error("the confidence of an interval lies between 0 and 1, not at {0}")]
pub struct BadConfidence(pub f64);

impl Bootstrap {
    /// 2,000 resamples, a 95% interval: what the product shows everywhere.
    #[must_use]
    pub const fn seeded(seed: u64) -> Self {
        Self { resamples: 2_000, confidence: 0.95, seed }
    }

    /// No resample at all: the estimate's interval is its value.
    #[must_use]
    pub const fn none() -> Self {
        Self { resamples: 0, confidence: 0.95, seed: 0 }
    }

    /// Any number of resamples and any confidence strictly between 0 and 1.
    ///
    /// # Errors
    /// [`BadConfidence`] for anything else.
    pub fn new(resamples: usize, confidence: f64, seed: u64) -> Result<Self, BadConfidence> {
        if confidence > 0.0 && confidence < 1.0 {
            Ok(Self { resamples, confidence, seed })
        } else {
            Err(BadConfidence(confidence))
        }
    }
}

/// A statistic with its percentile interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The statistic on all items.
    pub value: f64,
    /// Lower end of the interval; the value itself where no resample was defined.
    pub low: f64,
    /// Upper end of the interval; the value itself where no resample was defined.
    pub high: f64,
    /// Items that the statistic could use, and from which resamples were drawn.
    pub n_items: usize,
    /// Resamples in which the statistic was defined: the interval rests on these. A resample of few items can hold a
    /// single label and say nothing; many such (this number far below what was asked) mean too few items.
    pub n_resamples: usize,
}

/// `statistic` on every resample, given how often each pattern was drawn. `of_item` names each item's pattern, all
/// below `n_patterns`.
pub(crate) fn resample<T: Send>(
    of_item: &[u32],
    n_patterns: usize,
    plan: &Bootstrap,
    statistic: impl Fn(&[u32]) -> T + Sync,
) -> Vec<T> {
    let Ok(n) = u32::try_from(of_item.len()) else { return Vec::new() };
    if n == 0 {
        return Vec::new();
    }
    let n = u64::from(n);
    (0..plan.resamples as u64)
        .into_par_iter()
        .map_init(
            || vec![0_u32; n_patterns],
            |weights, number| {
                weights.fill(0);
                let mut random = generator(plan.seed, number);
                let mut draw = |bits: u64| {
                    // Multiply and shift (Lemire 2019) without rejection: the bias is below n / 2³², far under the
                    // noise of 2,000 resamples.
                    let item = (bits * n) >> 32;
                    weights[of_item[item as usize] as usize] += 1;
                };
                for _ in 0..n / 2 {
                    let bits = random.next_u64();
                    draw(bits >> 32);
                    draw(bits & 0xFFFF_FFFF);
                }
                if n % 2 == 1 {
                    draw(random.next_u64() >> 32);
                }
                statistic(weights)
            },
        )
        .collect()
}

/// How often each pattern stands in the data itself.
pub(crate) fn weights(of_item: &[u32], n_patterns: usize) -> Vec<u32> {
    let mut weights = vec![0_u32; n_patterns];
    for &pattern in of_item {
        weights[pattern as usize] += 1;
    }
    weights
}

/// The percentile interval of what the resamples gave, around `value`.
pub(crate) fn estimate(
    value: f64,
    resampled: impl IntoIterator<Item = Option<f64>>,
    n_items: usize,
    plan: &Bootstrap,
) -> Estimate {
    let mut seen: Vec<f64> = resampled.into_iter().flatten().filter(|v| v.is_finite()).collect();
    seen.sort_unstable_by(f64::total_cmp);
    let tail = (1.0 - plan.confidence) / 2.0;
    Estimate {
        value,
        low: quantile(&seen, tail).unwrap_or(value),
        high: quantile(&seen, 1.0 - tail).unwrap_or(value),
        n_items,
        n_resamples: seen.len(),
    }
}

/// Quantile of sorted values by linear interpolation (Hyndman and Fan's type 7), `None` of nothing.
fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = q * last as f64;
    let below = (place.floor() as usize).min(last);
    let above = (below + 1).min(last);
    Some(sorted[below] + (place - below as f64) * (sorted[above] - sorted[below]))
}

fn generator(seed: u64, number: u64) -> Xoshiro256PlusPlus {
    // An odd multiplier keeps the numbers apart; `seed_from_u64` then spreads them by SplitMix64.
    Xoshiro256PlusPlus::seed_from_u64(seed ^ (number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate() {
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[3.0], 0.975), Some(3.0));
        assert_eq!(quantile(&[0.0, 1.0, 2.0, 3.0, 4.0], 0.625), Some(2.5));
        assert_eq!(quantile(&[0.0, 1.0], 1.0), Some(1.0));
    }

    #[test]
    fn every_resample_draws_as_many_items_as_there_are() {
        let of_item = [0, 1, 1, 2, 2];
        let plan = Bootstrap::new(500, 0.9, 7).unwrap();
        let drawn = resample(&of_item, 3, &plan, <[u32]>::to_vec);
        assert!(drawn.iter().all(|w| w.iter().sum::<u32>() == 5));
        let share = drawn.iter().map(|w| f64::from(w[0])).sum::<f64>() / 2_500.0;
        assert!((share - 0.2).abs() < 0.02, "{share}");
    }

    #[test]
    fn a_mean_gets_the_interval_that_theory_gives() {
        // 100 of 400 successes: 0.25 ± 1.96 · √(0.25 · 0.75 / 400) = 0.2076 … 0.2924.
        let of_item: Vec<u32> = (0..400).map(|i| u32::from(i < 100)).collect();
        let plan = Bootstrap::seeded(3);
        let means = resample(&of_item, 2, &plan, |w| Some(f64::from(w[1]) / 400.0));
        let got = estimate(0.25, means, 400, &plan);
        assert!((got.low - 0.2076).abs() < 0.006 && (got.high - 0.2924).abs() < 0.006, "{got:?}");
    }

    #[test]
    fn confidence_is_checked() {
        for bad in [0.0, 1.0, -0.1, f64::NAN, f64::INFINITY] {
            assert!(Bootstrap::new(1, bad, 0).is_err());
        }
    }
}
