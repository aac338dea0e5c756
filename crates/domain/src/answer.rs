//! An answer: what a person said of an item. Append-only; a correction or an undo is a new revision.

use crate::word::decoded;
use crate::{LabelId, project::Task, taxonomy::Taxonomy};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Said {
    /// One label (task `single`) or a set of them (task `multi`, sorted, the empty set included).
    Labels(Vec<LabelId>),
    /// Could not be answered, and why.
    Skip(SkipReason),
    /// Taken back.
    Withdrawn,
}

/// Which of these was said, as a row of the database names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Labels,
    Skip,
    Withdrawn,
}

impl Kind {
    pub const ALL: [Kind; 3] = [Kind::Labels, Kind::Skip, Kind::Withdrawn];

    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Labels => "labels",
            Kind::Skip => "skip",
            Kind::Withdrawn => "withdrawn",
        }
    }

    pub fn parse(text: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|s| s.as_str() == text)
    }
}

decoded!(Kind, "kind of answer");

impl Said {
    pub fn kind(&self) -> Kind {
        match self {
            Said::Labels(_) => Kind::Labels,
            Said::Skip(_) => Kind::Skip,
            Said::Withdrawn => Kind::Withdrawn,
        }
    }

    /// None but those that were given.
    pub fn labels(&self) -> &[LabelId] {
        if let Said::Labels(labels) = self { labels } else { &[] }
    }

    pub fn skip_reason(&self) -> Option<SkipReason> {
        if let Said::Skip(reason) = self { Some(*reason) } else { None }
    }
}

/// Why someone passed an item over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// I can't decide between labels.
    Unsure,
    /// No label fits.
    NoFit,
    /// The text is broken or empty of meaning.
    Broken,
    /// In a language I don't read.
    Language,
    /// Something I should not see, or don't want to.
    Sensitive,
}

impl SkipReason {
    pub const ALL: [SkipReason; 5] = [
        SkipReason::Unsure,
        SkipReason::NoFit,
        SkipReason::Broken,
        SkipReason::Language,
        SkipReason::Sensitive,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            SkipReason::Unsure => "unsure",
            SkipReason::NoFit => "no_fit",
            SkipReason::Broken => "broken",
            SkipReason::Language => "language",
            SkipReason::Sensitive => "sensitive",
        }
    }

    /// As a person reads it.
    pub fn title(self) -> &'static str {
        match self {
            SkipReason::Unsure => "Can’t decide between labels",
            SkipReason::NoFit => "No label fits",
            SkipReason::Broken => "Broken or meaningless text",
            SkipReason::Language => "A language I don’t read",
            SkipReason::Sensitive => "Sensitive content",
        }
    }

    pub fn parse(text: &str) -> Option<SkipReason> {
        SkipReason::ALL.into_iter().find(|r| r.as_str() == text)
    }
}

/// How an answer came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    Queue,
    Bulk,
    SecondLook,
    Calibration,
    Adjudication,
    Imported,
    Machine,
}

impl Origin {
    pub const ALL: [Origin; 7] = [
        Origin::Queue,
        Origin::Bulk,
        Origin::SecondLook,
        Origin::Calibration,
        Origin::Adjudication,
        Origin::Imported,
        Origin::Machine,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Origin::Queue => "queue",
            Origin::Bulk => "bulk",
            Origin::SecondLook => "second_look",
            Origin::Calibration => "calibration",
            Origin::Adjudication => "adjudication",
            Origin::Imported => "imported",
            Origin::Machine => "machine",
        }
    }

    pub fn parse(text: &str) -> Option<Origin> {
        Origin::ALL.into_iter().find(|o| o.as_str() == text)
    }
}

decoded!(Origin, "origin of an answer");

/// Does an answer count towards its item, or is it kept beside it?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    Counted,
    /// Its slot had gone when it came: kept, not counted.
    Extra,
}

impl Standing {
    pub const ALL: [Standing; 2] = [Standing::Counted, Standing::Extra];

    pub fn as_str(self) -> &'static str {
        match self {
            Standing::Counted => "counted",
            Standing::Extra => "extra",
        }
    }

    pub fn parse(text: &str) -> Option<Standing> {
        Standing::ALL.into_iter().find(|s| s.as_str() == text)
    }
}

decoded!(Standing, "standing of an answer");

/// What makes labels unfit to be an answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadAnswer {
    #[error("an item of this project takes exactly one label, not {0}")]
    NotOne(usize),
    #[error("label {0} is not in the published taxonomy")]
    UnknownLabel(LabelId),
    #[error("“{0}” and “{1}” exclude each other")]
    Exclusive(String, String),
}

/// Checks labels against the task and the taxonomy, and returns them sorted, each once.
pub fn checked_labels(
    task: Task,
    taxonomy: &Taxonomy,
    labels: &[LabelId],
) -> Result<Vec<LabelId>, BadAnswer> {
    let mut labels = labels.to_vec();
    labels.sort();
    labels.dedup();
    for id in &labels {
        if taxonomy.live(*id).is_none() {
            return Err(BadAnswer::UnknownLabel(*id));
        }
    }
    if task == Task::Single && labels.len() != 1 {
        return Err(BadAnswer::NotOne(labels.len()));
    }
    for (i, a) in labels.iter().enumerate() {
        for b in &labels[i + 1..] {
            if let (Some(a), Some(b)) = (taxonomy.live(*a), taxonomy.live(*b))
                && (a.excludes.contains(&b.id) || b.excludes.contains(&a.id))
            {
                return Err(BadAnswer::Exclusive(a.name.clone(), b.name.clone()));
            }
        }
    }
    Ok(labels)
}
