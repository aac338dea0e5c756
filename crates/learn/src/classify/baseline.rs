//! What any classifier must beat.

use super::{ClassifyError, same};
use crate::dense;
use ndarray::{Array2, ArrayView2};

/// The most frequent label of `train` (the smallest of several) and its share in `test`: what guessing it would score.
/// `None` where either is empty.
#[must_use]
pub fn majority_share(train: &[u32], test: &[u32]) -> Option<(u32, f64)> {
    let mut sorted = train.to_vec();
    sorted.sort_unstable();
    let mut most: &[u32] = &[];
    for run in sorted.chunk_by(|a, b| a == b) {
        if run.len() > most.len() {
            most = run;
        }
    }
    let label = *most.first()?;
    if test.is_empty() {
        return None;
    }
    Some((label, test.iter().filter(|l| **l == label).count() as f64 / test.len() as f64))
}

/// The nearest-centroid classifier (Rocchio): each label is the mean of its rows, brought to length 1; a row gets the
/// label whose centroid it has the largest inner product with.
#[derive(Debug, Clone)]
pub struct Centroids {
    labels: Vec<u32>,
    /// Labels × columns.
    means: Array2<f32>,
}

impl Centroids {
    /// Means of the rows of each label that occurs.
    ///
    /// # Errors
    /// [`ClassifyError::Empty`], [`ClassifyError::Rows`].
    pub fn fit(rows: ArrayView2<f32>, labels: &[u32]) -> Result<Self, ClassifyError> {
        same(rows.nrows(), labels.len())?;
        if labels.is_empty() || rows.ncols() == 0 {
            return Err(ClassifyError::Empty);
        }
        let mut there = labels.to_vec();
        there.sort_unstable();
        there.dedup();
        let mut sums = Array2::<f64>::zeros((there.len(), rows.ncols()));
        for (row, label) in rows.rows().into_iter().zip(labels) {
            if let Ok(at) = there.binary_search(label) {
                for (sum, x) in sums.row_mut(at).iter_mut().zip(row) {
                    *sum += f64::from(*x);
                }
            }
        }
        for mut row in sums.rows_mut() {
            let length = row.iter().map(|x| x * x).sum::<f64>().sqrt();
            if length > 0.0 {
                row.mapv_inplace(|x| x / length);
            }
        }
        Ok(Self { labels: there, means: sums.mapv(|x| x as f32) })
    }

    /// The label of each row.
    ///
    /// # Errors
    /// [`ClassifyError::Columns`].
    pub fn predict(&self, rows: ArrayView2<f32>) -> Result<Vec<u32>, ClassifyError> {
        if rows.ncols() != self.means.ncols() {
            return Err(ClassifyError::Columns);
        }
        let near = dense::times_transposed(rows, self.means.view());
        Ok(near.rows().into_iter().map(|row| self.labels[super::best(&row.to_vec())]).collect())
    }
}
