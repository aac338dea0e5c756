//! Which grams of a text are counted.

use std::ops::RangeInclusive;
use thiserror::Error;

/// A longer gram of words or characters says nothing and costs much.
const LONGEST: usize = 16;

/// Which grams are counted and which of them are kept. Words and characters are two *blocks* of columns, each with a
/// vocabulary and a length of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Features {
    words: Option<RangeInclusive<usize>>,
    characters: Option<RangeInclusive<usize>>,
    min_documents: u32,
    max_terms: Option<usize>,
}

/// Why [`Features`] were refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BadFeatures {
    /// Neither words nor characters.
    #[error("neither words nor characters are to be counted")]
    Nothing,
    /// Lengths of grams that don't run upwards from at least 1 to at most 16.
    #[error("lengths of grams run from at least 1 to at most 16, not from {0} to {1}")]
    Lengths(usize, usize),
    /// A term must be in one text at least.
    #[error("a term is found in one text at least")]
    MinDocuments,
    /// A vocabulary of nothing.
    #[error("at least one term must be kept")]
    MaxTerms,
}

impl Default for Features {
    /// Words alone and in pairs, 3 to 5 characters within words, found in two texts at least, the 100,000 most common
    /// of each block.
    fn default() -> Self {
        Self { words: Some(1..=2), characters: Some(3..=5), min_documents: 2, max_terms: Some(100_000) }
    }
}

impl Features {
    /// `words`: how many words make a gram (where a script writes no spaces, a word is a grapheme, and letters go on to twice
    /// as many), `characters`: how many characters; `None` leaves the block out. Kept are
    /// grams found in at least `min_documents` texts and, with `max_terms`, the most common ones of each block (by
    /// the number of texts, ties in the order of their spelling; scikit-learn's `max_features` counts every
    /// occurrence instead).
    ///
    /// # Errors
    /// [`BadFeatures`] where nothing could come of it.
    pub fn new(
        words: Option<RangeInclusive<usize>>,
        characters: Option<RangeInclusive<usize>>,
        min_documents: u32,
        max_terms: Option<usize>,
    ) -> Result<Self, BadFeatures> {
        if words.is_none() && characters.is_none() {
            return Err(BadFeatures::Nothing);
        }
        for lengths in [&words, &characters].into_iter().flatten() {
            let (from, to) = (*lengths.start(), *lengths.end());
            if from == 0 || from > to || to > LONGEST {
                return Err(BadFeatures::Lengths(from, to));
            }
        }
        if min_documents == 0 {
            return Err(BadFeatures::MinDocuments);
        }
        if max_terms == Some(0) {
            return Err(BadFeatures::MaxTerms);
        }
        Ok(Self { words, characters, min_documents, max_terms })
    }

    /// How many words make a gram.
    #[must_use]
    pub fn words(&self) -> Option<RangeInclusive<usize>> {
        self.words.clone()
    }

    /// How many characters make a gram.
    #[must_use]
    pub fn characters(&self) -> Option<RangeInclusive<usize>> {
        self.characters.clone()
    }

    /// In how many texts a term must be found.
    #[must_use]
    pub fn min_documents(&self) -> u32 {
        self.min_documents
    }

    /// How many terms of each block are kept at most.
    #[must_use]
    pub fn max_terms(&self) -> Option<usize> {
        self.max_terms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_checked() {
        assert_eq!(
            Features::new(Some(1..=2), Some(3..=5), 2, Some(100_000)),
            Ok(Features::default()),
            "the default passes the check"
        );
        assert!(Features::new(Some(1..=16), None, 1, None).is_ok());
        assert_eq!(Features::new(None, None, 1, None), Err(BadFeatures::Nothing));
        assert_eq!(Features::new(Some(0..=1), None, 1, None), Err(BadFeatures::Lengths(0, 1)));
        #[expect(clippy::reversed_empty_ranges, reason = "what is refused here")]
        let backwards = 5..=3;
        assert_eq!(Features::new(None, Some(backwards), 1, None), Err(BadFeatures::Lengths(5, 3)));
        assert_eq!(Features::new(None, Some(3..=17), 1, None), Err(BadFeatures::Lengths(3, 17)));
        assert_eq!(Features::new(Some(1..=1), None, 0, None), Err(BadFeatures::MinDocuments));
        assert_eq!(Features::new(Some(1..=1), None, 1, Some(0)), Err(BadFeatures::MaxTerms));
    }
}
