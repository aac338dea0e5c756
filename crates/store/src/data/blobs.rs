//! Content that can't be recomputed or must reach every node: uploads until they are imported, and release files.
//! Stored in a folder beside SQLite, or in rows of one megabyte in PostgreSQL. Written once under the hash of its
//! content, read as a stream.
//!
//! A blob is removed only while nothing refers to it. Only [`UNNEEDED`] defines what can refer to a blob, and it is
//! checked in the removing transaction. A writer pins its blob until the transaction that refers to it. So if the same
//! content is written and removed at the same moment, the writer wins.

mod sweep;

use crate::data::sources::may_go_on;
use crate::engine::private;
use crate::error::Result;
use crate::sql::dialect;
use crate::{Store, Tx, on};
use bytes::Bytes;
use sqlx::AssertSqlSafe;
use std::path::{Path, PathBuf};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[derive(Clone)]
pub(crate) enum Place {
    Folder(PathBuf),
    Table,
}

/// Bytes of one part, and of one piece of a stream.
const PART: usize = 1 << 20;

/// The name prefix of a blob until its hash is known.
const UNFINISHED: &str = "new-";

/// Nothing needs the blob of the current row: no import that may still run, no file of a release or of an encoder, no
/// vectors that a user brought, no pin of a recent writer. Add every table that comes to refer to blobs.
pub(crate) const UNNEEDED: &str = concat!(
    "NOT EXISTS (SELECT 1 FROM source s WHERE s.upload = blob.key AND s.state IN ",
    may_go_on!(),
    ")
          AND NOT EXISTS (SELECT 1 FROM release_file f WHERE f.hash = blob.key)
          AND NOT EXISTS (SELECT 1 FROM encoder_file e WHERE e.hash = blob.key)
          AND NOT EXISTS (SELECT 1 FROM vector_set v WHERE v.hash = blob.key)
          AND NOT EXISTS (SELECT 1 FROM blob_pin p WHERE p.key = blob.key)"
);

impl Store {
    /// Starts a blob. It can be read only after [`BlobWriter::finish`]. If dropped before, it is cleaned up.
    pub async fn create_blob(&self) -> Result<BlobWriter> {
        let name = format!("{UNFINISHED}{}", self.next_id::<i64>());
        let target = match &self.blobs {
            Place::Folder(folder) => {
                private::create_folder(folder)?;
                let path = folder.join(&name);
                let file = File::from_std(private::create_file(&path)?);
                Target::File { file, path: Some(path), folder: folder.clone() }
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
        self.write_background(move |tx| {
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

    /// Removes a blob unless something needs it. Returns whether it is gone.
    pub async fn remove_unneeded_blob(&self, key: &str) -> Result<bool> {
        let (key, place) = (key.to_owned(), self.blobs.clone());
        self.write_background(move |tx| Box::pin(remove_unneeded(tx, key, place))).await
    }

    /// Unpins and removes a blob that nothing came to refer to.
    pub async fn abandon_blob(&self, written: &Written) -> Result<()> {
        let (pin, key, place) = (written.pin, written.key.clone(), self.blobs.clone());
        self.write_background(move |tx| {
            Box::pin(async move {
                tx.unpin_blobs(&[pin]).await?;
                remove_unneeded(tx, key, place).await.map(|_| ())
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

/// A finished blob. It stays until [`Tx::unpin_blobs`] in the transaction that refers to it, or
/// [`Store::abandon_blob`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The BLAKE3 of the content, hexadecimal: also its key.
    pub key: String,
    pub bytes: i64,
    pub pin: Pin,
}

/// Keeps a blob that nothing refers to yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pin(i64);

impl Tx {
    /// Removes pins. Call it in the transaction that writes the references to the blobs.
    pub async fn unpin_blobs(&mut self, pins: &[Pin]) -> Result<()> {
        for pin in pins {
            let query = "DELETE FROM blob_pin WHERE id = $1";
            on!(self, |db| sqlx::query(query).bind(pin.0).execute(db).await.map(|_| ()))?;
        }
        Ok(())
    }

    async fn pin_blob(&mut self, key: &str) -> Result<Pin> {
        let (id, now) = (self.next_id::<i64>(), self.now().0);
        let query = "INSERT INTO blob_pin (id, key, created_at) VALUES ($1, $2, $3)";
        on!(self, |db| sqlx::query(query).bind(id).bind(key).bind(now).execute(db).await.map(|_| ()))?;
        Ok(Pin(id))
    }
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
        // A whole part at once: hashing line by line takes several times as long.
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

    /// Gives the blob up and leaves nothing behind. (If a writer is only dropped, PostgreSQL keeps its parts until they
    /// are swept.)
    pub async fn discard(self) -> Result<()> {
        match &self.target {
            Target::File { .. } => Ok(()),
            Target::Rows { name, .. } => self.store.remove_unneeded_blob(name).await.map(|_| ()),
        }
    }

    /// Makes the blob readable under the hash of its content. It is on disk before this returns. The same content again
    /// is the same blob.
    pub async fn finish(mut self) -> Result<Written> {
        if !self.buffer.is_empty() {
            self.flush().await?;
        }
        let key = self.hasher.finalize().to_hex().to_string();
        let bytes = self.bytes;
        let pin = match &mut self.target {
            Target::File { file, path, folder } => {
                file.sync_all().await?;
                // Pinned before the rename: a concurrent removal of this content either sees the pin or has removed the
                // file before.
                let name = key.clone();
                let pin: Pin = self
                    .store
                    .write_background(move |tx| Box::pin(async move { tx.pin_blob(&name).await }))
                    .await?;
                if let Some(path) = path.take() {
                    tokio::fs::rename(&path, folder.join(&key)).await?;
                    // The rename itself must be on disk, too.
                    File::open(&*folder).await?.sync_all().await?;
                }
                self.store.insert_blob(&key, bytes).await?;
                pin
            }
            Target::Rows { name, .. } => {
                let (name, key) = (name.clone(), key.clone());
                let now = self.store.now().0;
                self.store.write_background(move |tx| Box::pin(settle(tx, name, key, bytes, now))).await?
            }
        };
        Ok(Written { key, bytes, pin })
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
        .write_background(move |tx| {
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

/// Removes the row and the bytes in one transaction. No one can pin between the check and the removal: SQLite has one
/// writer across all processes, and PostgreSQL locks the row. If the transaction is undone after the file is gone, only
/// unneeded bytes are lost.
async fn remove_unneeded(tx: &mut Tx, key: String, place: Place) -> Result<bool> {
    let hold = AssertSqlSafe(format!("SELECT key FROM blob WHERE key = $1{}", dialect::for_update(tx)));
    let _: Option<String> = on!(tx, |db| sqlx::query_scalar(hold).bind(&key).fetch_optional(db).await)?;
    let query = AssertSqlSafe(format!("DELETE FROM blob WHERE key = $1 AND {UNNEEDED}"));
    on!(tx, |db| sqlx::query(query).bind(&key).execute(db).await.map(|_| ()))?;
    let stays =
        "SELECT EXISTS (SELECT 1 FROM blob WHERE key = $1) OR EXISTS (SELECT 1 FROM blob_pin WHERE key = $1)";
    let stays: bool = on!(tx, |db| sqlx::query_scalar(stays).bind(&key).fetch_one(db).await)?;
    if !stays && let Place::Folder(folder) = &place {
        remove_file(&folder.join(&key))?;
    }
    Ok(!stays)
}

/// A missing file is no error.
fn remove_file(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Gives the parts their final key, unless that content exists already. Either way the row is locked and pinned: a
/// removal waits, and then sees the pin.
async fn settle(tx: &mut Tx, name: String, key: String, bytes: i64, now: i64) -> Result<Pin> {
    let insert = "INSERT INTO blob (key, bytes, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    let hold = format!("SELECT key FROM blob WHERE key = $1{}", dialect::for_update(tx));
    loop {
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
            break;
        }
        let hold = AssertSqlSafe(hold.clone());
        let held: Option<String> =
            on!(tx, |db| sqlx::query_scalar(hold).bind(&key).fetch_optional(db).await)?;
        if held.is_some() {
            break;
        }
        // It was removed between the two statements: its row can be inserted now.
    }
    on!(tx, |db| sqlx::query("DELETE FROM blob WHERE key = $1").bind(&name).execute(db).await.map(|_| ()))?;
    tx.pin_blob(&key).await
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
    /// The next piece, or nothing at the end.
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

    /// Reads the whole blob, for small ones.
    pub async fn read_all(mut self) -> Result<Vec<u8>> {
        let mut all = Vec::with_capacity(usize::try_from(self.bytes).unwrap_or(0).min(PART));
        while let Some(piece) = self.next().await? {
            all.extend_from_slice(&piece);
        }
        Ok(all)
    }
}
