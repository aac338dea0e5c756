//! BERT forward (Devlin et al. 2019): tokens of several texts, one after the other without padding, to one vector for
//! each text. On one thread; the callers run batches in parallel.

use super::config::{Activation, Config, Pooling};
use super::weights::{Layer, Linear, Norm, Weights};
use crate::dense;
use ndarray::{Array2, ArrayView1, ArrayViewMut1, s};
use std::ops::Range;

/// Sums run in so many lanes, so that they can be done in wide registers.
const LANES: usize = 8;

/// Vectors of length 1, one for each text; a text without tokens gives zeros. None has more tokens than there are
/// positions.
pub fn vectors(weights: &Weights, config: &Config, texts: &[&[u32]]) -> Array2<f32> {
    let (x, ranges) = last_layer(weights, config, texts);
    pooled(&x, config, &ranges)
}

/// Of each text what the last layer makes of its token at `place`, of any length; zeros where there is none.
pub fn token(weights: &Weights, config: &Config, texts: &[&[u32]], place: usize) -> Array2<f32> {
    let (x, ranges) = last_layer(weights, config, texts);
    let mut out = Array2::zeros((texts.len(), config.hidden));
    for (text, mut vector) in ranges.into_iter().zip(out.rows_mut()) {
        text.skip(place).take(1).for_each(|token| vector.assign(&x.row(token)));
    }
    out
}

/// A row for each token, and the rows of each text.
fn last_layer(weights: &Weights, config: &Config, texts: &[&[u32]]) -> (Array2<f32>, Vec<Range<usize>>) {
    let mut ranges: Vec<Range<usize>> = Vec::with_capacity(texts.len());
    for text in texts {
        let start = ranges.last().map_or(0, |before| before.end);
        ranges.push(start..start + text.len());
    }
    let n = ranges.last().map_or(0, |last| last.end);
    let mut x = Array2::zeros((n, config.hidden));
    for (text, range) in texts.iter().zip(&ranges) {
        for (at, &token) in text.iter().enumerate() {
            let mut row = x.row_mut(range.start + at);
            row += &weights.words.row(token as usize);
            row += &weights.positions.row(config.first_position + at);
        }
    }
    normalize(&mut x, &weights.norm, config.epsilon);
    let mut buffers = Buffers {
        attention: Array2::zeros((n, 3 * config.hidden)),
        context: Array2::zeros((n, config.hidden)),
        inner: Array2::zeros((n, config.inner)),
        out: Array2::zeros((n, config.hidden)),
    };
    for layer in &weights.layers {
        pass(&mut x, layer, config, &ranges, &mut buffers);
    }
    (x, ranges)
}

struct Buffers {
    attention: Array2<f32>,
    context: Array2<f32>,
    inner: Array2<f32>,
    out: Array2<f32>,
}

fn pass(x: &mut Array2<f32>, layer: &Layer, config: &Config, texts: &[Range<usize>], buffers: &mut Buffers) {
    let Buffers { attention, context, inner, out } = buffers;
    apply(&layer.attention, x, attention);
    for text in texts {
        attend(attention, context, text, config);
    }
    apply(&layer.attention_out, context, out);
    *x += &*out;
    normalize(x, &layer.attention_norm, config.epsilon);
    apply(&layer.inner, x, inner);
    if let Some(values) = inner.as_slice_mut() {
        activate(values, config.activation);
    }
    apply(&layer.out, inner, out);
    *x += &*out;
    normalize(x, &layer.norm, config.epsilon);
}

/// Every token of one text looks at every other, head by head.
fn attend(attention: &Array2<f32>, context: &mut Array2<f32>, text: &Range<usize>, config: &Config) {
    let (d, width) = (config.hidden, config.hidden / config.heads);
    let mut scores = Array2::zeros((text.len(), text.len()));
    for head in 0..config.heads {
        let part = |which: usize| {
            let from = which * d + head * width;
            attention.slice(s![text.clone(), from..from + width])
        };
        dense::block(scores.view_mut(), part(0), part(1).t());
        scores.rows_mut().into_iter().for_each(softmax);
        let from = head * width;
        dense::block(context.slice_mut(s![text.clone(), from..from + width]), scores.view(), part(2));
    }
}

fn softmax(mut scores: ArrayViewMut1<f32>) {
    let largest = scores.iter().fold(f32::NEG_INFINITY, |a, b| a.max(*b));
    let mut sum = 0.0;
    for score in &mut scores {
        *score = (*score - largest).exp();
        sum += *score;
    }
    scores.mapv_inplace(|score| score / sum);
}

fn apply(linear: &Linear, x: &Array2<f32>, out: &mut Array2<f32>) {
    dense::block(out.view_mut(), x.view(), linear.weight.t());
    *out += &linear.bias;
}

/// Layer normalization (Ba et al. 2016) of every row.
fn normalize(x: &mut Array2<f32>, norm: &Norm, epsilon: f32) {
    let n = x.ncols() as f32;
    for mut row in x.rows_mut() {
        let Some(values) = row.as_slice_mut() else { continue };
        let mean = sum(values, |v| v) / n;
        values.iter_mut().for_each(|v| *v -= mean);
        let scale = 1.0 / (sum(values, |v| v * v) / n + epsilon).sqrt();
        for ((v, weight), bias) in values.iter_mut().zip(&norm.weight).zip(&norm.bias) {
            *v = *v * scale * weight + bias;
        }
    }
}

fn sum(values: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += of(*value);
        }
    }
    lanes.iter().sum::<f32>() + rest.iter().map(|v| of(*v)).sum::<f32>()
}

fn activate(values: &mut [f32], activation: Activation) {
    match activation {
        Activation::Gelu => {
            values.iter_mut().for_each(|x| *x = 0.5 * *x * (1.0 + erf(*x * std::f32::consts::FRAC_1_SQRT_2)));
        }
        Activation::GeluTanh => values.iter_mut().for_each(|x| {
            let inner = (2.0 / std::f32::consts::PI).sqrt() * (*x + 0.044_715 * *x * *x * *x);
            *x = 0.5 * *x * (1.0 + inner.tanh());
        }),
        Activation::Relu => values.iter_mut().for_each(|x| *x = x.max(0.0)),
    }
}

/// The error function as a quotient of polynomials, the one of Eigen and XLA: within 5e-7, and a loop over it runs in
/// wide registers.
fn erf(x: f32) -> f32 {
    let x = x.clamp(-4.0, 4.0);
    let s = x * x;
    let mut p = -2.726_142_3e-10;
    for c in [2.770_681_4e-8, -2.101_024e-6, -5.692_506_4e-5, -7.349_906_5e-4, -2.954_6e-3, -1.609_603_3e-2] {
        p = p * s + c;
    }
    let mut q = -1.456_607_2e-5;
    for c in [-2.133_740_5e-4, -1.682_827e-3, -7.373_329e-3, -1.426_473_9e-2] {
        q = q * s + c;
    }
    x * p / q
}

fn pooled(x: &Array2<f32>, config: &Config, texts: &[Range<usize>]) -> Array2<f32> {
    let mut out = Array2::zeros((texts.len(), config.hidden));
    for (text, mut vector) in texts.iter().zip(out.rows_mut()) {
        match config.pooling {
            // A tokenizer that puts no marks around a text has no token for an empty one: its vector stays zero.
            Pooling::First => text.clone().take(1).for_each(|token| vector += &x.row(token)),
            // The sum points where the mean does.
            Pooling::Mean => text.clone().for_each(|token| vector += &x.row(token)),
        }
        let length = length(vector.view());
        if length > 0.0 {
            vector.mapv_inplace(|v| (f64::from(v) / length) as f32);
        }
    }
    out
}

fn length(vector: ArrayView1<f32>) -> f64 {
    vector.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::erf;

    /// erf by its Taylor series in `f64`.
    fn exact(x: f64) -> f64 {
        let (mut term, mut sum) = (x, x);
        for n in 1..200 {
            term *= -x * x / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        sum * 2.0 / std::f64::consts::PI.sqrt()
    }

    #[test]
    fn erf_is_near_enough() {
        for i in -4_500..=4_500_i16 {
            let x = f32::from(i) / 1_000.0;
            let off = f64::from(erf(x)) - exact(f64::from(x));
            assert!(off.abs() < 5e-7, "{x}: {off}");
        }
        assert_eq!(erf(0.0), 0.0);
    }
}
