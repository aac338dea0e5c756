//! What limited-memory BFGS remembers, and the direction that follows from it.

use rayon::prelude::*;
use std::collections::VecDeque;

/// Elements that one task takes: of each vector so many lie in a core's own cache while all products are made. Fixed, so
/// that a sum has the same bits on any number of threads.
const PIECE: usize = 1 << 12;

/// Elements whose products are added up in single precision, in 16 lanes, before they go into a sum in double precision.
const STRETCH: usize = 256;

/// The last steps, with the inner products that the two-loop recursion asks for. The recursion runs on these numbers alone
/// (Chen, Wang and Zhou 2014, "Large-scale L-BFGS using MapReduce"): each vector is read twice an iteration instead of
/// five times, and reading vectors is what takes the time.
pub struct Memory<'a> {
    /// The metric: a guess at the inverse of the Hessian's diagonal.
    pub scale: &'a [f32],
    /// Pairs that are kept.
    pub most: usize,
    /// The oldest first.
    pub pairs: VecDeque<Pair>,
}

/// A step and the change of the gradient along it.
pub struct Pair {
    step: Vec<f32>,
    change: Vec<f32>,
    /// 1 / (step · change)
    rho: f64,
    /// change · scale · change
    change_change: f64,
    /// Of each older pair, the oldest first: its step · this change, and its change · scale · this change.
    older: VecDeque<[f64; 2]>,
    /// step · gradient, and change · scale · gradient, with the latest gradient.
    gradient: [f64; 2],
}

impl Memory<'_> {
    /// Takes the step from `places[0]` to `places[1]` into the memory; the oldest step makes room for it.
    pub fn learn(&mut self, places: [&[f32]; 2], gradients: [&[f32]; 2]) {
        let room = if self.pairs.len() == self.most { self.pairs.pop_front() } else { None };
        if room.is_some() {
            for pair in &mut self.pairs {
                pair.older.pop_front();
            }
        }
        let n = places[0].len();
        let (mut step, mut change) =
            room.map_or_else(|| (vec![0.0; n], vec![0.0; n]), |pair| (pair.step, pair.change));
        let (pairs, scale) = (&self.pairs, self.scale);
        let pieces: Vec<Vec<f64>> = step
            .par_chunks_mut(PIECE)
            .zip(change.par_chunks_mut(PIECE))
            .enumerate()
            .map_init(
                || [vec![0.0; PIECE], vec![0.0; PIECE]],
                |[scaled_change, scaled_gradient], (number, (step, change))| {
                    let here = number * PIECE..number * PIECE + step.len();
                    let [from, to] = places.map(|x| &x[here.clone()]);
                    let [before, gradient] = gradients.map(|x| &x[here.clone()]);
                    let scale = &scale[here.clone()];
                    let (scaled_change, scaled_gradient) =
                        (&mut scaled_change[..step.len()], &mut scaled_gradient[..step.len()]);
                    for i in 0..step.len() {
                        step[i] = to[i] - from[i];
                        change[i] = gradient[i] - before[i];
                        scaled_change[i] = scale[i] * change[i];
                        scaled_gradient[i] = scale[i] * gradient[i];
                    }
                    let mut products = Vec::with_capacity(5 + 4 * pairs.len());
                    products.extend([
                        product(step, change),
                        product(change, scaled_change),
                        product(change, change),
                        product(step, gradient),
                        product(change, scaled_gradient),
                    ]);
                    for pair in pairs {
                        let (step, own) = (&pair.step[here.clone()], &pair.change[here.clone()]);
                        products.extend([
                            product(step, change),
                            product(own, scaled_change),
                            product(step, gradient),
                            product(own, scaled_gradient),
                        ]);
                    }
                    products
                },
            )
            .collect();
        let mut sums = vec![0.0; 5 + 4 * self.pairs.len()];
        for piece in &pieces {
            sums.iter_mut().zip(piece).for_each(|(sum, x)| *sum += x);
        }
        let (own, others) = sums.split_at(5);
        let mut older = VecDeque::with_capacity(self.most);
        for (pair, products) in self.pairs.iter_mut().zip(others.chunks_exact(4)) {
            older.push_back([products[0], products[1]]);
            pair.gradient = [products[2], products[3]];
        }
        let curvature = own[0];
        if curvature > 1e-10 * own[2] {
            let (rho, gradient) = (curvature.recip(), [own[3], own[4]]);
            self.pairs.push_back(Pair { step, change, rho, change_change: own[1], older, gradient });
        }
    }

    /// Minus the approximate inverse Hessian times the gradient, into `direction`; returns its slope, direction · gradient.
    /// Without a pair: the steepest direction of the metric.
    pub fn descend(&self, direction: &mut [f32], gradient: &[f32]) -> f64 {
        let Weights { gamma, changes, steps } = self.weights();
        let slopes: Vec<f64> = direction
            .par_chunks_mut(PIECE)
            .enumerate()
            .map(|(number, out)| {
                let here = number * PIECE..number * PIECE + out.len();
                let gradient = &gradient[here.clone()];
                out.iter_mut().zip(gradient).for_each(|(o, g)| *o = -gamma * g);
                for (pair, weight) in self.pairs.iter().zip(&changes) {
                    add(out, *weight, &pair.change[here.clone()]);
                }
                out.iter_mut().zip(&self.scale[here.clone()]).for_each(|(o, s)| *o *= s);
                for (pair, weight) in self.pairs.iter().zip(&steps) {
                    add(out, *weight, &pair.step[here.clone()]);
                }
                product(out, gradient)
            })
            .collect();
        slopes.iter().sum()
    }

    /// The two-loop recursion, on products alone.
    fn weights(&self) -> Weights {
        let pairs = &self.pairs;
        let n = pairs.len();
        let gamma = pairs.back().map_or(1.0, |last| (last.rho * last.change_change).recip());
        // Backwards: alpha = rho · step · (−gradient − Σ over newer pairs alpha · change).
        let mut alphas = vec![0.0; n];
        for i in (0..n).rev() {
            let newer: f64 = (i + 1..n).map(|j| alphas[j] * pairs[j].older[i][0]).sum();
            alphas[i] = pairs[i].rho * (-pairs[i].gradient[0] - newer);
        }
        // Forwards: beta = rho · change · (gamma · scale · that + Σ over older pairs weight · step).
        let mut steps = vec![0.0; n];
        for i in 0..n {
            let changes: f64 = (0..n)
                .map(|j| {
                    let both = match i.cmp(&j) {
                        std::cmp::Ordering::Less => pairs[j].older[i][1],
                        std::cmp::Ordering::Equal => pairs[i].change_change,
                        std::cmp::Ordering::Greater => pairs[i].older[j][1],
                    };
                    alphas[j] * both
                })
                .sum();
            let older: f64 = (0..i).map(|j| steps[j] * pairs[i].older[j][0]).sum();
            let beta = pairs[i].rho * (gamma * (-pairs[i].gradient[1] - changes) + older);
            steps[i] = alphas[i] - beta;
        }
        Weights {
            gamma: gamma as f32,
            changes: alphas.iter().map(|alpha| (-gamma * alpha) as f32).collect(),
            steps: steps.iter().map(|weight| *weight as f32).collect(),
        }
    }
}

/// The direction is scale · (−gamma · gradient + Σ `changes` · change) + Σ `steps` · step.
struct Weights {
    gamma: f32,
    changes: Vec<f32>,
    steps: Vec<f32>,
}

fn add(to: &mut [f32], times: f32, x: &[f32]) {
    for (t, x) in to.iter_mut().zip(x) {
        *t += times * x;
    }
}

fn product(a: &[f32], b: &[f32]) -> f64 {
    let stretch = |(a, b): (&[f32], &[f32])| {
        let mut lanes = [0.0_f32; 16];
        let (wide_a, wide_b) = (a.chunks_exact(16), b.chunks_exact(16));
        let rest: f32 = wide_a.remainder().iter().zip(wide_b.remainder()).map(|(a, b)| a * b).sum();
        for (a, b) in wide_a.zip(wide_b) {
            for i in 0..16 {
                lanes[i] += a[i] * b[i];
            }
        }
        lanes.iter().map(|lane| f64::from(*lane)).sum::<f64>() + f64::from(rest)
    };
    a.chunks(STRETCH).zip(b.chunks(STRETCH)).map(stretch).sum()
}
