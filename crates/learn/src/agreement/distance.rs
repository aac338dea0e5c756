//! How far two values are apart, and how far two people's answers are apart by chance.

use super::masi::Likeness;
use super::square;

/// How bad it is, for [`cohen_kappa`](super::cohen_kappa), to be one value off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Weights {
    /// Any difference is as bad (Cohen 1960): for labels without an order.
    Nominal,
    /// As bad as the difference of the values (Cohen 1968).
    Linear,
    /// As bad as the square of the difference of the values (Fleiss and Cohen 1973).
    Quadratic,
}

/// How far two values are apart, by their indices.
pub(super) enum Distance<'a> {
    Nominal,
    Linear(&'a [f64]),
    Quadratic(&'a [f64]),
    Sets(&'a Likeness<'a>),
}

impl<'a> Distance<'a> {
    /// `values` are ascending.
    pub(super) fn new(weighing: Weights, values: &'a [f64]) -> Self {
        match weighing {
            Weights::Nominal => Distance::Nominal,
            Weights::Linear => Distance::Linear(values),
            Weights::Quadratic => Distance::Quadratic(values),
        }
    }

    pub(super) fn of(&self, a: usize, b: usize) -> f64 {
        match self {
            Distance::Nominal => f64::from(u8::from(a != b)),
            Distance::Linear(x) => (x[a] - x[b]).abs(),
            Distance::Quadratic(x) => square(x[a] - x[b]),
            Distance::Sets(likeness) => likeness.distance(a, b),
        }
    }

    /// Σ over all ordered pairs of the values 0 to `n_values` of their distance.
    pub(super) fn of_all(&self, n_values: usize) -> f64 {
        let n = n_values as f64;
        match self {
            Distance::Nominal => n * (n - 1.0),
            // Each gap between neighbours lies between all values below and all above.
            Distance::Linear(x) => x
                .windows(2)
                .zip(1..)
                .map(|(ends, below)| 2.0 * (ends[1] - ends[0]) * f64::from(below) * (n - f64::from(below)))
                .sum(),
            Distance::Quadratic(x) => {
                let mean = x.iter().map(|x| x / n).sum::<f64>();
                2.0 * n * x.iter().map(|x| square(x - mean)).sum::<f64>()
            }
            Distance::Sets(_) => {
                (0..n_values).map(|a| (0..a).map(|b| 2.0 * self.of(b, a)).sum::<f64>()).sum()
            }
        }
    }
}
