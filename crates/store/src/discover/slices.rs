//! Saved slices.

use crate::error::Result;
use crate::{Doc, Store, Tx, on};
use domain::slice::Slice;
use domain::{PersonId, ProjectId};

#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct SavedSliceRow {
    pub id: i64,
    pub name: String,
    pub document: Doc<Slice>,
    pub created_by: Option<String>,
    pub created_at: i64,
}

impl Store {
    /// By name.
    pub async fn saved_slices(&self, project: ProjectId) -> Result<Vec<SavedSliceRow>> {
        let query = "SELECT s.id, s.name, s.document, p.name AS created_by, s.created_at FROM saved_slice s
                     LEFT JOIN person p ON p.id = s.created_by
                     WHERE s.project_id = $1 ORDER BY s.name LIMIT 500";
        Ok(on!(self, |db| sqlx::query_as(query).bind(project.0).fetch_all(db).await)?)
    }
}

impl Tx {
    /// Saves a slice. False where its name is taken.
    pub async fn save_slice(
        &mut self,
        project: ProjectId,
        name: &str,
        slice: &Slice,
        by: Option<PersonId>,
    ) -> Result<bool> {
        let (id, now): (i64, _) = (self.next_id(), self.now().0);
        let query = "INSERT INTO saved_slice (id, project_id, name, document, created_by, created_at)
                     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
        let n = on!(self, |db| {
            let query = sqlx::query(query).bind(id).bind(project.0).bind(name).bind(Doc(slice));
            query.bind(by.map(|p| p.0)).bind(now).execute(db).await.map(|r| r.rows_affected())
        })?;
        Ok(n == 1)
    }

    /// False where it is not there.
    pub async fn remove_slice(&mut self, project: ProjectId, id: i64) -> Result<bool> {
        let query = "DELETE FROM saved_slice WHERE id = $1 AND project_id = $2";
        let n = on!(self, |db| {
            sqlx::query(query).bind(id).bind(project.0).execute(db).await.map(|r| r.rows_affected())
        })?;
        Ok(n == 1)
    }
}
