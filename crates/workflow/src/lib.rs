//! One function for each thing that a person or a job does: load, decide (in `domain` and `learn`), save.
//!
//! Workflows take the [`Instance`] and an [`Actor`](domain::permission::Actor) and ask
//! [`permission`](domain::permission) first. They return plain data; pages, the API and the command line show it.

pub mod agree;
pub mod care;
pub mod data;
pub mod demo;
pub mod design;
pub mod discover;
pub mod error;
pub mod jobs;
pub mod label;
pub mod release;
pub mod site;
#[cfg(any(test, feature = "testing"))]
pub mod testbed;

pub use error::{Error, Result, Thing};

use derived::search::Search;
use domain::permission::{Act, Actor, may};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::Store;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

/// An installation: its memory, and the folder in which derived things lie.
#[derive(Clone)]
pub struct Instance {
    pub store: Store,
    /// The data directory: `assay.db` (SQLite), `blobs/`, `derived/`.
    pub data: PathBuf,
    /// How the jobs of this process hear of each other.
    pub jobs: Arc<jobs::Board>,
    /// Taxonomy versions that answers were checked against.
    pub frames: Arc<label::annotate::Frames>,
    /// What of the audit log was written lately.
    pub seen: Arc<site::audit::Seen>,
    search: Arc<OnceCell<Search>>,
    /// The program is about to end: what goes on for long comes to its end.
    pub closing: CancellationToken,
    agreement: Arc<agree::measure::Cache>,
    points: Arc<discover::Cache>,
}

impl Instance {
    pub fn new(store: Store, data: &Path) -> Instance {
        Instance {
            store,
            data: data.to_owned(),
            jobs: Arc::default(),
            frames: Arc::default(),
            seen: Arc::default(),
            search: Arc::default(),
            closing: CancellationToken::new(),
            agreement: Arc::default(),
            points: Arc::default(),
        }
    }

    /// The search index, opened when it is asked for the first time. What is in it follows the items by about a
    /// second, in the process that serves ([`care::rebuild::follow_changes`]).
    pub async fn search(&self) -> Result<&Search> {
        self.search.get_or_try_init(|| care::rebuild::open_search(&self.data)).await
    }
}

/// The first line of every workflow.
pub fn allow(actor: &Actor, act: Act) -> Result<()> {
    if may(actor, act) { Ok(()) } else { Err(Error::Forbidden(act)) }
}
