//! Content that cannot be recomputed or must reach every node: uploads until they are imported, release files.
//! A folder beside SQLite, rows of one megabyte in PostgreSQL. Written once under a key, read as a stream.

use crate::error::Result;
use crate::{Store, on};
use bytes::Bytes;
use std::path::PathBuf;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[derive(Clone)]
pub(crate) enum Place {
    Folder(PathBuf),
    Table,
}

/// Bytes of one part, and of one piece of a stream.
const PART: usize = 1 << 20;

impl Store {
    /// Starts a blob. It can be read only after [`BlobWriter::finish`]; what is dropped before is cleaned up.
    pub async fn create_blob(&self) -> Result<BlobWriter> {
        let name = format!("new-{}", self.next_id::<i64>());
        let target = match &self.blobs {
            Place::Folder(folder) => {
                tokio::fs::create_dir_all(folder).await?;
                let path = folder.join(&name);
                Target::File { file: File::create(&path).await?, path: Some(path), folder: folder.clone() }
            }
            Place::Table => {
                self.insert_blob(&name, 0).await?;
                Target::Rows { name, n_parts: 0 }
            }
        };
        Ok(BlobWriter {
            store: self.clone(),
            target,
            buffer: Vec::with_capacity(PART),
            hasher: blake3::Hasher::new(),
            bytes: 0,
        })
    }

    async fn insert_blob(&self, key: &str, bytes: i64) -> Result<()> {
        let (key, now) = (key.to_owned(), self.now().0);
        self.write_piece(move |tx| {
            Box::pin(async move {
                let query =
                    "INSERT INTO blob (key, bytes, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
                on!(tx, |db| sqlx::query(query)
                    .bind(&key)
                    .bind(bytes)
                    .bind(now)
                    .execute(db)
                    .await
                    .map(|_| ()))?;
                Ok(())
            })
        })
        .await
    }

    /// Reads a blob as a stream of pieces.
    pub async fn open_blob(&self, key: &str) -> Result<BlobReader> {
        let query = "SELECT bytes FROM blob WHERE key = $1";
        let bytes: i64 = on!(self, |db| sqlx::query_scalar(query).bind(key).fetch_one(db).await)?;
        let from = match &self.blobs {
            Place::Folder(folder) => Origin::File(File::open(folder.join(key)).await?),
            Place::Table => Origin::Rows { store: self.clone(), key: key.to_owned(), part: 0 },
        };
        Ok(BlobReader { from, bytes })
    }

    /// Removes a blob; one that is not there is no error.
    pub async fn delete_blob(&self, key: &str) -> Result<()> {
        if let Place::Folder(folder) = &self.blobs {
            match tokio::fs::remove_file(folder.join(key)).await {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        let key = key.to_owned();
        self.write_piece(move |tx| {
            Box::pin(async move {
                let query = "DELETE FROM blob WHERE key = $1";
                on!(tx, |db| sqlx::query(query).bind(&key).execute(db).await.map(|_| ()))?;
                Ok(())
            })
        })
        .await
    }

    /// All blobs: key and size.
    pub async fn blobs(&self) -> Result<Vec<(String, i64)>> {
        let query = "SELECT key, bytes FROM blob ORDER BY key";
        Ok(on!(self, |db| sqlx::query_as(query).fetch_all(db).await)?)
    }
}

pub struct BlobWriter {
    store: Store,
    target: Target,
    buffer: Vec<u8>,
    hasher: blake3::Hasher,
    bytes: i64,
}

enum Target {
    File { file: File, path: Option<PathBuf>, folder: PathBuf },
    Rows { name: String, n_parts: i64 },
}

/// A finished blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The BLAKE3 of the content, hexadecimal: also its key.
    pub key: String,
    pub bytes: i64,
}

impl BlobWriter {
    pub async fn write(&mut self, data: &[u8]) -> Result<()> {
        self.bytes += data.len() as i64;
        let mut rest = data;
        while !rest.is_empty() {
            let n = rest.len().min(PART - self.buffer.len());
            self.buffer.extend_from_slice(&rest[..n]);
            rest = &rest[n..];
            if self.buffer.len() == PART {
                self.flush().await?;
            }
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<()> {
        // A whole part: line by line the hash takes several times as long.
        self.hasher.update(&self.buffer);
        match &mut self.target {
            Target::File { file, .. } => {
                file.write_all(&self.buffer).await?;
                self.buffer.clear();
            }
            Target::Rows { name, n_parts } => {
                let data = std::mem::replace(&mut self.buffer, Vec::with_capacity(PART));
                let (key, part) = (name.clone(), *n_parts);
                *n_parts += 1;
                put_part(&self.store, key, part, data).await?;
            }
        }
        Ok(())
    }

    /// Gives it up and leaves nothing behind. (Where a writer is only dropped, PostgreSQL keeps parts that
    /// nothing refers to, until `assay rebuild`.)
    pub async fn discard(self) -> Result<()> {
        match &self.target {
            Target::File { .. } => Ok(()),
            Target::Rows { name, .. } => self.store.delete_blob(name).await,
        }
    }

    /// Makes it readable under the hash of its content, on disk before this returns. The same content again is
    /// the same blob.
    pub async fn finish(mut self) -> Result<Written> {
        if !self.buffer.is_empty() {
            self.flush().await?;
        }
        let key = self.hasher.finalize().to_hex().to_string();
        match &mut self.target {
            Target::File { file, path, folder } => {
                file.sync_all().await?;
                if let Some(path) = path.take() {
                    tokio::fs::rename(&path, folder.join(&key)).await?;
                    // The rename itself must be on disk, too.
                    File::open(&*folder).await?.sync_all().await?;
                }
                self.store.insert_blob(&key, self.bytes).await?;
            }
            Target::Rows { name, .. } => {
                let (name, key, bytes) = (name.clone(), key.clone(), self.bytes);
                let now = self.store.now().0;
                self.store.write_piece(move |tx| Box::pin(settle(tx, name, key, bytes, now))).await?;
            }
        }
        Ok(Written { key, bytes: self.bytes })
    }
}

impl Drop for BlobWriter {
    fn drop(&mut self) {
        if let Target::File { path: Some(path), .. } = &self.target {
            let _ = std::fs::remove_file(path);
        }
    }
}

async fn put_part(store: &Store, key: String, part: i64, data: Vec<u8>) -> Result<()> {
    store
        .write_piece(move |tx| {
            Box::pin(async move {
                let query = "INSERT INTO blob_part (key, part, data) VALUES ($1, $2, $3)";
                on!(tx, |db| sqlx::query(query)
                    .bind(&key)
                    .bind(part)
                    .bind(&data)
                    .execute(db)
                    .await
                    .map(|_| ()))?;
                Ok(())
            })
        })
        .await
}

/// Gives the parts their final key, unless that content is there already.
async fn settle(tx: &mut crate::Tx, name: String, key: String, bytes: i64, now: i64) -> Result<()> {
    let insert = "INSERT INTO blob (key, bytes, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    let added = on!(tx, |db| sqlx::query(insert)
        .bind(&key)
        .bind(bytes)
        .bind(now)
        .execute(db)
        .await
        .map(|r| r.rows_affected()))?;
    if added == 1 {
        let rename = "UPDATE blob_part SET key = $1 WHERE key = $2";
        on!(tx, |db| sqlx::query(rename).bind(&key).bind(&name).execute(db).await.map(|_| ()))?;
    }
    on!(tx, |db| sqlx::query("DELETE FROM blob WHERE key = $1").bind(&name).execute(db).await.map(|_| ()))?;
    Ok(())
}

pub struct BlobReader {
    from: Origin,
    /// Size of the whole blob.
    pub bytes: i64,
}

enum Origin {
    File(File),
    Rows { store: Store, key: String, part: i64 },
}

impl BlobReader {
    /// The next piece; nothing at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        match &mut self.from {
            Origin::File(file) => {
                let mut buffer = vec![0; 256 << 10];
                let n = file.read(&mut buffer).await?;
                buffer.truncate(n);
                Ok((n > 0).then(|| Bytes::from(buffer)))
            }
            Origin::Rows { store, key, part } => {
                let query = "SELECT data FROM blob_part WHERE key = $1 AND part = $2";
                let data: Option<Vec<u8>> = on!(store, |db| sqlx::query_scalar(query)
                    .bind(&*key)
                    .bind(*part)
                    .fetch_optional(db)
                    .await)?;
                *part += 1;
                Ok(data.map(Bytes::from))
            }
        }
    }

    /// All of it, for small ones.
    pub async fn read_all(mut self) -> Result<Vec<u8>> {
        let mut all = Vec::with_capacity(usize::try_from(self.bytes).unwrap_or(0).min(PART));
        while let Some(piece) = self.next().await? {
            all.extend_from_slice(&piece);
        }
        Ok(all)
    }
}
