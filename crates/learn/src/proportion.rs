//! How sure a share is: right answers of all answers.
//!
//! [`wilson`] is for show: it holds for a number of answers that was settled beforehand. Whoever looks after every answer
//! and acts when the interval says so needs a [`ConfidenceSequence`], which holds at all times together.

use thiserror::Error;

/// Where a figure lies; of a share, both ends are between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// What could not be asked.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum ProportionError {
    /// A confidence of 0, 1 or beyond.
    #[error("the confidence of an interval lies between 0 and 1, not at {0}")]
    BadConfidence(f64),
    /// More right answers than answers.
    #[error("{successes} of {trials} is no share")]
    MoreThanAll {
        /// Right answers.
        successes: u64,
        /// All answers.
        trials: u64,
    },
}

/// The score interval of Wilson (1927, "Probable inference, the law of succession, and statistical inference"): two-sided,
/// without continuity correction. Of no trials at all it says 0 to 1.
///
/// # Errors
/// [`ProportionError`].
pub fn wilson(successes: u64, trials: u64, confidence: f64) -> Result<Interval, ProportionError> {
    check_confidence(confidence)?;
    let Some(share) = share(successes, trials)? else { return Ok(Interval { low: 0.0, high: 1.0 }) };
    let n = trials as f64;
    let z = normal_quantile(0.5 + confidence / 2.0);
    let shrink = 1.0 + z * z / n;
    let centre = (share + z * z / (2.0 * n)) / shrink;
    let half = z / shrink * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    // At no and at all successes the end is exact; the roots above miss it by a rounding.
    let low = if successes == 0 { 0.0 } else { (centre - half).clamp(0.0, 1.0) };
    let high = if successes == trials { 1.0 } else { (centre + half).clamp(0.0, 1.0) };
    Ok(Interval { low, high })
}

/// Intervals for a share that hold at all times at once: with the given confidence the true share lies in *every* interval
/// that is ever looked at, so that looking after each answer and stopping at will costs nothing.
///
/// The bound is the two-sided beta-binomial mixture boundary of Howard, Ramdas, McAuliffe and Sekhon (2021,
/// "Time-uniform, nonparametric, nonasymptotic confidence sequences", Annals of Statistics 49), for independent answers
/// of two outcomes. For a share p, S right of n,
///
/// M(p) = B(cp + S, c(1 − p) + n − S) / (B(cp, c(1 − p)) · pˢ · (1 − p)ⁿ⁻ˢ)
///
/// starts at 1 and is a martingale where p is the truth, so by Ville's inequality it ever reaches 1/α with a probability of
/// at most α = 1 − confidence. The interval is all p with M(p) < 1/α. c = t / (2 ln(1/α) + ln(1 + 2 ln(1/α))) − 1 makes it
/// narrowest at about t answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConfidenceSequence {
    /// The weight of the mixture, in answers.
    c: f64,
    /// ln(1/α).
    threshold: f64,
}

impl ConfidenceSequence {
    /// With this confidence, and narrowest at about `narrowest_at` answers (it holds at any number).
    ///
    /// # Errors
    /// [`ProportionError::BadConfidence`].
    pub fn new(confidence: f64, narrowest_at: u32) -> Result<Self, ProportionError> {
        check_confidence(confidence)?;
        let threshold = -(1.0 - confidence).ln();
        let c = f64::from(narrowest_at) / (2.0 * threshold + (2.0 * threshold).ln_1p()) - 1.0;
        Ok(Self { c: c.max(1e-3), threshold })
    }

    /// The interval after `trials` answers. Of none it says 0 to 1.
    ///
    /// # Errors
    /// [`ProportionError::MoreThanAll`].
    pub fn interval(&self, successes: u64, trials: u64) -> Result<Interval, ProportionError> {
        let Some(share) = share(successes, trials)? else { return Ok(Interval { low: 0.0, high: 1.0 }) };
        // ln M is convex in p and not above 0 at the observed share: one crossing at most on either side.
        let outside = |p: f64| self.log_martingale(p, successes, trials - successes) >= self.threshold;
        Ok(Interval { low: crossing(share, 0.0, outside), high: crossing(share, 1.0, outside) })
    }

    fn log_martingale(&self, p: f64, successes: u64, failures: u64) -> f64 {
        // ln of Γ(cp + S) / (Γ(cp) pˢ), and so on: the factors p of the first term of each product cancel.
        let c = self.c;
        let part = |p: f64, n: u64| if n == 0 { 0.0 } else { ln_rising(c * p, n) - n as f64 * p.ln() };
        part(p, successes) + part(1.0 - p, failures) - ln_rising(c, successes + failures)
    }
}

fn check_confidence(confidence: f64) -> Result<(), ProportionError> {
    if confidence > 0.0 && confidence < 1.0 {
        Ok(())
    } else {
        Err(ProportionError::BadConfidence(confidence))
    }
}

fn share(successes: u64, trials: u64) -> Result<Option<f64>, ProportionError> {
    if successes > trials {
        return Err(ProportionError::MoreThanAll { successes, trials });
    }
    Ok((trials > 0).then(|| successes as f64 / trials as f64))
}

/// Where `outside` begins between `inside` and `end`; `end` where it does not.
fn crossing(inside: f64, end: f64, outside: impl Fn(f64) -> bool) -> f64 {
    let (mut near, mut far) = (inside, end);
    // Doubles between 0 and 1 are told apart by 60 halvings; the end itself is never asked for.
    for _ in 0..60 {
        let middle = f64::midpoint(near, far);
        if middle == near || middle == far {
            break;
        }
        if outside(middle) {
            far = middle;
        } else {
            near = middle;
        }
    }
    far
}

/// ln of x (x + 1) … (x + n − 1), for x > 0.
fn ln_rising(x: f64, n: u64) -> f64 {
    const DIRECTLY: u64 = 64;
    let first: f64 = (0..n.min(DIRECTLY)).map(|k| (x + k as f64).ln()).sum();
    if n <= DIRECTLY {
        first
    } else {
        first + ln_gamma_large(x + n as f64) - ln_gamma_large(x + DIRECTLY as f64)
    }
}

/// ln Γ by Stirling's series, exact to the last digit from 64 up.
fn ln_gamma_large(x: f64) -> f64 {
    let series = (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / (1260.0 * x * x)) / (x * x)) / x;
    (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + series
}

/// The quantile of the standard normal distribution, to about 16 digits (Wichura 1988, algorithm AS 241, PPND16).
fn normal_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * ratio(r, &CENTRE);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    let r = (-tail.ln()).sqrt();
    let x = if r <= 5.0 { ratio(r - 1.6, &FLANK) } else { ratio(r - 5.0, &TAIL) };
    x.copysign(q)
}

/// Two polynomials, coefficients from the constant up.
type Rational = ([f64; 8], [f64; 8]);

fn ratio(x: f64, (over, under): &Rational) -> f64 {
    let at = |polynomial: &[f64; 8]| polynomial.iter().rev().fold(0.0, |sum, c| sum * x + c);
    at(over) / at(under)
}

const CENTRE: Rational = (
    [
        3.387_132_872_796_366_5,
        133.141_667_891_784_38,
        1_971.590_950_306_551_3,
        13_731.693_765_509_46,
        45_921.953_931_549_87,
        67_265.770_927_008_7,
        33_430.575_583_588_13,
        2_509.080_928_730_122_7,
    ],
    [
        1.0,
        42.313_330_701_600_91,
        687.187_007_492_057_9,
        5_394.196_021_424_751,
        21_213.794_301_586_597,
        39_307.895_800_092_71,
        28_729.085_735_721_943,
        5_226.495_278_852_854,
    ],
);
const FLANK: Rational = (
    [
        1.423_437_110_749_683_5,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_5,
        1.270_458_252_452_368_4,
        0.241_780_725_177_450_6,
        0.022_723_844_989_269_184,
        7.745_450_142_783_414e-4,
    ],
    [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        0.689_767_334_985_1,
        0.148_103_976_427_480_08,
        0.015_198_666_563_616_457,
        5.475_938_084_995_345e-4,
        1.050_750_071_644_416_9e-9,
    ],
);
const TAIL: Rational = (
    [
        6.657_904_643_501_103,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        0.296_560_571_828_504_87,
        0.026_532_189_526_576_124,
        0.001_242_660_947_388_078_4,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288_1e-7,
    ],
    [
        1.0,
        0.599_832_206_555_888,
        0.136_929_880_922_735_8,
        0.014_875_361_290_850_615,
        7.868_691_311_456_133e-4,
        1.846_318_317_510_054_8e-5,
        1.421_511_758_316_446e-7,
        2.044_263_103_389_939_8e-15,
    ],
);

#[cfg(test)]
mod tests;
