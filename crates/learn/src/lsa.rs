//! Latent semantic analysis (Deerwester et al. 1990): sparse text features to dense vectors by a truncated SVD, found
//! by randomized range finding with power iterations (Halko, Martinsson and Tropp 2011, algorithms 4.4 and 5.1).
//!
//! Nothing here is quadratic in the number of rows or terms. A fit holds the transposed sample and three matrices of
//! terms × (dimensions + 10); with the defaults and 100,000 terms that is about 0.35 GB whatever the number of rows.

pub(crate) mod eigen;

use crate::dense;
use crate::sparse::Csr;
use crate::text::TfIdf;
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, s};
use rand::{RngCore, SeedableRng, seq::index};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;
use thiserror::Error;

/// Directions sought beyond those wanted (Halko et al., section 4.2).
const OVERSAMPLE: usize = 10;

/// Texts whose sparse rows are in memory at a time while they become dense.
const ROWS: usize = 32_768;

/// A direction whose part outside the ones before it is smaller than this share of its squared length is none.
const DEPENDENT: f64 = 1e-10;

/// How many dimensions, how exactly, from which rows, from which seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LsaSpec {
    dims: usize,
    power_iterations: usize,
    sample: Option<usize>,
    seed: u64,
}

/// Why an [`LsaSpec`] was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BadLsaSpec {
    /// No dimension, or more than can be worked out in reasonable time.
    #[error("1 to 2,000 dimensions, not {0}")]
    Dims(usize),
    /// More rounds change nothing but the time.
    #[error("at most 100 power iterations, not {0}")]
    PowerIterations(usize),
    /// A sample of nothing.
    #[error("a sample holds one row at least")]
    Sample,
}

impl LsaSpec {
    /// 256 dimensions, 2 power iterations, fitted on at most 20,000 rows: singular values within 7% of the exact ones on
    /// Banking77 (within 0.6% after 5 iterations, which take twice as long).
    #[must_use]
    pub const fn seeded(seed: u64) -> Self {
        Self { dims: 256, power_iterations: 2, sample: Some(20_000), seed }
    }

    /// `dims`: 1 to 2,000; `power_iterations`: 0 to 100; `sample`: fit on at most so many rows, drawn without
    /// replacement.
    ///
    /// # Errors
    /// [`BadLsaSpec`] for anything else.
    pub fn new(
        dims: usize,
        power_iterations: usize,
        sample: Option<usize>,
        seed: u64,
    ) -> Result<Self, BadLsaSpec> {
        if !(1..=2_000).contains(&dims) {
            return Err(BadLsaSpec::Dims(dims));
        }
        if power_iterations > 100 {
            return Err(BadLsaSpec::PowerIterations(power_iterations));
        }
        if sample == Some(0) {
            return Err(BadLsaSpec::Sample);
        }
        Ok(Self { dims, power_iterations, sample, seed })
    }

    /// The rows to fit on, ascending; `None`: all.
    fn drawn(&self, n: usize) -> Option<Vec<usize>> {
        let sample = self.sample.filter(|sample| *sample < n)?;
        let mut rows = index::sample(&mut Xoshiro256PlusPlus::seed_from_u64(self.seed), n, sample).into_vec();
        rows.sort_unstable();
        Some(rows)
    }
}

/// The right singular vectors of a sparse matrix: what turns its rows, or others with the same columns, into dense
/// vectors.
#[derive(Debug, Clone, PartialEq)]
pub struct Lsa {
    components: Array2<f32>,
    singular_values: Vec<f32>,
}

impl Lsa {
    /// Fits to `rows`, or to a sample of them. As many dimensions as asked for, or as many as the rows span.
    #[must_use]
    pub fn fit(rows: &Csr, spec: &LsaSpec) -> Lsa {
        match spec.drawn(rows.n_rows()) {
            Some(drawn) => Lsa::of(&rows.select(&drawn), spec),
            None => Lsa::of(rows, spec),
        }
    }

    /// The same as [`fit`](Self::fit) on the rows of `texts`, of which only the sample's are ever made.
    #[must_use]
    pub fn learn<T: AsRef<str> + Sync>(tfidf: &TfIdf, texts: &[T], spec: &LsaSpec) -> Lsa {
        match spec.drawn(texts.len()) {
            Some(drawn) => {
                let texts: Vec<&str> = drawn.iter().map(|&text| texts[text].as_ref()).collect();
                Lsa::of(&tfidf.transform(&texts), spec)
            }
            None => Lsa::of(&tfidf.transform(texts), spec),
        }
    }

    /// Again what was taken apart: `components` (terms × dims) and as many singular values as it has columns. `None`
    /// if the numbers differ or one is not finite.
    #[must_use]
    pub fn from_parts(components: Array2<f32>, singular_values: Vec<f32>) -> Option<Lsa> {
        let fits = components.ncols() == singular_values.len();
        let finite = components.iter().chain(&singular_values).all(|value| value.is_finite());
        let components = components.as_standard_layout().into_owned();
        (fits && finite).then_some(Lsa { components, singular_values })
    }

    /// Dense vectors, n × dims, each of Euclidean length 1; a row that shares no term with the fit stays zero.
    ///
    /// # Panics
    /// If the rows have not the columns of the fit.
    #[must_use]
    pub fn transform(&self, rows: &Csr) -> Array2<f32> {
        let mut out = Array2::zeros((rows.n_rows(), self.dims()));
        self.transform_into(rows, out.view_mut());
        out
    }

    /// Dense vectors of texts by way of their tf-idf rows, of which only some thousands are in memory at a time:
    /// 4 bytes × dims a text, 1 GB for 1,000,000 × 256. `done` hears how many more are finished.
    ///
    /// # Panics
    /// If `tfidf` has not the columns of the fit.
    #[must_use]
    pub fn embed<T: AsRef<str> + Sync>(
        &self,
        tfidf: &TfIdf,
        texts: &[T],
        done: impl Fn(usize),
    ) -> Array2<f32> {
        let mut out = Array2::zeros((texts.len(), self.dims()));
        for (texts, out) in texts.chunks(ROWS).zip(out.axis_chunks_iter_mut(Axis(0), ROWS)) {
            self.transform_into(&tfidf.transform(texts), out);
            done(texts.len());
        }
        out
    }

    /// How many dimensions a vector has.
    #[must_use]
    pub fn dims(&self) -> usize {
        self.singular_values.len()
    }

    /// The right singular vectors as columns, terms × dims.
    #[must_use]
    pub fn components(&self) -> ArrayView2<'_, f32> {
        self.components.view()
    }

    /// The singular values, falling, of the rows that were fitted (of the sample, if there was one).
    #[must_use]
    pub fn singular_values(&self) -> &[f32] {
        &self.singular_values
    }

    fn transform_into(&self, rows: &Csr, mut out: ArrayViewMut2<f32>) {
        rows.times_into(self.components.view(), out.view_mut());
        out.axis_iter_mut(Axis(0)).into_par_iter().for_each(|mut row| {
            let square: f64 = row.iter().map(|v| f64::from(*v) * f64::from(*v)).sum();
            if square > 0.0 {
                let scale = 1.0 / square.sqrt();
                row.mapv_inplace(|v| (f64::from(v) * scale) as f32);
            }
        });
    }

    fn of(rows: &Csr, spec: &LsaSpec) -> Lsa {
        let (n, m) = (rows.n_rows(), rows.n_cols());
        let width = (spec.dims + OVERSAMPLE).min(n).min(m);
        let transposed = rows.transpose();
        let mut range = orthonormal(rows.times(signs(m, width, spec.seed).view()));
        for _ in 0..spec.power_iterations {
            let back = orthonormal(transposed.times(range.view()));
            range = orthonormal(rows.times(back.view()));
        }
        // With range Q: A ≈ Q·(QᵀA), and the small side of QᵀA has the same singular values.
        let projected = transposed.times(range.view());
        drop(range);
        let (squares, vectors) = eigen::symmetric(dense::gram(projected.view()));
        let largest = squares.first().copied().unwrap_or(0.0);
        let dims =
            squares.iter().take(spec.dims).take_while(|s| **s > largest * DEPENDENT && **s > 0.0).count();
        let singular_values: Vec<f64> = squares[..dims].iter().map(|square| square.sqrt()).collect();
        let mut turn = vectors.slice(s![.., ..dims]).to_owned();
        for (mut column, value) in turn.columns_mut().into_iter().zip(&singular_values) {
            column.mapv_inplace(|x| x / value);
        }
        let components = dense::times_transposed(projected.view(), turn.t().mapv(|x| x as f32).view());
        Lsa { components, singular_values: singular_values.into_iter().map(|value| value as f32).collect() }
    }
}

/// Random signs, n × width: as good a start as Gaussian numbers (Halko et al., section 4.6), and 64 of them for one
/// number drawn.
fn signs(n: usize, width: usize, seed: u64) -> Array2<f32> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed ^ 0x5157_4E53);
    let mut bits = 0;
    let mut left = 0;
    Array2::from_shape_simple_fn((n, width), || {
        if left == 0 {
            (bits, left) = (random.next_u64(), 64);
        }
        left -= 1;
        bits >>= 1;
        if bits & 1 == 0 { 1.0 } else { -1.0 }
    })
}

/// Columns of length 1 at right angles that span what the columns of `tall` span; a column that the ones before it
/// already span becomes zero. By Cholesky's factors of the Gram matrix in `f64`, once more where columns lay close
/// together (Yamamoto et al. 2015, "CholeskyQR2").
fn orthonormal(tall: Array2<f32>) -> Array2<f32> {
    let (inverse, smallest) = cholesky_inverse(dense::gram(tall.view()));
    let once = dense::times_transposed(tall.view(), inverse.t().mapv(|x| x as f32).view());
    drop(tall);
    if smallest > 1e-4 {
        return once;
    }
    let (inverse, _) = cholesky_inverse(dense::gram(once.view()));
    dense::times_transposed(once.view(), inverse.t().mapv(|x| x as f32).view())
}

/// For G = RᵀR with upper triangular R: R⁻¹, with zero columns for dependent columns of G, and the smallest share of
/// its squared length that another column kept.
fn cholesky_inverse(mut g: Array2<f64>) -> (Array2<f64>, f64) {
    let n = g.nrows();
    let mut inverse = Array2::zeros((n, n));
    let mut smallest = 1.0_f64;
    // R is written over the upper triangle, row after row.
    for j in 0..n {
        let length = g[[j, j]];
        let mut left = length;
        for k in 0..j {
            left -= g[[k, j]] * g[[k, j]];
        }
        if left <= length * DEPENDENT || left <= f64::MIN_POSITIVE {
            g.slice_mut(s![j, j..]).fill(0.0);
            continue;
        }
        smallest = smallest.min(left / length);
        let pivot = left.sqrt();
        let (above, mut rest) = g.multi_slice_mut((s![..j, ..], s![j, ..]));
        for k in 0..j {
            let factor = above[[k, j]];
            if factor != 0.0 {
                rest.slice_mut(s![j + 1..]).scaled_add(-factor, &above.slice(s![k, j + 1..]));
            }
        }
        rest.slice_mut(s![j + 1..]).mapv_inplace(|x| x / pivot);
        rest[j] = pivot;
    }
    // Column j of the inverse from the columns before it: R⁻¹[..j, j] = −R⁻¹[..j, ..j] · R[..j, j] / R[j, j].
    for j in 0..n {
        let pivot = g[[j, j]];
        if pivot == 0.0 {
            continue;
        }
        for i in 0..j {
            let sum: f64 = (i..j).map(|k| inverse[[i, k]] * g[[k, j]]).sum();
            inverse[[i, j]] = -sum / pivot;
        }
        inverse[[j, j]] = 1.0 / pivot;
    }
    (inverse, smallest)
}

#[cfg(test)]
mod tests;
