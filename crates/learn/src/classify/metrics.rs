//! How well predicted probabilities meet true labels.

use super::{ClassifyError, best, same};
use ndarray::ArrayView2;
use rustc_hash::FxHashMap;

/// One label's figures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LabelReport {
    /// Which label.
    pub label: u32,
    /// Of the rows that were given this label, the share that has it; 0 where none was given it.
    pub precision: f64,
    /// Of the rows that have this label, the share that was given it; 0 where none has it.
    pub recall: f64,
    /// The harmonic mean of both; 0 where both are.
    pub f1: f64,
    /// Rows that have this label.
    pub support: usize,
}

/// Figures of single labels, as scikit-learn defines them.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Rows.
    pub n: usize,
    /// The share of rows whose most probable label is the true one.
    pub accuracy: f64,
    /// The mean F1 over labels that occur, truly or as a prediction.
    pub macro_f1: f64,
    /// The labels that occur, ascending.
    pub labels: Vec<LabelReport>,
    /// How often a true label was predicted as another or itself: (true, predicted, rows), ascending; pairs that
    /// never occur are left out, since ten thousand labels have a hundred million of them.
    pub confusion: Vec<(u32, u32, usize)>,
}

impl Report {
    /// Compares predictions with the truth.
    ///
    /// # Errors
    /// [`ClassifyError::Rows`]; [`ClassifyError::Empty`] without rows.
    pub fn new(truth: &[u32], predicted: &[u32]) -> Result<Self, ClassifyError> {
        same(truth.len(), predicted.len())?;
        if truth.is_empty() {
            return Err(ClassifyError::Empty);
        }
        let mut cells: FxHashMap<(u32, u32), usize> = FxHashMap::default();
        for pair in truth.iter().zip(predicted) {
            *cells.entry((*pair.0, *pair.1)).or_default() += 1;
        }
        let mut confusion: Vec<_> = cells.into_iter().map(|((t, p), n)| (t, p, n)).collect();
        confusion.sort_unstable();
        let mut names: Vec<u32> = confusion.iter().flat_map(|c| [c.0, c.1]).collect();
        names.sort_unstable();
        names.dedup();
        // True, given and both, for each label.
        let mut counts = vec![[0_usize; 3]; names.len()];
        for &(t, p, n) in &confusion {
            for (label, which) in [(t, 0), (p, 1)] {
                counts[names.partition_point(|l| *l < label)][which] += n;
            }
            if t == p {
                counts[names.partition_point(|l| *l < t)][2] += n;
            }
        }
        let share = |a: usize, b: usize| if b == 0 { 0.0 } else { a as f64 / b as f64 };
        let labels: Vec<LabelReport> = names
            .iter()
            .zip(&counts)
            .map(|(label, [has, given, both])| LabelReport {
                label: *label,
                precision: share(*both, *given),
                recall: share(*both, *has),
                f1: share(2 * both, has + given),
                support: *has,
            })
            .collect();
        let right: usize = counts.iter().map(|c| c[2]).sum();
        Ok(Self {
            n: truth.len(),
            accuracy: share(right, truth.len()),
            macro_f1: labels.iter().map(|l| l.f1).sum::<f64>() / labels.len() as f64,
            labels,
            confusion,
        })
    }

    /// Takes the most probable label of each row (the first of several) as the prediction.
    ///
    /// # Errors
    /// [`ClassifyError::Rows`]; [`ClassifyError::Empty`] without rows.
    pub fn of_probabilities(truth: &[u32], probabilities: ArrayView2<f32>) -> Result<Self, ClassifyError> {
        let predicted: Vec<u32> =
            probabilities.rows().into_iter().map(|row| best(&row.to_vec()) as u32).collect();
        Self::new(truth, &predicted)
    }
}

/// The mean of −log p(true label), natural logarithm. Probabilities below 1e-7 count as that: the resolution of single
/// precision, and a label that the classifier never saw must not cost infinitely much.
///
/// # Errors
/// [`ClassifyError::Rows`]; [`ClassifyError::Empty`] without rows; [`ClassifyError::LabelOutOfRange`];
/// [`ClassifyError::NotFinite`].
pub fn log_loss(truth: &[u32], probabilities: ArrayView2<f32>) -> Result<f64, ClassifyError> {
    same(truth.len(), probabilities.nrows())?;
    if truth.is_empty() {
        return Err(ClassifyError::Empty);
    }
    let mut sum = 0.0;
    for (row, (label, p)) in truth.iter().zip(probabilities.rows()).enumerate() {
        let p = *p.get(*label as usize).ok_or(ClassifyError::LabelOutOfRange { row })?;
        if !p.is_finite() {
            return Err(ClassifyError::NotFinite { row });
        }
        sum -= f64::from(p).max(1e-7).ln();
    }
    Ok(sum / truth.len() as f64)
}
