//! The formats of a release: the same rows, written in several ways. A format is a file below this one and one line in
//! [`FORMATS`].
//!
//! A format turns a row into bytes. [`Files`](super::files::Files) opens a file for each split, hands it the rows and
//! writes the bytes away, so that memory stays the same at a million rows.

pub mod answers;
mod csv;
mod jsonl;

use crate::{Error, Result};
use domain::LabelId;
use domain::project::Task;
use serde::Serialize;
use std::collections::HashMap;
use store::release::rows::FullRow;

/// Every format: the ending of its files, and the function that begins one.
pub const FORMATS: [(&str, Begin); 2] = [("jsonl", jsonl::begin), ("csv", csv::begin)];

/// Begins a file: appends what comes before the first row.
pub type Begin = fn(&Shape, &mut Vec<u8>) -> Result<Box<dyn Format>>;

/// One file that is being written.
pub trait Format: Send {
    /// Appends a row. A format that groups rows may keep it until the group is full.
    fn row(&mut self, row: &Row<'_>, out: &mut Vec<u8>) -> Result<()>;

    /// Appends what comes after the last row.
    fn end(&mut self, _out: &mut Vec<u8>) -> Result<()> {
        Ok(())
    }
}

/// What a format must know before the first row.
pub struct Shape {
    pub task: Task,
    /// The fields that become columns in a format with columns, in their order.
    pub columns: Vec<String>,
}

/// The names of what rows refer to by number.
pub struct Names {
    pub task: Task,
    /// Every label of the taxonomy, retired ones too.
    pub labels: HashMap<LabelId, String>,
    pub queues: HashMap<i64, String>,
    /// Numbers of taxonomy versions.
    pub versions: HashMap<i64, i64>,
}

impl Names {
    fn label(&self, id: LabelId) -> &str {
        self.labels.get(&id).map_or("", String::as_str)
    }
}

/// A row with the names of its labels.
pub struct Row<'a> {
    row: &'a FullRow,
    labels: Labels<'a>,
    /// RFC 3339 in UTC.
    event_at: Option<String>,
}

enum Labels<'a> {
    Single { label: &'a str, label_id: LabelId },
    Multi { labels: Vec<&'a str>, label_ids: &'a [LabelId] },
}

impl<'a> Row<'a> {
    pub fn new(row: &'a FullRow, names: &'a Names) -> Result<Row<'a>> {
        let label_ids = row.labels.0.as_slice();
        let labels = match (names.task, label_ids) {
            (Task::Single, [id]) => Labels::Single { label: names.label(*id), label_id: *id },
            _ => Labels::Multi { labels: label_ids.iter().map(|id| names.label(*id)).collect(), label_ids },
        };
        Ok(Row { row, labels, event_at: row.event_at.map(moment).transpose()? })
    }
}

/// Appends a value as one line of JSON.
fn json_line(value: &impl Serialize, out: &mut Vec<u8>) -> Result<()> {
    serde_json::to_writer(&mut *out, value).map_err(Error::internal)?;
    out.push(b'\n');
    Ok(())
}

/// RFC 3339 in UTC.
fn moment(micros: i64) -> Result<String> {
    Ok(jiff::Timestamp::from_microsecond(micros).map_err(Error::internal)?.to_string())
}
