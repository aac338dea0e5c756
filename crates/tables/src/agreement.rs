//! `assay agreement`.

mod measure;
mod show;
mod values;

use crate::Error;
use crate::ratings::{Answers, Columns};
use clap::{Args, ValueEnum};
use std::io::Write;
use std::path::PathBuf;

/// Reads one answer a row. Of several answers of a person to an item the last row counts; how many were dropped is said.
/// Items with one answer count for nothing but shares of labels. Intervals are percentiles of bootstrap resamples of the
/// items, at 95%; there is none where it would have no width, from fewer than five items, or where more than 5% of the
/// resamples have no value.
#[derive(Debug, Args)]
pub struct Agreement {
    /// CSV file (TSV by its ending) with one answer a row
    ratings: PathBuf,
    #[command(flatten)]
    columns: Columns,
    /// How far two labels are apart: `nominal` equal or not; `ordinal` by rank; `interval` by the square of the
    /// difference; `ratio` by that over the sum; `masi` for sets (needs --multi, and is taken there)
    #[arg(long, value_enum)]
    metric: Option<Metric>,
    /// How Cohen's κ and Gwet's AC2 are weighted: `linear` for ordinal and `quadratic` for interval and ratio if not said.
    /// Ordinal labels are weighted by rank
    #[arg(long, value_enum)]
    weights: Option<Weighing>,
    /// Ordinal labels from the least to the most, with commas between. Labels that are all numbers are ordered as numbers
    /// without it
    #[arg(long, value_name = "LABELS", value_delimiter = ',')]
    order: Vec<String>,
    /// How many resamples an interval rests on; 0 for none
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    resamples: usize,
    /// Where resampling starts: the same seed gives the same intervals
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print JSON. Each figure is an object with `value`, `low`, `high`, `n_items`, `n_resamples` (those that have a value)
    /// and `reason`: why there is no value, or no interval
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Metric {
    Nominal,
    Ordinal,
    Interval,
    Ratio,
    Masi,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Weighing {
    Linear,
    Quadratic,
}

impl Agreement {
    pub fn run(self, out: &mut dyn Write) -> Result<(), Error> {
        let metric = self.metric()?;
        let answers = Answers::read(&self.ratings, &self.columns)?;
        let measured = measure::measure(&self, metric, &answers)?;
        if self.json { show::json(&measured, &answers, out) } else { show::table(&measured, &answers, out) }
    }

    fn metric(&self) -> Result<Metric, Error> {
        let asked = |what: &str| Err(Error::Asked(what.to_owned()));
        let metric = match (self.metric, self.columns.multi.is_some()) {
            (None, false) => Metric::Nominal,
            (None | Some(Metric::Masi), true) => Metric::Masi,
            (Some(Metric::Masi), false) => {
                return asked(
                    "--metric masi is for sets of labels: say with --multi what stands between them",
                );
            }
            (Some(_), true) => return asked("sets of labels (--multi) are compared with --metric masi"),
            (Some(metric), false) => metric,
        };
        if !self.order.is_empty() && metric != Metric::Ordinal {
            return asked("--order is for --metric ordinal");
        }
        if self.weights.is_some() && matches!(metric, Metric::Nominal | Metric::Masi) {
            return asked("--weights are for labels with an order: --metric ordinal, interval or ratio");
        }
        Ok(metric)
    }
}

#[cfg(test)]
mod tests;
