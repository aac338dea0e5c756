//! Sentence vectors from a BERT-family model in a local folder, on the CPU (Reimers and Gurevych 2019: mean pooling
//! over a transformer's last layer).
//!
//! The folder has the Hugging Face layout: `config.json`, `tokenizer.json`, `model.safetensors`, and where it was made
//! by sentence-transformers `modules.json`, `1_Pooling/config.json` and `sentence_bert_config.json`. Models of the
//! types `bert`, `roberta`, `xlm-roberta` and `camembert` are read, pooled by the mean or by the first token. Nothing
//! is downloaded.

mod config;
mod forward;
mod weights;

use config::Config;
use ndarray::Array2;
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use thiserror::Error;
use tokenizers::{Tokenizer, TruncationParams};
use weights::Weights;

/// Texts whose tokens are in memory at a time.
const TEXTS: usize = 8_192;

/// Tokens that go through the layers together on one thread, longer texts excepted.
const TOKENS: usize = 512;

/// A model in memory: 4 bytes a parameter (90 MB for MiniLM-L6).
#[derive(Debug)]
pub struct Encoder {
    tokenizer: Tokenizer,
    config: Config,
    weights: Weights,
}

/// Why a folder is not read as a model, or a text not encoded.
#[derive(Debug, Error)]
pub enum EncoderError {
    /// A file of the folder is missing or can't be read.
    #[error("{}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file says something that is not understood here.
    #[error("{}: {what}", path.display())]
    Content {
        /// Which file.
        path: PathBuf,
        /// What is wrong there.
        what: String,
    },
    /// The tokenizer has no tokens for a text.
    #[error("text {number} can't be cut into tokens: {what}")]
    Text {
        /// Which text, counted from 1.
        number: usize,
        /// What the tokenizer says.
        what: String,
    },
}

impl EncoderError {
    fn content(path: &Path, what: impl Into<String>) -> Self {
        EncoderError::Content { path: path.to_owned(), what: what.into() }
    }
}

impl Encoder {
    /// Reads the model in `folder`.
    ///
    /// # Errors
    /// [`EncoderError`] when a file is missing, the architecture is another, a tensor has another shape or holds
    /// something that is not a finite number.
    pub fn open(folder: &Path) -> Result<Encoder, EncoderError> {
        let config = Config::read(folder)?;
        let tokenizer = read_tokenizer(&folder.join("tokenizer.json"), config.longest)?;
        let weights = Weights::read(&folder.join("model.safetensors"), &config)?;
        Ok(Encoder { tokenizer, config, weights })
    }

    /// How many dimensions a vector has.
    #[must_use]
    pub fn dims(&self) -> usize {
        self.config.hidden
    }

    /// Tokens of a text that are read; what comes after them is cut off.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.config.longest
    }

    /// One vector of length 1 for each text, n × dims (zeros for a text in which the tokenizer finds nothing). `done`
    /// hears from any thread how many more are finished.
    ///
    /// Texts of like length go through the layers together, unpadded, one such batch on each thread. The same list
    /// gives the same bits on any number of threads; a text in another list, or on another kind of processor, may
    /// differ in the last digits. Memory: the result (1.5 GB for 1,000,000 × 384) and some megabytes a thread.
    ///
    /// # Errors
    /// [`EncoderError::Text`] for a text that the tokenizer refuses.
    pub fn encode<T: AsRef<str> + Sync>(
        &self,
        texts: &[T],
        done: impl Fn(usize) + Sync,
    ) -> Result<Array2<f32>, EncoderError> {
        let mut out = Array2::zeros((texts.len(), self.dims()));
        for start in (0..texts.len()).step_by(TEXTS) {
            let texts = &texts[start..texts.len().min(start + TEXTS)];
            let tokens: Vec<Vec<u32>> = texts
                .par_iter()
                .enumerate()
                .map(|(at, text)| {
                    let number = start + at + 1;
                    self.tokens(text.as_ref()).map_err(|what| EncoderError::Text { number, what })
                })
                .collect::<Result<_, _>>()?;
            // The longest first: what is left to the last thread is short.
            let mut order: Vec<usize> = (0..texts.len()).collect();
            order.sort_by_key(|&text| std::cmp::Reverse(tokens[text].len()));
            let vectors: Vec<Array2<f32>> = batches(&order, &tokens)
                .into_par_iter()
                .map(|batch| {
                    let texts: Vec<&[u32]> = batch.iter().map(|&text| tokens[text].as_slice()).collect();
                    let vectors = forward::vectors(&self.weights, &self.config, &texts);
                    done(batch.len());
                    vectors
                })
                .collect();
            for (text, vector) in order.iter().zip(vectors.iter().flat_map(|batch| batch.rows())) {
                out.row_mut(start + text).assign(&vector);
            }
        }
        Ok(out)
    }

    fn tokens(&self, text: &str) -> Result<Vec<u32>, String> {
        let lowered = self.config.lowercase.then(|| text.to_lowercase());
        let text = lowered.as_deref().unwrap_or(text);
        let tokens = self.tokenizer.encode_fast(text, true).map_err(|e| e.to_string())?;
        let tokens = tokens.get_ids();
        match tokens.iter().find(|token| **token as usize >= self.weights.vocabulary()) {
            Some(token) => Err(format!("token {token} is not in the model's vocabulary")),
            None => Ok(tokens.to_vec()),
        }
    }
}

/// Padding off, since texts are never padded; truncation at the model's limit, whatever the file says.
fn read_tokenizer(path: &Path, longest: usize) -> Result<Tokenizer, EncoderError> {
    let bytes = std::fs::read(path).map_err(|source| EncoderError::File { path: path.to_owned(), source })?;
    let wrong = |e: tokenizers::Error| EncoderError::content(path, format!("no tokenizer: {e}"));
    let mut tokenizer = Tokenizer::from_bytes(&bytes).map_err(wrong)?;
    tokenizer.with_padding(None);
    tokenizer.with_truncation(None).map_err(wrong)?;
    let marks = tokenizer.encode_fast("", true).map_err(wrong)?.len();
    if marks >= longest {
        let what = format!("{marks} marks are put around a text, and the model reads {longest} tokens");
        return Err(EncoderError::content(path, what));
    }
    let truncation = TruncationParams { max_length: longest, ..TruncationParams::default() };
    tokenizer.with_truncation(Some(truncation)).map_err(wrong)?;
    Ok(tokenizer)
}

/// Runs of `order` with at most [`TOKENS`] tokens, or one text.
fn batches<'o>(order: &'o [usize], tokens: &[Vec<u32>]) -> Vec<&'o [usize]> {
    let mut batches = Vec::new();
    let (mut start, mut sum) = (0, 0);
    for (at, &text) in order.iter().enumerate() {
        if at > start && sum + tokens[text].len() > TOKENS {
            batches.push(&order[start..at]);
            (start, sum) = (at, 0);
        }
        sum += tokens[text].len();
    }
    if start < order.len() {
        batches.push(&order[start..]);
    }
    batches
}

#[cfg(test)]
mod tests;
