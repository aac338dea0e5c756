//! `assay errors`.

mod probabilities;
mod show;

use crate::ratings::{Names, is_no_label, name};
use crate::read::Table;
use crate::vectors::{self, Choice};
use crate::{Error, progress};
use clap::{Args, ValueEnum};
use learn::classify::{Classifier, Features, Targets, out_of_fold, stratified_folds};
use learn::errors::{Filter, LabelErrors, Rank, label_errors};
use learn::sparse::Csr;
use learn::text::{self, TfIdf};
use ndarray::{Array2, Axis};
use probabilities::Given;
use rustc_hash::FxHashMap;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Confident learning (Northcutt et al. 2021): compares each label with probabilities by a model that has not seen it.
/// Without --probs such a model is trained here on the texts, in folds; with --probs the file's are taken, and the result is
/// that of cleanlab's find_label_issues on them. Rows without a label (empty, NaN, NA or null) are
/// left out. A label that a single item has can't be checked by the model trained here, and is named.
#[derive(Debug, Args)]
pub struct Errors {
    /// CSV file (TSV by its ending) with one labeled item a row
    labeled: PathBuf,
    /// Column that names the item
    #[arg(long, value_name = "COLUMN", default_value = "id")]
    id: String,
    /// Column of the label
    #[arg(long, value_name = "COLUMN", default_value = "label")]
    label: String,
    /// Column of the text; not needed with --probs
    #[arg(long, value_name = "COLUMN", default_value = "text")]
    text: String,
    /// CSV file with the column that names the item and one column of probabilities for each label, called as the label; by
    /// a model that was not trained on the item. It is read several times and never held in memory
    #[arg(long, value_name = "FILE")]
    probs: Option<PathBuf>,
    /// Trains the model here on vectors, `lsa`, `sentence:FOLDER`, `static:FOLDER` or `given:FILE.npy`, in place of words
    /// and characters
    #[arg(long, value_name = "VECTORS", conflicts_with = "probs")]
    encoder: Option<Choice>,
    /// Folds of the model trained here
    #[arg(long, value_name = "N", default_value_t = 5, conflicts_with = "probs")]
    folds: usize,
    /// Where random choices start: the same seed gives the same result
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Which labels are suspected: as many of each pair of labels as are estimated to be wrong, or every one whose confident
    /// label is another
    #[arg(long, value_enum, default_value = "prune-by-noise-rate")]
    filter: FilterBy,
    /// Which comes first: the label with the lowest probability, or the one that lies furthest behind another
    #[arg(long, value_enum, default_value = "self-confidence")]
    rank: RankBy,
    /// Lines of the table
    #[arg(long, value_name = "N", default_value_t = 50)]
    top: usize,
    /// Write all suspects as CSV: id, label, suggested, self_confidence, normalized_margin
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print all suspects as JSON, with thresholds and the estimated numbers of wrong labels for each pair
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FilterBy {
    PruneByNoiseRate,
    ConfidentLearning,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RankBy {
    SelfConfidence,
    NormalizedMargin,
}

/// The penalty of the model trained here. Wrong labels must not be learned by heart: a weak penalty, which does well on
/// right ones, follows them. On five sets with a tenth of the labels changed, 0.3 to 1 found more of them than 0.03 did on
/// any features, and tf-idf more than LSA vectors.
const PENALTY: f64 = 0.5;

/// What was judged, and what was found.
pub struct Judged {
    /// The item of each row of probabilities.
    pub ids: Vec<String>,
    /// Labels in the order of the columns.
    pub labels: Vec<String>,
    pub found: LabelErrors,
    pub n_without_label: usize,
    /// Labels of a single item: a model that has not seen the item has not seen the label.
    pub not_checked: Vec<String>,
    /// Rows of probabilities of items that have no label here.
    pub n_without_item: usize,
}

impl Errors {
    pub fn run(self, out: &mut dyn Write) -> Result<(), Error> {
        let inputs = [
            Some(self.labeled.as_path()),
            self.probs.as_deref(),
            self.encoder.as_ref().and_then(Choice::file),
        ];
        crate::out::check([self.out.as_deref()], inputs)?;
        let judged = match &self.probs {
            Some(probs) => self.by_given(probs)?,
            None => self.by_own_model()?,
        };
        if let Some(path) = &self.out {
            show::write(path, &judged)?;
        }
        if self.json { show::json(&self, &judged, out) } else { show::table(&self, &judged, out) }
    }

    fn by_given(&self, probs: &Path) -> Result<Judged, Error> {
        let table = Table::read(&self.labeled, &[&self.id, &self.label])?;
        let labeled = self.labeled(&table)?;
        let given = Given::open(probs, &self.id)?;
        let columns: FxHashMap<&str, u32> =
            given.labels.iter().enumerate().map(|(at, label)| (label.as_str(), at as u32)).collect();
        let mut label_of: FxHashMap<&str, (usize, u32)> = FxHashMap::default();
        for (row, id, label) in &labeled {
            let Some(column) = columns.get(label) else {
                let what = format!("{} has no column for the label {label}", probs.display());
                return Err(table.wrong(&table.rows[*row], 1, what));
            };
            label_of.insert(id, (*row, *column));
        }
        let bar = progress::bar(4, "reading probabilities");
        let rows = given.matching(|id| label_of.get(id).map(|(_, column)| *column))?;
        bar.inc(1);
        let has: FxHashMap<&str, ()> = rows.ids.iter().map(|id| (id.as_str(), ())).collect();
        if let Some((row, id, _)) = labeled.iter().find(|(_, id, _)| !has.contains_key(id)) {
            let n = labeled.len() - has.len();
            let what = format!("{} has no row for {id}, and for {} more items", probs.display(), n - 1);
            return Err(table.wrong(&table.rows[*row], 0, what));
        }
        let found = label_errors(&rows.given, rows.counted(&bar), self.filter.into(), self.rank.into());
        bar.finish_and_clear();
        Ok(Judged {
            found: found.map_err(|e| rows.in_words(e))?,
            n_without_label: table.rows.len() - labeled.len(),
            not_checked: Vec::new(),
            n_without_item: rows.n_others,
            labels: rows.file.labels,
            ids: rows.ids,
        })
    }

    fn by_own_model(&self) -> Result<Judged, Error> {
        let table = Table::read(&self.labeled, &[&self.id, &self.label, &self.text])?;
        let labeled = self.labeled(&table)?;
        let mut names = Names::default();
        for (_, _, label) in &labeled {
            names.number(label);
        }
        let sorted = names.sorted();
        let mut place = vec![0; sorted.len()];
        for (rank, &number) in sorted.iter().enumerate() {
            place[number as usize] = rank as u32;
        }
        let given: Vec<u32> =
            labeled.iter().filter_map(|(_, _, label)| names.find(label)).map(|n| place[n as usize]).collect();
        let mut n_items = vec![0_usize; sorted.len()];
        given.iter().for_each(|label| n_items[*label as usize] += 1);
        if let [only] = sorted[..] {
            let what = format!(
                "all labels are {}: with nothing to tell it from, it can't be checked",
                names.name(only)
            );
            return Err(Error::table(&self.labeled, what));
        }
        let rows: Vec<usize> = labeled.iter().map(|(row, _, _)| *row).collect();
        let seen = Seen::of(self.encoder.as_ref(), &table, &rows, self.seed)?;
        let targets = Targets::One(&given);
        let probabilities = stratified_folds(targets, self.folds, self.seed).and_then(|folds| {
            let classifier = Classifier::new(sorted.len())?.l2(PENALTY)?;
            out_of_fold(&classifier, seen.features(), targets, &folds)
        });
        let probabilities = probabilities.map_err(|e| Error::table(&self.labeled, e.to_string()))?;
        let found = label_errors(&given, probabilities.view(), self.filter.into(), self.rank.into());
        let mut found = found.map_err(|e| Error::table(&self.labeled, e.to_string()))?;
        // Such a label would always look wrong.
        found.suspects.retain(|suspect| n_items[suspect.given as usize] > 1);
        let alone = sorted.iter().zip(&n_items).filter(|(_, n)| **n == 1);
        Ok(Judged {
            found,
            not_checked: alone.map(|(number, _)| names.name(*number).to_owned()).collect(),
            ids: labeled.iter().map(|(_, id, _)| (*id).to_owned()).collect(),
            labels: sorted.iter().map(|number| names.name(*number).to_owned()).collect(),
            n_without_label: table.rows.len() - labeled.len(),
            n_without_item: 0,
        })
    }

    /// (Row, id, label) of the rows that have a label.
    fn labeled<'a>(&self, table: &'a Table) -> Result<Vec<(usize, &'a str, &'a str)>, Error> {
        let mut lines: FxHashMap<&str, u64> = FxHashMap::default();
        let mut labeled = Vec::new();
        for (at, row) in table.rows.iter().enumerate() {
            let id = name(table, row, 0)?;
            if let Some(line) = lines.insert(id, row.line) {
                return Err(table.wrong(row, 0, format!("{id} stands in line {line} already")));
            }
            if !is_no_label(&row.cells[1]) {
                labeled.push((at, id, name(table, row, 1)?));
            }
        }
        if labeled.is_empty() {
            return Err(Error::table(&self.labeled, "no row has a label"));
        }
        Ok(labeled)
    }
}

/// What the model trained here sees of the labeled rows.
enum Seen {
    Words(Csr),
    Vectors(Array2<f32>),
}

impl Seen {
    fn of(encoder: Option<&Choice>, table: &Table, rows: &[usize], seed: u64) -> Result<Self, Error> {
        let text = |row: usize| table.rows[row].cells[2].as_str();
        let texts: Vec<&str> = rows.iter().map(|row| text(*row)).collect();
        match encoder {
            None => {
                let (tfidf, words) = TfIdf::fit(&text::Features::default(), &texts);
                if tfidf.n_columns() == 0 {
                    let what = "the texts hold no word twice: there is nothing to judge labels by";
                    return Err(Error::table(&table.path, what));
                }
                Ok(Seen::Words(words))
            }
            // Vectors that were given have a row for each row of the file, labeled or not.
            Some(given @ Choice::Given(_)) => {
                let texts: Vec<&str> = (0..table.rows.len()).map(text).collect();
                let all = vectors::make(given, &texts, seed)?.dense;
                Ok(Seen::Vectors(all.select(Axis(0), rows)))
            }
            Some(encoder) => Ok(Seen::Vectors(vectors::make(encoder, &texts, seed)?.dense)),
        }
    }

    fn features(&self) -> Features<'_> {
        match self {
            Seen::Words(words) => Features::sparse(words),
            Seen::Vectors(vectors) => Features::dense(vectors.view()),
        }
    }
}

impl From<FilterBy> for Filter {
    fn from(by: FilterBy) -> Self {
        match by {
            FilterBy::PruneByNoiseRate => Filter::PruneByNoiseRate,
            FilterBy::ConfidentLearning => Filter::ConfidentLearning,
        }
    }
}

impl From<RankBy> for Rank {
    fn from(by: RankBy) -> Self {
        match by {
            RankBy::SelfConfidence => Rank::SelfConfidence,
            RankBy::NormalizedMargin => Rank::NormalizedMargin,
        }
    }
}

#[cfg(test)]
mod tests;
