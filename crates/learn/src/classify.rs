//! Labels from vectors: softmax regression (or one logistic regression for each label, where an item can have several)
//! with a ridge penalty, and the baselines beside it.
//!
//! Rows have dense features, sparse features or both; see [`Features`]. The model is linear, so what it says can be
//! taken apart exactly: a feature's part in a score is weight × value ([`Model::contributions`]).

mod baseline;
mod choose;
mod crossfit;
mod features;
mod fit;
mod lbfgs;
mod metrics;
mod model;
mod objective;
mod targets;
#[cfg(test)]
pub(crate) mod tests;

pub use baseline::{Centroids, majority_share};
pub use choose::{Candidate, Choice, Kind, choose};
pub use crossfit::{out_of_fold, stratified_folds};
pub use features::{Features, Gathered};
pub use fit::Classifier;
pub use metrics::{LabelReport, Report, log_loss};
pub use model::{Contribution, Contributions, Model};
pub use targets::{ClassWeights, Targets};

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

/// How scores become probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    /// One label is true.
    Softmax,
    /// Each label is true or not on its own.
    Logistic,
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
