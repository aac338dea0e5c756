//! Sparse matrices in compressed rows: what tf-idf makes and the truncated SVD reads.
//!
//! A matrix costs 8 bytes for each stored value and 8 for each row. Products run over rows in parallel; every row of a
//! result is summed by one thread in the order of its columns, so the bits are the same on any number of threads.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis};
use rayon::prelude::*;
use thiserror::Error;

/// Rows of a result that one thread takes at a time.
const ROWS: usize = 64;

/// A matrix of `f32` in compressed rows: columns ascending within a row, values finite.
#[derive(Debug, Clone, PartialEq)]
pub struct Csr {
    n_cols: usize,
    starts: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f32>,
}

/// Why parts do not make a [`Csr`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BadCsr {
    /// `starts` does not begin with 0, falls somewhere, or does not end at the number of values.
    #[error("the starts of the rows must rise from 0 to the number of values")]
    Starts,
    /// Not as many columns as values.
    #[error("{columns} columns for {values} values")]
    Lengths {
        /// How many columns were given.
        columns: usize,
        /// How many values were given.
        values: usize,
    },
    /// A row's columns don't rise strictly, or reach `n_cols`.
    #[error("the columns of row {0} must rise and stay below the number of columns")]
    Columns(usize),
    /// A value is infinite or no number.
    #[error("row {0} holds a value that is not a finite number")]
    Value(usize),
}

impl Csr {
    /// A matrix from its parts: row `i` holds `values[starts[i]..starts[i + 1]]` in the columns of the same places.
    ///
    /// # Errors
    /// [`BadCsr`] when the parts don't describe a matrix, or a value is not finite.
    pub fn new(
        n_cols: usize,
        starts: Vec<usize>,
        columns: Vec<u32>,
        values: Vec<f32>,
    ) -> Result<Csr, BadCsr> {
        if columns.len() != values.len() {
            return Err(BadCsr::Lengths { columns: columns.len(), values: values.len() });
        }
        let rise = starts.windows(2).all(|pair| pair[0] <= pair[1]);
        if !rise || starts.first() != Some(&0) || starts.last() != Some(&values.len()) {
            return Err(BadCsr::Starts);
        }
        let matrix = Csr { n_cols, starts, columns, values };
        for (number, (columns, values)) in matrix.rows().enumerate() {
            let rise = columns.windows(2).all(|pair| pair[0] < pair[1]);
            if !rise || columns.last().is_some_and(|&last| last as usize >= n_cols) {
                return Err(BadCsr::Columns(number));
            }
            if !values.iter().all(|value| value.is_finite()) {
                return Err(BadCsr::Value(number));
            }
        }
        Ok(matrix)
    }

    /// For parts that are right by how they were made.
    pub(crate) fn trusted(n_cols: usize, starts: Vec<usize>, columns: Vec<u32>, values: Vec<f32>) -> Csr {
        debug_assert_eq!(starts.last(), Some(&values.len()));
        debug_assert_eq!(columns.len(), values.len());
        Csr { n_cols, starts, columns, values }
    }

    /// How many rows there are.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// How many columns there are, empty ones included.
    #[must_use]
    pub fn n_cols(&self) -> usize {
        self.n_cols
    }

    /// How many values are stored.
    #[must_use]
    pub fn n_values(&self) -> usize {
        self.values.len()
    }

    /// Where each row begins in [`columns`](Self::columns) and [`values`](Self::values), and at last where they end.
    #[must_use]
    pub fn starts(&self) -> &[usize] {
        &self.starts
    }

    /// The columns of all stored values, row after row.
    #[must_use]
    pub fn columns(&self) -> &[u32] {
        &self.columns
    }

    /// All stored values, row after row.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Columns, ascending, and values of one row.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn row(&self, number: usize) -> (&[u32], &[f32]) {
        let part = self.starts[number]..self.starts[number + 1];
        (&self.columns[part.clone()], &self.values[part])
    }

    /// Every row in its order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = (&[u32], &[f32])> {
        (0..self.n_rows()).map(|number| self.row(number))
    }

    /// The named rows, in the order named; a row may be named twice.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Csr {
        let n_values = rows.iter().map(|&row| self.row(row).0.len()).sum();
        let mut starts = Vec::with_capacity(rows.len() + 1);
        let (mut columns, mut values) = (Vec::with_capacity(n_values), Vec::with_capacity(n_values));
        starts.push(0);
        for &row in rows {
            let (c, v) = self.row(row);
            columns.extend_from_slice(c);
            values.extend_from_slice(v);
            starts.push(values.len());
        }
        Csr::trusted(self.n_cols, starts, columns, values)
    }

    /// The matrix with rows and columns exchanged: as large as this one. Who multiplies by the transposed matrix more
    /// than once keeps this and uses [`times`](Self::times).
    ///
    /// # Panics
    /// With more than 2³² rows.
    #[must_use]
    pub fn transpose(&self) -> Csr {
        assert!(u32::try_from(self.n_rows()).is_ok(), "rows fit a column number");
        let mut starts = vec![0_usize; self.n_cols + 1];
        for &column in &self.columns {
            starts[column as usize + 1] += 1;
        }
        for column in 0..self.n_cols {
            starts[column + 1] += starts[column];
        }
        let mut next = starts.clone();
        let mut columns = vec![0_u32; self.values.len()];
        let mut values = vec![0.0_f32; self.values.len()];
        for (number, (c, v)) in self.rows().enumerate() {
            for (&column, &value) in c.iter().zip(v) {
                let at = &mut next[column as usize];
                columns[*at] = number as u32;
                values[*at] = value;
                *at += 1;
            }
        }
        Csr::trusted(self.n_rows(), starts, columns, values)
    }

    /// `self · dense`: (n_rows × n_cols) · (n_cols × k) = n_rows × k.
    ///
    /// # Panics
    /// If `dense` has not `n_cols` rows.
    #[must_use]
    pub fn times(&self, dense: ArrayView2<f32>) -> Array2<f32> {
        let mut out = Array2::zeros((self.n_rows(), dense.ncols()));
        self.times_into(dense, out.view_mut());
        out
    }

    /// [`times`](Self::times) into rows that are there already; what they hold is written over.
    ///
    /// # Panics
    /// If the shapes don't fit.
    pub fn times_into(&self, dense: ArrayView2<f32>, mut out: ArrayViewMut2<f32>) {
        assert_eq!(dense.nrows(), self.n_cols, "as many rows as the sparse matrix has columns");
        assert_eq!(out.dim(), (self.n_rows(), dense.ncols()), "shape of the result");
        let k = dense.ncols();
        if k == 0 {
            return;
        }
        let dense = dense.as_standard_layout();
        let Some(dense) = dense.as_slice() else { return };
        out.axis_chunks_iter_mut(Axis(0), ROWS).into_par_iter().enumerate().for_each_init(
            || vec![0.0_f32; k],
            |sum, (chunk, mut out)| {
                for (at, mut out) in out.rows_mut().into_iter().enumerate() {
                    let (columns, values) = self.row(chunk * ROWS + at);
                    if let Some(out) = out.as_slice_mut() {
                        combine(columns, values, dense, out);
                    } else {
                        combine(columns, values, dense, sum);
                        out.iter_mut().zip(sum.iter()).for_each(|(to, from)| *to = *from);
                    }
                }
            },
        );
    }

    /// `selfᵀ · dense`: (n_cols × n_rows) · (n_rows × k) = n_cols × k. Makes the transposed matrix on the way.
    ///
    /// # Panics
    /// If `dense` has not `n_rows` rows.
    #[must_use]
    pub fn transposed_times(&self, dense: ArrayView2<f32>) -> Array2<f32> {
        self.transpose().times(dense)
    }

    /// Scales every row to Euclidean length 1; rows of zeros stay as they are.
    pub fn normalize_rows(&mut self) {
        for row in 0..self.n_rows() {
            let values = &mut self.values[self.starts[row]..self.starts[row + 1]];
            let square: f64 = values.iter().map(|&v| f64::from(v) * f64::from(v)).sum();
            if square > 0.0 {
                let scale = 1.0 / square.sqrt();
                values.iter_mut().for_each(|v| *v = (f64::from(*v) * scale) as f32);
            }
        }
    }
}

/// `out = Σ value · row of dense`, four rows at a time: `out` is then read and written a quarter as often.
fn combine(columns: &[u32], values: &[f32], dense: &[f32], out: &mut [f32]) {
    let k = out.len();
    let row = |column: u32| &dense[column as usize * k..][..k];
    out.fill(0.0);
    let mut fours = columns.chunks_exact(4).zip(values.chunks_exact(4));
    for (c, v) in &mut fours {
        let (a, b, c, d) = (row(c[0]), row(c[1]), row(c[2]), row(c[3]));
        for i in 0..k {
            out[i] += (v[0] * a[i] + v[1] * b[i]) + (v[2] * c[i] + v[3] * d[i]);
        }
    }
    let done = columns.len() / 4 * 4;
    for (&column, &value) in columns[done..].iter().zip(&values[done..]) {
        for (to, from) in out.iter_mut().zip(row(column)) {
            *to += value * from;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rayon::ThreadPoolBuilder;

    fn sparse(rows: &[Vec<f32>]) -> Csr {
        let n_cols = rows.first().map_or(0, Vec::len);
        let (mut starts, mut columns, mut values) = (vec![0], Vec::new(), Vec::new());
        for row in rows {
            for (column, &value) in row.iter().enumerate().filter(|(_, v)| **v != 0.0) {
                columns.push(column as u32);
                values.push(value);
            }
            starts.push(values.len());
        }
        Csr::new(n_cols, starts, columns, values).unwrap()
    }

    fn full(matrix: &Csr) -> Array2<f32> {
        let mut out = Array2::zeros((matrix.n_rows(), matrix.n_cols()));
        for (at, (columns, values)) in matrix.rows().enumerate() {
            for (&column, &value) in columns.iter().zip(values) {
                out[[at, column as usize]] = value;
            }
        }
        out
    }

    fn rows() -> impl Strategy<Value = Vec<Vec<f32>>> {
        (0_usize..9).prop_flat_map(|width| {
            // Whole numbers: sums are exact in any order.
            let value = prop_oneof![2 => Just(0.0_f32), 1 => (-8_i8..8).prop_map(f32::from)];
            prop::collection::vec(prop::collection::vec(value, width), 0..90)
        })
    }

    proptest! {
        #[test]
        fn products_equal_the_dense_ones(rows in rows(), k in 0_usize..6) {
            let a = sparse(&rows);
            let wide = |n: usize| Array2::from_shape_fn((n, k), |(i, j)| ((i * 5 + j * 3) % 7) as f32 - 3.0);
            let (x, y) = (wide(a.n_cols()), wide(a.n_rows()));
            prop_assert_eq!(a.times(x.view()), full(&a).dot(&x));
            prop_assert_eq!(a.transposed_times(y.view()), full(&a).t().dot(&y));
            prop_assert_eq!(a.transpose().transpose(), a);
        }

        #[test]
        fn chosen_rows_are_those_rows(rows in rows(), pick in prop::collection::vec(any::<prop::sample::Index>(), 0..9)) {
            let a = sparse(&rows);
            let pick: Vec<usize> =
                pick.iter().filter(|_| !rows.is_empty()).map(|i| i.index(rows.len())).collect();
            prop_assert_eq!(full(&a.select(&pick)), full(&a).select(Axis(0), &pick));
        }
    }

    #[test]
    fn other_layouts_of_memory_give_the_same() {
        let a = sparse(&[vec![1.0, 0.0, 2.0], vec![0.0, 3.0, 0.0]]);
        let x = Array2::from_shape_fn((2, 3), |(i, j)| (i * 3 + j) as f32);
        let mut out = Array2::ones((2, 2));
        a.times_into(x.t(), out.view_mut().reversed_axes());
        assert_eq!(out.reversed_axes(), full(&a).dot(&x.t()));
    }

    #[test]
    fn the_same_bits_on_one_and_two_threads() {
        let rows: Vec<Vec<f32>> = (0..500_u32)
            .map(|i| {
                (0..40_u32)
                    .map(|j| if (i * 7 + j * 13) % 5 == 0 { 0.1 + (i * j) as f32 / 3.0 } else { 0.0 })
                    .collect()
            })
            .collect();
        let a = sparse(&rows);
        let x = Array2::from_shape_fn((40, 33), |(i, j)| (i as f32 - j as f32) / 7.0);
        let on = |n| {
            let pool = ThreadPoolBuilder::new().num_threads(n).build().unwrap();
            pool.install(|| (a.times(x.view()), a.transposed_times(a.times(x.view()).view())))
        };
        assert_eq!(on(1), on(2));
    }

    #[test]
    fn rows_become_unit_length_and_zeros_stay() {
        let mut a = sparse(&[vec![3.0, 4.0], vec![0.0, 0.0], vec![0.0, -2.0]]);
        a.normalize_rows();
        assert_eq!(a.row(0).1, [0.6, 0.8]);
        assert!(a.row(1).1.is_empty());
        assert_eq!(a.row(2).1, [-1.0]);
    }

    #[test]
    fn parts_are_checked() {
        let new = |starts: &[usize], columns: &[u32], values: &[f32]| {
            Csr::new(3, starts.to_vec(), columns.to_vec(), values.to_vec()).map(|m| m.n_rows())
        };
        assert_eq!(new(&[0], &[], &[]), Ok(0));
        assert_eq!(new(&[0, 0, 2], &[0, 2], &[1.0, 1.0]), Ok(2));
        for starts in [&[][..], &[1, 2], &[0, 1], &[0, 2, 1, 2], &[0, 3]] {
            assert_eq!(new(starts, &[0, 2], &[1.0, 1.0]), Err(BadCsr::Starts), "{starts:?}");
        }
        assert_eq!(new(&[0, 2], &[0, 2], &[1.0]), Err(BadCsr::Lengths { columns: 2, values: 1 }));
        for columns in [[0, 3], [2, 1], [1, 1]] {
            assert_eq!(new(&[0, 0, 2], &columns, &[1.0, 1.0]), Err(BadCsr::Columns(1)), "{columns:?}");
        }
        for value in [f32::NAN, f32::INFINITY] {
            assert_eq!(new(&[0, 2], &[0, 1], &[1.0, value]), Err(BadCsr::Value(0)));
        }
    }
}
