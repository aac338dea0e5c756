//! What is known of rows.

use super::{ClassifyError, same};
use crate::sparse::Csr;
use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;

/// What is known of rows: a dense block (of LSA or of an encoder; rows of length 1 work best), a sparse block (tf-idf),
/// or both beside each other. Nothing is copied.
#[derive(Debug, Clone, Copy)]
pub struct Features<'a> {
    pub(super) dense: Option<ArrayView2<'a, f32>>,
    pub(super) sparse: Option<&'a Csr>,
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

    pub(super) fn n_columns(&self) -> (usize, usize) {
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

pub(super) fn check_finite(features: Features) -> Result<(), ClassifyError> {
    let is_broken = |row: &usize| {
        features.dense.is_some_and(|dense| !dense.row(*row).iter().all(|x| x.is_finite()))
            || features.sparse.is_some_and(|sparse| !sparse.row(*row).1.iter().all(|x| x.is_finite()))
    };
    match (0..features.n_rows()).into_par_iter().find_first(is_broken) {
        Some(row) => Err(ClassifyError::NotFinite { row }),
        None => Ok(()),
    }
}

/// Sparse columns that some row uses, ascending.
pub(super) fn used_columns(features: Features) -> Vec<u32> {
    let Some(sparse) = features.sparse else { return Vec::new() };
    let mut used = vec![false; sparse.n_cols()];
    for row in 0..sparse.n_rows() {
        for column in sparse.row(row).0 {
            used[*column as usize] = true;
        }
    }
    (0..used.len() as u32).filter(|column| used[*column as usize]).collect()
}
