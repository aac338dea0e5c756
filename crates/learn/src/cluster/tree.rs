//! Ward's tree (Ward 1963) above centroids that count for their rows.

use crate::dense;
use ndarray::ArrayView2;

/// The order in which groups merge, from single leaves to one group of all.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree {
    leaves: usize,
    merges: Vec<Merge>,
}

/// Two groups become one. Leaves are numbered from 0; the group made by merge `i` is `leaves + i`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Merge {
    /// The group with the smaller number.
    pub a: u32,
    /// The group with the larger number.
    pub b: u32,
    /// By how much the sum of squared distances to the groups' means grows: nₐ n_b / (nₐ + n_b) · |cₐ − c_b|², raised to
    /// that of the groups merged if those lie higher. Never falls from one merge to the next.
    pub height: f64,
    /// Rows in the merged group.
    pub size: u64,
}

impl Tree {
    /// The tree above `centroids` (m × d), which stand for `sizes` rows each, by a chain of nearest neighbours (Murtagh
    /// 1983) in O(m²) time. Needs 8 m² bytes: 32 MB for 2,000. A centroid of size 0 costs nothing to merge.
    ///
    /// # Panics
    /// If there isn't one size for each centroid.
    #[must_use]
    pub fn ward(centroids: ArrayView2<f32>, sizes: &[u32]) -> Tree {
        assert_eq!(centroids.nrows(), sizes.len(), "one size for each centroid");
        Tree::from_merges(sizes, merges(centroids, sizes))
    }

    /// Of merges between leaves that groups are called by, children before parents.
    pub(super) fn from_merges(sizes: &[u32], merges: Vec<(usize, usize, f64)>) -> Tree {
        Tree { leaves: sizes.len(), merges: in_order(sizes, merges) }
    }

    /// How many leaves there are.
    #[must_use]
    pub fn leaves(&self) -> usize {
        self.leaves
    }

    /// All merges, the cheapest first: one less than leaves.
    #[must_use]
    pub fn merges(&self) -> &[Merge] {
        &self.merges
    }

    /// The group of each leaf when there are `groups` of them (taken as 1 if 0, and as many as leaves if more). Groups are
    /// numbered in the order of their first leaf.
    #[must_use]
    pub fn cut(&self, groups: usize) -> Vec<u32> {
        let done = self.leaves.saturating_sub(groups.max(1));
        let mut parent: Vec<usize> = (0..self.leaves + done).collect();
        for (number, merge) in self.merges[..done].iter().enumerate() {
            parent[merge.a as usize] = self.leaves + number;
            parent[merge.b as usize] = self.leaves + number;
        }
        // Parents have larger numbers than their children: from the top down, everyone's root is known at once.
        for node in (0..parent.len()).rev() {
            parent[node] = parent[parent[node]];
        }
        let mut number = vec![u32::MAX; parent.len()];
        let mut next = 0;
        parent[..self.leaves]
            .iter()
            .map(|&root| {
                if number[root] == u32::MAX {
                    number[root] = next;
                    next += 1;
                }
                number[root]
            })
            .collect()
    }
}

/// Ward's merges as a chain finds them: groups go by one of their members, children come before parents.
pub(super) fn merges(centroids: ArrayView2<f32>, sizes: &[u32]) -> Vec<(usize, usize, f64)> {
    chain(costs(centroids, sizes), sizes)
}

/// A square of merge costs, row by row.
struct Costs {
    m: usize,
    costs: Vec<f64>,
}

impl Costs {
    fn get(&self, a: usize, b: usize) -> f64 {
        self.costs[a * self.m + b]
    }

    fn set(&mut self, a: usize, b: usize, cost: f64) {
        self.costs[a * self.m + b] = cost;
        self.costs[b * self.m + a] = cost;
    }
}

fn costs(centroids: ArrayView2<f32>, sizes: &[u32]) -> Costs {
    let m = sizes.len();
    let products = dense::times_transposed(centroids, centroids);
    let mut costs = Costs { m, costs: vec![0.0; m * m] };
    let square = |a: usize| f64::from(products[(a, a)]);
    for a in 0..m {
        for b in a + 1..m {
            let squared = (square(a) + square(b) - 2.0 * f64::from(products[(a, b)])).max(0.0);
            let (x, y) = (f64::from(sizes[a]), f64::from(sizes[b]));
            costs.set(a, b, if x + y > 0.0 { x * y / (x + y) * squared } else { 0.0 });
        }
    }
    costs
}

/// Merges in the order in which a chain of nearest neighbours finds them: groups go by one of their leaves.
fn chain(mut costs: Costs, sizes: &[u32]) -> Vec<(usize, usize, f64)> {
    let mut sizes: Vec<f64> = sizes.iter().map(|&n| f64::from(n)).collect();
    let mut alive: Vec<usize> = (0..sizes.len()).collect();
    let mut chain: Vec<usize> = Vec::new();
    let mut merges = Vec::with_capacity(sizes.len().saturating_sub(1));
    while alive.len() > 1 {
        let tip = *chain.last().unwrap_or(&alive[0]);
        if chain.is_empty() {
            chain.push(tip);
        }
        let before = chain.len().checked_sub(2).map(|at| chain[at]);
        // The one before wins a tie, or the chain could go round in circles.
        let mut nearest = before.map_or((usize::MAX, f64::INFINITY), |b| (b, costs.get(tip, b)));
        for &other in &alive {
            if other != tip && (costs.get(tip, other) < nearest.1 || nearest.0 == usize::MAX) {
                nearest = (other, costs.get(tip, other));
            }
        }
        let (other, height) = nearest;
        if Some(other) != before {
            chain.push(other);
            continue;
        }
        chain.truncate(chain.len() - 2);
        alive.retain(|&node| node != other);
        merges.push((tip, other, height));
        let (x, y) = (sizes[tip], sizes[other]);
        for &third in &alive {
            if third != tip {
                // Lance and Williams 1967, with Ward's coefficients.
                let z = sizes[third];
                let sum = x + y + z;
                let cost = if sum > 0.0 {
                    ((x + z) * costs.get(tip, third) + (y + z) * costs.get(other, third) - z * height) / sum
                } else {
                    0.0
                };
                costs.set(tip, third, cost.max(0.0));
            }
        }
        sizes[tip] += y;
    }
    merges
}

/// Merges by rising height, groups by their numbers. Merges come children before parents.
fn in_order(sizes: &[u32], mut merges: Vec<(usize, usize, f64)>) -> Vec<Merge> {
    let leaves = sizes.len();
    let mut group: Vec<usize> = (0..leaves).collect();
    let mut highest = vec![0.0_f64; leaves];
    // Where rounding or an exchange put a parent below its child, the parent's height is raised.
    for (a, b, height) in &mut merges {
        let (a, b) = (root(&mut group, *a), root(&mut group, *b));
        *height = height.max(highest[a]).max(highest[b]);
        group[b] = a;
        highest[a] = *height;
    }
    // Stable: of equally high ones children stay first.
    merges.sort_by(|x, y| x.2.total_cmp(&y.2));
    let mut group: Vec<usize> = (0..2 * leaves).collect();
    let mut size: Vec<u64> = sizes.iter().map(|&n| u64::from(n)).collect();
    let mut out = Vec::with_capacity(merges.len());
    for (a, b, height) in merges {
        let (a, b) = (root(&mut group, a), root(&mut group, b));
        let merged = leaves + out.len();
        group[a] = merged;
        group[b] = merged;
        size.push(size[a] + size[b]);
        out.push(Merge { a: a.min(b) as u32, b: a.max(b) as u32, height, size: size[merged] });
    }
    out
}

fn root(group: &mut [usize], mut node: usize) -> usize {
    while group[node] != node {
        group[node] = group[group[node]];
        node = group[node];
    }
    node
}
