//! TypiClust (Hacohen, Dekel and Weinshall 2022, "Active Learning on a Budget").

use super::spread::{Metric, spread};
use crate::dense;
use ndarray::{Array2, ArrayView2, Axis};
use rand::{SeedableRng, seq::index};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

/// Clusters at most.
const CLUSTERS: usize = 500;
/// Rows that clusters are learned on.
const LEARN: usize = 20_000;
/// Neighbours that say how typical a row is.
const NEIGHBOURS: usize = 20;
/// Rows of one cluster that are compared with each other.
const COMPARE: usize = 1_000;
/// Rounds of Lloyd.
const ROUNDS: usize = 15;

/// `batch` unlabeled rows: the most typical of the clusters with the fewest labeled or picked rows, larger clusters
/// first.
pub fn pick(vectors: ArrayView2<f32>, labeled: &[usize], batch: usize, seed: u64) -> Vec<usize> {
    let rows = vectors.nrows();
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let n_clusters = (labeled.len() + batch).min(CLUSTERS).min(rows);
    let cluster = clusters(vectors, n_clusters, &mut random);
    let mut is_labeled = vec![false; rows];
    labeled.iter().for_each(|row| is_labeled[*row] = true);
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); n_clusters];
    let mut covered = vec![0_usize; n_clusters];
    let mut sizes = vec![0_usize; n_clusters];
    for (row, cluster) in cluster.iter().enumerate() {
        sizes[*cluster] += 1;
        if is_labeled[row] {
            covered[*cluster] += 1;
        } else {
            members[*cluster].push(row);
        }
    }
    // How many each cluster gives: one at a time to the least covered, the larger first.
    let mut queue: std::collections::BTreeSet<(usize, std::cmp::Reverse<usize>, usize)> = (0..n_clusters)
        .filter(|c| !members[*c].is_empty())
        .map(|c| (covered[c], std::cmp::Reverse(sizes[c]), c))
        .collect();
    let mut turns = Vec::with_capacity(batch);
    let mut given = vec![0_usize; n_clusters];
    while turns.len() < batch {
        let Some((covered, size, c)) = queue.pop_first() else { break };
        turns.push(c);
        given[c] += 1;
        if given[c] < members[c].len() {
            queue.insert((covered + 1, size, c));
        }
    }
    let ranked: Vec<Vec<usize>> = members
        .into_par_iter()
        .enumerate()
        .map(|(c, members)| if given[c] == 0 { Vec::new() } else { most_typical(vectors, members, given[c], seed) })
        .collect();
    let mut next = vec![0; n_clusters];
    turns
        .into_iter()
        .filter_map(|c| {
            next[c] += 1;
            ranked[c].get(next[c] - 1).copied()
        })
        .collect()
}

/// The `n` rows with the smallest mean distance to their nearest neighbours among `rows`.
fn most_typical(vectors: ArrayView2<f32>, mut rows: Vec<usize>, n: usize, seed: u64) -> Vec<usize> {
    if rows.len() > COMPARE.max(n) {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed ^ rows[0] as u64);
        let mut places = index::sample(&mut random, rows.len(), COMPARE.max(n)).into_vec();
        places.sort_unstable();
        rows = places.into_iter().map(|place| rows[place]).collect();
    }
    let own = vectors.select(Axis(0), &rows);
    let mut products = Array2::zeros((rows.len(), rows.len()));
    dense::block(products.view_mut(), own.view(), own.t());
    let squares: Vec<f32> = (0..rows.len()).map(|i| products[(i, i)]).collect();
    let neighbours = NEIGHBOURS.min(rows.len() - 1);
    let mut scores: Vec<(f32, usize)> = (0..rows.len())
        .map(|i| {
            let mut distances: Vec<f32> = (0..rows.len())
                .filter(|j| *j != i)
                .map(|j| (squares[i] + squares[j] - 2.0 * products[(i, j)]).max(0.0).sqrt())
                .collect();
            if neighbours > 0 && neighbours < distances.len() {
                distances.select_nth_unstable_by(neighbours - 1, f32::total_cmp);
                distances.truncate(neighbours);
            }
            distances.sort_unstable_by(f32::total_cmp);
            (distances.iter().sum::<f32>() / neighbours.max(1) as f32, rows[i])
        })
        .collect();
    scores.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    scores.into_iter().take(n).map(|(_, row)| row).collect()
}

/// k-means from a k-means++ start: the cluster of each row.
fn clusters(vectors: ArrayView2<f32>, n: usize, random: &mut Xoshiro256PlusPlus) -> Vec<usize> {
    let rows = vectors.nrows();
    let mut sample: Vec<usize> = if rows <= LEARN { (0..rows).collect() } else { index::sample(random, rows, LEARN).into_vec() };
    sample.sort_unstable();
    let start = spread(&Metric::of_rows(&vectors, &sample), None, n, random);
    let own = vectors.select(Axis(0), &sample);
    let mut centers = own.select(Axis(0), &start);
    for _ in 0..ROUNDS {
        let nearest = assign(own.view(), centers.view());
        let mut sums = Array2::<f32>::zeros(centers.dim());
        let mut counts = vec![0_usize; n];
        for (row, c) in own.rows().into_iter().zip(&nearest) {
            let mut sum = sums.row_mut(*c);
            sum += &row;
            counts[*c] += 1;
        }
        let mut moved = 0.0_f32;
        for (c, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let mean = sums.row(c).mapv(|x| x / *count as f32);
            moved = moved.max((&mean - &centers.row(c)).mapv(f32::abs).sum());
            centers.row_mut(c).assign(&mean);
        }
        if moved < 1e-4 {
            break;
        }
    }
    assign(vectors, centers.view())
}

fn assign(vectors: ArrayView2<f32>, centers: ArrayView2<f32>) -> Vec<usize> {
    let half: Vec<f32> = centers.rows().into_iter().map(|c| 0.5 * c.to_vec().iter().map(|x| x * x).sum::<f32>()).collect();
    let mut out = vec![0; vectors.nrows()];
    out.par_chunks_mut(dense::BLOCK).enumerate().for_each(|(block, out)| {
        let from = block * dense::BLOCK;
        let rows = vectors.slice_axis(Axis(0), (from..from + out.len()).into());
        let mut products = Array2::zeros((out.len(), centers.nrows()));
        dense::block(products.view_mut(), rows, centers.t());
        for (o, row) in out.iter_mut().zip(products.rows()) {
            let mut best = (f32::NEG_INFINITY, 0);
            for (c, (p, h)) in row.iter().zip(&half).enumerate() {
                if p - h > best.0 {
                    best = (p - h, c);
                }
            }
            *o = best.1;
        }
    });
    out
}
