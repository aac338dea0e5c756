//! The tensors of a model, by the names that BERT's models give them.

use super::config::Config;
use crate::encoder::{EncoderError, tensors};
use ndarray::{Array1, Array2, ArrayViewMut1, ArrayViewMut2, s};
use safetensors::SafeTensors;
use std::path::Path;

#[derive(Debug)]
pub struct Weights {
    pub words: Array2<f32>,
    /// With the vector of the first token type added: a text alone is always of that type.
    pub positions: Array2<f32>,
    pub norm: Norm,
    pub layers: Vec<Layer>,
}

#[derive(Debug)]
pub struct Layer {
    /// Query, key and value one above the other; queries are scaled for the dot products already.
    pub attention: Linear,
    pub attention_out: Linear,
    pub attention_norm: Norm,
    pub inner: Linear,
    pub out: Linear,
    pub norm: Norm,
}

/// x · weightᵀ + bias.
#[derive(Debug)]
pub struct Linear {
    pub weight: Array2<f32>,
    pub bias: Array1<f32>,
}

#[derive(Debug)]
pub struct Norm {
    pub weight: Array1<f32>,
    pub bias: Array1<f32>,
}

impl Weights {
    pub fn read(path: &Path, config: &Config) -> Result<Weights, EncoderError> {
        let bytes = std::fs::read(path).map_err(EncoderError::file(path))?;
        let tensors = tensors::parse(path, &bytes)?;
        let anchor = "embeddings.word_embeddings.weight";
        let Some(prefix) =
            tensors.names().iter().find_map(|name| name.strip_suffix(anchor)).map(str::to_owned)
        else {
            return Err(EncoderError::content(path, format!("no tensor is called {anchor}")));
        };
        let reader = Reader { path, tensors, prefix };
        let d = config.hidden;
        let words = reader.matrix(anchor, (config.vocabulary, d))?;
        let mut positions = reader.matrix("embeddings.position_embeddings.weight", (config.positions, d))?;
        if config.types > 0 {
            let types = reader.matrix("embeddings.token_type_embeddings.weight", (config.types, d))?;
            positions += &types.row(0);
        }
        let norm = reader.norm("embeddings.LayerNorm", d)?;
        let layers =
            (0..config.layers).map(|number| reader.layer(number, config)).collect::<Result<_, _>>()?;
        Ok(Weights { words, positions, norm, layers })
    }

    pub fn vocabulary(&self) -> usize {
        self.words.nrows()
    }
}

struct Reader<'a> {
    path: &'a Path,
    tensors: SafeTensors<'a>,
    prefix: String,
}

impl Reader<'_> {
    fn layer(&self, number: usize, config: &Config) -> Result<Layer, EncoderError> {
        let d = config.hidden;
        let name = |part: &str| format!("encoder.layer.{number}.{part}");
        let mut attention = Linear { weight: Array2::zeros((3 * d, d)), bias: Array1::zeros(3 * d) };
        for (at, part) in ["query", "key", "value"].into_iter().enumerate() {
            let rows = at * d..(at + 1) * d;
            let name = name(&format!("attention.self.{part}"));
            self.matrix_into(&format!("{name}.weight"), attention.weight.slice_mut(s![rows.clone(), ..]))?;
            self.vector_into(&format!("{name}.bias"), attention.bias.slice_mut(s![rows]))?;
        }
        let scale = 1.0 / ((d / config.heads) as f32).sqrt();
        attention.weight.slice_mut(s![..d, ..]).mapv_inplace(|x| x * scale);
        attention.bias.slice_mut(s![..d]).mapv_inplace(|x| x * scale);
        Ok(Layer {
            attention,
            attention_out: self.linear(&name("attention.output.dense"), (d, d))?,
            attention_norm: self.norm(&name("attention.output.LayerNorm"), d)?,
            inner: self.linear(&name("intermediate.dense"), (config.inner, d))?,
            out: self.linear(&name("output.dense"), (d, config.inner))?,
            norm: self.norm(&name("output.LayerNorm"), d)?,
        })
    }

    fn linear(&self, name: &str, shape: (usize, usize)) -> Result<Linear, EncoderError> {
        let weight = self.matrix(&format!("{name}.weight"), shape)?;
        Ok(Linear { weight, bias: self.vector(&format!("{name}.bias"), shape.0)? })
    }

    fn norm(&self, name: &str, n: usize) -> Result<Norm, EncoderError> {
        let weight = self.vector(&format!("{name}.weight"), n)?;
        Ok(Norm { weight, bias: self.vector(&format!("{name}.bias"), n)? })
    }

    fn matrix(&self, name: &str, shape: (usize, usize)) -> Result<Array2<f32>, EncoderError> {
        // Of the right shape before any memory is asked for: a configuration can claim anything.
        let numbers = self.numbers(name, &[shape.0, shape.1])?;
        Array2::from_shape_vec(shape, numbers).map_err(|e| self.wrong(name, e.to_string()))
    }

    fn vector(&self, name: &str, n: usize) -> Result<Array1<f32>, EncoderError> {
        Ok(Array1::from_vec(self.numbers(name, &[n])?))
    }

    fn matrix_into(&self, name: &str, mut out: ArrayViewMut2<f32>) -> Result<(), EncoderError> {
        out.assign(&self.matrix(name, out.dim())?);
        Ok(())
    }

    fn vector_into(&self, name: &str, mut out: ArrayViewMut1<f32>) -> Result<(), EncoderError> {
        out.assign(&self.vector(name, out.len())?);
        Ok(())
    }

    fn numbers(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, EncoderError> {
        let name = format!("{}{name}", self.prefix);
        let Ok(tensor) = self.tensors.tensor(&name) else {
            return Err(self.wrong(&name, "is missing"));
        };
        if tensor.shape() != shape {
            let what = format!("has the shape {:?} where config.json asks for {shape:?}", tensor.shape());
            return Err(self.wrong(&name, what));
        }
        tensors::numbers(&tensor).map_err(|what| self.wrong(&name, what))
    }

    fn wrong(&self, name: &str, what: impl std::fmt::Display) -> EncoderError {
        EncoderError::content(self.path, format!("tensor {name} {what}"))
    }
}
