//! Bootstrap intervals over items (Efron 1979): draw as many items as there are, with replacement, and look at the
//! statistic again.
//!
//! Items that look alike to a statistic are one *pattern*: a resample is then only a count for each pattern, and the
//! statistic is a sum over patterns, of which there are far fewer than items. Where many small samples are resampled
//! with the same plan, [`Draws`] holds the counts of all resamples side by side, once for all samples of a size. Every
//! resample has a generator of its own, made from the seed and its number, so the result is the same to the bit on any
//! number of threads.

mod draws;

pub(crate) use draws::{Drawing, Draws};

use crate::proportion::Interval;
use rand::{RngCore, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;
use thiserror::Error;

/// Items that an interval rests on at least. Fewer can be drawn in so few ways that their resamples say nothing of
/// other items.
pub const LEAST_ITEMS: usize = 5;

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

    /// No resample at all, and no interval.
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

    pub(crate) fn resamples(&self) -> usize {
        self.resamples
    }
}

/// A statistic with its percentile interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The statistic on all items.
    pub value: f64,
    /// Where it lies, or why that can't be told.
    pub interval: Result<Interval, NoInterval>,
    /// Items that the statistic could use, and from which resamples were drawn.
    pub n_items: usize,
    /// Resamples in which the statistic had a value. A resample of few items can hold a single label and say nothing.
    pub n_resamples: usize,
}

/// Why an estimate has no interval: one of no width would look like certainty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum NoInterval {
    /// The plan has no resamples.
    #[error("no resamples were asked for")]
    NotAsked,
    /// Fewer items than [`LEAST_ITEMS`].
    #[error("an interval needs {LEAST_ITEMS} items, and there are {n_items}")]
    FewItems {
        /// How many there are.
        n_items: usize,
    },
    /// A label that fewer items than [`LEAST_ITEMS`] hold.
    #[error("an interval needs {LEAST_ITEMS} items with this label, and there are {n_items}")]
    FewHold {
        /// How many there are.
        n_items: usize,
    },
    /// Both ends of an interval need a resample beyond them.
    #[error("an interval needs {least} resamples, and {asked} were asked for")]
    FewAsked {
        /// How many the confidence needs.
        least: usize,
        /// How many were asked for.
        asked: usize,
    },
    /// More resamples say nothing than may lie outside of the interval.
    #[error("only {usable} of {asked} resamples have a value: too few items differ")]
    FewUsable {
        /// Resamples with a value.
        usable: usize,
        /// How many were asked for.
        asked: usize,
    },
    /// All resamples have one and the same value, as where all answers agree.
    #[error("all resamples have the same value, so they don't say how sure it is")]
    Unmoved,
}

impl Estimate {
    /// The lower end of the interval, if there is one.
    #[must_use]
    pub fn low(&self) -> Option<f64> {
        self.interval.ok().map(|interval| interval.low)
    }

    /// The upper end of the interval, if there is one.
    #[must_use]
    pub fn high(&self) -> Option<f64> {
        self.interval.ok().map(|interval| interval.high)
    }
}

/// `statistic` on every resample, given how often each pattern was drawn. `of_item` names each item's pattern, all
/// below `n_patterns`. Nothing where there are too few items for an interval.
pub(crate) fn resample<T: Send>(
    of_item: &[u32],
    n_patterns: usize,
    plan: &Bootstrap,
    statistic: impl Fn(&[u32]) -> T + Sync,
) -> Vec<T> {
    let n = of_item.len();
    if n < LEAST_ITEMS || u32::try_from(n).is_err() {
        return Vec::new();
    }
    (0..plan.resamples)
        .into_par_iter()
        .map_init(
            || vec![0_u32; n_patterns],
            |weights, number| {
                weights.fill(0);
                draw(n, plan, number, |item| weights[of_item[item] as usize] += 1);
                statistic(weights)
            },
        )
        .collect()
}

/// Hands the places of one resample of `n` items to `drawn`.
fn draw(n: usize, plan: &Bootstrap, number: usize, mut drawn: impl FnMut(usize)) {
    let mut random = generator(plan.seed, number as u64);
    // Multiply and shift (Lemire 2019) without rejection: the bias is below n / 2³², far under the noise of 2,000
    // resamples.
    let mut place = |bits: u64| drawn(((bits * n as u64) >> 32) as usize);
    for _ in 0..n / 2 {
        let bits = random.next_u64();
        place(bits >> 32);
        place(bits & 0xFFFF_FFFF);
    }
    if n % 2 == 1 {
        place(random.next_u64() >> 32);
    }
}

/// How often each pattern stands in the data itself.
pub(crate) fn weights(of_item: &[u32], n_patterns: usize) -> Vec<u32> {
    let mut weights = vec![0_u32; n_patterns];
    for &pattern in of_item {
        weights[pattern as usize] += 1;
    }
    weights
}

/// The percentile interval of what the resamples gave, around `value`; `None` and NaN are resamples without a value.
pub(crate) fn estimate(
    value: f64,
    resampled: impl IntoIterator<Item = Option<f64>>,
    n_items: usize,
    plan: &Bootstrap,
) -> Estimate {
    let mut seen: Vec<f64> = resampled.into_iter().flatten().filter(|v| v.is_finite()).collect();
    let interval = interval(&mut seen, n_items, plan);
    Estimate { value, interval, n_items, n_resamples: seen.len() }
}

fn interval(seen: &mut [f64], n_items: usize, plan: &Bootstrap) -> Result<Interval, NoInterval> {
    let (usable, asked) = (seen.len(), plan.resamples);
    let outside = 1.0 - plan.confidence;
    // Rounded first: 2 / (1 − 0.95) is a little more than 40.
    let least = (2.0 / outside - 1e-6).ceil() as usize;
    if asked == 0 {
        return Err(NoInterval::NotAsked);
    }
    if n_items < LEAST_ITEMS {
        return Err(NoInterval::FewItems { n_items });
    }
    if asked < least {
        return Err(NoInterval::FewAsked { least, asked });
    }
    if (asked - usable) as f64 > outside * asked as f64 {
        return Err(NoInterval::FewUsable { usable, asked });
    }
    let (low, high) = (quantile(seen, outside / 2.0), quantile(seen, 1.0 - outside / 2.0));
    match (low, high) {
        // Values that differ by rounding alone are the same.
        (Some(low), Some(high)) if high - low > 1e-12 => Ok(Interval { low, high }),
        _ => Err(NoInterval::Unmoved),
    }
}

/// Quantile by linear interpolation (Hyndman and Fan's type 7), `None` of nothing. Reorders the values.
fn quantile(values: &mut [f64], q: f64) -> Option<f64> {
    let last = values.len().checked_sub(1)?;
    let place = q * last as f64;
    let at = (place.floor() as usize).min(last);
    let (_, below, behind) = values.select_nth_unstable_by(at, f64::total_cmp);
    let below = *below;
    let above = behind.iter().copied().min_by(f64::total_cmp).unwrap_or(below);
    // Rounding must not carry an end beyond what was seen.
    Some((below + (place - at as f64) * (above - below)).min(above))
}

fn generator(seed: u64, number: u64) -> Xoshiro256PlusPlus {
    // An odd multiplier keeps the numbers apart; `seed_from_u64` then spreads them by SplitMix64.
    Xoshiro256PlusPlus::seed_from_u64(seed ^ (number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

#[cfg(test)]
mod tests;
