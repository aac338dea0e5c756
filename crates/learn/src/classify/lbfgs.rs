//! Limited-memory BFGS (Liu and Nocedal 1989) for a smooth convex function of many single-precision parameters.

use rayon::prelude::*;
use std::collections::VecDeque;

/// Elements of one partial sum: fixed, so that a sum has the same bits on any number of threads.
const CHUNK: usize = 1 << 15;

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub struct Until {
    /// The largest component of the gradient that counts as none.
    pub gradient: f64,
    /// Iterations at most.
    pub iterations: usize,
    /// Pairs of steps and gradient changes that are kept: each costs two vectors.
    pub memory: usize,
}

/// How it ended.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    pub iterations: usize,
    pub converged: bool,
}

struct Pair {
    step: Vec<f32>,
    change: Vec<f32>,
    /// 1 / (step · change)
    rho: f64,
}

/// Moves `at` to the minimum of `function`, which returns the value at a place and writes its gradient.
/// `scale` is a guess at the inverse of the Hessian's diagonal: the metric in which the first step is steepest.
pub fn minimize(
    at: &mut [f32],
    scale: &[f32],
    until: Until,
    mut function: impl FnMut(&[f32], &mut [f32]) -> f64,
) -> Ended {
    let n = at.len();
    let mut gradient = vec![0.0; n];
    let mut next = vec![0.0; n];
    let mut next_gradient = vec![0.0; n];
    let mut direction = vec![0.0; n];
    let mut pairs: VecDeque<Pair> = VecDeque::with_capacity(until.memory);
    let mut value = function(at, &mut gradient);
    for iteration in 0..until.iterations {
        if largest(&gradient) <= until.gradient {
            return Ended { iterations: iteration, converged: true };
        }
        descend(&mut direction, &gradient, scale, &pairs);
        let mut slope = dot(&direction, &gradient);
        if slope >= 0.0 || slope.is_nan() {
            // Rounding has spoiled the memory: begin again from the metric alone.
            pairs.clear();
            descend(&mut direction, &gradient, scale, &pairs);
            slope = dot(&direction, &gradient);
        }
        // Backtracking to sufficient decrease (Armijo); the parabola through what is known says how far back.
        let mut length = 1.0_f64;
        let mut found = None;
        for _ in 0..20 {
            for_each(&mut next, &[at, &direction], |[x, d]| x + length as f32 * d);
            let there = function(&next, &mut next_gradient);
            if there <= value + 1e-4 * length * slope {
                found = Some(there);
                break;
            }
            let parabola = -slope * length * length / (2.0 * (there - value - slope * length));
            length =
                if parabola.is_finite() { parabola.clamp(0.1 * length, 0.5 * length) } else { 0.1 * length };
        }
        let Some(there) = found else {
            // No shorter step goes down: single precision has no more to give.
            return Ended { iterations: iteration, converged: false };
        };
        let mut pair = if pairs.len() == until.memory {
            pairs.pop_front().unwrap_or_else(|| Pair::of(n))
        } else {
            Pair::of(n)
        };
        for_each(&mut pair.step, &[&next, at], |[a, b]| a - b);
        for_each(&mut pair.change, &[&next_gradient, &gradient], |[a, b]| a - b);
        let curvature = dot(&pair.step, &pair.change);
        if curvature > 1e-10 * dot(&pair.change, &pair.change) {
            pair.rho = curvature.recip();
            pairs.push_back(pair);
        }
        at.copy_from_slice(&next);
        std::mem::swap(&mut gradient, &mut next_gradient);
        let gained = value - there;
        value = there;
        if gained <= 1e-7 * value.abs().max(1.0) {
            return Ended { iterations: iteration + 1, converged: true };
        }
    }
    Ended { iterations: until.iterations, converged: false }
}

impl Pair {
    fn of(n: usize) -> Self {
        Self { step: vec![0.0; n], change: vec![0.0; n], rho: 0.0 }
    }
}

/// Minus the approximate inverse Hessian times the gradient, by the two-loop recursion.
fn descend(direction: &mut [f32], gradient: &[f32], scale: &[f32], pairs: &VecDeque<Pair>) {
    for_each(direction, &[gradient], |[g]| -g);
    let mut weights = Vec::with_capacity(pairs.len());
    for pair in pairs.iter().rev() {
        let weight = pair.rho * dot(&pair.step, direction);
        add(direction, -weight, &pair.change);
        weights.push(weight);
    }
    let gamma = pairs.back().map_or(1.0, |last| (last.rho * weighted_square(&last.change, scale)).recip());
    direction.par_chunks_mut(CHUNK).zip(scale.par_chunks(CHUNK)).for_each(|(out, scale)| {
        for (o, s) in out.iter_mut().zip(scale) {
            *o *= gamma as f32 * s;
        }
    });
    for (pair, weight) in pairs.iter().zip(weights.into_iter().rev()) {
        let back = pair.rho * dot(&pair.change, direction);
        add(direction, weight - back, &pair.step);
    }
}

fn largest(x: &[f32]) -> f64 {
    f64::from(
        x.par_chunks(CHUNK).map(|x| x.iter().fold(0.0, |m: f32, v| m.max(v.abs()))).reduce(|| 0.0, f32::max),
    )
}

fn add(to: &mut [f32], times: f64, x: &[f32]) {
    let times = times as f32;
    to.par_chunks_mut(CHUNK).zip(x.par_chunks(CHUNK)).for_each(|(to, x)| {
        for (t, x) in to.iter_mut().zip(x) {
            *t += times * x;
        }
    });
}

fn for_each<const N: usize>(out: &mut [f32], from: &[&[f32]; N], f: impl Fn([f32; N]) -> f32 + Sync) {
    out.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, out)| {
        let from = from.map(|x| &x[chunk * CHUNK..chunk * CHUNK + out.len()]);
        for (i, o) in out.iter_mut().enumerate() {
            *o = f(from.map(|x| x[i]));
        }
    });
}

/// Inner product in double precision, over fixed chunks.
pub fn dot(a: &[f32], b: &[f32]) -> f64 {
    in_chunks(a, b, |a, b| f64::from(a) * f64::from(b))
}

/// Σ x² · scale.
fn weighted_square(x: &[f32], scale: &[f32]) -> f64 {
    in_chunks(x, scale, |x, s| f64::from(x) * f64::from(x) * f64::from(s))
}

fn in_chunks(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f64 + Sync) -> f64 {
    let partial = |(a, b): (&[f32], &[f32])| {
        // Eight sums side by side: one alone would wait for each addition.
        let mut sums = [0.0_f64; 8];
        let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
        let rest: f64 = a8.remainder().iter().zip(b8.remainder()).map(|(a, b)| f(*a, *b)).sum();
        for (a, b) in a8.zip(b8) {
            for i in 0..8 {
                sums[i] += f(a[i], b[i]);
            }
        }
        sums.iter().sum::<f64>() + rest
    };
    if a.len() <= CHUNK {
        return partial((a, b));
    }
    let partials: Vec<f64> = a.par_chunks(CHUNK).zip(b.par_chunks(CHUNK)).map(partial).collect();
    partials.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_bottom_of_a_narrow_valley() {
        // Σ c_i (x_i − i)² with curvatures from 1 to 10,000, from a metric that knows nothing.
        let curvature: Vec<f64> = (0..50).map(|i| 10_f64.powf(f64::from(i) * 4.0 / 49.0)).collect();
        let mut at = vec![0.0_f32; 50];
        let until = Until { gradient: 1e-2, iterations: 500, memory: 10 };
        let ended = minimize(&mut at, &[1e-4; 50], until, |x, g| {
            let mut value = 0.0;
            for i in 0..50 {
                let away = f64::from(x[i]) - i as f64;
                value += curvature[i] * away * away;
                g[i] = (2.0 * curvature[i] * away) as f32;
            }
            value
        });
        assert!(ended.converged, "{ended:?}");
        for (i, x) in at.iter().enumerate() {
            assert!((x - i as f32).abs() < 0.05, "{i}: {x} after {ended:?}");
        }
    }

    #[test]
    fn nothing_to_move_is_converged_at_once() {
        let until = Until { gradient: 1e-4, iterations: 10, memory: 5 };
        assert!(minimize(&mut [], &[], until, |_, _| 0.0).converged);
    }
}
