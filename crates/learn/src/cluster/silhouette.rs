//! How well items sit in their groups.

use crate::dense;
use ndarray::{ArrayView2, Axis};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

/// The mean silhouette (Rousseeuw 1987) of at most `sample` rows of `vectors` (n × d), drawn from `seed` and measured among
/// themselves: (b − a) / max(a, b) with a the mean distance to the others of the own group and b that to the nearest other
/// group; 0 for an item alone in its group. From −1 to 1. Takes O(sample²) time and memory: 16 MB for 2,000.
///
/// `None` where the sample holds fewer than two groups: there is nothing to compare. Same bits on any number of threads.
///
/// # Panics
/// If there isn't one group for each row.
#[must_use]
pub fn silhouette(vectors: ArrayView2<f32>, groups: &[u32], sample: usize, seed: u64) -> Option<f64> {
    assert_eq!(vectors.nrows(), groups.len(), "one group for each row");
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut rows = rand::seq::index::sample(&mut random, groups.len(), sample.min(groups.len())).into_vec();
    rows.sort_unstable();
    // Groups of the sample, numbered from 0.
    let mut present: Vec<u32> = rows.iter().map(|&row| groups[row]).collect();
    present.sort_unstable();
    present.dedup();
    if present.len() < 2 {
        return None;
    }
    let of: Vec<usize> =
        rows.iter().map(|&row| present.binary_search(&groups[row]).unwrap_or_default()).collect();
    let mut sizes = vec![0_u32; present.len()];
    of.iter().for_each(|&group| sizes[group] += 1);
    let sampled = vectors.select(Axis(0), &rows);
    let products = dense::times_transposed(sampled.view(), sampled.view());
    let each: Vec<f64> = (0..rows.len())
        .into_par_iter()
        .map(|row| {
            if sizes[of[row]] < 2 {
                return 0.0;
            }
            let mut sums = vec![0.0_f64; sizes.len()];
            for other in (0..rows.len()).filter(|&other| other != row) {
                let squared = products[(row, row)] + products[(other, other)] - 2.0 * products[(row, other)];
                sums[of[other]] += f64::from(squared.max(0.0).sqrt());
            }
            let own = sums[of[row]] / f64::from(sizes[of[row]] - 1);
            let others = (0..sizes.len()).filter(|&group| group != of[row]);
            let next =
                others.map(|group| sums[group] / f64::from(sizes[group])).fold(f64::INFINITY, f64::min);
            let larger = own.max(next);
            if larger > 0.0 { (next - own) / larger } else { 0.0 }
        })
        .collect();
    Some(each.iter().sum::<f64>() / each.len() as f64)
}
