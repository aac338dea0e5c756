//! What people did with groups and selections: appended, never changed. And the items they set aside.

use crate::error::Result;
use crate::sql::dialect::push_list;
use crate::{Store, Tx, on};
use domain::{ClusterId, ClusteringId, ItemId, LabelId, PersonId, ProjectId};
use sqlx::QueryBuilder;

/// An act to be recorded.
#[derive(Debug, Clone)]
pub struct NewAct {
    pub run: Option<ClusteringId>,
    pub group: Option<ClusterId>,
    /// The selection as a document; empty for an act on a group alone.
    pub selection: String,
    pub kind: &'static str,
    /// What was said or made, as people read it.
    pub detail: String,
    pub label: Option<LabelId>,
    pub n_items: i64,
}

#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct ActRow {
    pub id: i64,
    pub clustering_id: Option<i64>,
    pub run: Option<i64>,
    pub cluster_id: Option<i64>,
    pub group_name: Option<String>,
    pub selection: String,
    pub kind: String,
    pub detail: String,
    pub label_id: Option<i64>,
    pub n_items: i64,
    pub person: Option<String>,
    pub at: i64,
}

macro_rules! act {
    ($rest:literal) => {
        concat!(
            "SELECT a.id, a.clustering_id, c.number AS run, a.cluster_id, g.name AS group_name, a.selection, a.kind, \
             a.detail, a.label_id, a.n_items, p.name AS person, a.at FROM discover_act a \
             LEFT JOIN clustering c ON c.id = a.clustering_id LEFT JOIN cluster g ON g.id = a.cluster_id \
             LEFT JOIN person p ON p.id = a.person_id WHERE ",
            $rest
        )
    };
}

impl Store {
    /// The newest acts of a project, before one of them.
    pub async fn acts(&self, project: ProjectId, before: Option<i64>, limit: i64) -> Result<Vec<ActRow>> {
        let query = act!("a.project_id = $1 AND a.id < $2 ORDER BY a.id DESC LIMIT $3");
        let before = before.unwrap_or(i64::MAX);
        Ok(on!(self, |db| {
            sqlx::query_as(query).bind(project.0).bind(before).bind(limit).fetch_all(db).await
        })?)
    }

    /// From which groups and selections a label came, the oldest first.
    pub async fn acts_of_label(&self, project: ProjectId, label: LabelId) -> Result<Vec<ActRow>> {
        let query = act!("a.label_id = $2 AND a.project_id = $1 ORDER BY a.id LIMIT 200");
        Ok(on!(self, |db| sqlx::query_as(query).bind(project.0).bind(label.0).fetch_all(db).await)?)
    }

    pub async fn acts_of_group(&self, project: ProjectId, group: ClusterId) -> Result<Vec<ActRow>> {
        let query = act!("a.cluster_id = $2 AND a.project_id = $1 ORDER BY a.id DESC LIMIT 50");
        Ok(on!(self, |db| sqlx::query_as(query).bind(project.0).bind(group.0).fetch_all(db).await)?)
    }

    /// The items that are set aside, in item order.
    pub async fn items_aside(&self, project: ProjectId) -> Result<Vec<i64>> {
        let query = "SELECT item_id FROM item_aside WHERE project_id = $1 ORDER BY item_id";
        Ok(on!(self, |db| sqlx::query_scalar(query).bind(project.0).fetch_all(db).await)?)
    }
}

impl Tx {
    pub async fn record_act(
        &mut self,
        project: ProjectId,
        act: &NewAct,
        person: Option<PersonId>,
    ) -> Result<i64> {
        let (id, now): (i64, _) = (self.next_id(), self.now().0);
        let query = "INSERT INTO discover_act (id, project_id, clustering_id, cluster_id, selection, kind, detail,
                       label_id, n_items, person_id, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
        on!(self, |db| {
            let query = sqlx::query(query).bind(id).bind(project.0).bind(act.run.map(|run| run.0));
            let query = query.bind(act.group.map(|group| group.0)).bind(&act.selection).bind(act.kind);
            let query = query.bind(&act.detail).bind(act.label.map(|label| label.0)).bind(act.n_items);
            query.bind(person.map(|person| person.0)).bind(now).execute(db).await.map(|_| ())
        })?;
        Ok(id)
    }

    /// Sets a piece of items aside.
    pub async fn set_aside(&mut self, project: ProjectId, items: &[ItemId], act: i64) -> Result<()> {
        for items in items.chunks(200) {
            on!(self, |db| {
                let mut query = QueryBuilder::new("INSERT INTO item_aside (project_id, item_id, act_id) ");
                query.push_values(items, |mut row, item| {
                    row.push_bind(project.0).push_bind(item.0).push_bind(act);
                });
                query.push(" ON CONFLICT DO NOTHING");
                query.build().persistent(items.len() == 200).execute(db).await.map(|_| ())
            })?;
        }
        Ok(())
    }

    /// Takes a piece of items back.
    pub async fn take_back(&mut self, project: ProjectId, items: &[ItemId]) -> Result<()> {
        on!(self, |db| {
            let mut query = QueryBuilder::new("DELETE FROM item_aside WHERE project_id = ");
            query.push_bind(project.0).push(" AND item_id IN ");
            push_list(&mut query, items.iter().map(|item| item.0));
            query.build().persistent(false).execute(db).await.map(|_| ())
        })?;
        Ok(())
    }
}
