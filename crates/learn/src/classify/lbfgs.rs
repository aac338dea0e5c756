//! Limited-memory BFGS (Liu and Nocedal 1989) for a smooth convex function of many single-precision parameters.

mod memory;

use memory::Memory;
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
    let mut memory = Memory { scale, most: until.memory, pairs: VecDeque::with_capacity(until.memory) };
    let mut value = function(at, &mut gradient);
    for iteration in 0..until.iterations {
        if largest(&gradient) <= until.gradient {
            return Ended { iterations: iteration, converged: true };
        }
        let mut slope = memory.descend(&mut direction, &gradient);
        if slope >= 0.0 || slope.is_nan() {
            // Rounding has spoiled the memory: begin again from the metric alone.
            memory.pairs.clear();
            slope = memory.descend(&mut direction, &gradient);
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
        memory.learn([at, &next], [&gradient, &next_gradient]);
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

fn largest(x: &[f32]) -> f64 {
    f64::from(
        x.par_chunks(CHUNK).map(|x| x.iter().fold(0.0, |m: f32, v| m.max(v.abs()))).reduce(|| 0.0, f32::max),
    )
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
    let partial = |(a, b): (&[f32], &[f32])| {
        let product = |a: f32, b: f32| f64::from(a) * f64::from(b);
        // Eight sums side by side: one alone would wait for each addition.
        let mut sums = [0.0_f64; 8];
        let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
        let rest: f64 = a8.remainder().iter().zip(b8.remainder()).map(|(a, b)| product(*a, *b)).sum();
        for (a, b) in a8.zip(b8) {
            for i in 0..8 {
                sums[i] += product(a[i], b[i]);
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
