//! `assay simulate`.

mod plot;
mod show;

use crate::train::labeled::{Columns, Labeled};
use crate::vectors::{self, Choice};
use crate::{Error, progress};
use clap::Args;
use learn::classify::{Classifier, Features};
use learn::select::QueryStrategy;
use learn::simulate::{Known, Plan, SimulateError, Simulation, Split};
use std::io::Write;
use std::path::PathBuf;

/// Replays labeling with the labels of a file, as if they came in one batch after the other: what each strategy would
/// have saved on these data. Each seed has a random start of its own, the same for all strategies (and test rows of its
/// own, without --split); `default`, `representative` and `diverse` make their own start of the same size. After each
/// batch a softmax regression on the vectors is fitted and measured on the test rows. Intervals are Student's t over
/// seeds, at 95%; ratios to random are compared seed by seed (geometric mean).
#[derive(Debug, Args)]
pub struct Simulate {
    /// CSV file (TSV by its ending) with one labeled text a row
    labeled: PathBuf,
    #[command(flatten)]
    columns: Columns,
    /// What to compare, with commas between: default, random, least-confidence, margin, entropy, representative,
    /// diverse, badge, diverse-margin
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        default_value = "random,margin,diverse-margin,default"
    )]
    strategies: Vec<String>,
    /// Rows that are labeled first
    #[arg(long, value_name = "N", default_value_t = 150)]
    start: usize,
    /// Rows that are labeled before the model is fitted again
    #[arg(long, value_name = "B", default_value_t = 100)]
    batch: usize,
    /// Rows that are labeled in all, at most
    #[arg(long, value_name = "M", default_value_t = 2_000)]
    budget: usize,
    /// How many times each strategy is replayed
    #[arg(long, value_name = "K", default_value_t = 10)]
    seeds: u64,
    /// The column that says `train` or `test` (rows of `validation` are left out); without it, a fifth of the rows
    /// tests, drawn anew for each seed
    #[arg(long, value_name = "COLUMN")]
    split: Option<String>,
    /// Also say how many labels this accuracy takes, between 0 and 1
    #[arg(long, value_name = "A")]
    target: Option<f64>,
    /// Dense vectors: `lsa`, `sentence:FOLDER` of a BERT-family model, `static:FOLDER` of Model2Vec, or `given:FILE.npy`
    #[arg(long, value_name = "WHICH", default_value_t)]
    encoder: Choice,
    /// Draw the curves into this file
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The share of rows that test where the file does not say which.
const HOLDOUT: f64 = 0.2;

/// What was replayed, and on what.
struct Replayed {
    plan: Plan,
    outcomes: Vec<Simulation>,
    n_train: usize,
    n_test: usize,
    n_left_out: usize,
}

impl Simulate {
    pub fn run(self, out: &mut dyn Write) -> Result<(), Error> {
        let plan = self.plan()?;
        crate::out::check([self.plot.as_deref()], [Some(self.labeled.as_path()), self.encoder.file()])?;
        let labeled = Labeled::read(&self.labeled, &self.columns, self.split.as_deref())?;
        let replayed = self.replay(plan, &labeled)?;
        if let Some(path) = &self.plot {
            std::fs::write(path, plot::svg(&replayed.outcomes, self.target)).map_err(Error::file(path))?;
        }
        if self.json {
            show::json(&self, &labeled, &replayed, out)
        } else {
            show::table(&self, &labeled, &replayed, out)
        }
    }

    fn plan(&self) -> Result<Plan, Error> {
        let asked = |error: SimulateError| Error::Asked(error.to_string());
        let strategies = self
            .strategies
            .iter()
            .map(|name| name.trim().parse::<QueryStrategy>().map_err(|e| Error::Asked(e.to_string())))
            .collect::<Result<Vec<_>, _>>()?;
        let plan = Plan::new(&strategies, self.start, self.batch, self.budget, self.seeds).map_err(asked)?;
        match self.target {
            Some(target) => plan.target(target).map_err(asked),
            None => Ok(plan),
        }
    }

    fn replay(&self, plan: Plan, labeled: &Labeled) -> Result<Replayed, Error> {
        let rows = self.split.as_ref().map(|_| labeled.rows()).transpose()?;
        let split = rows
            .as_ref()
            .map_or(Split::Holdout(HOLDOUT), |rows| Split::Given { train: &rows.train, test: &rows.test });
        let vectors = vectors::make(&self.encoder, &labeled.texts, 1)?.dense;
        let known = Known {
            features: Features::dense(vectors.view()),
            vectors: vectors.view(),
            labels: &labeled.labels,
            split,
        };
        let wrong = |error: SimulateError| Error::table(&labeled.path, error.to_string());
        let classifier = Classifier::new(labeled.names.len()).map_err(|e| wrong(e.into()))?;
        let bar = progress::bar(plan.n_fits() as u64, "replaying");
        let outcomes = plan.run(&known, &classifier, || bar.inc(1)).map_err(wrong)?;
        bar.finish_and_clear();
        let n = labeled.labels.len();
        let held = (n as f64 * HOLDOUT).round() as usize;
        let (n_train, n_test, n_left_out) =
            rows.map_or((n - held, held, 0), |rows| (rows.train.len(), rows.test.len(), rows.left_out));
        Ok(Replayed { plan, outcomes, n_train, n_test, n_left_out })
    }
}

#[cfg(test)]
mod tests;
