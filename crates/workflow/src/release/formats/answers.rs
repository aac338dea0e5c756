//! `answers.jsonl`: every answer behind the rows, one JSON object per line. One file for all splits.

use super::{Names, json_line, moment};
use crate::Result;
use domain::LabelId;
use serde::Serialize;
use store::release::rows::{FullRow, RowAnswer};

#[derive(Serialize)]
struct JsonAnswer<'a> {
    id: &'a str,
    item: &'a str,
    /// The id of the person. Names are not released.
    annotator: i64,
    labels: Vec<&'a str>,
    label_ids: &'a [LabelId],
    origin: &'a str,
    queue: Option<&'a str>,
    /// Given by someone who could see other people's answers.
    sighted: bool,
    confidence: Option<f64>,
    seconds: Option<f64>,
    /// The taxonomy version it was given under.
    taxonomy_version: Option<i64>,
    at: String,
}

/// Appends one answer that belongs to a row.
pub fn line(row: &FullRow, answer: &RowAnswer, names: &Names, out: &mut Vec<u8>) -> Result<()> {
    let json = JsonAnswer {
        id: &answer.id,
        item: &row.external_id,
        annotator: answer.person_id,
        labels: answer.labels.0.iter().map(|id| names.label(*id)).collect(),
        label_ids: &answer.labels.0,
        origin: answer.origin.as_str(),
        queue: answer.queue_id.and_then(|q| names.queues.get(&q)).map(String::as_str),
        sighted: answer.sighted,
        confidence: answer.confidence,
        seconds: answer.seconds,
        taxonomy_version: answer.taxonomy_version_id.and_then(|v| names.versions.get(&v)).copied(),
        at: moment(answer.at)?,
    };
    json_line(&json, out)
}
