//! The penalized log loss of a linear classifier, its gradient, and the link between scores and probabilities.

use super::{Features, Link, Targets, lbfgs};
use crate::dense;
use ndarray::{ArrayView2, ArrayViewMut2, Axis};
use rayon::prelude::*;

/// Rows that are scored at a time: fixed, and small enough that two thousand rows keep two cores busy.
const BLOCK: usize = 512;
/// Partial gradients at most, whatever the number of rows: they are kept beside each other until they are added up.
const STRIPES: usize = 16;
/// Columns of the sparse block that one task takes.
const COLUMNS: usize = 256;

/// How the parameters lie in one vector: labels × dense columns, then a bias for each label, then sparse columns × labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    pub labels: usize,
    pub dense: usize,
    /// Sparse columns that some training row uses; any other has weight 0 by the penalty.
    pub sparse: usize,
}

impl Layout {
    pub fn len(&self) -> usize {
        self.labels * (self.dense + 1 + self.sparse)
    }

    pub fn weights<'a>(&self, all: &'a [f32]) -> ArrayView2<'a, f32> {
        let dense = self.labels * self.dense;
        ArrayView2::from_shape((self.labels, self.dense), &all[..dense]).expect("the layout's own length")
    }

    pub fn bias<'a>(&self, all: &'a [f32]) -> &'a [f32] {
        &all[self.labels * self.dense..self.labels * (self.dense + 1)]
    }

    pub fn bias_mut<'a>(&self, all: &'a mut [f32]) -> &'a mut [f32] {
        &mut all[self.labels * self.dense..self.labels * (self.dense + 1)]
    }

    pub fn sparse<'a>(&self, all: &'a [f32]) -> &'a [f32] {
        &all[self.labels * (self.dense + 1)..]
    }
}

/// Scores of the rows `from .. from + out.nrows()`: dense and sparse products plus `bias`. `slot` names the place of
/// each sparse column in `parameters`, or [`NO_SLOT`].
pub fn scores(
    mut out: ArrayViewMut2<f32>,
    features: &Features,
    from: usize,
    layout: Layout,
    parameters: &[f32],
    bias: &[f32],
    slot: &[u32],
) {
    let rows = out.nrows();
    match features.dense {
        Some(dense) => {
            let dense = dense.slice_axis(Axis(0), (from..from + rows).into());
            dense::block(out.view_mut(), dense, layout.weights(parameters).t());
        }
        None => out.fill(0.0),
    }
    let weights = layout.sparse(parameters);
    for (i, mut row) in out.rows_mut().into_iter().enumerate() {
        let row = row.as_slice_mut().expect("rows of scores are contiguous");
        for (score, bias) in row.iter_mut().zip(bias) {
            *score += bias;
        }
        let Some(sparse) = features.sparse else { continue };
        let (columns, values) = sparse.row(from + i);
        let known = columns.iter().zip(values).filter_map(|(column, value)| {
            let at = slot[*column as usize];
            (at != NO_SLOT).then_some((at, *value))
        });
        add_rows(row, known, weights);
    }
}

/// A sparse column without weights.
pub const NO_SLOT: u32 = u32::MAX;

fn add(to: &mut [f32], times: f32, x: &[f32]) {
    for (t, x) in to.iter_mut().zip(x) {
        *t += times * x;
    }
}

/// `to += Σ value · row of matrix`, four rows at a time: `to` is then read and written a quarter as often.
fn add_rows(to: &mut [f32], mut entries: impl Iterator<Item = (u32, f32)>, matrix: &[f32]) {
    let k = to.len();
    let row = |row: u32| &matrix[row as usize * k..][..k];
    while let Some(first) = entries.next() {
        match (entries.next(), entries.next(), entries.next()) {
            (Some(second), Some(third), Some(fourth)) => {
                let rows = [first, second, third, fourth].map(|(at, value)| (row(at), value));
                let [(a, x), (b, y), (c, z), (d, w)] = rows;
                for i in 0..k {
                    to[i] += (x * a[i] + y * b[i]) + (z * c[i] + w * d[i]);
                }
            }
            (second, third, fourth) => {
                for (at, value) in [Some(first), second, third, fourth].into_iter().flatten() {
                    add(to, value, row(at));
                }
            }
        }
    }
}

/// Scores into probabilities. Softmax of scores that are no numbers gives no numbers; the caller looks.
pub fn link(kind: Link, row: &mut [f32]) {
    match kind {
        Link::Softmax => {
            softmax(row);
        }
        Link::Logistic => row.iter_mut().for_each(|x| *x = sigmoid(*x)),
    }
}

/// Softmax in place; returns the logarithm of the sum of exponentials.
fn softmax(row: &mut [f32]) -> f32 {
    let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for x in row.iter_mut() {
        *x = exp(*x - most);
    }
    let sum = sum(row);
    let share = sum.recip();
    for x in row.iter_mut() {
        *x *= share;
    }
    most + sum.ln()
}

fn sum(row: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 8];
    let eights = row.chunks_exact(8);
    let rest: f32 = eights.remainder().iter().sum();
    for eight in eights {
        for (s, x) in sums.iter_mut().zip(eight) {
            *s += x;
        }
    }
    sums.iter().sum::<f32>() + rest
}

fn sigmoid(x: f32) -> f32 {
    let small = exp(-x.abs());
    if x >= 0.0 { 1.0 / (1.0 + small) } else { small / (1.0 + small) }
}

/// e to the x for x ≤ 0, to about one unit in the seventh digit: the range is reduced by powers of two (Cody and Waite
/// 1980), the rest is a polynomial (Cephes' `expf`). Plain arithmetic, so that the compiler makes wide instructions of
/// it and every processor gives the same bits.
#[inline]
fn exp(x: f32) -> f32 {
    // Adding it leaves the nearest whole number in the low bits of the sum.
    const ROUND: f32 = 12_582_912.0;
    // The comparison keeps what is no number, where `max` would hide it.
    let x = if x < -87.0 { -87.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let whole = shifted - ROUND;
    let r = x - whole * 0.693_359_4 + whole * 2.121_944_4e-4;
    let p = 1.987_569_1e-4_f32;
    let p = p * r + 1.398_2e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.5;
    let p = p * r * r + r + 1.0;
    f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23)) * p
}

/// Training data with everything that evaluations share.
pub struct Objective<'a> {
    pub features: Features<'a>,
    pub targets: Targets<'a>,
    pub link: Link,
    pub layout: Layout,
    /// Place among the layout's labels of each label; [`NO_SLOT`] where no training row has it.
    pub label_slot: &'a [u32],
    /// Place among the layout's sparse columns of each column.
    pub column_slot: &'a [u32],
    /// What a row (softmax) or a positive answer (logistic) of each of the layout's labels counts.
    pub label_weight: &'a [f32],
    pub l2: f64,
    /// Mean of each dense column. The search runs in centered columns, where it needs half as many steps (vectors of
    /// an encoder all lie to one side); since the bias is free, that changes the parameters' names and not the model.
    center: Vec<f32>,
    /// The sparse block by columns: where each begins, then rows and values.
    by_column: (Vec<usize>, Vec<u32>, Vec<f32>),
    /// Rows × labels: what the loss would have scores be.
    pull: Vec<f32>,
}

impl<'a> Objective<'a> {
    #[expect(clippy::too_many_arguments, reason = "the parts of one struct, one of which is made here")]
    pub fn new(
        features: Features<'a>,
        targets: Targets<'a>,
        link: Link,
        layout: Layout,
        label_slot: &'a [u32],
        column_slot: &'a [u32],
        label_weight: &'a [f32],
        l2: f64,
    ) -> Self {
        let by_column = transposed(&features, column_slot, layout.sparse);
        let pull = vec![0.0; features.n_rows() * layout.labels];
        let center = features.dense.map_or_else(Vec::new, means);
        Self {
            features,
            targets,
            link,
            layout,
            label_slot,
            column_slot,
            label_weight,
            l2,
            center,
            by_column,
            pull,
        }
    }

    /// Parameters of the model into those of the search, whose bias is the score at the center.
    pub fn center(&self, parameters: &mut [f32]) {
        let bias = self.shifted_bias(parameters, 1.0);
        self.layout.bias_mut(parameters).copy_from_slice(&bias);
    }

    /// And back.
    pub fn uncenter(&self, parameters: &mut [f32]) {
        let bias = self.plain_bias(parameters);
        self.layout.bias_mut(parameters).copy_from_slice(&bias);
    }

    fn plain_bias(&self, parameters: &[f32]) -> Vec<f32> {
        self.shifted_bias(parameters, -1.0)
    }

    fn shifted_bias(&self, parameters: &[f32], times: f64) -> Vec<f32> {
        let dense = self.layout.dense;
        let shifted = |(label, bias): (usize, &f32)| {
            let weights = &parameters[label * dense..(label + 1) * dense];
            (f64::from(*bias) + times * lbfgs::dot(weights, &self.center)) as f32
        };
        self.layout.bias(parameters).iter().enumerate().map(shifted).collect()
    }

    /// A guess at the inverse of the Hessian's diagonal, at even probabilities.
    pub fn scale(&self) -> Vec<f32> {
        let k = self.layout.labels as f64;
        let spread = match self.link {
            Link::Softmax => (k - 1.0) / (k * k),
            Link::Logistic => 0.25,
        };
        let inverse = |squares: f64| (spread * squares + self.l2).recip().min(1e6) as f32;
        let mut scale = Vec::with_capacity(self.layout.len());
        if let Some(dense) = self.features.dense {
            let mut squares = vec![0.0_f64; self.layout.dense];
            for row in dense.rows() {
                for ((sum, x), center) in squares.iter_mut().zip(row).zip(&self.center) {
                    *sum += f64::from((x - center) * (x - center));
                }
            }
            for _ in 0..self.layout.labels {
                scale.extend(squares.iter().map(|s| inverse(*s)));
            }
        }
        let rows = self.features.n_rows() as f64;
        scale.extend(std::iter::repeat_n((spread * rows).recip() as f32, self.layout.labels));
        let (begins, _, values) = &self.by_column;
        for ends in begins.windows(2) {
            let squares = values[ends[0]..ends[1]].iter().map(|x| f64::from(x * x)).sum();
            scale.extend(std::iter::repeat_n(inverse(squares), self.layout.labels));
        }
        scale
    }

    /// The loss summed over rows plus half the penalty; its gradient into `gradient`.
    pub fn evaluate(&mut self, parameters: &[f32], gradient: &mut [f32]) -> f64 {
        let layout = self.layout;
        let bias = self.plain_bias(parameters);
        let loss = self.pull(parameters, &bias);
        let (dense, rest) = gradient.split_at_mut(layout.labels * layout.dense);
        let (bias, sparse) = rest.split_at_mut(layout.labels);
        self.dense_gradient(dense, bias);
        self.sparse_gradient(sparse);
        self.penalize(parameters, gradient) + loss
    }

    /// The loss; leaves its derivative by each score in `self.pull`.
    fn pull(&mut self, parameters: &[f32], bias: &[f32]) -> f64 {
        let labels = self.layout.labels;
        let (features, targets, layout) = (self.features, self.targets, self.layout);
        let (slots, columns, weights, kind) =
            (self.label_slot, self.column_slot, self.label_weight, self.link);
        let losses: Vec<f64> = self
            .pull
            .par_chunks_mut(BLOCK * labels)
            .enumerate()
            .map(|(block, pull)| {
                let from = block * BLOCK;
                let rows = pull.len() / labels;
                let view = ArrayViewMut2::from_shape((rows, labels), &mut *pull).expect("whole rows");
                scores(view, &features, from, layout, parameters, bias, columns);
                let each = pull.chunks_exact_mut(labels).enumerate();
                match targets {
                    Targets::One(labels) => each
                        .map(|(i, row)| {
                            let label = slots[labels[from + i] as usize] as usize;
                            one(kind, row, label, weights)
                        })
                        .sum::<f64>(),
                    Targets::Sets(sets) => each
                        .map(|(i, row)| many(row, sets[from + i].iter().map(|l| slots[*l as usize]), weights))
                        .sum(),
                }
            })
            .collect();
        losses.iter().sum()
    }

    fn dense_gradient(&self, out: &mut [f32], bias: &mut [f32]) {
        let labels = self.layout.labels;
        let rows = self.features.n_rows();
        let stripe = rows.div_ceil(STRIPES).max(BLOCK);
        let pull = ArrayView2::from_shape((rows, labels), &self.pull).expect("whole rows");
        let stripes: Vec<(Vec<f32>, Vec<f64>)> = pull
            .axis_chunks_iter(Axis(0), stripe)
            .into_par_iter()
            .enumerate()
            .map(|(number, pull)| {
                let mut sums = vec![0.0; labels];
                for row in pull.rows() {
                    for (sum, x) in sums.iter_mut().zip(row) {
                        *sum += f64::from(*x);
                    }
                }
                let mut part = vec![0.0; labels * self.layout.dense];
                if let Some(dense) = self.features.dense {
                    let from = number * stripe;
                    let dense = dense.slice_axis(Axis(0), (from..from + pull.nrows()).into());
                    let view = ArrayViewMut2::from_shape((labels, self.layout.dense), &mut part[..]);
                    dense::block(view.expect("the layout's own length"), pull.t(), dense);
                }
                (part, sums)
            })
            .collect();
        out.fill(0.0);
        for (label, bias) in bias.iter_mut().enumerate() {
            *bias = stripes.iter().map(|(_, sums)| sums[label]).sum::<f64>() as f32;
        }
        for (part, _) in &stripes {
            add(out, 1.0, part);
        }
        for (label, bias) in bias.iter().enumerate() {
            let dense = self.layout.dense;
            add(&mut out[label * dense..(label + 1) * dense], -bias, &self.center);
        }
    }

    fn sparse_gradient(&self, out: &mut [f32]) {
        let labels = self.layout.labels;
        let (begins, rows, values) = &self.by_column;
        out.par_chunks_mut(COLUMNS * labels).enumerate().for_each(|(chunk, out)| {
            for (i, out) in out.chunks_exact_mut(labels).enumerate() {
                let column = chunk * COLUMNS + i;
                let entries = begins[column]..begins[column + 1];
                out.fill(0.0);
                let entries = rows[entries.clone()].iter().copied().zip(values[entries].iter().copied());
                add_rows(out, entries, &self.pull);
            }
        });
    }

    /// Half the penalty; adds its gradient. The bias is free.
    fn penalize(&self, parameters: &[f32], gradient: &mut [f32]) -> f64 {
        let dense = self.layout.labels * self.layout.dense;
        let mut square = 0.0;
        for part in [0..dense, dense + self.layout.labels..parameters.len()] {
            let weights = &parameters[part.clone()];
            square += lbfgs::dot(weights, weights);
            add(&mut gradient[part], self.l2 as f32, weights);
        }
        0.5 * self.l2 * square
    }
}

/// Softmax loss of one row; its derivative in place of the scores.
fn one(kind: Link, row: &mut [f32], label: usize, weights: &[f32]) -> f64 {
    if kind == Link::Logistic {
        return many(row, std::iter::once(label as u32), weights);
    }
    let score = row[label];
    let loss = f64::from(softmax(row)) - f64::from(score);
    row[label] -= 1.0;
    let weight = weights[label];
    if weight != 1.0 {
        row.iter_mut().for_each(|x| *x *= weight);
    }
    f64::from(weight) * loss
}

/// Logistic losses of one row; their derivatives in place of the scores.
fn many(row: &mut [f32], positive: impl Iterator<Item = u32>, weights: &[f32]) -> f64 {
    let mut loss = 0.0;
    let mut turned = Vec::with_capacity(8);
    for label in positive.map(|l| l as usize) {
        // A set may name a label twice.
        if turned.iter().all(|(l, _)| *l != label) {
            turned.push((label, row[label]));
        }
    }
    for x in row.iter_mut() {
        // log(1 + eˣ), without overflow.
        loss += f64::from(x.max(0.0)) + f64::from(exp(-x.abs())).ln_1p();
        *x = sigmoid(*x);
    }
    for (label, score) in turned {
        let weight = weights[label];
        let softplus = f64::from(score.max(0.0)) + f64::from(exp(-score.abs())).ln_1p();
        loss += f64::from(weight) * (softplus - f64::from(score)) - softplus;
        row[label] = weight * (row[label] - 1.0);
    }
    loss
}

fn means(dense: ArrayView2<f32>) -> Vec<f32> {
    let mut sums = vec![0.0_f64; dense.ncols()];
    for row in dense.rows() {
        for (sum, x) in sums.iter_mut().zip(row) {
            *sum += f64::from(*x);
        }
    }
    sums.into_iter().map(|sum| (sum / dense.nrows().max(1) as f64) as f32).collect()
}

fn transposed(features: &Features, slot: &[u32], n: usize) -> (Vec<usize>, Vec<u32>, Vec<f32>) {
    let Some(sparse) = features.sparse else { return (vec![0], Vec::new(), Vec::new()) };
    let entries = || {
        (0..sparse.n_rows()).flat_map(|row| {
            let (columns, values) = sparse.row(row);
            columns.iter().zip(values).map(move |(c, v)| (row, slot[*c as usize], *v))
        })
    };
    let mut begins = vec![0_usize; n + 1];
    for (_, at, _) in entries().filter(|e| e.1 != NO_SLOT) {
        begins[at as usize + 1] += 1;
    }
    for i in 0..n {
        begins[i + 1] += begins[i];
    }
    let mut ends = begins.clone();
    let (mut rows, mut values) = (vec![0; begins[n]], vec![0.0; begins[n]]);
    for (row, at, value) in entries().filter(|e| e.1 != NO_SLOT) {
        let place = &mut ends[at as usize];
        (rows[*place], values[*place]) = (row as u32, value);
        *place += 1;
    }
    (begins, rows, values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_good_to_single_precision() {
        for i in 0..=87_000 {
            let x = -f64::from(i) / 1000.0;
            let (got, want) = (f64::from(exp(x as f32)), f64::from(x as f32).exp());
            assert!((got / want - 1.0).abs() < 3e-7, "{x}: {got} against {want}");
        }
        assert_eq!(exp(0.0), 1.0);
        assert!(exp(f32::NEG_INFINITY) < 1e-37 && exp(-1e30) < 1e-37);
        assert!(exp(f32::NAN).is_nan());
    }

    #[test]
    fn sigmoids_do_not_overflow() {
        assert_eq!((sigmoid(0.0), sigmoid(1e30)), (0.5, 1.0));
        assert!(sigmoid(-1e30) < 1e-37 && sigmoid(f32::NAN).is_nan());
    }
}
