//! Which words of a row spoke for and against its label: exact, because the model is linear.

use super::evaluate::Trained;
use super::labeled::Labeled;
use super::of_file;
use crate::Error;
use learn::classify::{Classifier, Kind, Model, Targets};
use std::collections::BTreeMap;

/// A row's score for a label, by words.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    pub row: usize,
    /// The most probable label, which is the one explained.
    pub label: u32,
    /// The model's probability of it, calibrated.
    pub probability: f32,
    /// Whether the model itself is explained; otherwise it sees dense vectors alone, and a model on words, fitted for
    /// this, is explained in its place.
    pub is_the_model: bool,
    /// What the label has without any word.
    pub bias: f32,
    /// The part of the dense vector, where the model sees it.
    pub vector: f32,
    /// Words and pairs of words with their part, the largest first. A word's part holds that of the characters in it.
    pub words: Vec<(String, f32)>,
}

pub fn explain(trained: &Trained, labeled: &Labeled, row: usize) -> Result<Explanation, Error> {
    let probabilities = trained.probabilities.row(row);
    let mut label = 0;
    for (at, p) in probabilities.iter().enumerate() {
        if *p > probabilities[label] {
            label = at;
        }
    }
    let is_the_model = trained.chosen.kind != Kind::Dense;
    if is_the_model {
        return parts(trained, labeled, row, label as u32, &trained.model, trained.chosen.kind);
    }
    let wrong = of_file(labeled);
    let features = trained.features(Kind::Sparse).ok_or_else(|| Error::table(&labeled.path, "no words"))?;
    // On all rows but the one in question: what it says of itself is no reason.
    let rows: Vec<usize> = (0..labeled.labels.len()).filter(|other| *other != row).collect();
    let others = features.gather(&rows);
    let classifier = Classifier::new(labeled.names.len()).and_then(|c| c.l2(0.1)).map_err(&wrong)?;
    let model =
        classifier.fit(others.features(), Targets::One(&labeled.labels_of(&rows)), None).map_err(&wrong)?;
    let mut explanation = parts(trained, labeled, row, label as u32, &model, Kind::Sparse)?;
    explanation.is_the_model = false;
    Ok(explanation)
}

fn parts(
    trained: &Trained,
    labeled: &Labeled,
    row: usize,
    label: u32,
    model: &Model,
    kind: Kind,
) -> Result<Explanation, Error> {
    let features = trained.features(kind).ok_or_else(|| Error::table(&labeled.path, "no words"))?;
    let parts = model.contributions(features, row, label).map_err(of_file(labeled))?;
    let (bias, vector, columns) = parts.map_or((0.0, 0.0, Vec::new()), |p| (p.bias, p.dense, p.sparse));
    let tfidf = &trained.tfidf;
    let mut words: BTreeMap<String, f32> = BTreeMap::new();
    for part in columns.iter().filter(|part| tfidf.is_word(part.column as usize)) {
        *words.entry(tfidf.term(part.column as usize).to_owned()).or_default() += part.value;
    }
    let padded: Vec<(String, String)> = words
        .keys()
        .filter(|word| !word.contains(' '))
        .map(|word| (word.clone(), format!(" {word} ")))
        .collect();
    for part in columns.iter().filter(|part| !tfidf.is_word(part.column as usize)) {
        let gram = tfidf.term(part.column as usize);
        let homes: Vec<&String> =
            padded.iter().filter(|(_, p)| p.contains(gram)).map(|(word, _)| word).collect();
        // Characters of a word that no other text has stand for themselves.
        if homes.is_empty() {
            *words.entry(format!("…{gram}…")).or_default() += part.value;
        }
        for home in &homes {
            *words.entry((*home).clone()).or_default() += part.value / homes.len() as f32;
        }
    }
    let mut words: Vec<(String, f32)> = words.into_iter().filter(|(_, value)| *value != 0.0).collect();
    words.sort_by(|a, b| b.1.total_cmp(&a.1));
    let probability = trained.probabilities[(row, label as usize)];
    Ok(Explanation { row, label, probability, is_the_model: true, bias, vector, words })
}
