//! A static encoder from a sentence model's own vocabulary, without any text: Model2Vec's recipe (Tulkens and van
//! Dongen 2024). Every token goes through the model by itself, principal components take away what all vectors share,
//! and tokens count the less the more frequent they are.

mod pca;

use super::{Encoder, EncoderError, StaticEncoder};
use ndarray::Array2;

/// a of a / (a + p), the weight of a token of probability p (smooth inverse frequency, Arora et al. 2017).
const SMOOTHING: f64 = 1e-4;

impl StaticEncoder {
    /// Makes a static encoder of so many dimensions, 1 to those of `encoder`, or as many as its tokens' vectors span.
    /// `done` hears from any thread how many more of the tokens are finished.
    ///
    /// Probabilities follow Zipf's law: a tokenizer's vocabulary is sorted by frequency, and the token of rank r has
    /// 1 / (r + 2) of it all. The same model gives the same bits on any number of threads.
    ///
    /// # Errors
    /// [`EncoderError::Distill`] when no token stands for text, or the model has no vector for one.
    pub fn distill(
        encoder: &Encoder,
        dims: usize,
        done: impl Fn(usize) + Sync,
    ) -> Result<StaticEncoder, EncoderError> {
        let wrong = |what: String| EncoderError::Distill { what };
        let vocabulary = encoder.tokens.vocabulary();
        let n = vocabulary.last().map_or(0, |(last, _)| *last as usize + 1);
        if n > encoder.vocabulary() {
            let has = encoder.vocabulary();
            return Err(wrong(format!("its tokenizer has {n} tokens, and the model vectors for {has}")));
        }
        let kept = meaningful(encoder, vocabulary);
        if kept.is_empty() {
            return Err(wrong("no token of its vocabulary stands for text".into()));
        }
        let vectors = encoder.alone(&kept, done).map_err(wrong)?;
        let vectors = pca::project(vectors, dims);
        let mut table = Array2::zeros((n, vectors.ncols()));
        for ((token, vector), weight) in kept.iter().zip(vectors.rows()).zip(weights(kept.len())) {
            table.row_mut(*token as usize).assign(&vector.mapv(|x| (f64::from(x) * weight) as f32));
        }
        let mut tokens = encoder.tokens.clone();
        tokens.tokenizer.with_truncation(None).map_err(|e| wrong(e.to_string()))?;
        if encoder.lowercases() {
            tokens.lowercase().map_err(wrong)?;
        }
        Ok(StaticEncoder::new(tokens, table, None))
    }
}

/// Tokens that stand for some text: no marks, and none that the vocabulary holds in reserve.
fn meaningful(encoder: &Encoder, vocabulary: Vec<(u32, String)>) -> Vec<u32> {
    let added = encoder.tokens.tokenizer.get_added_tokens_decoder();
    let is_mark = |id: &u32| added.get(id).is_some_and(|token| token.special);
    let is_reserve = |token: &str| {
        let number = token.strip_prefix("[unused").and_then(|rest| rest.strip_suffix(']'));
        number.is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
    };
    let mut kept: Vec<u32> = vocabulary
        .into_iter()
        .filter(|(id, token)| !is_mark(id) && !is_reserve(token))
        .map(|(id, _)| id)
        .filter(|id| Some(*id) != encoder.tokens.unknown)
        .collect();
    kept.dedup();
    kept
}

/// Of tokens by rank, the most frequent first.
fn weights(n: usize) -> impl Iterator<Item = f64> {
    let share = |rank: usize| 1.0 / (rank + 2) as f64;
    let all: f64 = (0..n).map(share).sum();
    (0..n).map(move |rank| SMOOTHING / (SMOOTHING + share(rank) / all))
}

#[cfg(test)]
mod tests;
