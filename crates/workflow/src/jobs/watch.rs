//! Jobs as people see them: once, or as a stream of changes.

use super::{Job, registry};
use crate::{Error, Instance, Result, Thing, allow};
use domain::job::JobState;
use domain::permission::{Act, Actor};
use domain::{JobId, ProjectId};
use futures::stream::unfold;
use futures::{Stream, StreamExt};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use store::site::jobs::JobRow;
use tokio::sync::broadcast::error::RecvError;

/// A job and how far it has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobView {
    pub id: JobId,
    pub kind: String,
    pub title: String,
    pub project: Option<ProjectId>,
    pub state: JobState,
    pub done: i64,
    pub total: Option<i64>,
    pub message: String,
    /// Estimated from the pace so far.
    pub seconds_left: Option<f64>,
    /// It was cancelled, and has not stopped yet.
    pub stopping: bool,
    pub result: Option<serde_json::Value>,
    /// A sentence for people.
    pub error: Option<String>,
    /// Unix microseconds.
    pub created_at: i64,
    pub finished_at: Option<i64>,
}

impl JobView {
    pub fn of(job: &JobRow, now: domain::Time) -> JobView {
        let is_open = job.finished_at.is_none();
        let seconds_left = match (job.total, job.started_at) {
            (Some(total), Some(started)) if is_open && job.done > 0 && total >= job.done => {
                let passed = now.seconds_since(domain::Time(started)).max(0.0);
                Some(passed * (total - job.done) as f64 / job.done as f64)
            }
            _ => None,
        };
        JobView {
            id: job.id,
            title: registry::title(&job.kind).to_owned(),
            kind: job.kind.clone(),
            project: job.project_id.map(ProjectId),
            state: job.state,
            done: job.done,
            total: job.total,
            message: job.message.clone(),
            seconds_left,
            stopping: is_open && job.cancel,
            result: job.result.as_deref().and_then(|text| serde_json::from_str(text).ok()),
            error: job.error.clone(),
            created_at: job.created_at,
            finished_at: job.finished_at,
        }
    }

    pub fn is_over(&self) -> bool {
        self.finished_at.is_some()
    }

    /// A sentence for people about work that ended before its end.
    pub fn why_stopped(&self) -> &str {
        match &self.error {
            Some(why) => why,
            None if self.state == JobState::Cancelled => "It was cancelled.",
            None => "",
        }
    }
}

/// A job. The caller must have checked the permission.
pub async fn view(instance: &Instance, job: JobId) -> Result<JobView> {
    let row = instance.store.job(job).await?.ok_or(Error::NotFound(Thing::Job))?;
    Ok(JobView::of(&row, instance.store.now()))
}

/// Is there a job that still works on something? If there is none, or it is over, no job will report how that work
/// ended.
pub async fn carries(instance: &Instance, job: Option<i64>) -> Result<bool> {
    match job {
        Some(job) => Ok(instance.store.job(JobId(job)).await?.is_some_and(|job| job.finished_at.is_none())),
        None => Ok(false),
    }
}

/// The newest job of the same kind with the same payload, open or over. The caller must have checked the permission.
pub async fn newest<J: Job>(instance: &Instance, project: ProjectId, like: &J) -> Result<Option<JobView>> {
    let payload = serde_json::to_string(like).map_err(Error::internal)?;
    let job = instance.store.newest_job(project, J::NAME, &payload).await?;
    Ok(job.map(|job| JobView::of(&job, instance.store.now())))
}

/// A job, for the person who began it and for people who may see the work of others in its project. The roles of the
/// actor must be those in that project.
pub async fn see(instance: &Instance, actor: &Actor, job: JobId) -> Result<JobView> {
    let row = instance.store.job(job).await?.ok_or(Error::NotFound(Thing::Job))?;
    if row.created_by != Some(actor.person.0) {
        allow(actor, Act::SeeOthers)?;
    }
    Ok(JobView::of(&row, instance.store.now()))
}

/// A stream of what happens to a job: its state now, then each change, and last the state in which it is over. It
/// ends early only if the job is deleted or the program ends.
pub fn watch(instance: &Instance, job: JobId) -> impl Stream<Item = JobView> + Send + 'static + use<> {
    let watcher =
        Watcher { news: instance.jobs.moved.subscribe(), instance: instance.clone(), job, last: None };
    let closing = instance.closing.clone().cancelled_owned();
    let views = unfold(watcher, |mut watcher| async move {
        let view = watcher.next().await?;
        Some((view, watcher))
    });
    views.take_until(closing)
}

struct Watcher {
    instance: Instance,
    job: JobId,
    news: tokio::sync::broadcast::Receiver<JobId>,
    last: Option<JobView>,
}

impl Watcher {
    async fn next(&mut self) -> Option<JobView> {
        if self.last.as_ref().is_some_and(JobView::is_over) {
            return None;
        }
        loop {
            let now = match view(&self.instance, self.job).await {
                Ok(view) => view,
                Err(Error::NotFound(_)) => return None,
                Err(error) => {
                    tracing::warn!(job = self.job.0, %error, "a job can’t be watched");
                    return None;
                }
            };
            // A new estimate of the time left is no change.
            let timeless = |v: &JobView| JobView { seconds_left: None, ..v.clone() };
            if self.last.as_ref().map(timeless) != Some(timeless(&now)) {
                self.last = Some(now.clone());
                return Some(now);
            }
            self.news_or_a_second().await;
        }
    }

    async fn news_or_a_second(&mut self) {
        let news = async {
            loop {
                match self.news.recv().await {
                    Ok(job) if job != self.job => {}
                    Ok(_) | Err(RecvError::Lagged(_)) => return,
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        // Jobs of other processes send no signal here, so the row is read every second.
        let _ = tokio::time::timeout(Duration::from_secs(1), news).await;
    }
}
