//! Which of the scored terms are one thing said twice: words of a phrase, pieces of a run, forms of a word.

use super::Keyword;
use crate::text::{is_letter_alone, is_spelled, words};
use rustc_hash::FxHashMap;

/// The spelling of terms, and how common they are: what is needed to choose among them.
pub struct Terms<'t> {
    terms: Vec<Option<&'t str>>,
    columns: FxHashMap<&'t str, u32>,
}

impl<'t> Terms<'t> {
    pub fn new(n_columns: usize, term: impl Fn(usize) -> Option<&'t str>) -> Self {
        let terms: Vec<Option<&str>> = (0..n_columns).map(term).collect();
        let columns = terms
            .iter()
            .enumerate()
            .filter_map(|(column, term)| term.map(|term| (term, column as u32)))
            .collect();
        Self { terms, columns }
    }

    fn spelling(&self, column: usize) -> &'t str {
        self.terms.get(column).copied().flatten().unwrap_or_default()
    }

    /// The best `most` of `scored`, the best first, none of which is part or form of another. `overall` tells how many texts
    /// of the whole pile hold each term.
    pub fn choose(&self, scored: &[Keyword], overall: &[u32], most: usize) -> Vec<Keyword> {
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
            let spelling = self.spelling(keyword.column);
            let Parts { together, within, share } = Parts::of(spelling);
            let find = |terms: &[&str]| -> Vec<usize> {
                terms
                    .iter()
                    .filter_map(|term| self.columns.get(term))
                    .map(|&column| column as usize)
                    .collect()
            };
            let (parts, within) = (find(&together), find(&within));
            let is_replaced = |other: &(Keyword, Vec<usize>)| within.contains(&other.0.column);
            let is_taken = |column: usize| {
                chosen.iter().filter(|other| !is_replaced(other)).any(|(_, taken)| taken.contains(&column))
            };
            let covers = |part: usize| f64::from(overall[keyword.column]) >= share * f64::from(overall[part]);
            let belongs_together = parts.len() == together.len()
                && !is_taken(keyword.column)
                && parts.iter().all(|&part| covers(part) && !is_taken(part));
            let is_known = |other: &(Keyword, Vec<usize>)| {
                let other_spelling = self.spelling(other.0.column);
                !is_replaced(other)
                    && (is_form(other_spelling, spelling) || overlap(other_spelling, spelling))
            };
            if !belongs_together || chosen.iter().any(is_known) {
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
}

/// Whether two terms are forms of one word ("transfer", "transferred"), or of the same words in a row: at least two thirds
/// of the longer are the same from the beginning, and four letters; of three letters one may be more ("fee", "fees").
/// No language's endings are known: what changes its beginning is not found.
fn is_form(a: &str, b: &str) -> bool {
    let (mut a, mut b) = (a.split(' '), b.split(' '));
    loop {
        match (a.next(), b.next()) {
            (Some(a), Some(b)) if is_form_of_word(a, b) => {}
            (None, None) => return true,
            _ => return false,
        }
    }
}

fn is_form_of_word(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    let same = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    let (a, b) = (a.chars().count(), b.chars().count());
    let (longer, shorter) = (a.max(b), a.min(b));
    (same >= 4 && same * 3 >= longer * 2) || (same >= 3 && same == shorter && longer == shorter + 1)
}

/// Whether two runs of letters of a script without spaces are pieces of one: what ends one begins the other. A word longer
/// than the longest run that is counted comes in such pieces.
fn overlap(a: &str, b: &str) -> bool {
    if !is_spelled(a) || !is_spelled(b) {
        return false;
    }
    let (a, b) = (words(a), words(b));
    (1..a.len().min(b.len())).any(|n| a[a.len() - n..] == b[..n] || b[b.len() - n..] == a[..n])
}

/// The shorter terms in a term.
struct Parts<'t> {
    /// Those of which it must cover a share to be more than an accident.
    together: Vec<&'t str>,
    /// That share: half, and nearly all where a letter is added to one word, as Japanese particles are.
    share: f64,
    /// All whose place it takes.
    within: Vec<&'t str>,
}

impl<'t> Parts<'t> {
    fn of(term: &'t str) -> Self {
        let words = words(term);
        if words.len() < 2 {
            return Self { together: Vec::new(), within: Vec::new(), share: 0.5 };
        }
        if term.contains(' ') || words.len() == 2 {
            let together: Vec<&str> = words.iter().copied().filter(|word| !is_letter_alone(word)).collect();
            let share = if together.len() == 1 { 0.9 } else { 0.5 };
            return Self { together, within: words, share };
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
        Self { together: runs(2).collect(), within: runs(1).collect(), share: 0.5 }
    }
}
