//! Eigenvalues and vectors of a small symmetric matrix.

use ndarray::{Array2, Axis, s};

/// Eigenvalues, falling, and their vectors as columns: Householder's reduction to three diagonals, then the implicit
/// QL algorithm (Bowdler, Martin, Reinsch and Wilkinson 1968, as `tred2` and `tql2` of EISPACK). About 10 n³ steps.
///
/// Only finite numbers; of a matrix that is not symmetric, the lower triangle counts.
pub fn symmetric(mut a: Array2<f64>) -> (Vec<f64>, Array2<f64>) {
    let n = a.nrows();
    let (mut d, mut e) = (vec![0.0; n], vec![0.0; n]);
    tridiagonal(&mut a, &mut d, &mut e);
    // Rotations turn pairs of columns: they run along memory when the vectors are rows.
    let mut vectors = a.reversed_axes().as_standard_layout().into_owned();
    diagonal(&mut vectors, &mut d, &mut e);
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| d[j].total_cmp(&d[i]));
    (order.iter().map(|&i| d[i]).collect(), vectors.select(Axis(0), &order).reversed_axes())
}

/// `v` becomes Q of QᵀAQ = T, whose diagonal is `d` and whose subdiagonal is `e[1..]`.
fn tridiagonal(v: &mut Array2<f64>, d: &mut [f64], e: &mut [f64]) {
    let n = d.len();
    if n == 0 {
        return;
    }
    for j in 0..n {
        d[j] = v[[n - 1, j]];
    }
    for i in (1..n).rev() {
        let scale: f64 = d[..i].iter().map(|x| x.abs()).sum();
        let mut h = 0.0;
        if scale == 0.0 {
            e[i] = d[i - 1];
            for j in 0..i {
                d[j] = v[[i - 1, j]];
                v[[i, j]] = 0.0;
                v[[j, i]] = 0.0;
            }
        } else {
            for x in &mut d[..i] {
                *x /= scale;
                h += *x * *x;
            }
            let f = d[i - 1];
            let g = if f > 0.0 { -h.sqrt() } else { h.sqrt() };
            e[i] = scale * g;
            h -= f * g;
            d[i - 1] = f - g;
            e[..i].fill(0.0);
            for j in 0..i {
                let f = d[j];
                v[[j, i]] = f;
                let mut g = e[j] + v[[j, j]] * f;
                for k in j + 1..i {
                    g += v[[k, j]] * d[k];
                    e[k] += v[[k, j]] * f;
                }
                e[j] = g;
            }
            let mut f = 0.0;
            for j in 0..i {
                e[j] /= h;
                f += e[j] * d[j];
            }
            let hh = f / (h + h);
            for j in 0..i {
                e[j] -= hh * d[j];
            }
            for j in 0..i {
                let (f, g) = (d[j], e[j]);
                for k in j..i {
                    v[[k, j]] -= f * e[k] + g * d[k];
                }
                d[j] = v[[i - 1, j]];
                v[[i, j]] = 0.0;
            }
        }
        d[i] = h;
    }
    for i in 0..n - 1 {
        v[[n - 1, i]] = v[[i, i]];
        v[[i, i]] = 1.0;
        let h = d[i + 1];
        if h != 0.0 {
            for k in 0..=i {
                d[k] = v[[k, i + 1]] / h;
            }
            for j in 0..=i {
                let g: f64 = (0..=i).map(|k| v[[k, i + 1]] * v[[k, j]]).sum();
                for k in 0..=i {
                    v[[k, j]] -= g * d[k];
                }
            }
        }
        for k in 0..=i {
            v[[k, i + 1]] = 0.0;
        }
    }
    for j in 0..n {
        d[j] = v[[n - 1, j]];
        v[[n - 1, j]] = 0.0;
    }
    v[[n - 1, n - 1]] = 1.0;
    e[0] = 0.0;
}

/// `d` becomes the eigenvalues, the rows of `v` their vectors.
fn diagonal(v: &mut Array2<f64>, d: &mut [f64], e: &mut [f64]) {
    let n = d.len();
    if n == 0 {
        return;
    }
    e.rotate_left(1);
    e[n - 1] = 0.0;
    let (mut f, mut largest) = (0.0_f64, 0.0_f64);
    for l in 0..n {
        largest = largest.max(d[l].abs() + e[l].abs());
        let mut m = l;
        while m + 1 < n && e[m].abs() > f64::EPSILON * largest {
            m += 1;
        }
        // Two or three rounds are usual; 30 never happen with finite numbers.
        for _ in 0..if m > l { 60 } else { 0 } {
            let g = d[l];
            let mut p = (d[l + 1] - g) / (2.0 * e[l]);
            let mut r = p.hypot(1.0).copysign(p);
            d[l] = e[l] / (p + r);
            d[l + 1] = e[l] * (p + r);
            let next = d[l + 1];
            let h = g - d[l];
            for x in &mut d[l + 2..] {
                *x -= h;
            }
            f += h;
            p = d[m];
            let (mut c, mut c2, mut c3) = (1.0, 1.0, 1.0);
            let (mut s, mut s2) = (0.0, 0.0);
            let after = e[l + 1];
            for i in (l..m).rev() {
                c3 = c2;
                c2 = c;
                s2 = s;
                let g = c * e[i];
                let h = c * p;
                r = p.hypot(e[i]);
                e[i + 1] = s * r;
                s = e[i] / r;
                c = p / r;
                p = c * d[i] - s * g;
                d[i + 1] = h + s * (c * g + s * d[i]);
                rotate(v, i, c, s);
            }
            p = -s * s2 * c3 * after * e[l] / next;
            e[l] = s * p;
            d[l] = c * p;
            if e[l].abs() <= f64::EPSILON * largest {
                break;
            }
        }
        d[l] += f;
        e[l] = 0.0;
    }
}

fn rotate(v: &mut Array2<f64>, i: usize, c: f64, s: f64) {
    let (mut a, mut b) = v.multi_slice_mut((s![i, ..], s![i + 1, ..]));
    if let (Some(a), Some(b)) = (a.as_slice_mut(), b.as_slice_mut()) {
        for (x, y) in a.iter_mut().zip(b) {
            let h = *y;
            *y = s * *x + c * h;
            *x = c * *x - s * h;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(a: &Array2<f64>) {
        let n = a.nrows();
        let (values, vectors) = symmetric(a.clone());
        let size = a.iter().fold(1.0_f64, |m, x| m.max(x.abs()));
        assert!(values.windows(2).all(|w| w[0] >= w[1]), "{values:?}");
        let close = |x: &Array2<f64>, y: &Array2<f64>| {
            (x - y).iter().all(|d| d.abs() < 1e-11 * size * (n + 1) as f64)
        };
        assert!(close(&vectors.t().dot(&vectors), &Array2::eye(n)));
        let scaled = &vectors * &ndarray::Array1::from(values);
        assert!(close(&a.dot(&vectors), &scaled), "{a}");
    }

    proptest! {
        #[test]
        fn vectors_are_turned_into_multiples_of_themselves(
            (n, cells) in (0_usize..9).prop_flat_map(|n| (Just(n), prop::collection::vec(-4_i8..5, n * n)))
        ) {
            let a = Array2::from_shape_fn((n, n), |(i, j)| f64::from(cells[i.min(j) * n + i.max(j)]));
            check(&a);
        }
    }

    #[test]
    fn larger_and_special_matrices() {
        check(&Array2::eye(5));
        check(&Array2::zeros((4, 4)));
        check(&Array2::ones((30, 30)));
        check(&Array2::from_shape_fn((70, 70), |(i, j)| 1.0 / (1.0 + i as f64 + j as f64)));
        check(&Array2::from_shape_fn((3, 3), |(i, j)| if i == j { 10_f64.powi(8 * i as i32) } else { 0.0 }));
        let (values, _) = symmetric(ndarray::array![[2.0, 1.0], [1.0, 2.0]]);
        assert!((values[0] - 3.0).abs() < 1e-14 && (values[1] - 1.0).abs() < 1e-14);
    }
}
