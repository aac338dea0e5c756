//! What comes out on real texts: `assay train`, `simulate` and `cluster` on Banking77, by its own split.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use super::options::Options;
use super::programs::{Programs, told};
use super::table::{Table, number};
use super::{Section, python};
use crate::place::{Place, output};
use crate::step::step;

/// Where the data lie beside the repository: they are not ours to carry along.
const DATA: &str = "../shared/data/banking77/items.csv";

/// Dense vectors, as the commands name them and as people read them, with what is to be reached with them.
struct Kind {
    name: &'static str,
    encoder: String,
    accuracy: f64,
    /// An accuracy, and the share of random's labels at most that the default strategy takes to it.
    labels: (f64, f64),
    nmi: f64,
}

pub fn run(place: &Place, options: &Options) -> Result<Section> {
    let data = place.root.join(DATA);
    if !data.is_file() {
        let text = format!("## What comes out on Banking77\n\nThe data are not at `{DATA}`.\n");
        return Ok(Section { text, failures: vec![format!("{DATA} is missing")] });
    }
    let programs = Programs::build(place, options)?;
    let seeds = options.count("seeds", 10)?.to_string();
    let folder = place.target.join("bench").join("quality");
    fs::create_dir_all(&folder)?;
    let model = step("a sentence model", || python::sentence_model(place))?;
    let kinds = [
        Kind { name: "LSA", encoder: "lsa".into(), accuracy: 0.91, labels: (0.80, 0.68), nmi: 0.61 },
        Kind {
            name: "MiniLM",
            encoder: format!("sentence:{}", model.display()),
            accuracy: 0.935,
            labels: (0.88, 0.45),
            nmi: 0.775,
        },
    ];
    let mut trained = Table::new(&[
        "features",
        "accuracy",
        "to reach",
        "macro-F1",
        "log loss, calibrated",
        "calibration error before",
        "after",
        "nearest centroid",
    ]);
    let mut saved = Table::new(&["vectors", "strategy", "labels to", "", "of random's", "area", "to reach"]);
    let mut found = Table::new(&["vectors", "as the texts are", "over 10 neighbours", "to reach"]);
    for kind in &kinds {
        let ask = |words: &[&str]| ask(&programs, &data, kind, words);
        let train = step(&format!("train, {}", kind.name), || ask(&["train", "--split", "split"]))?;
        trained.row([
            format!("tf-idf and {}", kind.name),
            share(&train, "/accuracy"),
            format!("at least {}", kind.accuracy),
            share(&train, "/macro_f1"),
            share(&train, "/log_loss/after"),
            share(&train, "/calibration_error/before"),
            share(&train, "/calibration_error/after"),
            share(&train, "/baselines/nearest_centroid/accuracy"),
        ]);
        let target = kind.labels.0.to_string();
        let words = [
            "simulate",
            "--split",
            "split",
            "--seeds",
            &seeds,
            "--target",
            &target,
            "--budget",
            "2500",
            "--strategies",
            "random,margin,diverse-margin,default",
        ];
        let replayed = step(&format!("simulate, {}", kind.name), || ask(&words))?;
        for strategy in replayed["strategies"].as_array().context("strategies")? {
            saved.row(row_of(kind, strategy));
        }
        let step_name = format!("cluster, {}", kind.name);
        let nmi = step(&step_name, || clusters(place, &folder, kind, &data, &programs))?;
        found.row([
            kind.name.to_owned(),
            format!("{:.3}", told(&nmi, "/0")),
            format!("{:.3}", told(&nmi, "/1")),
            format!("at least {}", kind.nmi),
        ]);
    }
    let text = format!(
        "## What comes out on Banking77\n\n\
         13,083 messages of 77 intents, by their own split where one is asked for.\n\n\
         `assay train`: trained on 10,003, measured on 3,080.\n\n{trained}\n\
         `assay simulate`: 150 to start with, 100 at a time, {seeds} paired seeds. Labels to the accuracy that is named, \
         with 95% intervals; their ratio to random's, seed by seed; the mean accuracy over all labels (area under the \
         curve). `default` is what a queue does.\n\n{saved}\n\
         `assay cluster --clusters 77`: normalized mutual information with the intents (scikit-learn's measure).\n\n{found}"
    );
    Ok(Section { text, failures: Vec::new() })
}

/// What a command says of the data.
fn ask(programs: &Programs, data: &Path, kind: &Kind, words: &[&str]) -> Result<Value> {
    let mut assay = programs.assay();
    assay.args(&words[..1]).arg(data).args(&words[1..]);
    assay.args(["--id", "item_id", "--json", "--encoder", &kind.encoder]);
    serde_json::from_str(&output(assay)?).with_context(|| format!("what assay {} printed", words[0]))
}

fn row_of(kind: &Kind, strategy: &Value) -> Vec<String> {
    let (target, most) = kind.labels;
    let name = strategy["strategy"].as_str().unwrap_or_default();
    let interval = |path: &str, digits: usize| {
        let at = |end: &str| told(strategy, &format!("{path}/{end}"));
        format!("{:.digits$} [{:.digits$}, {:.digits$}]", at("value"), at("low"), at("high"))
    };
    let reached = |path: &str, digits| match strategy[path].is_null() {
        true => String::new(),
        false => interval(&format!("/{path}"), digits),
    };
    vec![
        kind.name.to_owned(),
        name.to_owned(),
        number(target),
        reached("labels_to_target", 0),
        reached("ratio_to_random", 3),
        interval("/area", 3),
        if name == "default" { format!("at most {most} × random") } else { String::new() },
    ]
}

/// Clusters with and without smoothing, and how well they match the labels.
fn clusters(place: &Place, folder: &Path, kind: &Kind, data: &Path, programs: &Programs) -> Result<Value> {
    let mut files: Vec<PathBuf> = Vec::new();
    for neighbours in ["0", "10"] {
        let file = folder.join(format!("{}-{neighbours}.csv", kind.name));
        let mut assay = programs.assay();
        assay.arg("cluster").arg(data).args([
            "--id",
            "item_id",
            "--clusters",
            "77",
            "--encoder",
            &kind.encoder,
        ]);
        assay.args(["--neighbours", neighbours, "--json", "--out"]).arg(&file);
        output(assay)?;
        files.push(file);
    }
    let bin = python::with(place, &["scikit-learn"])?;
    let mut nmi = python::program(&bin, "python");
    nmi.arg(place.root.join("crates/learn/benches/peers/nmi.py")).arg(data).args(&files);
    serde_json::from_str(&output(nmi)?).context("what nmi.py printed")
}

fn share(value: &Value, path: &str) -> String {
    format!("{:.4}", told(value, path))
}
