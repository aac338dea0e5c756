//! Answers for agreement statistics: the revisions of a person's answer to an item in a queue, and the items that
//! people disagree about.

use crate::error::Result;
use crate::label::consensus::state;
use crate::sql::dialect::push_list;
use crate::{Doc, Store, Tx, on};
use domain::answer::{Kind, Origin};
use domain::consensus::State;
use domain::{ItemId, LabelId, PersonId, ProjectId, QueueId, RevisionId};
use futures::TryStreamExt;
use std::collections::HashMap;

/// One revision of an answer that was given in a queue. Rows come by item, person and number.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct ChainRow {
    #[sqlx(try_from = "i64")]
    pub item_id: ItemId,
    #[sqlx(try_from = "i64")]
    pub person_id: PersonId,
    #[sqlx(try_from = "String")]
    pub kind: Kind,
    pub labels: Doc<Vec<LabelId>>,
    pub sighted: bool,
    pub control: bool,
    pub seconds: Option<f64>,
    pub taxonomy_version_id: Option<i64>,
    pub at: i64,
}

/// An item whose answers contradict each other.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct ConflictRow {
    #[sqlx(try_from = "i64")]
    pub item_id: ItemId,
    #[sqlx(try_from = "i64")]
    pub revision_id: RevisionId,
    pub external_id: String,
    pub text: String,
}

/// One of its answers.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct ConflictAnswer {
    #[sqlx(try_from = "i64")]
    pub item_id: ItemId,
    #[sqlx(try_from = "i64")]
    pub person_id: PersonId,
    pub person: String,
    #[sqlx(try_from = "String")]
    pub kind: Kind,
    pub labels: Doc<Vec<LabelId>>,
    pub skip_reason: Option<String>,
    pub note: Option<String>,
    #[sqlx(try_from = "String")]
    pub origin: Origin,
    pub sighted: bool,
    pub at: i64,
}

impl Store {
    /// Changes whenever a project's answers may have changed. No answer is read for it.
    pub async fn votes_stamp(&self, project: ProjectId) -> Result<[i64; 4]> {
        let query = "SELECT (SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM tally
                     WHERE kind = 'answers' AND id = $1 AND key = 'all'),
               (SELECT CAST(COALESCE(MAX(number), 0) AS BIGINT) FROM taxonomy_version WHERE project_id = $1),
               CAST(COALESCE(SUM(n_revised), 0) AS BIGINT), CAST(COUNT(undone_at) AS BIGINT)
             FROM source WHERE project_id = $1";
        let stamp: (i64, i64, i64, i64) =
            on!(self, |db| sqlx::query_as(query).bind(project.0).fetch_one(db).await)?;
        Ok(stamp.into())
    }

    /// Queues of a project and their overlap, oldest first.
    pub async fn overlaps(&self, project: ProjectId) -> Result<Vec<(QueueId, i64)>> {
        let query = "SELECT id, overlap FROM queue WHERE project_id = $1 ORDER BY id";
        let rows: Vec<(i64, i64)> =
            on!(self, |db| sqlx::query_as(query).bind(project.0).fetch_all(db).await)?;
        Ok(rows.into_iter().map(|(id, overlap)| (QueueId(id), overlap)).collect())
    }

    /// Passes the counted answers of a queue on the items' current content to `take`, until it returns false.
    pub async fn chains(&self, queue: QueueId, mut take: impl FnMut(ChainRow) -> bool + Send) -> Result<()> {
        let query = "SELECT a.item_id, a.person_id, a.kind, a.labels, a.sighted, i.control, a.seconds,
               a.taxonomy_version_id, a.at
             FROM answer a JOIN item i ON i.id = a.item_id AND i.revision_id = a.revision_id
             WHERE a.queue_id = $1 AND a.standing = 'counted' AND a.origin = 'queue'
             ORDER BY a.item_id, a.person_id, a.number";
        on!(self, |db| {
            let mut rows = sqlx::query_as::<_, ChainRow>(query).bind(queue.0).fetch(db);
            while let Some(row) = rows.try_next().await? {
                if !take(row) {
                    break;
                }
            }
        });
        Ok(())
    }

    /// Names of people.
    pub async fn person_names(&self, people: &[PersonId]) -> Result<HashMap<PersonId, String>> {
        if people.is_empty() {
            return Ok(HashMap::new());
        }
        let rows: Vec<(i64, String)> = on!(self, |db| {
            let mut query = sqlx::QueryBuilder::new("SELECT id, name FROM person WHERE id IN ");
            push_list(&mut query, people.iter().map(|person| person.0));
            query.build_query_as().persistent(false).fetch_all(db).await
        })?;
        Ok(rows.into_iter().map(|(id, name)| (PersonId(id), name)).collect())
    }

    /// Items in conflict after `after`, of the project or of one queue, oldest first.
    pub async fn conflicts(
        &self,
        project: ProjectId,
        queue: Option<QueueId>,
        after: i64,
        limit: i64,
    ) -> Result<Vec<ConflictRow>> {
        let query = "SELECT i.id AS item_id, i.revision_id, i.external_id, v.text
             FROM item i JOIN item_revision v ON v.id = i.revision_id
             WHERE i.project_id = $1 AND i.state = 'conflict' AND i.id > $2
               AND ($3 = 0 OR EXISTS (SELECT 1 FROM queue_item q WHERE q.queue_id = $3 AND q.item_id = i.id))
             ORDER BY i.id LIMIT $4";
        Ok(on!(self, |db| sqlx::query_as(query)
            .bind(project.0)
            .bind(after)
            .bind(queue.map_or(0, |q| q.0))
            .bind(limit)
            .fetch_all(db)
            .await)?)
    }

    /// Counted answers on the current content of items, oldest first.
    pub async fn answers_side_by_side(&self, items: &[ItemId]) -> Result<Vec<ConflictAnswer>> {
        if items.is_empty() {
            return Ok(Vec::new());
        }
        Ok(on!(self, |db| {
            let mut query = sqlx::QueryBuilder::new(
                "SELECT a.item_id, a.person_id, p.name AS person, a.kind, a.labels, a.skip_reason, a.note, a.origin,
                   a.sighted, a.at
                 FROM answer a JOIN item i ON i.id = a.item_id AND i.revision_id = a.revision_id
                 JOIN person p ON p.id = a.person_id
                 WHERE a.standing = 'counted' AND a.item_id IN ",
            );
            push_list(&mut query, items.iter().map(|item| item.0));
            query.push(" ORDER BY a.item_id, a.at, a.number, a.id");
            query.build_query_as().persistent(false).fetch_all(db).await
        })?)
    }
}

impl Tx {
    /// The current revision of an item of this project, and its state.
    pub async fn item_now(
        &mut self,
        project: ProjectId,
        item: ItemId,
    ) -> Result<Option<(RevisionId, State)>> {
        let query = "SELECT revision_id, state FROM item WHERE id = $1 AND project_id = $2";
        let found: Option<(i64, String)> =
            on!(self, |db| sqlx::query_as(query).bind(item.0).bind(project.0).fetch_optional(db).await)?;
        found.map(|(revision, text)| Ok((RevisionId(revision), state(&text)?))).transpose()
    }
}
