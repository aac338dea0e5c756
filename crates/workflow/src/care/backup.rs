//! Backup and restore: all of an installation in one file that both engines write and both read, so that it also
//! moves an installation from SQLite to PostgreSQL and back.
//!
//! In the archive: every row of one moment, and every blob. Not in it: sessions (after a restore everyone signs
//! in again) and what is derived outside of the database (the search index is made again).

mod format;
mod restore;

#[cfg(test)]
mod tests;

pub use restore::{restore, restore_file};

use crate::{Error, Instance, Result};
use format::{BlobHead, Head, TableHead, Tail, Writer};
use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::Path;
use store::check::archive::{Column, TABLES, Table};
use store::engine::snapshot::Snapshot;

/// What an archive holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows by table.
    pub rows: BTreeMap<String, i64>,
    pub blobs: i64,
    pub blob_bytes: i64,
    /// Blobs whose bytes were not there to be copied.
    pub missing: Vec<String>,
    /// Texts by table in which a restore put U+FFFD in place of a zero byte.
    pub repaired: BTreeMap<String, i64>,
}

impl Summary {
    pub fn n_rows(&self) -> i64 {
        self.rows.values().sum()
    }
}

/// Writes an archive while others go on working: rows are those of one moment. `tell` hears of every table and
/// of its rows so far.
pub async fn backup<W: Write + Send>(
    instance: &Instance,
    to: W,
    mut tell: impl FnMut(&str, i64) + Send,
) -> Result<(Summary, W)> {
    let mut snapshot = instance.store.snapshot().await?;
    let head = Head {
        format: format::FORMAT,
        schema: instance.store.schema_number().await?,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        created_at: instance.store.now().0,
    };
    let mut out = Writer::begin(to, &head).map_err(cannot_write)?;
    let mut summary = Summary::default();
    for (key, bytes) in snapshot.blobs().await? {
        tell("blobs", summary.blobs);
        if copy_blob(instance, &mut out, &key, bytes).await? {
            summary.blobs += 1;
            summary.blob_bytes += bytes;
        } else {
            summary.missing.push(key);
        }
    }
    summary.missing.extend(snapshot.missing_blobs().await?);
    for table in TABLES {
        let columns = instance.store.columns(table.name).await?;
        let n = copy_table(&mut snapshot, &mut out, table, &columns, &mut tell).await?;
        summary.rows.insert(table.name.to_owned(), n);
    }
    let tail = Tail { rows: summary.rows.clone(), blobs: summary.blobs };
    Ok((summary, out.end(tail).map_err(cannot_write)?))
}

/// Writes an archive to a file. The name is taken only when the archive is whole and on disk.
pub async fn backup_file(
    instance: &Instance,
    path: &Path,
    tell: impl FnMut(&str, i64) + Send,
) -> Result<Summary> {
    if path.exists() {
        return Err(Error::conflict(format!("{} is there already: choose another name.", path.display())));
    }
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = Path::new(&part);
    let written = write_whole(instance, part, path, tell).await;
    if written.is_err() {
        // What was begun is of no use; that it can't be removed changes nothing about the error to tell.
        let _ = std::fs::remove_file(part);
    }
    written
}

async fn write_whole(
    instance: &Instance,
    part: &Path,
    path: &Path,
    tell: impl FnMut(&str, i64) + Send,
) -> Result<Summary> {
    let file = store::engine::private::create_file(part).map_err(|e| no_file(part, &e))?;
    let (summary, file) = backup(instance, BufWriter::new(file), tell).await?;
    let file = file.into_inner().map_err(|e| cannot_write(e.into_error()))?;
    file.sync_all().map_err(cannot_write)?;
    std::fs::rename(part, path).map_err(|e| no_file(path, &e))?;
    Ok(summary)
}

async fn copy_blob<W: Write>(
    instance: &Instance,
    out: &mut Writer<W>,
    key: &str,
    bytes: i64,
) -> Result<bool> {
    let mut blob = match instance.store.open_blob(key).await {
        Ok(blob) => blob,
        Err(store::Error::NotFound) => return Ok(false),
        Err(store::Error::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    out.blob(&BlobHead { key: key.to_owned(), bytes }).map_err(cannot_write)?;
    while let Some(piece) = blob.next().await? {
        out.data(&piece).map_err(cannot_write)?;
    }
    Ok(true)
}

async fn copy_table<W: Write + Send>(
    snapshot: &mut Snapshot,
    out: &mut Writer<W>,
    table: &Table,
    columns: &[Column],
    tell: &mut (impl FnMut(&str, i64) + Send),
) -> Result<i64> {
    out.table(&TableHead::of(table.name, columns)).map_err(cannot_write)?;
    let mut n = 0;
    let mut failed = None;
    let rows = snapshot.rows(table, columns, |row| {
        n += 1;
        if n % 1000 == 1 {
            tell(table.name, n);
        }
        out.row(&row).map_err(|error| {
            failed = Some(cannot_write(error));
            store::Error::Closed
        })
    });
    match (rows.await, failed) {
        (_, Some(error)) => Err(error),
        (Err(error), None) => Err(error.into()),
        (Ok(()), None) => {
            out.flush_rows().map_err(cannot_write)?;
            Ok(n)
        }
    }
}

fn cannot_write(error: std::io::Error) -> Error {
    if error.kind() == std::io::ErrorKind::StorageFull {
        return Error::conflict("The disk is full: the backup was not written. Nothing else has changed.");
    }
    Error::conflict(format!("The backup can’t be written: {error}."))
}

fn no_file(path: &Path, error: &std::io::Error) -> Error {
    Error::conflict(format!("{} can’t be written: {error}.", path.display()))
}
