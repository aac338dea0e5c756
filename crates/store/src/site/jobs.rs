//! Background work as rows. A job is leased, so a crash frees it. It is fenced: a runner that lost its lease can't
//! write about it. With a dedupe key, only one such job is open at a time.

use crate::error::Result;
use crate::sql::dialect;
use crate::{Store, Tx, on};
use domain::job::JobState;
use domain::{JobId, PersonId, ProjectId, Time};
use sqlx::AssertSqlSafe;

/// A job to be done.
#[derive(Debug, Clone)]
pub struct NewJob {
    pub kind: String,
    pub project: Option<ProjectId>,
    /// JSON.
    pub payload: String,
    /// While a job with this key is open, no second one is made.
    pub dedupe: Option<String>,
    pub by: Option<PersonId>,
}

/// A job as it stands.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct JobRow {
    #[sqlx(try_from = "i64")]
    pub id: JobId,
    pub kind: String,
    pub project_id: Option<i64>,
    pub payload: String,
    #[sqlx(try_from = "String")]
    pub state: JobState,
    pub done: i64,
    pub total: Option<i64>,
    pub message: String,
    pub checkpoint: Option<String>,
    pub result: Option<String>,
    pub error: Option<String>,
    pub attempts: i64,
    pub fence: i64,
    pub lease_until: Option<i64>,
    pub cancel: bool,
    pub created_by: Option<i64>,
    pub created_at: i64,
    pub started_at: Option<i64>,
    pub finished_at: Option<i64>,
}

const COLUMNS: &str = "id, kind, project_id, payload, state, done, total, message, checkpoint, result, error, \
                       attempts, fence, lease_until, cancel, created_by, created_at, started_at, finished_at";

/// A lease on a job. Every write about the job checks that the lease still holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    pub job: JobId,
    pub fence: i64,
}

/// What a runner learns when it writes about its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    Yes,
    /// Still held, and the job was cancelled.
    Cancel,
    /// Another runner has it, or it is over.
    Lost,
}

/// How far a job has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub done: i64,
    pub total: Option<i64>,
    pub message: String,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// With a result (JSON).
    Done(String),
    /// With a sentence for people.
    Failed(String),
    Cancelled,
}

impl Tx {
    /// Makes a job, or finds the open one with the same dedupe key.
    pub async fn enqueue_job(&mut self, job: &NewJob) -> Result<JobId> {
        let (id, now) = (self.next_id::<JobId>(), self.now().0);
        let insert = "INSERT INTO job (id, kind, project_id, payload, state, dedupe, created_by, created_at)
                      VALUES ($1, $2, $3, $4, 'waiting', $5, $6, $7)
                      ON CONFLICT DO NOTHING RETURNING id";
        let find = "SELECT id FROM job WHERE dedupe = $1 AND state IN ('waiting', 'running')";
        loop {
            let made: Option<i64> = on!(self, |db| sqlx::query_scalar(insert)
                .bind(id.0)
                .bind(&job.kind)
                .bind(job.project.map(|p| p.0))
                .bind(&job.payload)
                .bind(&job.dedupe)
                .bind(job.by.map(|p| p.0))
                .bind(now)
                .fetch_optional(db)
                .await)?;
            if made.is_some() {
                return Ok(id);
            }
            let open: Option<i64> =
                on!(self, |db| sqlx::query_scalar(find).bind(&job.dedupe).fetch_optional(db).await)?;
            // The open job may have ended between the two statements: then there is room again.
            if let Some(open) = open {
                return Ok(JobId(open));
            }
        }
    }

    /// Takes the oldest job without a runner: it waits, or its lease has expired.
    pub async fn take_job(&mut self, lease_until: Time) -> Result<Option<JobRow>> {
        let now = self.now().0;
        let pick = format!(
            "SELECT id FROM job
             WHERE state = 'waiting' OR (state = 'running' AND lease_until < $1)
             ORDER BY id LIMIT 1{}",
            dialect::skip_locked(self)
        );
        let pick: Option<i64> =
            on!(self, |db| sqlx::query_scalar(AssertSqlSafe(pick)).bind(now).fetch_optional(db).await)?;
        let Some(id) = pick else { return Ok(None) };
        let take = format!(
            "UPDATE job SET state = 'running', fence = fence + 1, attempts = attempts + 1, lease_until = $2,
                            started_at = COALESCE(started_at, $3)
             WHERE id = $1 RETURNING {COLUMNS}"
        );
        Ok(on!(self, |db| sqlx::query_as(AssertSqlSafe(take))
            .bind(id)
            .bind(lease_until.0)
            .bind(now)
            .fetch_optional(db)
            .await)?)
    }

    /// Renews the lease, and saves the progress if there is news.
    pub async fn renew_job(&mut self, lease: Lease, until: Time, step: Option<&Step>) -> Result<Held> {
        let query =
            "UPDATE job SET lease_until = $3, done = COALESCE($4, done), message = COALESCE($5, message),
                                    total = CASE WHEN $4 IS NULL THEN total ELSE $6 END
                     WHERE id = $1 AND fence = $2 AND state = 'running' RETURNING cancel";
        let cancel: Option<bool> = on!(self, |db| sqlx::query_scalar(query)
            .bind(lease.job.0)
            .bind(lease.fence)
            .bind(until.0)
            .bind(step.map(|s| s.done))
            .bind(step.map(|s| s.message.as_str()))
            .bind(step.and_then(|s| s.total))
            .fetch_optional(db)
            .await)?;
        Ok(held(cancel))
    }

    /// Saves a checkpoint: where to go on after a crash. Call it in the transaction of its piece, so that both are
    /// committed or neither. A runner that lost its lease must undo the piece.
    pub async fn checkpoint_job(&mut self, lease: Lease, until: Time, checkpoint: &str) -> Result<Held> {
        let query = "UPDATE job SET lease_until = $3, checkpoint = $4
                     WHERE id = $1 AND fence = $2 AND state = 'running' RETURNING cancel";
        let cancel: Option<bool> = on!(self, |db| sqlx::query_scalar(query)
            .bind(lease.job.0)
            .bind(lease.fence)
            .bind(until.0)
            .bind(checkpoint)
            .fetch_optional(db)
            .await)?;
        Ok(held(cancel))
    }

    /// Ends a job. Returns false if the lease was lost: then nothing has changed.
    pub async fn finish_job(&mut self, lease: Lease, end: &End) -> Result<bool> {
        let (state, result, error) = match end {
            End::Done(result) => (JobState::Done, Some(result.as_str()), None),
            End::Failed(why) => (JobState::Failed, None, Some(why.as_str())),
            End::Cancelled => (JobState::Cancelled, None, None),
        };
        let query = "UPDATE job SET state = $3, result = $4, error = $5, finished_at = $6, lease_until = NULL
                     WHERE id = $1 AND fence = $2 AND state = 'running'";
        let now = self.now().0;
        let n = on!(self, |db| sqlx::query(query)
            .bind(lease.job.0)
            .bind(lease.fence)
            .bind(state.as_str())
            .bind(result)
            .bind(error)
            .bind(now)
            .execute(db)
            .await
            .map(|r| r.rows_affected()))?;
        Ok(n == 1)
    }

    /// Gives an unfinished job back, because the program shuts down cleanly. That does not count as an attempt.
    pub async fn hand_back_job(&mut self, lease: Lease) -> Result<bool> {
        let query = "UPDATE job SET state = 'waiting', lease_until = NULL, attempts = attempts - 1
                     WHERE id = $1 AND fence = $2 AND state = 'running'";
        let n = on!(self, |db| sqlx::query(query)
            .bind(lease.job.0)
            .bind(lease.fence)
            .execute(db)
            .await
            .map(|r| r.rows_affected()))?;
        Ok(n == 1)
    }

    /// Ends the lease of every running job, so that it can be taken at once. For the only server of a folder, at its
    /// start: the runners are gone. The attempts count, so that a job that kills its server is given up in the end.
    pub async fn free_jobs(&mut self) -> Result<()> {
        let now = self.now().0;
        let query = "UPDATE job SET lease_until = $1 - 1 WHERE state = 'running' AND lease_until >= $1";
        on!(self, |db| sqlx::query(query).bind(now).execute(db).await.map(|_| ()))?;
        Ok(())
    }

    /// Asks a job to stop. Returns false if it has ended already. A waiting job is still taken like any other, so that
    /// the same code cleans up after it.
    pub async fn cancel_job(&mut self, job: JobId) -> Result<bool> {
        let query = "UPDATE job SET cancel = TRUE WHERE id = $1 AND state IN ('waiting', 'running')";
        let n = on!(self, |db| sqlx::query(query).bind(job.0).execute(db).await.map(|r| r.rows_affected()))?;
        Ok(n == 1)
    }
}

fn held(cancel: Option<bool>) -> Held {
    match cancel {
        None => Held::Lost,
        Some(true) => Held::Cancel,
        Some(false) => Held::Yes,
    }
}

impl Store {
    pub async fn job(&self, id: JobId) -> Result<Option<JobRow>> {
        let query = format!("SELECT {COLUMNS} FROM job WHERE id = $1");
        Ok(on!(self, |db| sqlx::query_as(AssertSqlSafe(query)).bind(id.0).fetch_optional(db).await)?)
    }

    /// The newest job of a kind with this payload.
    pub async fn newest_job(&self, project: ProjectId, kind: &str, payload: &str) -> Result<Option<JobRow>> {
        let query = format!(
            "SELECT {COLUMNS} FROM job WHERE project_id = $1 AND kind = $2 AND payload = $3
             ORDER BY id DESC LIMIT 1"
        );
        Ok(on!(self, |db| sqlx::query_as(AssertSqlSafe(query))
            .bind(project.0)
            .bind(kind)
            .bind(payload)
            .fetch_optional(db)
            .await)?)
    }

    /// The newest jobs of a project, or of the whole installation; with `before`, the next page.
    pub async fn jobs(
        &self,
        project: Option<ProjectId>,
        before: Option<JobId>,
        limit: i64,
    ) -> Result<Vec<JobRow>> {
        let of = if project.is_some() { "project_id = $1" } else { "$1 = 0" };
        let query = format!("SELECT {COLUMNS} FROM job WHERE {of} AND id < $2 ORDER BY id DESC LIMIT $3");
        Ok(on!(self, |db| sqlx::query_as(AssertSqlSafe(query))
            .bind(project.map_or(0, |p| p.0))
            .bind(before.map_or(i64::MAX, |b| b.0))
            .bind(limit)
            .fetch_all(db)
            .await)?)
    }
}
