//! Identities. Every id is a positive integer within 53 bits, so that JavaScript can hold it exactly,
//! and grows with the time at which it was made (see `store::engine::ids`).

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = std::num::ParseIntError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map($name)
            }
        }

        impl From<i64> for $name {
            fn from(value: i64) -> Self {
                $name(value)
            }
        }
    )+};
}

ids! {
    /// One pile of text with one taxonomy.
    ProjectId,
    /// Someone (or some program) who does things here.
    PersonId,
    /// One import.
    SourceId,
    /// One text with a stable external id.
    ItemId,
    /// One content of an item; answers belong to it.
    RevisionId,
    /// A label, the same through all versions of its taxonomy.
    LabelId,
    /// An immutable, numbered state of the taxonomy.
    TaxonomyVersionId,
    /// A queue of items that people answer.
    QueueId,
    /// One person holding one of an item's slots in a queue.
    AssignmentId,
    /// An immutable, numbered version of the labeled dataset.
    ReleaseId,
    /// A piece of background work.
    JobId,
    /// An API token.
    TokenId,
    /// One seeded run of clustering.
    ClusteringId,
    /// A group of a run.
    ClusterId,
    /// One label given to many items at once.
    BulkId,
    /// A model that makes vectors of texts.
    EncoderId,
}
