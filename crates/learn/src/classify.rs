//! Labels from vectors: softmax regression (or one logistic regression for each label, where an item can have several)
//! with a ridge penalty, and the baselines beside it.
//!
//! Rows have dense features, sparse features or both; see [`Features`]. The model is linear, so what it says can be
//! taken apart exactly: a feature's part in a score is weight × value ([`Model::contributions`]).

mod baseline;
mod crossfit;
mod lbfgs;
mod metrics;
mod objective;
#[cfg(test)]
pub(crate) mod tests;

pub use baseline::{Centroids, majority_share};
pub use crossfit::{Candidate, Choice, Kind, choose, out_of_fold, stratified_folds};
pub use metrics::{LabelReport, Report, log_loss};

use crate::sparse::Csr;
use lbfgs::Until;
use ndarray::{Array2, ArrayView2, Axis};
use objective::{Layout, NO_SLOT, Objective};
use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use thiserror::Error;

/// What a classifier could not be asked.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum ClassifyError {
    /// No rows, no features, or no labels at all.
    #[error("there must be at least one row, one feature and one label")]
    Empty,
    /// Parts that must have as many rows as each other do not.
    #[error("there are {found} rows where {expected} are expected")]
    Rows {
        /// Rows of the first part.
        expected: usize,
        /// Rows of the other part.
        found: usize,
    },
    /// Features of another shape than those that the model was fitted on.
    #[error("the features have not the columns of those that the model was fitted on")]
    Columns,
    /// A row names a label that was not announced.
    #[error("row {row} names a label out of range")]
    LabelOutOfRange {
        /// Which row, counted from 0.
        row: usize,
    },
    /// A row holds an infinity or something that is no number.
    #[error("row {row} has a feature that is not a finite number")]
    NotFinite {
        /// Which row, counted from 0.
        row: usize,
    },
    /// A penalty that is not above 0.
    #[error("the penalty is a number above 0, not {0}")]
    BadPenalty(f64),
    /// Class weights of the wrong number, or not above 0.
    #[error("there must be one weight above 0 for each label")]
    BadWeights,
    /// Cross-validation in fewer than two folds, or in more than there are rows.
    #[error("{folds} folds of {rows} rows can't be made")]
    BadFolds {
        /// How many were asked for.
        folds: usize,
        /// How many rows there are.
        rows: usize,
    },
}

/// What is known of rows: a dense block (of LSA or of an encoder; rows of length 1 work best), a sparse block (tf-idf),
/// or both beside each other. Nothing is copied.
#[derive(Debug, Clone, Copy)]
pub struct Features<'a> {
    dense: Option<ArrayView2<'a, f32>>,
    sparse: Option<&'a Csr>,
}

impl<'a> Features<'a> {
    /// Dense features alone: rows × columns.
    #[must_use]
    pub fn dense(dense: ArrayView2<'a, f32>) -> Self {
        Self { dense: Some(dense), sparse: None }
    }

    /// Sparse features alone.
    #[must_use]
    pub fn sparse(sparse: &'a Csr) -> Self {
        Self { dense: None, sparse: Some(sparse) }
    }

    /// Both blocks, row by row.
    ///
    /// # Errors
    /// [`ClassifyError::Rows`] where one has more rows than the other.
    pub fn joined(dense: ArrayView2<'a, f32>, sparse: &'a Csr) -> Result<Self, ClassifyError> {
        same(dense.nrows(), sparse.n_rows())?;
        Ok(Self { dense: Some(dense), sparse: Some(sparse) })
    }

    /// How many rows there are.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.dense.map_or_else(|| self.sparse.map_or(0, Csr::n_rows), |dense| dense.nrows())
    }

    fn n_columns(&self) -> (usize, usize) {
        (self.dense.map_or(0, |d| d.ncols()), self.sparse.map_or(0, Csr::n_cols))
    }

    /// The same for a shorter time: views of ndarray don't shorten by themselves.
    pub(crate) fn reborrow(&self) -> Features<'_> {
        Features { dense: self.dense.as_ref().map(|dense| dense.reborrow()), sparse: self.sparse }
    }

    /// A copy of some rows, in this order.
    ///
    /// # Panics
    /// If a row is out of range.
    #[must_use]
    pub fn gather(&self, rows: &[usize]) -> Gathered {
        Gathered {
            dense: self.dense.map(|dense| dense.select(Axis(0), rows)),
            sparse: self.sparse.map(|sparse| sparse.select(rows)),
        }
    }
}

/// Rows copied out of [`Features`].
#[derive(Debug, Clone)]
pub struct Gathered {
    dense: Option<Array2<f32>>,
    sparse: Option<Csr>,
}

impl Gathered {
    /// As features again.
    #[must_use]
    pub fn features(&self) -> Features<'_> {
        Features { dense: self.dense.as_ref().map(Array2::view), sparse: self.sparse.as_ref() }
    }
}

/// The true labels of training rows.
#[derive(Debug, Clone, Copy)]
pub enum Targets<'a> {
    /// Exactly one label for each row.
    One(&'a [u32]),
    /// Any number of labels for each row, none included; their order and repeats say nothing.
    Sets(&'a [Vec<u32>]),
}

impl Targets<'_> {
    /// How many rows there are.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        match self {
            Targets::One(labels) => labels.len(),
            Targets::Sets(sets) => sets.len(),
        }
    }

    fn of(&self, row: usize) -> &[u32] {
        match self {
            Targets::One(labels) => &labels[row..=row],
            Targets::Sets(sets) => &sets[row],
        }
    }
}

/// How much a row counts, by its label.
#[derive(Debug, Clone, PartialEq)]
pub enum ClassWeights {
    /// All the same.
    Even,
    /// Inversely to how often the label stands in the training rows, on average 1: rare labels count as much as common
    /// ones. With label sets: positive rows of a label together count as much as its negative ones.
    Balanced,
    /// One weight for each label (with label sets: for its positive rows).
    Given(Vec<f32>),
}

/// How scores become probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    /// One label is true.
    Softmax,
    /// Each label is true or not on its own.
    Logistic,
}

/// Softmax regression with a ridge penalty: minimizes Σ log loss + ½ · `l2` · ‖weights‖², the bias being free
/// (scikit-learn's `LogisticRegression(C = 1 / l2)`), by L-BFGS (Liu and Nocedal 1989). On label sets: a logistic
/// regression for each label, fitted together.
#[derive(Debug, Clone, PartialEq)]
pub struct Classifier {
    n_labels: usize,
    l2: f64,
    weights: ClassWeights,
    tolerance: f64,
    iterations: usize,
}

impl Classifier {
    /// A classifier into `n_labels` labels, with a penalty of 0.03, which does well on vectors of length 1 with few rows for each
    /// label, and even weights.
    ///
    /// # Errors
    /// [`ClassifyError::Empty`] without labels.
    pub fn new(n_labels: usize) -> Result<Self, ClassifyError> {
        if n_labels == 0 || n_labels >= NO_SLOT as usize {
            return Err(ClassifyError::Empty);
        }
        Ok(Self { n_labels, l2: 0.03, weights: ClassWeights::Even, tolerance: 1e-4, iterations: 300 })
    }

    /// How strong the penalty is.
    ///
    /// # Errors
    /// [`ClassifyError::BadPenalty`] unless it is a number above 0.
    pub fn l2(mut self, l2: f64) -> Result<Self, ClassifyError> {
        if !(l2 > 0.0 && l2.is_finite()) {
            return Err(ClassifyError::BadPenalty(l2));
        }
        self.l2 = l2;
        Ok(self)
    }

    /// What rows count.
    ///
    /// # Errors
    /// [`ClassifyError::BadWeights`] unless there is one number above 0 for each label.
    pub fn weights(mut self, weights: ClassWeights) -> Result<Self, ClassifyError> {
        if let ClassWeights::Given(given) = &weights
            && (given.len() != self.n_labels || !given.iter().all(|w| *w > 0.0 && w.is_finite()))
        {
            return Err(ClassifyError::BadWeights);
        }
        self.weights = weights;
        Ok(self)
    }

    /// Until the mean gradient has no component above `tolerance` (1e-4 unless told otherwise), for at most
    /// `iterations` (300).
    #[must_use]
    pub fn until(mut self, tolerance: f64, iterations: usize) -> Self {
        self.tolerance = tolerance;
        self.iterations = iterations;
        self
    }

    /// Fits, from the weights of an earlier model if there is one. Labels that no row has get probability 0; if all
    /// rows have the same one label, it gets probability 1 whatever the features.
    ///
    /// Needs, beside the features: 4 bytes × rows × labels that occur, a second copy of the sparse block, and 25 times
    /// the model (15 times where sparse features make it larger than 16 MB).
    ///
    /// # Errors
    /// [`ClassifyError`]; an earlier model of other labels or columns is [`ClassifyError::Columns`].
    pub fn fit(
        &self,
        features: Features,
        targets: Targets,
        earlier: Option<&Model>,
    ) -> Result<Model, ClassifyError> {
        let rows = features.n_rows();
        same(rows, targets.n_rows())?;
        let (n_dense, n_sparse) = features.n_columns();
        if rows == 0 || n_dense + n_sparse == 0 {
            return Err(ClassifyError::Empty);
        }
        let kind = match targets {
            Targets::One(_) => Link::Softmax,
            Targets::Sets(_) => Link::Logistic,
        };
        if let Some(earlier) = earlier
            && (earlier.link != kind
                || earlier.n_labels != self.n_labels
                || earlier.n_columns != features.n_columns())
        {
            return Err(ClassifyError::Columns);
        }
        check_finite(features)?;

        let mut counts = vec![0_usize; self.n_labels];
        for row in 0..rows {
            for label in targets.of(row) {
                let count = counts.get_mut(*label as usize).ok_or(ClassifyError::LabelOutOfRange { row })?;
                *count += 1;
            }
        }
        let labels: Vec<u32> = (0..self.n_labels as u32).filter(|l| counts[*l as usize] > 0).collect();
        let columns = used_columns(features);
        let layout = Layout { labels: labels.len(), dense: n_dense, sparse: columns.len() };
        let column_slot = slots(&columns, n_sparse);
        let mut model = Model {
            n_labels: self.n_labels,
            n_columns: features.n_columns(),
            link: kind,
            layout,
            labels,
            columns,
            column_slot,
            parameters: vec![0.0; layout.len()],
            iterations: 0,
            converged: true,
        };
        if layout.labels == 0 || (kind == Link::Softmax && layout.labels == 1) {
            return Ok(model);
        }
        if let Some(earlier) = earlier {
            model.start_from(earlier);
        }
        let label_slot = slots(&model.labels, self.n_labels);
        let weights = self.label_weights(&model.labels, &counts, rows, kind);
        let mut objective = Objective::new(
            features.reborrow(),
            targets,
            kind,
            layout,
            &label_slot,
            &model.column_slot,
            &weights,
            self.l2,
        );
        let until = Until {
            gradient: self.tolerance * rows as f64,
            iterations: self.iterations,
            memory: if layout.len() > 1 << 22 { 5 } else { 10 },
        };
        let scale = objective.scale();
        let mut parameters = std::mem::take(&mut model.parameters);
        objective.center(&mut parameters);
        let ended = lbfgs::minimize(&mut parameters, &scale, until, |x, g| objective.evaluate(x, g));
        objective.uncenter(&mut parameters);
        model.parameters = parameters;
        (model.iterations, model.converged) = (ended.iterations, ended.converged);
        Ok(model)
    }

    fn label_weights(&self, labels: &[u32], counts: &[usize], rows: usize, kind: Link) -> Vec<f32> {
        let of = |label: &u32| {
            let count = counts[*label as usize] as f32;
            match (&self.weights, kind) {
                (ClassWeights::Even, _) => 1.0,
                (ClassWeights::Given(given), _) => given[*label as usize],
                (ClassWeights::Balanced, Link::Softmax) => rows as f32 / (labels.len() as f32 * count),
                (ClassWeights::Balanced, Link::Logistic) => (rows as f32 - count).max(1.0) / count,
            }
        };
        labels.iter().map(of).collect()
    }
}

/// A fitted [`Classifier`].
#[derive(Debug, Clone)]
pub struct Model {
    n_labels: usize,
    n_columns: (usize, usize),
    link: Link,
    layout: Layout,
    /// Labels that have parameters, ascending.
    labels: Vec<u32>,
    /// Sparse columns that have parameters, ascending.
    columns: Vec<u32>,
    column_slot: Vec<u32>,
    parameters: Vec<f32>,
    iterations: usize,
    converged: bool,
}

/// One feature's part in a score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contribution {
    /// The sparse column.
    pub column: u32,
    /// Weight × value: negative speaks against the label.
    pub value: f32,
}

/// A score taken apart: the parts sum to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Contributions {
    /// The bias: what the label has without any features.
    pub bias: f32,
    /// All dense columns together; see [`Model::dense_weights`].
    pub dense: f32,
    /// Each sparse column that the row has, in the row's order.
    pub sparse: Vec<Contribution>,
}

/// Rows that are scored at a time.
const BLOCK: usize = 1024;

impl Model {
    /// How many labels the classifier was announced.
    #[must_use]
    pub fn n_labels(&self) -> usize {
        self.n_labels
    }

    /// Iterations that fitting took.
    #[must_use]
    pub fn iterations(&self) -> usize {
        self.iterations
    }

    /// Whether fitting came to rest before its iterations ran out.
    #[must_use]
    pub fn converged(&self) -> bool {
        self.converged
    }

    /// Rows × labels. Of softmax, rows sum to 1; on label sets each probability stands alone. 4 bytes each: for a
    /// million rows take [`Model::map`].
    ///
    /// # Errors
    /// [`ClassifyError::Columns`], [`ClassifyError::NotFinite`].
    pub fn probabilities(&self, features: Features) -> Result<Array2<f32>, ClassifyError> {
        self.check(features)?;
        let mut out = Array2::zeros((features.n_rows(), self.n_labels));
        let broken = AtomicUsize::new(usize::MAX);
        out.axis_chunks_iter_mut(Axis(0), BLOCK).into_par_iter().enumerate().for_each_init(
            Vec::new,
            |scratch, (block, mut out)| {
                self.block(features, block * BLOCK, out.nrows(), scratch, &broken, |i, row| {
                    let mut out = out.row_mut(i);
                    if row.len() == self.n_labels {
                        out.as_slice_mut().expect("rows of the result are contiguous").copy_from_slice(row);
                    } else {
                        for (label, p) in self.labels.iter().zip(row) {
                            out[*label as usize] = *p;
                        }
                    }
                });
            },
        );
        whole(&broken, out)
    }

    /// Something of each row's probabilities, such as its margin, without keeping them. `of_row` sees the labels that
    /// occurred in training alone, in the order of [`Model::labels`]: all others have probability 0.
    ///
    /// # Errors
    /// [`ClassifyError::Columns`], [`ClassifyError::NotFinite`].
    pub fn map<T: Send>(
        &self,
        features: Features,
        of_row: impl Fn(&[f32]) -> T + Sync,
    ) -> Result<Vec<T>, ClassifyError> {
        self.check(features)?;
        let rows = features.n_rows();
        let broken = AtomicUsize::new(usize::MAX);
        let blocks: Vec<Vec<T>> = (0..rows.div_ceil(BLOCK))
            .into_par_iter()
            .map_init(Vec::new, |scratch, block| {
                let from = block * BLOCK;
                let mut out = Vec::with_capacity(BLOCK);
                self.block(features, from, BLOCK.min(rows - from), scratch, &broken, |_, row| {
                    out.push(of_row(row));
                });
                out
            })
            .collect();
        whole(&broken, blocks.into_iter().flatten().collect())
    }

    /// The most probable label of each row (the first of several) with its probability; on no labels at all, 0 with
    /// probability 0.
    ///
    /// # Errors
    /// [`ClassifyError::Columns`], [`ClassifyError::NotFinite`].
    pub fn predict(&self, features: Features) -> Result<Vec<(u32, f32)>, ClassifyError> {
        self.map(features, |row| {
            let at = best(row);
            (self.labels.get(at).copied().unwrap_or(0), row.get(at).copied().unwrap_or(0.0))
        })
    }

    /// The labels that occurred in training, ascending.
    #[must_use]
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// A label's score of one row of `features`, taken apart; `None` for a label that did not occur in training. A
    /// softmax score says something in comparison only; the penalty centers weights, so that the average label's
    /// score from features is 0 and positive means *more than for other labels*.
    ///
    /// # Errors
    /// [`ClassifyError::Columns`], [`ClassifyError::Rows`] for a row that is not there.
    pub fn contributions(
        &self,
        features: Features,
        row: usize,
        label: u32,
    ) -> Result<Option<Contributions>, ClassifyError> {
        self.check(features)?;
        if row >= features.n_rows() {
            return Err(ClassifyError::Rows { expected: features.n_rows(), found: row });
        }
        let Ok(at) = self.labels.binary_search(&label) else { return Ok(None) };
        let weights = self.layout.sparse(&self.parameters);
        let sparse = features.sparse.map_or_else(Vec::new, |sparse| {
            let (columns, values) = sparse.row(row);
            let each = columns.iter().zip(values).map(|(column, value)| {
                let weight = match self.column_slot[*column as usize] {
                    NO_SLOT => 0.0,
                    slot => weights[slot as usize * self.layout.labels + at],
                };
                Contribution { column: *column, value: weight * value }
            });
            each.collect()
        });
        let dense = features.dense.map_or(0.0, |dense| {
            let weights = self.layout.weights(&self.parameters);
            dense.row(row).iter().zip(weights.row(at)).map(|(x, w)| x * w).sum()
        });
        Ok(Some(Contributions { bias: self.layout.bias(&self.parameters)[at], dense, sparse }))
    }

    /// The weights of the dense columns for a label; `None` for one that did not occur in training.
    #[must_use]
    pub fn dense_weights(&self, label: u32) -> Option<Vec<f32>> {
        let at = self.labels.binary_search(&label).ok()?;
        Some(self.layout.weights(&self.parameters).row(at).to_vec())
    }

    /// Scores → probabilities of some rows, each handed to `each` with its place in the block.
    fn block(
        &self,
        features: Features,
        from: usize,
        rows: usize,
        scratch: &mut Vec<f32>,
        broken: &AtomicUsize,
        mut each: impl FnMut(usize, &[f32]),
    ) {
        let labels = self.layout.labels;
        if labels == 0 {
            (0..rows).for_each(|i| each(i, &[]));
            return;
        }
        scratch.resize(rows * labels, 0.0);
        let view = ndarray::ArrayViewMut2::from_shape((rows, labels), &mut scratch[..]).expect("whole rows");
        let bias = self.layout.bias(&self.parameters);
        let slots = &self.column_slot;
        objective::scores(view, &features, from, self.layout, &self.parameters, bias, slots);
        for (i, row) in scratch.chunks_exact_mut(labels).enumerate() {
            // What is no number in a row is none in any of its scores: features times finite weights.
            if !row.iter().sum::<f32>().is_finite() {
                broken.fetch_min(from + i, Ordering::Relaxed);
            }
            objective::link(self.link, row);
            each(i, row);
        }
    }

    fn check(&self, features: Features) -> Result<(), ClassifyError> {
        if features.n_columns() == self.n_columns { Ok(()) } else { Err(ClassifyError::Columns) }
    }

    /// Copies the parameters of labels and columns that both models have.
    fn start_from(&mut self, earlier: &Model) {
        let (new, old) = (self.layout, earlier.layout);
        let (new_bias, old_bias) = (new.labels * new.dense, old.labels * old.dense);
        let (new_sparse, old_sparse) = (new_bias + new.labels, old_bias + old.labels);
        let pairs: Vec<(usize, usize)> = self
            .labels
            .iter()
            .enumerate()
            .filter_map(|(to, label)| Some((to, earlier.labels.binary_search(label).ok()?)))
            .collect();
        for &(to, from) in &pairs {
            self.parameters[to * new.dense..(to + 1) * new.dense]
                .copy_from_slice(&earlier.parameters[from * old.dense..(from + 1) * old.dense]);
            self.parameters[new_bias + to] = earlier.parameters[old_bias + from];
        }
        for (slot, column) in self.columns.iter().enumerate() {
            let before = earlier.column_slot[*column as usize];
            if before != NO_SLOT {
                for &(to, from) in &pairs {
                    self.parameters[new_sparse + slot * new.labels + to] =
                        earlier.parameters[old_sparse + before as usize * old.labels + from];
                }
            }
        }
    }
}

/// The place of the largest value, the first of several; 0 of nothing.
pub(crate) fn best(row: &[f32]) -> usize {
    let mut best = 0;
    for (i, x) in row.iter().enumerate() {
        if *x > row[best] {
            best = i;
        }
    }
    best
}

fn same(expected: usize, found: usize) -> Result<(), ClassifyError> {
    if expected == found { Ok(()) } else { Err(ClassifyError::Rows { expected, found }) }
}

fn whole<T>(broken: &AtomicUsize, result: T) -> Result<T, ClassifyError> {
    match broken.load(Ordering::Relaxed) {
        usize::MAX => Ok(result),
        row => Err(ClassifyError::NotFinite { row }),
    }
}

fn check_finite(features: Features) -> Result<(), ClassifyError> {
    let is_broken = |row: &usize| {
        features.dense.is_some_and(|dense| !dense.row(*row).iter().all(|x| x.is_finite()))
            || features.sparse.is_some_and(|sparse| !sparse.row(*row).1.iter().all(|x| x.is_finite()))
    };
    match (0..features.n_rows()).into_par_iter().find_first(is_broken) {
        Some(row) => Err(ClassifyError::NotFinite { row }),
        None => Ok(()),
    }
}

fn used_columns(features: Features) -> Vec<u32> {
    let Some(sparse) = features.sparse else { return Vec::new() };
    let mut used = vec![false; sparse.n_cols()];
    for row in 0..sparse.n_rows() {
        for column in sparse.row(row).0 {
            used[*column as usize] = true;
        }
    }
    (0..used.len() as u32).filter(|column| used[*column as usize]).collect()
}

/// For each of `n` numbers its place in `those`, or [`NO_SLOT`].
fn slots(those: &[u32], n: usize) -> Vec<u32> {
    let mut slots = vec![NO_SLOT; n];
    for (slot, this) in those.iter().enumerate() {
        slots[*this as usize] = slot as u32;
    }
    slots
}
