//! Eight people on three products, one after another in the same run: Assay, Label Studio, Potato.
//!
//! The programs that drive the others lie beside the repository, in `../shared/peers`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::options::Options;
use super::process::Group;
use super::programs::{Programs, told};
use super::table::{Table, number};
use super::{Section, load, python};
use crate::place::{Place, output};
use crate::postgres::free_port;
use crate::step::step;

const DRIVERS: &str = "../shared/peers";
const LABEL_STUDIO: &str = "label-studio==1.23.2";
const POTATO: &str = "potato-annotation==2.12.1";
const PEOPLE: &str = "8";
/// Of a Label Studio that lives for minutes, on loopback.
const TOKEN: &str = "0123456789abcdef0123456789abcdef01234567";
const PATIENCE: Duration = Duration::from_secs(300);

pub fn run(place: &Place, options: &Options) -> Result<Section> {
    let programs = Programs::build(place, options)?;
    let job = Job {
        place,
        folder: place.target.join("bench").join("peers"),
        drivers: place.root.join(DRIVERS),
        items: options.count("items", 10_000)?,
        seconds: options.size("seconds", "20"),
        solo: options.size("solo", "100"),
    };
    let assay = step("Assay", || {
        let (items, seconds) = (job.items.to_string(), job.seconds.as_str());
        programs.measure(None, &["load", "--people", PEOPLE, "--items", &items, "--seconds", seconds])
    })?;
    let mut rows = vec![Measured::assay(&assay)];
    let mut notes = Vec::new();
    if job.drivers.is_dir() {
        let peers: [(&str, Peer); 2] = [("Label Studio", label_studio), ("Potato", potato)];
        for (name, measure) in peers {
            // One product that can't be had must not cost the figures of the others.
            match step(name, || job.fresh(name).and_then(|folder| measure(&job, &folder))) {
                Ok(measured) => rows.push(measured),
                Err(error) => notes.push(format!("{name} could not be measured: {error:#}")),
            }
        }
    } else {
        notes.push(format!(
            "The programs that drive other products are not there (`{DRIVERS}`): they are left out."
        ));
    }
    let mut text = format!(
        "## Beside other products\n\n\
         {PEOPLE} people, each with an account of their own, answer {} items with overlap 1 as fast as they are let, on \
         the same machine, one product after another. Assay answers and hands out the next item in one request, the \
         others take one for each; the times are of both together. Every product on its embedded database, or without \
         one where it has none. *Memory* is the most that Assay ever held, and what the others hold at the end. *Given twice*: answers beyond \
         the one that was asked for.\n\n{}",
        number(job.items as f64),
        table(&rows)
    );
    for note in &notes {
        text.push_str(&format!("\n{note}\n"));
    }
    let mut failures = load::failures(&assay);
    failures.extend(notes);
    Ok(Section { text, failures })
}

type Peer = fn(&Job, &Path) -> Result<Measured>;

struct Job<'a> {
    place: &'a Place,
    folder: PathBuf,
    drivers: PathBuf,
    items: usize,
    seconds: String,
    solo: String,
}

impl Job<'_> {
    /// An empty folder for a product's data.
    fn fresh(&self, name: &str) -> Result<PathBuf> {
        let folder = self.folder.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// The texts that Assay gets, too.
    fn texts(&self) -> impl Iterator<Item = sample::Message> {
        sample::messages(7, 1_793_610_000_000_000).take(self.items)
    }

    /// Runs the program that drives a product, with the Python that the product runs in.
    fn drive(&self, bin: &Path, file: &str, words: &[&str]) -> Result<Value> {
        let mut driver = python::program(bin, "python");
        driver.arg(self.drivers.join(file)).args(words);
        driver.args(["--annotators", PEOPLE, "--seconds", &self.seconds, "--solo", &self.solo]);
        let said = output(driver)?;
        serde_json::from_str(&said).with_context(|| format!("what {file} printed: {said}"))
    }
}

/// One product.
struct Measured {
    name: String,
    answers_per_second: f64,
    /// Milliseconds to send an answer and hold the next item, one person alone.
    alone: f64,
    start_seconds: f64,
    memory: f64,
    /// Answers beyond the one that each item should have; nothing where it can't be known.
    doubled: Option<f64>,
    errors: f64,
}

impl Measured {
    fn assay(value: &Value) -> Measured {
        Measured {
            name: "Assay".to_owned(),
            answers_per_second: told(value, "/all/per_second"),
            alone: told(value, "/alone/p50_ms"),
            start_seconds: told(value, "/start_ms/2") / 1e3,
            memory: told(value, "/peak_mb"),
            // A broken promise would be a failure, and this is one of them.
            doubled: Some(0.0),
            errors: told(value, "/all/errors"),
        }
    }
}

fn table(rows: &[Measured]) -> Table {
    let heads = ["", "answers a second", "one alone, p50", "start", "memory", "given twice", "errors"];
    let mut table = Table::new(&heads);
    let Some(assay) = rows.first() else { return table };
    for row in rows {
        // How many times better Assay is.
        let beside = |factor: f64| {
            if std::ptr::eq(row, assay) { String::new() } else { format!(" ({} ×)", number(factor)) }
        };
        table.row([
            row.name.clone(),
            number(row.answers_per_second) + &beside(assay.answers_per_second / row.answers_per_second),
            number(row.alone) + " ms" + &beside(row.alone / assay.alone),
            number(row.start_seconds) + " s" + &beside(row.start_seconds / assay.start_seconds),
            number(row.memory) + " MB" + &beside(row.memory / assay.memory),
            row.doubled.map_or_else(|| "not told".to_owned(), |n| format!("{n:.0}")),
            format!("{:.0}", row.errors),
        ]);
    }
    table
}

fn label_studio(job: &Job, folder: &Path) -> Result<Measured> {
    let bin = python::environment(job.place, "label-studio", &[LABEL_STUDIO])?;
    let port = free_port()?;
    let at = port.to_string();
    let quiet = |command: &mut Command| {
        command.env("LABEL_STUDIO_BASE_DATA_DIR", folder).env("LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN", "true");
        command.env("COLLECT_ANALYTICS", "false").env("LATEST_VERSION_CHECK", "false");
        command.current_dir(folder);
    };
    let start = || {
        let mut command = python::program(&bin, "label-studio");
        command.args(["start", "--no-browser", "--port", &at, "--internal-host", "127.0.0.1"]);
        command.args([
            "--username",
            "owner@bench.example",
            "--password",
            "a long password",
            "--user-token",
            TOKEN,
        ]);
        quiet(&mut command);
        Group::start(command, &folder.join("server.log"))
    };
    // The first start makes the database, which Assay's measured start doesn't do either.
    start()?.ready(port, "/health", PATIENCE)?;
    let mut server = start()?;
    let start_seconds = server.ready(port, "/health", PATIENCE)?;
    let mut people = python::program(&bin, "python");
    people.arg(job.place.root.join("xtask/bench/label_studio_people.py")).arg(PEOPLE);
    quiet(&mut people);
    let people = output(people)?;
    let people = people.lines().last().context("tokens of annotators")?;

    // One text a line: the driver reads them so.
    let texts: Vec<String> =
        job.texts().map(|message| message.text.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let file = folder.join("texts.txt");
    fs::write(&file, texts.join("\n"))?;
    let (base, items) = (format!("http://127.0.0.1:{port}"), job.items.to_string());
    let file = file.display().to_string();
    let words = ["--base", &base, "--token", TOKEN, "--people", people, "--texts", &file, "--n", &items];
    let value = job.drive(&bin, "label_studio.py", &words)?;
    let memory = server.memory();
    Ok(Measured {
        name: named(LABEL_STUDIO),
        answers_per_second: told(&value, "/load/labels_per_s"),
        alone: told(&value, "/solo/submit_p50_ms") + told(&value, "/solo/next_p50_ms"),
        start_seconds,
        memory,
        // The export has a row for each item, and one more for each further answer to it.
        doubled: value["export_rows"].as_f64().map(|rows| rows - job.items as f64),
        errors: told(&value, "/load/errors"),
    })
}

fn potato(job: &Job, folder: &Path) -> Result<Measured> {
    let bin = python::environment(job.place, "potato", &[POTATO])?;
    let port = free_port()?;
    let items =
        job.texts().map(|message| json!({ "id": message.external_id, "text": message.text }).to_string());
    fs::write(folder.join("items.jsonl"), items.collect::<Vec<_>>().join("\n"))?;
    fs::write(folder.join("config.yaml"), POTATO_CONFIG)?;
    let start = || {
        let mut command = python::program(&bin, "potato");
        command.args(["start", "config.yaml", "-p", &port.to_string(), "--host", "127.0.0.1"]);
        command.current_dir(folder);
        Group::start(command, &folder.join("server.log"))
    };
    // As with the others: what a first start makes is not measured.
    start()?.ready(port, "/", PATIENCE)?;
    let mut server = start()?;
    let start_seconds = server.ready(port, "/", PATIENCE)?;
    let value = job.drive(&bin, "potato.py", &["--base", &format!("http://127.0.0.1:{port}")])?;
    let memory = server.memory();
    // Ended before its files are read: it writes them then.
    drop(server);
    Ok(Measured {
        name: named(POTATO),
        answers_per_second: told(&value, "/load/labels_per_s"),
        alone: told(&value, "/solo/submit_p50_ms") + told(&value, "/solo/next_p50_ms"),
        start_seconds,
        memory,
        doubled: Some(given_twice(&folder.join("annotations"))?),
        errors: told(&value, "/load/errors"),
    })
}

/// Each person has a file of what they said of which item.
fn given_twice(folder: &Path) -> Result<f64> {
    let (mut items, mut n_answers) = (BTreeSet::new(), 0);
    for person in fs::read_dir(folder)? {
        let Ok(state) = fs::read_to_string(person?.path().join("user_state.json")) else { continue };
        let state: Value = serde_json::from_str(&state)?;
        let answered = state["instance_id_to_label_to_value"].as_object();
        let answered = answered.context("what a person said, in Potato's own file")?;
        n_answers += answered.len();
        items.extend(answered.keys().cloned());
    }
    Ok((n_answers - items.len()) as f64)
}

/// The package and its version as words.
fn named(package: &str) -> String {
    let (name, version) = package.split_once("==").unwrap_or((package, ""));
    let name = if name == "label-studio" { "Label Studio" } else { "Potato" };
    format!("{name} {version}")
}

const POTATO_CONFIG: &str = "\
annotation_task_name: bench
task_dir: .
output_annotation_dir: annotations
output_annotation_format: jsonl
data_files: [items.jsonl]
item_properties: {id_key: id, text_key: text}
require_password: true
user_config: {allow_all_users: true, users: []}
max_annotations_per_item: 1
annotation_schemes:
  - annotation_type: radio
    name: intent
    description: What is it about?
    labels: [a, b, c, d, e, f, g, h, i, j]
";
