//! Each part of the learning by itself, beside the Python packages that do the same.
//!
//! Criterion measures ours. A peer is a script `crates/learn/benches/peers/NAME.py` that does the same work on the same
//! data and prints lines of JSON, `{"peer": "scikit-learn", "name": "ID OF OUR BENCHMARK", "seconds": 1.2, …}`; whatever
//! else it says of itself stands beside its figure. Its first line names what it needs: `# packages: scikit-learn`.
//! Scripts without that line are given their data by hand, or are part of others.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};
use serde_json::Value;

use super::options::Options;
use super::table::{Table, number};
use super::{Section, python};
use crate::place::{Place, Profile, output, run as to_the_end};
use crate::step::step;

const PEERS: &str = "crates/learn/benches/peers";

pub fn run(place: &Place, options: &Options) -> Result<Section> {
    let folder = place.target.join("criterion");
    let before = newest(&folder)?;
    let mut cargo = place.cargo(["bench", "-p", "learn"]);
    if options.profile == Profile::Dev {
        cargo.args(["--profile", "dev"]);
    }
    step("ours", || to_the_end(cargo))?;
    let ours = estimates(&folder, before)?;
    let (mut peers, mut failures) = (Vec::new(), Vec::new());
    for script in scripts(&place.root.join(PEERS))? {
        let name = script.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let source = fs::read_to_string(&script)?;
        let packages: Vec<&str> = packages(&source).collect();
        if packages.is_empty() {
            continue;
        }
        match step(&name, || peer(place, &script, &packages)) {
            Ok(said) => peers.extend(said),
            Err(error) => failures.push(format!("{name} could not be measured: {error:#}")),
        }
    }
    let mut text = String::from("## The learning, part by part\n\n");
    if ours.is_empty() {
        text.push_str("Nothing is measured yet.\n");
    } else {
        text.push_str(
            "Ours: the estimate of the middle (criterion). A peer is the Python package that does the same work on \
             the same data; the function alone is timed, not the start of Python. × is how many times longer it \
             takes.\n\n",
        );
        text.push_str(&table(&ours, &peers).to_string());
    }
    for peer in peers.iter().filter(|peer| !ours.contains_key(&peer.name)) {
        failures
            .push(format!("{} measured `{}`, and no benchmark of ours is called so", peer.peer, peer.name));
    }
    for failure in &failures {
        text.push_str(&format!("\n{failure}\n"));
    }
    Ok(Section { text, failures })
}

fn table(ours: &BTreeMap<String, f64>, peers: &[Peer]) -> Table {
    let mut table = Table::new(&["work", "Assay", "peer", "theirs", "×", "beside"]);
    for (name, seconds) in ours {
        let mut beside = peers.iter().filter(|peer| peer.name == *name).peekable();
        if beside.peek().is_none() {
            table.row([name.clone(), duration(*seconds)]);
        }
        for peer in beside {
            table.row([
                name.clone(),
                duration(*seconds),
                peer.peer.clone(),
                duration(peer.seconds),
                number(peer.seconds / seconds),
                peer.more.clone(),
            ]);
        }
    }
    table
}

/// What another package needed for the same.
struct Peer {
    peer: String,
    name: String,
    seconds: f64,
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

/// Runs a script in the root of the workspace, in an environment of its own.
fn peer(place: &Place, script: &Path, packages: &[&str]) -> Result<Vec<Peer>> {
    let stem = script.file_stem().unwrap_or_default().to_string_lossy();
    let bin = python::environment(place, &format!("learn-{stem}"), packages)?;
    let mut command = python::program(&bin, "python");
    command.arg(script).current_dir(&place.root);
    said(&output(command)?)
}

fn packages(source: &str) -> impl Iterator<Item = &str> {
    let first = source.lines().find(|line| !line.starts_with("#!")).unwrap_or_default();
    first.strip_prefix("# packages:").unwrap_or_default().split_whitespace()
}

/// The lines of JSON among what a script printed.
fn said(printed: &str) -> Result<Vec<Peer>> {
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
            Ok(Peer {
                peer: word("peer")?.to_owned(),
                name: word("name")?.to_owned(),
                seconds: value["seconds"].as_f64().with_context(|| format!("no seconds: {line}"))?,
                more: more.collect::<Vec<_>>().join(", "),
            })
        })
        .collect()
}

/// Seconds by the full id of a benchmark, as criterion keeps them: `…/new/benchmark.json` names it, `estimates.json`
/// beside it tells nanoseconds. Only what is newer than `after`.
fn estimates(folder: &Path, after: SystemTime) -> Result<BTreeMap<String, f64>> {
    let mut found = BTreeMap::new();
    for named in benchmarks(folder)? {
        if fs::metadata(&named)?.modified()? <= after {
            continue;
        }
        let read = |path: &Path| -> Result<Value> { Ok(serde_json::from_str(&fs::read_to_string(path)?)?) };
        let (about, estimates) = (read(&named)?, read(&named.with_file_name("estimates.json"))?);
        let name = about["full_id"].as_str().context("a benchmark has an id")?;
        let middle = estimates.pointer("/median/point_estimate").and_then(Value::as_f64);
        found.insert(name.to_owned(), middle.context("an estimate of the middle")? / 1e9);
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
        let peers = said(printed).expect("a line");
        assert_eq!((peers[0].peer.as_str(), peers[0].name.as_str()), ("nltk", "agreement/masi"));
        assert_eq!((peers[0].seconds, peers[0].more.as_str()), (1.5, "alpha 0.25"));
        assert!(said("{\"peer\": \"nltk\"}").is_err());
        let ours = BTreeMap::from([("agreement/masi".to_owned(), 0.003), ("other".to_owned(), 2.0)]);
        let shown = table(&ours, &peers).to_string();
        assert!(shown.contains("| 3 ms  | nltk | 1.50 s | 500 | alpha 0.25 |"), "{shown}");
        assert!(shown.contains("| other          | 2 s"), "{shown}");
    }

    #[test]
    fn estimates_are_found_by_id() {
        let folder = std::env::temp_dir().join(format!("assay-criterion-{}", std::process::id()));
        let new = folder.join("group/part/new");
        fs::create_dir_all(&new).expect("a folder");
        fs::write(new.join("benchmark.json"), r#"{"full_id": "group/part"}"#).expect("its name");
        fs::write(new.join("estimates.json"), r#"{"median": {"point_estimate": 2e6}}"#).expect("its figures");
        let found = estimates(&folder, SystemTime::UNIX_EPOCH).expect("estimates");
        assert_eq!(found, BTreeMap::from([("group/part".to_owned(), 0.002)]));
        assert!(estimates(&folder, newest(&folder).expect("a time")).expect("none").is_empty());
        fs::remove_dir_all(&folder).expect("removed");
    }
}
