//! Near rows without comparing with all: rows are split into cells, and only those of cells around one's own are looked at.

use super::neighbours::{Neighbour, neighbours};
use super::points::Points;
use super::{ClusterError, KMeans};
use ndarray::{Array2, Axis};
use rayon::prelude::*;

/// Cells need not be perfect.
const ITERATIONS: usize = 3;
/// Queries that are copied together: 4 MB of 256 columns.
const PIECE: usize = 2_048;
/// Pieces that wait in memory together.
const AT_ONCE: usize = 16;

/// Rows in cells.
pub(crate) struct Cells<'a> {
    base: &'a Points<'a>,
    centroids: Array2<f32>,
    /// For each cell the rows in the cells around it, in their order.
    around: Vec<Vec<usize>>,
}

/// Queries of one cell and what is near them.
pub(crate) struct Piece {
    /// Their vectors.
    pub queries: Array2<f32>,
    /// For each of them `k` rows of the base, the nearest first: fewer where the cells around hold fewer.
    pub near: Vec<Neighbour>,
    pub k: usize,
}

impl<'a> Cells<'a> {
    /// Splits the rows of `base`, of which there must be one at least, into about √n cells. For each query the rows in
    /// `around` cells are looked at.
    pub fn new(base: &'a Points<'a>, around: usize, seed: u64) -> Result<Self, ClusterError> {
        let n = base.len();
        let cells = ((n as f64).sqrt().round() as usize).clamp(20, 2_000).min(n);
        let cells = KMeans::new(cells, seed)?.restarts(1)?.iterations(ITERATIONS)?.fit(base.rows)?;
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); cells.sizes.len()];
        for (row, &cell) in cells.assignment.iter().enumerate() {
            members[cell as usize].push(row);
        }
        let centroids = Points::new(cells.centroids.view())?;
        let near = around.min(members.len());
        // A cell is its own nearest.
        let around = neighbours(&centroids, &centroids, near, |_| None)
            .chunks(near)
            .map(|near| {
                let mut rows: Vec<usize> =
                    near.iter().flat_map(|cell| &members[cell.row as usize]).copied().collect();
                rows.sort_unstable();
                rows
            })
            .collect();
        drop(centroids);
        Ok(Self { base, centroids: cells.centroids, around })
    }

    /// What `work` makes of each piece of the queries, from up to `k` of the nearest rows of each; `skip` names a row of the
    /// base that a query must not get. Pieces are worked on in parallel and handed to `take`, with their rows, one after
    /// the other in a fixed order; only some of them wait in memory.
    pub fn each<T: Send>(
        &self,
        queries: &Points,
        k: usize,
        skip: impl Fn(usize) -> Option<usize> + Sync,
        work: impl Fn(Piece) -> Result<T, ClusterError> + Sync,
        mut take: impl FnMut(&[usize], T),
    ) -> Result<(), ClusterError> {
        let mut of_cell: Vec<Vec<usize>> = vec![Vec::new(); self.around.len()];
        for (row, near) in queries.nearest(self.centroids.view()).into_iter().enumerate() {
            of_cell[near.centroid as usize].push(row);
        }
        let pieces: Vec<(usize, &[usize])> = of_cell
            .iter()
            .enumerate()
            .flat_map(|(cell, rows)| rows.chunks(PIECE).map(move |rows| (cell, rows)))
            .collect();
        for pieces in pieces.chunks(AT_ONCE) {
            let made = pieces
                .par_iter()
                .map(|&(cell, rows)| {
                    let base = &self.around[cell];
                    let (own, others) =
                        (queries.rows.select(Axis(0), rows), self.base.rows.select(Axis(0), base));
                    let (points, others) = (Points::new(own.view())?, Points::new(others.view())?);
                    let k = k.min(base.len().saturating_sub(1));
                    let mut near = neighbours(&points, &others, k, |query| {
                        skip(rows[query]).and_then(|row| base.binary_search(&row).ok())
                    });
                    near.iter_mut().for_each(|near| near.row = base[near.row as usize] as u32);
                    drop(points);
                    work(Piece { queries: own, near, k })
                })
                .collect::<Result<Vec<T>, ClusterError>>()?;
            pieces.iter().zip(made).for_each(|((_, rows), made)| take(rows, made));
        }
        Ok(())
    }
}
