//! A simulated owner on Discover: what comes of opening groups of a pile that nobody has read, beside single answers for
//! the same time.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use super::options::Options;
use super::table::Table;
use super::{Section, python};
use crate::place::{Place, Profile, output};
use crate::step::step;

/// Where the data lie beside the repository: they are not ours to carry along.
const DATA: &str = "../shared/data/banking77/items.csv";
const MINUTES: [u64; 5] = [10, 20, 30, 60, 120];
const TARGETS: [f64; 3] = [0.60, 0.70, 0.75];

pub fn run(place: &Place, options: &Options) -> Result<Section> {
    let data = place.root.join(DATA);
    if !data.is_file() {
        let text = format!("## An owner who opens groups\n\nThe data are not at `{DATA}`.\n");
        return Ok(Section { text, failures: vec![format!("{DATA} is missing")] });
    }
    let mut failures = Vec::new();
    let model = step("a sentence model", || python::sentence_model(place));
    let model = model.map_err(|error| {
        failures.push(format!("Static and sentence vectors could not be measured: {error:#}"));
    });
    let told = step("the owner at work", || told(place, options, &data, model.as_deref().ok()))?;
    let mut text = section(&told)?;
    for failure in &failures {
        text.push_str(&format!("\n{failure}\n"));
    }
    Ok(Section { text, failures })
}

/// The lines of JSON that the benchmark prints.
fn told(place: &Place, options: &Options, data: &Path, model: Option<&Path>) -> Result<Vec<Value>> {
    let mut cargo = place.cargo(["bench", "-p", "learn", "--bench", "owner"]);
    cargo.env("ASSAY_BANKING77", data).env_remove("ASSAY_MODEL");
    if let Some(model) = model {
        cargo.env("ASSAY_MODEL", model);
    }
    if options.profile == Profile::Dev {
        cargo.args(["--profile", "dev"]);
    }
    lines(&output(cargo)?)
}

fn lines(printed: &str) -> Result<Vec<Value>> {
    let lines = printed.lines().filter(|line| line.starts_with('{'));
    lines.map(|line| serde_json::from_str(line).with_context(|| line.to_owned())).collect()
}

fn section(told: &[Value]) -> Result<String> {
    let after: Vec<String> = MINUTES.iter().map(|minutes| format!("{minutes} minutes")).collect();
    let heads = |more: &[String]| {
        let heads: Vec<&str> =
            ["vectors", "how"].into_iter().chain(more.iter().map(String::as_str)).collect();
        Table::new(&heads)
    };
    let (mut scores, mut labeled) = (heads(&after), heads(&after));
    let targets: Vec<String> = TARGETS
        .iter()
        .flat_map(|target| [format!("minutes to {target:.2}"), String::from("of random's")])
        .chain([String::from("to reach")])
        .collect();
    let mut reached = heads(&targets);
    let mut people: Vec<(&str, &str)> = Vec::new();
    for line in told.iter().filter(|line| line["table"] == "after") {
        let one = (word(line, "vectors")?, word(line, "who")?);
        if !people.contains(&one) {
            people.push(one);
        }
    }
    for (vectors, who) in people {
        let find = |table: &str, key: &str, wanted: f64| {
            told.iter().find(|line| {
                line["table"] == table
                    && line["vectors"] == vectors
                    && line["who"] == who
                    && line[key].as_f64().is_some_and(|found| (found - wanted).abs() < 1e-9)
            })
        };
        let row = |cells: Vec<String>| [vectors.to_owned(), who.to_owned()].into_iter().chain(cells);
        let at: Vec<&Value> =
            MINUTES.iter().filter_map(|&minutes| find("after", "minutes", minutes as f64)).collect();
        scores.row(row(at.iter().map(|line| interval(&line["macro_f1"], 1.0, 3)).collect()));
        labeled.row(row(at.iter().map(|line| given(line)).collect()));
        let cells = TARGETS
            .iter()
            .filter_map(|&target| find("to", "macro_f1", target))
            .flat_map(|line| [interval(&line["seconds"], 60.0, 1), interval(&line["of_random"], 1.0, 2)]);
        let goal = if who == "random" { "" } else { "at most 0.33 × random" };
        reached.row(row(cells.chain([goal.to_owned()]).collect()));
    }
    let mut cuts = Table::new(&["vectors", "grain", "groups", "purity"]);
    for line in told.iter().filter(|line| line["table"] == "cut") {
        cuts.row([
            word(line, "vectors")?.to_owned(),
            word(line, "grain")?.to_owned(),
            interval(&line["groups"], 1.0, 0),
            interval(&line["purity"], 1.0, 3),
        ]);
    }
    Ok(format!(
        "## An owner who opens groups\n\n{ABOUT}\n\nMacro-F1 on the test part of a model trained on what is labeled after \
         so many minutes:\n\n{scores}\nWhat is labeled then, with which precision, and how many different labels are in \
         use:\n\n{labeled}\nMinutes to a macro-F1, where every seed reaches it within 150 minutes, and the ratio to \
         random's, seed by seed:\n\n{reached}\nThe groups that the owner starts from:\n\n{cuts}"
    ))
}

const ABOUT: &str = "The pile is Banking77's training part, 10,003 messages of 77 intents that nobody has read. A simulated \
     owner opens groups as a run of Discover makes them, 45 seconds each: names a group by the majority of 10 typical items, \
     splits it in two if fewer than 7 agree; else judges a page of 20 drawn at random, 15 seconds, and labels all but those \
     unticked if 18 are right, splits it if not; a smallest group is looked through page by page. `themes` and `details` are \
     the groups to start from. `random` and `queue` answer one item in 6 seconds, at random or as a queue picks by default. \
     `details, then queue` changes over after 20 minutes. So does `queue, then its groups judged`: it opens no group, takes \
     the name from the answers that lie in it (7 of 10 agree) and judges the page of 20. The model is softmax regression on \
     tf-idf and the vectors, measured on the 3,080 messages of the test part. 10 seeds for random, 5 for the others; means \
     with 95% intervals over seeds.\n\n\
     A label that comes from an opened group costs a minute at least, and macro-F1 is never above the share of labels in use: \
     .75 takes 58 labels, and with them 58 minutes, however pure the groups are. Groups give many items \
     of few labels at high precision; single answers give many labels. What groups give looks alike and is unevenly spread: a \
     model learns little from it, and wrongly how often to expect each label, so its macro-F1 can fall as items are labeled.";

fn word<'v>(line: &'v Value, key: &str) -> Result<&'v str> {
    line[key].as_str().with_context(|| format!("no {key}: {line}"))
}

/// `0.512 [0.500, 0.524]` of a mean and its interval, in units of `unit`; nothing of null.
fn interval(value: &Value, unit: f64, digits: usize) -> String {
    let Some([mean, low, high]) = value.as_array().map(Vec::as_slice) else { return String::new() };
    let figure = |value: &Value| {
        let text = format!("{:.digits$}", value.as_f64().unwrap_or(f64::NAN) / unit);
        // Nothing is below zero, and an end that rounds to it has no sign.
        if text.parse() == Ok(0.0) { text.trim_start_matches('-').to_owned() } else { text }
    };
    if mean == low && mean == high {
        return figure(mean);
    }
    format!("{} [{}, {}]", figure(mean), figure(low), figure(high))
}

/// `693 at 0.988, 23 labels`.
fn given(line: &Value) -> String {
    let mean = |key: &str| line[key][0].as_f64().unwrap_or(0.0);
    if mean("labeled") == 0.0 {
        return String::from("none");
    }
    let precision = line["precision"][0].as_f64().map_or_else(String::new, |share| format!(" at {share:.3}"));
    format!("{:.0}{precision}, {:.0} labels", mean("labeled"), mean("labels"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_tables() {
        let printed = "building\n\
            {\"table\": \"cut\", \"vectors\": \"LSA\", \"grain\": \"themes\", \"groups\": [97, 96, 98], \"purity\": [0.5, 0.4, 0.6]}\n\
            {\"table\": \"after\", \"vectors\": \"LSA\", \"who\": \"queue\", \"minutes\": 10, \"labeled\": [100, 100, 100], \
            \"precision\": [1, 1, 1], \"labels\": [62.4, 60, 64], \"macro_f1\": [0.4, 0.39, 0.41]}\n\
            {\"table\": \"to\", \"vectors\": \"LSA\", \"who\": \"queue\", \"macro_f1\": 0.7, \"seconds\": [2400, 2340, 2460], \
            \"of_random\": null}\n";
        let text = section(&lines(printed).expect("lines")).expect("tables");
        for part in ["0.400 [0.390, 0.410]", "100 at 1.000, 62 labels", "40.0 [39.0, 41.0]", "97 [96, 98]"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(lines("{").is_err());
    }
}
