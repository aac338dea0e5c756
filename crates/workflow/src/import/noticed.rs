//! What was noticed about a file, as people and programs are told.

use crate::jobs::JobView;
use records::Notice;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noticed {
    /// For programs: `decoded`, `separator`, `comments`, `one_column`, `header_is_data`, `quotes_are_text`, `long_row`.
    pub kind: String,
    /// A sentence.
    pub message: String,
}

pub fn noticed(notices: &[Notice]) -> Vec<Noticed> {
    notices.iter().map(|n| Noticed { kind: n.kind().to_owned(), message: n.to_string() }).collect()
}

/// What the job of an import noticed.
pub fn noticed_by(job: &JobView) -> Vec<Noticed> {
    let notices = job.result.as_ref().and_then(|result| result.get("notices")).cloned();
    notices.and_then(|notices| serde_json::from_value(notices).ok()).unwrap_or_default()
}
