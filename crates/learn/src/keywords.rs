//! What a group of texts is about: its words, and the items that stand for it.

mod typical;

pub use typical::{BadBalance, Balance, typical};

use crate::sparse::Csr;
use crate::text::{is_letter_alone, words};
use rustc_hash::FxHashMap;

/// A word, or two in a row, that tells a group from the others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Keyword {
    /// Its column.
    pub column: usize,
    /// Its class-based tf-idf.
    pub score: f64,
    /// How many texts of the group hold it.
    pub n_texts: u32,
}

/// The `most` best keywords of each group, the best first, by class-based tf-idf (Grootendorst 2022): f(t, c) / f(c) ·
/// ln(1 + A / f(t)), with f(t, c) the texts of group c that hold the term t, f(t) those of all groups, f(c) the sum of
/// f(t, c) over terms and A the mean of f(c). (In short texts a word rarely comes twice: to count texts and to count
/// occurrences is the same, and a text that repeats itself can't take over its group.)
///
/// `rows` is any matrix of texts by terms whose values above 0 say that a text holds a term, tf-idf for one; `members` are
/// the rows of each group; `term` gives the spelling of a column, or `None` for columns that don't count, such as grams of
/// characters. Left out are terms less than twice as frequent in the group as in all of them (in a large group, which can't
/// differ so much from all: less than halfway to a term of this group alone): this and not a list keeps out the words that
/// every text has. A term of two words takes the place of its words where it covers at least half of all texts
/// of each ("top up", but not "the card"); otherwise the words stay and it goes. In scripts that write no spaces, a longer
/// run of graphemes does so with the shorter runs in it ("快递" with "快" and "递"), and single letters are no keywords.
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
    let terms: Vec<Option<&str>> = (0..rows.n_cols()).map(term).collect();
    let columns: FxHashMap<&str, usize> =
        terms.iter().enumerate().filter_map(|(column, term)| term.map(|term| (term, column))).collect();
    let groups: Vec<Vec<(usize, u32)>> = counts(rows, members, &terms);
    let mut overall = vec![0_u64; rows.n_cols()];
    groups.iter().flatten().for_each(|&(column, n)| overall[column] += u64::from(n));
    let all = overall.iter().sum::<u64>() as f64;
    let present = groups.iter().filter(|group| !group.is_empty()).count();
    let mean = all / present.max(1) as f64;
    groups
        .iter()
        .map(|group| {
            let sum: f64 = group.iter().map(|&(_, n)| f64::from(n)).sum();
            // A term of this group alone is all / sum times as frequent in it as overall: more is not possible.
            let least = f64::min(f64::midpoint(1.0, all / sum), 2.0);
            let mut scored: Vec<Keyword> = group
                .iter()
                .filter(|&&(column, n)| f64::from(n) * all >= least * overall[column] as f64 * sum)
                .filter(|&&(column, _)| !terms[column].is_some_and(is_letter_alone))
                .map(|&(column, n_texts)| {
                    let score = f64::from(n_texts) / sum * (1.0 + mean / overall[column] as f64).ln();
                    Keyword { column, score, n_texts }
                })
                .collect();
            scored.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.column.cmp(&b.column)));
            without_parts(&scored, &terms, &columns, &overall, most)
        })
        .collect()
}

/// For each group its terms, by column, with the number of its texts that hold them.
fn counts(rows: &Csr, members: &[Vec<usize>], terms: &[Option<&str>]) -> Vec<Vec<(usize, u32)>> {
    let mut seen = vec![0_u32; rows.n_cols()];
    members
        .iter()
        .map(|members| {
            let mut touched: Vec<usize> = Vec::new();
            for &row in members {
                let (columns, values) = rows.row(row);
                for (&column, &value) in columns.iter().zip(values) {
                    let column = column as usize;
                    if value > 0.0 && terms[column].is_some() {
                        if seen[column] == 0 {
                            touched.push(column);
                        }
                        seen[column] += 1;
                    }
                }
            }
            touched.sort_unstable();
            touched.into_iter().map(|column| (column, std::mem::take(&mut seen[column]))).collect()
        })
        .collect()
}

/// The best `most`, none of which is part of another.
fn without_parts(
    scored: &[Keyword],
    terms: &[Option<&str>],
    columns: &FxHashMap<&str, usize>,
    overall: &[u64],
    most: usize,
) -> Vec<Keyword> {
    // Each with the shorter terms in it, whose place it takes.
    let mut chosen: Vec<(Keyword, Vec<usize>)> = Vec::new();
    if most == 0 {
        return Vec::new();
    }
    for &keyword in scored {
        // A longer term of half the texts of a chosen word can still take its place; one of a quarter of its score can't.
        if chosen.len() >= most && keyword.score < chosen[most - 1].0.score / 4.0 {
            break;
        }
        let Parts { together, within } = Parts::of(terms[keyword.column].unwrap_or_default());
        let find = |terms: &[&str]| -> Vec<usize> {
            terms.iter().filter_map(|term| columns.get(term).copied()).collect()
        };
        let (parts, within) = (find(&together), find(&within));
        let is_replaced = |other: &(Keyword, Vec<usize>)| within.contains(&other.0.column);
        let is_taken = |column: usize| {
            chosen.iter().filter(|other| !is_replaced(other)).any(|(_, taken)| taken.contains(&column))
        };
        let belongs_together = parts.len() == together.len()
            && !is_taken(keyword.column)
            && parts.iter().all(|&part| overall[keyword.column] * 2 >= overall[part] && !is_taken(part));
        if !belongs_together {
            continue;
        }
        match chosen.iter().position(is_replaced) {
            Some(first) => {
                chosen.retain(|other| !is_replaced(other));
                chosen.insert(first, (keyword, within));
            }
            None if chosen.len() < most => chosen.push((keyword, within)),
            None => {}
        }
    }
    chosen.into_iter().map(|(keyword, _)| keyword).collect()
}

/// The shorter terms in a term.
struct Parts<'t> {
    /// Those that it must cover half of to be more than an accident.
    together: Vec<&'t str>,
    /// All whose place it takes.
    within: Vec<&'t str>,
}

impl<'t> Parts<'t> {
    fn of(term: &'t str) -> Self {
        let words = words(term);
        if words.len() < 2 {
            return Self { together: Vec::new(), within: Vec::new() };
        }
        if term.contains(' ') || words.len() == 2 {
            let together = words.iter().copied().filter(|word| !is_letter_alone(word)).collect();
            return Self { together, within: words };
        }
        // Nothing lies between the words: a run of them is a piece of the term.
        let ends: Vec<usize> = std::iter::once(0)
            .chain(words.iter().scan(0, |end, word| {
                *end += word.len();
                Some(*end)
            }))
            .collect();
        let runs = |from: usize| {
            let ends = &ends;
            (from..words.len())
                .flat_map(move |length| ends.windows(length + 1).map(move |run| &term[run[0]..run[length]]))
        };
        Self { together: runs(2).collect(), within: runs(1).collect() }
    }
}

#[cfg(test)]
mod tests;
