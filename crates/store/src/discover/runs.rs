//! Runs of clustering.

use crate::error::Result;
use crate::{Store, Tx, on};
use domain::discover::RunState;
use domain::{ClusteringId, ItemId, JobId, PersonId, ProjectId};

/// A run. Spec and outcome are documents of the layer above.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct RunRow {
    #[sqlx(try_from = "i64")]
    pub id: ClusteringId,
    #[sqlx(try_from = "i64")]
    pub project_id: ProjectId,
    pub number: i64,
    pub parent_id: Option<i64>,
    pub spec: String,
    #[sqlx(try_from = "String")]
    pub state: RunState,
    pub error: Option<String>,
    pub outcome: Option<String>,
    /// Items in it, those that joined later included.
    pub n_items: i64,
    /// Items that came in after the run and joined the nearest group.
    pub n_joined: i64,
    /// Of these, the ones that are far from all groups.
    pub n_ground: i64,
    /// Items up to this one are in the run or were looked at when they joined.
    #[sqlx(try_from = "i64")]
    pub last_item: ItemId,
    /// Grows with every change of its members.
    pub edit: i64,
    pub created_by: Option<String>,
    pub created_at: i64,
    pub finished_at: Option<i64>,
}

macro_rules! run {
    ($rest:literal) => {
        concat!(
            "SELECT c.id, c.project_id, c.number, c.parent_id, c.spec, c.state, c.error, c.outcome, c.n_items, \
             c.n_joined, c.n_ground, c.last_item, c.edit, p.name AS created_by, c.created_at, c.finished_at \
             FROM clustering c LEFT JOIN person p ON p.id = c.created_by WHERE ",
            $rest
        )
    };
}

/// What became of a group of the run before.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct LineageRow {
    pub kind: String,
    pub from_id: Option<i64>,
    pub to_id: Option<i64>,
    pub jaccard: f64,
}

impl Store {
    pub async fn run(&self, project: ProjectId, run: ClusteringId) -> Result<Option<RunRow>> {
        let query = run!("c.id = $1 AND c.project_id = $2");
        Ok(on!(self, |db| sqlx::query_as(query).bind(run.0).bind(project.0).fetch_optional(db).await)?)
    }

    pub async fn run_by_id(&self, run: ClusteringId) -> Result<Option<RunRow>> {
        let query = run!("c.id = $1");
        Ok(on!(self, |db| sqlx::query_as(query).bind(run.0).fetch_optional(db).await)?)
    }

    /// Newest first.
    pub async fn runs(&self, project: ProjectId, limit: i64) -> Result<Vec<RunRow>> {
        let query = run!("c.project_id = $1 ORDER BY c.number DESC LIMIT $2");
        Ok(on!(self, |db| sqlx::query_as(query).bind(project.0).bind(limit).fetch_all(db).await)?)
    }

    /// The newest run that is done.
    pub async fn newest_run(&self, project: ProjectId) -> Result<Option<RunRow>> {
        let query = run!("c.project_id = $1 AND c.state = 'done' ORDER BY c.number DESC LIMIT 1");
        Ok(on!(self, |db| sqlx::query_as(query).bind(project.0).fetch_optional(db).await)?)
    }

    pub async fn lineage(&self, run: ClusteringId) -> Result<Vec<LineageRow>> {
        let query = "SELECT kind, from_id, to_id, jaccard FROM cluster_lineage
                     WHERE clustering_id = $1 ORDER BY number";
        Ok(on!(self, |db| sqlx::query_as(query).bind(run.0).fetch_all(db).await)?)
    }

    /// Projects whose newest run has not looked at their newest items.
    pub async fn runs_behind(&self) -> Result<Vec<(i64, i64)>> {
        let query = "SELECT c.project_id, c.id FROM clustering c
             WHERE c.state = 'done' AND c.number = (SELECT MAX(n.number) FROM clustering n
                   WHERE n.project_id = c.project_id AND n.state = 'done')
               AND EXISTS (SELECT 1 FROM item i WHERE i.project_id = c.project_id AND i.id > c.last_item)";
        Ok(on!(self, |db| sqlx::query_as(query).fetch_all(db).await)?)
    }

    /// The newest run of each project that has one: (run, project).
    pub async fn newest_runs(&self) -> Result<Vec<(i64, i64)>> {
        let query = "SELECT c.id, c.project_id FROM clustering c
             WHERE c.state = 'done' AND c.number = (SELECT MAX(n.number) FROM clustering n
                   WHERE n.project_id = c.project_id AND n.state = 'done') ORDER BY c.id";
        Ok(on!(self, |db| sqlx::query_as(query).fetch_all(db).await)?)
    }

    /// Items that came in after a run looked at the newest ones.
    pub async fn n_items_after(&self, project: ProjectId, after: ItemId) -> Result<i64> {
        let query = "SELECT CAST(COUNT(*) AS BIGINT) FROM item WHERE project_id = $1 AND id > $2";
        Ok(on!(self, |db| sqlx::query_scalar(query).bind(project.0).bind(after.0).fetch_one(db).await)?)
    }
}

impl Tx {
    /// A new run, not begun yet.
    pub async fn insert_run(
        &mut self,
        run: ClusteringId,
        project: ProjectId,
        parent: Option<ClusteringId>,
        spec: &str,
        by: Option<PersonId>,
    ) -> Result<()> {
        let now = self.now().0;
        let query =
            "INSERT INTO clustering (id, project_id, number, parent_id, spec, state, created_by, created_at)
             SELECT $1, $2, COALESCE(MAX(number), 0) + 1, $3, $4, 'running', $5, $6 FROM clustering
             WHERE project_id = $2";
        on!(self, |db| {
            let query = sqlx::query(query).bind(run.0).bind(project.0).bind(parent.map(|p| p.0)).bind(spec);
            query.bind(by.map(|p| p.0)).bind(now).execute(db).await.map(|_| ())
        })?;
        Ok(())
    }

    /// Is this what a job is to do? Asked of a job that may have been open before.
    pub async fn job_carries(&mut self, job: JobId, payload: &str) -> Result<bool> {
        let query = "SELECT id FROM job WHERE id = $1 AND payload = $2";
        let id: Option<i64> =
            on!(self, |db| sqlx::query_scalar(query).bind(job.0).bind(payload).fetch_optional(db).await)?;
        Ok(id.is_some())
    }

    /// Ends a run that found its groups. False if it was ended before.
    pub async fn finish_run(
        &mut self,
        run: ClusteringId,
        outcome: &str,
        n_items: i64,
        n_groups: i64,
        last_item: ItemId,
    ) -> Result<bool> {
        let now = self.now().0;
        let query = "UPDATE clustering SET state = 'done', outcome = $2, n_items = $3, last_item = $4,
                            finished_at = $5, n_groups = $6, edit = edit + 1 WHERE id = $1 AND state = 'running'";
        let n = on!(self, |db| {
            let query = sqlx::query(query).bind(run.0).bind(outcome).bind(n_items).bind(last_item.0);
            query.bind(now).bind(n_groups).execute(db).await.map(|r| r.rows_affected())
        })?;
        Ok(n == 1)
    }

    /// Ends a run without groups. False if it was ended before.
    pub async fn end_run(&mut self, run: ClusteringId, state: RunState, why: &str) -> Result<bool> {
        let now = self.now().0;
        let query = "UPDATE clustering SET state = $2, error = $3, finished_at = $4
                     WHERE id = $1 AND state = 'running'";
        let n = on!(self, |db| {
            let query = sqlx::query(query).bind(run.0).bind(state.as_str()).bind(why).bind(now);
            query.execute(db).await.map(|r| r.rows_affected())
        })?;
        Ok(n == 1)
    }

    /// Is it still being computed?
    pub async fn is_running(&mut self, run: ClusteringId) -> Result<bool> {
        let query = "SELECT id FROM clustering WHERE id = $1 AND state = 'running'";
        let id: Option<i64> = on!(self, |db| sqlx::query_scalar(query).bind(run.0).fetch_optional(db).await)?;
        Ok(id.is_some())
    }

    /// The members of a run changed: caches of them are out of date.
    pub async fn touch_run(&mut self, run: ClusteringId) -> Result<()> {
        let query = "UPDATE clustering SET edit = edit + 1 WHERE id = $1";
        Ok(on!(self, |db| sqlx::query(query).bind(run.0).execute(db).await.map(|_| ()))?)
    }

    /// Counts of a run after items joined or went.
    pub async fn recount_run(&mut self, run: ClusteringId, last_item: Option<ItemId>) -> Result<()> {
        let query = "UPDATE clustering SET edit = edit + 1,
                n_items = (SELECT COUNT(*) FROM cluster_member m WHERE m.clustering_id = $1),
                n_joined = (SELECT COUNT(*) FROM cluster_member m WHERE m.clustering_id = $1 AND m.joined),
                n_ground = (SELECT COUNT(*) FROM cluster_member m WHERE m.clustering_id = $1 AND m.ground),
                last_item = COALESCE($2, last_item)
             WHERE id = $1";
        Ok(on!(self, |db| sqlx::query(query)
            .bind(run.0)
            .bind(last_item.map(|item| item.0))
            .execute(db)
            .await
            .map(|_| ()))?)
    }

    pub async fn insert_lineage(&mut self, run: ClusteringId, rows: &[LineageRow]) -> Result<()> {
        for (at, rows) in rows.chunks(100).enumerate() {
            on!(self, |db| {
                let mut query = sqlx::QueryBuilder::new(
                    "INSERT INTO cluster_lineage (clustering_id, number, kind, from_id, to_id, jaccard) ",
                );
                query.push_values(rows.iter().enumerate(), |mut row, (n, line)| {
                    row.push_bind(run.0).push_bind((at * 100 + n) as i64).push_bind(line.kind.as_str());
                    row.push_bind(line.from_id).push_bind(line.to_id).push_bind(line.jaccard);
                });
                query.build().execute(db).await.map(|_| ())
            })?;
        }
        Ok(())
    }
}
