//! A person: the e-mail they are known by, what a password must be, and what they like.

mod password;

pub use password::{BadPassword, SHORTEST_PASSWORD, check_password};

use crate::project::UnknownWord;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Who stands behind a person's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PersonKind {
    /// Signs in with e-mail and password.
    Person,
    /// Stands for whoever gave imported answers; never acts.
    Source,
    /// A program that labels; acts by token only.
    Machine,
}

impl PersonKind {
    pub fn as_str(self) -> &'static str {
        match self {
            PersonKind::Person => "person",
            PersonKind::Source => "source",
            PersonKind::Machine => "machine",
        }
    }
}

impl TryFrom<String> for PersonKind {
    type Error = UnknownWord;
    fn try_from(text: String) -> Result<Self, UnknownWord> {
        let all = [PersonKind::Person, PersonKind::Source, PersonKind::Machine];
        all.into_iter().find(|k| k.as_str() == text).ok_or(UnknownWord(text))
    }
}

/// An e-mail address, trimmed and case-folded, so that one person has one account however they type it. Checked
/// for its outline only: whether it exists is not for a program without mail to say.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Email(String);

#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[error("this is not an e-mail address: it needs a name, an @ and a place, such as ada@example.org")]
pub struct BadEmail;

impl Email {
    pub fn parse(text: &str) -> Result<Email, BadEmail> {
        let folded = text.trim().to_lowercase();
        let outline = folded.rsplit_once('@').is_some_and(|(name, place)| {
            !name.is_empty()
                && !name.contains('@')
                && !place.is_empty()
                && !place.starts_with('.')
                && !place.ends_with('.')
        });
        let clean = !folded.chars().any(|c| c.is_whitespace() || c.is_control() || "<>,;\"".contains(c));
        if outline && clean && folded.len() <= 254 { Ok(Email(folded)) } else { Err(BadEmail) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a person likes. Absent keys take these defaults, so that preferences can grow.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Prefs {
    pub theme: Theme,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// What the browser or the operating system says.
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub const ALL: [Theme; 3] = [Theme::System, Theme::Light, Theme::Dark];

    pub fn as_str(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    pub fn parse(text: &str) -> Option<Theme> {
        Theme::ALL.into_iter().find(|t| t.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_however_it_is_typed() {
        assert_eq!(Email::parse("  Ada@Example.ORG ").unwrap().as_str(), "ada@example.org");
        for bad in ["", "ada", "@b", "a@", "a@b@c", "a b@c", "a@.c", "a@c.", "a\n@c", "<a@c>", "a@b,c@d"] {
            assert!(Email::parse(bad).is_err(), "{bad}");
        }
        assert!(Email::parse(&format!("{}@b", "a".repeat(253))).is_err());
    }

    #[test]
    fn preferences_grow() {
        let old: Prefs = serde_json::from_str(r#"{"later":1}"#).unwrap();
        assert_eq!(old.theme, Theme::System);
    }
}
