//! Groups of a run: the nodes of its merge tree, and what people merged and split.

use crate::error::Result;
use crate::sql::dialect::for_update;
use crate::{Doc, Store, Tx, on};
use domain::discover::GroupOrigin;
use domain::discover::groups::Level;
use domain::{ClusterId, ClusteringId, ItemId};
use serde::{Deserialize, Serialize};
use sqlx::QueryBuilder;

/// The words of a group.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Words {
    /// The best first.
    pub keywords: Vec<String>,
    /// What it has more often than its sibling.
    #[serde(default)]
    pub contrast: Vec<String>,
    /// The sibling.
    #[serde(default)]
    pub unlike: Option<ClusterId>,
}

/// Items that show what a group is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Samples {
    pub typical: Vec<ItemId>,
    /// In it, and far from its middle.
    pub edge: Vec<ItemId>,
    /// Not in it, and near.
    pub outside: Vec<ItemId>,
}

#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct GroupRow {
    #[sqlx(try_from = "i64")]
    pub id: ClusterId,
    pub parent_id: Option<i64>,
    pub into_id: Option<i64>,
    #[sqlx(try_from = "String")]
    pub origin: GroupOrigin,
    pub from_groups: i64,
    pub to_groups: i64,
    pub size: i64,
    pub n_joined: i64,
    pub name: Option<String>,
    pub aside: bool,
    pub tightness: f64,
    pub stability: Option<f64>,
    pub honesty: Option<f64>,
    pub x: f64,
    pub y: f64,
    pub zoom_from: f64,
    pub zoom_to: f64,
    pub words: Doc<Words>,
    pub samples: Doc<Samples>,
}

impl GroupRow {
    pub fn level(&self) -> Level {
        Level { id: self.id, from: self.from_groups, to: self.to_groups, into: self.into_id.map(ClusterId) }
    }

    /// Its name, or its keywords while nobody has named it.
    pub fn title(&self) -> String {
        match &self.name {
            Some(name) => name.clone(),
            None if self.words.0.keywords.is_empty() => "No words in common".to_owned(),
            None => self.words.0.keywords.iter().take(3).cloned().collect::<Vec<_>>().join(", "),
        }
    }
}

/// Leaf codes of a group, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct LeafRange {
    #[sqlx(try_from = "i64")]
    pub cluster_id: ClusterId,
    pub first_leaf: i64,
    pub last_leaf: i64,
}

impl LeafRange {
    pub fn holds(&self, leaf: i64) -> bool {
        (self.first_leaf..=self.last_leaf).contains(&leaf)
    }
}

const COLUMNS: &str =
    "id, parent_id, into_id, origin, from_groups, to_groups, size, n_joined, name, aside, tightness,
    stability, honesty, x, y, zoom_from, zoom_to, words, samples";

/// Rows of one INSERT.
const ROWS: usize = 50;

impl Store {
    /// All groups of a run, parents before their children.
    pub async fn groups(&self, run: ClusteringId) -> Result<Vec<GroupRow>> {
        let query = format!("SELECT {COLUMNS} FROM cluster WHERE clustering_id = $1 ORDER BY id");
        Ok(on!(self, |db| { sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(run.0).fetch_all(db).await })?)
    }

    pub async fn group(&self, run: ClusteringId, group: ClusterId) -> Result<Option<GroupRow>> {
        let query = format!("SELECT {COLUMNS} FROM cluster WHERE id = $1 AND clustering_id = $2");
        Ok(on!(self, |db| {
            let query = sqlx::query_as(sqlx::AssertSqlSafe(query));
            query.bind(group.0).bind(run.0).fetch_optional(db).await
        })?)
    }

    /// How many children a group has in the tree.
    pub async fn children_of(&self, group: ClusterId) -> Result<i64> {
        let query = "SELECT CAST(COUNT(*) AS BIGINT) FROM cluster WHERE parent_id = $1";
        Ok(on!(self, |db| sqlx::query_scalar(query).bind(group.0).fetch_one(db).await)?)
    }

    /// The leaf ranges of one group.
    pub async fn leaf_ranges_of(&self, group: ClusterId) -> Result<Vec<LeafRange>> {
        let query = "SELECT cluster_id, first_leaf, last_leaf FROM cluster_part WHERE cluster_id = $1
                     ORDER BY first_leaf";
        Ok(on!(self, |db| sqlx::query_as(query).bind(group.0).fetch_all(db).await)?)
    }

    /// The leaf ranges of all groups of a run, by group.
    pub async fn leaf_ranges(&self, run: ClusteringId) -> Result<Vec<LeafRange>> {
        let query = "SELECT cluster_id, first_leaf, last_leaf FROM cluster_part WHERE clustering_id = $1
                     ORDER BY cluster_id, first_leaf";
        Ok(on!(self, |db| sqlx::query_as(query).bind(run.0).fetch_all(db).await)?)
    }
}

impl Tx {
    /// Inserts groups with their leaf ranges.
    pub async fn insert_groups(
        &mut self,
        run: ClusteringId,
        groups: &[(GroupRow, Vec<(i64, i64)>)],
    ) -> Result<()> {
        for rows in groups.chunks(ROWS) {
            on!(self, |db| {
                let mut query = QueryBuilder::new(format!("INSERT INTO cluster (clustering_id, {COLUMNS}) "));
                query.push_values(rows, |mut row, (group, _)| {
                    row.push_bind(run.0).push_bind(group.id.0).push_bind(group.parent_id);
                    row.push_bind(group.into_id).push_bind(group.origin.as_str());
                    row.push_bind(group.from_groups).push_bind(group.to_groups).push_bind(group.size);
                    row.push_bind(group.n_joined).push_bind(group.name.as_deref()).push_bind(group.aside);
                    row.push_bind(group.tightness).push_bind(group.stability).push_bind(group.honesty);
                    row.push_bind(group.x).push_bind(group.y).push_bind(group.zoom_from);
                    row.push_bind(group.zoom_to)
                        .push_bind(Doc(&group.words.0))
                        .push_bind(Doc(&group.samples.0));
                });
                query.build().execute(db).await.map(|_| ())
            })?;
            let parts = rows.iter().flat_map(|(group, parts)| parts.iter().map(|part| (group.id, *part)));
            let parts: Vec<(ClusterId, (i64, i64))> = parts.collect();
            for parts in parts.chunks(ROWS * 4) {
                on!(self, |db| {
                    let mut query = QueryBuilder::new(
                        "INSERT INTO cluster_part (cluster_id, first_leaf, last_leaf, clustering_id) ",
                    );
                    query.push_values(parts, |mut row, (group, (first, last))| {
                        row.push_bind(group.0).push_bind(*first).push_bind(*last).push_bind(run.0);
                    });
                    query.build().execute(db).await.map(|_| ())
                })?;
            }
        }
        Ok(())
    }

    /// Holds a run until the transaction ends, so that acts on its groups come one after another.
    pub async fn lock_run(&mut self, run: ClusteringId) -> Result<()> {
        let query = format!("SELECT id FROM clustering WHERE id = $1{}", for_update(self));
        let _: Option<i64> = on!(self, |db| {
            sqlx::query_scalar(sqlx::AssertSqlSafe(query)).bind(run.0).fetch_optional(db).await
        })?;
        Ok(())
    }

    /// All groups of a run, for an act that changes some of them.
    pub async fn levels(&mut self, run: ClusteringId) -> Result<Vec<Level>> {
        let query =
            "SELECT id, from_groups, to_groups, into_id FROM cluster WHERE clustering_id = $1 ORDER BY id";
        let rows: Vec<(i64, i64, i64, Option<i64>)> =
            on!(self, |db| sqlx::query_as(query).bind(run.0).fetch_all(db).await)?;
        Ok(rows
            .into_iter()
            .map(|(id, from, to, into)| Level { id: ClusterId(id), from, to, into: into.map(ClusterId) })
            .collect())
    }

    /// The children of a group of the tree.
    pub async fn children(&mut self, group: ClusterId) -> Result<Vec<Level>> {
        let query = "SELECT id, from_groups, to_groups, into_id FROM cluster
                     WHERE parent_id = $1 AND origin <> 'merged' ORDER BY id";
        let rows: Vec<(i64, i64, i64, Option<i64>)> =
            on!(self, |db| sqlx::query_as(query).bind(group.0).fetch_all(db).await)?;
        Ok(rows
            .into_iter()
            .map(|(id, from, to, into)| Level { id: ClusterId(id), from, to, into: into.map(ClusterId) })
            .collect())
    }

    pub async fn set_level(&mut self, level: Level) -> Result<()> {
        let query = "UPDATE cluster SET from_groups = $2, to_groups = $3, into_id = $4 WHERE id = $1";
        Ok(on!(self, |db| {
            let query = sqlx::query(query).bind(level.id.0).bind(level.from).bind(level.to);
            query.bind(level.into.map(|into| into.0)).execute(db).await.map(|_| ())
        })?)
    }

    pub async fn name_group(&mut self, group: ClusterId, name: Option<&str>) -> Result<()> {
        let query = "UPDATE cluster SET name = $2 WHERE id = $1";
        Ok(on!(self, |db| sqlx::query(query).bind(group.0).bind(name).execute(db).await.map(|_| ()))?)
    }

    pub async fn set_group_aside(&mut self, group: ClusterId, aside: bool) -> Result<()> {
        let query = "UPDATE cluster SET aside = $2 WHERE id = $1";
        Ok(on!(self, |db| sqlx::query(query).bind(group.0).bind(aside).execute(db).await.map(|_| ()))?)
    }

    pub async fn resize_group(&mut self, group: ClusterId, size: i64, n_joined: i64) -> Result<()> {
        let query = "UPDATE cluster SET size = $2, n_joined = $3 WHERE id = $1";
        Ok(on!(self, |db| {
            sqlx::query(query).bind(group.0).bind(size).bind(n_joined).execute(db).await.map(|_| ())
        })?)
    }
}
