//! Releases: their files, and their splits, which are decided once.

use crate::error::Result;
use crate::{Store, Tx, on};
use domain::release::ReleaseState;
use domain::{JobId, PersonId, ProjectId, ReleaseId};
use std::collections::HashMap;

/// A release as lists and its page show it. Spec and manifest are documents of the layer above.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct ReleaseRow {
    #[sqlx(try_from = "i64")]
    pub id: ReleaseId,
    #[sqlx(try_from = "i64")]
    pub project_id: ProjectId,
    pub number: i64,
    pub name: String,
    pub spec: String,
    pub manifest: Option<String>,
    #[sqlx(try_from = "String")]
    pub state: ReleaseState,
    pub error: Option<String>,
    pub job_id: Option<i64>,
    pub created_by: Option<String>,
    pub created_at: i64,
    pub finished_at: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct ReleaseFile {
    pub path: String,
    /// BLAKE3 in hexadecimal, which is also the key of its blob.
    pub hash: String,
    pub bytes: i64,
    pub n_rows: Option<i64>,
}

macro_rules! release {
    ($rest:literal) => {
        concat!(
            "SELECT r.id, r.project_id, r.number, r.name, r.spec, r.manifest, r.state, r.error, r.job_id, \
             p.name AS created_by, r.created_at, r.finished_at \
             FROM release r LEFT JOIN person p ON p.id = r.created_by WHERE ",
            $rest
        )
    };
}

impl Store {
    /// Newest first; `before` is the last number of the page before.
    pub async fn releases(
        &self,
        project: ProjectId,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<ReleaseRow>> {
        let query = release!("r.project_id = $1 AND r.number < $2 ORDER BY r.number DESC LIMIT $3");
        let before = before.unwrap_or(i64::MAX);
        Ok(on!(self, |db| sqlx::query_as(query)
            .bind(project.0)
            .bind(before)
            .bind(limit)
            .fetch_all(db)
            .await)?)
    }

    pub async fn release(&self, project: ProjectId, number: i64) -> Result<Option<ReleaseRow>> {
        let query = release!("r.project_id = $1 AND r.number = $2");
        Ok(on!(self, |db| sqlx::query_as(query).bind(project.0).bind(number).fetch_optional(db).await)?)
    }

    pub async fn release_by_id(&self, release: ReleaseId) -> Result<Option<ReleaseRow>> {
        let query = release!("r.id = $1");
        Ok(on!(self, |db| sqlx::query_as(query).bind(release.0).fetch_optional(db).await)?)
    }

    /// The files of a release, by path.
    pub async fn release_files(&self, release: ReleaseId) -> Result<Vec<ReleaseFile>> {
        let query = "SELECT path, hash, bytes, n_rows FROM release_file WHERE release_id = $1 ORDER BY path";
        Ok(on!(self, |db| sqlx::query_as(query).bind(release.0).fetch_all(db).await)?)
    }

    /// Numbers of taxonomy versions by id, for the answers that refer to them.
    pub async fn version_numbers(&self, project: ProjectId) -> Result<HashMap<i64, i64>> {
        let query = "SELECT id, number FROM taxonomy_version WHERE project_id = $1";
        let rows: Vec<(i64, i64)> =
            on!(self, |db| sqlx::query_as(query).bind(project.0).fetch_all(db).await)?;
        Ok(rows.into_iter().collect())
    }

    /// Queues of a project as a release names them: id, name, strategy, overlap, in order of creation.
    pub async fn queues_for_lineage(&self, project: ProjectId) -> Result<Vec<(i64, String, String, i64)>> {
        let query = "SELECT id, name, strategy, overlap FROM queue WHERE project_id = $1 ORDER BY id";
        Ok(on!(self, |db| sqlx::query_as(query).bind(project.0).fetch_all(db).await)?)
    }

    /// Imports of a project as a release names them: id, name, format, in order of creation.
    pub async fn sources_for_lineage(&self, project: ProjectId) -> Result<Vec<(i64, String, String)>> {
        let query = "SELECT id, name, format FROM source WHERE project_id = $1 ORDER BY id";
        Ok(on!(self, |db| sqlx::query_as(query).bind(project.0).fetch_all(db).await)?)
    }
}

impl Tx {
    /// Creates a release with the next number of its project.
    pub async fn create_release(
        &mut self,
        project: ProjectId,
        name: &str,
        spec: &str,
        by: Option<PersonId>,
    ) -> Result<(ReleaseId, i64)> {
        let (id, now): (ReleaseId, i64) = (self.next_id(), self.now().0);
        let next = "SELECT CAST(COALESCE(MAX(number), 0) + 1 AS BIGINT) FROM release WHERE project_id = $1";
        let insert = "INSERT INTO release (id, project_id, number, name, spec, state, created_by, created_at)
                      VALUES ($1, $2, $3, $4, $5, 'cutting', $6, $7) ON CONFLICT DO NOTHING RETURNING number";
        loop {
            let number: i64 = on!(self, |db| sqlx::query_scalar(next).bind(project.0).fetch_one(db).await)?;
            let made: Option<i64> = on!(self, |db| sqlx::query_scalar(insert)
                .bind(id.0)
                .bind(project.0)
                .bind(number)
                .bind(name)
                .bind(spec)
                .bind(by.map(|p| p.0))
                .bind(now)
                .fetch_optional(db)
                .await)?;
            // Another release took the number meanwhile: try again.
            if let Some(number) = made {
                return Ok((id, number));
            }
        }
    }

    /// Is a release of this name being cut?
    pub async fn is_cutting_called(&mut self, project: ProjectId, name: &str) -> Result<bool> {
        let query =
            "SELECT EXISTS (SELECT 1 FROM release WHERE project_id = $1 AND name = $2 AND state = 'cutting')";
        Ok(on!(self, |db| sqlx::query_scalar(query).bind(project.0).bind(name).fetch_one(db).await)?)
    }

    pub async fn set_release_job(&mut self, release: ReleaseId, job: JobId) -> Result<()> {
        let query = "UPDATE release SET job_id = $2 WHERE id = $1";
        on!(self, |db| sqlx::query(query).bind(release.0).bind(job.0).execute(db).await.map(|_| ()))?;
        Ok(())
    }

    /// Seals the release: from now on it never changes. Returns whether it was still being cut.
    pub async fn finish_release(
        &mut self,
        release: ReleaseId,
        manifest: &str,
        files: &[ReleaseFile],
    ) -> Result<bool> {
        let now = self.now().0;
        let query = "UPDATE release SET state = 'done', manifest = $2, finished_at = $3, error = NULL
                     WHERE id = $1 AND state = 'cutting'";
        let finished = on!(self, |db| sqlx::query(query)
            .bind(release.0)
            .bind(manifest)
            .bind(now)
            .execute(db)
            .await
            .map(|r| r.rows_affected()))?;
        if finished == 0 {
            return Ok(false);
        }
        let query =
            "INSERT INTO release_file (release_id, path, hash, bytes, n_rows) VALUES ($1, $2, $3, $4, $5)";
        for file in files {
            on!(self, |db| sqlx::query(query)
                .bind(release.0)
                .bind(&file.path)
                .bind(&file.hash)
                .bind(file.bytes)
                .bind(file.n_rows)
                .execute(db)
                .await
                .map(|_| ()))?;
        }
        Ok(true)
    }

    /// Is it still being cut?
    pub async fn is_being_cut(&mut self, release: ReleaseId) -> Result<bool> {
        let query = "SELECT EXISTS (SELECT 1 FROM release WHERE id = $1 AND state = 'cutting')";
        Ok(on!(self, |db| sqlx::query_scalar(query).bind(release.0).fetch_one(db).await)?)
    }

    /// Marks the release as failed. Its number stays taken. Returns whether it was still being cut.
    pub async fn fail_release(&mut self, release: ReleaseId, error: &str) -> Result<bool> {
        let now = self.now().0;
        let query = "UPDATE release SET state = 'failed', error = $2, finished_at = $3
                     WHERE id = $1 AND state = 'cutting'";
        let n = on!(self, |db| sqlx::query(query)
            .bind(release.0)
            .bind(error)
            .bind(now)
            .execute(db)
            .await
            .map(|r| r.rows_affected()))?;
        Ok(n == 1)
    }
}
