//! Lloyd's iterations: each row to its nearest centroid, each centroid to the mean of its rows.

use super::points::{Nearest, Points, SAME};
use ndarray::{Array2, Axis};
use rayon::prelude::*;

/// What the iterations came to. Clusters can be empty where there are fewer different rows than centroids.
pub struct Lloyd {
    pub centroids: Array2<f32>,
    pub counts: Vec<u32>,
    pub assignment: Vec<u32>,
    /// Of the last assignment, whose centroids are one step older than `centroids`.
    pub inertia: f64,
    pub iterations: usize,
    pub converged: bool,
}

/// Iterates from `centroids` until the inertia falls by less than `tolerance` of itself, nothing moves, or `iterations`
/// are done.
pub fn lloyd(points: &Points, centroids: Array2<f32>, iterations: usize, tolerance: f64) -> Lloyd {
    let mut means = Means::new(centroids);
    let mut assignment = vec![NONE; points.len()];
    let mut inertia = f64::INFINITY;
    for iteration in 1..=iterations {
        let mut nearest = points.nearest(means.centroids.view());
        fill_empty(points, means.centroids.nrows(), &mut nearest);
        let before =
            std::mem::replace(&mut inertia, nearest.iter().map(|near| f64::from(near.squared)).sum());
        let moved = means.follow(points, &mut assignment, &nearest);
        let converged = moved == 0 || before - inertia < tolerance * inertia;
        if converged || iteration == iterations {
            let Means { centroids, counts, .. } = means;
            return Lloyd { centroids, counts, assignment, inertia, iterations: iteration, converged };
        }
    }
    unreachable!("iterations is checked to be at least 1")
}

/// A row that is in no cluster yet.
const NONE: u32 = u32::MAX;

/// The sums behind the centroids, kept up to date by the rows that moved alone: after a few iterations those are few.
struct Means {
    sums: Array2<f64>,
    counts: Vec<u32>,
    centroids: Array2<f32>,
}

impl Means {
    fn new(centroids: Array2<f32>) -> Self {
        Self { sums: Array2::zeros(centroids.dim()), counts: vec![0; centroids.nrows()], centroids }
    }

    /// Moves rows to their nearest centroids and centroids to the means; says how many rows moved. Each cluster's sum is
    /// one thread's, over rows in their order: the same bits on any number of threads. (Sums of `f32` in `f64`: after a
    /// hundred iterations of adding and taking away, the rounding is still far below that of an `f32`.)
    fn follow(&mut self, points: &Points, assignment: &mut [u32], nearest: &[Nearest]) -> usize {
        // Cluster, row, and whether it comes or goes: sorted, each cluster's changes lie together.
        let mut changes: Vec<(u32, u32, bool)> = Vec::new();
        let mut moved = 0;
        for (row, (old, near)) in assignment.iter_mut().zip(nearest).enumerate() {
            let new = near.centroid;
            if *old != new {
                moved += 1;
                changes.push((new, row as u32, true));
                if *old != NONE {
                    changes.push((*old, row as u32, false));
                }
                *old = new;
            }
        }
        changes.par_sort_unstable();
        let of_cluster: Vec<&[(u32, u32, bool)]> = {
            let mut slots: Vec<&[(u32, u32, bool)]> = vec![&[]; self.counts.len()];
            for of_one in changes.chunk_by(|a, b| a.0 == b.0) {
                slots[of_one[0].0 as usize] = of_one;
            }
            slots
        };
        self.sums
            .axis_iter_mut(Axis(0))
            .into_par_iter()
            .zip(self.centroids.axis_iter_mut(Axis(0)))
            .zip(&mut self.counts)
            .zip(of_cluster)
            .for_each(|(((mut sum, mut centroid), count), changes)| {
                if changes.is_empty() {
                    return;
                }
                for &(_, row, comes) in changes {
                    let row = points.rows.row(row as usize);
                    if comes {
                        *count += 1;
                        sum.zip_mut_with(&row, |s, &x| *s += f64::from(x));
                    } else {
                        *count -= 1;
                        sum.zip_mut_with(&row, |s, &x| *s -= f64::from(x));
                    }
                }
                // An empty cluster stays where it was: the next assignment may find it a row.
                if *count > 0 {
                    let n = f64::from(*count);
                    centroid.zip_mut_with(&sum, |c, s| *c = (s / n) as f32);
                }
            });
        moved
    }
}

/// A centroid that lost all its rows takes the row farthest from its own centroid, if any is away from it at all.
fn fill_empty(points: &Points, k: usize, nearest: &mut [Nearest]) {
    let mut counts = vec![0_u32; k];
    nearest.iter().for_each(|near| counts[near.centroid as usize] += 1);
    let empty: Vec<u32> = (0..k as u32).filter(|&c| counts[c as usize] == 0).collect();
    if empty.is_empty() {
        return;
    }
    let mut far: Vec<usize> =
        (0..nearest.len()).filter(|&row| nearest[row].squared > SAME * points.squares[row]).collect();
    far.sort_by(|&a, &b| nearest[b].squared.total_cmp(&nearest[a].squared));
    let mut taken: Vec<usize> = Vec::new();
    for cluster in empty {
        // Rows equal to one that was taken would make two clusters of one point.
        let next = far.iter().copied().find(|&row| {
            counts[nearest[row].centroid as usize] > 1
                && taken.iter().all(|&other| points.rows.row(other) != points.rows.row(row))
        });
        let Some(row) = next else { return };
        counts[nearest[row].centroid as usize] -= 1;
        counts[cluster as usize] += 1;
        nearest[row] = Nearest { centroid: cluster, squared: 0.0 };
        taken.push(row);
    }
}
