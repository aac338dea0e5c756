//! A tree whose coarse cuts are as good as groups made at that number: Ward's, consolidated at a few levels.

use super::tree::{self, Tree};
use crate::dense;
use ndarray::{Array2, ArrayView2, Axis};

/// Levels have a third of the groups of the level below; fewer than this need none.
const FEWER: usize = 3;
const LEAST: usize = 9;
/// Levels that are consolidated: among the hundred groups above a few hundred leaves and the thirty above those.
const LEVELS: usize = 2;
/// Passes over all items of a level; the last ones move next to nothing.
const PASSES: usize = 20;

impl Tree {
    /// [`Tree::ward`] with second thoughts: at a third and a ninth of the leaves, groups exchange members as long as that
    /// lowers the sum of squared distances (Hartigan 1975), then merging goes on from there. A merge too many at the
    /// bottom no longer spoils all cuts above it (Lebart et al. 1984 call it consolidation). Cuts stay nested.
    ///
    /// # Panics
    /// If there isn't one size for each centroid.
    #[must_use]
    pub fn consolidated(centroids: ArrayView2<f32>, sizes: &[u32]) -> Tree {
        assert_eq!(centroids.nrows(), sizes.len(), "one size for each centroid");
        let mut level = Level {
            centroids: centroids.to_owned(),
            sizes: sizes.to_vec(),
            leaves: (0..sizes.len()).collect(),
        };
        let mut merges = Vec::with_capacity(sizes.len().saturating_sub(1));
        for _ in 0..LEVELS {
            let groups = level.sizes.len() / FEWER;
            if groups < LEAST {
                break;
            }
            let cut = Tree::ward(level.centroids.view(), &level.sizes).cut(groups);
            let cut = exchange(&level, cut, groups);
            level = level.up(&cut, groups, &mut merges);
        }
        let all: Vec<usize> = (0..level.sizes.len()).collect();
        level.merge(&all, &mut merges);
        Tree::from_merges(sizes, merges)
    }
}

/// What is merged at a level: means of leaves, and one leaf of each by which it is called.
struct Level {
    centroids: Array2<f32>,
    sizes: Vec<u32>,
    leaves: Vec<usize>,
}

impl Level {
    /// Merges the items at `members` to one.
    fn merge(&self, members: &[usize], merges: &mut Vec<(usize, usize, f64)>) {
        let centroids = self.centroids.select(Axis(0), members);
        let sizes: Vec<u32> = members.iter().map(|&item| self.sizes[item]).collect();
        let named = |item: usize| self.leaves[members[item]];
        merges.extend(
            tree::merges(centroids.view(), &sizes).into_iter().map(|(a, b, h)| (named(a), named(b), h)),
        );
    }

    /// The level above: each group one item.
    fn up(&self, cut: &[u32], groups: usize, merges: &mut Vec<(usize, usize, f64)>) -> Level {
        let mut members = vec![Vec::new(); groups];
        cut.iter().enumerate().for_each(|(item, &group)| members[group as usize].push(item));
        members.retain(|members| !members.is_empty());
        let mut centroids = Array2::zeros((members.len(), self.centroids.ncols()));
        let (mut sizes, mut leaves) = (Vec::new(), Vec::new());
        for (members, mut centroid) in members.iter().zip(centroids.outer_iter_mut()) {
            self.merge(members, merges);
            let size: u32 = members.iter().map(|&item| self.sizes[item]).sum();
            let mut sum = vec![0.0_f64; centroid.len()];
            for &item in members {
                let n = f64::from(self.sizes[item]);
                sum.iter_mut().zip(self.centroids.row(item)).for_each(|(s, &x)| *s += n * f64::from(x));
            }
            let n = f64::from(size.max(1));
            centroid.iter_mut().zip(sum).for_each(|(c, s)| *c = (s / n) as f32);
            sizes.push(size);
            leaves.push(self.leaves[members[0]]);
        }
        Level { centroids, sizes, leaves }
    }
}

/// Moves items between groups, in their order, as long as one gains by it. Products of items with groups' sums are kept
/// up to date, so that a pass takes O(items · groups) whatever the number of columns. No group is emptied.
fn exchange(level: &Level, mut cut: Vec<u32>, groups: usize) -> Vec<u32> {
    let n = cut.len();
    let products = dense::times_transposed(level.centroids.view(), level.centroids.view());
    let size = |item: usize| f64::from(level.sizes[item]);
    // Of item and group: Σ size · (item · member). Of groups: |sum|², rows and members.
    let mut with = Array2::<f64>::zeros((n, groups));
    let (mut squares, mut rows, mut counts) = (vec![0.0; groups], vec![0.0; groups], vec![0_usize; groups]);
    for member in 0..n {
        let group = cut[member] as usize;
        for item in 0..n {
            with[(item, group)] += size(member) * f64::from(products[(item, member)]);
        }
        rows[group] += size(member);
        counts[group] += 1;
    }
    for item in 0..n {
        squares[cut[item] as usize] += size(item) * with[(item, cut[item] as usize)];
    }
    for _ in 0..PASSES {
        let mut moved = false;
        for item in 0..n {
            let from = cut[item] as usize;
            let m = size(item);
            if counts[from] < 2 || m == 0.0 || rows[from] <= m {
                continue;
            }
            let own = f64::from(products[(item, item)]);
            let apart = |group: usize| {
                (own - 2.0 * with[(item, group)] / rows[group] + squares[group] / rows[group].powi(2))
                    .max(0.0)
            };
            let saved = m * rows[from] / (rows[from] - m) * apart(from);
            let mut best = (saved * (1.0 - 1e-9) - 1e-12, from);
            for group in (0..groups).filter(|&group| group != from && rows[group] > 0.0) {
                let cost = m * rows[group] / (rows[group] + m) * apart(group);
                if cost < best.0 {
                    best = (cost, group);
                }
            }
            let to = best.1;
            if to == from {
                continue;
            }
            squares[from] += m * (m * own - 2.0 * with[(item, from)]);
            squares[to] += m * (m * own + 2.0 * with[(item, to)]);
            for other in 0..n {
                let product = m * f64::from(products[(other, item)]);
                with[(other, from)] -= product;
                with[(other, to)] += product;
            }
            rows[from] -= m;
            rows[to] += m;
            counts[from] -= 1;
            counts[to] += 1;
            cut[item] = to as u32;
            moved = true;
        }
        if !moved {
            break;
        }
    }
    cut
}

#[cfg(test)]
mod tests;
