//! Where the name of a group stands.

/// Cells along the longer side of the grid at most.
const FINEST: usize = 64;

/// The place of the group's own point in its densest spot: its name stands on something that belongs to it, where a mean
/// may fall between its parts. The origin if there are no (finite) points.
///
/// A histogram over the middle nine tenths of the points along each axis, of about one cell for every two points and at most
/// 64 × 64, smoothed by a binomial kernel of five cells; the point nearest to the mean of those around the highest cell.
/// Takes O(n) time. Deterministic: of equal cells the first counts.
#[must_use]
pub fn anchor(places: &[[f32; 2]]) -> [f32; 2] {
    let own: Vec<[f32; 2]> = places.iter().copied().filter(|p| p.iter().all(|x| x.is_finite())).collect();
    let Some(&first) = own.first() else { return [0.0; 2] };
    let spans = [0, 1].map(|axis| middle(&own, axis));
    let longest = spans.iter().map(|(low, high)| high - low).fold(0.0, f32::max);
    let cells = (own.len() as f64 / 2.0).sqrt().ceil().clamp(1.0, FINEST as f64) as usize;
    let cell = longest / cells as f32;
    // Two free cells on every side, for the kernel.
    let width = cells + 5;
    let index = |p: &[f32; 2]| -> Option<[usize; 2]> {
        let mut at = [2; 2];
        for axis in 0..2 {
            let (low, high) = spans[axis];
            if p[axis] < low || p[axis] > high {
                return None;
            }
            let along = if cell > 0.0 { ((p[axis] - low) / cell) as usize } else { 0 };
            at[axis] += along.min(cells);
        }
        Some(at)
    };
    let mut counts = vec![0_u64; width * width];
    own.iter().filter_map(index).for_each(|[x, y]| counts[y * width + x] += 1);
    let smooth = smoothed(&smoothed(&counts, width, 1), width, width);
    // The first of equals.
    let peak = (0..smooth.len()).fold(0, |best, at| if smooth[at] > smooth[best] { at } else { best });
    let (x, y) = (peak % width, peak / width);
    let is_around =
        |p: &&[f32; 2]| index(p).is_some_and(|[px, py]| px.abs_diff(x) <= 1 && py.abs_diff(y) <= 1);
    let (mut sum, mut n) = ([0.0_f64; 2], 0.0_f64);
    for p in own.iter().filter(is_around) {
        sum = [sum[0] + f64::from(p[0]), sum[1] + f64::from(p[1])];
        n += 1.0;
    }
    if n == 0.0 {
        return first;
    }
    let mean = sum.map(|s| s / n);
    let away = |p: &[f32; 2]| (f64::from(p[0]) - mean[0]).powi(2) + (f64::from(p[1]) - mean[1]).powi(2);
    own.iter().fold((first, f64::INFINITY), |best, p| if away(p) < best.1 { (*p, away(p)) } else { best }).0
}

/// The ends of the middle nine tenths along an axis: a few points far away don't make the cells coarse.
fn middle(places: &[[f32; 2]], axis: usize) -> (f32, f32) {
    let mut along: Vec<f32> = places.iter().map(|p| p[axis]).collect();
    let cut = along.len() / 20;
    let high = along.len() - 1 - cut;
    let low = *along.select_nth_unstable_by(cut, f32::total_cmp).1;
    (low, *along.select_nth_unstable_by(high, f32::total_cmp).1)
}

/// Weighted 1, 4, 6, 4, 1 along one direction of a square; its rim of two stays 0.
fn smoothed(counts: &[u64], width: usize, step: usize) -> Vec<u64> {
    let reach = 2 * width + 2;
    let weighted = |at: usize| {
        let near = [at - 2 * step, at - step, at, at + step, at + 2 * step].map(|at| counts[at]);
        near[0] + near[4] + 4 * (near[1] + near[3]) + 6 * near[2]
    };
    let inner = reach..counts.len().saturating_sub(reach);
    (0..counts.len()).map(|at| if inner.contains(&at) { weighted(at) } else { 0 }).collect()
}
