//! All kinds of jobs. A job that is not in this list is not run.

use super::{Halt, Job, JobOutcome, Running};
use crate::data::import::{Import, UndoImport};
use crate::demo::MakeDemo;
use crate::design::SettleTaxonomy;
use crate::discover::{JoinRun, LabelBulk, RunClustering};
use crate::label::queues::FillQueue;
use crate::release::CutRelease;
use crate::{Error, Instance, Result};
use futures::FutureExt;
use futures::future::BoxFuture;
use store::site::jobs::JobRow;

static JOBS: [Registered; 9] = [
    Registered::of::<Import>(),
    Registered::of::<UndoImport>(),
    Registered::of::<FillQueue>(),
    Registered::of::<CutRelease>(),
    Registered::of::<SettleTaxonomy>(),
    Registered::of::<MakeDemo>(),
    Registered::of::<RunClustering>(),
    Registered::of::<JoinRun>(),
    Registered::of::<LabelBulk>(),
];

/// Does a job of any kind.
pub(super) async fn run(instance: &Instance, running: &Running) -> JobOutcome {
    let job = find(running.kind()).ok_or_else(unknown)?;
    (job.run)(instance, running).await
}

/// Tells a job of any kind that it was given up.
pub(super) async fn given_up(instance: &Instance, row: &JobRow, why: &str) -> Result<()> {
    match find(&row.kind) {
        Some(job) => (job.given_up)(instance, row, why).await,
        None => Ok(()),
    }
}

/// The kind of a job as people read it.
pub(super) fn title(kind: &str) -> &'static str {
    find(kind).map_or("Work", |job| job.title)
}

/// A newer program that uses the same database may make jobs that this one does not know.
fn unknown() -> Halt {
    Halt::Failed(Error::conflict("This version of the program can’t do this kind of work."))
}

fn find(kind: &str) -> Option<&'static Registered> {
    JOBS.iter().find(|job| job.name == kind)
}

/// A [`Job`] whose type is erased.
struct Registered {
    name: &'static str,
    title: &'static str,
    run: for<'a> fn(&'a Instance, &'a Running) -> BoxFuture<'a, JobOutcome>,
    given_up: for<'a> fn(&'a Instance, &'a JobRow, &'a str) -> BoxFuture<'a, Result<()>>,
}

impl Registered {
    const fn of<J: Job>() -> Registered {
        Registered { name: J::NAME, title: J::TITLE, run: run_as::<J>, given_up: given_up_as::<J> }
    }
}

fn run_as<'a, J: Job>(instance: &'a Instance, running: &'a Running) -> BoxFuture<'a, JobOutcome> {
    async move { running.payload::<J>()?.run(instance, running).await }.boxed()
}

fn given_up_as<'a, J: Job>(
    instance: &'a Instance,
    row: &'a JobRow,
    why: &'a str,
) -> BoxFuture<'a, Result<()>> {
    async move {
        let job: J = serde_json::from_str(&row.payload).map_err(Error::internal)?;
        job.given_up(instance, why).await
    }
    .boxed()
}
