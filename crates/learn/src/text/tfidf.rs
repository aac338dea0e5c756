//! Tf-idf over grams of words and of characters (Salton and Buckley 1988), by scikit-learn's conventions.

use super::Features;
use super::grams::{Cutter, Speller};
use super::interner::Interner;
use crate::sparse::Csr;
use rayon::prelude::*;
use thiserror::Error;

/// Texts that one thread takes at a time.
const CHUNK: usize = 1024;

/// Chunks whose rows wait in memory before they are joined to the matrix.
const CHUNKS: usize = 64;

/// A vocabulary with its weights: what turns texts into rows.
///
/// Columns: grams of words in the order of their spelling (code points), then grams of characters likewise. A value is
/// (1 + ln tf) · idf, with idf = ln((1 + n) / (1 + df)) + 1 over the n texts of the fit; each block of a row has
/// Euclidean length 1, or none where the text holds no known gram. These are the values of a `FeatureUnion` of two
/// `TfidfVectorizer(sublinear_tf=True, min_df=…)` with analyzers `word` and `char_wb`, fed with normalized text cut
/// into words by Unicode's rules (scikit-learn's own cutting drops words of one letter and splits `char_wb` at white
/// space only, so that punctuation stays in).
#[derive(Debug, Clone)]
pub struct TfIdf {
    features: Features,
    words: Interner,
    characters: Interner,
    idf: Vec<f64>,
}

/// Why parts do not make a [`TfIdf`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BadTfIdf {
    /// Not one weight for each term.
    #[error("{terms} terms and {weights} weights")]
    Weights {
        /// How many terms were given.
        terms: usize,
        /// How many weights were given.
        weights: usize,
    },
    /// A term stands twice in its block.
    #[error("a term stands twice")]
    Twice,
    /// A weight is not a finite number.
    #[error("a weight is not a finite number")]
    Weight,
}

impl TfIdf {
    /// Vocabulary and weights of `texts`, and their rows. The matrix takes 8 bytes a value: about 1.2 GB for 1,000,000
    /// short texts (who has that many uses [`learn`](Self::learn), then [`transform`](Self::transform) in parts).
    #[must_use]
    pub fn fit<T: AsRef<str> + Sync>(features: &Features, texts: &[T]) -> (TfIdf, Csr) {
        let (tfidf, n_values) = counted(features, texts);
        let rows = tfidf.rows(texts, n_values);
        (tfidf, rows)
    }

    /// Vocabulary and weights of `texts` in one pass, without their rows. Memory: the distinct grams, once for each
    /// thread while counting. The order of the texts does not matter.
    #[must_use]
    pub fn learn<T: AsRef<str> + Sync>(features: &Features, texts: &[T]) -> TfIdf {
        counted(features, texts).0
    }

    /// One row for each text, in order.
    #[must_use]
    pub fn transform<T: AsRef<str> + Sync>(&self, texts: &[T]) -> Csr {
        self.rows(texts, 0)
    }

    /// Again what was taken apart by the accessors: terms of both blocks in the order of their columns.
    ///
    /// # Errors
    /// [`BadTfIdf`] when the parts don't fit.
    pub fn from_parts<'t>(
        features: Features,
        words: impl IntoIterator<Item = &'t str>,
        characters: impl IntoIterator<Item = &'t str>,
        idf: Vec<f64>,
    ) -> Result<TfIdf, BadTfIdf> {
        let (words, characters) = (interned(words)?, interned(characters)?);
        if words.len() + characters.len() != idf.len() {
            return Err(BadTfIdf::Weights { terms: words.len() + characters.len(), weights: idf.len() });
        }
        if !idf.iter().all(|weight| weight.is_finite()) {
            return Err(BadTfIdf::Weight);
        }
        Ok(TfIdf { features, words, characters, idf })
    }

    /// Which grams are counted.
    #[must_use]
    pub fn features(&self) -> &Features {
        &self.features
    }

    /// How many columns a row has.
    #[must_use]
    pub fn n_columns(&self) -> usize {
        self.idf.len()
    }

    /// How many of them, the first, are grams of words.
    #[must_use]
    pub fn n_words(&self) -> usize {
        self.words.len()
    }

    /// The gram of a column; one of characters has its padding spaces.
    ///
    /// # Panics
    /// If there is no such column.
    #[must_use]
    pub fn term(&self, column: usize) -> &str {
        if self.is_word(column) {
            self.words.term(column)
        } else {
            self.characters.term(column - self.words.len())
        }
    }

    /// Whether a column counts words rather than characters.
    #[must_use]
    pub fn is_word(&self, column: usize) -> bool {
        column < self.words.len()
    }

    /// The column of a gram of words, if it is in the vocabulary.
    #[must_use]
    pub fn word_column(&self, gram: &str) -> Option<usize> {
        self.words.get(gram).map(|column| column as usize)
    }

    /// The column of a gram of characters, if it is in the vocabulary.
    #[must_use]
    pub fn character_column(&self, gram: &str) -> Option<usize> {
        self.characters.get(gram).map(|column| column as usize + self.words.len())
    }

    /// All terms in the order of their columns.
    pub fn terms(&self) -> impl Iterator<Item = &str> {
        self.words.terms().chain(self.characters.terms())
    }

    /// The inverse document frequency of every column.
    #[must_use]
    pub fn idf(&self) -> &[f64] {
        &self.idf
    }

    /// Rows of `texts`, with room made for `n_values` (0: not known).
    fn rows<T: AsRef<str> + Sync>(&self, texts: &[T], n_values: usize) -> Csr {
        let mut starts = Vec::with_capacity(texts.len() + 1);
        let (mut columns, mut values) = (Vec::with_capacity(n_values), Vec::with_capacity(n_values));
        starts.push(0);
        // Joined as they come: at no time are there two copies of the whole.
        for texts in texts.chunks(CHUNK * CHUNKS) {
            let parts: Vec<Part> =
                texts.par_chunks(CHUNK).map_init(Weigher::default, |w, texts| w.part(self, texts)).collect();
            for part in parts {
                let before = values.len();
                starts.extend(part.ends.iter().map(|end| before + end));
                columns.extend_from_slice(&part.columns);
                values.extend_from_slice(&part.values);
            }
        }
        Csr::trusted(self.n_columns(), starts, columns, values)
    }
}

fn interned<'t>(terms: impl IntoIterator<Item = &'t str>) -> Result<Interner, BadTfIdf> {
    let mut interner = Interner::default();
    for (n, term) in terms.into_iter().enumerate() {
        if interner.intern(term) as usize != n {
            return Err(BadTfIdf::Twice);
        }
    }
    Ok(interner)
}

/// Rows of one chunk of texts.
struct Part {
    ends: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f32>,
}

/// Buffers of one thread.
#[derive(Default)]
struct Weigher {
    cutter: Cutter,
    speller: Speller,
    found: Vec<u32>,
    weights: Vec<f64>,
}

impl Weigher {
    fn part<T: AsRef<str>>(&mut self, tfidf: &TfIdf, texts: &[T]) -> Part {
        let mut part =
            Part { ends: Vec::with_capacity(texts.len()), columns: Vec::new(), values: Vec::new() };
        for text in texts {
            self.cutter.take(text.as_ref());
            if let Some(lengths) = tfidf.features.words() {
                let found = &mut self.found;
                self.cutter.word_grams(lengths, |gram| found.extend(tfidf.words.get(gram)));
                self.weigh(tfidf, &mut part);
            }
            if let Some(lengths) = tfidf.features.characters() {
                let shift = tfidf.words.len() as u32;
                for word in self.cutter.words() {
                    let number = |gram: &str| tfidf.characters.get(gram).map(|column| column + shift);
                    self.found.extend_from_slice(self.speller.spell(word, lengths.clone(), number));
                }
                self.weigh(tfidf, &mut part);
            }
            part.ends.push(part.values.len());
        }
        part
    }

    /// The block of the columns found, each as often as it was found, goes to `part`; `found` is empty then.
    fn weigh(&mut self, tfidf: &TfIdf, part: &mut Part) {
        self.found.sort_unstable();
        self.weights.clear();
        let mut square = 0.0;
        for same in self.found.chunk_by(|a, b| a == b) {
            let tf = if same.len() == 1 { 1.0 } else { 1.0 + (same.len() as f64).ln() };
            let weight = tf * tfidf.idf[same[0] as usize];
            square += weight * weight;
            part.columns.push(same[0]);
            self.weights.push(weight);
        }
        let scale = if square > 0.0 { 1.0 / f64::sqrt(square) } else { 0.0 };
        part.values.extend(self.weights.iter().map(|weight| (weight * scale) as f32));
        self.found.clear();
    }
}

/// The vocabulary, and how many values the rows of these texts hold.
fn counted<T: AsRef<str> + Sync>(features: &Features, texts: &[T]) -> (TfIdf, usize) {
    // Counts are whole numbers and the terms are put in order afterwards: how the texts are split does not matter.
    let (words, characters) = texts
        .par_chunks(CHUNK)
        .fold(Counter::default, |mut counter, texts| {
            texts.iter().for_each(|text| counter.count(features, text.as_ref()));
            counter
        })
        .map(|counter| (counter.words, counter.characters))
        .reduce(Default::default, |a, b| (a.0.joined(b.0), a.1.joined(b.1)));
    let mut idf = Vec::new();
    let mut n_values = 0;
    let mut keep = |counts: TermCounts| {
        let (terms, frequencies) = counts.kept(features);
        for df in frequencies {
            n_values += df as usize;
            idf.push(((1.0 + texts.len() as f64) / (1.0 + f64::from(df))).ln() + 1.0);
        }
        terms
    };
    let (words, characters) = (keep(words), keep(characters));
    (TfIdf { features: features.clone(), words, characters, idf }, n_values)
}

/// One thread's counting.
#[derive(Default)]
struct Counter {
    cutter: Cutter,
    speller: Speller,
    /// Texts counted so far.
    n: u32,
    words: TermCounts,
    characters: TermCounts,
}

impl Counter {
    fn count(&mut self, features: &Features, text: &str) {
        self.n += 1;
        self.cutter.take(text);
        if let Some(lengths) = features.words() {
            self.cutter.word_grams(lengths, |gram| {
                let number = self.words.number(gram);
                self.words.see(number, self.n);
            });
        }
        if let Some(lengths) = features.characters() {
            for word in self.cutter.words() {
                let grams =
                    self.speller.spell(word, lengths.clone(), |gram| Some(self.characters.number(gram)));
                for &gram in grams {
                    self.characters.see(gram, self.n);
                }
            }
        }
    }
}

/// In how many texts each term was found.
#[derive(Default)]
struct TermCounts {
    terms: Interner,
    /// The count, and the last text that was counted.
    seen: Vec<(u32, u32)>,
}

impl TermCounts {
    fn number(&mut self, term: &str) -> u32 {
        let number = self.terms.intern(term);
        if number as usize == self.seen.len() {
            self.seen.push((0, 0));
        }
        number
    }

    fn see(&mut self, number: u32, text: u32) {
        let (count, last) = &mut self.seen[number as usize];
        *count += u32::from(*last != text);
        *last = text;
    }

    fn joined(self, other: TermCounts) -> TermCounts {
        let (mut to, from) = if self.terms.len() < other.terms.len() { (other, self) } else { (self, other) };
        for (term, (count, _)) in from.terms.terms().zip(&from.seen) {
            let number = to.number(term);
            to.seen[number as usize].0 += count;
        }
        to
    }

    /// The terms that stay, in the order of their spelling, and their counts.
    fn kept(self, features: &Features) -> (Interner, Vec<u32>) {
        let mut kept: Vec<(&str, u32)> = self
            .terms
            .terms()
            .zip(self.seen.iter().map(|seen| seen.0))
            .filter(|(_, count)| *count >= features.min_documents())
            .collect();
        if let Some(most) = features.max_terms().filter(|most| kept.len() > *most) {
            kept.select_nth_unstable_by(most - 1, |a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
            kept.truncate(most);
        }
        kept.par_sort_unstable();
        let mut terms = Interner::default();
        kept.iter().for_each(|(term, _)| {
            terms.intern(term);
        });
        (terms, kept.into_iter().map(|(_, count)| count).collect())
    }
}

#[cfg(test)]
mod tests;
