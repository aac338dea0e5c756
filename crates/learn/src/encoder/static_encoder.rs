//! Static encoders: one vector a token, found once; a text's vector is the mean of those of its tokens (Model2Vec,
//! Tulkens and van Dongen 2024). No token knows its neighbours, so that a million short texts take seconds.
//!
//! A folder holds `config.json` with the `model_type` `model2vec`, `tokenizer.json`, and `model.safetensors` with the
//! tensor `embeddings`, and `weights` (one number a token) and `mapping` (a token's row) where it has fewer rows than
//! tokens.

mod cut;
mod read;
mod write;

use super::EncoderError;
use super::tokens::Tokens;
use cut::Cutter;
use ndarray::{Array2, ArrayViewMut1, Axis};
use rayon::prelude::*;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Texts that a thread does at a time.
const TEXTS: usize = 1_024;

/// A table of vectors in memory: 4 bytes × dims a token (31 MB for the 30,522 tokens of MiniLM in 256 dimensions).
#[derive(Debug)]
pub struct StaticEncoder {
    tokens: Tokens,
    /// A row for every token of the tokenizer.
    table: Array2<f32>,
    /// Tokens of a text that are read.
    longest: Option<usize>,
}

impl StaticEncoder {
    /// Reads the model in `folder`.
    ///
    /// # Errors
    /// [`EncoderError`] when a file is missing, the folder is of another kind, a tensor has another shape or holds
    /// something that is not a finite number, or a token has no vector.
    pub fn open(folder: &Path) -> Result<StaticEncoder, EncoderError> {
        read::read(folder)
    }

    /// Writes the model to `folder`, which is made where it is not there: `config.json`, `tokenizer.json` and
    /// `model.safetensors`. What is opened from it gives the same vectors; Model2Vec reads it as well.
    ///
    /// # Errors
    /// [`EncoderError::File`] when a file can't be written.
    pub fn save(&self, folder: &Path) -> Result<(), EncoderError> {
        write::write(self, folder)
    }

    /// `table`: a row for every token that the tokenizer can give, and `tokens` without truncation.
    pub(super) fn new(tokens: Tokens, table: Array2<f32>, longest: Option<usize>) -> Self {
        Self { tokens, table, longest }
    }

    /// How many dimensions a vector has.
    #[must_use]
    pub fn dims(&self) -> usize {
        self.table.ncols()
    }

    /// One vector of length 1 for each text, n × dims, whatever `normalize` in `config.json` says: everything here
    /// compares directions. Zeros for a text that has no known token. `done` hears from any thread how many more are
    /// finished.
    ///
    /// The same text gives the same bits in any list, on any number of threads. Memory: the result (1 GB for
    /// 1,000,000 × 256).
    ///
    /// # Errors
    /// [`EncoderError::Text`] for a text that the tokenizer refuses.
    pub fn encode<T: AsRef<str> + Sync>(
        &self,
        texts: &[T],
        done: impl Fn(usize) + Sync,
    ) -> Result<Array2<f32>, EncoderError> {
        let mut out = Array2::zeros((texts.len(), self.dims()));
        // As many as there are threads: each remembers the words that it met.
        let cutters: Mutex<Vec<Cutter>> = Mutex::new(Vec::new());
        out.axis_chunks_iter_mut(Axis(0), TEXTS)
            .into_par_iter()
            .zip(texts.par_chunks(TEXTS))
            .enumerate()
            .try_for_each(|(chunk, (mut out, texts))| {
                let idle = cutters.lock().unwrap_or_else(PoisonError::into_inner).pop();
                let mut cutter = idle.unwrap_or_else(|| Cutter::new(&self.tokens));
                let mut sum = vec![0.0; self.dims()];
                for (at, (text, out)) in texts.iter().zip(out.rows_mut()).enumerate() {
                    self.encode_one(text.as_ref(), &mut cutter, &mut sum, out).map_err(|e| {
                        let number = chunk * TEXTS + at + 1;
                        EncoderError::Text { number, what: e.to_string() }
                    })?;
                }
                cutters.lock().unwrap_or_else(PoisonError::into_inner).push(cutter);
                done(texts.len());
                Ok(())
            })?;
        Ok(out)
    }

    /// `sum` is room to work in.
    fn encode_one<'t>(
        &self,
        text: &'t str,
        cutter: &mut Cutter<'_, 't>,
        sum: &mut [f64],
        mut out: ArrayViewMut1<f32>,
    ) -> Result<(), tokenizers::Error> {
        sum.fill(0.0);
        let mut left = self.longest.unwrap_or(usize::MAX);
        cutter.cut(text, |tokens| {
            let tokens = &tokens[..tokens.len().min(left)];
            left -= tokens.len();
            for &token in tokens.iter().filter(|token| Some(**token) != self.tokens.unknown) {
                // Every token that the tokenizer can give has a row: this was checked when it was read.
                for (sum, x) in sum.iter_mut().zip(self.table.row(token as usize)) {
                    *sum += f64::from(*x);
                }
            }
        })?;
        // The sum points where the mean does.
        let length = sum.iter().map(|x| x * x).sum::<f64>().sqrt();
        if length > 0.0 {
            out.iter_mut().zip(sum).for_each(|(out, x)| *out = (*x / length) as f32);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
