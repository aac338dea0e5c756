//! How many texts of each leaf hold each term, and how unevenly each term is spread over the leaves.

use super::spread::{Chance, divergence};
use crate::sparse::Csr;
use crate::text::is_letter_alone;
use rustc_hash::FxHashMap;
use std::cmp::Ordering;

/// A term in some leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    pub column: u32,
    /// Texts that hold it.
    pub n: u32,
    /// The sum over leaves of √(texts that hold it · texts), in parts of [`Count::ONE`]: whole numbers, so that leaves add up
    /// to the same in any order.
    roots: u32,
}

impl Count {
    const ONE: f64 = 64.0;

    fn of_leaf(column: u32, n: u32, size: u64) -> Self {
        let roots = ((f64::from(n) * size as f64).sqrt() * Self::ONE).round() as u32;
        Self { column, n, roots }
    }

    fn plus(self, other: &Self) -> Self {
        Self { n: self.n + other.n, roots: self.roots.saturating_add(other.roots), ..self }
    }

    pub fn roots(&self) -> f64 {
        f64::from(self.roots) / Self::ONE
    }
}

/// The texts of each leaf that hold each term, sparse, and what the whole pile says of the terms: how many texts hold
/// them, and how unevenly they are spread.
///
/// Leaves are those of one run. Where a leaf is split later, names elsewhere stay as they are if these counts stay: parts of
/// a leaf, and any other selection, are named by [`name_rows`](super::name_rows).
///
/// Takes 12 bytes for each term of each leaf and 8 for each column.
#[derive(Debug, Clone)]
pub struct TermCounts {
    /// Where the counts of each leaf begin, and at last where they end.
    starts: Vec<usize>,
    /// By leaf, then by column.
    counts: Vec<Count>,
    /// Texts of each leaf.
    sizes: Vec<u64>,
    /// Texts of all leaves.
    pub(super) n_texts: u64,
    /// Texts that hold each term.
    pub(super) overall: Vec<u32>,
    /// See [`TermCounts::unevenness`].
    unevenness: Vec<f32>,
}

impl TermCounts {
    /// Counts the texts of each leaf. `rows` is any matrix of texts by terms whose values above 0 say that a text holds a
    /// term; `leaf_of` gives the leaf of each row, below `n_leaves`, or `None` for rows that don't count; `term` gives the
    /// spelling of a column, or `None` for columns that don't count, such as grams of characters. Single letters of
    /// scripts without spaces don't count.
    ///
    /// # Panics
    /// If a row has no entry in `leaf_of`, or its leaf is not below `n_leaves`.
    #[must_use]
    pub fn new<'t>(
        rows: &Csr,
        leaf_of: &[Option<u32>],
        n_leaves: usize,
        term: impl Fn(usize) -> Option<&'t str>,
    ) -> Self {
        assert_eq!(rows.n_rows(), leaf_of.len(), "one leaf for each row");
        let mut starts = vec![0_usize; n_leaves + 1];
        leaf_of.iter().flatten().for_each(|&leaf| starts[leaf as usize + 1] += 1);
        for leaf in 0..n_leaves {
            starts[leaf + 1] += starts[leaf];
        }
        let mut next = starts.clone();
        let mut ordered = vec![0_u32; starts[n_leaves]];
        for (row, leaf) in leaf_of.iter().enumerate() {
            if let Some(leaf) = *leaf {
                ordered[next[leaf as usize]] = row as u32;
                next[leaf as usize] += 1;
            }
        }
        let members = starts.windows(2).map(|ends| ordered[ends[0]..ends[1]].iter().map(|&row| row as usize));
        Self::of_members(rows, members, term)
    }

    /// The same for leaves that are told by their rows.
    pub(super) fn of_members<'t>(
        rows: &Csr,
        members: impl Iterator<Item = impl Iterator<Item = usize>>,
        term: impl Fn(usize) -> Option<&'t str>,
    ) -> Self {
        let is_counted: Vec<bool> = (0..rows.n_cols())
            .map(|column| term(column).is_some_and(|term| !is_letter_alone(term)))
            .collect();
        let mut seen = vec![0_u32; rows.n_cols()];
        let mut overall = vec![0_u32; rows.n_cols()];
        let (mut starts, mut counts, mut sizes) = (vec![0], Vec::new(), Vec::new());
        let mut touched: Vec<u32> = Vec::new();
        for members in members {
            let mut size = 0;
            for row in members {
                size += 1;
                let (columns, values) = rows.row(row);
                for (&column, &value) in columns.iter().zip(values) {
                    if value > 0.0 && is_counted[column as usize] {
                        if seen[column as usize] == 0 {
                            touched.push(column);
                        }
                        seen[column as usize] += 1;
                    }
                }
            }
            touched.sort_unstable();
            counts.extend(touched.drain(..).map(|column| {
                let n = std::mem::take(&mut seen[column as usize]);
                overall[column as usize] += n;
                Count::of_leaf(column, n, size)
            }));
            starts.push(counts.len());
            sizes.push(size);
        }
        let n_texts = sizes.iter().sum();
        let mut made = Self { starts, counts, sizes, n_texts, overall, unevenness: Vec::new() };
        made.unevenness = made.spread();
        made
    }

    /// How many leaves there are.
    #[must_use]
    pub fn n_leaves(&self) -> usize {
        self.sizes.len()
    }

    /// How many texts a leaf has.
    ///
    /// # Panics
    /// If there is no such leaf.
    #[must_use]
    pub fn size(&self, leaf: usize) -> u64 {
        self.sizes[leaf]
    }

    /// How unevenly a term is spread over the leaves, from 0 for what any text may have, whatever the language, to about the
    /// logarithm of the number of leaves for what stands in one of them: Rényi's divergence of order ½ (1961) of the term's
    /// texts from all texts, −2 ln Σ √(p q) with p and q a leaf's shares of them, less what chance would give a term of as
    /// many texts. This order asks in how many leaves a term is rare rather than how frequent it is in one: a word that one
    /// leaf happens to be full of, and that the others have as well, is still even.
    ///
    /// # Panics
    /// If there is no such column.
    #[must_use]
    pub fn unevenness(&self, column: usize) -> f64 {
        f64::from(self.unevenness[column])
    }

    pub(super) fn leaf(&self, leaf: usize) -> &[Count] {
        &self.counts[self.starts[leaf]..self.starts[leaf + 1]]
    }

    /// Counts of some rows as if they were a leaf of their own; a row counts as often as it is told. Terms that no leaf has are
    /// left out.
    pub(super) fn of_rows(&self, rows: &Csr, members: &[usize]) -> Vec<Count> {
        let mut seen: FxHashMap<u32, u32> = FxHashMap::default();
        for &row in members {
            let (columns, values) = rows.row(row);
            let held = columns.iter().zip(values).filter(|(_, value)| **value > 0.0);
            held.for_each(|(&column, _)| *seen.entry(column).or_default() += 1);
        }
        let mut counts: Vec<Count> = seen
            .into_iter()
            .filter(|&(column, _)| self.overall.get(column as usize).is_some_and(|&n| n > 0))
            .map(|(column, n)| Count::of_leaf(column, n, members.len() as u64))
            .collect();
        counts.sort_unstable_by_key(|count| count.column);
        counts
    }

    fn spread(&self) -> Vec<f32> {
        let mut roots = vec![0.0_f64; self.overall.len()];
        self.counts.iter().for_each(|count| roots[count.column as usize] += count.roots());
        let (all, chance) = (self.n_texts as f64, Chance::new(&self.sizes));
        let unevenness = |(&n, &roots): (&u32, &f64)| {
            let n = f64::from(n);
            (divergence(n, all, roots) - chance.of(n)).max(0.0) as f32
        };
        self.overall.iter().zip(&roots).map(unevenness).collect()
    }
}

/// The counts of two groups together.
pub fn merged(a: &[Count], b: &[Count]) -> Vec<Count> {
    let mut out = Vec::with_capacity(a.len().max(b.len()));
    each_of_both(a, b, |a, b| {
        out.extend(match (a, b) {
            (Some(a), Some(b)) => Some(a.plus(b)),
            (a, b) => a.or(b).copied(),
        });
    });
    out
}

/// Every term of either group, by column, with its count in each.
pub fn each_of_both<'c>(
    a: &'c [Count],
    b: &'c [Count],
    mut each: impl FnMut(Option<&'c Count>, Option<&'c Count>),
) {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    loop {
        match (a.peek(), b.peek()) {
            (Some(x), Some(y)) => match x.column.cmp(&y.column) {
                Ordering::Less => each(a.next(), None),
                Ordering::Equal => each(a.next(), b.next()),
                Ordering::Greater => each(None, b.next()),
            },
            (Some(_), None) => each(a.next(), None),
            (None, Some(_)) => each(None, b.next()),
            (None, None) => return,
        }
    }
}
