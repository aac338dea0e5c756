//! Rows far from each other: k-means++ seeding and greedy k-center.

use super::draw;
use ndarray::{Array2, ArrayView2};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

/// Rows of one partial sum: fixed, so that sums have the same bits on any number of threads.
const CHUNK: usize = 4096;

/// Squared Euclidean distances between some rows of a matrix, or between their outer products with other vectors: of
/// a ⊗ x and b ⊗ y the inner product is (a · b)(x · y), so that the products themselves are never made.
pub struct Metric<'a> {
    vectors: &'a [f32],
    columns: usize,
    rows: &'a [usize],
    others: Option<Array2<f32>>,
    /// Squared length of each row.
    squares: Vec<f32>,
}

impl<'a> Metric<'a> {
    /// Between `rows` of `vectors`.
    ///
    /// # Panics
    /// If the vectors are not in standard layout.
    pub fn of_rows(vectors: &'a ArrayView2<f32>, rows: &'a [usize]) -> Self {
        let columns = vectors.ncols();
        let vectors = vectors.as_slice().expect("vectors are in standard layout");
        let squares =
            rows.par_iter().map(|row| square(&vectors[row * columns..(row + 1) * columns])).collect();
        Self { vectors, columns, rows, others: None, squares }
    }

    /// Between the outer products of the rows with the rows of `others`.
    pub fn times(mut self, others: Array2<f32>) -> Self {
        for (s, other) in self.squares.iter_mut().zip(others.rows()) {
            *s *= other.as_slice().map_or(0.0, square);
        }
        self.others = Some(others);
        self
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn row(&self, place: usize) -> &[f32] {
        let from = self.rows[place] * self.columns;
        &self.vectors[from..from + self.columns]
    }

    /// Lowers each place's distance to that from `center`.
    pub fn approach(&self, center: usize, nearest: &mut [f32]) {
        let (x, square) = (self.row(center), self.squares[center]);
        let other = self.others.as_ref().and_then(|others| others.row(center).to_slice());
        nearest.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, nearest)| {
            for (i, near) in nearest.iter_mut().enumerate() {
                let place = chunk * CHUNK + i;
                let mut product = inner(self.row(place), x);
                if let (Some(others), Some(other)) = (&self.others, other) {
                    product *= others.row(place).as_slice().map_or(0.0, |o| inner(o, other));
                }
                *near = near.min((self.squares[place] + square - 2.0 * product).max(0.0));
            }
        });
    }

    fn approach_vector(&self, x: &[f32], nearest: &mut [f32]) {
        let square = square(x);
        nearest.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, nearest)| {
            for (i, near) in nearest.iter_mut().enumerate() {
                let place = chunk * CHUNK + i;
                let distance = self.squares[place] + square - 2.0 * inner(self.row(place), x);
                *near = near.min(distance.max(0.0));
            }
        });
    }
}

/// k-means++ (Arthur and Vassilvitskii 2007): each place is drawn with probability in proportion to its weight times
/// its squared distance from what is picked already; the first by weight alone (without weights: the longest row, the
/// first of several, as BADGE has it). Places that coincide with picked ones come last, in their order.
pub fn spread(
    metric: &Metric,
    weights: Option<&[f32]>,
    n: usize,
    random: &mut Xoshiro256PlusPlus,
) -> Vec<usize> {
    let n = n.min(metric.len());
    let mut taken = vec![false; metric.len()];
    let mut nearest = vec![f32::INFINITY; metric.len()];
    let mut picked = Vec::with_capacity(n);
    while picked.len() < n {
        let next = match (picked.is_empty(), weights) {
            (true, None) => Some(crate::classify::best(&metric.squares)),
            (true, Some(weights)) => weighted(random, metric.len(), |place| f64::from(weights[place])),
            (false, _) => weighted(random, metric.len(), |place| {
                f64::from(nearest[place]) * weights.map_or(1.0, |w| f64::from(w[place]))
            }),
        };
        let Some(next) = next.filter(|place| !taken[*place]).or_else(|| taken.iter().position(|t| !t)) else {
            break;
        };
        taken[next] = true;
        picked.push(next);
        metric.approach(next, &mut nearest);
        nearest[next] = 0.0;
    }
    picked
}

/// A place drawn in proportion to its mass; `None` where there is none.
fn weighted(random: &mut Xoshiro256PlusPlus, n: usize, mass: impl Fn(usize) -> f64 + Sync) -> Option<usize> {
    let chunks: Vec<f64> = (0..n.div_ceil(CHUNK))
        .into_par_iter()
        .map(|chunk| (chunk * CHUNK..n.min((chunk + 1) * CHUNK)).map(&mass).sum())
        .collect();
    let total: f64 = chunks.iter().sum();
    if total <= 0.0 || total.is_nan() {
        return None;
    }
    let mut left = draw(random, total);
    let mut last = None;
    for (chunk, sum) in chunks.iter().enumerate() {
        if left >= *sum && chunk + 1 < chunks.len() {
            left -= sum;
            continue;
        }
        for place in chunk * CHUNK..n.min((chunk + 1) * CHUNK) {
            let mass = mass(place);
            if mass > 0.0 {
                last = Some(place);
                if left < mass {
                    return last;
                }
            }
            left -= mass;
        }
    }
    // Rounding can leave a crumb beyond the last.
    last
}

/// Greedy k-center (Gonzalez 1985): time after time the place farthest from all centers, the first of several. Without
/// centers it begins at the place nearest to the mean of all.
pub fn farthest(metric: &Metric, centers: impl Iterator<Item = Vec<f32>>, n: usize) -> Vec<usize> {
    let n = n.min(metric.len());
    let mut nearest = vec![f32::INFINITY; metric.len()];
    for center in centers {
        metric.approach_vector(&center, &mut nearest);
    }
    let mut picked = Vec::with_capacity(n);
    while picked.len() < n {
        let next = if nearest.first() == Some(&f32::INFINITY) {
            middle(metric)
        } else {
            crate::classify::best(&nearest)
        };
        picked.push(next);
        metric.approach(next, &mut nearest);
        // Below any distance: a place is picked once, even among places that coincide.
        nearest[next] = -1.0;
    }
    picked
}

fn middle(metric: &Metric) -> usize {
    let mut mean = vec![0.0_f64; metric.columns];
    for place in 0..metric.len() {
        for (m, x) in mean.iter_mut().zip(metric.row(place)) {
            *m += f64::from(*x);
        }
    }
    let mean: Vec<f32> = mean.into_iter().map(|m| (m / metric.len().max(1) as f64) as f32).collect();
    let mut near = vec![f32::INFINITY; metric.len()];
    metric.approach_vector(&mean, &mut near);
    near.iter_mut().for_each(|d| *d = -*d);
    crate::classify::best(&near)
}

fn square(x: &[f32]) -> f32 {
    inner(x, x)
}

/// Inner product in a fixed order, many additions side by side.
pub fn inner(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 16];
    let (a16, b16) = (a.chunks_exact(16), b.chunks_exact(16));
    let rest: f32 = a16.remainder().iter().zip(b16.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a16.zip(b16) {
        for i in 0..16 {
            sums[i] += a[i] * b[i];
        }
    }
    sums.iter().sum::<f32>() + rest
}
