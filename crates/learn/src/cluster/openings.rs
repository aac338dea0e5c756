//! From coarse to fine by opening one group at a time, the largest and loosest first.

use super::{Clusters, Node, Tree};
use std::collections::BinaryHeap;

/// The order in which the groups of a tree are opened, each into its two children: after `k` − 1 openings there are `k`
/// groups, so that each number of groups is one step from the next and cuts are nested.
///
/// A cut at one height leaves a grab bag: what fits nowhere merges late and cheaply, all of it into one group. Here the
/// group with the largest scatter³ · gain is opened next: scatter grows with size and with looseness, so that a large or
/// loose branch is cut deeper than a small tight one; gain (what the scatter falls by) lets a branch wait that its two
/// children hardly explain.
#[derive(Debug, Clone, PartialEq)]
pub struct Openings {
    order: Vec<u32>,
    spans: Vec<(u32, u32)>,
    /// Nodes as their leaves stand in the dendrogram, parents before children.
    along: Vec<u32>,
    grains: Grains,
}

/// Numbers of groups to look at a pile with: `overview` ≤ `themes` ≤ `details` ≤ leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grains {
    /// A first look.
    pub overview: usize,
    /// What to name and label.
    pub themes: usize,
    /// What is worth being told apart at all.
    pub details: usize,
}

/// A grain has the fewest groups that explain this share of what all leaves explain: of the scatter around the mean of
/// all rows, what is left out of that around the means of leaves. A share of what can be explained, and not of all: how
/// much of the scatter is noise differs between encoders.
const OVERVIEW: f64 = 0.3;
const THEMES: f64 = 0.7;
const DETAILS: f64 = 0.96;
/// Or those that leave so little scatter, as a share of the squared lengths: then groups are tight (.995) and what is
/// left to explain says nothing.
const TIGHT: f64 = 0.01;
/// A group has so many rows at least, on average: three texts have no themes.
const ROWS: (u64, u64, u64) = (12, 6, 3);

impl Clusters {
    /// In which order to open the groups of the tree above these clusters.
    ///
    /// # Panics
    /// If the tree has another number of leaves than there are clusters.
    #[must_use]
    pub fn openings(&self, tree: &Tree) -> Openings {
        Openings::of(&self.nodes(tree), tree.leaves())
    }
}

impl Openings {
    /// Of all nodes of a tree, leaves first, then merges.
    #[must_use]
    pub fn of(nodes: &[Node], leaves: usize) -> Self {
        let mut order = Vec::with_capacity(nodes.len() - leaves.min(nodes.len()));
        let mut spans = vec![(1, leaves as u32); nodes.len()];
        let mut left = Vec::with_capacity(order.capacity() + 1);
        let mut waiting: BinaryHeap<Waiting> =
            nodes.iter().enumerate().next_back().map(waiting).into_iter().collect();
        left.extend(nodes.last().map(|root| root.scatter));
        while let Some(Waiting { node, .. }) = waiting.pop() {
            let Some(children) = nodes[node as usize].children else { continue };
            let groups = order.len() as u32 + 1;
            order.push(node);
            spans[node as usize].1 = groups;
            left.push(left.last().copied().unwrap_or(0.0) - nodes[node as usize].gain);
            for child in children {
                spans[child as usize].0 = groups + 1;
                waiting.push(self::waiting((child as usize, &nodes[child as usize])));
            }
        }
        let mut along: Vec<u32> = (0..nodes.len() as u32).collect();
        along.sort_by_key(|&node| (nodes[node as usize].from, std::cmp::Reverse(node)));
        let grains = Grains::of(nodes.last(), &left);
        Self { order, spans, along, grains }
    }

    /// The inner nodes of the tree in the order in which they are opened: all of them, the root first.
    #[must_use]
    pub fn order(&self) -> &[u32] {
        &self.order
    }

    /// The nodes shown when there are so many groups (taken as 1 if 0, as many as leaves if more), in the order of the
    /// dendrogram.
    #[must_use]
    pub fn cut(&self, groups: usize) -> Vec<u32> {
        let groups = groups.clamp(1, self.order.len() + 1) as u32;
        let shown =
            |node: &u32| (self.spans[*node as usize].0..=self.spans[*node as usize].1).contains(&groups);
        self.along.iter().copied().filter(shown).collect()
    }

    /// For each node of the tree, leaves first, then merges: the smallest and the largest number of groups at which it is
    /// shown.
    #[must_use]
    pub fn spans(&self) -> Vec<(u32, u32)> {
        self.spans.clone()
    }

    /// Numbers of groups that suit the pile.
    #[must_use]
    pub fn grains(&self) -> Grains {
        self.grains
    }
}

impl Grains {
    /// `left`: the scatter left after each opening, from none on.
    fn of(root: Option<&Node>, left: &[f64]) -> Self {
        let (Some(root), Some(&all), Some(&least)) = (root, left.first(), left.last()) else {
            return Self { overview: 0, themes: 0, details: 0 };
        };
        // tightness² = 1 − scatter / squared lengths.
        let lengths = all / (1.0 - f64::from(root.tightness).powi(2)).max(1e-12);
        let fewest = |share: f64, rows: u64| {
            let enough = (all - share * (all - least)).max(TIGHT * lengths);
            let groups = left.iter().position(|&left| left <= enough).unwrap_or(left.len() - 1) + 1;
            groups.min((root.size / rows).max(1) as usize)
        };
        Self {
            overview: fewest(OVERVIEW, ROWS.0),
            themes: fewest(THEMES, ROWS.1),
            details: fewest(DETAILS, ROWS.2),
        }
    }
}

/// A group that is shown.
struct Waiting {
    priority: f64,
    node: u32,
}

fn waiting((number, node): (usize, &Node)) -> Waiting {
    Waiting { priority: node.scatter.powi(3) * node.gain, node: number as u32 }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.priority.total_cmp(&other.priority).then(self.node.cmp(&other.node))
    }
}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Waiting {}

#[cfg(test)]
mod tests;
