//! Takes jobs and runs them: two at a time, each under a lease that is renewed while its function lives.

use super::{Halt, JobOutcome, Stop, registry};
use crate::{Error, Instance};
use domain::{JobId, PersonId, ProjectId, Time};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use store::Tx;
use store::site::jobs::{End, Held, JobRow, Lease, Step};
use tokio_util::sync::CancellationToken;

/// A runner that was not heard of for so long is taken to be dead.
const LEASE_SECONDS: i64 = 60;
/// So often a lease is renewed, whether the function reports or not.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// So often at most the progress of a job is written.
const PACE: Duration = Duration::from_millis(250);
/// Jobs at once in one process.
const AT_ONCE: usize = 2;
/// A job that ended with its process so often is not tried again.
const MOST_ATTEMPTS: i64 = 5;

/// What does a job, as a value: [`registry::run`], or a test's own.
pub type Work = for<'a> fn(&'a Instance, &'a Running) -> BoxFuture<'a, JobOutcome>;

fn registered<'a>(instance: &'a Instance, run: &'a Running) -> BoxFuture<'a, JobOutcome> {
    registry::run(instance, run).boxed()
}

/// A job in the hands of its function.
pub struct Running {
    instance: Instance,
    job: JobRow,
    lease: Lease,
    /// Someone in this process asked for it to stop.
    cancelled: Arc<AtomicBool>,
    lost: AtomicBool,
    closing: CancellationToken,
    pace: Mutex<Pace>,
}

#[derive(Default)]
struct Pace {
    /// When progress was written last.
    at: Option<Instant>,
    /// What has not been written yet.
    unwritten: Option<Step>,
}

impl Running {
    fn new(instance: &Instance, job: JobRow, closing: CancellationToken) -> Running {
        let lease = Lease { job: job.id, fence: job.fence };
        let cancelled = Arc::new(AtomicBool::new(job.cancel));
        instance.jobs.with_here(|here| here.insert(job.id, cancelled.clone()));
        Running {
            instance: instance.clone(),
            job,
            lease,
            cancelled,
            lost: AtomicBool::new(false),
            closing,
            pace: Mutex::default(),
        }
    }

    pub fn id(&self) -> JobId {
        self.job.id
    }

    pub fn project(&self) -> Option<ProjectId> {
        self.job.project_id.map(ProjectId)
    }

    /// Who asked for it.
    pub fn by(&self) -> Option<PersonId> {
        self.job.created_by.map(PersonId)
    }

    pub(super) fn kind(&self) -> &str {
        &self.job.kind
    }

    /// What the job was made with.
    pub(crate) fn payload<T: DeserializeOwned>(&self) -> Result<T, Halt> {
        serde_json::from_str(&self.job.payload).map_err(|e| Halt::Failed(Error::internal(e)))
    }

    /// Where an earlier attempt got to, if one wrote that down.
    pub fn last_checkpoint<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(self.job.checkpoint.as_deref()?).ok()
    }

    /// Tells how far the work has come (`total` where it is known), and learns whether to go on. Cheap: call it
    /// for every piece; what people see is written four times a second.
    pub async fn progress(&self, done: i64, total: Option<i64>, message: &str) -> Result<(), Stop> {
        self.told_to_stop()?;
        let step = Step { done, total, message: message.to_owned() };
        let is_due = self.with_pace(|pace| {
            let is_due = pace.at.is_none_or(|at| at.elapsed() >= PACE) || total == Some(done);
            pace.unwritten = (!is_due).then(|| step.clone());
            if is_due {
                pace.at = Some(Instant::now());
            }
            is_due
        });
        if is_due { self.renew(Some(step)).await } else { Ok(()) }
    }

    /// Remembers where to go on after a crash.
    pub async fn checkpoint(&self, at: &impl Serialize) -> Result<(), Halt> {
        self.told_to_stop()?;
        let text = serde_json::to_string(at).map_err(|e| Halt::Failed(Error::internal(e)))?;
        let ticket = self.ticket();
        self.instance
            .store
            .write_aside(move |tx| Box::pin(async move { ticket.checkpoint_text(tx, &text).await }))
            .await
    }

    /// For a transaction that writes a piece of the work: see [`Ticket`].
    pub fn ticket(&self) -> Ticket {
        Ticket { lease: self.lease }
    }

    fn told_to_stop(&self) -> Result<(), Stop> {
        if self.lost.load(Ordering::SeqCst) {
            Err(Stop::Lost)
        } else if self.cancelled.load(Ordering::SeqCst) {
            Err(Stop::Cancelled)
        } else if self.closing.is_cancelled() {
            Err(Stop::Closing)
        } else {
            Ok(())
        }
    }

    fn with_pace<T>(&self, look: impl FnOnce(&mut Pace) -> T) -> T {
        look(&mut self.pace.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn renew(&self, step: Option<Step>) -> Result<(), Stop> {
        let (lease, until, has_news) = (self.lease, lease_end(&self.instance), step.is_some());
        let held = self
            .instance
            .store
            .write_aside(move |tx: &mut Tx| {
                Box::pin(async move { tx.renew_job(lease, until, step.as_ref()).await })
            })
            .await;
        if has_news {
            self.instance.jobs.moved(self.job.id);
        }
        match held {
            Ok(Held::Yes) => Ok(()),
            Ok(Held::Cancel) => {
                self.cancelled.store(true, Ordering::SeqCst);
                Err(Stop::Cancelled)
            }
            Ok(Held::Lost) => {
                self.lost.store(true, Ordering::SeqCst);
                Err(Stop::Lost)
            }
            // A report that could not be written is no reason to end the work: the lease says when it is.
            Err(error) => {
                tracing::warn!(job = self.job.id.0, %error, "the progress of a job could not be written");
                Ok(())
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mine = &self.cancelled;
        self.instance.jobs.with_here(|here| {
            if here.get(&self.job.id).is_some_and(|flag| Arc::ptr_eq(flag, mine)) {
                here.remove(&self.job.id);
            }
        });
    }
}

/// Carries a job's lease into the transactions of its pieces:
/// `store.write_piece(move |tx| Box::pin(async move { …; ticket.checkpoint(tx, &at).await }))`.
#[derive(Debug, Clone, Copy)]
pub struct Ticket {
    lease: Lease,
}

impl Ticket {
    /// Remembers where to go on, together with the piece; an error undoes both when the lease was lost. A wish
    /// to cancel is not told here but by `progress`, so that a finished piece is kept.
    pub async fn checkpoint(self, tx: &mut Tx, at: &impl Serialize) -> Result<(), Halt> {
        let text = serde_json::to_string(at).map_err(|e| Halt::Failed(Error::internal(e)))?;
        self.checkpoint_text(tx, &text).await
    }

    async fn checkpoint_text(self, tx: &mut Tx, text: &str) -> Result<(), Halt> {
        let until = tx.now().plus_seconds(LEASE_SECONDS);
        match tx.checkpoint_job(self.lease, until, text).await? {
            Held::Lost => Err(Halt::Stop(Stop::Lost)),
            Held::Yes | Held::Cancel => Ok(()),
        }
    }
}

fn lease_end(instance: &Instance) -> Time {
    instance.store.now().plus_seconds(LEASE_SECONDS)
}

/// Runs jobs until `shutdown`; then hands back what it was at and returns.
pub async fn runner(instance: Instance, shutdown: CancellationToken) {
    runner_with(instance, shutdown, registered).await;
}

pub(super) async fn runner_with(instance: Instance, shutdown: CancellationToken, work: Work) {
    let workers = (0..AT_ONCE).map(|_| worker(&instance, &shutdown, work));
    futures::future::join_all(workers).await;
}

async fn worker(instance: &Instance, shutdown: &CancellationToken, work: Work) {
    while !shutdown.is_cancelled() {
        match run_next(instance, shutdown, work).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "jobs can’t be taken"),
        }
        tokio::select! {
            () = instance.jobs.wake.notified() => {}
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            () = shutdown.cancelled() => {}
        }
    }
}

/// Runs what waits, one after another, until nothing does: for the command line, the demo and tests. Returns
/// how many jobs that were.
pub async fn run_all(instance: &Instance) -> crate::Result<usize> {
    let (never, mut n) = (CancellationToken::new(), 0);
    while run_next(instance, &never, registered).await? {
        n += 1;
    }
    Ok(n)
}

/// Takes one job and sees it through. False when there is none.
pub(super) async fn run_next(
    instance: &Instance,
    shutdown: &CancellationToken,
    work: Work,
) -> crate::Result<bool> {
    let Some(job) = take(instance).await? else { return Ok(false) };
    // There may be another one for another worker.
    instance.jobs.wake.notify_one();
    instance.jobs.moved(job.id);
    if job.attempts > MOST_ATTEMPTS {
        give_up(instance, job).await?;
        return Ok(true);
    }
    let run = Running::new(instance, job, shutdown.clone());
    let outcome = tokio::select! {
        outcome = AssertUnwindSafe(work(instance, &run)).catch_unwind() => {
            outcome.unwrap_or_else(|_| Err(Halt::Failed(Error::internal("a job panicked"))))
        }
        () = heartbeat(&run) => Err(Halt::Stop(Stop::Lost)),
    };
    settle(instance, &run, outcome).await?;
    Ok(true)
}

pub(crate) async fn take(instance: &Instance) -> crate::Result<Option<JobRow>> {
    let until = lease_end(instance);
    instance
        .store
        .write_aside(move |tx| Box::pin(async move { tx.take_job(until).await.map_err(Error::from) }))
        .await
}

#[cfg(test)]
pub(crate) fn begin(instance: &Instance, job: JobRow) -> Running {
    Running::new(instance, job, CancellationToken::new())
}

/// Renews the lease until it is lost.
async fn heartbeat(run: &Running) {
    loop {
        tokio::time::sleep(HEARTBEAT).await;
        let step = run.with_pace(|pace| pace.unwritten.take());
        if run.renew(step).await == Err(Stop::Lost) {
            return;
        }
    }
}

async fn settle(instance: &Instance, run: &Running, outcome: JobOutcome) -> crate::Result<()> {
    let lease = run.lease;
    let end = match outcome {
        Ok(value) => End::Done(value.to_string()),
        Err(Halt::Stop(Stop::Cancelled)) => End::Cancelled,
        Err(Halt::Failed(error)) => {
            tracing::error!(job = run.job.id.0, kind = run.job.kind, %error, "a job failed");
            End::Failed(for_people(&error))
        }
        Err(Halt::Stop(Stop::Lost)) => {
            tracing::warn!(job = run.job.id.0, "a job went to another runner");
            return Ok(());
        }
        Err(Halt::Stop(Stop::Closing)) => {
            instance
                .store
                .write_aside(move |tx| {
                    Box::pin(async move { tx.hand_back_job(lease).await.map_err(Error::from) })
                })
                .await?;
            instance.jobs.moved(run.job.id);
            return Ok(());
        }
    };
    if let Some(step) = run.with_pace(|pace| pace.unwritten.take()) {
        let _ = run.renew(Some(step)).await;
    }
    finish(instance, lease, end).await
}

async fn finish(instance: &Instance, lease: Lease, end: End) -> crate::Result<()> {
    instance
        .store
        .write_aside(move |tx| Box::pin(async move { tx.finish_job(lease, &end).await.map_err(Error::from) }))
        .await?;
    instance.jobs.moved(lease.job);
    Ok(())
}

async fn give_up(instance: &Instance, job: JobRow) -> crate::Result<()> {
    let why = format!(
        "The program ended {MOST_ATTEMPTS} times in the middle of this work, so it was given up. What was done \
         until then is kept. Start it again, and look into the program’s log if it happens again."
    );
    tracing::error!(job = job.id.0, kind = job.kind, "a job was given up after too many attempts");
    if let Err(error) = registry::given_up(instance, &job, &why).await {
        tracing::error!(job = job.id.0, %error, "what a job belongs to could not be told that it was given up");
    }
    finish(instance, Lease { job: job.id, fence: job.fence }, End::Failed(why)).await
}

/// Internals stay in the log; what a person can do something about is told.
fn for_people(error: &Error) -> String {
    match error {
        Error::Store(store::Error::DiskFull) => {
            "The disk is full. Free some space, then start the work again: nothing was lost.".to_owned()
        }
        Error::Internal(_) | Error::Store(_) => {
            "Something inside the program failed; its log says what. What was done until then is kept."
                .to_owned()
        }
        other => other.to_string(),
    }
}
