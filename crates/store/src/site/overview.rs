//! What a project's navigation and its overview page show.

use crate::error::Result;
use crate::label::tally::Tally;
use crate::{Store, on};
use domain::{LabelId, ProjectId, Time};
use std::collections::BTreeMap;

/// How far a project is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Overview {
    pub n_items: i64,
    /// Number of the newest taxonomy version.
    pub taxonomy: Option<i64>,
    /// Queues that are not closed.
    pub n_queues: i64,
    /// Number of the newest release.
    pub release: Option<i64>,
    /// Groups at the themes cut of the newest run.
    pub n_groups: Option<i64>,
    /// Items that came in after it and are far from all its groups.
    pub n_ground: Option<i64>,
}

/// The same in detail, for the overview page.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OverviewDetails {
    pub overview: Overview,
    /// Items by consensus state, and `control`.
    pub items: BTreeMap<String, i64>,
    /// Imports, without the undone ones.
    pub n_sources: i64,
    pub last_import: Option<Time>,
    /// Rows that those imports refused.
    pub n_rejected: i64,
    /// Labels of the newest taxonomy version.
    pub n_labels: i64,
    /// A draft has unpublished changes.
    pub has_draft: bool,
    /// Slots and answered slots of the open queues.
    pub n_slots: i64,
    pub n_answered: i64,
    pub n_releases: i64,
}

#[derive(sqlx::FromRow)]
struct DetailsRow {
    n_sources: i64,
    last_import: Option<i64>,
    n_rejected: i64,
    n_labels: i64,
    has_draft: bool,
    n_slots: i64,
    n_answered: i64,
    n_releases: i64,
}

impl Store {
    pub async fn overview_details(&self, project: ProjectId) -> Result<OverviewDetails> {
        let query = "SELECT
            (SELECT CAST(COUNT(*) AS BIGINT) FROM source WHERE project_id = $1 AND state = 'done') AS n_sources,
            (SELECT MAX(finished_at) FROM source WHERE project_id = $1 AND state = 'done') AS last_import,
            (SELECT CAST(COALESCE(SUM(n_rejected), 0) AS BIGINT) FROM source WHERE project_id = $1 AND state = 'done')
                AS n_rejected,
            (SELECT CAST(COUNT(*) AS BIGINT) FROM label WHERE project_id = $1 AND NOT retired) AS n_labels,
            EXISTS (SELECT 1 FROM taxonomy_draft d WHERE d.project_id = $1 AND d.updated_at >
                COALESCE((SELECT MAX(v.published_at) FROM taxonomy_version v WHERE v.project_id = $1), 0)) AS has_draft,
            (SELECT CAST(COALESCE(SUM(t.n), 0) AS BIGINT) FROM tally t JOIN queue q ON q.id = t.id
                WHERE t.kind = 'queue' AND t.key = 'slots' AND q.project_id = $1 AND q.state = 'open') AS n_slots,
            (SELECT CAST(COALESCE(SUM(t.n), 0) AS BIGINT) FROM tally t JOIN queue q ON q.id = t.id
                WHERE t.kind = 'queue' AND t.key = 'answers' AND q.project_id = $1 AND q.state = 'open') AS n_answered,
            (SELECT CAST(COUNT(*) AS BIGINT) FROM release WHERE project_id = $1 AND state = 'done') AS n_releases";
        let row: DetailsRow = on!(self, |db| sqlx::query_as(query).bind(project.0).fetch_one(db).await)?;
        Ok(OverviewDetails {
            overview: self.overview(project).await?,
            items: self.tally(Tally::Project(project)).await?,
            n_sources: row.n_sources,
            last_import: row.last_import.map(Time),
            n_rejected: row.n_rejected,
            n_labels: row.n_labels,
            has_draft: row.has_draft,
            n_slots: row.n_slots,
            n_answered: row.n_answered,
            n_releases: row.n_releases,
        })
    }

    pub async fn overview(&self, project: ProjectId) -> Result<Overview> {
        let query = "SELECT
            (SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM tally WHERE kind = 'project' AND id = $1 AND key <> 'control')
                AS n_items,
            (SELECT MAX(number) FROM taxonomy_version WHERE project_id = $1) AS taxonomy,
            (SELECT CAST(COUNT(*) AS BIGINT) FROM queue WHERE project_id = $1 AND state <> 'closed') AS n_queues,
            (SELECT MAX(number) FROM release WHERE project_id = $1 AND state = 'done') AS release,
            (SELECT c.n_groups FROM clustering c WHERE c.project_id = $1 AND c.state = 'done'
                ORDER BY c.number DESC LIMIT 1) AS n_groups,
            (SELECT c.n_ground FROM clustering c WHERE c.project_id = $1 AND c.state = 'done'
                ORDER BY c.number DESC LIMIT 1) AS n_ground";
        Ok(on!(self, |db| sqlx::query_as(query).bind(project.0).fetch_one(db).await)?)
    }
}

impl Store {
    /// The number of items that are resolved to each label.
    pub async fn label_counts(&self, project: ProjectId) -> Result<Vec<(LabelId, i64)>> {
        let counts = self.tally(Tally::Labels(project)).await?;
        let label = |(key, n): (String, i64)| Some((LabelId(key.parse().ok()?), n)).filter(|_| n != 0);
        Ok(counts.into_iter().filter_map(label).collect())
    }
}
