//! Items that stand for their group without repeating each other.

use ndarray::{Array1, ArrayView2};
use thiserror::Error;

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
/// # Panics
/// If a member is not a row.
#[must_use]
pub fn typical(vectors: ArrayView2<f32>, members: &[usize], most: usize, balance: Balance) -> Vec<usize> {
    let mut mean = Array1::<f64>::zeros(vectors.ncols());
    members.iter().for_each(|&row| mean.zip_mut_with(&vectors.row(row), |m, &x| *m += f64::from(x)));
    let mean = mean.mapv(|m| (m / members.len().max(1) as f64) as f32);
    let cosine = |a: ndarray::ArrayView1<f32>, b: ndarray::ArrayView1<f32>| {
        let lengths = (f64::from(a.dot(&a)) * f64::from(b.dot(&b))).sqrt();
        if lengths > 0.0 { f64::from(a.dot(&b)) / lengths } else { 0.0 }
    };
    // Row, closeness to the mean, and to the nearest one chosen.
    let mut candidates: Vec<(usize, f64, f64)> =
        members.iter().map(|&row| (row, cosine(vectors.row(row), mean.view()), f64::NEG_INFINITY)).collect();
    candidates.sort_by(|a, b| b.1.total_cmp(&a.1));
    candidates.truncate(most.saturating_mul(10));
    let mut chosen = Vec::new();
    while chosen.len() < most && !candidates.is_empty() {
        let score = |&(_, close, same): &(usize, f64, f64)| {
            if same.is_finite() { balance.0 * close - (1.0 - balance.0) * same } else { close }
        };
        // The first of equals: the closest.
        let best = (1..candidates.len())
            .fold(0, |best, at| if score(&candidates[at]) > score(&candidates[best]) { at } else { best });
        let (row, ..) = candidates.remove(best);
        for (other, _, same) in &mut candidates {
            *same = same.max(cosine(vectors.row(*other), vectors.row(row)));
        }
        chosen.push(row);
    }
    chosen
}
