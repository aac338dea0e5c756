//! Probabilities that mean what they say: temperature scaling, and how far off they were.

use crate::classify::{ClassifyError, log_loss};
use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

/// Bins of the expected calibration error.
pub const BINS: usize = 15;

/// Temperatures that are tried: beyond them all probabilities are even, or all are 0 or 1.
const RANGE: (f64, f64) = (0.01, 100.0);

/// One number that all scores are divided by (Guo et al. 2017, "On Calibration of Modern Neural Networks"): above 1 it
/// softens probabilities, below 1 it sharpens them. The most probable label stays the most probable.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Temperature(f64);

/// Log loss and calibration error of the same rows before and after.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration {
    /// Mean log loss as the model was.
    pub log_loss_before: f64,
    /// Mean log loss with the temperature.
    pub log_loss_after: f64,
    /// Expected calibration error as the model was.
    pub ece_before: f64,
    /// Expected calibration error with the temperature.
    pub ece_after: f64,
}

impl Temperature {
    /// Changes nothing.
    pub const ONE: Temperature = Temperature(1.0);

    /// The temperature between 0.01 and 100 with the smallest log loss on rows that the model has not seen (control
    /// items, or out-of-fold probabilities). The loss has a single valley in 1 / T, found by golden section over log T
    /// to six digits. Rows whose true label has probability 0 say nothing about it and are left out; without any
    /// other rows, the temperature is 1.
    ///
    /// # Errors
    /// [`ClassifyError::Rows`]; [`ClassifyError::LabelOutOfRange`]; [`ClassifyError::NotFinite`].
    pub fn fit(truth: &[u32], probabilities: ArrayView2<f32>) -> Result<Self, ClassifyError> {
        check(truth, probabilities)?;
        // Softmax forgets what is added to all scores of a row, so logarithms of probabilities are as good as scores.
        let rows: Vec<(f64, Vec<f64>)> = truth
            .iter()
            .zip(probabilities.rows())
            .filter(|(label, row)| row[**label as usize] > 0.0)
            .map(|(label, row)| {
                let logs: Vec<f64> = row.iter().filter(|p| **p > 0.0).map(|p| f64::from(*p).ln()).collect();
                (f64::from(row[*label as usize]).ln(), logs)
            })
            .collect();
        if rows.is_empty() {
            return Ok(Self::ONE);
        }
        let loss = |log_t: f64| -> f64 {
            let inverse = (-log_t).exp();
            let parts: Vec<f64> = rows
                .par_chunks(1024)
                .map(|rows| rows.iter().map(|(own, logs)| log_sum(logs, inverse) - own * inverse).sum())
                .collect();
            parts.iter().sum()
        };
        Ok(Self(golden_section(RANGE.0.ln(), RANGE.1.ln(), loss).exp()))
    }

    /// The number.
    #[must_use]
    pub const fn value(self) -> f64 {
        self.0
    }

    /// The same rows with this temperature. A probability of 0 stays 0; a row of zeros stays as it is.
    #[must_use]
    pub fn apply(self, probabilities: ArrayView2<f32>) -> Array2<f32> {
        let mut out = probabilities.to_owned();
        if self == Self::ONE {
            return out;
        }
        let inverse = self.0.recip();
        for mut row in out.rows_mut() {
            let most = row.iter().copied().fold(0.0, f32::max);
            if most <= 0.0 {
                continue;
            }
            row.mapv_inplace(|p| (f64::from(p / most).powf(inverse)) as f32);
            let sum: f64 = row.iter().map(|p| f64::from(*p)).sum();
            row.mapv_inplace(|p| (f64::from(p) / sum) as f32);
        }
        out
    }

    /// What it does to rows that it was not fitted on.
    ///
    /// # Errors
    /// As [`expected_calibration_error`].
    pub fn measure(
        self,
        truth: &[u32],
        probabilities: ArrayView2<f32>,
    ) -> Result<Calibration, ClassifyError> {
        let after = self.apply(probabilities);
        Ok(Calibration {
            log_loss_before: log_loss(truth, probabilities)?,
            log_loss_after: log_loss(truth, after.view())?,
            ece_before: expected_calibration_error(truth, probabilities)?,
            ece_after: expected_calibration_error(truth, after.view())?,
        })
    }
}

/// A temperature with what it does to rows that it was not fitted on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// What is to be applied: the fitted temperature, or [`Temperature::ONE`] where that made log loss no better.
    pub applied: Temperature,
    /// What was fitted.
    pub fitted: Temperature,
    /// Log loss with the fitted temperature.
    pub fitted_log_loss: f64,
    /// What the applied one does.
    pub calibration: Calibration,
}

impl Temperature {
    /// Holds the temperature against rows that it was not fitted on: one that doesn't lower their log loss is not applied.
    /// (Few rows, or the same text many times with different labels, can mislead the fit.)
    ///
    /// # Errors
    /// As [`expected_calibration_error`].
    pub fn judge(self, truth: &[u32], probabilities: ArrayView2<f32>) -> Result<Judged, ClassifyError> {
        let tried = self.measure(truth, probabilities)?;
        let (applied, calibration) = if tried.log_loss_after < tried.log_loss_before {
            (self, tried)
        } else {
            (Self::ONE, Self::ONE.measure(truth, probabilities)?)
        };
        Ok(Judged { applied, fitted: self, fitted_log_loss: tried.log_loss_after, calibration })
    }
}

/// Expected calibration error (Naeini et al. 2015; Guo et al. 2017): rows are put into 15 bins of equal width by the
/// probability of their most probable label, (0, 1/15], (1/15, 2/15] and so on; in each bin the share of right rows is
/// compared with the mean probability; the differences are averaged, weighted by rows.
///
/// # Errors
/// [`ClassifyError::Rows`]; [`ClassifyError::Empty`] without rows; [`ClassifyError::LabelOutOfRange`];
/// [`ClassifyError::NotFinite`].
pub fn expected_calibration_error(
    truth: &[u32],
    probabilities: ArrayView2<f32>,
) -> Result<f64, ClassifyError> {
    check(truth, probabilities)?;
    if truth.is_empty() {
        return Err(ClassifyError::Empty);
    }
    // Rights less probabilities, summed: the share of rows cancels against the weight.
    let mut gap = [0.0_f64; BINS];
    for (label, row) in truth.iter().zip(probabilities.rows()) {
        let best = row.iter().enumerate().fold(0, |best, (i, p)| if *p > row[best] { i } else { best });
        let p = f64::from(row[best]);
        let bin = ((p * BINS as f64).ceil() as usize).clamp(1, BINS) - 1;
        gap[bin] += f64::from(u8::from(best == *label as usize)) - p;
    }
    Ok(gap.iter().map(|g| g.abs()).sum::<f64>() / truth.len() as f64)
}

fn check(truth: &[u32], probabilities: ArrayView2<f32>) -> Result<(), ClassifyError> {
    if truth.len() != probabilities.nrows() {
        return Err(ClassifyError::Rows { expected: truth.len(), found: probabilities.nrows() });
    }
    for (row, (label, p)) in truth.iter().zip(probabilities.rows()).enumerate() {
        if *label as usize >= p.len() {
            return Err(ClassifyError::LabelOutOfRange { row });
        }
        if !p.iter().all(|p| p.is_finite()) {
            return Err(ClassifyError::NotFinite { row });
        }
    }
    Ok(())
}

/// log Σ exp(times · x).
fn log_sum(x: &[f64], times: f64) -> f64 {
    let most = x.iter().copied().fold(f64::NEG_INFINITY, f64::max) * times;
    most + x.iter().map(|x| (x * times - most).exp()).sum::<f64>().ln()
}

/// The bottom of a valley between `low` and `high` (Kiefer 1953).
fn golden_section(mut low: f64, mut high: f64, f: impl Fn(f64) -> f64) -> f64 {
    let golden = (5.0_f64.sqrt() - 1.0) / 2.0;
    let (mut a, mut b) = (high - golden * (high - low), low + golden * (high - low));
    let (mut fa, mut fb) = (f(a), f(b));
    while high - low > 1e-6 {
        if fa <= fb {
            (high, b, fb) = (b, a, fa);
            a = high - golden * (high - low);
            fa = f(a);
        } else {
            (low, a, fa) = (a, b, fb);
            b = low + golden * (high - low);
            fb = f(b);
        }
    }
    (low + high) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use rand::{Rng, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;

    /// Labels drawn from probabilities, which are then sharpened by a power.
    fn sharpened(n: usize, power: f64) -> (Vec<u32>, Array2<f32>) {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(5);
        let mut truth = Vec::new();
        let mut shown = Array2::zeros((n, 4));
        for i in 0..n {
            let scores: Vec<f64> = (0..4).map(|_| random.r#gen::<f64>() * 4.0).collect();
            let p: Vec<f64> = scores.iter().map(|s| (s - log_sum(&scores, 1.0)).exp()).collect();
            let mut left = random.r#gen::<f64>();
            let label = p.iter().position(|p| {
                left -= p;
                left < 0.0
            });
            truth.push(label.unwrap_or(3) as u32);
            for (j, s) in scores.iter().enumerate() {
                shown[(i, j)] = (s * power - log_sum(&scores, power)).exp() as f32;
            }
        }
        (truth, shown)
    }

    #[test]
    fn the_power_that_sharpened_is_found_and_undone() {
        let (truth, shown) = sharpened(20_000, 2.5);
        let temperature = Temperature::fit(&truth, shown.view()).unwrap();
        assert!((temperature.value() - 2.5).abs() < 0.1, "{temperature:?}");
        let got = temperature.measure(&truth, shown.view()).unwrap();
        assert!(got.ece_before > 0.1 && got.ece_after < 0.015, "{got:?}");
        assert!(got.log_loss_after < got.log_loss_before);
        assert!(temperature.apply(shown.view()).rows().into_iter().all(|r| (r.sum() - 1.0).abs() < 1e-5));
    }

    #[test]
    fn a_temperature_that_makes_it_worse_is_not_applied() {
        let (truth, shown) = sharpened(2_000, 2.5);
        let good = Temperature(2.5).judge(&truth, shown.view()).unwrap();
        assert_eq!(good.applied, Temperature(2.5));
        assert!(good.calibration.log_loss_after < good.calibration.log_loss_before);
        let bad = Temperature(0.4).judge(&truth, shown.view()).unwrap();
        assert_eq!((bad.applied, bad.fitted), (Temperature::ONE, Temperature(0.4)));
        assert_eq!(bad.calibration.log_loss_after, bad.calibration.log_loss_before);
        assert!(bad.fitted_log_loss > bad.calibration.log_loss_after);
        assert_eq!(bad.applied.apply(shown.view()), shown);
    }

    #[test]
    fn threads_change_no_bit() {
        let (truth, shown) = sharpened(5_000, 1.7);
        let with = |n| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
            pool.install(|| Temperature::fit(&truth, shown.view()).unwrap().value().to_bits())
        };
        assert_eq!(with(1), with(2));
    }

    #[test]
    fn calibration_error_by_hand() {
        // Bin of .6: two rows, one right: |1 − 1.2| = .2; bin of .9: one row, right: .1.
        let p = array![[0.6_f32, 0.4], [0.4, 0.6], [0.9, 0.1]];
        let got = expected_calibration_error(&[0, 0, 0], p.view()).unwrap();
        assert!((got - 0.1).abs() < 1e-6, "{got}");
    }

    #[test]
    fn what_has_no_answer_is_defined() {
        let p = array![[0.0_f32, 1.0]];
        assert_eq!(Temperature::fit(&[0], p.view()), Ok(Temperature::ONE));
        assert_eq!(Temperature::fit(&[], Array2::zeros((0, 2)).view()), Ok(Temperature::ONE));
        assert_eq!(expected_calibration_error(&[], Array2::zeros((0, 2)).view()), Err(ClassifyError::Empty));
        assert_eq!(
            Temperature::fit(&[0, 2], array![[1.0_f32, 0.0], [0.5, 0.5]].view()),
            Err(ClassifyError::LabelOutOfRange { row: 1 })
        );
        let nan = array![[f32::NAN, 0.0]];
        assert_eq!(Temperature::fit(&[1], nan.view()), Err(ClassifyError::NotFinite { row: 0 }));
        // Always right: as sharp as it goes, and still finite.
        let sure = Temperature::fit(&[0, 0], array![[0.6_f32, 0.4], [0.7, 0.3]].view()).unwrap();
        assert!(sure.value() < 0.011);
        assert!(sure.apply(array![[0.6_f32, 0.4], [0.0, 0.0]].view()).iter().all(|p| p.is_finite()));
        // One label alone.
        assert!(Temperature::fit(&[0], array![[1.0_f32]].view()).unwrap().value().is_finite());
    }
}
