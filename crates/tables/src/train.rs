//! `assay train`.

mod evaluate;
mod explain;
pub mod labeled;
mod show;

use crate::Error;
use crate::vectors::Choice;
use clap::Args;
use labeled::{Columns, Labeled};
use std::io::Write;
use std::path::PathBuf;

/// Trains on the rows marked `train` and measures on those marked `test`. Features are tf-idf of words and characters,
/// dense vectors, or both: whichever does best in cross-validation on the training rows, and with which penalty.
/// Vocabulary and vectors are learned from all texts of the file (never from labels of test rows), as in a project,
/// where all texts are there from the beginning.
#[derive(Debug, Args)]
pub struct Train {
    /// CSV file (TSV by its ending) with one labeled text a row
    labeled: PathBuf,
    #[command(flatten)]
    columns: Columns,
    /// The column that says `train` or `test`; rows of `validation` are left out
    #[arg(long, value_name = "COLUMN")]
    split: String,
    /// Dense vectors: `lsa`, `sentence:FOLDER` of a BERT-family model, `static:FOLDER` of Model2Vec, or `given:FILE.npy`
    #[arg(long, value_name = "WHICH", default_value_t)]
    encoder: Choice,
    /// Say which words of this row spoke for and against its label
    #[arg(long, value_name = "ID")]
    explain: Option<String>,
    /// Write each row's probabilities under a model that has not seen it: the column that names the rows and one for
    /// each label. Training rows are scored out of fold, all others by the model
    #[arg(long, value_name = "FILE")]
    probs: Option<PathBuf>,
    /// Where folds and vectors start: the same seed gives the same numbers
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Train {
    pub fn run(self, out: &mut dyn Write) -> Result<(), Error> {
        crate::out::check([self.probs.as_deref()], [Some(self.labeled.as_path()), self.encoder.file()])?;
        let labeled = Labeled::read(&self.labeled, &self.columns, Some(&self.split))?;
        let rows = labeled.rows()?;
        let explained = self.explain.as_deref().map(|id| labeled.place(id)).transpose()?;
        let trained = evaluate::evaluate(&labeled, &rows, &self.encoder, self.seed)?;
        if let Some(path) = &self.probs {
            trained.write_probabilities(&labeled, &self.columns.id, path)?;
        }
        let explanation = explained.map(|row| explain::explain(&trained, &labeled, row)).transpose()?;
        if self.json {
            show::json(&trained, &labeled, &rows, explanation.as_ref(), out)
        } else {
            show::table(&trained, &labeled, &rows, explanation.as_ref(), out)
        }
    }
}

/// An error of the library, which by now can only be the file's fault as a whole.
pub fn of_file(labeled: &Labeled) -> impl Fn(learn::classify::ClassifyError) -> Error + '_ {
    |error| Error::table(&labeled.path, error.to_string())
}

#[cfg(test)]
pub(crate) mod tests;
