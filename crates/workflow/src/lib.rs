//! One function for each thing that a person or a job does: load, decide (in `domain` and `learn`), save.
//!
//! Workflows take the [`House`] and an [`Actor`](domain::permission::Actor) and ask
//! [`permission`](domain::permission) first. They return plain data; pages, the API and the command line show it.

pub mod adjudicate;
pub mod annotate;
pub mod audit;
pub mod backup;
pub mod browse;
pub mod demo;
pub mod design;
pub mod doctor;
pub mod error;
pub mod fields;
pub mod import;
pub mod jobs;
pub mod measure;
pub mod people;
pub mod projects;
pub mod queues;
pub mod rebuild;
pub mod release;
pub mod who;

pub use error::{Error, Result};

use derived::search::Search;
use domain::permission::{Act, Actor, may};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::Store;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

/// An installation: its memory, and the folder in which derived things lie.
#[derive(Clone)]
pub struct House {
    pub store: Store,
    /// The data directory: `assay.db` (SQLite), `blobs/`, `derived/`.
    pub data: PathBuf,
    /// How the jobs of this process hear of each other.
    pub jobs: Arc<jobs::Board>,
    /// Taxonomy versions that answers were checked against.
    pub frames: Arc<annotate::Frames>,
    /// What of the audit log was written lately.
    pub seen: Arc<audit::Seen>,
    search: Arc<OnceCell<Search>>,
    /// The program is about to end: what goes on for long comes to its end.
    pub closing: CancellationToken,
    agreement: Arc<measure::Cache>,
}

impl House {
    pub fn new(store: Store, data: &Path) -> House {
        House {
            store,
            data: data.to_owned(),
            jobs: Arc::default(),
            frames: Arc::default(),
            seen: Arc::default(),
            search: Arc::default(),
            closing: CancellationToken::new(),
            agreement: Arc::default(),
        }
    }

    /// The search index, opened when it is asked for the first time. What is in it follows the items by about a
    /// second, in the process that serves ([`rebuild::follow_changes`]).
    pub async fn search(&self) -> Result<&Search> {
        self.search.get_or_try_init(|| rebuild::open_search(&self.data)).await
    }
}

/// The first line of every workflow.
pub fn allow(actor: &Actor, act: Act) -> Result<()> {
    if may(actor, act) { Ok(()) } else { Err(Error::Forbidden(act)) }
}
