//! Softmax regression, as two lines of JSON: what a person waits for after answers (fitting 2,000 × 256 into 77 labels anew
//! and from the model of 1,900, rescoring 100,000 generated rows, and picking the next 100 of them, which rescores too;
//! `ASSAY_ROWS` for another number of rows), and training on Banking77's LSA vectors and its own split, where the data
//! lie beside the repository. `ASSAY_FEATURES` names a folder into which those vectors and labels are written for
//! `peers/classify.py`.

use learn::classify::{Classifier, Features, Model, Report, Targets, log_loss};
use learn::lsa::{Lsa, LsaSpec};
use learn::select::{Pool, Strategy};
use learn::text::TfIdf;
use learn::{select, text};
use ndarray::{Array2, Axis};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::path::Path;
use std::time::Instant;

const PENALTY: f64 = 0.1;
const NOISE: f32 = 4.0;

fn main() {
    refit();
    if let Some((texts, labels, is_test)) = banking77() {
        train(&texts, &labels, &is_test);
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

fn refit() {
    let n = std::env::var("ASSAY_ROWS").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000).max(2_100_usize);
    let (rows, labels) = overlapping(n);
    let all = Features::dense(rows.view());
    let classifier = Classifier::new(77).expect("there are labels");
    let fit = |n: usize, earlier: Option<&Model>| {
        let train = Features::dense(rows.slice_axis(Axis(0), (0..n).into()));
        classifier.fit(train, Targets::One(&labels[..n]), earlier).expect("rows are whole")
    };
    let earlier = fit(1_900, None);
    let labeled: Vec<usize> = (0..2_000).collect();
    let pool = Pool { vectors: rows.view(), features: all, labeled: &labeled, scores: None };
    let mut best = [f64::INFINITY; 4];
    let mut seconds =
        |which: usize, clock: Instant| best[which] = best[which].min(clock.elapsed().as_secs_f64());
    let (mut iterations, mut accuracy) = ([0; 2], 0.0);
    for _ in 0..5 {
        let clock = Instant::now();
        let cold = fit(2_000, None);
        seconds(0, clock);
        let clock = Instant::now();
        let warm = fit(2_000, Some(&earlier));
        seconds(1, clock);
        let clock = Instant::now();
        let scores = warm.map(all, select::margin).expect("rows are whole");
        seconds(2, clock);
        let clock = Instant::now();
        let picked = Strategy::Default.pick(&pool, Some(&warm), 100, 1).expect("rows are whole");
        seconds(3, clock);
        assert_eq!((scores.len(), picked.len()), (n, 100));
        iterations = [cold.iterations(), warm.iterations()];
        let told = warm.predict(all).expect("rows are whole");
        accuracy =
            told.iter().zip(&labels).filter(|(told, label)| told.0 == **label).count() as f64 / n as f64;
    }
    let [cold, warm, rescore, pick] = best;
    let [cold_iterations, warm_iterations] = iterations;
    println!(
        "{{\"rows\": {n}, \"fit_s\": {cold:.4}, \"iterations\": {cold_iterations}, \"refit_s\": {warm:.4}, \
         \"refit_iterations\": {warm_iterations}, \"rescore_s\": {rescore:.4}, \"pick_s\": {pick:.4}, \
         \"fit_and_pick_s\": {:.4}, \"accuracy\": {accuracy:.4}}}",
        cold + pick
    );
}

fn train(texts: &[String], labels: &[u32], is_test: &[bool]) {
    let (_, rows) = TfIdf::fit(&text::Features::default(), texts);
    let vectors = Lsa::fit(&rows, &LsaSpec::seeded(1)).transform(&rows);
    if let Some(folder) = std::env::var_os("ASSAY_FEATURES") {
        write(Path::new(&folder), &vectors, labels, is_test).expect("features are written");
    }
    let part = |test: bool| -> Vec<usize> { (0..labels.len()).filter(|row| is_test[*row] == test).collect() };
    let (train, test) = (part(false), part(true));
    let of = |rows: &[usize]| -> (Array2<f32>, Vec<u32>) {
        (vectors.select(Axis(0), rows), rows.iter().map(|row| labels[*row]).collect())
    };
    let ((train, train_labels), (test, test_labels)) = (of(&train), of(&test));
    let classifier = Classifier::new(77).and_then(|c| c.l2(PENALTY)).expect("there are labels");
    let mut seconds = f64::INFINITY;
    let mut line = String::new();
    for _ in 0..3 {
        let clock = Instant::now();
        let model = classifier
            .fit(Features::dense(train.view()), Targets::One(&train_labels), None)
            .expect("rows are whole");
        seconds = seconds.min(clock.elapsed().as_secs_f64());
        let p = model.probabilities(Features::dense(test.view())).expect("rows are whole");
        let report = Report::of_probabilities(&test_labels, p.view()).expect("there are rows");
        line = format!(
            "\"iterations\": {}, \"accuracy\": {:.4}, \"log_loss\": {:.4}",
            model.iterations(),
            report.accuracy,
            log_loss(&test_labels, p.view()).expect("there are rows")
        );
    }
    println!("{{\"rows\": {}, \"l2\": {PENALTY}, \"fit_s\": {seconds:.4}, {line}}}", train.nrows());
}

fn banking77() -> Option<(Vec<String>, Vec<u32>, Vec<bool>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/banking77/items.csv");
    let mut reader = csv::Reader::from_path(path).ok()?;
    let headers = reader.headers().ok()?.clone();
    let place = |wanted: &str| headers.iter().position(|name| name == wanted);
    let (text, label, split) = (place("text")?, place("label")?, place("split")?);
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().ok()?;
    let mut names: Vec<&str> = rows.iter().map(|row| &row[label]).collect();
    names.sort_unstable();
    names.dedup();
    let labels = rows.iter().map(|row| names.partition_point(|name| *name < &row[label]) as u32).collect();
    let texts = rows.iter().map(|row| row[text].to_owned()).collect();
    Some((texts, labels, rows.iter().map(|row| &row[split] == "test").collect()))
}

/// `vectors.f32`, row by row, and `labels.txt`: a label and 1 for a test row on each line.
fn write(folder: &Path, vectors: &Array2<f32>, labels: &[u32], is_test: &[bool]) -> std::io::Result<()> {
    let bytes: Vec<u8> = vectors.iter().flat_map(|x| x.to_le_bytes()).collect();
    std::fs::write(folder.join("vectors.f32"), bytes)?;
    let lines: Vec<String> =
        labels.iter().zip(is_test).map(|(l, t)| format!("{l} {}", u8::from(*t))).collect();
    std::fs::write(folder.join("labels.txt"), lines.join("\n"))
}
