//! TypiClust (Hacohen, Dekel and Weinshall 2022, "Active Learning on a Budget").

use crate::classify::best;
use crate::cluster::KMeans;
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
    let n_clusters = (labeled.len() + batch).min(CLUSTERS).min(rows);
    let cluster = clusters(vectors.reborrow(), n_clusters, seed);
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
        .map(|(c, members)| {
            if given[c] == 0 { Vec::new() } else { most_typical(vectors.reborrow(), members, given[c], seed) }
        })
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

/// One place for each of `n` clusters of the rows: that of the row nearest to the mean of its cluster, each row counting
/// for its weight; ascending. Where rows coincide there are fewer clusters; the first other rows fill up.
pub fn central(rows: ArrayView2<f32>, weights: &[f32], n: usize, seed: u64) -> Vec<usize> {
    let cluster = clusters(rows, n, seed);
    let n_clusters = cluster.iter().max().map_or(0, |most| most + 1);
    let mut means = Array2::<f32>::zeros((n_clusters, rows.ncols()));
    let mut mass = vec![0.0_f32; n_clusters];
    for ((row, c), weight) in rows.rows().into_iter().zip(&cluster).zip(weights) {
        means.row_mut(*c).scaled_add(*weight, &row);
        mass[*c] += weight;
    }
    let mut nearest = vec![(f32::INFINITY, 0); n_clusters];
    for (place, (row, c)) in rows.rows().into_iter().zip(&cluster).enumerate() {
        let scale = if mass[*c] > 0.0 { mass[*c].recip() } else { 0.0 };
        let away: f32 = row.iter().zip(means.row(*c)).map(|(x, m)| (x - m * scale).powi(2)).sum();
        if away < nearest[*c].0 {
            nearest[*c] = (away, place);
        }
    }
    let mut picked: Vec<usize> = nearest.into_iter().map(|(_, place)| place).collect();
    picked.sort_unstable();
    let others: Vec<usize> = (0..rows.nrows()).filter(|place| picked.binary_search(place).is_err()).collect();
    picked.extend(others.into_iter().take(n.saturating_sub(n_clusters)));
    picked
}

/// k-means: the cluster of each row, below `n`. Learned on a sample of very many rows.
fn clusters(rows: ArrayView2<f32>, n: usize, seed: u64) -> Vec<usize> {
    let sample = if rows.nrows() <= LEARN {
        None
    } else {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut sample = index::sample(&mut random, rows.nrows(), LEARN).into_vec();
        sample.sort_unstable();
        Some(rows.select(Axis(0), &sample))
    };
    let learn = sample.as_ref().map_or(rows.reborrow(), |sample| sample.view());
    let fitted = KMeans::new(n.min(learn.nrows()), seed)
        .and_then(|k| k.restarts(1))
        .and_then(|k| k.iterations(ROUNDS))
        .and_then(|k| k.fit(learn));
    let Ok(fitted) = fitted else {
        // Rows were checked: only nothing to cluster comes here.
        return vec![0; rows.nrows()];
    };
    if sample.is_none() {
        return fitted.assignment.into_iter().map(|c| c as usize).collect();
    }
    nearest(rows, fitted.centroids.view())
}

fn nearest(rows: ArrayView2<f32>, centers: ArrayView2<f32>) -> Vec<usize> {
    let half: Vec<f32> = centers.rows().into_iter().map(|c| 0.5 * c.dot(&c)).collect();
    let mut out = vec![0; rows.nrows()];
    out.par_chunks_mut(dense::BLOCK).enumerate().for_each(|(block, out)| {
        let from = block * dense::BLOCK;
        let rows = rows.slice_axis(Axis(0), (from..from + out.len()).into());
        let mut products = Array2::zeros((out.len(), centers.nrows()));
        dense::block(products.view_mut(), rows, centers.t());
        for (o, mut row) in out.iter_mut().zip(products.rows_mut()) {
            row.iter_mut().zip(&half).for_each(|(p, h)| *p -= h);
            *o = row.as_slice().map_or(0, best);
        }
    });
    out
}
