//! Items that show what a group is: its middle, its edge, and what lies just outside, none of them twice.

use crate::dense::BLOCK;
use ndarray::{Array1, ArrayView1, ArrayView2};
use rayon::prelude::*;
use std::cmp::Ordering;
use thiserror::Error;

/// Items with a larger cosine between them show the same thing.
const SAME: f64 = 0.95;

/// How much closeness to the group counts against difference from the items chosen already: λ of maximal marginal
/// relevance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Balance(f64);

/// Why a [`Balance`] was refused.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error("closeness counts for something between 0 and 1, not for {0}")]
pub struct BadBalance(pub f64);

impl Balance {
    /// From 0, difference alone, to 1, closeness alone.
    ///
    /// # Errors
    /// [`BadBalance`] outside 0 to 1.
    pub fn new(closeness: f64) -> Result<Self, BadBalance> {
        if (0.0..=1.0).contains(&closeness) { Ok(Self(closeness)) } else { Err(BadBalance(closeness)) }
    }
}

impl Default for Balance {
    /// Closeness for 0.7.
    fn default() -> Self {
        Self(0.7)
    }
}

/// At most `most` of `members` (rows of `vectors`, n × d), the most typical first: greedily by λ · cos(x, mean) − (1 − λ) ·
/// max cos(x, chosen) (maximal marginal relevance, Carbonell and Goldstein 1998), among the 10 · `most` members closest to
/// the mean. The cosine with a row of zeros is 0.
///
/// Takes O(members · d + most² · 10 d) time and 24 bytes a member.
///
/// # Panics
/// If a member is not a row.
#[must_use]
pub fn typical(vectors: ArrayView2<f32>, members: &[usize], most: usize, balance: Balance) -> Vec<usize> {
    let mean = mean(vectors, members);
    let mut near = by_cosine(vectors, members, mean.view());
    let closest = |a: &Item, b: &Item| b.cosine.total_cmp(&a.cosine).then(a.place.cmp(&b.place));
    first(&mut near, most.saturating_mul(10), closest);
    // Closeness to the mean, and to the nearest one chosen.
    let mut candidates: Vec<(Item, f64)> = near.into_iter().map(|item| (item, f64::NEG_INFINITY)).collect();
    let mut chosen = Vec::new();
    while chosen.len() < most && !candidates.is_empty() {
        let score = |(item, same): &(Item, f64)| {
            if same.is_finite() { balance.0 * item.cosine - (1.0 - balance.0) * same } else { item.cosine }
        };
        // The first of equals: the closest.
        let best = (1..candidates.len())
            .fold(0, |best, at| if score(&candidates[at]) > score(&candidates[best]) { at } else { best });
        let (Item { row, .. }, _) = candidates.remove(best);
        for (other, same) in &mut candidates {
            *same = same.max(cosine(vectors.row(other.row), vectors.row(row)));
        }
        chosen.push(row);
    }
    chosen
}

/// At most `most` of `members` (rows of `vectors`, n × d), the farthest from their mean first, by the cosine. Of items that
/// show the same thing (a cosine above 0.95) the first one stays: there may be fewer than `most`.
///
/// Takes O(members · (d + ln members)) time, and O(members · most · d) where most of them are the same; 24 bytes a member.
///
/// # Panics
/// If a member is not a row.
#[must_use]
pub fn edge(vectors: ArrayView2<f32>, members: &[usize], most: usize) -> Vec<usize> {
    let mean = mean(vectors, members);
    let mut items = by_cosine(vectors, members, mean.view());
    items.par_sort_unstable_by(|a, b| a.cosine.total_cmp(&b.cosine).then(a.place.cmp(&b.place)));
    different(vectors, &items, most)
}

/// At most `most` of `candidates` that are not `members` (both rows of `vectors`, n × d), the nearest to the mean of the
/// members first, by the cosine. Of items that show the same thing (a cosine above 0.95) the first one stays.
///
/// Takes O(members · d + candidates · (d + ln candidates)) time, 24 bytes a candidate and one a row of `vectors`.
///
/// # Panics
/// If a member or a candidate is not a row.
#[must_use]
pub fn outside(vectors: ArrayView2<f32>, members: &[usize], candidates: &[usize], most: usize) -> Vec<usize> {
    let mean = mean(vectors, members);
    let mut is_member = vec![false; vectors.nrows()];
    members.iter().for_each(|&row| is_member[row] = true);
    let others: Vec<usize> = candidates.iter().copied().filter(|&row| !is_member[row]).collect();
    let mut items = by_cosine(vectors, &others, mean.view());
    items.par_sort_unstable_by(|a, b| b.cosine.total_cmp(&a.cosine).then(a.place.cmp(&b.place)));
    different(vectors, &items, most)
}

#[derive(Debug, Clone, Copy)]
struct Item {
    row: usize,
    /// With the mean.
    cosine: f64,
    /// In the list it comes from: decides among equals.
    place: usize,
}

/// The mean of some rows. Partial sums are of a fixed length: the same on any number of threads.
fn mean(vectors: ArrayView2<f32>, rows: &[usize]) -> Array1<f32> {
    let sums: Vec<Array1<f64>> = rows
        .par_chunks(BLOCK)
        .map(|rows| {
            let mut sum = Array1::<f64>::zeros(vectors.ncols());
            rows.iter().for_each(|&row| sum.zip_mut_with(&vectors.row(row), |s, &x| *s += f64::from(x)));
            sum
        })
        .collect();
    let sum = sums.into_iter().fold(Array1::<f64>::zeros(vectors.ncols()), |all, sum| all + sum);
    sum.mapv(|x| (x / rows.len().max(1) as f64) as f32)
}

fn by_cosine(vectors: ArrayView2<f32>, rows: &[usize], mean: ArrayView1<f32>) -> Vec<Item> {
    rows.par_iter()
        .with_min_len(BLOCK)
        .enumerate()
        .map(|(place, &row)| Item { row, cosine: cosine(vectors.row(row), mean), place })
        .collect()
}

fn cosine(a: ArrayView1<f32>, b: ArrayView1<f32>) -> f64 {
    let lengths = (f64::from(a.dot(&a)) * f64::from(b.dot(&b))).sqrt();
    if lengths > 0.0 { f64::from(a.dot(&b)) / lengths } else { 0.0 }
}

/// The first `most` in order; the others are dropped without being sorted.
fn first(items: &mut Vec<Item>, most: usize, order: impl Fn(&Item, &Item) -> Ordering) {
    if most < items.len() {
        items.select_nth_unstable_by(most, &order);
        items.truncate(most);
    }
    items.sort_unstable_by(order);
}

/// The first `most` that don't show the same thing, nor are the same row twice.
fn different(vectors: ArrayView2<f32>, items: &[Item], most: usize) -> Vec<usize> {
    let mut chosen: Vec<usize> = Vec::new();
    for item in items {
        if chosen.len() >= most {
            break;
        }
        let is_same =
            |&other: &usize| other == item.row || cosine(vectors.row(other), vectors.row(item.row)) > SAME;
        if !chosen.iter().any(is_same) {
            chosen.push(item.row);
        }
    }
    chosen
}
