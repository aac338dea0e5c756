//! What `assay errors` writes and prints.

use super::{Errors, Judged};
use crate::Error;
use crate::grid::{self, Grid};
use clap::ValueEnum;
use serde_json::{Map, Value, json};
use std::io::Write;
use std::path::Path;

pub fn write(path: &Path, judged: &Judged) -> Result<(), Error> {
    let failed = |e: csv::Error| Error::file(path)(std::io::Error::other(e));
    let file = std::fs::File::create(path).map_err(Error::file(path))?;
    let mut csv = csv::Writer::from_writer(std::io::BufWriter::new(file));
    csv.write_record(["id", "label", "suggested", "self_confidence", "normalized_margin"]).map_err(failed)?;
    for s in &judged.found.suspects {
        csv.write_record([
            judged.ids[s.row].as_str(),
            judged.label(s.given),
            judged.label(s.suggested),
            &s.self_confidence.to_string(),
            &s.normalized_margin.to_string(),
        ])
        .map_err(failed)?;
    }
    csv.flush().map_err(Error::file(path))
}

pub fn json(asked: &Errors, judged: &Judged, out: &mut dyn Write) -> Result<(), Error> {
    let word = |value: Option<clap::builder::PossibleValue>| value.map(|v| v.get_name().to_owned());
    let suspects: Vec<Value> = judged
        .found
        .suspects
        .iter()
        .map(|s| {
            json!({
                "id": judged.ids[s.row],
                "label": judged.label(s.given),
                "suggested": judged.label(s.suggested),
                "self_confidence": s.self_confidence,
                "normalized_margin": s.normalized_margin,
            })
        })
        .collect();
    let joint: Vec<Value> = judged
        .found
        .joint
        .iter()
        .map(|cell| {
            json!({ "label": judged.label(cell.given), "actual": judged.label(cell.actual), "n_items": cell.n_items })
        })
        .collect();
    let thresholds: Map<String, Value> =
        judged.labels.iter().cloned().zip(judged.found.thresholds.iter().map(|t| json!(t))).collect();
    let all = json!({
        "filter": word(asked.filter.to_possible_value()),
        "rank": word(asked.rank.to_possible_value()),
        "n_items": judged.ids.len(),
        "n_labels": judged.labels.len(),
        "n_without_label": judged.n_without_label,
        "labels_not_checked": judged.not_checked,
        "n_probabilities_without_item": judged.n_without_item,
        "n_suspects": suspects.len(),
        "suspects": suspects,
        "thresholds": thresholds,
        "joint": joint,
    });
    Ok(writeln!(out, "{all:#}")?)
}

pub fn table(asked: &Errors, judged: &Judged, out: &mut dyn Write) -> Result<(), Error> {
    let (n, suspects) = (judged.ids.len(), &judged.found.suspects);
    let share = 100.0 * suspects.len() as f64 / n.max(1) as f64;
    writeln!(out, "{} of {n} labels ({share:.1}%) are probably wrong", suspects.len())?;
    if judged.n_without_label > 0 {
        writeln!(out, "{} rows without a label were left out", judged.n_without_label)?;
    }
    if !judged.not_checked.is_empty() {
        let names = judged.not_checked.join(", ");
        writeln!(out, "labels of a single item, which can't be checked: {names}")?;
    }
    if judged.n_without_item > 0 {
        writeln!(out, "{} rows of probabilities belong to no labeled item", judged.n_without_item)?;
    }
    if suspects.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    let mut grid = Grid::headed(&["id", "label", "suggested", "probability", "margin"]);
    for s in suspects.iter().take(asked.top) {
        grid.row(&[
            judged.ids[s.row].clone(),
            judged.label(s.given).to_owned(),
            judged.label(s.suggested).to_owned(),
            grid::figure(s.self_confidence),
            grid::figure(s.normalized_margin),
        ]);
    }
    grid.print(out)?;
    if suspects.len() > asked.top {
        writeln!(out, "and {} more; --top, --out or --json has them", suspects.len() - asked.top)?;
    }
    Ok(())
}

impl Judged {
    fn label(&self, number: u32) -> &str {
        &self.labels[number as usize]
    }
}
