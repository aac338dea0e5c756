//! From the cells of a row to an item that can be saved: which column is what, checks, hashes.

use super::known::KnownLabels;
use super::label_cell::{self, shown};
use super::noticed::{Noticed, Role};
use super::when::{self, Reading};
use domain::LabelId;
use domain::item::{control_hash, external_id_from_content, hash53, split_key};
use domain::project::Task;
use domain::release::split_by_control;
use domain::source::{Mapping, means_nothing};
use domain::taxonomy::Taxonomy;
use records::{Cell, Record};
use std::sync::Arc;
use store::Store;
use store::data::items::{FieldValue, Incoming};
use store::data::sources::Reject;

/// Bytes of an external id and of a group: they stand in indexes.
const KEY_LIMIT: usize = 500;

/// Everything that turns rows of one import into items.
pub struct Mapper {
    pub mapping: Mapping,
    pub store: Store,
    pub seed: u64,
    pub control_threshold: i64,
    pub task: Task,
    /// Where the label column holds answers.
    pub labels: Option<KnownLabels>,
    pub noticed: Noticed,
    /// The normalized text of the row at hand.
    normalized: String,
}

impl Mapper {
    pub fn new(mapping: Mapping, store: Store, task: Task, seed: u64, control_threshold: i64) -> Mapper {
        let (labels, noticed, normalized) = (None, Noticed::default(), String::new());
        Mapper { mapping, store, seed, control_threshold, task, labels, noticed, normalized }
    }

    pub fn with_labels(mut self, taxonomy: &Taxonomy) -> Mapper {
        self.labels = Some(KnownLabels::of(taxonomy));
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

    fn mapped(&mut self, cells: Vec<Cell>, lists: &[Arc<str>]) -> Result<Mapped, String> {
        if let Some(problem) = no_text(&self.mapping.text, &cells, lists) {
            return Err(problem);
        }
        let mut mapped = Mapped::default();
        let is = |column: &Option<String>, name: &str| column.as_deref() == Some(name);
        let mapping = &self.mapping;
        let answers = mapping.answers_of().map(|(column, _)| column);
        for (name, value) in cells {
            // PostgreSQL can't hold it, and no text means it.
            if value.contains('\0') {
                return Err(format!("“{name}” contains a NUL character"));
            }
            if *name == *mapping.text {
                mapped.text = value;
            } else if value.trim().is_empty() {
                continue;
            } else if is(&mapping.id, &name) {
                mapped.id = key(&name, value, Role::Id, &mut self.noticed)?;
            } else if is(&mapping.group, &name) {
                mapped.group = key(&name, value, Role::Group, &mut self.noticed)?;
            } else if is(&mapping.event_time, &name) {
                match when::read(&value, mapping.dates) {
                    Reading::At(at) => mapped.event_at = Some(at.0),
                    Reading::Nothing => {}
                    reading => mapped.undated = Some((reading, (name, value))),
                }
            } else if answers == Some(&*name) {
                mapped.label = Some(value);
            } else if !mapping.ignore.iter().any(|c| *c == *name) {
                mapped.fields.push((name, value));
            }
        }
        if mapped.text.trim().is_empty() {
            return Err(format!("“{}” is empty: an item needs a text", mapping.text));
        }
        if let (Some(known), Some(value), Some(column)) = (&self.labels, mapped.label.take(), answers) {
            mapped.labels = labels_of(self.task, known, &value, &mut self.noticed)
                .map_err(|why| format!("“{column}”: {why}"))?;
        }
        Ok(mapped)
    }

    fn hashed(&mut self, line: i64, raw: Vec<u8>, mapped: Mapped) -> Incoming {
        let Mapped { id, text, group, event_at, undated, mut fields, labels, .. } = mapped;
        let is_undated = undated.is_some();
        if let Some((reading, cell)) = undated {
            match reading {
                Reading::Undecided => self.noticed.undecided(&cell.1),
                _ => self.noticed.no_time(&cell.1),
            }
            fields.push(cell);
        }
        let content = content(&text, group.as_deref(), event_at, &fields);
        let external_id = id.unwrap_or_else(|| external_id_from_content(&content));
        learn::text::normalize_into(&text, &mut self.normalized);
        let control_hash = control_hash(self.seed, &external_id);
        let control = control_hash < self.control_threshold;
        let normalized_hash = hash53(&[self.normalized.as_bytes()]);
        let split = || split_by_control(self.seed, split_key(group.as_deref(), normalized_hash), true);
        self.noticed.item(group.as_deref(), control.then(split));
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
            control,
            undated: is_undated,
            content_hash: hash53(&[content.as_bytes()]),
            normalized_hash,
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
    /// What stands where the event time should.
    undated: Option<(Reading, Cell)>,
    fields: Vec<Cell>,
    /// The cell of the label column, and the labels in it.
    label: Option<String>,
    labels: Option<Vec<LabelId>>,
}

/// The labels that a cell speaks of; none, where it holds no answer.
fn labels_of(
    task: Task,
    known: &KnownLabels,
    value: &str,
    noticed: &mut Noticed,
) -> Result<Option<Vec<LabelId>>, String> {
    let names = label_cell::read(task, value, |name| known.find(name).is_some())?;
    if names.is_empty() {
        noticed.nothing(Role::Label, value.trim());
        return Ok(None);
    }
    let mut labels = Vec::with_capacity(names.len());
    for name in names {
        let Some((id, called)) = known.find(&name) else {
            let hint =
                label_cell::may_be_several(task, &name).map_or_else(String::new, |hint| format!("; {hint}"));
            return Err(format!("{} is no label of the published taxonomy{hint}", shown(&name)));
        };
        if called != name.trim() {
            noticed.spelled(called, name.trim());
        }
        labels.push(id);
    }
    labels.sort();
    labels.dedup();
    Ok(Some(labels))
}

/// A value that items are known by or belong together by; none, where it is a word for nothing.
fn key(name: &str, value: String, role: Role, noticed: &mut Noticed) -> Result<Option<String>, String> {
    let value = value.trim();
    if means_nothing(value) {
        noticed.nothing(role, value);
        return Ok(None);
    }
    if value.len() > KEY_LIMIT {
        return Err(format!("“{name}” is longer than {KEY_LIMIT} bytes"));
    }
    Ok(Some(value.to_owned()))
}

/// A refused row as it is kept.
pub fn reject(line: i64, reason: String, raw: &[u8]) -> Reject {
    Reject { line, reason, raw: String::from_utf8_lossy(raw).replace('\0', "\u{fffd}") }
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
