//! A piece of an import: consecutive rows, sorted by kind.

use super::FieldValue;
use crate::data::sources::Reject;
use domain::{ItemId, LabelId, PersonId, ProjectId, RevisionId, SourceId, TaxonomyVersionId};
use std::sync::Arc;

/// A row of a file, checked, mapped and hashed.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// Used if the external id is new.
    pub item: ItemId,
    pub revision: RevisionId,
    pub line: i64,
    /// The row as in the file, for a late refusal.
    pub raw: Vec<u8>,
    pub external_id: Arc<str>,
    pub text: Arc<str>,
    /// The fields as a JSON object.
    pub fields: Arc<str>,
    pub field_values: Vec<FieldValue>,
    pub group: Option<Arc<str>>,
    pub event_at: Option<i64>,
    /// The event time column holds no time: a field keeps its text.
    pub undated: bool,
    pub control_hash: i64,
    pub control: bool,
    pub content_hash: i64,
    pub normalized_hash: i64,
    /// The labels of the label column, sorted; only if the column holds answers.
    pub labels: Option<Vec<LabelId>>,
}

/// Whose answers the label column holds.
#[derive(Debug, Clone, Copy)]
pub struct AnsweredBy {
    pub person: PersonId,
    pub taxonomy: TaxonomyVersionId,
}

/// Consecutive rows of one import.
#[derive(Debug)]
pub struct Piece {
    pub project: ProjectId,
    pub source: SourceId,
    /// Rows read before this piece. The piece is imported only if exactly this many are in, so that no piece is
    /// imported twice or skipped, whichever process runs the job.
    pub read_before: i64,
    pub items: Vec<Incoming>,
    pub rejects: Vec<Reject>,
    pub answered_by: Option<AnsweredBy>,
}

/// What is known about an item whose external id came again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) item: ItemId,
    pub(super) revision: RevisionId,
    pub(super) content_hash: i64,
    pub(super) number: i64,
    pub(super) seen_source: Option<SourceId>,
    pub(super) seen_line: Option<i64>,
}

/// The rows of a piece by kind.
#[derive(Default)]
pub(super) struct Sorted<'p> {
    pub(super) new: Vec<&'p Incoming>,
    pub(super) revised: Vec<(&'p Incoming, Known)>,
    pub(super) same: Vec<(&'p Incoming, Known)>,
    pub(super) refused: Vec<Reject>,
}
