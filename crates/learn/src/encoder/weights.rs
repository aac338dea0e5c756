//! The tensors of a model, by the names that BERT's models give them.

use super::EncoderError;
use super::config::Config;
use ndarray::{Array1, Array2, ArrayViewMut1, ArrayViewMut2, s};
use safetensors::{Dtype, SafeTensors};
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
        let bytes =
            std::fs::read(path).map_err(|source| EncoderError::File { path: path.to_owned(), source })?;
        let tensors =
            SafeTensors::deserialize(&bytes).map_err(|e| EncoderError::content(path, e.to_string()))?;
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
        let bytes = tensor.data();
        let numbers: Vec<f32> = match tensor.dtype() {
            Dtype::F32 => read(bytes, f32::from_le_bytes),
            Dtype::F64 => read(bytes, |b| f64::from_le_bytes(b) as f32),
            Dtype::BF16 => read(bytes, |b| f32::from_bits(u32::from(u16::from_le_bytes(b)) << 16)),
            Dtype::F16 => read(bytes, |b| half(u16::from_le_bytes(b))),
            other => return Err(self.wrong(&name, format!("holds {other:?}: only F32, F64, F16 and BF16"))),
        };
        if numbers.iter().all(|x| x.is_finite()) {
            Ok(numbers)
        } else {
            Err(self.wrong(&name, "holds something that is not a finite number"))
        }
    }

    fn wrong(&self, name: &str, what: impl std::fmt::Display) -> EncoderError {
        EncoderError::content(self.path, format!("tensor {name} {what}"))
    }
}

fn read<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    let (numbers, _) = bytes.as_chunks::<N>();
    numbers.iter().map(|bytes| number(*bytes)).collect()
}

/// IEEE 754 binary16.
fn half(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f32::from(bits & 1023));
    sign * match exponent {
        0 => fraction * 2_f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1024.0 + fraction) * 2_f32.powi(exponent - 25),
    }
}

#[cfg(test)]
mod tests {
    use super::half;

    #[test]
    fn halves() {
        for (bits, number) in [
            (0x3C00, 1.0),
            (0xC000, -2.0),
            (0x3555, 0.333_251_95),
            (0x0001, 5.960_464_5e-8),
            (0x7BFF, 65_504.0),
        ] {
            assert_eq!(half(bits), number);
        }
        assert_eq!(half(0x8000).to_bits(), (-0.0_f32).to_bits());
        assert!(half(0x7C00).is_infinite() && half(0x7E00).is_nan());
    }
}
