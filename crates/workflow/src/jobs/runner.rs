//! Takes jobs and runs them, two at a time. Each job runs under a lease that is renewed while it works.

use super::running::{Running, lease_end};
use super::{Halt, JobOutcome, Stop, registry};
use crate::{Error, Instance};
use futures::FutureExt;
use futures::future::BoxFuture;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use store::site::jobs::{End, JobRow, Lease};
use tokio_util::sync::CancellationToken;

/// How often a lease is renewed, whether the job reports progress or not.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How many jobs run at once in one process.
const AT_ONCE: usize = 2;
/// After so many attempts that ended with a crash, a job is given up.
const MOST_ATTEMPTS: i64 = 5;

/// The function that does a job: [`registry::run`], or one of a test.
pub type Work = for<'a> fn(&'a Instance, &'a Running) -> BoxFuture<'a, JobOutcome>;

fn registered<'a>(instance: &'a Instance, run: &'a Running) -> BoxFuture<'a, JobOutcome> {
    registry::run(instance, run).boxed()
}

/// Runs jobs until `shutdown`. Then it hands back the unfinished ones and returns.
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

/// Runs all waiting jobs, one after another: for the command line, the demo and tests. Returns how many ran.
pub async fn run_all(instance: &Instance) -> crate::Result<usize> {
    let (never, mut n) = (CancellationToken::new(), 0);
    while run_next(instance, &never, registered).await? {
        n += 1;
    }
    Ok(n)
}

/// Takes one job and runs it to its end. Returns false if there is none.
pub(super) async fn run_next(
    instance: &Instance,
    shutdown: &CancellationToken,
    work: Work,
) -> crate::Result<bool> {
    let Some(job) = take(instance).await? else { return Ok(false) };
    // Wakes the other worker, because there may be a second job.
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
        .write_progress(move |tx| Box::pin(async move { tx.take_job(until).await.map_err(Error::from) }))
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
                .write_progress(move |tx| {
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
        .write_progress(move |tx| {
            Box::pin(async move { tx.finish_job(lease, &end).await.map_err(Error::from) })
        })
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

/// The sentence that people read about an error. Internal details stay in the log.
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
