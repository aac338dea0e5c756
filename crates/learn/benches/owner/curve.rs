//! What work has come to after so many minutes, and when it reaches a target.

use super::people::{Answer, LABELS, fit, known};
use super::pile::Pile;
use learn::classify::Report;
use learn::simulate::Interval;
use std::collections::BTreeSet;

/// Minutes at which a model is trained on what is labeled.
pub const MINUTES: [u32; 14] = [5, 10, 15, 20, 25, 30, 35, 40, 50, 60, 75, 90, 120, 150];

/// After so many minutes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Point {
    pub labeled: f64,
    /// The share of labels that are true; nothing where none is given.
    pub precision: Option<f64>,
    /// Different labels given.
    pub labels: f64,
    /// On the test part, over all labels.
    pub macro_f1: f64,
}

/// A point for each of [`MINUTES`].
pub fn curve(pile: &Pile, answers: &[Answer]) -> Vec<Point> {
    let mut model = None;
    let mut points = Vec::with_capacity(MINUTES.len());
    let mut before = 0;
    for minutes in MINUTES {
        let known = known(answers, f64::from(minutes) * 60.0);
        if known.is_empty() {
            points.push(Point::default());
            continue;
        }
        if known.len() == before {
            points.extend(points.last().copied());
            continue;
        }
        before = known.len();
        let now = fit(pile, &known, model.as_ref());
        let told = now.predict(pile.test.features()).expect("rows are whole");
        let told: Vec<u32> = told.iter().map(|told| told.0).collect();
        let report = Report::new(&pile.test.truth, &told).expect("there are rows");
        let right = known.iter().filter(|&(&row, &label)| pile.train.truth[row] == label).count();
        points.push(Point {
            labeled: known.len() as f64,
            precision: Some(right as f64 / known.len() as f64),
            labels: known.values().collect::<BTreeSet<_>>().len() as f64,
            macro_f1: report.labels.iter().map(|label| label.f1).sum::<f64>() / LABELS as f64,
        });
        model = Some(now);
    }
    points
}

/// Seconds to a macro-F1: the first crossing, linear between points, from nothing at the start.
pub fn seconds_to(curve: &[Point], target: f64) -> Option<f64> {
    let at = curve.iter().position(|point| point.macro_f1 >= target)?;
    let (x1, y1) = (f64::from(MINUTES[at]), curve[at].macro_f1);
    let (x0, y0) =
        at.checked_sub(1).map_or((0.0, 0.0), |before| (f64::from(MINUTES[before]), curve[before].macro_f1));
    Some(60.0 * (x0 + (target - y0) / (y1 - y0) * (x1 - x0)))
}

/// A figure of all seeds as a list of JSON: mean, low, high; null where a seed has none, because a mean of the others would
/// flatter.
pub fn json(values: &[Option<f64>], digits: usize) -> String {
    let all: Option<Vec<f64>> = values.iter().copied().collect();
    all.map_or_else(|| String::from("null"), |all| listed(Interval::of_seeds(&all), digits))
}

/// Ours over theirs seed by seed: the geometric mean, with the interval of the mean logarithm.
pub fn ratio(ours: &[Option<f64>], theirs: &[Option<f64>]) -> String {
    let logs: Option<Vec<f64>> = ours
        .iter()
        .zip(theirs)
        .map(|(ours, theirs)| Some((ours.as_ref()? / theirs.as_ref()?).ln()))
        .collect();
    logs.map_or_else(
        || String::from("null"),
        |logs| {
            let log = Interval::of_seeds(&logs);
            listed(Interval { value: log.value.exp(), low: log.low.exp(), high: log.high.exp() }, 3)
        },
    )
}

fn listed(interval: Interval, digits: usize) -> String {
    format!("[{:.digits$}, {:.digits$}, {:.digits$}]", interval.value, interval.low, interval.high)
}
