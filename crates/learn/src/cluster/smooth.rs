//! Vectors that agree with their neighbours: noise of single texts goes, what groups have in common stays.

use super::ClusterError;
use super::cells::{Cells, Piece};
use super::neighbours::neighbours;
use super::points::Points;
use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;

/// Up to so many rows everyone is compared with everyone.
const ALL_PAIRS: usize = 20_000;
/// Beyond that, with the rows of so many of √n cells: with 6, k-means on Banking77's LSA vectors lost half of what
/// smoothing gains, with 20 a third.
pub(super) const CELLS: usize = 20;
/// Each row of `vectors` (n × d) as the mean of itself and its `k` nearest rows, brought back to unit length: one step of
/// a low-pass filter on the neighbour graph (Shuman et al. 2013; for clustering: Zhang et al. 2019). A row of zeros has
/// nothing to say to others and stays as it is.
///
/// On short texts this raises what k-means finds of the true groups more than any other start or more restarts do. Up to
/// 20,000 rows neighbours are exact; beyond, they are looked for in the 20 nearest of √n cells (made by k-means from
/// `seed`), which takes O(n · √n) instead of O(n²). Needs a second n × d beside `vectors` and 8 · k bytes a row. Same seed,
/// same bits, on any number of threads.
///
/// # Errors
/// [`ClusterError::NotFinite`].
pub fn smooth(vectors: ArrayView2<f32>, k: usize, seed: u64) -> Result<Array2<f32>, ClusterError> {
    let standard = vectors.as_standard_layout();
    let points = Points::new(standard.view())?;
    let n = points.len();
    if k == 0 || n == 0 {
        return Ok(standard.into_owned());
    }
    let mut out = Array2::zeros(points.rows.dim());
    if n <= ALL_PAIRS {
        let k = k.min(n - 1);
        let near = neighbours(&points, &points, k, Some);
        out.axis_iter_mut(Axis(0)).into_par_iter().enumerate().for_each(|(row, mut mean)| {
            mean.assign(&points.rows.row(row));
            let others = near[row * k..][..k].iter().map(|near| near.row);
            mean_of(mean.as_slice_mut().unwrap_or_default(), &points, others);
        });
        return Ok(out);
    }
    let smoothed = |Piece { mut queries, near, k }: Piece| {
        for (query, mut row) in queries.outer_iter_mut().enumerate() {
            let others = near[query * k..][..k].iter().map(|near| near.row);
            mean_of(row.as_slice_mut().unwrap_or_default(), &points, others);
        }
        Ok(queries)
    };
    Cells::new(&points, CELLS, seed)?.each(&points, k, Some, smoothed, |rows, smoothed: Array2<f32>| {
        rows.iter()
            .zip(smoothed.outer_iter())
            .for_each(|(&row, smoothed)| out.row_mut(row).assign(&smoothed));
    })?;
    Ok(out)
}

/// A row becomes the mean of itself and others, at unit length; a row of zeros stays.
pub(super) fn mean_of(row: &mut [f32], base: &Points, others: impl Iterator<Item = u32>) {
    if row.iter().all(|x| *x == 0.0) {
        return;
    }
    let own = row.to_vec();
    for other in others {
        base.rows.row(other as usize).iter().zip(row.iter_mut()).for_each(|(x, sum)| *sum += x);
    }
    let length = row.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
    // Neighbours that cancel each other out leave the row alone.
    if length > 0.0 {
        row.iter_mut().for_each(|x| *x = (f64::from(*x) / length) as f32);
    } else {
        row.copy_from_slice(&own);
    }
}
