//! The MASI distance of two sets of labels, and which of many sets are alike.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// Distance of two label sets by MASI (Passonneau 2006): 1 − Jaccard × monotonicity, where monotonicity is 1 for equal
/// sets, 2/3 where one holds the other, 1/3 where they overlap, 0 where they share nothing. Two empty sets are equal.
/// Both ascending without repeats.
#[must_use]
pub fn masi_distance(a: &[u32], b: &[u32]) -> f64 {
    if a == b {
        return 0.0;
    }
    let shared = a.iter().filter(|label| b.binary_search(label).is_ok()).count();
    1.0 - likeness(shared, a.len(), b.len())
}

/// 1 − [`masi_distance`] of two different sets by how many labels they share and how many each has.
fn likeness(shared: usize, a: usize, b: usize) -> f64 {
    if shared == 0 {
        return 0.0;
    }
    let monotonicity = if shared == a.min(b) { 2.0 / 3.0 } else { 1.0 / 3.0 };
    monotonicity * shared as f64 / (a + b - shared) as f64
}

/// Which of the distinct sets share something, and how much.
pub(super) struct Likeness<'a> {
    sets: &'a [Vec<u32>],
    /// The sets that hold each label, ascending.
    holding: FxHashMap<u32, Vec<u32>>,
}

impl<'a> Likeness<'a> {
    pub(super) fn of(sets: &'a [Vec<u32>]) -> Self {
        let mut holding: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
        for (at, set) in sets.iter().enumerate() {
            for label in set {
                holding.entry(*label).or_default().push(at as u32);
            }
        }
        Self { sets, holding }
    }

    pub(super) fn distance(&self, a: usize, b: usize) -> f64 {
        masi_distance(&self.sets[a], &self.sets[b])
    }

    /// (Lower index, higher index, 1 − distance) of those nearer than 1.
    pub(super) fn near(&self) -> Vec<(u32, u32, f64)> {
        let mut near = Vec::new();
        let mut n_shared = vec![0_u32; self.sets.len()];
        for a in 0..self.sets.len() {
            self.each_like(a, &mut n_shared, |b, likeness| {
                if b > a {
                    near.push((a as u32, b as u32, likeness));
                }
            });
        }
        near
    }

    /// Σ over all sets of their likeness to each set, times how often they stand there.
    pub(super) fn to_all(&self, totals: &[f64]) -> Vec<f64> {
        let n_sets = self.sets.len();
        (0..n_sets)
            .into_par_iter()
            .map_init(
                || vec![0_u32; n_sets],
                |n_shared, a| {
                    let mut sum = totals[a];
                    self.each_like(a, n_shared, |b, likeness| sum += likeness * totals[b]);
                    sum
                },
            )
            .collect()
    }

    /// The other sets that share a label with the one at `a`. `n_shared` is all 0 before and after.
    fn each_like(&self, a: usize, n_shared: &mut [u32], mut like: impl FnMut(usize, f64)) {
        let mut others: Vec<u32> = Vec::new();
        for label in &self.sets[a] {
            for b in &self.holding[label] {
                if n_shared[*b as usize] == 0 {
                    others.push(*b);
                }
                n_shared[*b as usize] += 1;
            }
        }
        for b in others {
            let b = b as usize;
            let shared = std::mem::take(&mut n_shared[b]) as usize;
            if b != a {
                like(b, likeness(shared, self.sets[a].len(), self.sets[b].len()));
            }
        }
    }
}
