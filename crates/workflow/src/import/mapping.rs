//! From the cells of a row to an item that can be saved: which column is what, checks, hashes.

use super::when;
use domain::LabelId;
use domain::item::{control_hash, external_id_from_content, hash53};
use domain::project::Task;
use domain::source::Mapping;
use domain::taxonomy::Taxonomy;
use records::{Cell, Record};
use std::collections::HashMap;
use std::sync::Arc;
use store::Store;
use store::items::{FieldValue, Incoming};
use store::sources::Reject;

/// Bytes of an external id and of a group: they stand in indexes.
const KEY_LIMIT: usize = 500;

/// Everything that turns rows of one import into items.
pub struct Mapper {
    pub mapping: Mapping,
    pub store: Store,
    pub seed: u64,
    pub control_threshold: i64,
    pub task: Task,
    /// Labels by name, where the label column holds answers.
    pub labels: Option<HashMap<String, LabelId>>,
    /// The normalized text of the row at hand.
    normalized: String,
}

impl Mapper {
    pub fn new(mapping: Mapping, store: Store, task: Task, seed: u64, control_threshold: i64) -> Mapper {
        Mapper { mapping, store, seed, control_threshold, task, labels: None, normalized: String::new() }
    }

    pub fn with_labels(mut self, taxonomy: &Taxonomy) -> Mapper {
        let offered = taxonomy.offered();
        self.labels = Some(offered.into_iter().map(|l| (l.name.trim().to_lowercase(), l.id)).collect());
        self
    }

    /// A row as an item, or why it can't be one.
    pub fn item(&mut self, record: Record) -> Result<Incoming, Reject> {
        let Record { line, raw, cells, lists } = record;
        match cells.and_then(|cells| self.mapped(cells, &lists)) {
            Ok(mapped) => Ok(self.hashed(line, raw, mapped)),
            Err(reason) => Err(reject(line, reason, &raw)),
        }
    }

    fn mapped(&self, cells: Vec<Cell>, lists: &[Arc<str>]) -> Result<Mapped, String> {
        if let Some(problem) = no_text(&self.mapping.text, &cells, lists) {
            return Err(problem);
        }
        let mut mapped = Mapped::default();
        let is = |column: &Option<String>, name: &str| column.as_deref() == Some(name);
        let answers = self.mapping.answers_of().map(|(column, _)| column);
        for (name, value) in cells {
            // PostgreSQL can't hold it, and no text means it.
            if value.contains('\0') {
                return Err(format!("“{name}” contains a NUL character"));
            }
            if *name == *self.mapping.text {
                mapped.text = value;
            } else if value.trim().is_empty() {
                continue;
            } else if is(&self.mapping.id, &name) {
                mapped.id = Some(key(&name, value)?);
            } else if is(&self.mapping.group, &name) {
                mapped.group = Some(key(&name, value)?);
            } else if is(&self.mapping.event_time, &name) {
                let at = when::parse(&value).ok_or_else(|| {
                    format!("“{name}” is no time that can be read: {}; {}", short(&value), when::FORMS)
                })?;
                mapped.event_at = Some(at.0);
            } else if answers == Some(&*name) {
                mapped.labels = self.labels_of(&name, &value)?;
            } else if !self.mapping.ignore.iter().any(|c| *c == *name) {
                mapped.fields.push((name, value));
            }
        }
        if mapped.text.trim().is_empty() {
            return Err(format!("“{}” is empty: an item needs a text", self.mapping.text));
        }
        Ok(mapped)
    }

    fn labels_of(&self, column: &str, value: &str) -> Result<Option<Vec<LabelId>>, String> {
        let Some(known) = &self.labels else { return Ok(None) };
        let mut labels = Vec::new();
        for name in label_names(self.task, value) {
            match known.get(&name.to_lowercase()) {
                Some(id) => labels.push(*id),
                None => {
                    return Err(format!(
                        "“{column}” says {}, which is no label of the published taxonomy",
                        short(&name)
                    ));
                }
            }
        }
        labels.sort();
        labels.dedup();
        Ok(Some(labels))
    }

    fn hashed(&mut self, line: i64, raw: Vec<u8>, mapped: Mapped) -> Incoming {
        let Mapped { id, text, group, event_at, fields, labels } = mapped;
        let content = content(&text, group.as_deref(), event_at, &fields);
        let external_id = id.unwrap_or_else(|| external_id_from_content(&content));
        learn::text::normalize_into(&text, &mut self.normalized);
        let control_hash = control_hash(self.seed, &external_id);
        Incoming {
            item: self.store.next_id(),
            revision: self.store.next_id(),
            line,
            raw,
            external_id: external_id.into(),
            field_values: fields.iter().map(|(name, value)| FieldValue::new(name.clone(), value)).collect(),
            fields: json(&fields).into(),
            group: group.map(Arc::from),
            event_at,
            control_hash,
            control: control_hash < self.control_threshold,
            content_hash: hash53(&[content.as_bytes()]),
            normalized_hash: hash53(&[self.normalized.as_bytes()]),
            text: text.into(),
            labels,
        }
    }
}

/// A list or an object of JSON where the text should be.
fn no_text(column: &str, cells: &[Cell], lists: &[Arc<str>]) -> Option<String> {
    if lists.iter().any(|name| **name == *column) {
        return Some(format!("“{column}” is a list or an object: an item needs one text"));
    }
    if cells.iter().any(|(name, _)| **name == *column) {
        return None;
    }
    let is_inside = |name: &str| name.strip_prefix(column).is_some_and(|rest| rest.starts_with('.'));
    let (name, _) = cells.iter().find(|(name, _)| is_inside(name))?;
    Some(format!("“{column}” is an object: name the column inside that holds the text, such as “{name}”"))
}

#[derive(Default)]
struct Mapped {
    id: Option<String>,
    text: String,
    group: Option<String>,
    event_at: Option<i64>,
    fields: Vec<Cell>,
    labels: Option<Vec<LabelId>>,
}

/// The names in a cell of the label column: one, or for a set of labels a JSON array or names between `|`.
pub fn label_names(task: Task, value: &str) -> Vec<String> {
    match task {
        Task::Single => vec![value.trim().to_owned()],
        Task::Multi => match serde_json::from_str::<Vec<String>>(value) {
            Ok(names) => names.into_iter().map(|n| n.trim().to_owned()).collect(),
            Err(_) => value.split('|').map(str::trim).filter(|n| !n.is_empty()).map(str::to_owned).collect(),
        },
    }
}

fn key(name: &str, value: String) -> Result<String, String> {
    let value = value.trim();
    if value.len() > KEY_LIMIT {
        return Err(format!("“{name}” is longer than {KEY_LIMIT} bytes"));
    }
    Ok(value.to_owned())
}

/// A refused row as it is kept.
pub fn reject(line: i64, reason: String, raw: &[u8]) -> Reject {
    Reject { line, reason, raw: String::from_utf8_lossy(raw).replace('\0', "\u{fffd}") }
}

/// The start of a value, for a sentence.
fn short(value: &str) -> String {
    const MOST: usize = 60;
    match value.char_indices().nth(MOST) {
        Some((end, _)) => format!("“{}…”", &value[..end]),
        None => format!("“{value}”"),
    }
}

/// All that makes two contents the same, whatever the order of the columns. A text that brings nothing else is
/// its own content.
fn content(text: &str, group: Option<&str>, event_at: Option<i64>, fields: &[Cell]) -> String {
    if group.is_none() && event_at.is_none() && fields.is_empty() {
        return text.to_owned();
    }
    let mut fields: Vec<&Cell> = fields.iter().collect();
    fields.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    let event_at = event_at.map(|at| at.to_string()).unwrap_or_default();
    let head = [text, group.unwrap_or_default(), &event_at];
    let rest = fields.iter().flat_map(|(name, value)| [&**name, value.as_str()]);
    // Each part after its length, so that parts don't run together.
    let mut content = String::with_capacity(text.len() + 64);
    for part in head.into_iter().chain(rest) {
        content.push_str(&part.len().to_string());
        content.push(':');
        content.push_str(part);
    }
    content
}

fn json(fields: &[Cell]) -> String {
    let mut out = String::from("{");
    for (i, (name, value)) in fields.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        push_json(name, &mut out);
        out.push(':');
        push_json(value, &mut out);
    }
    out.push('}');
    out
}

fn push_json(text: &str, out: &mut String) {
    // Text always serializes.
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}
