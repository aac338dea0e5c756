//! What a fitted classifier says of rows, and why.

use super::objective::{self, Layout, NO_SLOT};
use super::{ClassifyError, Features, Link, best};
use ndarray::{Array2, Axis};
use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A fitted [`Classifier`].
#[derive(Debug, Clone)]
pub struct Model {
    pub(super) n_labels: usize,
    pub(super) n_columns: (usize, usize),
    pub(super) link: Link,
    pub(super) layout: Layout,
    /// Labels that have parameters, ascending.
    pub(super) labels: Vec<u32>,
    /// Sparse columns that have parameters, ascending.
    pub(super) columns: Vec<u32>,
    pub(super) column_slot: Vec<u32>,
    pub(super) parameters: Vec<f32>,
    pub(super) iterations: usize,
    pub(super) converged: bool,
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
    pub(super) fn start_from(&mut self, earlier: &Model) {
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

fn whole<T>(broken: &AtomicUsize, result: T) -> Result<T, ClassifyError> {
    match broken.load(Ordering::Relaxed) {
        usize::MAX => Ok(result),
        row => Err(ClassifyError::NotFinite { row }),
    }
}
