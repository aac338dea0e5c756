//! What the line of a project shows beside its stations.

use crate::error::Result;
use crate::{Store, on};
use domain::{LabelId, ProjectId};

/// How far a project is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Stations {
    pub n_items: i64,
    /// Number of the newest taxonomy version.
    pub taxonomy: Option<i64>,
    /// Queues that are not closed.
    pub n_queues: i64,
    /// Number of the newest release.
    pub release: Option<i64>,
}

impl Store {
    pub async fn stations(&self, project: ProjectId) -> Result<Stations> {
        let query = "SELECT
            (SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM tally WHERE kind = 'project' AND id = $1 AND key <> 'control')
                AS n_items,
            (SELECT MAX(number) FROM taxonomy_version WHERE project_id = $1) AS taxonomy,
            (SELECT CAST(COUNT(*) AS BIGINT) FROM queue WHERE project_id = $1 AND state <> 'closed') AS n_queues,
            (SELECT MAX(number) FROM release WHERE project_id = $1 AND state = 'done') AS release";
        Ok(on!(self, |db| sqlx::query_as(query).bind(project.0).fetch_one(db).await)?)
    }
}

impl Store {
    /// Items that are resolved to each label.
    pub async fn label_counts(&self, project: ProjectId) -> Result<Vec<(LabelId, i64)>> {
        let query = "SELECT label_id, CAST(COUNT(*) AS BIGINT) FROM consensus_label WHERE project_id = $1 GROUP BY label_id";
        let rows: Vec<(i64, i64)> =
            on!(self, |db| sqlx::query_as(query).bind(project.0).fetch_all(db).await)?;
        Ok(rows.into_iter().map(|(label, n)| (LabelId(label), n)).collect())
    }
}
