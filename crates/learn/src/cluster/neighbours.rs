//! The nearest of some rows to each of others, by blocked products.

use super::points::{Points, ROWS};
use crate::dense;
use ndarray::{Array2, ArrayView2, s};
use rayon::prelude::*;

/// Rows compared with a block at a time: its scores stay in a core's own cache.
const TILE: usize = 1024;

/// A near row and its squared distance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    pub row: u32,
    pub squared: f32,
}

/// For each query its `k` nearest rows of `base`, the nearest first, equally near ones in their order: n × min(k, rows of
/// base) in one flat piece. `skip` names a row of `base` that a query must not get, itself for one.
pub fn neighbours(
    queries: &Points,
    base: &Points,
    k: usize,
    skip: impl Fn(usize) -> Option<usize> + Sync,
) -> Vec<Neighbour> {
    let halves: Vec<f32> = base.squares.iter().map(|s| s / 2.0).collect();
    let d = queries.rows.ncols();
    let mut out = vec![Neighbour { row: u32::MAX, squared: f32::INFINITY }; queries.len() * k];
    if k == 0 {
        return out;
    }
    out.par_chunks_mut(ROWS * k).enumerate().for_each_init(
        || Array2::<f32>::zeros((ROWS, TILE)),
        |scores, (number, out)| {
            let from = number * ROWS;
            let n = out.len() / k;
            let rows: ArrayView2<f32> = queries.rows.slice(s![from..from + n, ..d]);
            let mut kept = vec![0_usize; n];
            for start in (0..base.len()).step_by(TILE) {
                let end = (start + TILE).min(base.len());
                let mut scores = scores.slice_mut(s![..n, ..end - start]);
                dense::block(scores.view_mut(), rows, base.rows.slice(s![start..end, ..]).t());
                for (query, (scores, best)) in scores.outer_iter().zip(out.chunks_mut(k)).enumerate() {
                    let skipped = skip(from + query);
                    let square = queries.squares[from + query];
                    let kept = &mut kept[query];
                    // What is still beaten: as a score, so that most rows cost one comparison.
                    let mut bar = threshold(best, *kept, square);
                    for (place, (score, half)) in scores.iter().zip(&halves[start..end]).enumerate() {
                        let score = score - half;
                        if score > bar && skipped != Some(start + place) {
                            let row = (start + place) as u32;
                            insert(best, kept, Neighbour { row, squared: square - 2.0 * score });
                            bar = threshold(best, *kept, square);
                        }
                    }
                }
            }
        },
    );
    out.iter_mut().for_each(|near| near.squared = near.squared.max(0.0));
    out
}

/// The score above which a row is nearer than the last one kept.
fn threshold(best: &[Neighbour], kept: usize, square: f32) -> f32 {
    if kept < best.len() { f32::NEG_INFINITY } else { (square - best[kept - 1].squared) / 2.0 }
}

fn insert(best: &mut [Neighbour], kept: &mut usize, new: Neighbour) {
    let place = best[..*kept].partition_point(|old| old.squared <= new.squared);
    if place == best.len() {
        return;
    }
    *kept = (*kept + 1).min(best.len());
    best[place..*kept].rotate_right(1);
    best[place] = new;
}
