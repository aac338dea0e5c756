//! From labeled texts to a chosen, fitted and measured model.

use super::labeled::{Labeled, Rows};
use super::of_file;
use crate::vectors::{self, Choice, Vectors};
use crate::{Error, progress};
use learn::calibrate::{self, Temperature};
use learn::classify::{
    self, Candidate, Centroids, Classifier, Features, Kind, Model, Report, Targets, majority_share,
    out_of_fold, stratified_folds,
};
use learn::sparse::Csr;
use learn::text::TfIdf;
use ndarray::{Array2, Axis};
use std::path::Path;

/// Penalties from strong to weak: each kind of features is tried with the middle one, the best kind then goes on.
const PENALTIES: [f64; 11] = [30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.000_3];
/// Training rows on which features and penalty are chosen, at most: more cost time and seldom change the choice.
const CHOOSE_ON: usize = 4_000;
const CHOOSE_FOLDS: usize = 3;
/// Folds of the probabilities that the temperature is fitted on: each model should see nearly as much as the final one, but
/// of many rows two thirds teach nearly as much as all, and each fold costs a whole fit.
fn folds(rows: usize) -> usize {
    if rows > 5_000 { 3 } else { 5.min(rows) }
}
/// On tens of thousands of columns of words and characters a fit to the usual tolerance, 1e-4, takes twice as long, and on
/// Banking77 gets no row more right.
const WIDE_TOLERANCE: f64 = 3e-4;
const ITERATIONS: usize = 300;
/// No probability is written as less: a label that no row of the other folds has is improbable, not impossible.
const LEAST: f64 = 1e-12;

/// A model with all that was found on the way to it.
#[derive(Debug)]
pub struct Trained {
    pub encoder: String,
    pub dense: Array2<f32>,
    pub tfidf: TfIdf,
    pub sparse: Csr,
    pub tried: Vec<Candidate>,
    pub chosen: Candidate,
    /// Whether a penalty beyond those that are tried may be better still.
    pub at_edge: bool,
    pub model: Model,
    pub report: Report,
    /// The temperature, judged on the test rows.
    pub temperature: calibrate::Judged,
    /// The most frequent training label, and what guessing it scores.
    pub majority: (u32, Report),
    pub centroids: Report,
    /// All rows × labels, calibrated, under models that had not seen the row.
    pub unseen: Array2<f32>,
    /// All rows × labels, calibrated, under the model.
    pub probabilities: Array2<f32>,
}

impl Trained {
    /// What a model of this kind sees.
    pub fn features(&self, kind: Kind) -> Option<Features<'_>> {
        both(&self.dense, &self.sparse).and_then(|both| kind.of(both))
    }

    /// `id` is how the file of the rows calls the column of their names: `assay errors` reads both files with one option.
    pub fn write_probabilities(&self, labeled: &Labeled, id: &str, path: &Path) -> Result<(), Error> {
        let wrong = |e: csv::Error| Error::file(path)(e.into());
        let mut writer = csv::Writer::from_path(path).map_err(wrong)?;
        let header = std::iter::once(id).chain(labeled.names.iter().map(String::as_str));
        writer.write_record(header).map_err(wrong)?;
        for (id, row) in labeled.ids.iter().zip(self.unseen.rows()) {
            let row: Vec<f64> = row.iter().map(|p| f64::from(*p).max(LEAST)).collect();
            let sum: f64 = row.iter().sum();
            // Digits by each one's own size: the small ones keep theirs, and the sum is 1 to the tenth digit.
            let cells = row.iter().map(|p| format!("{:.10e}", p / sum));
            writer.write_record(std::iter::once(id.clone()).chain(cells)).map_err(wrong)?;
        }
        writer.flush().map_err(Error::file(path))
    }
}

pub fn evaluate(labeled: &Labeled, rows: &Rows, encoder: &Choice, seed: u64) -> Result<Trained, Error> {
    let Vectors { dense, tfidf } = vectors::make_with_tfidf(encoder, &labeled.texts, seed)?;
    let no_words =
        || Error::table(&labeled.path, "the texts hold no word twice: there is nothing to learn from");
    let (tfidf, sparse) = tfidf.filter(|(tfidf, _)| tfidf.n_columns() > 0).ok_or_else(no_words)?;
    let all = both(&dense, &sparse).ok_or_else(no_words)?;
    let wrong = of_file(labeled);
    let bar = progress::bar(4, "choosing features");
    let classifier = Classifier::new(labeled.names.len()).map_err(&wrong)?;
    let choice = choose(&classifier, all, labeled, &rows.train, seed).map_err(&wrong)?;
    let chosen = choice.best;
    let mut classifier = classifier.l2(chosen.l2).map_err(&wrong)?;
    if chosen.kind != Kind::Dense {
        classifier = classifier.until(WIDE_TOLERANCE, ITERATIONS);
    }
    let features = chosen.kind.of(all).ok_or_else(no_words)?;
    bar.inc(1);

    bar.set_message("training");
    let train = features.gather(&rows.train);
    let train_labels = labeled.labels_of(&rows.train);
    let targets = Targets::One(&train_labels);
    let model = classifier.fit(train.features(), targets, None).map_err(&wrong)?;
    let raw = model.probabilities(features).map_err(&wrong)?;
    bar.inc(1);

    bar.set_message("calibrating");
    let fold = stratified_folds(targets, folds(rows.train.len()), seed).map_err(&wrong)?;
    let out = out_of_fold(&classifier, train.features(), targets, &fold).map_err(&wrong)?;
    let temperature = Temperature::fit(&train_labels, out.view()).map_err(&wrong)?;
    let test_labels = labeled.labels_of(&rows.test);
    let tested = raw.select(Axis(0), &rows.test);
    let temperature = temperature.judge(&test_labels, tested.view()).map_err(&wrong)?;
    let probabilities = temperature.applied.apply(raw.view());
    let mut unseen = probabilities.clone();
    for (row, p) in rows.train.iter().zip(temperature.applied.apply(out.view()).rows()) {
        unseen.row_mut(*row).assign(&p);
    }
    bar.inc(1);

    let report = Report::of_probabilities(&test_labels, tested.view()).map_err(&wrong)?;
    let most = majority_share(&train_labels, &test_labels).map_or(0, |m| m.0);
    let guessed = Report::new(&test_labels, &vec![most; test_labels.len()]).map_err(&wrong)?;
    let centroids =
        Centroids::fit(dense.select(Axis(0), &rows.train).view(), &train_labels).map_err(&wrong)?;
    let nearest = centroids.predict(dense.select(Axis(0), &rows.test).view()).map_err(&wrong)?;
    let centroids = Report::new(&test_labels, &nearest).map_err(&wrong)?;
    bar.finish_and_clear();
    Ok(Trained {
        encoder: encoder.to_string(),
        tried: choice.tried,
        chosen,
        at_edge: choice.at_edge,
        model,
        report,
        temperature,
        majority: (most, guessed),
        centroids,
        unseen,
        probabilities,
        dense,
        tfidf,
        sparse,
    })
}

fn both<'a>(dense: &'a Array2<f32>, sparse: &'a Csr) -> Option<Features<'a>> {
    Features::joined(dense.view(), sparse).ok()
}

/// Chooses on a random part of many training rows; few rows make fewer folds, and a single row for a label is no
/// hindrance: its fold simply can't get it right.
fn choose(
    classifier: &Classifier,
    all: Features,
    labeled: &Labeled,
    train: &[usize],
    seed: u64,
) -> Result<classify::Choice, classify::ClassifyError> {
    let labels = labeled.labels_of(train);
    let mut sample: Vec<usize> = train.to_vec();
    if train.len() > CHOOSE_ON {
        // One of so many folds is a stratified sample.
        let parts = train.len().div_ceil(CHOOSE_ON) * 4;
        let keep = parts * CHOOSE_ON / train.len();
        let fold = stratified_folds(Targets::One(&labels), parts, seed)?;
        sample = train.iter().zip(&fold).filter(|(_, fold)| **fold < keep).map(|(row, _)| *row).collect();
    }
    let features = all.gather(&sample);
    let labels = labeled.labels_of(&sample);
    let fold = stratified_folds(Targets::One(&labels), CHOOSE_FOLDS.min(sample.len()), seed)?;
    let kinds = [Kind::Dense, Kind::Sparse, Kind::Joined];
    let classifier = &classifier.clone().until(WIDE_TOLERANCE, ITERATIONS);
    classify::choose(classifier, features.features(), &labels, &kinds, &PENALTIES, &fold)
}
