//! What the columns of a file probably are: from their names, then from their values, each with the reason. A person
//! corrects it.

pub mod names;

use super::label_cell::shown;
use super::when::{self, Order, Reading};
use domain::source::{LabelColumn, LabelUse, Mapping, means_nothing};
use names::{ending, is_of_someone, plain};
use records::Record;
use std::collections::HashSet;

/// The likely mapping of a file, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guess {
    pub mapping: Mapping,
    /// One for each role: text, id, event time, group, label.
    pub reasons: Vec<Reason>,
}

/// Why a column was taken for something, or none was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// As in a mapping: `text`, `id`, `event_time`, `group`, `label`.
    pub role: &'static str,
    pub column: Option<String>,
    pub why: String,
    /// The column is called so. Where it is not, somebody should look.
    pub sure: bool,
}

/// A choice and its reason.
struct Choice {
    column: Option<String>,
    why: String,
    sure: bool,
}

impl Choice {
    fn named(column: &str, why: &str) -> Choice {
        Choice { column: Some(column.to_owned()), why: why.to_owned(), sure: true }
    }

    fn likely(column: &str, why: String) -> Choice {
        Choice { column: Some(column.to_owned()), why, sure: false }
    }

    fn none(why: String) -> Choice {
        Choice { column: None, why, sure: true }
    }
}

/// The first rows of a file by column.
pub(super) struct Columns<'s> {
    pub(super) names: &'s [String],
    pub(super) n_rows: usize,
    rows: &'s [Record],
}

impl<'s> Columns<'s> {
    pub(super) fn of(names: &'s [String], rows: &'s [Record]) -> Columns<'s> {
        Columns { names, n_rows: rows.iter().filter(|row| row.cells.is_ok()).count(), rows }
    }

    /// What stands in a column, without the cells that hold nothing.
    pub(super) fn values(&self, column: &str) -> Vec<&'s str> {
        self.cells(column).map(|(_, value)| value).collect()
    }

    /// The same with the line of each.
    pub(super) fn cells<'c>(&self, column: &'c str) -> impl Iterator<Item = (i64, &'s str)> + use<'s, 'c> {
        self.rows.iter().filter_map(move |row| {
            let cells = row.cells.as_ref().ok()?;
            let (_, value) = cells.iter().find(|(name, _)| **name == *column)?;
            (!value.trim().is_empty()).then_some((row.line, value.as_str()))
        })
    }

    fn called(&self, names: &[&str], fits: impl Fn(&str) -> bool) -> Option<&'s str> {
        names.iter().find_map(|name| {
            self.names.iter().map(String::as_str).find(|column| plain(column) == *name && fits(column))
        })
    }

    fn first_rows(&self) -> String {
        super::noticed::rows(self.n_rows as i64)
    }
}

/// The likely mapping of a file that begins with these rows. Without a text column that can be told, `text` is
/// empty.
pub(super) fn guess(names: &[String], rows: &[Record]) -> Guess {
    let columns = Columns::of(names, rows);
    let id = id(&columns);
    let event_time = event_time(&columns);
    let label = label(&columns);
    let group = group(&columns);
    let taken: Vec<&str> =
        [&id, &event_time, &label, &group].iter().filter_map(|c| c.column.as_deref()).collect();
    let text = text(&columns, &taken);
    let order = event_time.column.as_deref().map(|column| when::order_of(columns.values(column).into_iter()));
    let mapping = Mapping {
        text: text.column.clone().unwrap_or_default(),
        id: id.column.clone(),
        event_time: event_time.column.clone(),
        dates: match order {
            Some(Order::Told(order)) => Some(order),
            _ => None,
        },
        group: group.column.clone(),
        label: label.column.clone().map(|column| LabelColumn { column, becomes: LabelUse::Field }),
        ignore: Vec::new(),
    };
    let reason = |(role, choice): (&'static str, Choice)| {
        let Choice { column, why, sure } = choice;
        Reason { role, column, why, sure }
    };
    let choices =
        [("text", text), ("id", id), ("event_time", event_time), ("group", group), ("label", label)];
    Guess { mapping, reasons: choices.into_iter().map(reason).collect() }
}

fn text(columns: &Columns<'_>, taken: &[&str]) -> Choice {
    let is_free = |column: &str| !taken.contains(&column);
    let reads = |column: &str| is_free(column) && columns.values(column).iter().any(|value| is_text(value));
    if let Some(column) = columns.called(names::TEXT, reads) {
        return Choice::named(column, "it is called so");
    }
    let mut free: Vec<&str> = columns.names.iter().map(String::as_str).filter(|c| reads(c)).collect();
    let about_the_text: Vec<&str> = free.iter().copied().filter(|column| !is_of_someone(column)).collect();
    if !about_the_text.is_empty() {
        free = about_the_text;
    }
    let ends = |column: &&str| ending(column, names::TEXT).is_some();
    if let [column] = free.iter().copied().filter(ends).collect::<Vec<_>>()[..] {
        let end = ending(column, names::TEXT).unwrap_or_default();
        return Choice::likely(column, format!("its name ends with “{end}”"));
    }
    let mean = |column: &&str| {
        let values = columns.values(column);
        let has_words = values.iter().filter(|value| value.trim().contains(' ')).count() * 2 >= values.len();
        let n: usize = values.iter().map(|value| value.chars().count()).sum();
        (has_words, n / values.len().max(1))
    };
    match free.iter().copied().max_by_key(mean) {
        Some(column) => {
            let (_, n) = mean(&column);
            Choice::likely(column, format!("it has the longest texts, {n} characters on average"))
        }
        None => match columns.called(names::TEXT, is_free) {
            Some(column) => Choice::likely(column, "it is called so, though it holds no words".to_owned()),
            None => Choice::none("no column holds texts".to_owned()),
        },
    }
}

/// Something that people read: no number, time, address or object.
fn is_text(value: &str) -> bool {
    let value = value.trim();
    let is_one_word = !value.contains(char::is_whitespace);
    let is_address =
        is_one_word && (value.contains("://") || value.starts_with("www.") || value.starts_with('/'));
    let is_object =
        value.starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(value).is_ok();
    let is_time = !matches!(when::read(value, None), Reading::NoTime);
    !(is_address || is_object || is_time || value.parse::<f64>().is_ok())
}

fn id(columns: &Columns<'_>) -> Choice {
    let is_key = |values: &[&str]| {
        values.len() == columns.n_rows
            && columns.n_rows > 0
            && values.iter().collect::<HashSet<_>>().len() == values.len()
            && values.iter().all(|value| value.len() <= 200 && !means_nothing(value))
    };
    if let Some(column) = columns.called(names::ID, |column| is_key(&columns.values(column))) {
        return Choice::named(column, "it is called so, and no value comes twice");
    }
    let ends = |column: &&String| {
        let plain = plain(column);
        plain.ends_with("_id") && !names::GROUP.contains(&&*plain) && is_key(&columns.values(column))
    };
    if let Some(column) = columns.names.iter().find(ends) {
        return Choice::likely(column, "its name ends with “id”, and no value comes twice".to_owned());
    }
    Choice::none(match columns.called(names::ID, |_| true) {
        Some(column) if columns.n_rows > 0 => format!(
            "ids are made from the content: in “{column}” a value is empty, too long or comes twice in the first {}",
            columns.first_rows()
        ),
        _ => "ids are made from the content".to_owned(),
    })
}

fn event_time(columns: &Columns<'_>) -> Choice {
    let is_time = |column: &str| {
        let values = columns.values(column);
        let said: Vec<Reading> = values.iter().map(|value| when::read(value, None)).collect();
        let n_times = said.iter().filter(|r| matches!(r, Reading::At(_) | Reading::Undecided)).count();
        let n_values = said.iter().filter(|r| **r != Reading::Nothing).count();
        n_times > 0 && 2 * n_times >= n_values
    };
    match columns.called(names::EVENT_TIME, is_time) {
        Some(column) => Choice::named(column, "it is called so, and holds times"),
        None => match columns.called(names::EVENT_TIME, |_| true) {
            Some(column) => Choice::none(format!("“{column}” holds no times that can be read")),
            None => Choice::none("no column is called so".to_owned()),
        },
    }
}

/// Different values under which a column tells no groups, where there are rows enough to see it.
const FEW_GROUPS: usize = 5;

fn group(columns: &Columns<'_>) -> Choice {
    let Some(column) = columns.called(names::GROUP, |_| true) else {
        return Choice::none("no column is called so".to_owned());
    };
    let values: Vec<&str> =
        columns.values(column).into_iter().filter(|value| !means_nothing(value)).collect();
    let n_different = values.iter().collect::<HashSet<_>>().len();
    let among = columns.first_rows();
    if values.iter().any(|value| value.len() > 200) {
        Choice::none(format!("“{column}” holds long texts"))
    } else if n_different == 0 {
        Choice::none(format!("“{column}” holds no value in the first {among}"))
    } else if n_different == 1 && values.len() > 1 {
        Choice::none(format!("“{column}” says {} in all of the first {among}", shown(values[0])))
    } else if n_different < FEW_GROUPS && values.len() as i64 >= super::noticed::FEW_ROWS {
        Choice::none(format!("“{column}” has only {n_different} different values in the first {among}"))
    } else {
        Choice::named(column, "it is called so")
    }
}

fn label(columns: &Columns<'_>) -> Choice {
    let is_short = |column: &str| columns.values(column).iter().all(|value| value.chars().count() <= 120);
    match columns.called(names::LABEL, is_short) {
        Some(column) => Choice::named(column, "it is called so, and its values are short"),
        None => Choice::none("no column is called so".to_owned()),
    }
}
