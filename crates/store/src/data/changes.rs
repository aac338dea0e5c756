//! The change feed: which items were added, changed or removed, in the order in which it became visible. Each node
//! reads it from its own cursor and updates its search index.

use crate::error::Result;
use crate::{Store, Tx, on};
use domain::{ItemId, ProjectId, Time};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// Items in the range are new or have a new revision.
    Items,
    /// Items in the range may be gone.
    Removed,
}

/// One entry. The range may include unchanged items: a reader looks at the current rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub id: i64,
    pub project: ProjectId,
    pub kind: ChangeKind,
    pub first: ItemId,
    pub last: ItemId,
    pub at: Time,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    project_id: i64,
    kind: String,
    first_item: i64,
    last_item: i64,
    at: i64,
}

/// Ids further apart than this (a few milliseconds of their time) begin a new range, so that a few revised items far
/// apart don't name everything between them.
const GAP: i64 = 1 << 16;

impl Tx {
    /// Appends to the feed. Locks the counter's row until the transaction ends: call it late.
    pub async fn note_change(
        &mut self,
        project: ProjectId,
        kind: ChangeKind,
        items: &[ItemId],
    ) -> Result<()> {
        let mut ids: Vec<i64> = items.iter().map(|i| i.0).collect();
        ids.sort_unstable();
        let ranges: Vec<(i64, i64)> =
            ids.chunk_by(|a, b| b - a <= GAP).filter_map(|r| Some((*r.first()?, *r.last()?))).collect();
        let now = self.now().0;
        let name = match kind {
            ChangeKind::Items => "items",
            ChangeKind::Removed => "items_removed",
        };
        for (first, last) in ranges {
            let next = "UPDATE meta SET value = value + 1 WHERE key = 'change' RETURNING value";
            let id: i64 = on!(self, |db| sqlx::query_scalar(next).fetch_one(db).await)?;
            let insert = "INSERT INTO change (id, project_id, kind, first_item, last_item, at)
                          VALUES ($1, $2, $3, $4, $5, $6)";
            on!(self, |db| {
                let query = sqlx::query(insert).bind(id).bind(project.0).bind(name);
                query.bind(first).bind(last).bind(now).execute(db).await.map(|_| ())
            })?;
        }
        Ok(())
    }
}

impl Store {
    /// Entries after a cursor, oldest first.
    pub async fn changes_after(&self, cursor: i64, limit: i64) -> Result<Vec<Change>> {
        let query = "SELECT id, project_id, kind, first_item, last_item, at FROM change
                     WHERE id > $1 ORDER BY id LIMIT $2";
        let rows: Vec<Row> =
            on!(self, |db| sqlx::query_as(query).bind(cursor).bind(limit).fetch_all(db).await)?;
        Ok(rows.into_iter().map(change).collect())
    }

    /// The newest cursor.
    pub async fn last_change(&self) -> Result<i64> {
        let query = "SELECT value FROM meta WHERE key = 'change'";
        Ok(on!(self, |db| sqlx::query_scalar(query).fetch_one(db).await)?)
    }
}

fn change(row: Row) -> Change {
    Change {
        id: row.id,
        project: ProjectId(row.project_id),
        kind: if row.kind == "items" { ChangeKind::Items } else { ChangeKind::Removed },
        first: ItemId(row.first_item),
        last: ItemId(row.last_item),
        at: Time(row.at),
    }
}
