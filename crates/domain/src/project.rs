//! A project: one pile of text with one taxonomy, and the settings that others read.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// One label an item.
    Single,
    /// A set of labels an item; the empty set is an answer.
    Multi,
}

impl Task {
    pub fn as_str(self) -> &'static str {
        match self {
            Task::Single => "single",
            Task::Multi => "multi",
        }
    }

    pub fn parse(text: &str) -> Option<Task> {
        [Task::Single, Task::Multi].into_iter().find(|t| t.as_str() == text)
    }
}

/// A stored word that is none of those it can be.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[error("“{0}” is not known here")]
pub struct UnknownWord(pub String);

impl TryFrom<String> for Task {
    type Error = UnknownWord;
    fn try_from(text: String) -> Result<Self, UnknownWord> {
        Task::parse(&text).ok_or(UnknownWord(text))
    }
}

/// What a project decides for itself. Absent keys take these defaults, so that settings can grow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Share of items that are control items, 0 to 1; decided once, because membership must not move.
    pub control_share: f64,
    /// Seed of the hashes that choose control items and splits.
    pub seed: u64,
    /// Fields that annotators see beside the text.
    pub shown_fields: Vec<String>,
    /// Single task: a pick waits for Enter instead of being sent at once.
    pub confirm_picks: bool,
    /// So many skips by different people make an item *stuck*.
    pub stuck_after: u32,
    /// Agreement under this is marked.
    pub alpha_target: f64,
    /// The share of drawn items that must be right before many are labeled at once.
    pub bulk_bar: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            control_share: 0.10,
            seed: 0,
            shown_fields: Vec::new(),
            confirm_picks: false,
            stuck_after: 3,
            alpha_target: 0.667,
            bulk_bar: 0.9,
        }
    }
}

/// A short name for addresses: 1 to 60 of `a-z 0-9 -`, neither starting nor ending with `-`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Slug(String);

#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[error("a short name has 1 to 60 characters a–z, 0–9 and -, and does not start or end with -")]
pub struct BadSlug;

impl Slug {
    pub fn parse(text: &str) -> Result<Slug, BadSlug> {
        let fits = (1..=60).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-');
        if fits { Ok(Slug(text.to_owned())) } else { Err(BadSlug) }
    }

    /// The same with a number behind it, for when the name is taken.
    pub fn numbered(&self, n: usize) -> Slug {
        let end = format!("-{n}");
        let mut kept = self.0.clone();
        kept.truncate(60 - end.len());
        Slug(format!("{}{end}", kept.trim_end_matches('-')))
    }

    /// A short name made from a title: what cannot stand in one becomes `-`.
    pub fn from_name(name: &str) -> Slug {
        let mut slug = String::new();
        for c in name.chars().flat_map(char::to_lowercase) {
            if c.is_ascii_alphanumeric() {
                slug.push(c);
            } else if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
            if slug.len() == 60 {
                break;
            }
        }
        let slug = slug.trim_end_matches('-');
        Slug(if slug.is_empty() { "project".to_owned() } else { slug.to_owned() })
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs() {
        assert_eq!(Slug::from_name("Support inbox, 2026!").as_str(), "support-inbox-2026");
        assert_eq!(Slug::from_name("日本").as_str(), "project");
        for bad in ["", "-a", "a-", "A", "a b", "ä", &"a".repeat(61)] {
            assert!(Slug::parse(bad).is_err(), "{bad}");
        }
        assert!(Slug::parse("a-1").is_ok());
        assert_eq!(Slug::from_name("inbox").numbered(2).as_str(), "inbox-2");
        let long = Slug::from_name(&"a".repeat(70)).numbered(12);
        assert_eq!(Slug::parse(long.as_str()).unwrap(), long);
    }

    #[test]
    fn settings_grow() {
        let old: Settings = serde_json::from_str(r#"{"control_share":0.2}"#).unwrap();
        assert_eq!(old.control_share, 0.2);
        assert_eq!(old.stuck_after, 3);
    }
}
