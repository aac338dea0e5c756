//! Principal components (Pearson 1901; Hotelling 1933).

use crate::dense;
use crate::lsa::eigen;
use ndarray::{Array2, Axis, s};

/// A direction with a smaller share of the largest variance than this is none.
const FLAT: f64 = 1e-10;

/// Rows without their mean, along the directions in which they vary most: n × `dims`, or fewer columns where the rows
/// don't span so many, one at least. Covariances are summed in `f64`, in fixed blocks.
pub fn project(mut rows: Array2<f32>, dims: usize) -> Array2<f32> {
    let n = rows.nrows().max(1) as f64;
    let mean = rows.axis_iter(Axis(1)).map(|column| column.iter().map(|x| f64::from(*x)).sum::<f64>() / n);
    let mean: Vec<f64> = mean.collect();
    for mut row in rows.rows_mut() {
        row.iter_mut().zip(&mean).for_each(|(x, mean)| *x = (f64::from(*x) - mean) as f32);
    }
    let (variances, directions) = eigen::symmetric(dense::gram(rows.view()));
    let largest = variances.first().copied().unwrap_or(0.0);
    let spanned = variances.iter().take_while(|v| **v > largest * FLAT && **v > 0.0).count();
    let kept = dims.min(spanned).max(1).min(rows.ncols());
    let mut turn = directions.slice(s![.., ..kept]).mapv(|x| x as f32);
    // A direction and its opposite are the same: its largest part is positive.
    for mut column in turn.columns_mut() {
        let largest = column.iter().fold(0.0_f32, |most, x| if x.abs() > most.abs() { *x } else { most });
        if largest < 0.0 {
            column.mapv_inplace(|x| -x);
        }
    }
    dense::times_transposed(rows.view(), turn.t())
}

#[cfg(test)]
mod tests {
    use super::project;
    use ndarray::{Array2, array};

    #[test]
    fn the_longest_direction_comes_first() {
        // Along (3, 4) / 5 by −10, 0 and 10, across by ±1, about (7, −2).
        let rows = array![[1.0, -10.0], [7.0 - 0.8, -2.0 + 0.6], [7.0 + 0.8, -2.0 - 0.6], [13.0, 6.0]];
        let got = project(rows.clone(), 2);
        let want = array![[-10.0_f32, 0.0], [0.0, 1.0], [0.0, -1.0], [10.0, 0.0]];
        let signed = |got: f32, want: f32| (got.abs() - want.abs()).abs() < 1e-5;
        assert!(got.iter().zip(&want).all(|(got, want)| signed(*got, *want)), "{got}");
        assert!(got[[3, 0]] > 0.0 && got[[0, 0]] < 0.0);
        assert_eq!(project(rows, 1).dim(), (4, 1));
    }

    #[test]
    fn as_many_directions_as_there_are() {
        let line = Array2::from_shape_fn((9, 5), |(i, j)| (i * (j + 1)) as f32);
        assert_eq!(project(line, 4).dim(), (9, 1));
        assert_eq!(project(Array2::ones((3, 4)), 2), Array2::<f32>::zeros((3, 1)));
    }
}
