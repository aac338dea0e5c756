//! Softmax regression, as two lines of JSON: fitting 2,000 × 256 into 77 labels and rescoring 100,000 rows (generated;
//! what a person waits for after an answer), and training on Banking77's LSA vectors and its own split, where the data
//! lie beside the repository. `ASSAY_FEATURES` names a folder into which those vectors and labels are written for
//! `peers/classify.py`.

use learn::classify::{Classifier, Features, Report, Targets, log_loss};
use learn::lsa::{Lsa, LsaSpec};
use learn::text::TfIdf;
use learn::{select, text};
use ndarray::{Array2, Axis};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::path::Path;
use std::time::Instant;

const PENALTY: f64 = 0.1;

fn main() {
    refit();
    if let Some((texts, labels, is_test)) = banking77() {
        train(&texts, &labels, &is_test);
    }
}

fn refit() {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
    let centers = Array2::from_shape_simple_fn((77, 256), || random.r#gen::<f32>() - 0.5);
    let labels: Vec<u32> = (0..100_000).map(|i| i % 77).collect();
    let mut rows = Array2::zeros((100_000, 256));
    for (mut row, label) in rows.rows_mut().into_iter().zip(&labels) {
        row.assign(&centers.row(*label as usize));
        row.mapv_inplace(|x| x + 2.0 * (random.r#gen::<f32>() - 0.5));
        let length = row.dot(&row).sqrt();
        row.mapv_inplace(|x| x / length);
    }
    let all = Features::dense(rows.view());
    let some: Vec<usize> = (0..2_000).collect();
    let train = all.gather(&some);
    let classifier = Classifier::new(77).expect("there are labels");
    let mut best = [f64::INFINITY; 2];
    let mut iterations = 0;
    for _ in 0..5 {
        let clock = Instant::now();
        let model =
            classifier.fit(train.features(), Targets::One(&labels[..2_000]), None).expect("rows are whole");
        let fit = clock.elapsed().as_secs_f64();
        let scores = model.map(all, select::margin).expect("rows are whole");
        best = [best[0].min(fit), best[1].min(clock.elapsed().as_secs_f64() - fit)];
        iterations = model.iterations();
        assert_eq!(scores.len(), 100_000);
    }
    println!(
        "{{\"fit_s\": {:.4}, \"iterations\": {iterations}, \"rescore_s\": {:.4}, \"both_s\": {:.4}}}",
        best[0],
        best[1],
        best[0] + best[1]
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
