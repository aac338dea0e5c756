//! Rows with their lengths, and the nearest of some centroids to each of them.

use super::ClusterError;
use crate::dense;
use ndarray::{ArrayView2, Axis, s};
use rayon::prelude::*;

/// Rows of one block of products: its scores against a few hundred centroids stay in a core's own cache. Fixed, so that
/// nothing depends on the number of threads.
pub const ROWS: usize = 256;

/// Squared distances below this share of the squared lengths are rounding: the points are the same.
pub const SAME: f32 = 2e-6;

/// Rows in standard layout, with their squared lengths.
pub struct Points<'a> {
    pub rows: ArrayView2<'a, f32>,
    pub squares: Vec<f32>,
}

/// The nearest centroid to a row and the squared distance to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nearest {
    pub centroid: u32,
    pub squared: f32,
}

impl<'a> Points<'a> {
    /// Measures `rows`, which must all be finite.
    pub fn new(rows: ArrayView2<'a, f32>) -> Result<Self, ClusterError> {
        let squares = squares(rows);
        match squares.iter().position(|s| !s.is_finite()) {
            Some(row) => Err(ClusterError::NotFinite { row }),
            None => Ok(Self { rows, squares }),
        }
    }

    pub fn len(&self) -> usize {
        self.squares.len()
    }

    /// The nearest of `centroids` (k × d, at least one) to each row; of equally near ones the first in its lane.
    pub fn nearest(&self, centroids: ArrayView2<f32>) -> Vec<Nearest> {
        let k = centroids.nrows();
        let halves: Vec<f32> = squares(centroids).iter().map(|s| s / 2.0).collect();
        let mut out = vec![Nearest { centroid: 0, squared: f32::INFINITY }; self.len()];
        out.par_chunks_mut(ROWS).enumerate().for_each_init(
            || ndarray::Array2::<f32>::zeros((ROWS, k)),
            |scores, (number, out)| {
                let from = number * ROWS;
                let rows = self.rows.slice(s![from..from + out.len(), ..]);
                let mut scores = scores.slice_mut(s![..out.len(), ..]);
                dense::block(scores.view_mut(), rows, centroids.t());
                for ((out, scores), square) in
                    out.iter_mut().zip(scores.outer_iter()).zip(&self.squares[from..])
                {
                    let scores = scores.to_slice().unwrap_or_default();
                    let (centroid, best) = largest_difference(scores, &halves);
                    // |x − c|² = |x|² − 2 (x·c − |c|²/2); rounding must not make it negative.
                    *out = Nearest { centroid, squared: (square - 2.0 * best).max(0.0) };
                }
            },
        );
        out
    }

    /// The squared distance of each row to its own centroid, by differences: exact where [`Points::nearest`] rounds.
    pub fn squared_distances(&self, centroids: ArrayView2<f32>, assignment: &[u32]) -> Vec<f32> {
        let mut out = vec![0.0; self.len()];
        out.par_iter_mut().zip(self.rows.axis_iter(Axis(0)).into_par_iter()).zip(assignment).for_each(
            |((out, row), &centroid)| {
                let centroid = centroids.row(centroid as usize);
                *out = row.iter().zip(centroid).map(|(x, c)| f64::from(x - c).powi(2)).sum::<f64>() as f32;
            },
        );
        out
    }
}

/// The squared length of each row.
pub fn squares(rows: ArrayView2<f32>) -> Vec<f32> {
    rows.axis_iter(Axis(0)).into_par_iter().map(|row| row.dot(&row)).collect()
}

/// The sum of many values, always in the same order.
pub fn sum(values: &[f32]) -> f64 {
    values.iter().map(|&v| f64::from(v)).sum()
}

const LANES: usize = 8;

/// Where `scores − halves` is largest, and how large: lane by lane, which compilers make wide instructions of.
fn largest_difference(scores: &[f32], halves: &[f32]) -> (u32, f32) {
    let mut best = [f32::NEG_INFINITY; LANES];
    let mut at = [0_u32; LANES];
    let whole = scores.len() / LANES * LANES;
    for (step, (s, h)) in scores.chunks_exact(LANES).zip(halves.chunks_exact(LANES)).enumerate() {
        let step = step as u32;
        for lane in 0..LANES {
            let value = s[lane] - h[lane];
            let better = value > best[lane];
            best[lane] = if better { value } else { best[lane] };
            at[lane] = if better { step } else { at[lane] };
        }
    }
    let mut found = (0, f32::NEG_INFINITY);
    for lane in 0..LANES {
        let candidate = (at[lane] * LANES as u32 + lane as u32, best[lane]);
        if candidate.1 > found.1 || (candidate.1 == found.1 && candidate.0 < found.0) {
            found = candidate;
        }
    }
    for (place, (s, h)) in scores.iter().zip(halves).enumerate().skip(whole) {
        if s - h > found.1 {
            found = (place as u32, s - h);
        }
    }
    found
}
