//! `manifest.json`: what is in a release and where it came from. A released format: every later version of the
//! program must still read it (see `tests/fixtures/release-1`).

use crate::{Error, Result};
use domain::LabelId;
use domain::consensus::State;
use domain::project::Task;
use domain::release::Split;
use serde::{Deserialize, Serialize};

/// The format that this version writes, and the newest that it reads.
pub const FORMAT: u32 = 1;

/// What a spreadsheet would take for a formula is text here; it says how to get the original back.
pub const CSV_RULE: &str = "A text cell that begins with = + - @, a tab or a carriage return has a single quote (') \
                            put before it, so that no spreadsheet runs it. The .jsonl files hold the text unchanged.";
pub const SPLIT_RULE: &str = "An item's split hangs on its group, or else on its normalized text. A key that holds a \
                              control item (a plain random sample) is validation or test, half each; all others are \
                              train. Decided once for each key and kept in all later releases.";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    pub project: Project,
    /// Consensus states that went in.
    pub states: Vec<State>,
    pub n_rows: i64,
    /// Resolved items that stayed out because the taxonomy no longer offers one of their labels.
    pub n_left_out: i64,
    pub splits: Vec<SplitCount>,
    pub split_rule: String,
    pub csv_rule: String,
    /// Fields that have no column in the CSV files because there are too many; the JSONL files have them.
    #[serde(default)]
    pub csv_fields_left_out: Vec<String>,
    /// All files but this one.
    pub files: Vec<File>,
    pub lineage: Lineage,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Project {
    pub slug: String,
    pub name: String,
    pub task: Task,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SplitCount {
    pub split: Split,
    pub n_rows: i64,
    /// Of these, control items: what unbiased figures rest on.
    pub n_control: i64,
    /// In the order of the taxonomy, every label that it offers.
    pub labels: Vec<LabelCount>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabelCount {
    pub id: LabelId,
    pub name: String,
    pub n: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct File {
    pub path: String,
    pub blake3: String,
    pub bytes: i64,
    #[serde(default)]
    pub rows: Option<i64>,
}

/// Where the rows came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lineage {
    /// Program and version that cut it.
    pub program: String,
    /// Number of the taxonomy version.
    pub taxonomy_version: i64,
    pub n_answers: i64,
    pub n_annotators: i64,
    pub sources: Vec<Source>,
    pub queues: Vec<Queue>,
    /// Labels that were given to many items at once, with what was found right among those that were judged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bulk: Vec<Bulk>,
}

/// An import that rows came with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Source {
    pub id: i64,
    pub name: String,
    pub format: String,
    pub n_rows: i64,
}

/// A queue that answers came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Queue {
    pub id: i64,
    pub name: String,
    pub strategy: String,
    pub overlap: i64,
    pub n_answers: i64,
}

/// One label that was given to many items at once. Of `n_drawn` items drawn at random and judged by a person, `n_right`
/// were right; the interval is Wilson's (1927), 95%.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bulk {
    pub id: i64,
    pub label: String,
    pub n_rows: i64,
    pub n_drawn: i64,
    pub n_right: i64,
    pub low: f64,
    pub high: f64,
}

impl Manifest {
    /// Its bytes as they stand in the file.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec_pretty(self).map_err(Error::internal)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

/// Reads the manifest of any release that was ever cut.
pub fn read_manifest(bytes: &[u8]) -> Result<Manifest> {
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let bad = |e: serde_json::Error| Error::invalid("manifest.json", format!("not a release manifest: {e}"));
    let Format { format } = serde_json::from_slice(bytes).map_err(bad)?;
    if format > FORMAT {
        let message =
            format!("format {format} is newer than this program reads ({FORMAT}): use a newer version");
        return Err(Error::invalid("manifest.json", message));
    }
    serde_json::from_slice(bytes).map_err(bad)
}
