//! Background work. A workflow enqueues a job, any process that serves may run it, and pages show its progress.
//!
//! A job is a type: its fields are the payload, and its file holds its name, its work and what to do when it is given
//! up ([`Job`]). The file stands beside the workflow that the job belongs to; [`registry`] lists all of them.
//!
//! A job must be idempotent. It works in pieces, and each piece is written in one transaction with its checkpoint
//! ([`Ticket::checkpoint`]), so that a crash repeats nothing and loses nothing.

mod job_view;
mod registry;
mod runner;
mod running;
mod watch;

#[cfg(test)]
mod tests;

pub use job_view::{JobView, carries, newest};
#[cfg(test)]
pub(crate) use runner::{begin as begin_to_run, take};
pub use runner::{run_all, runner};
pub use running::{Running, Ticket};
pub use watch::{see, view, watch};

use crate::{Error, Instance, Result, Thing, allow};
use domain::permission::{Act, Actor};
use domain::{JobId, PersonId, ProjectId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use store::site::jobs::NewJob;
use store::{MaybeBusy, Tx};
use tokio::sync::{Notify, broadcast};

/// One kind of background work. The fields are the payload: they stand in the database as JSON, so a job that an
/// earlier version of the program made must still be read.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The kind of the job, as it stands in the database.
    const NAME: &'static str;
    /// The kind of the job, as people read it.
    const TITLE: &'static str;

    /// While a job with this key is open, no second one is made.
    fn dedupe(&self) -> Option<String> {
        None
    }

    /// Does the work. It begins with [`Running::progress`], which is where a job that was cancelled while it waited
    /// learns that it was.
    fn run(self, instance: &Instance, running: &Running) -> impl Future<Output = JobOutcome> + Send;

    /// The job was given up after too many crashes, so `run` cannot report the end. What the job belongs to must not
    /// look as if the work were still under way. The default is for jobs whose pages show the job itself.
    fn given_up(self, instance: &Instance, why: &str) -> impl Future<Output = Result<()>> + Send {
        let _ = (instance, why);
        async { Ok(()) }
    }
}

/// Why a job must end before its work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// A person cancelled it: tidy up, then return.
    Cancelled,
    /// The lease went to another runner: touch nothing.
    Lost,
    /// The program stops, and a later run will continue the job: touch nothing.
    Closing,
}

/// How a job ends without having done its work.
#[derive(Debug)]
pub enum Halt {
    Stop(Stop),
    Failed(Error),
}

/// What a job returns: a result that people and pages read.
pub type JobOutcome = std::result::Result<serde_json::Value, Halt>;

impl From<Stop> for Halt {
    fn from(stop: Stop) -> Halt {
        Halt::Stop(stop)
    }
}

impl From<Error> for Halt {
    fn from(error: Error) -> Halt {
        Halt::Failed(error)
    }
}

impl From<store::Error> for Halt {
    fn from(error: store::Error) -> Halt {
        Halt::Failed(Error::Store(error))
    }
}

impl MaybeBusy for Halt {
    fn is_busy(&self) -> bool {
        matches!(self, Halt::Failed(error) if error.is_busy())
    }
}

/// Signals between the jobs of this process. They save questions to the database; nothing depends on them.
pub struct Board {
    /// There may be a job to take.
    wake: Notify,
    /// The progress or the state of a job has changed.
    moved: broadcast::Sender<JobId>,
    /// Jobs that run here, and whether they were asked to stop.
    here: Mutex<HashMap<JobId, Arc<AtomicBool>>>,
}

impl Default for Board {
    fn default() -> Board {
        Board { wake: Notify::new(), moved: broadcast::channel(256).0, here: Mutex::default() }
    }
}

impl Board {
    fn moved(&self, job: JobId) {
        // An error only means that no page is watching.
        let _ = self.moved.send(job);
    }

    fn with_here<T>(&self, look: impl FnOnce(&mut HashMap<JobId, Arc<AtomicBool>>) -> T) -> T {
        look(&mut self.here.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Makes a job, or finds the open one with the same dedupe key, and wakes the runner. The caller must have checked
/// the permission.
pub async fn enqueue<J: Job>(
    instance: &Instance,
    by: Option<PersonId>,
    project: Option<ProjectId>,
    job: &J,
) -> Result<JobId> {
    let job = new(by, project, job)?;
    let id = instance
        .store
        .write(move |tx: &mut Tx| Box::pin(async move { tx.enqueue_job(&job).await.map_err(Error::from) }))
        .await?;
    wake(instance);
    Ok(id)
}

/// The same for a job that must be made in the transaction of the thing it belongs to: pass it to `tx.enqueue_job`.
/// Call [`wake`] after the commit.
pub fn new<J: Job>(by: Option<PersonId>, project: Option<ProjectId>, job: &J) -> Result<NewJob> {
    let payload = serde_json::to_string(job).map_err(Error::internal)?;
    Ok(NewJob { kind: J::NAME.to_owned(), project, payload, dedupe: job.dedupe(), by })
}

/// Tells the runner of this process that there is a job. Other processes look every second.
pub fn wake(instance: &Instance) {
    instance.jobs.wake.notify_one();
}

/// Ends the leases of a crashed server, so that its jobs can be taken at once. Only on SQLite, where one server at a
/// time uses a folder. On PostgreSQL other servers may be alive, so their leases must run out.
pub async fn take_over(instance: &Instance) -> Result<()> {
    if instance.store.is_postgres() {
        return Ok(());
    }
    Ok(instance.store.write(|tx| Box::pin(async move { tx.free_jobs().await })).await?)
}

/// Asks a job to stop. It stops when it next reports its progress.
pub async fn cancel(instance: &Instance, actor: &Actor, job: JobId) -> Result<()> {
    allow(actor, Act::RunQueues)?;
    instance.store.job(job).await?.ok_or(Error::NotFound(Thing::Job))?;
    let asked = instance
        .store
        .write(move |tx| Box::pin(async move { tx.cancel_job(job).await.map_err(Error::from) }))
        .await?;
    if !asked {
        return Err(Error::conflict("The work was over before it could be cancelled."));
    }
    instance.jobs.with_here(|here| {
        if let Some(flag) = here.get(&job) {
            flag.store(true, Ordering::SeqCst);
        }
    });
    instance.jobs.moved(job);
    wake(instance);
    Ok(())
}
