//! `assay consensus`.

mod known;
mod resolve;
mod show;

use crate::Error;
use crate::ratings::{Answers, Columns};
use clap::{Args, ValueEnum};
use std::io::Write;
use std::path::PathBuf;

/// Writes one line an item: item, label, confidence, n_answers, state. The state is `agreed`, `conflict` (a tie at the top,
/// never broken: the label is empty), `unknown` or `golden`. With --multi each label is a yes-or-no question of its own,
/// and the confidence is that of the least certain of them.
///
/// `unknown` is what nothing speaks for but the one who said it: a model can't judge a person who shares no item with
/// anybody, and no item gets a label that nobody gave it, as where a label is so frequent that a model believes in it
/// against what was said. The label is then the answer, with a low confidence.
#[derive(Debug, Args)]
pub struct Consensus {
    /// CSV file (TSV by its ending) with one answer a row
    ratings: PathBuf,
    #[command(flatten)]
    columns: Columns,
    /// `majority`: most votes, one for each person and item (the last row counts). `dawid-skene`: learns how each person
    /// confuses labels; all rows count. `one-coin`: learns how often each is right, for few answers; all rows count
    #[arg(long, value_enum, default_value = "majority")]
    method: Method,
    /// For dawid-skene: pulls each person's table towards that of all people, with the weight of this many answers; 0 is
    /// the textbook [default: 1]
    #[arg(long, value_name = "ANSWERS")]
    shrinkage: Option<f64>,
    /// For one-coin: so many right and so many wrong answers are added to each person's, so that nobody is believed to be
    /// always right; 0 is crowd-kit's OneCoinDawidSkene [default: 1]
    #[arg(long, value_name = "ANSWERS")]
    smoothing: Option<f64>,
    /// CSV file with items whose labels are known, in columns named as in the answers: they are held fast, teach how people
    /// answer, and stay out of the shares of labels
    #[arg(long, value_name = "FILE")]
    golden: Option<PathBuf>,
    /// Where to write the labels, as CSV
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Print JSON, with every annotator's accuracy and confusion matrix (rows: true label, columns: given label, in the
    /// order of `labels`; a row that nothing is known of is null, and so is the matrix where there are too many labels)
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Method {
    Majority,
    DawidSkene,
    OneCoin,
}

impl Consensus {
    pub fn run(self, out: &mut dyn Write) -> Result<(), Error> {
        if self.shrinkage.is_some() && self.method != Method::DawidSkene {
            return Err(Error::Asked("--shrinkage is for --method dawid-skene".into()));
        }
        if self.smoothing.is_some() && self.method != Method::OneCoin {
            return Err(Error::Asked("--smoothing is for --method one-coin".into()));
        }
        crate::out::check(
            [Some(self.out.as_path())],
            [Some(self.ratings.as_path()), self.golden.as_deref()],
        )?;
        let mut answers = Answers::read(&self.ratings, &self.columns)?;
        let known = match &self.golden {
            Some(path) => known::read(path, &self.columns, &mut answers)?,
            None => known::Known::default(),
        };
        let resolved = resolve::resolve(&self, &answers, &known)?;
        show::write(&self.out, &resolved, &answers, &self.columns)?;
        if self.json {
            show::json(&self, &resolved, &answers, &known, out)
        } else {
            show::table(&self, &resolved, &answers, &known, out)
        }
    }
}

#[cfg(test)]
mod tests;
