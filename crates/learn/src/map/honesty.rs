//! How far the picture can be believed: which true neighbours are near in it.

use super::{MapError, points};
use crate::cluster::neighbours::neighbours;
use ndarray::{ArrayView2, Axis};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

/// How honesty is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HonestySpec {
    /// Draws the rows.
    pub seed: u64,
    /// Of more rows than this only so many, drawn by the seed, are looked at, and neighbours are those among them.
    pub most_rows: usize,
    /// True neighbours of a row.
    pub neighbours: usize,
    /// A true neighbour is near in the picture if it lies no farther than this many-th nearest row there.
    pub near: usize,
}

impl HonestySpec {
    /// 10 true neighbours, among the 30 nearest in the picture, of at most 20,000 rows.
    #[must_use]
    pub const fn seeded(seed: u64) -> Self {
        Self { seed, most_rows: 20_000, neighbours: 10, near: 30 }
    }
}

/// How honest the picture is about some rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Honesty {
    /// The rows that were looked at, rising: all, or those drawn.
    pub rows: Vec<u32>,
    /// For each of them the share of its true neighbours that are near in the picture, 0 to 1: the recall of neighbours
    /// (Venna et al. 2010) with a margin, because the tenth and the thirtieth nearest look alike. 1 for a row without
    /// others. In a random picture `near` / rows.
    pub shares: Vec<f32>,
}

/// Compares `vectors` (n × d) with their `places` in a picture. Takes O(m² · d) for the m rows looked at; their neighbours
/// in the picture are found by a grid.
///
/// # Errors
/// [`MapError::NotFinite`] for a vector or a place, and [`MapError::Places`] if there isn't one place for each row.
pub fn honesty(
    vectors: ArrayView2<f32>,
    places: &[[f32; 2]],
    spec: HonestySpec,
) -> Result<Honesty, MapError> {
    let n = vectors.nrows();
    if places.len() != n {
        return Err(MapError::Places { rows: n, places: places.len() });
    }
    if let Some(row) = places.iter().position(|place| !place.iter().all(|x| x.is_finite())) {
        return Err(MapError::NotFinite { row });
    }
    let mut random = Xoshiro256PlusPlus::seed_from_u64(spec.seed);
    let mut rows = rand::seq::index::sample(&mut random, n, spec.most_rows.min(n)).into_vec();
    rows.sort_unstable();
    let named = |error| match error {
        MapError::NotFinite { row } => MapError::NotFinite { row: rows[row] },
        other => other,
    };
    let looked_at = vectors.select(Axis(0), &rows);
    let looked_at = points(looked_at.view()).map_err(named)?;
    let places: Vec<[f32; 2]> = rows.iter().map(|&row| places[row]).collect();
    let others = rows.len().saturating_sub(1);
    let (k, near) = (spec.neighbours.min(others), spec.near.min(others));
    if k == 0 || near == 0 {
        return Ok(Honesty {
            shares: vec![1.0; rows.len()],
            rows: rows.iter().map(|&row| row as u32).collect(),
        });
    }
    let truth = neighbours(&looked_at, &looked_at, k, Some);
    let grid = Grid::new(&places);
    let shares = truth
        .par_chunks(k)
        .enumerate()
        .map(|(row, truth)| {
            // Rows in one place are all as near as each other.
            let reach = grid.reach(row, near);
            let seen = truth.iter().filter(|t| apart(places[row], places[t.row as usize]) <= reach).count();
            seen as f32 / k as f32
        })
        .collect();
    Ok(Honesty { rows: rows.iter().map(|&row| row as u32).collect(), shares })
}

fn apart(a: [f32; 2], b: [f32; 2]) -> f32 {
    (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2)
}

/// Places in square cells, about two in each.
struct Grid<'a> {
    places: &'a [[f32; 2]],
    low: [f32; 2],
    side: f32,
    across: usize,
    /// The rows of each cell stand from `starts[cell]` to `starts[cell + 1]`.
    starts: Vec<u32>,
    rows: Vec<u32>,
}

impl<'a> Grid<'a> {
    fn new(places: &'a [[f32; 2]]) -> Self {
        let end = |axis: usize, start: f32, better: fn(f32, f32) -> f32| {
            places.iter().map(|place| place[axis]).fold(start, better)
        };
        let low = [0, 1].map(|axis| end(axis, f32::INFINITY, f32::min));
        let high = [0, 1].map(|axis| end(axis, f32::NEG_INFINITY, f32::max));
        let width = (high[0] - low[0]).max(high[1] - low[1]);
        let across = ((places.len() as f64 / 2.0).sqrt().ceil() as usize).max(1);
        let side = if width > 0.0 && width.is_finite() { width / across as f32 } else { 1.0 };
        let mut grid =
            Self { places, low, side, across, starts: vec![0; across * across + 1], rows: Vec::new() };
        let cells: Vec<usize> =
            places.iter().map(|&place| grid.cell(place)).map(|[x, y]| y * across + x).collect();
        cells.iter().for_each(|&cell| grid.starts[cell + 1] += 1);
        (0..across * across).for_each(|cell| grid.starts[cell + 1] += grid.starts[cell]);
        let mut next = grid.starts.clone();
        grid.rows = vec![0; places.len()];
        for (row, &cell) in cells.iter().enumerate() {
            grid.rows[next[cell] as usize] = row as u32;
            next[cell] += 1;
        }
        grid
    }

    fn cell(&self, place: [f32; 2]) -> [usize; 2] {
        [0, 1].map(|axis| (((place[axis] - self.low[axis]) / self.side) as usize).min(self.across - 1))
    }

    /// The squared distance from a row to the `near`-th nearest other one: ring by ring of cells, until no cell beyond can
    /// hold a nearer one.
    fn reach(&self, row: usize, near: usize) -> f32 {
        let own = self.places[row];
        let [x, y] = self.cell(own).map(|at| at as isize);
        let across = self.across as isize;
        let mut found: Vec<f32> = Vec::with_capacity(4 * near);
        for ring in 0..across {
            for (dy, dx) in (-ring..=ring).flat_map(|dy| (-ring..=ring).map(move |dx| (dy, dx))) {
                if dy.abs().max(dx.abs()) != ring {
                    continue;
                }
                let (x, y) = (x + dx, y + dy);
                if !(0..across).contains(&x) || !(0..across).contains(&y) {
                    continue;
                }
                let cell = (y * across + x) as usize;
                let rows = &self.rows[self.starts[cell] as usize..self.starts[cell + 1] as usize];
                let others = rows.iter().filter(|&&other| other as usize != row);
                found.extend(others.map(|&other| apart(own, self.places[other as usize])));
            }
            if found.len() >= near {
                let (_, &mut nth, _) = found.select_nth_unstable_by(near - 1, f32::total_cmp);
                // Everything beyond this ring is at least `ring` sides away; a little less, for rounding.
                if nth <= (ring as f32 * self.side * 0.999).powi(2) {
                    return nth;
                }
            }
        }
        found.sort_by(f32::total_cmp);
        found.get(near - 1).or(found.last()).copied().unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests;
