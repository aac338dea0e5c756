//! What is to be said of each node of a tree: who is below and above it, how many rows, how tight.

use super::{Clusters, Tree};

/// One group of the tree: a leaf (numbered from 0) or a merge (numbered from the number of leaves).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Node {
    /// Rows below it.
    pub size: u64,
    /// The node that it is merged into; the root has none.
    pub parent: Option<u32>,
    /// The two nodes merged in it; a leaf has none.
    pub children: Option<[u32; 2]>,
    /// How much its rows agree, 0 to 1: the length of their mean over the root of their mean squared length. For rows of
    /// length 1 this is their mean cosine with the direction of their mean; 1 where all rows are equal.
    pub tightness: f32,
    /// The sum of squared distances of its rows to their mean.
    pub scatter: f64,
    /// By how much less the scatters of its children are; 0 for a leaf.
    pub gain: f64,
    /// Its leaves are those from here …
    pub from: u32,
    /// … to before here in [`Tree::leaf_order`].
    pub to: u32,
}

impl Clusters {
    /// All nodes of the tree above these clusters, leaves first, then merges; the root is the last.
    ///
    /// # Panics
    /// If the tree has another number of leaves than there are clusters.
    #[must_use]
    pub fn nodes(&self, tree: &Tree) -> Vec<Node> {
        let leaves = tree.leaves();
        assert_eq!(leaves, self.sizes.len(), "the tree stands above these clusters");
        let parents = tree.parents();
        let ranges = tree.ranges();
        let mut scatter = vec![0.0_f64; leaves];
        for (&cluster, &distance) in self.assignment.iter().zip(&self.distances) {
            scatter[cluster as usize] += f64::from(distance).powi(2);
        }
        let mut means: Vec<Vec<f64>> =
            self.centroids.outer_iter().map(|c| c.iter().map(|&x| f64::from(x)).collect()).collect();
        let mut nodes: Vec<Node> = Vec::with_capacity(parents.len());
        let place = |number: usize| (parents[number], ranges[number]);
        for leaf in 0..leaves {
            let (parent, (from, to)) = place(leaf);
            let size = u64::from(self.sizes[leaf]);
            let scatter = scatter[leaf];
            let tightness = tightness(&means[leaf], size, scatter);
            nodes.push(Node { size, parent, children: None, tightness, scatter, gain: 0.0, from, to });
        }
        for merge in tree.merges() {
            let (parent, (from, to)) = place(nodes.len());
            let (a, b) = (nodes[merge.a as usize], nodes[merge.b as usize]);
            let (x, y) = (&means[merge.a as usize], &means[merge.b as usize]);
            let (m, n) = (a.size as f64, b.size as f64);
            let sum = (m + n).max(1.0);
            let apart: f64 = x.iter().zip(y).map(|(x, y)| (x - y).powi(2)).sum();
            let gain = m * n / sum * apart;
            let mean: Vec<f64> = x.iter().zip(y).map(|(x, y)| (m * x + n * y) / sum).collect();
            let (size, scatter) = (a.size + b.size, a.scatter + b.scatter + gain);
            let tightness = tightness(&mean, size, scatter);
            let children = Some([merge.a, merge.b]);
            nodes.push(Node { size, parent, children, tightness, scatter, gain, from, to });
            means.push(mean);
        }
        nodes
    }
}

fn tightness(mean: &[f64], size: u64, scatter: f64) -> f32 {
    let length: f64 = mean.iter().map(|x| x * x).sum();
    let spread = scatter / size.max(1) as f64;
    if spread > 0.0 { (length / (length + spread)).sqrt() as f32 } else { 1.0 }
}

impl Tree {
    /// The node that each node is merged into, leaves first, then merges: none for the root, the last.
    #[must_use]
    pub fn parents(&self) -> Vec<Option<u32>> {
        let mut parents = vec![None; self.leaves() + self.merges().len()];
        for (number, merge) in self.merges().iter().enumerate() {
            let parent = Some((self.leaves() + number) as u32);
            parents[merge.a as usize] = parent;
            parents[merge.b as usize] = parent;
        }
        parents
    }

    /// All leaves in an order in which those below any node stand together: the order of a dendrogram. Of two merged groups
    /// the one with the smaller number comes first.
    #[must_use]
    pub fn leaf_order(&self) -> Vec<u32> {
        let mut order = vec![0; self.leaves()];
        for (leaf, (from, _)) in self.ranges().into_iter().take(self.leaves()).enumerate() {
            order[from as usize] = leaf as u32;
        }
        order
    }

    /// For each node, leaves first, then merges: where its leaves stand in [`Tree::leaf_order`], from and to (not
    /// included).
    #[must_use]
    pub fn ranges(&self) -> Vec<(u32, u32)> {
        let leaves = self.leaves();
        let mut counts = vec![1_u32; leaves];
        for merge in self.merges() {
            counts.push(counts[merge.a as usize] + counts[merge.b as usize]);
        }
        let mut ranges: Vec<(u32, u32)> = counts.iter().map(|&count| (0, count)).collect();
        // From the root down: parents have larger numbers.
        for (number, merge) in self.merges().iter().enumerate().rev() {
            let (from, to) = ranges[leaves + number];
            let middle = from + counts[merge.a as usize];
            ranges[merge.a as usize] = (from, middle);
            ranges[merge.b as usize] = (middle, to);
        }
        ranges
    }

    /// The place in `nodes` of the one above each leaf, if those are a cut: nodes none of which is above another. A leaf
    /// above which there is none gets the number of nodes.
    #[must_use]
    pub fn leaves_under(&self, nodes: &[u32]) -> Vec<u32> {
        let (order, ranges) = (self.leaf_order(), self.ranges());
        let mut under = vec![nodes.len() as u32; self.leaves()];
        for (place, &node) in nodes.iter().enumerate() {
            let Some(&(from, to)) = ranges.get(node as usize) else { continue };
            order[from as usize..to as usize].iter().for_each(|&leaf| under[leaf as usize] = place as u32);
        }
        under
    }
}
