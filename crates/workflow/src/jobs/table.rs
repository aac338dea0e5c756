//! The one place that says which function does which kind of job.

use super::{Halt, JobOutcome, Running};
use crate::data::import;
use crate::design::taxonomies;
use crate::label::queues;
use crate::release::releases;
use crate::{Error, Instance, demo};

/// What a job does. The words stand in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Import,
    UndoImport,
    FillQueue,
    CutRelease,
    SettleTaxonomy,
    MakeDemo,
}

impl Kind {
    pub const ALL: [Kind; 6] = [
        Kind::Import,
        Kind::UndoImport,
        Kind::FillQueue,
        Kind::CutRelease,
        Kind::SettleTaxonomy,
        Kind::MakeDemo,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Import => "import",
            Kind::UndoImport => "undo_import",
            Kind::FillQueue => "fill_queue",
            Kind::CutRelease => "cut_release",
            Kind::SettleTaxonomy => "settle_taxonomy",
            Kind::MakeDemo => "make_demo",
        }
    }

    /// As a person reads it.
    pub fn title(self) -> &'static str {
        match self {
            Kind::Import => "Import",
            Kind::UndoImport => "Undo of an import",
            Kind::FillQueue => "Filling a queue",
            Kind::CutRelease => "Release",
            Kind::SettleTaxonomy => "New taxonomy",
            Kind::MakeDemo => "Three weeks of work on an invented inbox",
        }
    }

    pub fn parse(text: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|k| k.as_str() == text)
    }
}

/// Does a job. Functions are `async fn(&Instance, &Running) -> JobOutcome`; they read their payload with
/// `run.payload()` and begin with `run.progress(…)`, which is where a job that was cancelled while it waited
/// learns of it.
pub(super) async fn run(instance: &Instance, run: &Running) -> JobOutcome {
    let Some(kind) = run.kind() else { return Err(unknown()) };
    match kind {
        Kind::Import => import::run_job(instance, run).await,
        Kind::UndoImport => import::run_undo_job(instance, run).await,
        Kind::FillQueue => queues::fill_job(instance, run).await,
        Kind::CutRelease => releases::cut_job(instance, run).await,
        Kind::SettleTaxonomy => taxonomies::settle_job(instance, run).await,
        Kind::MakeDemo => demo::make_job(instance, run).await,
    }
}

/// A newer program beside this one may make jobs that this one has not learned.
fn unknown() -> Halt {
    Halt::Failed(Error::conflict("This version of the program can’t do this kind of work."))
}

/// A job came to an end without its function knowing: it was given up after too many crashes. What the job
/// belongs to must not look as if it were still under way.
pub(super) async fn given_up(
    instance: &Instance,
    job: &store::site::jobs::Job,
    why: &str,
) -> Result<(), Error> {
    match Kind::parse(&job.kind) {
        Some(Kind::Import) => {
            let payload: import::Payload = serde_json::from_str(&job.payload).map_err(Error::internal)?;
            import::given_up(instance, payload.source, why).await
        }
        Some(Kind::CutRelease) => releases::given_up(instance, job, why).await,
        // What the others belong to shows the job itself.
        _ => Ok(()),
    }
}
