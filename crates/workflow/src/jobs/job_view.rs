//! A job as people see it, and the job that works on something. It knows no list of kinds, so that the files of jobs can use
//! it.

use super::Job;
use crate::{Error, Instance, Result};
use domain::job::JobState;
use domain::{JobId, ProjectId};
use serde::{Deserialize, Serialize};
use store::site::jobs::JobRow;

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
    pub(crate) fn of(job: &JobRow, title: &str, now: domain::Time) -> JobView {
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
            title: title.to_owned(),
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
    Ok(job.map(|job| JobView::of(&job, J::TITLE, instance.store.now())))
}
