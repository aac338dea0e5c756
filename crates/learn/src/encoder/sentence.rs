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

use super::EncoderError;
use super::tokens::{self, Tokens};
use config::Config;
use ndarray::{Array2, ArrayViewMut2, s};
use rayon::prelude::*;
use std::path::Path;
use weights::Weights;

/// Texts whose tokens are in memory at a time.
const TEXTS: usize = 8_192;

/// Tokens that go through the layers together on one thread, longer texts excepted.
const TOKENS: usize = 512;

/// A model in memory: 4 bytes a parameter (90 MB for MiniLM-L6).
#[derive(Debug)]
pub struct Encoder {
    pub(super) tokens: Tokens,
    config: Config,
    weights: Weights,
}

impl Encoder {
    /// Reads the model in `folder`.
    ///
    /// # Errors
    /// [`EncoderError`] when a file is missing, the architecture is another, a tensor has another shape or holds
    /// something that is not a finite number.
    pub fn open(folder: &Path) -> Result<Encoder, EncoderError> {
        let config = Config::read(folder)?;
        let tokens = read_tokens(&folder.join("tokenizer.json"), config.longest)?;
        let weights = Weights::read(&folder.join("model.safetensors"), &config)?;
        Ok(Encoder { tokens, config, weights })
    }

    /// How many dimensions a vector has.
    #[must_use]
    pub fn dims(&self) -> usize {
        self.config.hidden
    }

    /// Whether texts are lowercased before the tokenizer sees them.
    pub(super) fn lowercases(&self) -> bool {
        self.config.lowercase
    }

    /// Tokens that have a vector.
    pub(super) fn vocabulary(&self) -> usize {
        self.weights.vocabulary()
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
            let rows = start..start + texts.len();
            self.each(&tokens, out.slice_mut(s![rows, ..]), &done, |texts| {
                forward::vectors(&self.weights, &self.config, texts)
            });
        }
        Ok(out)
    }

    /// What the last layer makes of each token of `vocabulary` by itself: n × dims, of any length. The marks that the
    /// tokenizer puts around a text stand around it the other way round, as Model2Vec found to be better: on Banking77
    /// the NMI of clusters rises by .007, where without marks it falls by .15.
    pub(super) fn alone(
        &self,
        vocabulary: &[u32],
        done: impl Fn(usize) + Sync,
    ) -> Result<Array2<f32>, String> {
        let (after, before) = self.tokens.marks()?;
        let texts: Vec<Vec<u32>> =
            vocabulary.iter().map(|token| [&before[..], &[*token], &after[..]].concat()).collect();
        let mut out = Array2::zeros((texts.len(), self.dims()));
        self.each(&texts, out.view_mut(), &done, |texts| {
            forward::token(&self.weights, &self.config, texts, before.len())
        });
        Ok(out)
    }

    /// `vectors` gives one for each text of a batch.
    fn each(
        &self,
        tokens: &[Vec<u32>],
        mut out: ArrayViewMut2<f32>,
        done: &(impl Fn(usize) + Sync),
        vectors: impl Fn(&[&[u32]]) -> Array2<f32> + Sync,
    ) {
        // The longest first: what is left to the last thread is short.
        let mut order: Vec<usize> = (0..tokens.len()).collect();
        order.sort_by_key(|&text| std::cmp::Reverse(tokens[text].len()));
        let made: Vec<Array2<f32>> = batches(&order, tokens)
            .into_par_iter()
            .map(|batch| {
                let texts: Vec<&[u32]> = batch.iter().map(|&text| tokens[text].as_slice()).collect();
                let vectors = vectors(&texts);
                done(batch.len());
                vectors
            })
            .collect();
        for (text, vector) in order.iter().zip(made.iter().flat_map(|batch| batch.rows())) {
            out.row_mut(*text).assign(&vector);
        }
    }

    fn tokens(&self, text: &str) -> Result<Vec<u32>, String> {
        let lowered = self.config.lowercase.then(|| text.to_lowercase());
        let text = lowered.as_deref().unwrap_or(text);
        let tokens = self.tokens.tokenizer.encode_fast(text, true).map_err(|e| e.to_string())?;
        let tokens = tokens.get_ids();
        match tokens.iter().find(|token| **token as usize >= self.vocabulary()) {
            Some(token) => Err(format!("token {token} is not in the model's vocabulary")),
            None => Ok(tokens.to_vec()),
        }
    }
}

/// Texts are cut at the model's limit.
fn read_tokens(path: &Path, longest: usize) -> Result<Tokens, EncoderError> {
    let mut tokens = tokens::read(path)?;
    let wrong = |what: String| EncoderError::content(path, format!("no tokenizer: {what}"));
    let marks = tokens.tokenizer.encode_fast("", true).map_err(|e| wrong(e.to_string()))?.len();
    if marks >= longest {
        let what = format!("{marks} marks are put around a text, and the model reads {longest} tokens");
        return Err(EncoderError::content(path, what));
    }
    tokens.truncate(longest).map_err(wrong)?;
    Ok(tokens)
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
