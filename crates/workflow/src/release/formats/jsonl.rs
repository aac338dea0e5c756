//! `train.jsonl`, `validation.jsonl`, `test.jsonl`: one JSON object per line. Texts are unchanged.

use super::{Format, Labels, Row, Shape, json_line};
use crate::Result;
use domain::LabelId;
use serde::Serialize;
use std::collections::BTreeMap;

struct Jsonl;

pub fn begin(_: &Shape, _: &mut Vec<u8>) -> Result<Box<dyn Format>> {
    Ok(Box::new(Jsonl))
}

#[derive(Serialize)]
struct JsonRow<'a> {
    id: &'a str,
    text: &'a str,
    #[serde(flatten)]
    labels: JsonLabels<'a>,
    state: &'a str,
    /// Share of the answers that say so.
    confidence: Option<f64>,
    n_answers: usize,
    control: bool,
    group: Option<&'a str>,
    event_at: Option<&'a str>,
    fields: &'a BTreeMap<String, serde_json::Value>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum JsonLabels<'a> {
    Single { label: &'a str, label_id: LabelId },
    Multi { labels: &'a [&'a str], label_ids: &'a [LabelId] },
}

impl Format for Jsonl {
    fn row(&mut self, Row { row, labels, event_at }: &Row<'_>, out: &mut Vec<u8>) -> Result<()> {
        let labels = match labels {
            Labels::Single { label, label_id } => JsonLabels::Single { label, label_id: *label_id },
            Labels::Multi { labels, label_ids } => JsonLabels::Multi { labels, label_ids },
        };
        let json = JsonRow {
            id: &row.external_id,
            text: &row.text,
            labels,
            state: row.state.as_str(),
            confidence: row.confidence,
            n_answers: row.answers.0.len(),
            control: row.control,
            group: row.group_key.as_deref(),
            event_at: event_at.as_deref(),
            fields: &row.fields.0,
        };
        json_line(&json, out)
    }
}
