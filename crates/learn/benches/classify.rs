//! Softmax regression: what a person waits for after answers, and training on Banking77 and its own split, where the
//! data lie beside the repository. Its vectors, texts and labels are written for `peers/classify.py`.

#[path = "common/banking77.rs"]
mod banking77;
#[path = "common/hand.rs"]
mod hand;
#[path = "common/texts.rs"]
mod texts;

use banking77::Labeled;
use learn::classify::{Classifier, Features, Model, Report, Targets, log_loss};
use learn::lsa::{Lsa, LsaSpec};
use learn::select::{QueryStrategy, UnlabeledPool};
use learn::text;
use learn::text::TfIdf;
use ndarray::Array2;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::path::Path;

const PENALTY: f64 = 0.1;
const NOISE: f32 = 4.0;

fn main() {
    generated(100_000);
    generated(1_000_000);
    of_texts(100_000);
    if let Some(all) = Labeled::read() {
        train(&all);
    }
}

/// Rows of which a model of 2,000 labels tells about seven of ten: they overlap as texts do, and a few steps don't end it.
fn overlapping(n: usize) -> (Array2<f32>, Vec<u32>) {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
    let centers = Array2::from_shape_simple_fn((77, 256), || random.r#gen::<f32>() - 0.5);
    let labels: Vec<u32> = (0..n as u32).map(|i| i % 77).collect();
    let mut rows = Array2::zeros((n, 256));
    for (mut row, label) in rows.rows_mut().into_iter().zip(&labels) {
        row.assign(&centers.row(*label as usize));
        row.mapv_inplace(|x| x + NOISE * (random.r#gen::<f32>() - 0.5));
        let length = row.dot(&row).sqrt();
        row.mapv_inplace(|x| x / length);
    }
    (rows, labels)
}

/// Rows that are labeled when a person waits: the first ones.
fn labeled() -> Vec<usize> {
    (0..2_000).collect()
}

/// What a person waits for after answers: a fit of the labeled rows, and the next 100 of all, rescored.
fn refit(name: &str, pool: &UnlabeledPool, labels: &[u32]) {
    let UnlabeledPool { features, labeled, .. } = *pool;
    let n = features.n_rows();
    let classifier = Classifier::new(77).expect("there are labels");
    let fit = |rows: &[usize], earlier: Option<&Model>| {
        let targets = Targets::One(&labels[..rows.len()]);
        classifier.fit(features.gather(rows).features(), targets, earlier).expect("rows are whole")
    };
    let earlier = fit(&labeled[..labeled.len() - 100], None);
    let (cold, _) = hand::best(3, || fit(labeled, None));
    let (warm, model) = hand::best(3, || fit(labeled, Some(&earlier)));
    let (pick, picked) =
        hand::best(3, || QueryStrategy::Default.pick(pool, Some(&model), 100, 1).expect("rows are whole"));
    assert_eq!(picked.len(), 100);
    let told = model.predict(features).expect("rows are whole");
    let right = told.iter().zip(labels).filter(|(told, label)| told.0 == **label).count();
    let more = [
        ("fit_s", cold),
        ("refit_s", warm),
        ("rescore_and_pick_s", pick),
        ("iterations", model.iterations() as f64),
        ("accuracy", right as f64 / n as f64),
    ];
    hand::tell(&format!("refit/{} labels, pick of {n}, {name}", labeled.len()), cold + pick, &more);
}

fn generated(n: usize) {
    let (rows, labels) = overlapping(n);
    let (features, labeled) = (Features::dense(rows.view()), labeled());
    refit(
        "256 dense",
        &UnlabeledPool { vectors: rows.view(), features, labeled: &labeled, scores: None },
        &labels,
    );
}

/// The features that `assay train` chooses among: LSA vectors and tf-idf beside them.
fn of_texts(n: usize) {
    let texts = texts::texts(n);
    // The first half of each is that of one of the sources, which share their first words by topic.
    let labels: Vec<u32> = texts.iter().map(|text| topic(text)).collect();
    let (_, sparse) = TfIdf::fit(&text::Features::default(), &texts);
    let dense = Lsa::fit(&sparse, &LsaSpec::seeded(1)).transform(&sparse);
    let (features, labeled) = (Features::joined(dense.view(), &sparse).expect("as many rows"), labeled());
    let pool = UnlabeledPool { vectors: dense.view(), features, labeled: &labeled, scores: None };
    refit("LSA-256 and tf-idf of texts", &pool, &labels);
}

fn topic(text: &str) -> u32 {
    let words = text.split_whitespace().take(2).flat_map(str::bytes);
    (words.fold(7_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into())) >> 8) % 77
}

/// Fits on Banking77's training rows, measured on its test rows.
fn train(all: &Labeled) {
    let (_, sparse) = TfIdf::fit(&text::Features::default(), &all.texts);
    let vectors = Lsa::fit(&sparse, &LsaSpec::seeded(1)).transform(&sparse);
    if let Some(folder) = hand::folder() {
        write(&folder, all, &vectors).expect("features are written");
    }
    let dense = Features::dense(vectors.view());
    let joined = Features::joined(vectors.view(), &sparse).expect("as many rows");
    let (train_rows, test_rows) = (all.rows(false), all.rows(true));
    let (train_labels, test_labels) = (all.labels_of(&train_rows), all.labels_of(&test_rows));
    for (name, features) in [("LSA-256", dense), ("all built-in features", joined)] {
        let (train, test) = (features.gather(&train_rows), features.gather(&test_rows));
        let classifier = Classifier::new(77).and_then(|c| c.l2(PENALTY)).expect("there are labels");
        let (seconds, model) = hand::best(3, || {
            classifier.fit(train.features(), Targets::One(&train_labels), None).expect("rows are whole")
        });
        let p = model.probabilities(test.features()).expect("rows are whole");
        let report = Report::of_probabilities(&test_labels, p.view()).expect("there are rows");
        let more = [
            ("accuracy", report.accuracy),
            ("log_loss", log_loss(&test_labels, p.view()).expect("there are rows")),
            ("iterations", model.iterations() as f64),
        ];
        hand::tell(&format!("train/Banking77, {name}"), seconds, &more);
    }
}

/// `vectors.f32`, row by row; `labels.txt`: a label and 1 for a test row on each line; `labeled.txt`: the texts.
fn write(folder: &Path, all: &Labeled, vectors: &Array2<f32>) -> std::io::Result<()> {
    let bytes: Vec<u8> = vectors.iter().flat_map(|x| x.to_le_bytes()).collect();
    std::fs::write(folder.join("vectors.f32"), bytes)?;
    let lines: Vec<String> =
        all.labels.iter().zip(&all.is_test).map(|(l, t)| format!("{l} {}", u8::from(*t))).collect();
    std::fs::write(folder.join("labels.txt"), lines.join("\n"))?;
    let texts: Vec<String> = all.texts.iter().map(|text| text.replace(['\n', '\r'], " ")).collect();
    std::fs::write(folder.join("labeled.txt"), texts.join("\n"))
}
