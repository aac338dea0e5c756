//! Where each item lies in a run.

use crate::error::Result;
use crate::sql::dialect::push_list;
use crate::sql::filter::{Lead, push_slice};
use crate::{Store, Tx, on};
use domain::slice::Slice;
use domain::{ClusteringId, ItemId, ProjectId};
use futures::TryStreamExt;
use sqlx::QueryBuilder;

#[derive(Debug, Clone, Copy, PartialEq, sqlx::FromRow)]
pub struct MemberRow {
    #[sqlx(try_from = "i64")]
    pub item_id: ItemId,
    pub leaf: i64,
    /// 0 to 65,535.
    pub x: i64,
    pub y: i64,
    pub distance: f64,
    pub joined: bool,
    pub ground: bool,
}

/// A text that is to be clustered.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct PileRow {
    #[sqlx(try_from = "i64")]
    pub id: ItemId,
    pub revision_id: i64,
    pub text: String,
}

/// Rows of one INSERT.
const ROWS: usize = 100;

impl Store {
    /// All members of a run in item order, passed to `take` one by one: there may be a million.
    pub async fn members_of_run(
        &self,
        run: ClusteringId,
        mut take: impl FnMut(MemberRow) + Send,
    ) -> Result<()> {
        let query = "SELECT item_id, leaf, x, y, distance, joined, ground FROM cluster_member
                     WHERE clustering_id = $1 ORDER BY item_id";
        on!(self, |db| {
            let mut rows = sqlx::query_as::<_, MemberRow>(query).bind(run.0).fetch(db);
            while let Some(row) = rows.try_next().await? {
                take(row);
            }
            Ok(())
        })
    }

    /// Members by leaf code: all, and those that joined later.
    pub async fn leaf_counts(&self, run: ClusteringId) -> Result<Vec<(i64, i64, i64)>> {
        let query =
            "SELECT leaf, CAST(COUNT(*) AS BIGINT), CAST(SUM(CASE WHEN joined THEN 1 ELSE 0 END) AS BIGINT)
                     FROM cluster_member WHERE clustering_id = $1 GROUP BY leaf ORDER BY leaf";
        Ok(on!(self, |db| sqlx::query_as(query).bind(run.0).fetch_all(db).await)?)
    }

    /// Members with labels, by leaf code. It walks over the labeled items of the project: at first there are few.
    pub async fn labeled_by_leaf(&self, project: ProjectId, run: ClusteringId) -> Result<Vec<(i64, i64)>> {
        // CROSS JOIN keeps SQLite to this order.
        let query = "SELECT m.leaf, CAST(COUNT(*) AS BIGINT) FROM item i CROSS JOIN cluster_member m
                     WHERE i.project_id = $2 AND i.state IN ('agreed', 'adjudicated')
                       AND m.clustering_id = $1 AND m.item_id = i.id
                     GROUP BY m.leaf ORDER BY m.leaf";
        Ok(on!(self, |db| sqlx::query_as(query).bind(run.0).bind(project.0).fetch_all(db).await)?)
    }

    /// Texts of a slice after an item, in item order. What the slice selects is not looked at.
    pub async fn pile(
        &self,
        project: ProjectId,
        slice: &Slice,
        after: ItemId,
        limit: i64,
    ) -> Result<Vec<PileRow>> {
        Ok(on!(self, |db| {
            let mut query = QueryBuilder::new(
                "SELECT i.id, i.revision_id, r.text FROM item i JOIN item_revision r ON r.id = i.revision_id
                 WHERE i.project_id = ",
            );
            query.push_bind(project.0).push(" AND i.id > ").push_bind(after.0);
            push_slice(&mut query, slice, Lead::All);
            query.push(" ORDER BY i.id LIMIT ").push_bind(limit);
            query.build_query_as().fetch_all(db).await
        })?)
    }

    /// The newest item of a project; 0 where there is none.
    pub async fn newest_item(&self, project: ProjectId) -> Result<ItemId> {
        let query = "SELECT COALESCE(MAX(id), 0) FROM item WHERE project_id = $1";
        let id: i64 = on!(self, |db| sqlx::query_scalar(query).bind(project.0).fetch_one(db).await)?;
        Ok(ItemId(id))
    }

    /// Members of a leaf range with their texts, nearest to their leaf's middle first.
    pub async fn members_between(
        &self,
        run: ClusteringId,
        range: (i64, i64),
        limit: i64,
    ) -> Result<Vec<PileRow>> {
        let query = "SELECT i.id, i.revision_id, r.text FROM cluster_member m
                     JOIN item i ON i.id = m.item_id JOIN item_revision r ON r.id = i.revision_id
                     WHERE m.clustering_id = $1 AND m.leaf >= $2 AND m.leaf <= $3 ORDER BY m.item_id LIMIT $4";
        Ok(on!(self, |db| {
            let query = sqlx::query_as(query).bind(run.0).bind(range.0).bind(range.1);
            query.bind(limit).fetch_all(db).await
        })?)
    }
}

impl Tx {
    /// Inserts members; those that are there already stay.
    pub async fn insert_members(&mut self, run: ClusteringId, members: &[MemberRow]) -> Result<()> {
        for rows in members.chunks(ROWS) {
            on!(self, |db| {
                let mut query = QueryBuilder::new(
                    "INSERT INTO cluster_member (clustering_id, item_id, leaf, x, y, distance, joined, ground) ",
                );
                query.push_values(rows, |mut row, member| {
                    row.push_bind(run.0).push_bind(member.item_id.0).push_bind(member.leaf);
                    row.push_bind(member.x).push_bind(member.y).push_bind(member.distance);
                    row.push_bind(member.joined).push_bind(member.ground);
                });
                query.push(" ON CONFLICT DO NOTHING");
                query.build().persistent(rows.len() == ROWS).execute(db).await.map(|_| ())
            })?;
        }
        Ok(())
    }

    /// Moves members to another leaf, when a person splits one.
    pub async fn move_members(&mut self, run: ClusteringId, items: &[ItemId], leaf: i64) -> Result<()> {
        for items in items.chunks(500) {
            on!(self, |db| {
                let mut query = QueryBuilder::new("UPDATE cluster_member SET leaf = ");
                query.push_bind(leaf).push(" WHERE clustering_id = ").push_bind(run.0);
                query.push(" AND item_id IN ");
                push_list(&mut query, items.iter().map(|item| item.0));
                query.build().persistent(false).execute(db).await.map(|_| ())
            })?;
        }
        Ok(())
    }

    /// Members of a leaf range: all, and those that joined later.
    pub async fn count_between(&mut self, run: ClusteringId, range: (i64, i64)) -> Result<(i64, i64)> {
        let query = "SELECT CAST(COUNT(*) AS BIGINT), CAST(COALESCE(SUM(CASE WHEN joined THEN 1 ELSE 0 END), 0) AS BIGINT)
                     FROM cluster_member WHERE clustering_id = $1 AND leaf >= $2 AND leaf <= $3";
        Ok(on!(self, |db| {
            sqlx::query_as(query).bind(run.0).bind(range.0).bind(range.1).fetch_one(db).await
        })?)
    }

    /// Removes a piece of a run that was not finished: members first, then groups. True while something is left.
    pub async fn clear_run_piece(&mut self, run: ClusteringId, limit: i64) -> Result<bool> {
        let members = "DELETE FROM cluster_member WHERE clustering_id = $1 AND item_id IN
             (SELECT item_id FROM cluster_member WHERE clustering_id = $1 ORDER BY item_id LIMIT $2)";
        let n = on!(self, |db| {
            sqlx::query(members).bind(run.0).bind(limit).execute(db).await.map(|r| r.rows_affected())
        })?;
        if n > 0 {
            return Ok(true);
        }
        for query in [
            "DELETE FROM cluster_lineage WHERE clustering_id = $1",
            "DELETE FROM cluster_part WHERE clustering_id = $1",
        ] {
            on!(self, |db| sqlx::query(query).bind(run.0).execute(db).await.map(|_| ()))?;
        }
        // Children before their parents: ids grow from the root down.
        let groups = "DELETE FROM cluster WHERE id IN
             (SELECT id FROM cluster WHERE clustering_id = $1 ORDER BY id DESC LIMIT $2)";
        let n = on!(self, |db| {
            sqlx::query(groups).bind(run.0).bind(limit).execute(db).await.map(|r| r.rows_affected())
        })?;
        Ok(n > 0)
    }

    /// Items that are being removed leave the runs, the items set aside and the bulk answers of their project.
    pub async fn leave_runs(&mut self, project: ProjectId, items: &[ItemId]) -> Result<()> {
        on!(self, |db| {
            let mut query = QueryBuilder::new(
                "DELETE FROM cluster_member WHERE clustering_id IN (SELECT id FROM clustering WHERE project_id = ",
            );
            query.push_bind(project.0).push(") AND item_id IN ");
            push_list(&mut query, items.iter().map(|item| item.0));
            query.build().persistent(false).execute(&mut *db).await?;
            let mut query = QueryBuilder::new("DELETE FROM item_aside WHERE project_id = ");
            query.push_bind(project.0).push(" AND item_id IN ");
            push_list(&mut query, items.iter().map(|item| item.0));
            query.build().persistent(false).execute(&mut *db).await.map(|_| ())
        })?;
        Ok(())
    }
}
