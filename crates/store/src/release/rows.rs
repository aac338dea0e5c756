//! Rows of releases: the resolved items that a release finds, the rows that are written, and the rows that are read.

use crate::engine::snapshot::Snapshot;
use crate::error::{Error, Result};
use crate::sql::dialect::push_list;
use crate::{Doc, Store, Tx, on};
use domain::answer::{Kind, Origin};
use domain::consensus::State;
use domain::release::Split;
use domain::{ItemId, LabelId, ProjectId, ReleaseId, RevisionId};
use serde::{Deserialize, Serialize};
use sqlx::{ColumnIndex, Decode, FromRow, Row, Type};
use std::collections::{BTreeMap, HashMap, HashSet};

/// A resolved item, as input of a release.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Candidate {
    #[sqlx(try_from = "i64")]
    pub item_id: ItemId,
    #[sqlx(try_from = "i64")]
    pub revision_id: RevisionId,
    pub control: bool,
    pub group_key: Option<String>,
    pub normalized_hash: i64,
    /// JSON, as in the row.
    pub fields: String,
    pub labels: Doc<Vec<LabelId>>,
    pub confidence: Option<f64>,
    pub taxonomy_version_id: Option<i64>,
}

/// A row of an index scan for a page: its position, and its value if it belongs to the page. Skipped rows are returned
/// too. If the database could filter before it has found the page, it might start with the filter: PostgreSQL read and
/// sorted the whole release for each of its pages.
#[derive(Debug, Clone)]
pub struct Placed<K, T> {
    pub at: K,
    pub row: Option<T>,
}

impl<'r, R, K, T> FromRow<'r, R> for Placed<K, T>
where
    R: Row,
    &'static str: ColumnIndex<R>,
    K: Decode<'r, R::Database> + Type<R::Database>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    T: FromRow<'r, R>,
{
    fn from_row(row: &'r R) -> sqlx::Result<Self> {
        let item: Option<i64> = row.try_get("item_id")?;
        Ok(Placed { at: row.try_get("at")?, row: item.map(|_| T::from_row(row)).transpose()? })
    }
}

/// A row to be written to a release.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewRow {
    pub item: ItemId,
    pub revision: RevisionId,
    pub state: State,
    pub control: bool,
    pub labels: Vec<LabelId>,
    pub confidence: Option<f64>,
    /// Ids of the answers behind it.
    pub answers: Vec<String>,
    pub split_key: i64,
    /// The split for its key, if none is decided yet.
    pub split: Split,
}

/// One row of a release with its content.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct FullRow {
    #[sqlx(try_from = "i64")]
    pub item_id: ItemId,
    pub external_id: String,
    pub source_id: i64,
    pub text: String,
    pub fields: Doc<BTreeMap<String, serde_json::Value>>,
    pub group_key: Option<String>,
    pub event_at: Option<i64>,
    #[sqlx(try_from = "String")]
    pub split: Split,
    #[sqlx(try_from = "String")]
    pub state: State,
    pub control: bool,
    pub labels: Doc<Vec<LabelId>>,
    pub confidence: Option<f64>,
    pub answers: Doc<Vec<String>>,
}

/// An answer behind a row.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct RowAnswer {
    pub id: String,
    #[sqlx(try_from = "i64")]
    pub item_id: ItemId,
    pub person_id: i64,
    pub queue_id: Option<i64>,
    pub source_id: Option<i64>,
    pub labels: Doc<Vec<LabelId>>,
    #[sqlx(try_from = "String")]
    pub origin: Origin,
    pub sighted: bool,
    pub confidence: Option<f64>,
    pub seconds: Option<f64>,
    pub taxonomy_version_id: Option<i64>,
    pub bulk_id: Option<i64>,
    pub at: i64,
}

#[derive(sqlx::FromRow)]
struct StandingRow {
    item_id: i64,
    person_id: i64,
    queue_id: Option<i64>,
    #[sqlx(try_from = "String")]
    kind: Kind,
    id: String,
    #[sqlx(try_from = "String")]
    origin: Origin,
}

impl StandingRow {
    fn decides(&self) -> bool {
        self.origin == Origin::Adjudication
    }
}

/// How many items to read together, and how many rows to write together (under 5 ms). Statements of these sizes stay
/// prepared.
pub const PAGE: usize = 4 * PIECE;
pub const PIECE: usize = 150;

/// The scheme of splits by control items: the only one so far.
pub const SPLIT_BY_CONTROL: &str = "control";

impl Snapshot {
    /// Items of one state in id order, each with its consensus if that is for its current content.
    pub async fn resolved_items(
        &mut self,
        project: ProjectId,
        state: &'static str,
        after: i64,
        limit: i64,
    ) -> Result<Vec<Placed<i64, Candidate>>> {
        let query = "SELECT i.id AS at, c.item_id, i.revision_id, i.control, i.group_key, v.normalized_hash, v.fields,
               c.labels, c.confidence, c.taxonomy_version_id
             FROM (SELECT id, revision_id, control, group_key FROM item
                   WHERE project_id = $1 AND state = $2 AND id > $3 ORDER BY id LIMIT $4) i
             LEFT JOIN consensus c ON c.item_id = i.id AND c.revision_id = i.revision_id
             LEFT JOIN item_revision v ON v.id = i.revision_id ORDER BY i.id";
        Ok(on!(self, |db| sqlx::query_as(query)
            .bind(project.0)
            .bind(state)
            .bind(after)
            .bind(limit)
            .fetch_all(db)
            .await)?)
    }

    /// The answers behind items: each person's latest counted answer on the current content, if it has labels. (item,
    /// answer id), each item's in time order.
    pub async fn standing_answers(&mut self, items: &[ItemId]) -> Result<Vec<(i64, String)>> {
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<StandingRow> = on!(self, |db| {
            let mut query = sqlx::QueryBuilder::new(
                "SELECT a.item_id, a.person_id, a.queue_id, a.kind, a.id, a.origin FROM answer a
                 JOIN item i ON i.id = a.item_id AND i.revision_id = a.revision_id
                 WHERE a.standing = 'counted' AND a.origin NOT IN ('machine', 'calibration') AND a.item_id IN ",
            );
            push_list(&mut query, items.iter().map(|item| item.0));
            query.push(" ORDER BY a.item_id, a.at, a.number, a.id");
            query.build_query_as().persistent(items.len() == PAGE).fetch_all(db).await
        })?;
        // As in `domain::consensus`: the last answer of a person in each queue, then the newest of those that were not
        // withdrawn. An owner's decision stands beside their vote.
        let mut words: HashMap<(i64, i64, Option<i64>, bool), usize> = HashMap::new();
        for (at, row) in rows.iter().enumerate() {
            words.insert((row.item_id, row.person_id, row.queue_id, row.decides()), at);
        }
        let mut newest: HashMap<(i64, i64, bool), usize> = HashMap::new();
        for at in words.into_values().filter(|at| rows[*at].kind != Kind::Withdrawn) {
            let row = &rows[at];
            let place = newest.entry((row.item_id, row.person_id, row.decides())).or_insert(at);
            *place = at.max(*place);
        }
        let mut standing: Vec<usize> =
            newest.into_values().filter(|at| rows[*at].kind == Kind::Labels).collect();
        // A bulk answer stands only while nobody has looked at the item itself.
        let looked_at: HashSet<i64> = standing
            .iter()
            .map(|at| &rows[*at])
            .filter(|row| row.origin != Origin::Bulk && !row.decides())
            .map(|row| row.item_id)
            .collect();
        standing.retain(|at| rows[*at].origin != Origin::Bulk || !looked_at.contains(&rows[*at].item_id));
        standing.sort_unstable();
        Ok(standing.into_iter().map(|at| (rows[at].item_id, rows[at].id.clone())).collect())
    }

    /// Group and normalized text of the control items, in id order.
    pub async fn control_items(
        &mut self,
        project: ProjectId,
        after: i64,
        limit: i64,
    ) -> Result<Vec<(i64, Option<String>, i64)>> {
        let query = "SELECT i.id, i.group_key, v.normalized_hash
             FROM item i JOIN item_revision v ON v.id = i.revision_id
             WHERE i.project_id = $1 AND i.control AND i.id > $2 ORDER BY i.id LIMIT $3";
        Ok(on!(self, |db| sqlx::query_as(query).bind(project.0).bind(after).bind(limit).fetch_all(db).await)?)
    }

    /// Split keys after `after`, in order, each with its decided split.
    pub async fn splits_of(
        &mut self,
        project: ProjectId,
        after: i64,
        limit: i64,
    ) -> Result<Vec<(i64, Split)>> {
        let query = "SELECT key, split FROM split WHERE project_id = $1 AND scheme = $2 AND key > $3
                     ORDER BY key LIMIT $4";
        let rows: Vec<(i64, String)> = on!(self, |db| {
            let query = sqlx::query_as(query).bind(project.0).bind(SPLIT_BY_CONTROL);
            query.bind(after).bind(limit).fetch_all(db).await
        })?;
        let unreadable = || Error::Unreadable("split".to_owned());
        rows.into_iter().map(|(key, split)| Ok((key, Split::parse(&split).ok_or_else(unreadable)?))).collect()
    }
}

impl Store {
    /// The items of a project by external id (code point order), each with its row of a release and that row's content.
    /// `after` is the last external id of the page before.
    pub async fn release_rows(
        &self,
        project: ProjectId,
        release: ReleaseId,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Vec<Placed<String, FullRow>>> {
        let query = "SELECT i.external_id AS at, r.item_id, i.external_id, v.source_id, v.text, v.fields, v.group_key,
               v.event_at, r.split, r.state, r.control, r.labels, r.confidence, r.answers
             FROM (SELECT id, external_id FROM item WHERE project_id = $1 AND external_id > $3
                   ORDER BY external_id LIMIT $4) i
             LEFT JOIN release_row r ON r.release_id = $2 AND r.item_id = i.id
             LEFT JOIN item_revision v ON v.id = r.revision_id ORDER BY i.external_id";
        // No external id is empty, so all of them come after the empty text.
        let after = after.unwrap_or("");
        Ok(on!(self, |db| sqlx::query_as(query)
            .bind(project.0)
            .bind(release.0)
            .bind(after)
            .bind(limit)
            .fetch_all(db)
            .await)?)
    }

    /// Answers by id, each item's in time order.
    pub async fn answers_by_id(&self, ids: &[String]) -> Result<Vec<RowAnswer>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        Ok(on!(self, |db| {
            let mut query = sqlx::QueryBuilder::new(
                "SELECT id, item_id, person_id, queue_id, source_id, labels, origin, sighted, confidence, seconds,
                   taxonomy_version_id, bulk_id, at FROM answer WHERE id IN ",
            );
            push_list(&mut query, ids);
            query.push(" ORDER BY item_id, at, id");
            query.build_query_as().persistent(ids.len() == 1_000).fetch_all(db).await
        })?)
    }
}

impl Tx {
    /// Removes up to `limit` rows that an interrupted cut left behind; returns how many there were.
    pub async fn clear_release_rows(&mut self, release: ReleaseId, limit: i64) -> Result<u64> {
        let query = "DELETE FROM release_row WHERE release_id = $1 AND item_id IN
                     (SELECT item_id FROM release_row WHERE release_id = $1 ORDER BY item_id LIMIT $2)";
        Ok(on!(self, |db| sqlx::query(query)
            .bind(release.0)
            .bind(limit)
            .execute(db)
            .await
            .map(|r| r.rows_affected()))?)
    }

    /// Writes rows of a release that is being cut. A key that has a split keeps it, otherwise it gets the row's.
    pub async fn add_release_rows(
        &mut self,
        project: ProjectId,
        release: ReleaseId,
        rows: &[NewRow],
    ) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let splits = self.decide_splits(project, release, rows).await?;
        on!(self, |db| {
            let mut query = sqlx::QueryBuilder::new(
                "INSERT INTO release_row (release_id, item_id, revision_id, split, state, control, labels,
                   confidence, answers) ",
            );
            query.push_values(rows, |mut one, row| {
                let split = splits.get(&row.split_key).copied().unwrap_or(row.split);
                one.push_bind(release.0)
                    .push_bind(row.item.0)
                    .push_bind(row.revision.0)
                    .push_bind(split.as_str())
                    .push_bind(row.state.as_str())
                    .push_bind(row.control)
                    .push_bind(Doc(&row.labels))
                    .push_bind(row.confidence)
                    .push_bind(Doc(&row.answers));
            });
            query.build().persistent(rows.len() == PIECE).execute(db).await.map(|_| ())
        })?;
        Ok(())
    }

    async fn decide_splits(
        &mut self,
        project: ProjectId,
        release: ReleaseId,
        rows: &[NewRow],
    ) -> Result<HashMap<i64, Split>> {
        // Sorted, so that two concurrent cuts lock the keys in the same order.
        let mut wanted: Vec<(i64, Split)> = rows.iter().map(|row| (row.split_key, row.split)).collect();
        wanted.sort_unstable_by_key(|(key, _)| *key);
        on!(self, |db| {
            let mut query =
                sqlx::QueryBuilder::new("INSERT INTO split (project_id, scheme, key, split, release_id) ");
            query.push_values(&wanted, |mut one, (key, split)| {
                one.push_bind(project.0)
                    .push_bind(SPLIT_BY_CONTROL)
                    .push_bind(*key)
                    .push_bind(split.as_str())
                    .push_bind(release.0);
            });
            query.push(" ON CONFLICT DO NOTHING");
            query.build().persistent(rows.len() == PIECE).execute(db).await.map(|_| ())
        })?;
        let decided: Vec<(i64, String)> = on!(self, |db| {
            let mut query = sqlx::QueryBuilder::new("SELECT key, split FROM split WHERE project_id = ");
            query
                .push_bind(project.0)
                .push(" AND scheme = ")
                .push_bind(SPLIT_BY_CONTROL)
                .push(" AND key IN ");
            push_list(&mut query, wanted.iter().map(|(key, _)| *key));
            query.build_query_as().persistent(rows.len() == PIECE).fetch_all(db).await
        })?;
        Ok(decided.into_iter().filter_map(|(key, split)| Some((key, Split::parse(&split)?))).collect())
    }
}
