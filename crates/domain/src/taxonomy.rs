//! A taxonomy: labels with what they mean. A published version is immutable; changes are made in a draft and
//! published as a list of operations (see [`change`]).

pub mod change;
pub mod edit;
pub mod name;

use crate::LabelId;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// One label and its guideline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    pub id: LabelId,
    pub name: String,
    #[serde(default)]
    pub definition: String,
    /// What belongs here.
    #[serde(default)]
    pub includes: String,
    /// What does not, and where it goes instead.
    #[serde(default)]
    pub excludes_text: String,
    #[serde(default)]
    pub examples: Vec<String>,
    #[serde(default)]
    pub counter_examples: Vec<String>,
    #[serde(default)]
    pub parent: Option<LabelId>,
    /// Labels that can't stand beside this one (task `multi`).
    #[serde(default)]
    pub excludes: Vec<LabelId>,
    /// The key that picks it, where the owner chose one.
    #[serde(default)]
    pub key: Option<char>,
    /// The bucket for what fits nowhere.
    #[serde(default)]
    pub other: bool,
    /// No longer offered; answers that carry it stay what they were.
    #[serde(default)]
    pub retired: bool,
    /// Which of the label hues it wears, 0 to 15; stays with the label when the order changes.
    #[serde(default)]
    pub hue: u8,
}

impl Label {
    pub fn named(id: LabelId, name: &str) -> Label {
        Label {
            id,
            name: name.to_owned(),
            definition: String::new(),
            includes: String::new(),
            excludes_text: String::new(),
            examples: Vec::new(),
            counter_examples: Vec::new(),
            parent: None,
            excludes: Vec::new(),
            key: None,
            other: false,
            retired: false,
            hue: 0,
        }
    }
}

/// Labels in their order. On a scale (`ordered`) the order is the order of the values.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Taxonomy {
    pub labels: Vec<Label>,
    #[serde(default)]
    pub ordered: bool,
}

/// What keeps a taxonomy from being published; each names the label it is about.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Problem {
    #[error("there is no label yet: add at least two")]
    TooFew,
    #[error("a label has no name")]
    NoName(LabelId),
    #[error("the name “{name}” is longer than {MAX_NAME} characters")]
    NameTooLong { label: LabelId, name: String },
    #[error("two labels are called “{name}”")]
    SameName { label: LabelId, name: String },
    #[error("“{name}” and “{other}” both have the key {key}")]
    SameKey { label: LabelId, name: String, other: String, key: char },
    #[error("the key of “{name}” must be a letter or digit that is not used for a command ({COMMAND_KEYS})")]
    BadKey { label: LabelId, name: String },
    #[error("“{name}” lies under a label that is not there, or under itself")]
    BadParent { label: LabelId, name: String },
    #[error("only one label can be the bucket for everything else, and two are: “{name}” and “{other}”")]
    TwoOthers { label: LabelId, name: String, other: String },
}

impl Problem {
    /// The label that the problem is about, if it is about one.
    pub fn label(&self) -> Option<LabelId> {
        match self {
            Problem::TooFew => None,
            Problem::NoName(label)
            | Problem::NameTooLong { label, .. }
            | Problem::SameName { label, .. }
            | Problem::SameKey { label, .. }
            | Problem::BadKey { label, .. }
            | Problem::BadParent { label, .. }
            | Problem::TwoOthers { label, .. } => Some(*label),
        }
    }

    /// The setting of the label that has to change, by its name in forms and in the API.
    pub fn field(&self) -> &'static str {
        match self {
            Problem::TooFew => "labels",
            Problem::NoName(_) | Problem::NameTooLong { .. } | Problem::SameName { .. } => "name",
            Problem::SameKey { .. } | Problem::BadKey { .. } => "key",
            Problem::BadParent { .. } => "parent",
            Problem::TwoOthers { .. } => "other",
        }
    }
}

pub const MAX_NAME: usize = 120;
/// Keys of the desk that are commands: skip, flag, note, question, undo, guideline.
pub const COMMAND_KEYS: &str = "sfnqug";

impl Taxonomy {
    /// A label that is offered.
    pub fn live(&self, id: LabelId) -> Option<&Label> {
        self.labels.iter().find(|l| l.id == id && !l.retired)
    }

    pub fn get(&self, id: LabelId) -> Option<&Label> {
        self.labels.iter().find(|l| l.id == id)
    }

    pub fn by_name(&self, name: &str) -> Option<&Label> {
        self.labels.iter().find(|l| l.name == name)
    }

    /// Labels that are offered, in order, the *other* bucket last.
    pub fn offered(&self) -> Vec<&Label> {
        let mut labels: Vec<&Label> = self.labels.iter().filter(|l| !l.retired).collect();
        labels.sort_by_key(|l| l.other);
        labels
    }

    /// The key of each offered label: the one its owner chose, else 1–9 in order and 0 for the *other* bucket
    /// (or the tenth label where there is no such bucket). Labels past that have none and are found by name.
    pub fn keys(&self) -> Vec<(LabelId, Option<char>)> {
        let offered = self.offered();
        let taken: Vec<char> = offered.iter().filter_map(|l| l.key).collect();
        let other_takes_zero = offered.iter().any(|l| l.other && l.key.is_none()) && !taken.contains(&'0');
        let mut free =
            "123456789".chars().chain((!other_takes_zero).then_some('0')).filter(|k| !taken.contains(k));
        offered
            .iter()
            .map(|l| {
                let key = match l.key {
                    Some(key) => Some(key),
                    None if l.other && other_takes_zero => Some('0'),
                    None => free.next(),
                };
                (l.id, key)
            })
            .collect()
    }

    /// What keeps this draft from being published. Empty means it can be.
    pub fn problems(&self) -> Vec<Problem> {
        let offered = self.offered();
        let mut problems = Vec::new();
        if offered.len() < 2 {
            problems.push(Problem::TooFew);
        }
        let keys: Vec<String> = offered.iter().map(|label| name::key(&label.name)).collect();
        for (i, label) in offered.iter().enumerate() {
            let (id, name) = (label.id, label.name.clone());
            if keys[i].is_empty() {
                problems.push(Problem::NoName(id));
            }
            if name.chars().count() > MAX_NAME {
                problems.push(Problem::NameTooLong { label: id, name: name.clone() });
            }
            if let Some(key) = label.key
                && (!key.is_ascii_alphanumeric() || COMMAND_KEYS.contains(key.to_ascii_lowercase()))
            {
                problems.push(Problem::BadKey { label: id, name: name.clone() });
            }
            for (earlier, key) in offered[..i].iter().zip(&keys) {
                if *key == keys[i] && !key.is_empty() {
                    problems.push(Problem::SameName { label: id, name: name.clone() });
                }
                if let (Some(a), Some(b)) = (earlier.key, label.key)
                    && a == b
                {
                    problems.push(Problem::SameKey {
                        label: id,
                        name: name.clone(),
                        other: earlier.name.clone(),
                        key: a,
                    });
                }
                if earlier.other && label.other {
                    problems.push(Problem::TwoOthers {
                        label: id,
                        name: name.clone(),
                        other: earlier.name.clone(),
                    });
                }
            }
            if !self.parent_is_sound(label) {
                problems.push(Problem::BadParent { label: id, name });
            }
        }
        problems
    }

    /// Walks up from a label; unsound where a parent is missing or the walk comes back.
    fn parent_is_sound(&self, label: &Label) -> bool {
        let mut at = label;
        for _ in 0..=self.labels.len() {
            match at.parent {
                None => return true,
                Some(parent) => match self.live(parent) {
                    Some(next) => at = next,
                    None => return false,
                },
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taxonomy(names: &[&str]) -> Taxonomy {
        Taxonomy {
            labels: names.iter().enumerate().map(|(i, n)| Label::named(LabelId(i as i64 + 1), n)).collect(),
            ordered: false,
        }
    }

    #[test]
    fn other_has_zero_and_comes_last() {
        let mut t = taxonomy(&["a", "other", "b"]);
        t.labels[1].other = true;
        assert_eq!(t.offered().iter().map(|l| l.name.as_str()).collect::<Vec<_>>(), ["a", "b", "other"]);
        assert_eq!(t.keys(), [(LabelId(1), Some('1')), (LabelId(3), Some('2')), (LabelId(2), Some('0'))]);
    }

    #[test]
    fn a_chosen_key_is_not_given_twice() {
        let mut t = taxonomy(&["a", "b", "c"]);
        t.labels[2].key = Some('1');
        assert_eq!(t.keys(), [(LabelId(1), Some('2')), (LabelId(2), Some('3')), (LabelId(3), Some('1'))]);
    }

    #[test]
    fn more_than_ten_labels_are_found_by_name() {
        let names: Vec<String> = (0..12).map(|i| format!("l{i}")).collect();
        let t = taxonomy(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let keys: String = t.keys().iter().filter_map(|k| k.1).collect();
        assert_eq!(keys, "1234567890");
    }

    #[test]
    fn what_keeps_a_draft_back() {
        assert_eq!(taxonomy(&[]).problems(), [Problem::TooFew]);
        let mut t = taxonomy(&["Refund", "refund", ""]);
        t.labels[0].key = Some('s');
        t.labels[0].parent = Some(LabelId(1));
        let problems = t.problems();
        assert!(problems.iter().any(|p| matches!(p, Problem::SameName { .. })));
        assert!(problems.iter().any(|p| matches!(p, Problem::NoName(_))));
        assert!(problems.iter().any(|p| matches!(p, Problem::BadKey { .. })));
        assert!(problems.iter().any(|p| matches!(p, Problem::BadParent { .. })));
        assert_eq!(taxonomy(&["a", "b"]).problems(), []);
    }
}
