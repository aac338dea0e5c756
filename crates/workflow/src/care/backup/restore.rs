//! An archive becomes an installation. All rows are one transaction: an archive that turns out to be cut off or
//! damaged, or a crash, leaves the installation as empty as it was.

use super::Summary;
use super::format::{Bad, BlobHead, Reader, Record, TableHead, Tail};
use crate::care::rebuild;
use crate::{Error, Instance, Result};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use store::check::archive::{Column, TABLES, Table, Upgrade, Value};
use store::data::blobs::{BlobWriter, Written};
use store::{Store, Tx};
use tokio::sync::mpsc;

impl From<Bad> for Error {
    fn from(bad: Bad) -> Error {
        let cure = match bad {
            Bad::NoArchive => "Name a file that `assay backup` has written.",
            Bad::Newer(_) => "Restore it with that version.",
            _ => "Nothing was restored. Take another copy of the file.",
        };
        Error::conflict(format!("The archive can’t be restored: {bad}. {cure}"))
    }
}

/// Reads an archive into an installation in which nothing has been done yet.
pub async fn restore_file(
    instance: &Instance,
    path: &Path,
    tell: impl FnMut(&str, i64) + Send,
) -> Result<Summary> {
    let file =
        File::open(path).map_err(|e| Error::conflict(format!("{} can’t be read: {e}.", path.display())))?;
    restore(instance, BufReader::new(file), tell).await
}

/// The same from anything that can be read.
pub async fn restore<R: Read + Send>(
    instance: &Instance,
    from: R,
    mut tell: impl FnMut(&str, i64) + Send,
) -> Result<Summary> {
    let (mut reader, head) = Reader::begin(from)?;
    let schema = instance.store.schema_number().await?;
    if head.schema > schema {
        return Err(Bad::Newer(head.program).into());
    }
    let used = instance.store.write(|tx| Box::pin(async move { tx.first_used_table().await })).await?;
    if let Some(table) = used {
        return Err(Error::conflict(format!(
            "This installation is in use (there are rows in “{table}”), and a restore would mix two. Restore \
             into an empty data folder or an empty database."
        )));
    }
    let mut blobs = Blobs { store: &instance.store, open: None, made: Vec::new(), bytes: 0 };
    let restored = read(instance, &mut reader, &mut blobs, &mut tell).await;
    let restored = match restored {
        Ok(Texts { rows, repaired }) => {
            let (n, blob_bytes) = (blobs.made.len() as i64, blobs.bytes);
            blobs.keep().await?;
            Summary { rows, blobs: n, blob_bytes, missing: Vec::new(), repaired }
        }
        Err(error) => {
            blobs.remove().await;
            return Err(error);
        }
    };
    if head.schema < schema {
        // What is counted by now was not all counted then.
        rebuild::refill(instance, |_| {}).await?;
        rebuild::recount(instance, |_| {}).await?;
    }
    rebuild::from_scratch(instance, |_, _| {}).await?;
    Ok(restored)
}

async fn read<R: Read + Send>(
    instance: &Instance,
    reader: &mut Reader<R>,
    blobs: &mut Blobs<'_>,
    tell: &mut (impl FnMut(&str, i64) + Send),
) -> Result<Texts> {
    let first = loop {
        match reader.next()? {
            Record::Blob(head) => {
                tell("blobs", blobs.made.len() as i64);
                blobs.begin(head).await?;
            }
            Record::Data(piece) => blobs.data(&piece).await?,
            Record::Table(head) => break head,
            _ => return Err(Bad::Damaged("records in a wrong order").into()),
        }
    };
    blobs.end().await?;
    let (feed, fed) = mpsc::channel(4);
    let (read, written) = tokio::join!(
        read_tables(instance, reader, first, feed, blobs.made.len() as i64, tell),
        write_tables(&instance.store, fed)
    );
    // Where both failed, the reader failed because the writer did, unless it found the archive bad.
    match (read, written) {
        (Ok(texts), Ok(())) => Ok(texts),
        (Err(Stopped::Bad(bad)), _) => Err(bad.into()),
        (Err(Stopped::Columns(error)), _) => Err(error),
        (_, Err(error)) => Err(explain(error)),
        (Err(Stopped::WriterGone), Ok(())) => Err(Error::internal("the restore ended too early")),
    }
}

/// What was read, by table.
#[derive(Default)]
struct Texts {
    rows: BTreeMap<String, i64>,
    /// Texts in which a zero byte became U+FFFD.
    repaired: BTreeMap<String, i64>,
}

/// PostgreSQL keeps no U+0000 in a text, and SQLite shows only what stands before it. Earlier versions let it in. The
/// character that stands for what can't be shown takes its place, on both engines, so that an archive says the same on
/// both.
fn without_zero_bytes(rows: &mut [Vec<Value>]) -> i64 {
    let mut n = 0;
    for value in rows.iter_mut().flatten() {
        if let Value::Text(text) = value
            && text.contains('\0')
        {
            *text = text.replace('\0', "\u{fffd}");
            n += 1;
        }
    }
    n
}

/// What the reader hands to the transaction.
enum Feed {
    Table(&'static Table, Vec<Column>),
    Rows(Vec<Vec<Value>>),
    /// Everything was read and is whole: keep it.
    End,
}

enum Stopped {
    Bad(Bad),
    Columns(Error),
    WriterGone,
}

impl From<Bad> for Stopped {
    fn from(bad: Bad) -> Stopped {
        Stopped::Bad(bad)
    }
}

async fn read_tables<R: Read + Send>(
    instance: &Instance,
    reader: &mut Reader<R>,
    first: TableHead,
    feed: mpsc::Sender<Feed>,
    n_blobs: i64,
    tell: &mut (impl FnMut(&str, i64) + Send),
) -> std::result::Result<Texts, Stopped> {
    let Texts { rows: mut counts, mut repaired } = Texts::default();
    let mut at = first.name.clone();
    let mut upgrade = None;
    let mut record = Record::Table(first);
    loop {
        let next = match record {
            Record::Table(head) => {
                let (table, known) = known(&instance.store, &head).await.map_err(Stopped::Columns)?;
                at = head.name;
                counts.insert(at.clone(), 0);
                let columns = known.columns.clone();
                upgrade = Some(known);
                Feed::Table(table, columns)
            }
            Record::Rows(mut rows) => {
                let n_repaired = without_zero_bytes(&mut rows);
                if n_repaired > 0 {
                    *repaired.entry(at.clone()).or_default() += n_repaired;
                }
                let n = counts.entry(at.clone()).or_default();
                *n += rows.len() as i64;
                tell(&at, *n);
                Feed::Rows(upgrade.as_ref().map_or_else(Vec::new, |upgrade| upgrade.rows(rows)))
            }
            Record::End(tail) => {
                if tail != (Tail { rows: counts.clone(), blobs: n_blobs }) {
                    return Err(Bad::Damaged("it holds another number of rows than it says").into());
                }
                feed.send(Feed::End).await.map_err(|_| Stopped::WriterGone)?;
                return Ok(Texts { rows: counts, repaired });
            }
            Record::Blob(_) | Record::Data(_) => {
                return Err(Bad::Damaged("records in a wrong order").into());
            }
        };
        feed.send(next).await.map_err(|_| Stopped::WriterGone)?;
        record = reader.next()?;
    }
}

/// The table here that an archived one is read into, and how. Columns that came later are left to their defaults.
async fn known(store: &Store, head: &TableHead) -> Result<(&'static Table, Upgrade)> {
    let unknown = || {
        Error::conflict(format!(
            "The archive can’t be restored: its table “{}” is not known to this version of the program. \
             Restore it with the version that wrote it.",
            head.name
        ))
    };
    let upgrade = Upgrade::of(&head.name, head.columns().ok_or_else(unknown)?);
    let table = TABLES.iter().find(|t| t.name == upgrade.table).ok_or_else(unknown)?;
    let here = store.columns(table.name).await?;
    if upgrade.columns.iter().all(|c| here.contains(c)) { Ok((table, upgrade)) } else { Err(unknown()) }
}

async fn write_tables(store: &Store, fed: mpsc::Receiver<Feed>) -> Result<()> {
    let fed = Arc::new(Mutex::new(Some(fed)));
    store
        .write(move |tx| {
            Box::pin(async move {
                let fed = fed.lock().unwrap_or_else(PoisonError::into_inner).take();
                // What was fed before can't be fed again.
                let busy =
                    || Error::conflict("Someone else uses the database. Nothing was restored; try again.");
                write_rows(tx, fed.ok_or_else(busy)?).await
            })
        })
        .await
}

async fn write_rows(tx: &mut Tx, mut fed: mpsc::Receiver<Feed>) -> Result<()> {
    let mut at: Option<(&Table, Vec<Column>)> = None;
    while let Some(next) = fed.recv().await {
        match (next, &at) {
            (Feed::Table(table, columns), _) => at = Some((table, columns)),
            (Feed::Rows(rows), Some((table, columns))) if table.name == "meta" => {
                raise_counters(tx, columns, &rows).await?;
            }
            (Feed::Rows(rows), Some((table, columns))) => tx.insert_rows(table, columns, &rows).await?,
            (Feed::Rows(_), None) => return Err(Error::internal("rows without a table")),
            (Feed::End, _) => return Ok(()),
        }
    }
    // The reader went away without saying that all is well.
    Err(Error::internal("the restore ended too early"))
}

/// The counters of both stay true: no id is made twice, no entry of the change feed numbered twice.
async fn raise_counters(tx: &mut Tx, columns: &[Column], rows: &[Vec<Value>]) -> Result<()> {
    let place = |name: &str| columns.iter().position(|c| c.name == name);
    let (Some(key), Some(value)) = (place("key"), place("value")) else { return Ok(()) };
    for row in rows {
        if let (Some(Value::Text(key)), Some(Value::Int(value))) = (row.get(key), row.get(value)) {
            tx.raise_counter(key, *value).await?;
        }
    }
    Ok(())
}

fn explain(error: Error) -> Error {
    match error {
        Error::Store(store::Error::ForeignKey | store::Error::Unique(_) | store::Error::Check(_)) => {
            Error::conflict(format!(
                "The archive can’t be restored: its rows contradict each other ({error}). Nothing was restored. \
                 Was `assay doctor` content with the installation that it was made from?"
            ))
        }
        Error::Store(store::Error::DiskFull) => {
            Error::conflict("The disk is full. Nothing was restored: free some space and try again.")
        }
        other => other,
    }
}

/// Blobs are written before the rows that speak of them, outside of their transaction.
struct Blobs<'s> {
    store: &'s Store,
    open: Option<(BlobHead, BlobWriter)>,
    made: Vec<Written>,
    bytes: i64,
}

impl Blobs<'_> {
    async fn begin(&mut self, head: BlobHead) -> Result<()> {
        self.end().await?;
        self.open = Some((head, self.store.create_blob().await?));
        Ok(())
    }

    async fn data(&mut self, piece: &[u8]) -> Result<()> {
        match &mut self.open {
            Some((_, writer)) => Ok(writer.write(piece).await?),
            None => Err(Bad::Damaged("records in a wrong order").into()),
        }
    }

    async fn end(&mut self) -> Result<()> {
        let Some((head, writer)) = self.open.take() else { return Ok(()) };
        let written = writer.finish().await?;
        self.bytes += written.bytes;
        let as_written = written.key == head.key && written.bytes == head.bytes;
        self.made.push(written);
        if as_written { Ok(()) } else { Err(Bad::Damaged("a file in it is not what was written").into()) }
    }

    /// The rows that refer to them are in.
    async fn keep(self) -> Result<()> {
        let pins: Vec<_> = self.made.iter().map(|written| written.pin).collect();
        Ok(self.store.write(move |tx| Box::pin(async move { tx.unpin_blobs(&pins).await })).await?)
    }

    /// Leaves nothing of a restore that failed. What can't be removed is found by `assay doctor`.
    async fn remove(self) {
        if let Some((_, writer)) = self.open {
            let _ = writer.discard().await;
        }
        for written in &self.made {
            let _ = self.store.abandon_blob(written).await;
        }
    }
}
