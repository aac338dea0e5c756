//! The forward by plain loops in `f64`.

use crate::encoder::tiny::{HEADS, HIDDEN, LAYERS, Tensors};

/// One text's tokens to its vector.
pub struct Plain<'t>(pub &'t Tensors);

pub type Rows = Vec<Vec<f64>>;

impl Plain<'_> {
    fn row(&self, name: &str, at: usize) -> Vec<f64> {
        let (shape, numbers) = &self.0[name];
        let n = *shape.last().unwrap();
        numbers[at * n..(at + 1) * n].iter().map(|x| f64::from(*x)).collect()
    }

    fn linear(&self, name: &str, x: &Rows) -> Rows {
        let bias = self.row(&format!("{name}.bias"), 0);
        let weight = |at| self.row(&format!("{name}.weight"), at);
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        x.iter()
            .map(|x| bias.iter().enumerate().map(|(at, bias)| dot(&weight(at), x) + bias).collect())
            .collect()
    }

    fn norm(&self, name: &str, x: &Rows) -> Rows {
        let (weight, bias) = (self.row(&format!("{name}.weight"), 0), self.row(&format!("{name}.bias"), 0));
        let one = |x: &Vec<f64>| {
            let n = x.len() as f64;
            let mean = x.iter().sum::<f64>() / n;
            let spread = (x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n + 1e-12).sqrt();
            x.iter().zip(weight.iter().zip(&bias)).map(|(v, (w, b))| (v - mean) / spread * w + b).collect()
        };
        x.iter().map(one).collect()
    }

    pub fn vector(&self, tokens: &[usize], first_only: bool) -> Vec<f64> {
        let x = self.last_layer(tokens);
        let used = if first_only { &x[..1] } else { &x[..] };
        let sum: Vec<f64> = (0..HIDDEN).map(|c| used.iter().map(|row| row[c]).sum()).collect();
        let length = sum.iter().map(|v| v * v).sum::<f64>().sqrt();
        sum.into_iter().map(|v| v / length).collect()
    }

    pub fn last_layer(&self, tokens: &[usize]) -> Rows {
        let plus = |a: &Rows, b: &Rows| -> Rows {
            a.iter().zip(b).map(|(a, b)| a.iter().zip(b).map(|(a, b)| a + b).collect()).collect()
        };
        let parts = |name: &str, at: &dyn Fn(usize) -> usize| -> Rows {
            (0..tokens.len())
                .map(|i| self.row(&format!("embeddings.{name}_embeddings.weight"), at(i)))
                .collect()
        };
        let x = plus(&parts("word", &|i| tokens[i]), &parts("position", &|i| i));
        let mut x = self.norm("embeddings.LayerNorm", &plus(&x, &parts("token_type", &|_| 0)));
        for layer in 0..LAYERS {
            let name = |part: &str| format!("encoder.layer.{layer}.{part}");
            let [q, k, v] = ["query", "key", "value"]
                .map(|part| self.linear(&name(&format!("attention.self.{part}")), &x));
            let width = HIDDEN / HEADS;
            let mut context = vec![vec![0.0; HIDDEN]; x.len()];
            for (i, head) in (0..x.len()).flat_map(|i| (0..HEADS).map(move |head| (i, head))) {
                let part = head * width..(head + 1) * width;
                let score =
                    |j: usize| part.clone().map(|c| q[i][c] * k[j][c]).sum::<f64>() / (width as f64).sqrt();
                let weights: Vec<f64> = (0..x.len()).map(|j| score(j).exp()).collect();
                let all: f64 = weights.iter().sum();
                for c in part.clone() {
                    context[i][c] = (0..x.len()).map(|j| weights[j] / all * v[j][c]).sum();
                }
            }
            let out = self.linear(&name("attention.output.dense"), &context);
            x = self.norm(&name("attention.output.LayerNorm"), &plus(&x, &out));
            let mut inner = self.linear(&name("intermediate.dense"), &x);
            for v in inner.iter_mut().flatten() {
                *v *= 0.5 * (1.0 + erf(*v / 2_f64.sqrt()));
            }
            x = self.norm(&name("output.LayerNorm"), &plus(&x, &self.linear(&name("output.dense"), &inner)));
        }
        x
    }
}

fn erf(x: f64) -> f64 {
    let (mut term, mut sum) = (x, x);
    for n in 1..400 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    if x.abs() > 5.0 { x.signum() } else { sum * 2.0 / std::f64::consts::PI.sqrt() }
}
