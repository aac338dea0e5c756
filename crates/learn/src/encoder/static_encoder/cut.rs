//! Texts to tokens, word by word where that gives the same: most words of a pile were met before, and looking one up is
//! twenty times faster than cutting it again.

use crate::encoder::tokens::Tokens;
use rustc_hash::FxHashMap;
use std::ops::Range;
use tokenizers::{NormalizerWrapper, PreTokenizerWrapper, Tokenizer};

/// Words that are remembered. A pile has more, but the frequent ones come first.
const WORDS: usize = 200_000;

/// Longer words are names of files and the like, and don't come again.
const LONGEST_WORD: usize = 32;

/// Cuts texts, one after the other.
pub struct Cutter<'m, 't> {
    tokenizer: &'m Tokenizer,
    by_words: bool,
    /// Where the tokens of a word stand.
    known: FxHashMap<&'t str, Range<usize>>,
    tokens: Vec<u32>,
}

impl<'m, 't> Cutter<'m, 't> {
    pub fn new(tokens: &'m Tokens) -> Self {
        let by_words = splits_at_spaces(&tokens.tokenizer);
        Self { tokenizer: &tokens.tokenizer, by_words, known: FxHashMap::default(), tokens: Vec::new() }
    }

    /// Gives the tokens of a text to `take`, part by part, without marks.
    pub fn cut(&mut self, text: &'t str, mut take: impl FnMut(&[u32])) -> Result<(), tokenizers::Error> {
        if !self.by_words {
            take(self.tokenizer.encode_fast(text, false)?.get_ids());
            return Ok(());
        }
        for word in text.split([' ', '\n']).filter(|word| !word.is_empty()) {
            if let Some(known) = self.known.get(word) {
                take(&self.tokens[known.clone()]);
                continue;
            }
            let cut = self.tokenizer.encode_fast(word, false)?;
            if word.len() <= LONGEST_WORD && self.known.len() < WORDS {
                let start = self.tokens.len();
                self.tokens.extend(cut.get_ids());
                self.known.insert(word, start..self.tokens.len());
            }
            take(cut.get_ids());
        }
        Ok(())
    }
}

/// Whether the tokens of a text are those of its parts between spaces: what is done before words are cut changes single
/// characters only, spaces always separate, and no token has one inside. BERT's tokenizers are so; those that turn
/// spaces into a part of the word (SentencePiece, bytes) are not.
fn splits_at_spaces(tokenizer: &Tokenizer) -> bool {
    let separates = matches!(
        tokenizer.get_pre_tokenizer(),
        Some(PreTokenizerWrapper::BertPreTokenizer(_) | PreTokenizerWrapper::WhitespaceSplit(_))
    );
    let added = tokenizer.get_added_tokens_decoder();
    separates
        && tokenizer.get_normalizer().is_none_or(by_character)
        && added.values().all(|token| !token.content.contains(char::is_whitespace))
}

fn by_character(normalizer: &NormalizerWrapper) -> bool {
    match normalizer {
        NormalizerWrapper::BertNormalizer(_) | NormalizerWrapper::Lowercase(_) => true,
        NormalizerWrapper::Sequence(all) => all.as_ref().iter().all(by_character),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoder::tiny::{CONFIG, folder, tensors};
    use crate::encoder::tokens;
    use proptest::prelude::*;
    use std::fs;

    /// The tokenizer of the tiny model with single letters, a word with an accent and a token that was added.
    fn tokenizer(change: impl Fn(&mut serde_json::Value)) -> Tokens {
        let folder = folder(&tensors(), CONFIG);
        let path = folder.path().join("tokenizer.json");
        let mut tokenizer: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let words =
            ["a", "b", "##a", "##b", "cafe", "-", "'", "##'", "東", "京", "é", "ab", "##ab", "σ", "ς"];
        for (at, word) in words.iter().enumerate() {
            tokenizer["model"]["vocab"][word] = serde_json::json!(12 + at);
        }
        tokenizer["truncation"] = serde_json::Value::Null;
        change(&mut tokenizer);
        fs::write(&path, tokenizer.to_string()).unwrap();
        tokens::read(&path).unwrap()
    }

    fn cut<'t>(cutter: &mut Cutter<'_, 't>, text: &'t str) -> Vec<u32> {
        let mut tokens = Vec::new();
        cutter.cut(text, |part| tokens.extend(part)).unwrap();
        tokens
    }

    fn whole(tokens: &Tokens, text: &str) -> Vec<u32> {
        tokens.tokenizer.encode_fast(text, false).unwrap().get_ids().to_vec()
    }

    proptest! {
        #[test]
        fn words_give_the_tokens_of_the_text(
            texts in prop::collection::vec(
                "(a|b|ab|card|cards|CAFÉ|cafe\u{301}|\u{301}|東京|-|'|\\[CLS\\]|\\[UNK\\]|Σ|ΑΣ| |  |\n|\t|\u{a0}|\u{2003}|\u{200b}|\0|\\PC){0,12}",
                1..6,
            )
        ) {
            let tokens = tokenizer(|_| ());
            let mut cutter = Cutter::new(&tokens);
            prop_assert!(cutter.by_words);
            for text in &texts {
                prop_assert_eq!(cut(&mut cutter, text), whole(&tokens, text));
                // Once more, from what is remembered.
                prop_assert_eq!(cut(&mut cutter, text), whole(&tokens, text));
            }
        }
    }

    #[test]
    fn what_joins_words_is_cut_whole() {
        let by_words = |change: &dyn Fn(&mut serde_json::Value)| Cutter::new(&tokenizer(change)).by_words;
        assert!(by_words(&|_| ()));
        assert!(by_words(&|t| t["normalizer"] = serde_json::Value::Null));
        assert!(!by_words(&|t| t["pre_tokenizer"] = serde_json::Value::Null));
        let bytes = serde_json::json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true});
        assert!(!by_words(&|t| t["pre_tokenizer"] = bytes.clone()));
        let joins = serde_json::json!({"type": "Replace", "pattern": {"String": " "}, "content": ""});
        assert!(!by_words(&|t| t["normalizer"] = joins.clone()));
        let added = |t: &mut serde_json::Value| t["added_tokens"][0]["content"] = "my card".into();
        assert!(!by_words(&added));
        let tokens = tokenizer(added);
        let text = "is my card  up";
        assert_eq!(cut(&mut Cutter::new(&tokens), text), whole(&tokens, text));
    }

    #[test]
    fn memory_is_bounded() {
        let tokens = tokenizer(|_| ());
        let mut cutter = Cutter::new(&tokens);
        let (long, short) = ("a".repeat(LONGEST_WORD + 1), "b".repeat(LONGEST_WORD));
        for text in [&long, &short, &long, &short] {
            assert_eq!(cut(&mut cutter, text), whole(&tokens, text));
        }
        assert_eq!(cutter.known.len(), 1);
    }
}
