//! Groups in a pile of vectors: micro-clusters, the merge tree above them, and where new items belong.
//!
//! Distances are Euclidean, computed in `f32` as |x|² + |c|² − 2 x·c: made for rows of about unit length, on which they
//! order pairs as the cosine does. A row of zeros (an item without words) is a point like any other.
//!
//! ```
//! use learn::cluster::{KMeans, micro_clusters};
//! use ndarray::array;
//!
//! let vectors = array![[1.0_f32, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 0.9], [0.0, 1.0]];
//! let clusters = KMeans::new(micro_clusters(5), 7)?.fit(vectors.view())?;
//! let tree = clusters.tree();
//! let two = clusters.openings(&tree).cut(2);
//! let leaves = tree.leaves_under(&two);
//! let coarse: Vec<u32> = clusters.assignment.iter().map(|&leaf| leaves[leaf as usize]).collect();
//! assert_eq!(coarse[0], coarse[1]);
//! assert_ne!(coarse[0], coarse[2]);
//! # Ok::<(), learn::cluster::ClusterError>(())
//! ```

pub(crate) mod cells;
mod join;
mod large;
mod lineage;
mod lloyd;
pub(crate) mod neighbours;
mod nodes;
mod openings;
pub(crate) mod points;
mod refine;
mod silhouette;
mod smooth;
mod stability;
mod start;
mod tree;

pub use join::{BadShare, Joined, Reach};
pub use lineage::{Fate, Lineage, Origin, Pair};
pub use nodes::Node;
pub use openings::{Grains, Openings};
pub use silhouette::silhouette;
pub use smooth::smooth;
pub use stability::{StabilitySpec, stability};
pub use tree::{Merge, Tree};

use lloyd::{Lloyd, lloyd};
use ndarray::{Array2, ArrayView2, Axis};
use points::Points;
use rand::{RngCore, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use thiserror::Error;

/// Why there are no clusters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ClusterError {
    /// At least one cluster must be asked for.
    #[error("at least one cluster must be asked for")]
    NoClusters,
    /// At least one start and one iteration must be allowed.
    #[error("at least one start and one iteration must be allowed")]
    NoWork,
    /// The tolerance is a share of the inertia, from 0 up and below 1.
    #[error("the tolerance is a share of the inertia: at least 0 and below 1")]
    Tolerance,
    /// There is nothing to cluster.
    #[error("there is nothing to cluster")]
    NoRows,
    /// More clusters than rows.
    #[error("{clusters} clusters can't be made of {rows} rows")]
    TooFew {
        /// Rows there are.
        rows: usize,
        /// Clusters asked for.
        clusters: usize,
    },
    /// A row holds something infinite, NaN, or so large that its square is no number.
    #[error("row {row} is not finite")]
    NotFinite {
        /// Counted from 0.
        row: usize,
    },
    /// A share of rows lies above 0 and at most at 1.
    #[error("the share of rows lies above 0 and at most at 1")]
    Share,
    /// The vectors are others than those that were clustered.
    #[error("{got} rows are not the {wanted} that were clustered")]
    Rows {
        /// Rows clustered.
        wanted: usize,
        /// Rows given.
        got: usize,
    },
    /// The vectors have another number of columns than the centroids.
    #[error("vectors of {got} columns don't fit centroids of {wanted}")]
    Columns {
        /// Columns of the centroids.
        wanted: usize,
        /// Columns of the vectors.
        got: usize,
    },
}

/// How many micro-clusters a pile of `n` items gets: 3 √n up to 350, then 350 until √n is more, at most 2,000; at least
/// 20, but never more than items. Themes of some ten thousand texts, about a hundred, have room below them.
#[must_use]
pub fn micro_clusters(n: usize) -> usize {
    let root = (n as f64).sqrt();
    (3.0 * root).min(350.0).max(root).round().clamp(20.0, 2_000.0).min(n as f64) as usize
}

/// k-means (Lloyd 1982) with its parameters, all of them checked.
///
/// The start is k-means‖ (Bahmani et al. 2012): several times as many seeds as clusters, drawn in a few rounds by their
/// squared distance to the seeds so far, refined by a few iterations and then merged down to `clusters` groups by Ward's
/// criterion. On real texts that ends at a lower inertia than k-means++ and costs only blocked products. Where there are
/// many rows, starts are made and compared on a sample, and only the best one goes on to all rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KMeans {
    clusters: usize,
    seed: u64,
    restarts: usize,
    iterations: usize,
    tolerance: f64,
}

impl KMeans {
    /// `clusters` groups from `seed`: 2 starts, at most 100 iterations, until an iteration lowers the inertia by less than
    /// a ten-thousandth.
    ///
    /// # Errors
    /// [`ClusterError::NoClusters`] for 0.
    pub const fn new(clusters: usize, seed: u64) -> Result<Self, ClusterError> {
        if clusters == 0 {
            return Err(ClusterError::NoClusters);
        }
        Ok(Self { clusters, seed, restarts: 2, iterations: 100, tolerance: 1e-4 })
    }

    /// The best of so many starts, by inertia.
    ///
    /// # Errors
    /// [`ClusterError::NoWork`] for 0.
    pub const fn restarts(self, restarts: usize) -> Result<Self, ClusterError> {
        if restarts == 0 { Err(ClusterError::NoWork) } else { Ok(Self { restarts, ..self }) }
    }

    /// Not more than so many iterations over all rows.
    ///
    /// # Errors
    /// [`ClusterError::NoWork`] for 0.
    pub const fn iterations(self, iterations: usize) -> Result<Self, ClusterError> {
        if iterations == 0 { Err(ClusterError::NoWork) } else { Ok(Self { iterations, ..self }) }
    }

    /// Stops once an iteration lowers the inertia by less than this share of it; 0 goes on until nothing moves.
    ///
    /// # Errors
    /// [`ClusterError::Tolerance`] outside 0 ≤ `tolerance` < 1.
    pub fn tolerance(self, tolerance: f64) -> Result<Self, ClusterError> {
        if (0.0..1.0).contains(&tolerance) {
            Ok(Self { tolerance, ..self })
        } else {
            Err(ClusterError::Tolerance)
        }
    }

    /// Clusters the rows of `vectors` (n × d). Same seed, same bits, on any number of threads.
    ///
    /// Where there are fewer different rows than clusters asked for, there are only as many clusters as different rows.
    /// Beside `vectors` themselves it needs about 40 bytes a row and a sample of max(16,384, 64 · clusters) rows: at
    /// 1,000,000 × 256 and 1,000 clusters, 40 MB + 80 MB + the centroids.
    ///
    /// # Errors
    /// [`ClusterError::NoRows`], [`ClusterError::TooFew`] and [`ClusterError::NotFinite`].
    pub fn fit(&self, vectors: ArrayView2<f32>) -> Result<Clusters, ClusterError> {
        let n = vectors.nrows();
        if n == 0 {
            return Err(ClusterError::NoRows);
        }
        if n < self.clusters {
            return Err(ClusterError::TooFew { rows: n, clusters: self.clusters });
        }
        // A copy only of a view with strides of its own.
        let standard = vectors.as_standard_layout();
        let points = Points::new(standard.view())?;
        let mut random = Xoshiro256PlusPlus::seed_from_u64(self.seed);
        let enough = (64 * self.clusters).max(16_384);
        let fit = if n <= enough + enough / 2 {
            self.best_start(&points, self.iterations, self.tolerance, &mut random)
        } else {
            let mut rows = rand::seq::index::sample(&mut random, n, enough).into_vec();
            rows.sort_unstable();
            let sample = standard.select(Axis(0), &rows);
            let started = self.best_start(
                &Points::new(sample.view())?,
                SAMPLE_ITERATIONS,
                SAMPLE_TOLERANCE,
                &mut random,
            );
            lloyd(&points, started.centroids, self.iterations, self.tolerance)
        };
        Ok(Clusters::of(&points, fit))
    }

    fn best_start(
        &self,
        points: &Points,
        iterations: usize,
        tolerance: f64,
        random: &mut dyn RngCore,
    ) -> Lloyd {
        let mut once = || {
            let seeds = start::seeds(points, self.clusters, random);
            lloyd(points, seeds, iterations, tolerance)
        };
        let first = once();
        (1..self.restarts).fold(first, |best, _| {
            let next = once();
            if next.inertia < best.inertia { next } else { best }
        })
    }
}

/// On a sample only the rough place of each centroid is wanted: all rows say the rest.
const SAMPLE_ITERATIONS: usize = 30;
const SAMPLE_TOLERANCE: f64 = 5e-4;

/// Groups of rows around their means, the largest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Clusters {
    /// The mean of each cluster's rows: k × d.
    pub centroids: Array2<f32>,
    /// How many rows each cluster has: never 0.
    pub sizes: Vec<u32>,
    /// The cluster of each row.
    pub assignment: Vec<u32>,
    /// The Euclidean distance of each row to its centroid.
    pub distances: Vec<f32>,
    /// The sum of squared distances.
    pub inertia: f64,
    /// Iterations over all rows.
    pub iterations: usize,
    /// Whether it stopped because of the tolerance rather than the number of iterations.
    pub converged: bool,
}

impl Clusters {
    /// Ward's tree, consolidated, above the centroids, each counting for its rows.
    #[must_use]
    pub fn tree(&self) -> Tree {
        Tree::consolidated(self.centroids.view(), &self.sizes)
    }

    /// Clusters without a row are dropped and the others numbered by falling size, so that a number says something.
    fn of(points: &Points, fit: Lloyd) -> Self {
        let mut order: Vec<usize> = (0..fit.counts.len()).filter(|&c| fit.counts[c] > 0).collect();
        order.sort_by_key(|&c| std::cmp::Reverse(fit.counts[c]));
        let mut number = vec![0_u32; fit.counts.len()];
        for (new, &old) in order.iter().enumerate() {
            number[old] = new as u32;
        }
        let centroids = fit.centroids.select(Axis(0), &order);
        let assignment: Vec<u32> = fit.assignment.iter().map(|&c| number[c as usize]).collect();
        let squared = points.squared_distances(centroids.view(), &assignment);
        Self {
            centroids,
            sizes: order.iter().map(|&c| fit.counts[c]).collect(),
            assignment,
            inertia: points::sum(&squared),
            distances: squared.into_iter().map(f32::sqrt).collect(),
            iterations: fit.iterations,
            converged: fit.converged,
        }
    }
}

#[cfg(test)]
mod tests;
