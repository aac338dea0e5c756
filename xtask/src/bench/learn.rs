//! Each part of the learning by itself, beside the Python packages that do the same.
//!
//! Criterion measures ours; what takes longer is timed by hand, and told as lines of JSON, `{"name": …, "seconds": 1.2,
//! …}`. A peer is a script `crates/learn/benches/peers/NAME.py` that does the same work on the same data and prints such
//! lines, too: `{"peer": "scikit-learn", "name": "ID OF OUR BENCHMARK", "seconds": 1.2, …}`. Whatever else is said of a
//! figure stands beside it. The first line of a script names what it needs, `# packages: scikit-learn`; one without that
//! line is part of others. Data go from ours to the peers through the folder that `ASSAY_BENCH` names.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};
use serde_json::Value;

use super::options::Options;
use super::table::{Table, number};
use super::{Section, python};
use crate::place::{Place, Profile, output};
use crate::step::step;

const PARTS: &str = "crates/learn/benches";
const PEERS: &str = "crates/learn/benches/peers";
/// Measures no part, but what they are good for together: a benchmark of its own.
const WHOLE: &str = "owner";

pub fn run(place: &Place, options: &Options) -> Result<Section> {
    let folder = place.target.join("criterion");
    let before = newest(&folder)?;
    let data = place.target.join("bench").join("learn");
    fs::create_dir_all(&data)?;
    let (mut peers, mut failures) = (Vec::new(), Vec::new());
    let mut cargo = place.cargo(["bench", "-p", "learn"]);
    for part in parts(&place.root.join(PARTS))? {
        cargo.args(["--bench", &part]);
    }
    cargo.env("ASSAY_BENCH", &data);
    if options.profile == Profile::Dev {
        cargo.args(["--profile", "dev"]);
    }
    match step("a sentence model", || python::sentence_model(place)) {
        Ok(model) => _ = cargo.env("ASSAY_MODEL", model),
        Err(error) => failures.push(format!("Sentence vectors could not be measured: {error:#}")),
    }
    let told = step("ours", || output(cargo))?;
    let mut ours = estimates(&folder, before)?;
    ours.extend(figures(&told)?.into_iter().map(|figure| (figure.name.clone(), figure)));
    for script in scripts(&place.root.join(PEERS))? {
        let name = script.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let source = fs::read_to_string(&script)?;
        let packages: Vec<&str> = packages(&source).collect();
        if packages.is_empty() {
            continue;
        }
        match step(&name, || peer(place, &script, &packages, &data)) {
            Ok(said) => peers.extend(said),
            Err(error) => failures.push(format!("{name} could not be measured: {error:#}")),
        }
    }
    let mut text = String::from("## The learning, part by part\n\n");
    if ours.is_empty() {
        text.push_str("Nothing is measured yet.\n");
    } else {
        text.push_str(
            "Ours: the estimate of the middle (criterion), or the best of three where it takes longer. A peer is \
             the Python package that does the same work on \
             the same data; the function alone is timed, not the start of Python. × is how many times longer it \
             takes.\n\n",
        );
        text.push_str(&table(&ours, &peers).to_string());
    }
    for peer in peers.iter().filter(|peer| !ours.contains_key(&peer.name)) {
        failures.push(format!("{} measured `{}`, and no benchmark of ours is called so", peer.of, peer.name));
    }
    for failure in &failures {
        text.push_str(&format!("\n{failure}\n"));
    }
    Ok(Section { text, failures })
}

fn table(ours: &BTreeMap<String, Figure>, peers: &[Figure]) -> Table {
    let mut table = Table::new(&["work", "Assay", "", "peer", "theirs", "×", ""]);
    for figure in ours.values() {
        let mut row = vec![figure.name.clone(), duration(figure.seconds), figure.more.clone()];
        let mut beside = peers.iter().filter(|peer| peer.name == figure.name).peekable();
        if beside.peek().is_none() {
            table.row(row.clone());
        }
        for peer in beside {
            row.truncate(3);
            let times = number(peer.seconds / figure.seconds);
            row.extend([peer.of.clone(), duration(peer.seconds), times, peer.more.clone()]);
            table.row(row.clone());
        }
    }
    table
}

/// What something took.
struct Figure {
    /// Whose it is: a package, or nothing where it is ours.
    of: String,
    name: String,
    seconds: f64,
    /// Whatever else was said of it.
    more: String,
}

fn scripts(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut scripts = Vec::new();
    if folder.is_dir() {
        for entry in fs::read_dir(folder)? {
            scripts.push(entry?.path());
        }
    }
    scripts.retain(|path| path.extension().is_some_and(|extension| extension == "py"));
    scripts.sort();
    Ok(scripts)
}

/// The names of our benchmarks.
fn parts(folder: &Path) -> Result<Vec<String>> {
    let mut parts = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if path.extension().is_some_and(|extension| extension == "rs") && name != WHOLE {
            parts.push(name);
        }
    }
    parts.sort();
    Ok(parts)
}

/// Runs a script in the root of the workspace, in an environment with what it needs.
fn peer(place: &Place, script: &Path, packages: &[&str], data: &Path) -> Result<Vec<Figure>> {
    let bin = python::with(place, packages)?;
    let mut command = python::program(&bin, "python");
    command.arg(script).current_dir(&place.root).env("ASSAY_BENCH", data);
    if packages.contains(&python::SENTENCE_MODEL) {
        command.env("ASSAY_MODEL", python::sentence_model(place)?);
    }
    figures(&output(command)?)
}

fn packages(source: &str) -> impl Iterator<Item = &str> {
    let first = source.lines().find(|line| !line.starts_with("#!")).unwrap_or_default();
    first.strip_prefix("# packages:").unwrap_or_default().split_whitespace()
}

/// The lines of JSON among what a script printed.
fn figures(printed: &str) -> Result<Vec<Figure>> {
    let lines = printed.lines().filter(|line| line.starts_with('{'));
    lines
        .map(|line| {
            let value: Value = serde_json::from_str(line).with_context(|| line.to_owned())?;
            let word = |key: &str| value[key].as_str().with_context(|| format!("no {key}: {line}"));
            let more = value.as_object().into_iter().flatten();
            let more = more.filter(|(key, _)| !matches!(key.as_str(), "peer" | "name" | "seconds"));
            let more = more.map(|(key, value)| match value.as_f64() {
                Some(figure) => format!("{key} {figure}"),
                None => format!("{key} {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
            });
            Ok(Figure {
                of: value["peer"].as_str().unwrap_or_default().to_owned(),
                name: word("name")?.to_owned(),
                seconds: value["seconds"].as_f64().with_context(|| format!("no seconds: {line}"))?,
                more: more.collect::<Vec<_>>().join(", "),
            })
        })
        .collect()
}

/// Seconds by the full id of a benchmark, as criterion keeps them: `…/new/benchmark.json` names it, `estimates.json`
/// beside it tells nanoseconds. Only what is newer than `after`.
fn estimates(folder: &Path, after: SystemTime) -> Result<BTreeMap<String, Figure>> {
    let mut found = BTreeMap::new();
    for named in benchmarks(folder)? {
        if fs::metadata(&named)?.modified()? <= after {
            continue;
        }
        let read = |path: &Path| -> Result<Value> { Ok(serde_json::from_str(&fs::read_to_string(path)?)?) };
        let (about, estimates) = (read(&named)?, read(&named.with_file_name("estimates.json"))?);
        let name = about["full_id"].as_str().context("a benchmark has an id")?.to_owned();
        let middle = estimates.pointer("/median/point_estimate").and_then(Value::as_f64);
        let seconds = middle.context("an estimate of the middle")? / 1e9;
        found.insert(name.clone(), Figure { of: String::new(), name, seconds, more: String::new() });
    }
    Ok(found)
}

/// When the newest benchmark of an earlier run was written.
fn newest(folder: &Path) -> Result<SystemTime> {
    let mut newest = SystemTime::UNIX_EPOCH;
    for named in benchmarks(folder)? {
        newest = newest.max(fs::metadata(named)?.modified()?);
    }
    Ok(newest)
}

/// Every `new/benchmark.json` below a folder.
fn benchmarks(folder: &Path) -> Result<Vec<PathBuf>> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        if !folder.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.ends_with("new/benchmark.json") {
                found.push(path);
            }
        }
    }
    Ok(found)
}

/// 0.00123 as `1.23 ms`.
fn duration(seconds: f64) -> String {
    match seconds {
        long if long >= 1.0 => format!("{} s", number(long)),
        short if short >= 1e-3 => format!("{} ms", number(short * 1e3)),
        tiny => format!("{} µs", number(tiny * 1e6)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_names_what_it_needs() {
        assert_eq!(
            packages("# packages: numpy krippendorff\nimport numpy").collect::<Vec<_>>(),
            ["numpy", "krippendorff"]
        );
        assert_eq!(packages("#!/usr/bin/env python3\n# packages: nltk\n").collect::<Vec<_>>(), ["nltk"]);
        assert_eq!(packages("import json").count(), 0);
    }

    #[test]
    fn what_a_peer_says() {
        let printed = "loading …\n{\"peer\": \"nltk\", \"name\": \"agreement/masi\", \"seconds\": 1.5, \"alpha\": 0.25}\n";
        let peers = figures(printed).expect("a line");
        assert_eq!((peers[0].of.as_str(), peers[0].name.as_str()), ("nltk", "agreement/masi"));
        assert_eq!((peers[0].seconds, peers[0].more.as_str()), (1.5, "alpha 0.25"));
        assert!(figures("{\"peer\": \"nltk\"}").is_err());
        let ours = "{\"name\": \"agreement/masi\", \"seconds\": 0.003}\n{\"name\": \"other\", \"seconds\": 2, \"rows\": 7}";
        let ours = figures(ours).expect("two lines").into_iter().map(|one| (one.name.clone(), one)).collect();
        let shown = table(&ours, &peers).to_string();
        assert!(shown.contains("| 3 ms  |        | nltk | 1.50 s | 500 | alpha 0.25 |"), "{shown}");
        assert!(shown.contains("| other          | 2 s   | rows 7 |"), "{shown}");
    }

    #[test]
    fn estimates_are_found_by_id() {
        let folder = std::env::temp_dir().join(format!("assay-criterion-{}", std::process::id()));
        let new = folder.join("group/part/new");
        fs::create_dir_all(&new).expect("a folder");
        fs::write(new.join("benchmark.json"), r#"{"full_id": "group/part"}"#).expect("its name");
        fs::write(new.join("estimates.json"), r#"{"median": {"point_estimate": 2e6}}"#).expect("its figures");
        let found = estimates(&folder, SystemTime::UNIX_EPOCH).expect("estimates");
        assert_eq!(found.len(), 1);
        assert_eq!(found["group/part"].seconds, 0.002);
        assert!(estimates(&folder, newest(&folder).expect("a time")).expect("none").is_empty());
        fs::remove_dir_all(&folder).expect("removed");
    }
}
