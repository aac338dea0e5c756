//! Curves into figures. Intervals are Student's t over seeds, at 95%: they say how far another set of seeds would
//! stray on the same data, not how far other data would.

use super::Curve;
use crate::select::QueryStrategy;

/// A mean over seeds with its 95% interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The mean.
    pub value: f64,
    /// Lower end; the value itself where there is a single seed.
    pub low: f64,
    /// Upper end; the value itself where there is a single seed.
    pub high: f64,
}

impl Interval {
    /// The mean of what each seed came to, by Student's t; zeros of nothing.
    #[must_use]
    pub fn of_seeds(values: &[f64]) -> Self {
        interval(values)
    }
}

/// Accuracy after so many answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Labeled rows.
    pub answers: usize,
    /// Accuracy on the test rows.
    pub accuracy: Interval,
}

/// Labels needed, compared with random seed by seed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    /// The geometric mean of the seeds' ratios; its interval is that of the mean logarithm.
    pub ratio: Interval,
    /// Seeds in which both reached the target.
    pub seeds: usize,
}

/// What one strategy came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulation {
    /// Which.
    pub strategy: QueryStrategy,
    /// Mean accuracy after each batch.
    pub curve: Vec<Point>,
    /// The area under the curve: mean accuracy over the answers from the start to the end, by trapezoids.
    pub area: Interval,
    /// Labels needed for the target accuracy in each seed: the first crossing, interpolated linearly between batches;
    /// `None` where it was not reached. Empty without a target. A target that the start itself reaches took the start.
    pub to_target: Vec<Option<f64>>,
    /// Their mean; `None` unless every seed reached the target, because a mean of those that did would flatter.
    pub labels: Option<Interval>,
    /// Against [`QueryStrategy::Random`], if it was replayed; `None` unless every seed reached the target with both.
    pub to_random: Option<Ratio>,
}

pub(super) fn outcomes(
    strategies: &[QueryStrategy],
    by_seed: &[Vec<Curve>],
    target: Option<f64>,
) -> Vec<Simulation> {
    let needed = |place: usize| -> Vec<Option<f64>> {
        target.map_or_else(Vec::new, |target| {
            by_seed.iter().map(|curves| crossing(&curves[place], target)).collect()
        })
    };
    let random: Option<Vec<f64>> = strategies
        .iter()
        .position(|s| *s == QueryStrategy::Random)
        .and_then(|place| needed(place).into_iter().collect::<Option<Vec<f64>>>())
        .filter(|all| !all.is_empty());
    let outcome = |(place, strategy): (usize, &QueryStrategy)| {
        let curves: Vec<&Curve> = by_seed.iter().map(|curves| &curves[place]).collect();
        let to_target = needed(place);
        let all: Option<Vec<f64>> =
            to_target.iter().copied().collect::<Option<Vec<f64>>>().filter(|a| !a.is_empty());
        let to_random = all.as_ref().zip(random.as_ref()).map(|(own, random)| {
            let logs: Vec<f64> = own.iter().zip(random).map(|(a, b)| (a / b).ln()).collect();
            let log = interval(&logs);
            let ratio = Interval { value: log.value.exp(), low: log.low.exp(), high: log.high.exp() };
            Ratio { ratio, seeds: logs.len() }
        });
        Simulation {
            strategy: *strategy,
            curve: mean_curve(&curves),
            area: interval(&curves.iter().map(|c| area(c)).collect::<Vec<_>>()),
            labels: all.as_deref().map(interval),
            to_target,
            to_random,
        }
    };
    strategies.iter().enumerate().map(outcome).collect()
}

/// All seeds have the same steps, since they label as many rows of as many.
fn mean_curve(curves: &[&Curve]) -> Vec<Point> {
    let steps = curves.iter().map(|c| c.answers.len()).min().unwrap_or(0);
    (0..steps)
        .map(|step| Point {
            answers: curves[0].answers[step],
            accuracy: interval(&curves.iter().map(|c| c.accuracy[step]).collect::<Vec<_>>()),
        })
        .collect()
}

fn crossing(curve: &Curve, target: f64) -> Option<f64> {
    let at = curve.accuracy.iter().position(|a| *a >= target)?;
    let Some(before) = at.checked_sub(1) else { return Some(curve.answers[0] as f64) };
    let (x0, x1) = (curve.answers[before] as f64, curve.answers[at] as f64);
    let (y0, y1) = (curve.accuracy[before], curve.accuracy[at]);
    Some(x0 + (target - y0) / (y1 - y0) * (x1 - x0))
}

fn area(curve: &Curve) -> f64 {
    let (x, y) = (&curve.answers, &curve.accuracy);
    let width = match (x.first(), x.last()) {
        (Some(first), Some(last)) if last > first => (last - first) as f64,
        _ => return y.first().copied().unwrap_or(0.0),
    };
    let strips = x.windows(2).zip(y.windows(2));
    strips.map(|(x, y)| (x[1] - x[0]) as f64 * (y[0] + y[1]) / 2.0).sum::<f64>() / width
}

/// Mean and 95% interval by Student's t.
pub(super) fn interval(values: &[f64]) -> Interval {
    let n = values.len() as f64;
    let value = values.iter().sum::<f64>() / n.max(1.0);
    if values.len() < 2 {
        return Interval { value, low: value, high: value };
    }
    let variance = values.iter().map(|v| (v - value).powi(2)).sum::<f64>() / (n - 1.0);
    let half = student(values.len() - 1) * (variance / n).sqrt();
    Interval { value, low: value - half, high: value + half }
}

/// The 97.5% quantile of Student's t (Abramowitz and Stegun 1964: table 26.10, and 26.7.5 beyond it).
fn student(freedom: usize) -> f64 {
    const TABLE: [f64; 30] = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145,
        2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048,
        2.045, 2.042,
    ];
    let z = 1.959_963_985_f64;
    let f = freedom as f64;
    TABLE.get(freedom.wrapping_sub(1)).copied().unwrap_or_else(|| {
        z + (z.powi(3) + z) / (4.0 * f) + (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / (96.0 * f * f)
    })
}
