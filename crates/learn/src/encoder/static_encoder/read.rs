//! A Model2Vec folder into memory.

use super::StaticEncoder;
use crate::encoder::{EncoderError, json, tensors, tokens};
use ndarray::{Array2, ArrayView1};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::Deserialize;
use std::path::Path;

/// Tokens that Model2Vec reads of a text where `config.json` does not say.
const LONGEST: usize = 512;

/// `config.json`.
#[derive(Deserialize)]
struct Config {
    model_type: Option<String>,
    /// `null`: all tokens of a text are read.
    #[serde(default = "usual")]
    max_length: Option<usize>,
}

fn usual() -> Option<usize> {
    Some(LONGEST)
}

pub fn read(folder: &Path) -> Result<StaticEncoder, EncoderError> {
    let path = folder.join("config.json");
    let config: Config = json::required(&path)?;
    if config.model_type.as_deref() != Some("model2vec") {
        let kind = config.model_type.as_deref().unwrap_or("none");
        let what = format!("the model_type is {kind}: a static model's is model2vec");
        return Err(EncoderError::content(&path, what));
    }
    if config.max_length == Some(0) {
        return Err(EncoderError::content(&path, "max_length is 0: nothing of a text would be read"));
    }
    let path = folder.join("tokenizer.json");
    let tokens = tokens::read(&path)?;
    let n_tokens = tokens.vocabulary().last().map_or(0, |(last, _)| *last as usize + 1);
    let path = folder.join("model.safetensors");
    let table = table(&path, n_tokens)?;
    Ok(StaticEncoder::new(tokens, table, config.max_length))
}

/// A row for each of `n` tokens.
fn table(path: &Path, n: usize) -> Result<Array2<f32>, EncoderError> {
    let bytes = std::fs::read(path).map_err(EncoderError::file(path))?;
    let tensors = tensors::parse(path, &bytes)?;
    let file = File { path, tensors };
    let rows = file.embeddings()?;
    let mapping = file.mapping(rows.nrows())?;
    let weights = file.weights()?;
    let has = [mapping.as_ref().map(Vec::len), weights.as_ref().map(Vec::len)];
    let has = has.into_iter().flatten().min().unwrap_or(usize::MAX);
    let has = if mapping.is_some() { has } else { has.min(rows.nrows()) };
    if has < n {
        let what = format!("{has} tokens have a vector, and tokenizer.json has {n} tokens");
        return Err(EncoderError::content(path, what));
    }
    if mapping.is_none() && weights.is_none() {
        return Ok(rows);
    }
    let mut table = Array2::zeros((n, rows.ncols()));
    for (token, mut out) in table.rows_mut().into_iter().enumerate() {
        let row: ArrayView1<f32> = rows.row(mapping.as_ref().map_or(token, |mapping| mapping[token]));
        out.assign(&row);
        if let Some(weights) = &weights {
            out *= weights[token];
        }
    }
    match table.iter().all(|x: &f32| x.is_finite()) {
        true => Ok(table),
        false => Err(EncoderError::content(path, "a vector times its weight is not a finite number")),
    }
}

struct File<'a> {
    path: &'a Path,
    tensors: SafeTensors<'a>,
}

impl File<'_> {
    /// Under the name that Model2Vec gives them, or sentence-transformers.
    fn embeddings(&self) -> Result<Array2<f32>, EncoderError> {
        let Some((name, tensor)) =
            ["embeddings", "embedding.weight"].into_iter().find_map(|name| Some((name, self.tensor(name)?)))
        else {
            return Err(EncoderError::content(self.path, "no tensor is called embeddings"));
        };
        let &[rows, columns] = tensor.shape() else {
            return Err(
                self.wrong(name, format!("has the shape {:?}: rows × dimensions are needed", tensor.shape()))
            );
        };
        if columns == 0 {
            return Err(self.wrong(name, "has no dimensions"));
        }
        let numbers = match tensor.dtype() {
            // Quantized by one factor for all: the direction of a mean does not depend on it.
            Dtype::I8 => tensors::read(tensor.data(), |b| f32::from(i8::from_le_bytes(b))),
            _ => tensors::numbers(&tensor).map_err(|what| self.wrong(name, what))?,
        };
        Array2::from_shape_vec((rows, columns), numbers).map_err(|e| self.wrong(name, e.to_string()))
    }

    fn weights(&self) -> Result<Option<Vec<f32>>, EncoderError> {
        let Some(tensor) = self.tensor("weights") else { return Ok(None) };
        self.one_dimension("weights", &tensor)?;
        tensors::numbers(&tensor).map(Some).map_err(|what| self.wrong("weights", what))
    }

    /// Of each token the row among so many.
    fn mapping(&self, rows: usize) -> Result<Option<Vec<usize>>, EncoderError> {
        let Some(tensor) = self.tensor("mapping") else { return Ok(None) };
        self.one_dimension("mapping", &tensor)?;
        let numbers = match tensor.dtype() {
            Dtype::I64 => tensors::read(tensor.data(), i64::from_le_bytes),
            Dtype::I32 => tensors::read(tensor.data(), |b| i64::from(i32::from_le_bytes(b))),
            other => return Err(self.wrong("mapping", format!("holds {other:?}: only I64 and I32"))),
        };
        let row = |number: i64| usize::try_from(number).ok().filter(|row| *row < rows);
        let mapped: Option<Vec<usize>> = numbers.into_iter().map(row).collect();
        match mapped {
            Some(mapped) => Ok(Some(mapped)),
            None => {
                Err(self.wrong("mapping", format!("names a row that is none of the {rows} of embeddings")))
            }
        }
    }

    fn one_dimension(&self, name: &str, tensor: &TensorView) -> Result<(), EncoderError> {
        match tensor.shape() {
            [_] => Ok(()),
            other => Err(self.wrong(name, format!("has the shape {other:?}: one number a token is needed"))),
        }
    }

    fn tensor(&self, name: &str) -> Option<TensorView<'_>> {
        self.tensors.tensor(name).ok()
    }

    fn wrong(&self, name: &str, what: impl std::fmt::Display) -> EncoderError {
        EncoderError::content(self.path, format!("tensor {name} {what}"))
    }
}
