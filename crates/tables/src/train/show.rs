//! What was found, for people and for programs.

use super::evaluate::Trained;
use super::explain::Explanation;
use super::labeled::{Labeled, Rows};
use crate::Error;
use learn::classify::{Kind, Report};
use serde_json::{Value, json};
use std::io::Write;

/// Words of an explanation that are shown on each side.
const WORDS: usize = 8;

pub fn json(
    trained: &Trained,
    labeled: &Labeled,
    rows: &Rows,
    explanation: Option<&Explanation>,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let name = |label: u32| labeled.names[label as usize].as_str();
    let brief = |report: &Report| json!({ "accuracy": report.accuracy, "macro_f1": report.macro_f1 });
    let mut majority = brief(&trained.majority.1);
    majority["label"] = json!(name(trained.majority.0));
    let per_label: Vec<Value> = trained
        .report
        .labels
        .iter()
        .map(|l| {
            json!({
                "label": name(l.label), "precision": l.precision, "recall": l.recall, "f1": l.f1,
                "support": l.support,
            })
        })
        .collect();
    let (temperature, calibration) = (&trained.temperature, &trained.temperature.calibration);
    let confusion = trained.report.confusion.iter().filter(|c| c.0 != c.1);
    let value = json!({
        "n_train": rows.train.len(),
        "n_test": rows.test.len(),
        "n_left_out": rows.left_out,
        "n_labels": labeled.names.len(),
        "encoder": trained.encoder,
        "features": kind(trained.chosen.kind),
        "l2": trained.chosen.l2,
        "l2_at_edge": trained.at_edge,
        "tried": trained.tried.iter().map(|c| json!({
            "features": kind(c.kind), "l2": c.l2, "accuracy": c.accuracy, "log_loss": c.log_loss,
        })).collect::<Vec<_>>(),
        "accuracy": trained.report.accuracy,
        "macro_f1": trained.report.macro_f1,
        "temperature": temperature.applied.value(),
        "temperature_fitted": temperature.fitted.value(),
        "log_loss": { "before": calibration.log_loss_before, "after": calibration.log_loss_after },
        "calibration_error": { "before": calibration.ece_before, "after": calibration.ece_after },
        "baselines": { "majority": majority, "nearest_centroid": brief(&trained.centroids) },
        "per_label": per_label,
        "confusions": confusion.map(|(t, p, n)| json!({ "label": name(*t), "predicted": name(*p), "n": n }))
            .collect::<Vec<_>>(),
        "explanation": explanation.map(|e| json!({
            "id": labeled.ids[e.row],
            "label": labeled.name(e.row),
            "predicted": name(e.label),
            "probability": e.probability,
            "of": if e.is_the_model { "the model" } else { "a model on words alone" },
            "bias": e.bias,
            "vector": e.vector,
            "words": e.words.iter().map(|(word, value)| json!({ "word": word, "part": value })).collect::<Vec<_>>(),
        })),
    });
    writeln!(out, "{value:#}")?;
    Ok(())
}

pub fn table(
    trained: &Trained,
    labeled: &Labeled,
    rows: &Rows,
    explanation: Option<&Explanation>,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let name = |label: u32| labeled.names[label as usize].as_str();
    writeln!(
        out,
        "{} training rows, {} test rows, {} labels",
        rows.train.len(),
        rows.test.len(),
        labeled.names.len()
    )?;
    if rows.left_out > 0 {
        writeln!(out, "{} validation rows were left out", rows.left_out)?;
    }
    let of = match trained.chosen.kind {
        Kind::Dense => format!("vectors ({})", trained.encoder),
        Kind::Sparse => "words and characters (tf-idf)".to_owned(),
        Kind::Joined => format!("vectors ({}) beside words and characters (tf-idf)", trained.encoder),
    };
    writeln!(
        out,
        "features: {of}, penalty {}: the best of {} tried",
        trained.chosen.l2,
        trained.tried.len()
    )?;
    if trained.at_edge {
        writeln!(out, "that is the last penalty that is tried: one beyond it may do better")?;
    }
    writeln!(out)?;
    writeln!(out, "{:<44} accuracy  macro-F1", "on the test rows")?;
    let majority = format!("always {}", name(trained.majority.0));
    let lines = [
        (majority.as_str(), &trained.majority.1),
        ("nearest centroid", &trained.centroids),
        ("model", &trained.report),
    ];
    for (what, report) in lines {
        writeln!(out, "{what:<44}   {:.4}    {:.4}", report.accuracy, report.macro_f1)?;
    }
    let (t, c) = (&trained.temperature, &trained.temperature.calibration);
    writeln!(out, "\n{:<44}   before     after", format!("temperature {:.3}", t.applied.value()))?;
    writeln!(out, "{:<44}   {:.4}    {:.4}", "log loss", c.log_loss_before, c.log_loss_after)?;
    writeln!(out, "{:<44}   {:.4}    {:.4}\n", "expected calibration error", c.ece_before, c.ece_after)?;
    if t.applied != t.fitted {
        writeln!(
            out,
            "not applied: temperature {:.3}, fitted on the training rows, does not lower log loss on the test rows ({:.4})\n",
            t.fitted.value(),
            t.fitted_log_loss
        )?;
    }
    let width = trained.report.labels.iter().map(|l| name(l.label).chars().count()).max().unwrap_or(0).max(5);
    writeln!(out, "{:<width$}  precision  recall      F1  rows", "label")?;
    for l in &trained.report.labels {
        writeln!(
            out,
            "{:<width$}     {:.4}  {:.4}  {:.4}  {:>4}",
            name(l.label),
            l.precision,
            l.recall,
            l.f1,
            l.support
        )?;
    }
    explanation.map_or(Ok(()), |e| explained(e, labeled, out))
}

fn explained(e: &Explanation, labeled: &Labeled, out: &mut dyn Write) -> Result<(), Error> {
    writeln!(out, "\n{}: {}", labeled.ids[e.row], labeled.texts[e.row])?;
    let predicted = &labeled.names[e.label as usize];
    writeln!(
        out,
        "labeled {}, predicted {predicted} with probability {:.3}",
        labeled.name(e.row),
        e.probability
    )?;
    if !e.is_the_model {
        writeln!(out, "(the model sees vectors alone; these are the parts of a model on words)")?;
    }
    let side = |out: &mut dyn Write, what: &str, words: &mut dyn Iterator<Item = &(String, f32)>| {
        writeln!(out, "{what}")?;
        for (word, value) in words.take(WORDS) {
            writeln!(out, "  {value:>+8.4}  {word}")?;
        }
        Ok::<_, Error>(())
    };
    side(out, "spoke for it:", &mut e.words.iter().filter(|w| w.1 > 0.0))?;
    side(out, "spoke against it:", &mut e.words.iter().rev().filter(|w| w.1 < 0.0))?;
    if e.vector != 0.0 {
        writeln!(out, "the vector as a whole: {:+.4}", e.vector)?;
    }
    Ok(())
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Dense => "dense",
        Kind::Sparse => "sparse",
        Kind::Joined => "joined",
    }
}
