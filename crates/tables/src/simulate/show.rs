//! The outcome, for people and for programs.

use super::{Replayed, Simulate};
use crate::Error;
use crate::train::labeled::Labeled;
use learn::simulate::{Interval, Simulation};
use serde_json::{Value, json};
use std::io::Write;

pub fn json(
    asked: &Simulate,
    labeled: &Labeled,
    replayed: &Replayed,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let interval = |i: Interval| json!({ "value": i.value, "low": i.low, "high": i.high });
    let strategy = |o: &Simulation| -> Value {
        json!({
            "strategy": o.strategy.name(),
            "own_start": o.strategy.starts_itself(),
            "curve": o.curve.iter().map(|p| {
                let mut point = interval(p.accuracy);
                point["answers"] = json!(p.answers);
                point
            }).collect::<Vec<_>>(),
            "area": interval(o.area),
            "labels_to_target": o.labels.map(interval),
            "labels_to_target_by_seed": o.to_target,
            "ratio_to_random": o.to_random.map(|r| interval(r.ratio)),
        })
    };
    let value = json!({
        "n_train": replayed.n_train,
        "n_test": replayed.n_test,
        "n_left_out": replayed.n_left_out,
        "n_labels": labeled.names.len(),
        "encoder": asked.encoder.to_string(),
        "start": asked.start,
        "batch": asked.batch,
        "budget": asked.budget,
        "seeds": asked.seeds,
        "target": asked.target,
        "n_fits": replayed.plan.n_fits(),
        "strategies": replayed.outcomes.iter().map(strategy).collect::<Vec<_>>(),
    });
    writeln!(out, "{value:#}")?;
    Ok(())
}

pub fn table(
    asked: &Simulate,
    labeled: &Labeled,
    replayed: &Replayed,
    out: &mut dyn Write,
) -> Result<(), Error> {
    writeln!(
        out,
        "{} rows to label, {} test rows, {} labels, vectors: {}",
        replayed.n_train,
        replayed.n_test,
        labeled.names.len(),
        asked.encoder
    )?;
    if replayed.n_left_out > 0 {
        writeln!(out, "{} validation rows were left out", replayed.n_left_out)?;
    }
    writeln!(
        out,
        "start {}, batch {}, budget {}, {} seeds; 95% intervals over seeds in brackets\n",
        asked.start, asked.batch, asked.budget, asked.seeds
    )?;
    let target = asked.target.map_or(String::new(), |t| format!("labels to {t}"));
    writeln!(out, "{:<18}{target:<26}{:<24}{:<24}at the end", "strategy", ratio_title(asked), "area")?;
    for o in &replayed.outcomes {
        let reached = o.to_target.iter().flatten().count();
        let labels = match o.labels {
            Some(i) => format!("{:.0} [{:.0}, {:.0}]", i.value, i.low, i.high),
            None if asked.target.is_none() => String::new(),
            None => format!("reached in {reached} of {}", o.to_target.len()),
        };
        let ratio = o.to_random.map_or(String::new(), |r| short(r.ratio));
        let end = o.curve.last().map_or(String::new(), |p| format!("{:.3}", p.accuracy.value));
        writeln!(out, "{:<18}{labels:<26}{ratio:<24}{:<24}{end}", o.strategy.name(), short(o.area))?;
    }
    let own: Vec<&str> =
        replayed.outcomes.iter().filter(|o| o.strategy.starts_itself()).map(|o| o.strategy.name()).collect();
    if !own.is_empty() {
        writeln!(out, "\nWith a start of their own, not the random one: {}", own.join(", "))?;
    }
    Ok(())
}

fn ratio_title(asked: &Simulate) -> &'static str {
    if asked.target.is_some() { "ratio to random" } else { "" }
}

fn short(i: Interval) -> String {
    format!("{:.3} [{:.3}, {:.3}]", i.value, i.low, i.high)
}
