//! What the columns of a file probably are: from their names, then from their values. A person corrects it.

use super::when;
use domain::source::{LabelColumn, LabelUse, Mapping};
use records::Record;
use std::collections::HashSet;

const TEXT: &[&str] = &[
    "text",
    "message",
    "body",
    "content",
    "utterance",
    "sentence",
    "comment",
    "review",
    "query",
    "question",
    "description",
    "document",
    "tweet",
    "transcript",
];
const ID: &[&str] = &[
    "id",
    "external_id",
    "item_id",
    "uuid",
    "guid",
    "key",
    "message_id",
    "msg_id",
    "ticket_id",
    "doc_id",
    "row_id",
    "_id",
];
const EVENT_TIME: &[&str] = &[
    "event_at",
    "event_time",
    "created_at",
    "created",
    "timestamp",
    "datetime",
    "sent_at",
    "received_at",
    "time",
    "date",
    "ts",
];
const GROUP: &[&str] = &[
    "group",
    "group_id",
    "customer",
    "customer_id",
    "user",
    "user_id",
    "author",
    "author_id",
    "account",
    "account_id",
    "conversation",
    "conversation_id",
    "thread",
    "thread_id",
    "session",
    "session_id",
];
const LABEL: &[&str] = &[
    "label",
    "labels",
    "intent",
    "category",
    "class",
    "topic",
    "gold",
    "gold_label",
    "target",
    "annotation",
];

/// The likely mapping of a file that begins with these rows. Without a text column that can be told, `text` is
/// empty.
pub fn guess(columns: &[String], sample: &[Record]) -> Mapping {
    let values = |column: &str| -> Vec<&str> {
        let cells = sample.iter().filter_map(|r| r.cells.as_ref().ok()).flatten();
        cells.filter(|(name, _)| **name == *column).map(|(_, value)| value.as_str()).collect()
    };
    let n_rows = sample.iter().filter(|r| r.cells.is_ok()).count();
    let named = |names: &[&str], fits: &dyn Fn(&[&str]) -> bool| -> Option<String> {
        names.iter().find_map(|name| columns.iter().find(|c| plain(c) == *name && fits(&values(c))).cloned())
    };
    let is_id = |v: &[&str]| {
        v.len() == n_rows
            && n_rows > 0
            && v.iter().collect::<HashSet<_>>().len() == v.len()
            && v.iter().all(|v| v.len() <= 200)
    };
    let is_time = |v: &[&str]| !v.is_empty() && v.iter().all(|v| when::parse(v).is_some());
    let is_short = |v: &[&str]| v.iter().all(|v| v.chars().count() <= 120);
    let is_key = |v: &[&str]| v.iter().all(|v| v.len() <= 200);

    let id = named(ID, &is_id);
    let event_time = named(EVENT_TIME, &is_time);
    let label = named(LABEL, &is_short);
    let group = named(GROUP, &is_key);
    let taken = [&id, &event_time, &label, &group];
    let text = named(TEXT, &|v| !v.is_empty()).or_else(|| {
        let is_list = |c: &&String| sample.iter().any(|r| r.lists.iter().any(|name| **name == ***c));
        let free = columns.iter().filter(|c| !taken.iter().any(|t| t.as_ref() == Some(c)) && !is_list(c));
        let length = |c: &&String| {
            let values = values(c);
            let is_number = values.iter().all(|v| v.trim().parse::<f64>().is_ok());
            let total: usize = values.iter().map(|v| v.len()).sum();
            if is_number || is_time(&values) { 0 } else { total }
        };
        free.max_by_key(length).filter(|c| length(c) > 0).cloned()
    });
    Mapping {
        text: text.unwrap_or_default(),
        id,
        event_time,
        group,
        label: label.map(|column| LabelColumn { column, becomes: LabelUse::Field }),
        ignore: Vec::new(),
    }
}

/// A column's name as the lists above write it.
fn plain(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    let mut was_lower = false;
    for c in name.trim().chars() {
        if c.is_uppercase() && was_lower {
            plain.push('_');
        }
        was_lower = c.is_lowercase();
        if c == ' ' || c == '-' || c == '.' { plain.push('_') } else { plain.extend(c.to_lowercase()) }
    }
    plain
}
