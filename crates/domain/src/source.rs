//! A source: one import. How its columns become items, and what came of it.

mod nothing;

pub use nothing::means_nothing;

use serde::{Deserialize, Serialize};

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// A table with a header, as RFC 4180 has it; the content tells what separates its columns.
    Csv,
    /// The same with tabs.
    Tsv,
    /// One JSON object a line.
    Jsonl,
}

impl Format {
    pub const ALL: [Format; 3] = [Format::Csv, Format::Tsv, Format::Jsonl];

    pub fn as_str(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Tsv => "tsv",
            Format::Jsonl => "jsonl",
        }
    }

    pub fn parse(text: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|f| f.as_str() == text)
    }

    /// What a file's name says of its format.
    pub fn from_file_name(name: &str) -> Option<Format> {
        match name.rsplit_once('.')?.1.to_ascii_lowercase().as_str() {
            "csv" => Some(Format::Csv),
            "tsv" | "tab" => Some(Format::Tsv),
            "jsonl" | "ndjson" => Some(Format::Jsonl),
            _ => None,
        }
    }
}

/// Which column is what. Columns that are not named become fields.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Mapping {
    pub text: String,
    /// Without one, ids are made from the content.
    pub id: Option<String>,
    /// When it happened, as the file says it.
    pub event_time: Option<String>,
    /// What comes first in its dates such as 03/04/2025; needed only where there are such dates.
    pub dates: Option<DateOrder>,
    /// What must not straddle a train/test split: a customer, a conversation.
    pub group: Option<String>,
    pub label: Option<LabelColumn>,
    /// Columns that are left out.
    pub ignore: Vec<String>,
}

/// Which number of 03/04/2025 is the day. Nothing in such a date says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DateOrder {
    DayFirst,
    MonthFirst,
}

impl DateOrder {
    pub const ALL: [DateOrder; 2] = [DateOrder::DayFirst, DateOrder::MonthFirst];

    pub fn as_str(self) -> &'static str {
        match self {
            DateOrder::DayFirst => "day-first",
            DateOrder::MonthFirst => "month-first",
        }
    }

    pub fn parse(text: &str) -> Option<DateOrder> {
        DateOrder::ALL.into_iter().find(|order| order.as_str() == text)
    }
}

/// A column of labels, and what is made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelColumn {
    pub column: String,
    pub becomes: LabelUse,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum LabelUse {
    /// A field like any other.
    Field,
    /// Existing answers of whoever gave them; `person` is the name of that source.
    Answers { person: String },
}

impl Mapping {
    /// The name of the source person whose answers the label column holds, if it holds answers.
    pub fn answers_of(&self) -> Option<(&str, &str)> {
        match &self.label {
            Some(LabelColumn { column, becomes: LabelUse::Answers { person } }) => Some((column, person)),
            _ => None,
        }
    }

    /// Does a column become a field?
    pub fn is_field(&self, column: &str) -> bool {
        let taken = column == self.text
            || [&self.id, &self.event_time, &self.group].iter().any(|c| c.as_deref() == Some(column))
            || self.answers_of().is_some_and(|(c, _)| c == column);
        !taken && !self.ignore.iter().any(|c| c == column)
    }

    /// What does not fit the columns of a file: the part of the mapping, and a sentence.
    pub fn problems(&self, columns: &[String]) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        if self.text.is_empty() {
            problems.push(("text", "Choose the column that holds the text.".to_owned()));
        }
        let label = self.label.as_ref().map(|l| &l.column);
        let parts = [
            ("text", Some(&self.text).filter(|t| !t.is_empty())),
            ("id", self.id.as_ref()),
            ("event_time", self.event_time.as_ref()),
            ("group", self.group.as_ref()),
            ("label", label),
        ];
        for (i, (part, column)) in parts.iter().enumerate() {
            let Some(column) = column else { continue };
            if !columns.contains(*column) {
                let known = columns.join(", ");
                problems.push((
                    *part,
                    format!("There is no column “{column}” in the file; its columns are: {known}."),
                ));
            } else if parts[..i].iter().any(|(_, earlier)| *earlier == Some(*column)) {
                problems.push((*part, format!("The column “{column}” can be used only once.")));
            }
        }
        if let Some((_, person)) = self.answers_of() {
            let n = person.trim().chars().count();
            if n == 0 || n > 120 {
                problems
                    .push(("person", "Name whoever gave these labels, in 1 to 120 characters.".to_owned()));
            }
        }
        problems
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceState {
    /// The file is there; its columns wait to be confirmed.
    Preview,
    Running,
    Done,
    Failed,
    Cancelled,
    Undone,
}

impl SourceState {
    pub const ALL: [SourceState; 6] = [
        SourceState::Preview,
        SourceState::Running,
        SourceState::Done,
        SourceState::Failed,
        SourceState::Cancelled,
        SourceState::Undone,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            SourceState::Preview => "preview",
            SourceState::Running => "running",
            SourceState::Done => "done",
            SourceState::Failed => "failed",
            SourceState::Cancelled => "cancelled",
            SourceState::Undone => "undone",
        }
    }

    pub fn parse(text: &str) -> Option<SourceState> {
        SourceState::ALL.into_iter().find(|s| s.as_str() == text)
    }

    /// May rows of its file still be taken in? Its upload is kept as long as they may.
    pub fn may_go_on(self) -> bool {
        !matches!(self, SourceState::Done | SourceState::Undone)
    }
}

/// What became of the rows. `read` = `new` + `revised` + `same` + `rejected`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RowCounts {
    pub read: i64,
    pub new: i64,
    pub revised: i64,
    pub same: i64,
    pub rejected: i64,
    /// New or revised rows whose text another item has already, after normalization; they are kept.
    pub duplicate: i64,
    /// Of these, the same letter by letter.
    pub duplicate_exact: i64,
    pub answers: i64,
    /// Taken rows whose event time can't be read: what stood there is kept as a field.
    #[serde(default)]
    pub undated: i64,
}

impl RowCounts {
    pub fn add(&mut self, more: RowCounts) {
        self.read += more.read;
        self.new += more.new;
        self.revised += more.revised;
        self.same += more.same;
        self.rejected += more.rejected;
        self.duplicate += more.duplicate;
        self.duplicate_exact += more.duplicate_exact;
        self.answers += more.answers;
        self.undated += more.undated;
    }

    /// Did the import leave everything as it was?
    pub fn changed_nothing(&self) -> bool {
        self.new == 0 && self.revised == 0 && self.answers == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Vec<String> {
        ["id", "text", "label", "split"].map(String::from).to_vec()
    }

    #[test]
    fn a_mapping_must_fit_the_file() {
        let good = Mapping { text: "text".into(), id: Some("id".into()), ..Mapping::default() };
        assert_eq!(good.problems(&columns()), []);
        let parts = |m: Mapping| m.problems(&columns()).into_iter().map(|p| p.0).collect::<Vec<_>>();
        assert_eq!(parts(Mapping::default()), ["text"]);
        assert_eq!(parts(Mapping { id: Some("text".into()), ..good.clone() }), ["id"]);
        assert_eq!(parts(Mapping { group: Some("customer".into()), ..good.clone() }), ["group"]);
        let nameless =
            LabelColumn { column: "label".into(), becomes: LabelUse::Answers { person: " ".into() } };
        assert_eq!(parts(Mapping { label: Some(nameless), ..good }), ["person"]);
    }

    #[test]
    fn what_is_not_named_is_a_field() {
        let label = LabelColumn { column: "label".into(), becomes: LabelUse::Field };
        let mapping = Mapping {
            text: "text".into(),
            label: Some(label),
            ignore: vec!["split".into()],
            ..Mapping::default()
        };
        let fields: Vec<String> = columns().into_iter().filter(|c| mapping.is_field(c)).collect();
        assert_eq!(fields, ["id", "label"]);
    }
}
