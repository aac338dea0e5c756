//! Where k-means starts: k-means‖ (Bahmani, Moseley, Vattani, Kumar, Vassilvitskii 2012), its many seeds merged by Ward.

use super::lloyd::lloyd;
use super::points::{Nearest, Points, SAME};
use super::tree::Tree;
use ndarray::{Array2, Axis};
use rand::{Rng, RngCore};

/// Seeds for each cluster.
const SEEDS: usize = 4;
/// The tree above the seeds needs 8 bytes for each pair of them.
const MOST_SEEDS: usize = 2_500;
/// Rounds in which seeds are drawn.
const ROUNDS: usize = 4;
/// Iterations that spread the seeds before they are merged.
const ITERATIONS: usize = 4;

/// `k` centroids to start from; fewer where there are fewer different rows.
pub fn seeds(points: &Points, k: usize, random: &mut dyn RngCore) -> Array2<f32> {
    // A seed should stand for several rows, or its mean says no more than the row.
    let many = (SEEDS * k).min(MOST_SEEDS).min(points.len() / 4).max(k);
    let drawn = draw(points, many, random);
    if many == k || drawn.nrows() <= k {
        return drawn;
    }
    let spread = lloyd(points, drawn, ITERATIONS, 0.0);
    let tree = Tree::ward(spread.centroids.view(), &spread.counts);
    let groups = tree.cut(k);
    let mut sums = Array2::<f64>::zeros((k, points.rows.ncols()));
    let mut counts = vec![0.0; k];
    for ((centroid, &count), &group) in spread.centroids.outer_iter().zip(&spread.counts).zip(&groups) {
        let count = f64::from(count);
        counts[group as usize] += count;
        sums.row_mut(group as usize).zip_mut_with(&centroid, |s, &c| *s += f64::from(c) * count);
    }
    let mut merged = Array2::zeros(sums.dim());
    for ((mut centroid, sum), count) in merged.outer_iter_mut().zip(sums.outer_iter()).zip(counts) {
        centroid.zip_mut_with(&sum, |c: &mut f32, s| *c = (s / f64::max(count, 1.0)) as f32);
    }
    merged
}

/// `many` different rows: a share of them in each round, by the squared distance to those of the rounds before.
fn draw(points: &Points, many: usize, random: &mut dyn RngCore) -> Array2<f32> {
    let mut chosen: Vec<usize> = Vec::with_capacity(many);
    let mut weights = vec![1.0_f32; points.len()];
    for round in 1..=ROUNDS {
        let wanted = many * round / ROUNDS - chosen.len();
        let next = without_replacement(&weights, wanted, random);
        if next.is_empty() {
            continue;
        }
        let seeds = points.rows.select(Axis(0), &next);
        for ((weight, Nearest { squared, .. }), square) in
            weights.iter_mut().zip(points.nearest(seeds.view())).zip(&points.squares)
        {
            let away = if squared > SAME * square { squared } else { 0.0 };
            // After the uniform first round weights are squared distances.
            *weight = if round == 1 { away } else { weight.min(away) };
        }
        next.iter().for_each(|&row| weights[row] = 0.0);
        chosen.extend(next);
    }
    points.rows.select(Axis(0), &chosen)
}

/// Up to `wanted` different places, drawn by weight (Efraimidis and Spirakis 2006); those of weight 0 never.
fn without_replacement(weights: &[f32], wanted: usize, random: &mut dyn RngCore) -> Vec<usize> {
    let mut keys: Vec<(f64, usize)> = Vec::with_capacity(weights.len());
    for (place, &weight) in weights.iter().enumerate() {
        // One draw for each place, whatever its weight.
        let uniform: f64 = random.r#gen();
        if weight > 0.0 {
            // In (0, 1], so that its logarithm is finite.
            keys.push((-(1.0 - uniform).ln() / f64::from(weight), place));
        }
    }
    if keys.len() > wanted {
        if wanted == 0 {
            return Vec::new();
        }
        keys.select_nth_unstable_by(wanted - 1, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        keys.truncate(wanted);
    }
    let mut places: Vec<usize> = keys.into_iter().map(|(_, place)| place).collect();
    places.sort_unstable();
    places
}
