//! What a group of texts is about: its words, and the items that stand for it.
//!
//! A word names a group if many of its texts hold it, if it is more frequent there than elsewhere, and if it is spread
//! unevenly over the whole pile. The last needs no list of stop words: what any text may say, in any language, is found
//! everywhere.

mod counts;
mod parts;
mod score;
mod spread;
mod tree;
mod typical;

pub use counts::TermCounts;
pub use tree::{NodeWords, contrast, contrast_rows, name_leaves, name_rows, name_tree};
pub use typical::{BadBalance, Balance, edge, outside, typical};

use crate::sparse::Csr;

/// A word, or two in a row, that tells a group from the others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Keyword {
    /// Its column.
    pub column: usize,
    /// How well it names the group, or how clearly it tells it from another: comparable within one list.
    pub score: f64,
    /// How many texts of the group hold it.
    pub n_texts: u32,
}

/// The `most` best keywords of each group, the best first. The score of a term is the product of three figures: the share
/// of the group's texts that hold it; by how much more (log-odds ratio with the whole pile as Dirichlet prior, Monroe,
/// Colaresi and Quinn 2008) a text of the group holds it than one outside, + 0.1; and its
/// [unevenness](TermCounts::unevenness) over all groups, + 0.02, to the power 1.5. Of a group of several leaves the first is
/// (Σ q √p)² with the share p of a leaf's texts and the share q of the group's texts that the leaf has: what a single leaf is
/// full of doesn't name them all. (In short texts a word rarely comes twice: to count texts and to count occurrences is the
/// same, and a text that repeats itself can't take over its group.)
///
/// `rows` is any matrix of texts by terms whose values above 0 say that a text holds a term, tf-idf for one; `members` are
/// the rows of each group; `term` gives the spelling of a column, or `None` for columns that don't count, such as grams of
/// characters. Left out are terms that are no more frequent in the group than elsewhere, those with less than 2% of the score
/// of the best, and, where others are left, those of less than 3% of the group's texts or of one text alone: there may be
/// fewer than `most`.
///
/// A term of two words takes the place of its words where it covers at least half of all texts
/// of each ("top up", but not "the card"); otherwise the words stay and it goes. In scripts that write no spaces, a longer
/// run of graphemes does so with the shorter runs in it ("快递" with "快" and "递"), and single letters are no keywords. Of
/// words that differ in their last letters only ("transfer", "transfers"), and of runs of letters that overlap, the best stays.
///
/// # Panics
/// If a member is not a row.
#[must_use]
pub fn keywords<'t>(
    rows: &Csr,
    members: &[Vec<usize>],
    term: impl Fn(usize) -> Option<&'t str>,
    most: usize,
) -> Vec<Vec<Keyword>> {
    let counts = TermCounts::of_members(rows, members.iter().map(|members| members.iter().copied()), &term);
    name_tree(&counts, &[], term, most).into_iter().map(|node| node.keywords).collect()
}

#[cfg(test)]
mod tests;
