//! What is known of the items of a project, one value an item: colours of the map and parts of selections. All lists are
//! in item order.

use crate::error::Result;
use crate::sql::dialect::push_list;
use crate::{Doc, Store, on};
use domain::{ItemId, ProjectId, Time};
use serde_json::{Map, Value};
use sqlx::QueryBuilder;

/// A sampled item: its fields and when it happened (or came in).
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct SampledRow {
    #[sqlx(try_from = "i64")]
    pub id: ItemId,
    pub fields: Doc<Map<String, Value>>,
    pub at: i64,
}

impl Store {
    /// All items of a project.
    pub async fn item_ids(&self, project: ProjectId) -> Result<Vec<i64>> {
        let query = "SELECT id FROM item WHERE project_id = $1 ORDER BY id";
        Ok(on!(self, |db| sqlx::query_scalar(query).bind(project.0).fetch_all(db).await)?)
    }

    /// Items with this value in this field.
    pub async fn items_with(&self, project: ProjectId, name: &str, value: &str) -> Result<Vec<i64>> {
        let query = "SELECT item_id FROM item_field WHERE project_id = $1 AND name = $2 AND text = $3
                     ORDER BY item_id";
        Ok(on!(self, |db| {
            sqlx::query_scalar(query).bind(project.0).bind(name).bind(value).fetch_all(db).await
        })?)
    }

    /// Items that happened (or, where that is not known, came in) from `first` on and before `end`.
    pub async fn items_of_time(&self, project: ProjectId, first: Time, end: Time) -> Result<Vec<i64>> {
        let query = "SELECT id FROM item WHERE project_id = $1 AND COALESCE(event_at, ingested_at) >= $2
                       AND COALESCE(event_at, ingested_at) < $3 ORDER BY id";
        Ok(on!(self, |db| {
            sqlx::query_scalar(query).bind(project.0).bind(first.0).bind(end.0).fetch_all(db).await
        })?)
    }

    /// Labels that items are resolved to: (item, label).
    pub async fn labels_of_items(&self, project: ProjectId) -> Result<Vec<(i64, i64)>> {
        let query =
            "SELECT item_id, label_id FROM consensus_label WHERE project_id = $1 ORDER BY item_id, label_id";
        Ok(on!(self, |db| sqlx::query_as(query).bind(project.0).fetch_all(db).await)?)
    }

    /// State of each item.
    pub async fn states_of_items(&self, project: ProjectId) -> Result<Vec<(i64, String)>> {
        let query = "SELECT id, state FROM item WHERE project_id = $1 ORDER BY id";
        Ok(on!(self, |db| sqlx::query_as(query).bind(project.0).fetch_all(db).await)?)
    }

    /// Items of which somebody has said something that stands.
    pub async fn answered_items(&self, project: ProjectId) -> Result<Vec<i64>> {
        let query = "SELECT id FROM item WHERE project_id = $1 AND state <> 'unlabeled' ORDER BY id";
        Ok(on!(self, |db| sqlx::query_scalar(query).bind(project.0).fetch_all(db).await)?)
    }

    /// When each item happened (or came in).
    pub async fn times_of_items(&self, project: ProjectId) -> Result<Vec<(i64, i64)>> {
        let query = "SELECT id, COALESCE(event_at, ingested_at) FROM item WHERE project_id = $1 ORDER BY id";
        Ok(on!(self, |db| sqlx::query_as(query).bind(project.0).fetch_all(db).await)?)
    }

    /// Share of the votes that agree with an item's labels, of items that people answered.
    pub async fn confidence_of_items(&self, project: ProjectId) -> Result<Vec<(i64, f64)>> {
        let query = "SELECT item_id, COALESCE(confidence, 0.0) FROM consensus
                     WHERE project_id = $1 AND n_answers > 1 ORDER BY item_id";
        Ok(on!(self, |db| sqlx::query_as(query).bind(project.0).fetch_all(db).await)?)
    }

    /// The value of a field of each item that has it.
    pub async fn field_of_items(&self, project: ProjectId, name: &str) -> Result<Vec<(i64, String)>> {
        let query =
            "SELECT item_id, text FROM item_field WHERE project_id = $1 AND name = $2 ORDER BY item_id";
        Ok(on!(self, |db| sqlx::query_as(query).bind(project.0).bind(name).fetch_all(db).await)?)
    }

    /// Fields and times of some items.
    pub async fn sampled(&self, project: ProjectId, items: &[ItemId]) -> Result<Vec<SampledRow>> {
        let mut found = Vec::with_capacity(items.len());
        for items in items.chunks(500) {
            let rows: Vec<SampledRow> = on!(self, |db| {
                let mut query = QueryBuilder::new(
                    "SELECT i.id, r.fields, COALESCE(i.event_at, i.ingested_at) AS at FROM item i
                     JOIN item_revision r ON r.id = i.revision_id WHERE i.project_id = ",
                );
                query.push_bind(project.0).push(" AND i.id IN ");
                push_list(&mut query, items.iter().map(|item| item.0));
                query.build_query_as().persistent(items.len() == 500).fetch_all(db).await
            })?;
            found.extend(rows);
        }
        Ok(found)
    }
}
