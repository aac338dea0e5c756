//! The tokenizer of a model's folder.

use super::EncoderError;
use serde::Deserialize;
use std::path::Path;
use tokenizers::normalizers::{Lowercase, Sequence};
use tokenizers::{Encoding, NormalizerWrapper, Token, Tokenizer, TruncationParams};

/// A tokenizer, and the token that stands for what is not in its vocabulary.
#[derive(Debug, Clone)]
pub struct Tokens {
    pub tokenizer: Tokenizer,
    pub unknown: Option<u32>,
}

/// The part of `tokenizer.json` that the library keeps to itself: one kind of model has the token's text, another its
/// number.
#[derive(Deserialize)]
struct File {
    model: FileModel,
}

#[derive(Deserialize)]
struct FileModel {
    unk_token: Option<String>,
    unk_id: Option<u32>,
}

/// Padding and truncation off, whatever the file says.
pub fn read(path: &Path) -> Result<Tokens, EncoderError> {
    let bytes = std::fs::read(path).map_err(EncoderError::file(path))?;
    let wrong = |e: String| EncoderError::content(path, format!("no tokenizer: {e}"));
    let mut tokenizer = Tokenizer::from_bytes(&bytes).map_err(|e| wrong(e.to_string()))?;
    tokenizer.with_padding(None);
    tokenizer.with_truncation(None).map_err(|e| wrong(e.to_string()))?;
    let File { model } = serde_json::from_slice(&bytes).map_err(|e| wrong(e.to_string()))?;
    let unknown = model.unk_token.and_then(|token| tokenizer.token_to_id(&token)).or(model.unk_id);
    Ok(Tokens { tokenizer, unknown })
}

impl Tokens {
    /// Of a text, so many tokens are read from now on; what comes after them is cut off.
    pub fn truncate(&mut self, longest: usize) -> Result<(), String> {
        let truncation = TruncationParams { max_length: longest, ..TruncationParams::default() };
        self.tokenizer.with_truncation(Some(truncation)).map(|_| ()).map_err(|e| e.to_string())
    }

    /// Texts are lowercased from now on, before anything else is done to them.
    pub fn lowercase(&mut self) -> Result<(), String> {
        let lowercase = NormalizerWrapper::from(Lowercase);
        let then = self.tokenizer.get_normalizer().cloned();
        let both = Sequence::new(std::iter::once(lowercase).chain(then).collect());
        self.tokenizer.with_normalizer(Some(both)).map(|_| ()).map_err(|e| e.to_string())
    }

    /// Tokens that stand before and behind every text.
    pub fn marks(&self) -> Result<(Vec<u32>, Vec<u32>), String> {
        let text = Encoding::from_tokens(vec![Token::new(0, String::new(), (0, 0))], 0);
        let marked = self.tokenizer.post_process(text, None, true).map_err(|e| e.to_string())?;
        let (ids, marks) = (marked.get_ids(), marked.get_special_tokens_mask());
        let place = marks.iter().position(|mark| *mark == 0).ok_or("its marks leave no room for a text")?;
        Ok((ids[..place].to_vec(), ids[place + 1..].to_vec()))
    }

    /// Tokens in the order of their numbers.
    pub fn vocabulary(&self) -> Vec<(u32, String)> {
        let mut all: Vec<(u32, String)> =
            self.tokenizer.get_vocab(true).into_iter().map(|(token, id)| (id, token)).collect();
        all.sort_unstable();
        all
    }
}
