//! A picture of the pile: two dimensions in which neighbours stay neighbours.
//!
//! t-SNE (van der Maaten and Hinton 2008) with Barnes–Hut forces (van der Maaten 2014), started from the first two
//! principal components (Kobak and Berens 2019), on a sample; all other rows are placed among their nearest neighbours of
//! the sample, as openTSNE (Poličar et al. 2019) starts new points.

mod align;
mod honesty;
pub mod names;
mod start;

pub use align::align;
pub use honesty::{Honesty, HonestySpec, honesty};

use crate::cluster::ClusterError;
use crate::cluster::cells::{Cells, Piece};
use crate::cluster::neighbours::{Neighbour, neighbours};
use crate::cluster::points::Points;
use bhtsne::tSNE;
use ndarray::{ArrayView2, Axis};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use thiserror::Error;

/// How the picture is drawn: all parameters checked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Map {
    seed: u64,
    points: usize,
    perplexity: f32,
    epochs: usize,
}

/// Why there is no picture.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum MapError {
    /// Too few or too many points for the slow part.
    #[error("between {LEAST} and {MOST} points can be laid out by t-SNE, not {0}", LEAST = Map::LEAST, MOST = Map::MOST)]
    Points(usize),
    /// Perplexity counts neighbours.
    #[error("the perplexity lies between 2 and 100, not at {0}")]
    Perplexity(f32),
    /// Too few or too many steps.
    #[error("between 1 and 10,000 steps, not {0}")]
    Epochs(usize),
    /// A row holds something infinite or NaN.
    #[error("row {row} is not finite")]
    NotFinite {
        /// Counted from 0.
        row: usize,
    },
    /// There isn't one place for each row.
    #[error("{places} places are not one for each of {rows} rows")]
    Places {
        /// Rows there are.
        rows: usize,
        /// Places given.
        places: usize,
    },
    /// The system gives no thread.
    #[error("the system gives no thread to draw on")]
    NoThread,
}

impl Map {
    /// Fewer points than this are laid out by their principal components alone: t-SNE has nothing to say about them.
    pub const LEAST: usize = 10;
    /// The time for t-SNE grows with the square of its points.
    pub const MOST: usize = 50_000;

    /// 5,000 points by t-SNE, perplexity 30, 750 steps.
    #[must_use]
    pub const fn seeded(seed: u64) -> Self {
        Self { seed, points: 5_000, perplexity: 30.0, epochs: 750 }
    }

    /// Lays out at most so many points by t-SNE.
    ///
    /// # Errors
    /// [`MapError::Points`] outside [`Map::LEAST`] to [`Map::MOST`].
    pub const fn points(self, points: usize) -> Result<Self, MapError> {
        if points < Self::LEAST || points > Self::MOST {
            return Err(MapError::Points(points));
        }
        Ok(Self { points, ..self })
    }

    /// About how many neighbours a point cares for. Lowered where there are fewer than three times as many points.
    ///
    /// # Errors
    /// [`MapError::Perplexity`] outside 2 to 100.
    pub fn perplexity(self, perplexity: f32) -> Result<Self, MapError> {
        if (2.0..=100.0).contains(&perplexity) {
            Ok(Self { perplexity, ..self })
        } else {
            Err(MapError::Perplexity(perplexity))
        }
    }

    /// Steps of gradient descent.
    ///
    /// # Errors
    /// [`MapError::Epochs`] outside 1 to 10,000.
    pub const fn epochs(self, epochs: usize) -> Result<Self, MapError> {
        if epochs == 0 || epochs > 10_000 {
            return Err(MapError::Epochs(epochs));
        }
        Ok(Self { epochs, ..self })
    }

    /// Where each row of `vectors` (n × d) goes: n × 2, around the origin, at most 1 away from it in either direction. No
    /// rows make an empty picture, one row or equal rows lie at the origin. Same seed, same picture, on any number of
    /// threads of the same machine.
    ///
    /// Takes O(points²) for neighbours, a few seconds on one thread for 5,000 points, and O(n · points) products for the
    /// rows beside them; of more than 50,000 rows those are placed by cells, in O(n · √points). Beside `vectors` 8 · 10
    /// bytes a row.
    ///
    /// # Errors
    /// [`MapError::NotFinite`] and [`MapError::NoThread`].
    pub fn draw(&self, vectors: ArrayView2<f32>) -> Result<Vec<[f32; 2]>, MapError> {
        self.picture(vectors, None)
    }

    /// As [`Map::draw`], for rows some of which have a place in an older picture: t-SNE starts with these where they were
    /// and with the others among the nearest of them, and the result is aligned to them ([`align`]). Without ten such
    /// rows among those laid out by t-SNE it starts as ever, and is aligned all the same.
    ///
    /// # Errors
    /// [`MapError::Places`] if `known` does not hold one entry a row, and those of [`Map::draw`].
    pub fn draw_from(
        &self,
        vectors: ArrayView2<f32>,
        known: &[Option<[f32; 2]>],
    ) -> Result<Vec<[f32; 2]>, MapError> {
        if known.len() != vectors.nrows() {
            return Err(MapError::Places { rows: vectors.nrows(), places: known.len() });
        }
        let mut places = self.picture(vectors, Some(known))?;
        let pairs: Vec<(usize, [f32; 2])> =
            known.iter().enumerate().filter_map(|(row, place)| Some((row, (*place)?))).collect();
        align(&mut places, &pairs);
        Ok(places)
    }

    fn picture(
        &self,
        vectors: ArrayView2<f32>,
        known: Option<&[Option<[f32; 2]>]>,
    ) -> Result<Vec<[f32; 2]>, MapError> {
        let standard = vectors.as_standard_layout();
        let all = points(standard.view())?;
        let n = all.len();
        if n <= self.points {
            let start = known.and_then(|known| start::known(&all, known));
            return Ok(fit(self.lay_out(&all, start)?));
        }
        let mut random = Xoshiro256PlusPlus::seed_from_u64(self.seed);
        let mut rows = rand::seq::index::sample(&mut random, n, self.points).into_vec();
        rows.sort_unstable();
        let sample = standard.select(Axis(0), &rows);
        let sample = points(sample.view())?;
        let start = known.and_then(|known| {
            let known: Vec<Option<[f32; 2]>> = rows.iter().map(|&row| known[row]).collect();
            start::known(&sample, &known)
        });
        let laid_out = self.lay_out(&sample, start)?;
        let mut out = vec![[0.0; 2]; n];
        if n <= ALL_PAIRS {
            let near = neighbours(&all, &sample, PLACING, |_| None);
            out.iter_mut()
                .zip(near.chunks(PLACING))
                .for_each(|(place, near)| *place = among(near, &laid_out));
        } else {
            let placed = |Piece { near, k, .. }: Piece| {
                Ok(near.chunks(k.max(1)).map(|near| among(near, &laid_out)).collect::<Vec<_>>())
            };
            Cells::new(&sample, CELLS, self.seed)
                .and_then(|cells| {
                    cells.each(
                        &all,
                        PLACING,
                        |_| None,
                        placed,
                        |rows, places| {
                            rows.iter().zip(places).for_each(|(&row, place)| out[row] = place);
                        },
                    )
                })
                .map_err(map_error)?;
        }
        for (&row, place) in rows.iter().zip(laid_out) {
            out[row] = place;
        }
        Ok(fit(out))
    }

    /// t-SNE of all the points from `start`, else from their principal components; these alone where there are too few
    /// points or too little between them.
    fn lay_out(&self, points: &Points, start: Option<Vec<[f32; 2]>>) -> Result<Vec<[f32; 2]>, MapError> {
        let n = points.len();
        let components = start::principal(points.rows, self.seed);
        if n < Self::LEAST || components.iter().all(|place| *place == [0.0, 0.0]) {
            return Ok(components);
        }
        let start = start.unwrap_or(components);
        // Three neighbours for each unit of perplexity, as Barnes–Hut t-SNE has it.
        let perplexity = self.perplexity.min((n - 1) as f32 / 3.0);
        let k = ((3.0 * perplexity) as usize).clamp(1, n - 1);
        let near: Vec<Vec<bhtsne::Neighbor<f32>>> = neighbours(points, points, k, Some)
            .chunks(k)
            .map(|near| near.iter().map(to_theirs).collect())
            .collect();
        // More threads would sum forces in another order, and the picture would not be the same again.
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().map_err(|_| MapError::NoThread)?;
        let flat: Vec<f32> = start::small(&start, self.seed).into_iter().flatten().collect();
        let data = vec![(); n];
        let embedding = alone.install(|| {
            let mut tsne: tSNE<f32, ()> = tSNE::new(&data);
            tsne.perplexity(perplexity).epochs(self.epochs).initial_embedding(flat);
            tsne.stop_lying_epoch((self.epochs / 3).min(250))
                .momentum_switch_epoch((self.epochs / 3).min(250));
            tsne.barnes_hut_with_neighbors(THETA, &near).embedding()
        });
        let places: Vec<[f32; 2]> = embedding.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect();
        let is_whole = places.len() == n && embedding.iter().all(|x| x.is_finite());
        Ok(if is_whole { places } else { start })
    }
}

/// How far a group of points must be to act as one: the usual trade of speed for accuracy.
const THETA: f32 = 0.5;
/// Neighbours among which a row beside the sample is placed.
const PLACING: usize = 10;
/// Up to so many rows those beside the sample are compared with all of it.
const ALL_PAIRS: usize = 50_000;
/// And more rows with those of so many of √points cells: a place is a median, and can do without a neighbour.
const CELLS: usize = 8;

fn points(rows: ArrayView2<'_, f32>) -> Result<Points<'_>, MapError> {
    Points::new(rows).map_err(map_error)
}

fn map_error(error: ClusterError) -> MapError {
    match error {
        ClusterError::NotFinite { row } => MapError::NotFinite { row },
        // Points and cells of points complain about nothing else.
        _ => MapError::NotFinite { row: 0 },
    }
}

fn to_theirs(near: &Neighbour) -> bhtsne::Neighbor<f32> {
    bhtsne::Neighbor { index: near.row as usize, distance: near.squared.sqrt() }
}

/// The median place of the neighbours, direction by direction: a mean would fall into the empty space between islands.
fn among(near: &[Neighbour], laid_out: &[[f32; 2]]) -> [f32; 2] {
    [0, 1].map(|axis| {
        let mut along: Vec<f32> =
            near.iter().filter_map(|n| laid_out.get(n.row as usize)).map(|p| p[axis]).collect();
        let middle = along.len() / 2;
        if along.is_empty() { 0.0 } else { *along.select_nth_unstable_by(middle, f32::total_cmp).1 }
    })
}

/// Around the origin and within 1 of it in either direction.
fn fit(mut places: Vec<[f32; 2]>) -> Vec<[f32; 2]> {
    let ends = [0, 1].map(|axis| {
        let along = places.iter().map(|place| place[axis]);
        (along.clone().fold(f32::INFINITY, f32::min), along.fold(f32::NEG_INFINITY, f32::max))
    });
    let half = ends.iter().map(|(low, high)| (high - low) / 2.0).fold(0.0, f32::max);
    for place in &mut places {
        for (x, (low, high)) in place.iter_mut().zip(ends) {
            *x = if half > 0.0 { ((*x - (low + high) / 2.0) / half).clamp(-1.0, 1.0) } else { 0.0 };
        }
    }
    places
}

#[cfg(test)]
mod tests;
