//! What `assay consensus` writes and prints.

use super::known::Known;
use super::resolve::{Person, Resolved, State};
use super::{Consensus, Method};
use crate::Error;
use crate::grid::{self, Grid};
use crate::ratings::{Answers, Columns};
use clap::ValueEnum;
use ndarray::Array2;
use serde_json::{Map, Value, json};
use std::io::Write;
use std::path::Path;

/// The labels, in the order in which items came.
pub fn write(path: &Path, resolved: &Resolved, answers: &Answers, columns: &Columns) -> Result<(), Error> {
    let mark = columns.multi.as_deref().unwrap_or_default();
    let failed = |e: csv::Error| Error::file(path)(std::io::Error::other(e));
    let file = std::fs::File::create(path).map_err(Error::file(path))?;
    let mut csv = csv::Writer::from_writer(std::io::BufWriter::new(file));
    csv.write_record(["item", "label", "confidence", "n_answers", "state"]).map_err(failed)?;
    for (number, item) in resolved.items.iter().enumerate() {
        csv.write_record([
            answers.items.name(number as u32),
            &labels(item.labels.as_deref().unwrap_or_default(), answers, mark),
            &format!("{:.6}", item.confidence),
            &item.n_answers.to_string(),
            item.state.as_str(),
        ])
        .map_err(failed)?;
    }
    csv.flush().map_err(Error::file(path))
}

/// In the order of their names.
fn labels(labels: &[u32], answers: &Answers, mark: &str) -> String {
    let mut names: Vec<&str> = labels.iter().map(|label| answers.labels.name(*label)).collect();
    names.sort_unstable();
    names.join(mark)
}

pub fn json(
    asked: &Consensus,
    resolved: &Resolved,
    answers: &Answers,
    known: &Known,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let sorted = answers.labels.sorted();
    let names: Vec<&str> = sorted.iter().map(|label| answers.labels.name(*label)).collect();
    let is_multi = asked.columns.multi.is_some();
    let annotators: Vec<Value> = answers
        .annotators
        .sorted()
        .into_iter()
        .map(|who| {
            let person = &resolved.people[who as usize];
            let mut all = json!({
                "annotator": answers.annotators.name(who),
                "n_answers": person.n_answers,
                "judged": person.is_judged,
                "accuracy": person.accuracy,
                "golden": golden(person),
            });
            if is_multi {
                let each = |(label, name): (&u32, &&str)| {
                    json!({ "label": name, "confusion": matrix(&person.confusion[*label as usize], &[0, 1]) })
                };
                all["per_label"] = sorted.iter().zip(&names).map(each).collect();
            } else {
                all["confusion"] = person.confusion.first().map_or(Value::Null, |table| matrix(table, &sorted));
            }
            all
        })
        .collect();
    let model = resolved.model.as_ref();
    let all = json!({
        "method": asked.method.to_possible_value().map(|word| word.get_name().to_owned()),
        "shrinkage": (asked.method == Method::DawidSkene).then(|| asked.shrinkage.unwrap_or(1.0)),
        "smoothing": (asked.method == Method::OneCoin).then(|| asked.smoothing.unwrap_or(1.0)),
        "n_items": resolved.items.len(),
        "n_annotators": resolved.people.len(),
        "n_answers": resolved.n_answers,
        "n_repeats_dropped": resolved.n_repeats_dropped,
        "left_out": answers.left_out.json(),
        "label_spellings": answers.labels.spellings(),
        "n_not_judged": n_not_judged(resolved),
        "n_golden": known.labels.len(),
        "n_golden_without_answers": known.n_unanswered,
        "golden_labels_nobody_gave": known.new_labels,
        "states": State::ALL.iter().map(|s| (s.as_str().to_owned(), count(resolved, *s).into()))
            .collect::<Map<String, Value>>(),
        "labels": names,
        "prior": model.map(|m| sorted.iter().map(|label| m.prior[*label as usize]).collect::<Vec<_>>()),
        "rounds": model.map(|m| m.rounds),
        "converged": model.map(|m| m.converged),
        "log_likelihood": model.map(|m| m.log_likelihood),
        "annotators": annotators,
    });
    Ok(writeln!(out, "{all:#}")?)
}

fn golden(person: &Person) -> Value {
    let (right, n) = person.golden;
    match person.golden_interval() {
        Some(interval) => json!({
            "n": n,
            "right": right,
            "accuracy": right as f64 / n as f64,
            "low": interval.low,
            "high": interval.high,
        }),
        None => Value::Null,
    }
}

/// Rows and columns in this order; a row without a share is null.
fn matrix(table: &Array2<f64>, order: &[u32]) -> Value {
    let row = |truth: &u32| {
        let row = table.row(*truth as usize);
        let cells = || order.iter().map(|given| row[*given as usize]).collect();
        if row.sum() > 0.0 { cells() } else { Value::Null }
    };
    order.iter().map(row).collect()
}

fn n_not_judged(resolved: &Resolved) -> usize {
    resolved.people.iter().filter(|person| !person.is_judged).count()
}

fn count(resolved: &Resolved, state: State) -> usize {
    resolved.items.iter().filter(|item| item.state == state).count()
}

pub fn table(
    asked: &Consensus,
    resolved: &Resolved,
    answers: &Answers,
    known: &Known,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let r = resolved;
    writeln!(out, "{} items, {} annotators, {} answers", r.items.len(), r.people.len(), r.n_answers)?;
    if r.n_repeats_dropped > 0 {
        writeln!(out, "{} more rows repeat an annotator's item: the last one counts", r.n_repeats_dropped)?;
    }
    answers.notes(out)?;
    if !known.is_empty() {
        writeln!(out, "{} golden items have answers, {} have none", known.labels.len(), known.n_unanswered)?;
    }
    if !known.new_labels.is_empty() {
        writeln!(out, "labels of golden items that nobody gave: {}", known.new_labels.join(", "))?;
    }
    let states: Vec<String> =
        State::ALL.iter().map(|state| format!("{} {}", count(r, *state), state.as_str())).collect();
    writeln!(out, "{}: {}", asked.out.display(), states.join(", "))?;
    let (alone, unknown) = (n_not_judged(r), count(r, State::Unknown));
    if alone > 0 {
        let who = if alone == r.people.len() { "no annotator" } else { "not all annotators" };
        writeln!(
            out,
            "{who} can be judged: {alone} of {} share no item with another or with the golden ones",
            r.people.len()
        )?;
    }
    if unknown > 0 {
        writeln!(out, "{unknown} items are unknown: nothing speaks for their label but the one who said it")?;
    }
    if let Some(model) = &r.model
        && !model.converged
    {
        writeln!(out, "after {} rounds the model had not settled", model.rounds)?;
    }

    let mut grid = Grid::headed(&["annotator", "answers", "accuracy", "golden", "right", "low", "high"]);
    for who in answers.annotators.sorted() {
        let person = &r.people[who as usize];
        let interval = person.golden_interval();
        grid.row(&[
            answers.annotators.name(who).to_owned(),
            person.n_answers.to_string(),
            grid::figure(person.accuracy),
            person.golden.1.to_string(),
            person.golden.0.to_string(),
            grid::figure(interval.map(|i| i.low)),
            grid::figure(interval.map(|i| i.high)),
        ]);
    }
    writeln!(out)?;
    grid.print(out)?;
    Ok(())
}
