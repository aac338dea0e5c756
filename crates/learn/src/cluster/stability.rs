//! Which groups come back when part of the rows is left out (Hennig 2007, "Cluster-wise assessment of cluster stability").

use super::points::Points;
use super::smooth::smooth;
use super::{ClusterError, Clusters, KMeans, Tree};
use ndarray::{Array2, ArrayView2, Axis};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

/// How stability is measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StabilitySpec {
    /// Where the draws start.
    pub seed: u64,
    /// Subsamples; each is clustered anew.
    pub runs: usize,
    /// The share of rows in each, above 0 and at most 1.
    pub share: f64,
    /// Of more rows than this only so many, drawn by the seed, are used at all: groups of a few rows are then judged by
    /// those of them that were drawn.
    pub most_rows: usize,
    /// Neighbours by which the rows are smoothed first, among those used: 0 where `vectors` are what was clustered.
    pub neighbours: usize,
}

impl StabilitySpec {
    /// Five subsamples of 80%, on at most 20,000 rows, which are taken as they are.
    #[must_use]
    pub const fn seeded(seed: u64) -> Self {
        Self { seed, runs: 5, share: 0.8, most_rows: 20_000, neighbours: 0 }
    }
}

/// A subsample starts once, and stops when little moves.
const ITERATIONS: usize = 12;
const TOLERANCE: f64 = 1e-3;
/// Rows for each micro-cluster of a subsample: no more of them than that allows.
const ROWS: usize = 8;

/// For each node of `tree` (leaves first, then merges) the mean over the subsamples of its best Jaccard coefficient: its
/// rows in the subsample against those of the node of the subsample's own tree that fits best. 1 comes back as it was;
/// Hennig calls groups from .75 on valid, from .85 on highly stable, and those below .5 dissolved. Subsamples without a row
/// of the node don't count; where none has one, it is 0.
///
/// `vectors` (n × d) are the rows of `clusters`, whose tree is `tree`. Takes about as long as clustering 5 · 16,000 rows,
/// however many there are. Same seed, same bits, on any number of threads.
///
/// # Errors
/// [`ClusterError::NoWork`] for 0 runs or rows, [`ClusterError::Share`], [`ClusterError::Rows`] where there isn't one row
/// for each assigned one, and [`ClusterError::NotFinite`].
pub fn stability(
    vectors: ArrayView2<f32>,
    clusters: &Clusters,
    tree: &Tree,
    spec: StabilitySpec,
) -> Result<Vec<f32>, ClusterError> {
    let (wanted, got) = (clusters.assignment.len(), vectors.nrows());
    if wanted != got {
        return Err(ClusterError::Rows { wanted, got });
    }
    if spec.runs == 0 || spec.most_rows == 0 {
        return Err(ClusterError::NoWork);
    }
    if !(spec.share > 0.0 && spec.share <= 1.0) {
        return Err(ClusterError::Share);
    }
    let mut random = Xoshiro256PlusPlus::seed_from_u64(spec.seed);
    let mut draw = |from: usize, many: usize| {
        let mut rows = rand::seq::index::sample(&mut random, from, many.min(from)).into_vec();
        rows.sort_unstable();
        rows
    };
    let used = draw(got, spec.most_rows);
    let mut rows = vectors.select(Axis(0), &used);
    if spec.neighbours > 0 {
        rows = smooth(rows.view(), spec.neighbours, spec.seed)?;
    }
    Points::new(rows.view())?;
    let nodes = tree.leaves() + tree.merges().len();
    let (mut sums, mut counts) = (vec![0.0_f64; nodes], vec![0_u32; nodes]);
    for run in 0..spec.runs {
        let many = ((used.len() as f64 * spec.share).round() as usize).max(1);
        let drawn = draw(used.len(), many);
        let sample = rows.select(Axis(0), &drawn);
        let k = tree.leaves().min(many.div_ceil(ROWS)).max(1);
        let kmeans = KMeans::new(k, spec.seed.wrapping_add(run as u64))?
            .restarts(1)?
            .iterations(ITERATIONS)?
            .tolerance(TOLERANCE)?;
        let again = kmeans.fit(sample.view())?;
        let mut table = Array2::<u32>::zeros((tree.leaves(), again.sizes.len()));
        for (&row, &cluster) in drawn.iter().zip(&again.assignment) {
            table[(clusters.assignment[used[row]] as usize, cluster as usize)] += 1;
        }
        for (node, best) in best_jaccards(&table, tree, &again.tree()).into_iter().enumerate() {
            if let Some(best) = best {
                sums[node] += best;
                counts[node] += 1;
            }
        }
    }
    Ok(sums.into_iter().zip(counts).map(|(sum, n)| (sum / f64::from(n.max(1))) as f32).collect())
}

/// For each node of `tree` its best Jaccard coefficient with any node of `other`, from the rows that each pair of leaves
/// shares; none for a node without rows. Counts are summed up along both trees: no row is looked at again.
fn best_jaccards(table: &Array2<u32>, tree: &Tree, other: &Tree) -> Vec<Option<f64>> {
    let width = other.leaves() + other.merges().len();
    let mut shared = Array2::<u32>::zeros((tree.leaves() + tree.merges().len(), width));
    for (leaf, counts) in table.outer_iter().enumerate() {
        let mut of_leaf = shared.row_mut(leaf);
        of_leaf.iter_mut().zip(counts).for_each(|(to, &from)| *to = from);
        for (number, merge) in other.merges().iter().enumerate() {
            of_leaf[other.leaves() + number] = of_leaf[merge.a as usize] + of_leaf[merge.b as usize];
        }
    }
    for (number, merge) in tree.merges().iter().enumerate() {
        let sum = &shared.row(merge.a as usize) + &shared.row(merge.b as usize);
        shared.row_mut(tree.leaves() + number).assign(&sum);
    }
    // The roots stand above all.
    let (Some(all), true) = (shared.outer_iter().next_back().map(|row| row.to_owned()), width > 0) else {
        return Vec::new();
    };
    shared
        .outer_iter()
        .map(|row| {
            let size = row[width - 1];
            let jaccard =
                |(&both, &theirs): (&u32, &u32)| f64::from(both) / f64::from((size + theirs - both).max(1));
            (size > 0).then(|| row.iter().zip(&all).map(jaccard).fold(0.0, f64::max))
        })
        .collect()
}

#[cfg(test)]
mod tests;
