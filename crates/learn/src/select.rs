//! Which items people should label next.
//!
//! Every strategy takes a [`UnlabeledPool`] and gives the rows of the next batch, in the order in which they are best shown.
//! Same seed, same batch, on any number of threads. No strategy is quadratic in the number of rows: those that compare
//! rows with each other look at a seeded sample where there are very many (each says how many).

mod spread;
#[cfg(test)]
mod tests;
mod typical;

use crate::classify::{ClassifyError, Features, Model};
use ndarray::{ArrayView2, Axis, CowArray, Ix2};
use rand::{Rng, SeedableRng, seq::index};
use rand_xoshiro::Xoshiro256PlusPlus;
use spread::{Metric, spread};
use std::str::FromStr;
use thiserror::Error;

/// Rows that strategies which compare rows with each other look at: of more candidates they take a random sample.
const SAMPLE: usize = 100_000;

/// Why a batch can't be picked.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SelectError {
    /// The strategy asks a model, and there is none yet.
    #[error("{0} needs a fitted model")]
    NeedsModel(QueryStrategy),
    /// The strategy goes by scores, and none were given.
    #[error("scores were not given")]
    NeedsScores,
    /// Parts that must have as many rows as each other do not.
    #[error("there are {found} rows where {expected} are expected")]
    Rows {
        /// Rows of the vectors.
        expected: usize,
        /// Rows of the other part.
        found: usize,
    },
    /// A labeled row that is not there.
    #[error("labeled row {0} is out of range")]
    OutOfRange(usize),
    /// A score or a vector that is no number.
    #[error("row {0} has a score or a vector that is not a finite number")]
    NotFinite(usize),
    /// The model can't score the rows.
    #[error(transparent)]
    Model(#[from] ClassifyError),
}

/// How the next batch is picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QueryStrategy {
    /// Representative until as many answers are in as [`cold_start`] says, then diverse margin.
    Default,
    /// Uniformly at random.
    Random,
    /// The smallest probability of the most probable label.
    LeastConfidence,
    /// The smallest lead of the most probable label over the second.
    Margin,
    /// The largest entropy of the probabilities.
    Entropy,
    /// TypiClust (Hacohen et al. 2022): cluster into as many clusters as there are labeled rows and places in the batch
    /// (at most 500), and take the most typical row of each of the largest clusters that hold the fewest labeled rows.
    /// Clusters are learned on at most 20,000 rows.
    Representative,
    /// Greedy k-center (Sener and Savarese 2018): time after time the row farthest from all that are labeled or
    /// picked. Looks at no more than 100,000 rows.
    Diverse,
    /// BADGE (Ash et al. 2020): k-means++ on the gradients of the last layer, were the most probable label the true
    /// one. Looks at no more than 100,000 rows.
    Badge,
    /// Diverse mini-batches (Zhdanov 2019): the rows with the smallest margins, ten times as many as the batch has
    /// places, go into as many clusters as it has; of each cluster the row nearest to its mean, which is weighted by
    /// uncertainty. Neither twins nor oddities waste a place.
    DiverseMargin,
    /// The highest of scores that the caller gives.
    Scores,
}

impl QueryStrategy {
    /// All of them, the default first.
    pub const ALL: [QueryStrategy; 10] = [
        QueryStrategy::Default,
        QueryStrategy::Random,
        QueryStrategy::LeastConfidence,
        QueryStrategy::Margin,
        QueryStrategy::Entropy,
        QueryStrategy::Representative,
        QueryStrategy::Diverse,
        QueryStrategy::Badge,
        QueryStrategy::DiverseMargin,
        QueryStrategy::Scores,
    ];

    /// Its name in files and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            QueryStrategy::Default => "default",
            QueryStrategy::Random => "random",
            QueryStrategy::LeastConfidence => "least-confidence",
            QueryStrategy::Margin => "margin",
            QueryStrategy::Entropy => "entropy",
            QueryStrategy::Representative => "representative",
            QueryStrategy::Diverse => "diverse",
            QueryStrategy::Badge => "badge",
            QueryStrategy::DiverseMargin => "diverse-margin",
            QueryStrategy::Scores => "scores",
        }
    }

    /// Whether it can pick the very first batch, when nothing is labeled, by more than chance.
    #[must_use]
    pub const fn starts_itself(self) -> bool {
        matches!(self, QueryStrategy::Default | QueryStrategy::Representative | QueryStrategy::Diverse)
    }

    /// The rows of the next batch, best first: `batch` of them, or as many as are not labeled.
    ///
    /// # Errors
    /// [`SelectError`].
    pub fn pick(
        self,
        pool: &UnlabeledPool,
        model: Option<&Model>,
        batch: usize,
        seed: u64,
    ) -> Result<Vec<usize>, SelectError> {
        let state = State::new(pool, self, model, batch, seed)?;
        if state.batch == 0 {
            return Ok(Vec::new());
        }
        match self {
            QueryStrategy::Random => Ok(state.random()),
            QueryStrategy::LeastConfidence => state.uncertain(least_confidence),
            QueryStrategy::Margin => state.uncertain(margin),
            QueryStrategy::Entropy => state.uncertain(entropy),
            QueryStrategy::Representative => state.representative(),
            QueryStrategy::Diverse => state.diverse(),
            QueryStrategy::Badge => state.badge(),
            QueryStrategy::DiverseMargin => state.diverse_margin(),
            QueryStrategy::Scores => state.given(),
            QueryStrategy::Default => state.guided(),
        }
    }
}

impl std::fmt::Display for QueryStrategy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no strategy's.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("there is no strategy {0}; there are: {names}", names = QueryStrategy::ALL.map(QueryStrategy::name).join(", "))]
pub struct UnknownStrategy(pub String);

impl FromStr for QueryStrategy {
    type Err = UnknownStrategy;

    fn from_str(name: &str) -> Result<Self, UnknownStrategy> {
        Self::ALL.into_iter().find(|s| s.name() == name).ok_or_else(|| UnknownStrategy(name.to_owned()))
    }
}

/// What there is to pick from. Nothing is copied but the rows of a sample.
#[derive(Debug, Clone, Copy)]
pub struct UnlabeledPool<'a> {
    /// Rows × dimensions: where likeness is measured. Rows of length 1.
    pub vectors: ArrayView2<'a, f32>,
    /// What the model sees of the same rows.
    pub features: Features<'a>,
    /// Rows that are labeled (or else out of the question), in any order.
    pub labeled: &'a [usize],
    /// Scores of the same rows, for [`QueryStrategy::Scores`]: higher is earlier.
    pub scores: Option<&'a [f32]>,
}

/// Answers after which a model is trusted to pick: 150, or twice the number of labels if that is more.
#[must_use]
pub fn cold_start(n_labels: usize) -> usize {
    (2 * n_labels).max(150)
}

/// How unsure a model is of a row: 1 minus the largest probability.
#[must_use]
pub fn least_confidence(probabilities: &[f32]) -> f32 {
    1.0 - probabilities.iter().copied().fold(0.0, f32::max)
}

/// How unsure a model is of a row: 1 minus the lead of the largest probability over the second.
#[must_use]
pub fn margin(probabilities: &[f32]) -> f32 {
    let (mut first, mut second) = (0.0_f32, 0.0_f32);
    for p in probabilities {
        if *p > first {
            (first, second) = (*p, first);
        } else if *p > second {
            second = *p;
        }
    }
    1.0 - (first - second)
}

/// How unsure a model is of a row: the entropy of its probabilities, in nats.
#[must_use]
pub fn entropy(probabilities: &[f32]) -> f32 {
    probabilities.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum()
}

/// The places of the `n` highest scores, best first; equal ones by place. Takes time in proportion to the scores.
///
/// # Errors
/// [`SelectError::NotFinite`] for a score that is no number.
pub fn top(scores: &[f32], n: usize) -> Result<Vec<usize>, SelectError> {
    if let Some(bad) = scores.iter().position(|s| s.is_nan()) {
        return Err(SelectError::NotFinite(bad));
    }
    let n = n.min(scores.len());
    let mut places: Vec<usize> = (0..scores.len()).collect();
    let order = |a: &usize, b: &usize| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b));
    if n > 0 && n < places.len() {
        places.select_nth_unstable_by(n - 1, order);
    }
    places.truncate(n);
    places.sort_unstable_by(order);
    Ok(places)
}

/// A pool that was checked, with everything that strategies share.
struct State<'s, 'p> {
    strategy: QueryStrategy,
    vectors: CowArray<'s, f32, Ix2>,
    pool: &'s UnlabeledPool<'p>,
    /// Without repeats, ascending.
    labeled: Vec<usize>,
    /// All other rows, ascending.
    candidates: Vec<usize>,
    model: Option<&'s Model>,
    batch: usize,
    random: Xoshiro256PlusPlus,
    seed: u64,
}

impl<'s, 'p> State<'s, 'p> {
    fn new(
        pool: &'s UnlabeledPool<'p>,
        strategy: QueryStrategy,
        model: Option<&'s Model>,
        batch: usize,
        seed: u64,
    ) -> Result<Self, SelectError> {
        let rows = pool.vectors.nrows();
        for found in [Some(pool.features.n_rows()), pool.scores.map(<[f32]>::len)].into_iter().flatten() {
            if found != rows {
                return Err(SelectError::Rows { expected: rows, found });
            }
        }
        let mut labeled = pool.labeled.to_vec();
        labeled.sort_unstable();
        labeled.dedup();
        if let Some(out) = labeled.last().filter(|row| **row >= rows) {
            return Err(SelectError::OutOfRange(*out));
        }
        let mut taken = vec![false; rows];
        labeled.iter().for_each(|row| taken[*row] = true);
        let candidates: Vec<usize> = (0..rows).filter(|row| !taken[*row]).collect();
        Ok(Self {
            strategy,
            vectors: pool.vectors.as_standard_layout(),
            pool,
            labeled,
            batch: batch.min(candidates.len()),
            candidates,
            model,
            random: Xoshiro256PlusPlus::seed_from_u64(seed),
            seed,
        })
    }

    fn random(mut self) -> Vec<usize> {
        let places = index::sample(&mut self.random, self.candidates.len(), self.batch);
        places.into_iter().map(|place| self.candidates[place]).collect()
    }

    /// A score of each candidate, in their order.
    fn scores(&self, of_row: impl Fn(&[f32]) -> f32 + Sync) -> Result<Vec<f32>, SelectError> {
        let model = self.model.ok_or(SelectError::NeedsModel(self.strategy))?;
        let all = model.map(self.pool.features, of_row)?;
        Ok(self.candidates.iter().map(|row| all[*row]).collect())
    }

    fn uncertain(self, of_row: impl Fn(&[f32]) -> f32 + Sync) -> Result<Vec<usize>, SelectError> {
        let scores = self.scores(of_row)?;
        Ok(top(&scores, self.batch)?.into_iter().map(|place| self.candidates[place]).collect())
    }

    fn given(self) -> Result<Vec<usize>, SelectError> {
        let all = self.pool.scores.ok_or(SelectError::NeedsScores)?;
        if let Some(bad) = all.iter().position(|s| s.is_nan()) {
            return Err(SelectError::NotFinite(bad));
        }
        let scores: Vec<f32> = self.candidates.iter().map(|row| all[*row]).collect();
        Ok(top(&scores, self.batch)?.into_iter().map(|place| self.candidates[place]).collect())
    }

    fn representative(self) -> Result<Vec<usize>, SelectError> {
        self.check_vectors(&self.candidates)?;
        self.check_vectors(&self.labeled)?;
        Ok(typical::pick(self.vectors.view(), &self.labeled, self.batch, self.seed))
    }

    fn diverse(mut self) -> Result<Vec<usize>, SelectError> {
        let rows = self.sampled();
        self.check_vectors(&rows)?;
        self.check_vectors(&self.labeled)?;
        let vectors = self.vectors.view();
        let metric = Metric::of_rows(&vectors, &rows);
        let centers = self.labeled.iter().map(|row| self.vectors.row(*row).to_vec());
        Ok(spread::farthest(&metric, centers, self.batch).into_iter().map(|place| rows[place]).collect())
    }

    fn badge(mut self) -> Result<Vec<usize>, SelectError> {
        let model = self.model.ok_or(SelectError::NeedsModel(self.strategy))?;
        let rows = self.sampled();
        self.check_vectors(&rows)?;
        let gathered = self.pool.features.gather(&rows);
        let mut gradients = model.probabilities(gathered.features())?;
        for mut row in gradients.rows_mut() {
            if let Some(row) = row.as_slice_mut().filter(|row| !row.is_empty()) {
                row[crate::classify::best(row)] -= 1.0;
            }
        }
        let vectors = self.vectors.view();
        let metric = Metric::of_rows(&vectors, &rows).times(gradients);
        let picked = spread(&metric, None, self.batch, &mut self.random);
        Ok(picked.into_iter().map(|place| rows[place]).collect())
    }

    fn diverse_margin(self) -> Result<Vec<usize>, SelectError> {
        let scores = self.scores(margin)?;
        let places = top(&scores, self.batch.saturating_mul(WIDEN))?;
        let rows: Vec<usize> = places.iter().map(|place| self.candidates[*place]).collect();
        self.check_vectors(&rows)?;
        let weights: Vec<f32> = places.iter().map(|place| scores[*place]).collect();
        let own = self.vectors.select(Axis(0), &rows);
        let picked = typical::central(own.view(), &weights, self.batch, self.seed);
        Ok(picked.into_iter().map(|place| rows[place]).collect())
    }

    fn guided(self) -> Result<Vec<usize>, SelectError> {
        let n_labels = self.model.map_or(0, Model::n_labels);
        let cold = cold_start(n_labels).saturating_sub(self.labeled.len());
        match self.model {
            None => self.representative(),
            Some(_) if cold >= self.batch => self.representative(),
            Some(_) if cold == 0 => self.diverse_margin(),
            Some(model) => {
                // The last typical rows and the first uncertain ones share a batch.
                let mut picked = QueryStrategy::Representative.pick(self.pool, None, cold, self.seed)?;
                let mut labeled = self.labeled;
                labeled.extend(&picked);
                let pool = UnlabeledPool {
                    vectors: self.pool.vectors.reborrow(),
                    features: self.pool.features.reborrow(),
                    labeled: &labeled,
                    scores: None,
                };
                picked.extend(QueryStrategy::DiverseMargin.pick(
                    &pool,
                    Some(model),
                    self.batch - cold,
                    self.seed,
                )?);
                Ok(picked)
            }
        }
    }

    /// The candidates, or a random sample of very many, ascending.
    fn sampled(&mut self) -> Vec<usize> {
        if self.candidates.len() <= SAMPLE.max(self.batch) {
            return self.candidates.clone();
        }
        let places = index::sample(&mut self.random, self.candidates.len(), SAMPLE.max(self.batch));
        let mut rows: Vec<usize> = places.into_iter().map(|place| self.candidates[place]).collect();
        rows.sort_unstable();
        rows
    }

    fn check_vectors(&self, rows: &[usize]) -> Result<(), SelectError> {
        match rows.iter().find(|row| !self.vectors.row(**row).iter().all(|x| x.is_finite())) {
            Some(row) => Err(SelectError::NotFinite(*row)),
            None => Ok(()),
        }
    }
}

/// How many times the batch's rows diverse margin looks at.
const WIDEN: usize = 10;

/// A number in [0, `below`).
fn draw(random: &mut Xoshiro256PlusPlus, below: f64) -> f64 {
    random.r#gen::<f64>() * below
}
