//! Labeling replayed with labels that are known: what each strategy would have saved.
//!
//! Everything random of a seed is shared by its strategies (paired comparison): the test rows, where they are held out
//! by chance, and the rows that are labeled first. Strategies that begin by themselves
//! ([`QueryStrategy::starts_itself`]) make their own start of the same size, since that is part of what they are.

mod figures;
#[cfg(test)]
mod tests;

pub use figures::{Interval, Point, Ratio, Simulation};

use crate::classify::{Classifier, ClassifyError, Features, Targets};
use crate::select::{QueryStrategy, SelectError, UnlabeledPool};
use ndarray::{ArrayView2, Axis};
use rand::{SeedableRng, seq::SliceRandom};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;
use thiserror::Error;

/// Why labeling can't be replayed.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SimulateError {
    /// A plan of nothing.
    #[error("there must be a strategy, a seed, a start, a batch, and a budget no smaller than the start")]
    Empty,
    /// A strategy stands twice, or it needs scores that nobody can give here.
    #[error("{0} stands twice, or can't be replayed")]
    QueryStrategy(QueryStrategy),
    /// A target that is no accuracy.
    #[error("the target is an accuracy between 0 and 1, not {0}")]
    BadTarget(f64),
    /// A share of rows to hold out that leaves no test or no training rows.
    #[error("no rows are left for training or for testing")]
    BadSplit,
    /// Fewer rows than the start needs.
    #[error("the start takes {start} rows, and there are {rows} to label")]
    TooFew {
        /// Rows of the start.
        start: usize,
        /// Rows that can be labeled.
        rows: usize,
    },
    /// Parts that must have as many rows as each other do not.
    #[error("there are {found} rows where {expected} are expected")]
    Rows {
        /// Rows of the vectors.
        expected: usize,
        /// Rows of the other part.
        found: usize,
    },
    /// The classifier can't learn from the rows.
    #[error(transparent)]
    Classify(#[from] ClassifyError),
    /// The strategy can't pick from the rows.
    #[error(transparent)]
    Select(#[from] SelectError),
}

/// Which rows are labeled, and which test.
#[derive(Debug, Clone, Copy)]
pub enum Split<'a> {
    /// Test rows that somebody chose: the same for all seeds.
    Given {
        /// Rows that can be labeled.
        train: &'a [usize],
        /// Rows on which accuracy is measured.
        test: &'a [usize],
    },
    /// A random share of the rows tests, other rows for each seed.
    Holdout(f64),
}

/// Rows with known labels.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// What the classifier sees.
    pub features: Features<'a>,
    /// Rows × dimensions: where strategies measure likeness.
    pub vectors: ArrayView2<'a, f32>,
    /// The true label of each row.
    pub labels: &'a [u32],
    /// Who tests whom.
    pub split: Split<'a>,
}

/// What is replayed.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    strategies: Vec<QueryStrategy>,
    start: usize,
    batch: usize,
    budget: usize,
    seeds: u64,
    target: Option<f64>,
}

impl Plan {
    /// Labels `start` rows, then `batch` at a time until `budget` are labeled (or all), by each strategy, with seeds 0
    /// to `seeds` − 1.
    ///
    /// # Errors
    /// [`SimulateError::Empty`], [`SimulateError::QueryStrategy`].
    pub fn new(
        strategies: &[QueryStrategy],
        start: usize,
        batch: usize,
        budget: usize,
        seeds: u64,
    ) -> Result<Self, SimulateError> {
        if strategies.is_empty() || start == 0 || batch == 0 || budget < start || seeds == 0 {
            return Err(SimulateError::Empty);
        }
        for (i, strategy) in strategies.iter().enumerate() {
            if *strategy == QueryStrategy::Scores || strategies[..i].contains(strategy) {
                return Err(SimulateError::QueryStrategy(*strategy));
            }
        }
        Ok(Self { strategies: strategies.to_vec(), start, batch, budget, seeds, target: None })
    }

    /// Also asks how many labels an accuracy takes.
    ///
    /// # Errors
    /// [`SimulateError::BadTarget`].
    pub fn target(mut self, target: f64) -> Result<Self, SimulateError> {
        if !(target > 0.0 && target <= 1.0) {
            return Err(SimulateError::BadTarget(target));
        }
        self.target = Some(target);
        Ok(self)
    }

    /// How many times a model will be fitted, for who wants to show progress.
    #[must_use]
    pub fn n_fits(&self) -> usize {
        let steps = (self.budget - self.start).div_ceil(self.batch) + 1;
        steps * self.strategies.len() * usize::try_from(self.seeds).unwrap_or(usize::MAX)
    }

    /// Replays. The classifier is fitted anew after each batch, from the weights before it. `fitted` is called after
    /// each fit, from any thread.
    ///
    /// # Errors
    /// [`SimulateError`].
    pub fn run(
        &self,
        known: &Known,
        classifier: &Classifier,
        fitted: impl Fn() + Sync,
    ) -> Result<Vec<Simulation>, SimulateError> {
        let rows = known.vectors.nrows();
        for found in [known.features.n_rows(), known.labels.len()] {
            if found != rows {
                return Err(SimulateError::Rows { expected: rows, found });
            }
        }
        let shared = match known.split {
            Split::Given { train, test } => Some(Parts::new(known, train, test, self.start)?),
            Split::Holdout(_) => None,
        };
        // Seeds side by side, strategies of a seed too: the fits inside find little left to share.
        let by_seed: Vec<Vec<Curve>> = (0..self.seeds)
            .into_par_iter()
            .map(|seed| {
                let own = match (known.split, &shared) {
                    (Split::Holdout(share), _) => {
                        let (train, test) = held_out(rows, share, seed)?;
                        Some(Parts::new(known, &train, &test, self.start)?)
                    }
                    _ => None,
                };
                let Some(parts) = own.as_ref().or(shared.as_ref()) else {
                    return Err(SimulateError::BadSplit);
                };
                let start = random_start(parts.labels.len(), self.start, seed);
                self.strategies
                    .par_iter()
                    .map(|strategy| self.replay(*strategy, parts, &start, classifier, seed, &fitted))
                    .collect()
            })
            .collect::<Result<_, SimulateError>>()?;
        Ok(figures::outcomes(&self.strategies, &by_seed, self.target))
    }

    fn replay(
        &self,
        strategy: QueryStrategy,
        parts: &Parts,
        start: &[usize],
        classifier: &Classifier,
        seed: u64,
        fitted: &(impl Fn() + Sync),
    ) -> Result<Curve, SimulateError> {
        let features = parts.pool.features();
        let mut labeled: Vec<usize> = Vec::with_capacity(self.budget.min(parts.labels.len()));
        let mut model = None;
        let mut curve = Curve::default();
        loop {
            let next = if labeled.is_empty() && !strategy.starts_itself() {
                start.to_vec()
            } else {
                let size =
                    if labeled.is_empty() { self.start } else { self.batch.min(self.budget - labeled.len()) };
                let pool = UnlabeledPool {
                    vectors: parts.vectors.view(),
                    features: features.reborrow(),
                    labeled: &labeled,
                    scores: None,
                };
                // Another seed for each batch: the same draws again would be no draws.
                let seed = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(labeled.len() as u64);
                strategy.pick(&pool, model.as_ref(), size, seed)?
            };
            if next.is_empty() {
                return Ok(curve);
            }
            labeled.extend(next);
            let train = features.gather(&labeled);
            let labels: Vec<u32> = labeled.iter().map(|row| parts.labels[*row]).collect();
            let now = classifier.fit(train.features(), Targets::One(&labels), model.as_ref())?;
            let predicted = now.predict(parts.test.features())?;
            let right = predicted.iter().zip(&parts.test_labels).filter(|(p, label)| p.0 == **label).count();
            curve.answers.push(labeled.len());
            curve.accuracy.push(right as f64 / parts.test_labels.len() as f64);
            model = Some(now);
            fitted();
            if labeled.len() >= self.budget {
                return Ok(curve);
            }
        }
    }
}

/// Accuracy of one strategy under one seed.
#[derive(Debug, Clone, PartialEq, Default)]
struct Curve {
    answers: Vec<usize>,
    accuracy: Vec<f64>,
}

/// Rows to label and rows to test, apart.
struct Parts {
    pool: crate::classify::Gathered,
    vectors: ndarray::Array2<f32>,
    labels: Vec<u32>,
    test: crate::classify::Gathered,
    test_labels: Vec<u32>,
}

impl Parts {
    fn new(known: &Known, train: &[usize], test: &[usize], start: usize) -> Result<Self, SimulateError> {
        let rows = known.labels.len();
        if train.is_empty() || test.is_empty() || train.iter().chain(test).any(|row| *row >= rows) {
            return Err(SimulateError::BadSplit);
        }
        if train.len() < start {
            return Err(SimulateError::TooFew { start, rows: train.len() });
        }
        Ok(Self {
            pool: known.features.gather(train),
            vectors: known.vectors.select(Axis(0), train),
            labels: train.iter().map(|row| known.labels[*row]).collect(),
            test: known.features.gather(test),
            test_labels: test.iter().map(|row| known.labels[*row]).collect(),
        })
    }
}

fn held_out(rows: usize, share: f64, seed: u64) -> Result<(Vec<usize>, Vec<usize>), SimulateError> {
    if !(share > 0.0 && share < 1.0) {
        return Err(SimulateError::BadSplit);
    }
    let mut train: Vec<usize> = (0..rows).collect();
    train.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(!seed));
    let test = train.split_off(rows - ((rows as f64 * share).round() as usize).min(rows));
    Ok((train, test))
}

fn random_start(rows: usize, n: usize, seed: u64) -> Vec<usize> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    rand::seq::index::sample(&mut random, rows, n.min(rows)).into_vec()
}
