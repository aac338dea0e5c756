//! The first two principal components, where the picture starts.

use crate::cluster::neighbours::neighbours;
use crate::cluster::points::Points;
use crate::dense;
use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Enough for the two largest directions of real texts; those that are nearly equal may stay mixed, which does no harm.
const ITERATIONS: usize = 40;

/// The rows along their first two principal components, by orthogonal iteration (Golub and Van Loan, 7.3.2) from `seed`.
/// All at the origin where the rows are equal.
pub fn principal(rows: ArrayView2<f32>, seed: u64) -> Vec<[f32; 2]> {
    let (n, d) = rows.dim();
    let Some(mean) = rows.mean_axis(Axis(0)) else { return vec![[0.0; 2]; n] };
    let centred = &rows - &mean;
    let most = centred.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
    let largest = rows.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
    // Equal rows leave rounding behind when their mean is taken away.
    if n < 2 || most <= 1e-6 * largest {
        return vec![[0.0; 2]; n];
    }
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut directions = Array2::from_shape_fn((d, 2), |_| random.gen_range(-1.0_f32..1.0));
    let mut along = Array2::zeros((n, 2));
    for _ in 0..ITERATIONS {
        orthonormal(&mut directions);
        dense::block(along.view_mut(), centred.view(), directions.view());
        dense::block(directions.view_mut(), centred.t(), along.view());
    }
    orthonormal(&mut directions);
    dense::block(along.view_mut(), centred.view(), directions.view());
    along.outer_iter().map(|place| [place[0], place[1]]).collect()
}

/// Where points start that are known from an older picture, and the others at the median of their nearest known ones.
/// Nothing where too few are known, or those lie in one place.
pub fn known(points: &Points, known: &[Option<[f32; 2]>]) -> Option<Vec<[f32; 2]>> {
    let is_finite = |place: &[f32; 2]| place.iter().all(|x| x.is_finite());
    let (rows, places): (Vec<usize>, Vec<[f32; 2]>) =
        known.iter().enumerate().filter_map(|(row, place)| Some((row, place.filter(is_finite)?))).unzip();
    if rows.len() < KNOWN || places.iter().all(|place| *place == places[0]) {
        return None;
    }
    let base = points.rows.select(Axis(0), &rows);
    let base = Points::new(base.view()).ok()?;
    let near = neighbours(points, &base, KNOWN, |_| None);
    let mut out: Vec<[f32; 2]> = near.chunks(KNOWN).map(|near| super::among(near, &places)).collect();
    rows.iter().zip(&places).for_each(|(&row, place)| out[row] = *place);
    let centre =
        [0, 1].map(|axis| out.iter().map(|place| f64::from(place[axis])).sum::<f64>() / out.len() as f64);
    out.iter_mut().for_each(|place| *place = [0, 1].map(|axis| place[axis] - centre[axis] as f32));
    Some(out)
}

/// Known points that a start needs, and those among which an unknown one starts.
const KNOWN: usize = 10;

/// The start as t-SNE wants it: so small that points pass each other freely, and no two in the same place.
pub fn small(start: &[[f32; 2]], seed: u64) -> Vec<[f32; 2]> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed ^ 0x5eed);
    let squares: f64 = start.iter().map(|place| f64::from(place[0]).powi(2)).sum();
    let deviation = (squares / start.len().max(1) as f64).sqrt();
    let scale = if deviation > 0.0 { 1e-4 / deviation } else { 0.0 };
    start
        .iter()
        .map(|place| place.map(|x| (f64::from(x) * scale) as f32 + random.gen_range(-1e-6..1e-6)))
        .collect()
}

/// Gram–Schmidt on two columns; a column of nothing stays nothing.
fn orthonormal(directions: &mut Array2<f32>) {
    let unit = |column: Array1<f32>| {
        let length = column.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
        if length > 0.0 { column.mapv(|x| (f64::from(x) / length) as f32) } else { column }
    };
    let first = unit(directions.column(0).to_owned());
    let second = directions.column(1).to_owned();
    let overlap = first.dot(&second);
    let second = unit(second - &first * overlap);
    // What is left of a column that was the other one's multiple is rounding: take it away once more.
    let overlap = first.dot(&second);
    let second = unit(second - &first * overlap);
    directions.slice_mut(s![.., 0]).assign(&first);
    directions.slice_mut(s![.., 1]).assign(&second);
}
