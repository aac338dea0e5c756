//! What someone typed into the search box, as a query. There is nothing that is not one: words must all be
//! there, `"words in quotes"` in this order, `-word` not at all, and the last word may be unfinished.

use super::words::words;
use tantivy::Term;
use tantivy::query::{Occur, PhrasePrefixQuery, PhraseQuery, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption};

/// More than this is not read: bytes, then words.
const LONGEST: usize = 2_000;
const MOST_WORDS: usize = 40;
/// An unfinished word stands for at most so many words.
const EXPANSIONS: u32 = 1_000;

/// Is there nothing to search for?
pub fn is_blank(query: &str) -> bool {
    parts(query).is_empty()
}

#[derive(Debug, PartialEq)]
pub(super) struct Part {
    /// In this order, directly after each other.
    pub words: Vec<String>,
    pub wanted: bool,
    /// The last word may be the beginning of a longer one.
    pub unfinished: bool,
}

pub(super) fn parts(query: &str) -> Vec<Part> {
    let query = &query[..query.floor_char_boundary(LONGEST)];
    let mut parts = Vec::new();
    let mut n_words = 0;
    let mut add = |text: &str, wanted: bool, unfinished: bool| {
        let mut words = words(text);
        words.truncate(MOST_WORDS - n_words);
        n_words += words.len();
        if !words.is_empty() {
            parts.push(Part { words, wanted, unfinished });
        }
    };
    let pieces: Vec<&str> = query.split(['"', '“', '”', '„']).collect();
    let mut refuse = false;
    for (i, piece) in pieces.iter().enumerate() {
        let is_last = i + 1 == pieces.len();
        if i % 2 == 1 {
            add(piece, !refuse, is_last);
            refuse = false;
            continue;
        }
        let unfinished = is_last && !piece.ends_with(char::is_whitespace);
        let mut given = piece.split_whitespace().peekable();
        while let Some(word) = given.next() {
            let (word, wanted) = match word.strip_prefix('-') {
                Some(word) => (word, false),
                None => (word, true),
            };
            add(word, wanted, unfinished && wanted && given.peek().is_none());
        }
        refuse = piece.ends_with('-');
    }
    parts
}

pub(super) fn clauses(query: &str, field: Field) -> Vec<(Occur, Box<dyn Query>)> {
    let clause = |part: Part| {
        let mut terms: Vec<Term> = part.words.iter().map(|word| Term::from_field_text(field, word)).collect();
        let query: Box<dyn Query> = if part.unfinished {
            let mut query = PhrasePrefixQuery::new(terms);
            query.set_max_expansions(EXPANSIONS);
            Box::new(query)
        } else if terms.len() == 1 {
            Box::new(TermQuery::new(terms.remove(0), IndexRecordOption::Basic))
        } else {
            Box::new(PhraseQuery::new(terms))
        };
        (if part.wanted { Occur::Must } else { Occur::MustNot }, query)
    };
    parts(query).into_iter().map(clause).collect()
}
