//! Vectors that agree with their neighbours: noise of single texts goes, what groups have in common stays.

use super::neighbours::neighbours;
use super::points::Points;
use super::{ClusterError, KMeans, micro_clusters};
use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;

/// Up to so many rows everyone is compared with everyone.
const ALL_PAIRS: usize = 20_000;
/// Beyond that, with the rows of so many micro-clusters around one's own.
const CELLS: usize = 6;

/// Each row of `vectors` (n × d) as the mean of itself and its `k` nearest rows, brought back to unit length: one step of
/// a low-pass filter on the neighbour graph (Shuman et al. 2013; for clustering: Zhang et al. 2019). A row of zeros has
/// nothing to say to others and stays as it is.
///
/// On short texts this raises what k-means finds of the true groups more than any other start or more restarts do. Up to
/// 20,000 rows neighbours are exact; beyond, they are looked for in the 6 nearest of √n cells (made by k-means from
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
        let near = neighbours(&points, &points, k.min(n - 1), Some);
        let of_row = |row: usize| near[row * k.min(n - 1)..][..k.min(n - 1)].iter().map(|near| near.row);
        out.axis_iter_mut(Axis(0)).into_par_iter().enumerate().for_each(|(row, mut mean)| {
            mean_of(&points, row, of_row(row), mean.as_slice_mut().unwrap_or_default());
        });
        return Ok(out);
    }
    let cells =
        KMeans::new(micro_clusters(n), seed)?.restarts(1)?.iterations(CELL_ITERATIONS)?.fit(points.rows)?;
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); cells.sizes.len()];
    for (row, &cell) in cells.assignment.iter().enumerate() {
        members[cell as usize].push(row);
    }
    let centroids = Points::new(cells.centroids.view())?;
    let around = CELLS.min(members.len());
    // A cell is its own nearest.
    let near_cells = neighbours(&centroids, &centroids, around, |_| None);
    for (own, near) in members.chunks(AT_ONCE).zip(near_cells.chunks(AT_ONCE * around)) {
        let smoothed = own
            .par_iter()
            .zip(near.par_chunks(around))
            .map(|(own, near)| {
                let mut base: Vec<usize> =
                    near.iter().flat_map(|cell| &members[cell.row as usize]).copied().collect();
                base.sort_unstable();
                of_cell(&points, own, &base, k)
            })
            .collect::<Result<Vec<_>, _>>()?;
        for (own, smoothed) in own.iter().zip(smoothed) {
            own.iter()
                .zip(smoothed.outer_iter())
                .for_each(|(&row, smoothed)| out.row_mut(row).assign(&smoothed));
        }
    }
    Ok(out)
}

/// The rows `own`, smoothed by their nearest among the rows `base`, in which they are too.
fn of_cell(points: &Points, own: &[usize], base: &[usize], k: usize) -> Result<Array2<f32>, ClusterError> {
    let (queries, others) = (points.rows.select(Axis(0), own), points.rows.select(Axis(0), base));
    let (queries, others) = (Points::new(queries.view())?, Points::new(others.view())?);
    let k = k.min(base.len() - 1);
    let near = neighbours(&queries, &others, k, |query| base.binary_search(&own[query]).ok());
    let mut out = Array2::zeros(queries.rows.dim());
    for (query, (&row, mut out)) in own.iter().zip(out.outer_iter_mut()).enumerate() {
        let of_row = near[query * k..][..k].iter().map(|near| base[near.row as usize] as u32);
        mean_of(points, row, of_row, out.as_slice_mut().unwrap_or_default());
    }
    Ok(out)
}

/// Cells whose rows wait in memory together.
const AT_ONCE: usize = 64;
/// Cells need not be perfect.
const CELL_ITERATIONS: usize = 3;

/// The mean of a row and others, at unit length, into `out`.
fn mean_of(points: &Points, row: usize, others: impl Iterator<Item = u32>, out: &mut [f32]) {
    let own = points.rows.row(row);
    own.iter().zip(out.iter_mut()).for_each(|(x, sum)| *sum = *x);
    if points.squares[row] == 0.0 {
        return;
    }
    for other in others {
        points.rows.row(other as usize).iter().zip(out.iter_mut()).for_each(|(x, sum)| *sum += x);
    }
    let length = out.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
    // Neighbours that cancel each other out leave the row alone.
    if length > 0.0 {
        out.iter_mut().for_each(|x| *x = (f64::from(*x) / length) as f32);
    } else {
        own.iter().zip(out.iter_mut()).for_each(|(x, sum)| *sum = *x);
    }
}
