//! What was noticed while the rows of a file were taken, and people should know: values that were taken for something
//! else than their letters say, and what the splits of a release would be like.

use super::frequent::Frequent;
use super::label_cell::shown;
use domain::release::Split;
use domain::source::Mapping;
use records::Notice;
use std::collections::BTreeMap;

/// Different things of one kind that are told one by one.
const MOST: usize = 20;
/// A group with more of the items than this makes splits lopsided.
pub const LARGE_GROUP: f64 = 0.20;
/// Rows under which a share says nothing.
pub const FEW_ROWS: i64 = 20;

#[derive(Debug, Default)]
pub struct Noticed {
    /// How the file was read.
    of_file: Vec<String>,
    n_items: i64,
    n_control: i64,
    has_validation: bool,
    has_test: bool,
    groups: Frequent,
    /// By label and by how a row writes it.
    spellings: BTreeMap<(String, String), i64>,
    /// Words for nothing, by what they stand for.
    nothing: BTreeMap<(Role, String), i64>,
    no_time: Option<(String, i64)>,
    undecided: Option<(String, i64)>,
}

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Id,
    Group,
    Label,
}

impl Noticed {
    /// What was noticed of how the file was read.
    pub fn of_file(&mut self, notices: &[Notice]) {
        self.of_file = notices.iter().map(Notice::to_string).collect();
    }

    /// A row that was taken: its group, and the split in which a control item puts it.
    pub fn item(&mut self, group: Option<&str>, control: Option<Split>) {
        self.n_items += 1;
        self.n_control += i64::from(control.is_some());
        self.has_validation |= control == Some(Split::Validation);
        self.has_test |= control == Some(Split::Test);
        if let Some(group) = group {
            self.groups.count(group);
        }
    }

    /// A label was written otherwise than it is called.
    pub fn spelled(&mut self, label: &str, spelling: &str) {
        bump(&mut self.spellings, (label.to_owned(), spelling.to_owned()));
    }

    /// A word stood where nothing is meant.
    pub fn nothing(&mut self, role: Role, word: &str) {
        bump(&mut self.nothing, (role, word.to_owned()));
    }

    /// Something stood where a time should, and is none.
    pub fn no_time(&mut self, value: &str) {
        self.no_time.get_or_insert_with(|| (value.to_owned(), 0)).1 += 1;
    }

    /// A date hangs on what comes first in it, and nobody said that.
    pub fn undecided(&mut self, value: &str) {
        self.undecided.get_or_insert_with(|| (value.to_owned(), 0)).1 += 1;
    }

    /// In sentences. `n_control` is how many control items the project has altogether.
    pub fn sentences(&self, mapping: &Mapping, n_control: i64) -> Vec<String> {
        let mut said = self.of_file.clone();
        said.extend(self.labels());
        said.extend(self.words_for_nothing());
        let column = mapping.event_time.as_deref().unwrap_or_default();
        if let Some((value, n)) = &self.no_time {
            said.push(format!(
                "In {} “{column}” is no time that can be meant, as in {}: the text is taken, and the value is kept as a field.",
                rows(*n),
                shown(value)
            ));
        }
        if let Some((value, n)) = &self.undecided {
            said.push(format!(
                "In {} “{column}” can be read in two ways, as in {}: the text is taken, and the value is kept as a field. Say \
                 whether the day or the month comes first, and import the file again.",
                rows(*n),
                shown(value)
            ));
        }
        said.extend(self.large_group());
        said.extend(self.empty_splits(n_control));
        said
    }

    fn labels(&self) -> Vec<String> {
        let mut by_label: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for ((label, spelling), n) in &self.spellings {
            by_label.entry(label).or_default().push(format!("“{}” ({})", visible(spelling), rows(*n)));
        }
        let sentence = |(label, spellings): (&str, Vec<String>)| {
            format!("The label “{label}” is also written {}: that is one label.", spellings.join(", "))
        };
        by_label.into_iter().map(sentence).collect()
    }

    fn words_for_nothing(&self) -> Vec<String> {
        let of = |role: Role, what: &str, so: &str| {
            let words: Vec<_> = self.nothing.iter().filter(|((of, _), _)| *of == role).collect();
            let n: i64 = words.iter().map(|(_, n)| **n).sum();
            let words: Vec<String> = words.iter().map(|((_, word), _)| format!("“{word}”")).collect();
            (n > 0).then(|| {
                format!("In {} the {what} is a word for nothing ({}): {so}", rows(n), words.join(", "))
            })
        };
        [
            of(Role::Id, "id", "these ids are made from the content."),
            of(Role::Group, "group", "these items have no group."),
            of(
                Role::Label,
                "label",
                "these rows have no answer. Where such a word is a label, publish a taxonomy with it, then import the file \
                 again.",
            ),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn large_group(&self) -> Option<String> {
        let (group, at_least) = self.groups.most()?;
        let share = at_least as f64 / self.n_items as f64;
        (self.n_items >= FEW_ROWS && share > LARGE_GROUP).then(|| large_group(group, share, "of the rows"))
    }

    /// Nobody says it where other imports brought control items.
    fn empty_splits(&self, n_control: i64) -> Option<String> {
        if self.n_items == 0 || n_control > self.n_control {
            return None;
        }
        let empty: Vec<Split> = [(Split::Validation, self.has_validation), (Split::Test, self.has_test)]
            .into_iter()
            .filter_map(|(split, has)| (!has).then_some(split))
            .collect();
        empty_splits(&empty)
    }
}

/// Why a large group is no good.
pub fn large_group(group: &str, share: f64, of_what: &str) -> String {
    format!(
        "One group, {}, holds {:.0}% {of_what}. A group goes into one split as a whole: choose another column for it, or none, \
         before the first release fixes the splits for good.",
        shown(group),
        share * 100.0
    )
}

/// What it means that splits have no rows.
pub fn empty_splits(empty: &[Split]) -> Option<String> {
    let names: Vec<&str> = empty.iter().map(|split| split.as_str()).collect();
    (!names.is_empty()).then(|| {
        format!(
            "As it stands a release would have no row in {}. Control items and their groups make validation and test: with few \
             items, or few groups, there may be none.",
            names.join(" and ")
        )
    })
}

fn bump<K: Ord>(counts: &mut BTreeMap<K, i64>, key: K) {
    if let Some(n) = counts.get_mut(&key) {
        *n += 1;
    } else if counts.len() < MOST {
        counts.insert(key, 1);
    }
}

/// Characters that nobody sees by their numbers.
fn visible(text: &str) -> String {
    let is_plain = |c: char| {
        !c.is_control() && (c == ' ' || !c.is_whitespace()) && domain::taxonomy::name::is_visible(c)
    };
    text.chars().map(|c| if is_plain(c) { c.to_string() } else { format!("\\u{{{:x}}}", c as u32) }).collect()
}

pub fn rows(n: i64) -> String {
    if n == 1 { "1 row".to_owned() } else { format!("{n} rows") }
}
