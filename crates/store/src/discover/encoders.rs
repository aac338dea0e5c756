//! Encoders that an admin installed, and vectors that users brought. Their content is in blobs.

use crate::data::blobs::Pin;
use crate::error::Result;
use crate::sql::dialect::push_list;
use crate::{Store, Tx, on};
use domain::{EncoderId, ItemId, PersonId, ProjectId};
use sqlx::QueryBuilder;
use std::collections::HashMap;

#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct EncoderRow {
    #[sqlx(try_from = "i64")]
    pub id: EncoderId,
    pub name: String,
    /// `sentence` or `static`.
    pub kind: String,
    pub dims: i64,
    pub bytes: i64,
    pub created_by: Option<String>,
    pub created_at: i64,
}

/// A file of an encoder.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct EncoderFile {
    /// In its folder.
    pub path: String,
    /// The key of its blob.
    pub hash: String,
    pub bytes: i64,
}

/// An encoder to be installed; its files are written and pinned.
#[derive(Debug, Clone)]
pub struct NewEncoder {
    pub name: String,
    pub kind: &'static str,
    pub dims: i64,
    pub files: Vec<EncoderFile>,
    pub pins: Vec<Pin>,
}

#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct VectorSetRow {
    pub id: i64,
    #[sqlx(try_from = "i64")]
    pub project_id: ProjectId,
    pub name: String,
    pub dims: i64,
    pub n_items: i64,
    pub hash: String,
    pub bytes: i64,
    pub created_by: Option<String>,
    pub created_at: i64,
}

/// Vectors to be kept; their blob is written and pinned.
#[derive(Debug, Clone)]
pub struct NewVectorSet {
    pub name: String,
    pub dims: i64,
    pub n_items: i64,
    pub hash: String,
    pub bytes: i64,
    pub pin: Pin,
}

/// External ids of one query.
const IDS: usize = 500;

impl Store {
    /// By name.
    pub async fn encoders(&self) -> Result<Vec<EncoderRow>> {
        let query = "SELECT e.id, e.name, e.kind, e.dims, e.bytes, p.name AS created_by, e.created_at
                     FROM encoder e LEFT JOIN person p ON p.id = e.created_by ORDER BY e.name";
        Ok(on!(self, |db| sqlx::query_as(query).fetch_all(db).await)?)
    }

    pub async fn encoder(&self, id: EncoderId) -> Result<Option<EncoderRow>> {
        let query = "SELECT e.id, e.name, e.kind, e.dims, e.bytes, p.name AS created_by, e.created_at
                     FROM encoder e LEFT JOIN person p ON p.id = e.created_by WHERE e.id = $1";
        Ok(on!(self, |db| sqlx::query_as(query).bind(id.0).fetch_optional(db).await)?)
    }

    pub async fn encoder_files(&self, encoder: EncoderId) -> Result<Vec<EncoderFile>> {
        let query = "SELECT path, hash, bytes FROM encoder_file WHERE encoder_id = $1 ORDER BY path";
        Ok(on!(self, |db| sqlx::query_as(query).bind(encoder.0).fetch_all(db).await)?)
    }

    /// By name.
    pub async fn vector_sets(&self, project: ProjectId) -> Result<Vec<VectorSetRow>> {
        let query =
            "SELECT v.id, v.project_id, v.name, v.dims, v.n_items, v.hash, v.bytes, p.name AS created_by,
                            v.created_at
                     FROM vector_set v LEFT JOIN person p ON p.id = v.created_by
                     WHERE v.project_id = $1 ORDER BY v.name";
        Ok(on!(self, |db| sqlx::query_as(query).bind(project.0).fetch_all(db).await)?)
    }

    pub async fn vector_set(&self, id: i64) -> Result<Option<VectorSetRow>> {
        let query =
            "SELECT v.id, v.project_id, v.name, v.dims, v.n_items, v.hash, v.bytes, p.name AS created_by,
                            v.created_at
                     FROM vector_set v LEFT JOIN person p ON p.id = v.created_by WHERE v.id = $1";
        Ok(on!(self, |db| sqlx::query_as(query).bind(id).fetch_optional(db).await)?)
    }

    /// The items of a project that have these external ids, in the order of the ids; nothing where none has one.
    pub async fn items_called(&self, project: ProjectId, ids: &[String]) -> Result<Vec<Option<ItemId>>> {
        let mut items = Vec::with_capacity(ids.len());
        for ids in ids.chunks(IDS) {
            let found: Vec<(String, i64)> = on!(self, |db| {
                let mut query = QueryBuilder::new("SELECT external_id, id FROM item WHERE project_id = ");
                query.push_bind(project.0).push(" AND external_id IN ");
                push_list(&mut query, ids.iter().cloned());
                query.build_query_as().fetch_all(db).await
            })?;
            let found: HashMap<String, i64> = found.into_iter().collect();
            items.extend(ids.iter().map(|id| found.get(id).copied().map(ItemId)));
        }
        Ok(items)
    }

    pub async fn external_id(&self, item: ItemId) -> Result<Option<String>> {
        let query = "SELECT external_id FROM item WHERE id = $1";
        Ok(on!(self, |db| sqlx::query_scalar(query).bind(item.0).fetch_optional(db).await)?)
    }
}

impl Tx {
    /// Installs an encoder. `None` where its name is taken.
    pub async fn insert_encoder(
        &mut self,
        encoder: &NewEncoder,
        by: Option<PersonId>,
    ) -> Result<Option<EncoderId>> {
        let (id, now): (EncoderId, _) = (self.next_id(), self.now().0);
        let bytes: i64 = encoder.files.iter().map(|file| file.bytes).sum();
        let query = "INSERT INTO encoder (id, name, kind, dims, bytes, created_by, created_at)
                     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
        let n = on!(self, |db| {
            let query = sqlx::query(query).bind(id.0).bind(&encoder.name).bind(encoder.kind);
            let query = query.bind(encoder.dims).bind(bytes).bind(by.map(|p| p.0)).bind(now);
            query.execute(db).await.map(|r| r.rows_affected())
        })?;
        if n == 0 {
            return Ok(None);
        }
        let query = "INSERT INTO encoder_file (encoder_id, path, hash, bytes) VALUES ($1, $2, $3, $4)";
        for file in &encoder.files {
            on!(self, |db| {
                let query = sqlx::query(query).bind(id.0).bind(&file.path).bind(&file.hash);
                query.bind(file.bytes).execute(db).await.map(|_| ())
            })?;
        }
        self.unpin_blobs(&encoder.pins).await?;
        Ok(Some(id))
    }

    /// Removes an encoder; its blobs are swept when nothing else refers to them. False if it is gone.
    pub async fn remove_encoder(&mut self, encoder: EncoderId) -> Result<bool> {
        let files = "DELETE FROM encoder_file WHERE encoder_id = $1";
        on!(self, |db| sqlx::query(files).bind(encoder.0).execute(db).await.map(|_| ()))?;
        let query = "DELETE FROM encoder WHERE id = $1";
        let n =
            on!(self, |db| sqlx::query(query).bind(encoder.0).execute(db).await.map(|r| r.rows_affected()))?;
        Ok(n == 1)
    }

    /// Keeps vectors that a user brought. `None` where their name is taken in the project.
    pub async fn insert_vector_set(
        &mut self,
        project: ProjectId,
        set: &NewVectorSet,
        by: Option<PersonId>,
    ) -> Result<Option<i64>> {
        let (id, now): (i64, _) = (self.next_id(), self.now().0);
        let query = "INSERT INTO vector_set (id, project_id, name, dims, n_items, hash, bytes, created_by, created_at)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
        let n = on!(self, |db| {
            let query = sqlx::query(query).bind(id).bind(project.0).bind(&set.name).bind(set.dims);
            let query = query.bind(set.n_items).bind(&set.hash).bind(set.bytes).bind(by.map(|p| p.0));
            query.bind(now).execute(db).await.map(|r| r.rows_affected())
        })?;
        if n == 0 {
            return Ok(None);
        }
        self.unpin_blobs(&[set.pin]).await?;
        Ok(Some(id))
    }

    pub async fn remove_vector_set(&mut self, project: ProjectId, id: i64) -> Result<bool> {
        let query = "DELETE FROM vector_set WHERE id = $1 AND project_id = $2";
        let n = on!(self, |db| {
            sqlx::query(query).bind(id).bind(project.0).execute(db).await.map(|r| r.rows_affected())
        })?;
        Ok(n == 1)
    }
}
