//! Products of dense matrices, split into fixed blocks so that the result is the same to the bit on any number of
//! threads. Everything else in this crate that multiplies matrices goes through here.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, LinalgScalar};
use rayon::prelude::*;

/// Rows of one block. Fixed: how a sum is split must not depend on the number of threads.
pub const BLOCK: usize = 1024;

/// `a · bᵀ` for row-major `a` (n × d) and `b` (k × d): n × k. Single threaded inside a block, blocks in parallel.
///
/// # Panics
/// If the numbers of columns differ.
#[must_use]
pub fn times_transposed(a: ArrayView2<f32>, b: ArrayView2<f32>) -> Array2<f32> {
    let mut out = Array2::zeros((a.nrows(), b.nrows()));
    out.axis_chunks_iter_mut(Axis(0), BLOCK)
        .into_par_iter()
        .zip(a.axis_chunks_iter(Axis(0), BLOCK).into_par_iter())
        .for_each(|(out, a)| block(out, a, b.t()));
    out
}

/// `aᵀ · a` for row-major `a` (n × d), multiplied and summed in `f64`, blocks in parallel: d × d.
#[must_use]
pub fn gram(a: ArrayView2<f32>) -> Array2<f64> {
    let d = a.ncols();
    let parts: Vec<Array2<f64>> = a
        .axis_chunks_iter(Axis(0), 4 * BLOCK)
        .into_par_iter()
        .map(|a| {
            let wide = a.mapv(f64::from);
            let mut out = Array2::zeros((d, d));
            product(out.view_mut(), wide.t(), wide.view());
            out
        })
        .collect();
    parts.into_iter().fold(Array2::zeros((d, d)), |sum, part| sum + part)
}

/// `out = a · b` on this thread alone.
///
/// # Panics
/// If the shapes don't fit.
pub fn block(out: ArrayViewMut2<f32>, a: ArrayView2<f32>, b: ArrayView2<f32>) {
    product(out, a, b);
}

fn product<T: LinalgScalar>(mut out: ArrayViewMut2<T>, a: ArrayView2<T>, b: ArrayView2<T>) {
    let ((m, k), n) = (a.dim(), b.ncols());
    assert!(b.nrows() == k && out.dim() == (m, n), "shapes fit");
    if m == 0 || n == 0 {
        return;
    }
    let (o, x, y) = (out.strides().to_vec(), a.strides().to_vec(), b.strides().to_vec());
    // Views of ndarray: pointers and strides describe exactly m × n, m × k and k × n elements.
    #[expect(unsafe_code, reason = "gemm takes raw strided matrices; the shapes were compared above")]
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            o[1],
            o[0],
            false,
            a.as_ptr(),
            x[1],
            x[0],
            b.as_ptr(),
            y[1],
            y[0],
            T::zero(),
            T::one(),
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_the_textbook() {
        for (n, d, k) in [(0, 3, 2), (1, 1, 1), (5, 3, 4), (2500, 7, 3), (3, 0, 2)] {
            let a = Array2::from_shape_fn((n, d), |(i, j)| ((i * 7 + j * 3) % 11) as f32 - 5.0);
            let b = Array2::from_shape_fn((k, d), |(i, j)| ((i * 5 + j) % 7) as f32 - 3.0);
            assert_eq!(times_transposed(a.view(), b.view()), a.dot(&b.t()));
            assert_eq!(gram(a.view()), a.t().dot(&a).mapv(f64::from));
        }
    }
}
