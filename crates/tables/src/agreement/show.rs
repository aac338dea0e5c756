//! What `assay agreement` prints.

use super::Metric;
use super::measure::{Figure, Measured};
use crate::Error;
use crate::grid::{self, Grid};
use crate::ratings::Answers;
use clap::ValueEnum;
use learn::agreement::MeanKappa;
use learn::resample::Estimate;
use serde_json::{Value, json};
use std::io::Write;

/// Pairs of people in the table; JSON has all.
const MOST_PAIRS: usize = 40;

pub fn json(measured: &Measured, answers: &Answers, out: &mut dyn Write) -> Result<(), Error> {
    let m = measured;
    let value = |f: &Figure| f.as_ref().ok().map(|e| e.value);
    let low = |f: &Figure| f.as_ref().ok().and_then(Estimate::low);
    let high = |f: &Figure| f.as_ref().ok().and_then(Estimate::high);
    let pairs: Vec<Value> = m
        .pairs
        .iter()
        .map(|pair| {
            json!({
                "a": pair.a,
                "b": pair.b,
                "n_items": pair.n_items,
                "kappa": value(&pair.kappa),
                "low": low(&pair.kappa),
                "high": high(&pair.kappa),
                "weighted": pair.weighted.as_ref().and_then(value),
                "weighted_low": pair.weighted.as_ref().and_then(low),
                "weighted_high": pair.weighted.as_ref().and_then(high),
                "n_resamples": n_resamples(&pair.kappa),
                "reason": reason(&pair.kappa),
            })
        })
        .collect();
    let all = json!({
        "metric": word(&m.metric),
        "weights": weights(m),
        "confidence": 0.95,
        "resamples": m.resamples,
        "seed": m.seed,
        "n_items": m.n_items,
        "n_compared": m.n_compared,
        "n_annotators": m.n_annotators,
        "n_answers": m.n_answers,
        "n_repeats_dropped": m.n_repeats_dropped,
        "left_out": answers.left_out.json(),
        "label_spellings": answers.labels.spellings(),
        "least_answers_an_item": m.answers_an_item.map(|ends| ends.0),
        "most_answers_an_item": m.answers_an_item.map(|ends| ends.1),
        "percent": figure(&m.percent),
        "krippendorff_alpha": figure(&m.krippendorff_alpha),
        "fleiss_kappa": figure(&m.fleiss_kappa),
        "scott_pi": figure(&m.scott_pi),
        "gwet_ac1": figure(&m.gwet_ac1),
        "gwet_ac2": figure(&m.gwet_ac2),
        "cohen_kappa": {
            "mean": m.mean_kappa.value,
            "mean_weighted": m.mean_weighted.and_then(|mean| mean.value),
            "least_items": MeanKappa::LEAST_SHARED,
            "n_pairs": m.mean_kappa.n_pairs,
            "n_pairs_counted": m.mean_kappa.n_counted,
            "n_pairs_with_few_items": m.mean_kappa.n_few_items,
            "pairs": pairs,
        },
        "per_label": m.labels.iter().map(|label| json!({
            "label": label.label,
            "n_answers": label.n_answers,
            "krippendorff_alpha": figure(&label.alpha),
        })).collect::<Vec<_>>(),
        "per_annotator": m.annotators.iter().map(|person| json!({
            "annotator": person.annotator,
            "n_answers": person.n_answers,
            "percent": figure(&person.percent),
            "kappa": figure(&person.kappa),
        })).collect::<Vec<_>>(),
    });
    Ok(writeln!(out, "{all:#}")?)
}

/// All figures have the same keys, so that a program needs no special case.
fn figure(figure: &Figure) -> Value {
    let e = figure.as_ref().ok();
    json!({
        "value": e.map(|e| e.value),
        "low": e.and_then(Estimate::low),
        "high": e.and_then(Estimate::high),
        "n_items": e.map_or(0, |e| e.n_items),
        "n_resamples": n_resamples(figure),
        "reason": reason(figure),
    })
}

fn n_resamples(figure: &Figure) -> usize {
    figure.as_ref().map_or(0, |e| e.n_resamples)
}

/// Why there is no value, or no interval.
fn reason(figure: &Figure) -> Option<String> {
    match figure {
        Ok(e) => e.interval.err().map(|why| format!("no interval: {why}")),
        Err(why) => Some(why.clone()),
    }
}

fn word(value: &impl ValueEnum) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

fn weights(measured: &Measured) -> Option<String> {
    match measured.metric {
        Metric::Masi => Some("masi".to_owned()),
        _ => measured.weights.as_ref().map(word),
    }
}

pub fn table(measured: &Measured, answers: &Answers, out: &mut dyn Write) -> Result<(), Error> {
    let m = measured;
    write!(out, "{} items, {} annotators, {} answers", m.n_items, m.n_annotators, m.n_answers)?;
    match m.n_repeats_dropped {
        0 => writeln!(out)?,
        n => {
            writeln!(out, "; {n} more rows repeat an annotator's item and were dropped, the last one counts")?
        }
    }
    answers.notes(out)?;
    writeln!(out, "{} items have two answers or more", m.n_compared)?;
    if let Some((least, most)) = m.answers_an_item
        && least < most
    {
        writeln!(
            out,
            "their answers number {least} to {most}: Fleiss' κ and Scott's π count these items alike, each with its own share of \
             agreeing pairs; Krippendorff's α counts by answers"
        )?;
    }
    match m.resamples {
        0 => writeln!(out, "no resamples: no intervals\n")?,
        n => writeln!(out, "95% intervals over items from {n} resamples, seed {}\n", m.seed)?,
    }

    let mut grid = Grid::headed(&["", "value", "low", "high"]);
    let weighted = weights(m).map_or_else(String::new, |weights| format!(", {weights}"));
    let alpha = format!("Krippendorff's α, {}", word(&m.metric));
    let ac2 = format!("Gwet's AC2{weighted}");
    let mut figures = vec![
        ("share of agreeing pairs", &m.percent),
        (alpha.as_str(), &m.krippendorff_alpha),
        ("Fleiss' κ", &m.fleiss_kappa),
        ("Scott's π", &m.scott_pi),
        ("Gwet's AC1", &m.gwet_ac1),
    ];
    if m.weights.is_some() {
        figures.push((ac2.as_str(), &m.gwet_ac2));
    }
    for (name, figure) in &figures {
        grid.row(&with_interval(vec![(*name).to_owned()], figure));
    }
    grid.print(out)?;
    for (name, figure) in figures {
        match figure {
            Ok(e) if m.resamples > 0 => {
                if let Err(why) = e.interval {
                    writeln!(out, "{name} has no interval: {why}")?;
                }
            }
            Ok(_) => {}
            Err(why) => writeln!(out, "{name} has no value: {why}")?,
        }
    }

    if !m.labels.is_empty() {
        writeln!(out, "\nEach label against all others, Krippendorff's α\n")?;
        let mut grid = Grid::headed(&["label", "answers", "α", "low", "high"]);
        for label in &m.labels {
            grid.row(&with_interval(vec![label.label.clone(), label.n_answers.to_string()], &label.alpha));
        }
        grid.print(out)?;
    }

    writeln!(out, "\nEach annotator against the others: same answers, and κ{weighted}\n")?;
    let mut grid = Grid::headed(&["annotator", "answers", "compared", "same", "κ", "low", "high"]);
    for person in &m.annotators {
        let compared = person.percent.as_ref().map_or(0, |percent| percent.n_items);
        let same = grid::figure(person.percent.as_ref().ok().map(|percent| percent.value));
        let cells = vec![person.annotator.clone(), person.n_answers.to_string(), compared.to_string(), same];
        grid.row(&with_interval(cells, &person.kappa));
    }
    grid.print(out)?;

    if m.pairs.is_empty() {
        return Ok(());
    }
    let mean = &m.mean_kappa;
    writeln!(out, "\nCohen's κ of every two annotators who share an item")?;
    write!(out, "mean {}", grid::figure(mean.value))?;
    if let Some(mean) = m.mean_weighted {
        write!(out, "{weighted} {}", grid::figure(mean.value))?;
    }
    writeln!(
        out,
        ", weighted by shared items, of {} of {} pairs: {} share fewer than {} items, {} have no κ\n",
        mean.n_counted,
        mean.n_pairs,
        mean.n_few_items,
        MeanKappa::LEAST_SHARED,
        mean.n_pairs - mean.n_counted - mean.n_few_items,
    )?;
    let last = if weighted.is_empty() { String::new() } else { format!("κ{weighted}") };
    let mut grid = Grid::headed(&["annotators", "items", "κ", "low", "high", &last]);
    let mut pairs: Vec<_> = m.pairs.iter().collect();
    pairs.sort_by_key(|pair| std::cmp::Reverse(pair.n_items));
    for pair in pairs.iter().take(MOST_PAIRS) {
        let cells = vec![format!("{} and {}", pair.a, pair.b), pair.n_items.to_string()];
        let mut cells = with_interval(cells, &pair.kappa);
        if let Some(weighted) = &pair.weighted {
            cells.push(grid::figure(weighted.as_ref().ok().map(|e| e.value)));
        }
        grid.row(&cells);
    }
    grid.print(out)?;
    if pairs.len() > MOST_PAIRS {
        writeln!(out, "and {} pairs with fewer items; --json has all", pairs.len() - MOST_PAIRS)?;
    }
    Ok(())
}

fn with_interval(mut cells: Vec<String>, figure: &Figure) -> Vec<String> {
    let figure = figure.as_ref().ok();
    cells.extend([
        grid::figure(figure.map(|e| e.value)),
        grid::figure(figure.and_then(Estimate::low)),
        grid::figure(figure.and_then(Estimate::high)),
    ]);
    cells
}
