//! A job that runs: it reports its progress, learns that it must stop, and writes its checkpoints under its lease.

use super::{Halt, Stop};
use crate::{Error, Instance};
use domain::{JobId, PersonId, ProjectId, Time};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use store::Tx;
use store::site::jobs::{Held, JobRow, Lease, Step};
use tokio_util::sync::CancellationToken;

/// How long a lease lasts. A runner that does not renew it in time is taken to be dead.
const LEASE_SECONDS: i64 = 60;
/// How often the progress of a job is written at most.
const PACE: Duration = Duration::from_millis(250);
/// A job that runs, as its function sees it.
pub struct Running {
    instance: Instance,
    pub(super) job: JobRow,
    pub(super) lease: Lease,
    /// A request in this process asked it to stop.
    cancelled: Arc<AtomicBool>,
    lost: AtomicBool,
    closing: CancellationToken,
    pace: Mutex<Pace>,
}

#[derive(Default)]
pub(super) struct Pace {
    /// When the progress was last written.
    at: Option<Instant>,
    /// The newest progress, if it is not written yet.
    pub(super) unwritten: Option<Step>,
}

impl Running {
    pub(super) fn new(instance: &Instance, job: JobRow, closing: CancellationToken) -> Running {
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

    /// The person who asked for it.
    pub fn by(&self) -> Option<PersonId> {
        self.job.created_by.map(PersonId)
    }

    pub(super) fn kind(&self) -> &str {
        &self.job.kind
    }

    /// The payload.
    pub(crate) fn payload<T: DeserializeOwned>(&self) -> Result<T, Halt> {
        serde_json::from_str(&self.job.payload).map_err(|e| Halt::Failed(Error::internal(e)))
    }

    /// The checkpoint of an earlier attempt, if it wrote one.
    pub fn last_checkpoint<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(self.job.checkpoint.as_deref()?).ok()
    }

    /// Reports how far the work has come (`total` if it is known), and returns an error if the job must stop. It is
    /// cheap, so call it for every piece: the row is written four times a second at most.
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

    /// Writes a checkpoint: a later attempt continues from it.
    pub async fn checkpoint(&self, at: &impl Serialize) -> Result<(), Halt> {
        self.told_to_stop()?;
        let text = serde_json::to_string(at).map_err(|e| Halt::Failed(Error::internal(e)))?;
        let ticket = self.ticket();
        self.instance
            .store
            .write_progress(move |tx| Box::pin(async move { ticket.checkpoint_text(tx, &text).await }))
            .await
    }

    /// The lease, for a transaction that writes a piece of the work.
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

    pub(super) fn with_pace<T>(&self, look: impl FnOnce(&mut Pace) -> T) -> T {
        look(&mut self.pace.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) async fn renew(&self, step: Option<Step>) -> Result<(), Stop> {
        let (lease, until, has_news) = (self.lease, lease_end(&self.instance), step.is_some());
        let held = self
            .instance
            .store
            .write_progress(move |tx: &mut Tx| {
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
            // Progress that can't be written is no reason to stop: only the lease decides that.
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

/// The lease of a job inside the transactions of its pieces: `store.write_background(move |tx| Box::pin(async move { …;
/// ticket.checkpoint(tx, &at).await }))`.
#[derive(Debug, Clone, Copy)]
pub struct Ticket {
    lease: Lease,
}

impl Ticket {
    /// Writes the checkpoint in the transaction of the piece (fencing). If the lease was lost, the error rolls back
    /// both. A cancellation is reported by `progress` instead, so that a finished piece is kept.
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

pub(super) fn lease_end(instance: &Instance) -> Time {
    instance.store.now().plus_seconds(LEASE_SECONDS)
}
