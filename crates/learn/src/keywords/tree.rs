//! Words for every node of a merge tree, and for any two groups beside each other.

use super::Keyword;
use super::counts::{Count, TermCounts, merged};
use super::parts::Terms;
use super::score::{contrasting, scored};
use crate::cluster::Merge;
use crate::sparse::Csr;
use std::borrow::Cow;

/// What a node of a merge tree is called.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NodeWords {
    /// What names it, the best first.
    pub keywords: Vec<Keyword>,
    /// What tells it from its sibling, the best first, with z as the score: see [`contrast`]. Nothing at the root.
    pub contrast: Vec<Keyword>,
}

/// Words of each node: leaves first, then one for each merge. At most `most` keywords and as many for the contrast. Scores
/// are those of [`keywords`](super::keywords).
///
/// The keywords of a node depend on the texts of its own leaves and on the whole pile, its contrast on its sibling as well:
/// merges elsewhere change neither.
///
/// Takes O(counts · depth) time; counts of a merge are dropped as soon as its parent is made.
///
/// # Panics
/// If a merge names a node that is not there yet or merged already.
#[must_use]
pub fn name_tree<'t>(
    counts: &TermCounts,
    merges: &[Merge],
    term: impl Fn(usize) -> Option<&'t str>,
    most: usize,
) -> Vec<NodeWords> {
    let terms = Terms::new(counts.overall.len(), term);
    let choose = |scored: &[Keyword]| terms.choose(scored, &counts.overall, most);
    let name = |group: &[Count], size| NodeWords {
        keywords: choose(&scored(counts, group, size)),
        contrast: Vec::new(),
    };
    let mut nodes: Vec<Option<Group>> =
        (0..counts.n_leaves()).map(|leaf| Some(leaf_of(counts, leaf))).collect();
    let mut words: Vec<NodeWords> =
        nodes.iter().flatten().map(|node| name(&node.counts, node.size)).collect();
    for merge in merges {
        let (a, b) = (merge.a as usize, merge.b as usize);
        let mut take = |node: usize| nodes[node].take().expect("a node is merged once");
        let (group_a, group_b) = (take(a), take(b));
        words[a].contrast = choose(&contrasting(counts, group_a.pair(), group_b.pair()));
        words[b].contrast = choose(&contrasting(counts, group_b.pair(), group_a.pair()));
        let both = group_a.with(&group_b);
        words.push(name(&both.counts, both.size));
        nodes.push(Some(both));
    }
    words
}

/// At most `most` terms that tell the texts of the leaves `a` from those of the leaves `b`, the best first: those whose
/// log-odds ratio, with the whole pile as an informative Dirichlet prior (Monroe, Colaresi and Quinn 2008), lies 1.96
/// standard deviations or more above 0. Their score is this z; they are ordered by it times their
/// [unevenness](TermCounts::unevenness) (+ 0.02, to the power 1.5), so that a word of any text doesn't lead.
///
/// # Panics
/// If there is no such leaf.
#[must_use]
pub fn contrast<'t>(
    counts: &TermCounts,
    a: &[u32],
    b: &[u32],
    term: impl Fn(usize) -> Option<&'t str>,
    most: usize,
) -> Vec<Keyword> {
    let (a, b) = (joined(counts, a), joined(counts, b));
    let terms = Terms::new(counts.overall.len(), term);
    terms.choose(&contrasting(counts, a.pair(), b.pair()), &counts.overall, most)
}

/// Words of any group of leaves: the same that [`name_tree`] would give a node of these leaves.
///
/// # Panics
/// If there is no such leaf.
#[must_use]
pub fn name_leaves<'t>(
    counts: &TermCounts,
    leaves: &[u32],
    term: impl Fn(usize) -> Option<&'t str>,
    most: usize,
) -> Vec<Keyword> {
    let group = joined(counts, leaves);
    Terms::new(counts.overall.len(), term).choose(
        &scored(counts, &group.counts, group.size),
        &counts.overall,
        most,
    )
}

/// Words of any texts, such as a part of a leaf or what was selected on a map, against the pile of `counts`: the same that
/// [`name_tree`] would give a leaf of these texts. `rows` is the matrix that was counted.
///
/// # Panics
/// If a member is not a row.
#[must_use]
pub fn name_rows<'t>(
    counts: &TermCounts,
    rows: &Csr,
    members: &[usize],
    term: impl Fn(usize) -> Option<&'t str>,
    most: usize,
) -> Vec<Keyword> {
    let group = counts.of_rows(rows, members);
    let terms = Terms::new(counts.overall.len(), term);
    terms.choose(&scored(counts, &group, members.len() as u64), &counts.overall, most)
}

/// [`contrast`] between any texts: what tells the rows `a` from the rows `b`.
///
/// # Panics
/// If a member is not a row.
#[must_use]
pub fn contrast_rows<'t>(
    counts: &TermCounts,
    rows: &Csr,
    [a, b]: [&[usize]; 2],
    term: impl Fn(usize) -> Option<&'t str>,
    most: usize,
) -> Vec<Keyword> {
    let [in_a, in_b] = [a, b].map(|members| counts.of_rows(rows, members));
    let terms = Terms::new(counts.overall.len(), term);
    let found = contrasting(counts, (&in_a, a.len() as u64), (&in_b, b.len() as u64));
    terms.choose(&found, &counts.overall, most)
}

struct Group<'c> {
    counts: Cow<'c, [Count]>,
    size: u64,
}

impl Group<'_> {
    fn pair(&self) -> (&[Count], u64) {
        (&self.counts, self.size)
    }

    fn with<'o>(&self, other: &Group) -> Group<'o> {
        Group { counts: Cow::Owned(merged(&self.counts, &other.counts)), size: self.size + other.size }
    }
}

fn leaf_of(counts: &TermCounts, leaf: usize) -> Group<'_> {
    Group { counts: Cow::Borrowed(counts.leaf(leaf)), size: counts.size(leaf) }
}

/// All leaves of a list together, two by two so that no term is moved more often than needed.
fn joined<'c>(counts: &'c TermCounts, leaves: &[u32]) -> Group<'c> {
    let mut groups: Vec<Group> = leaves.iter().map(|&leaf| leaf_of(counts, leaf as usize)).collect();
    while groups.len() > 1 {
        groups = groups
            .chunks(2)
            .map(|pair| match pair {
                [a, b] => a.with(b),
                others => others.iter().fold(Group::empty(), |sum, other| sum.with(other)),
            })
            .collect();
    }
    groups.pop().unwrap_or_else(Group::empty)
}

impl Group<'_> {
    fn empty() -> Self {
        Self { counts: Cow::Owned(Vec::new()), size: 0 }
    }
}
