//! Running an import: one thread reads, checks and hashes; pieces go into the store as they come, several
//! under way at a time. What is in is counted with each piece, so that an import goes on where it was cut off.

use super::mapping::Mapper;
use super::noticed::Noticed;
use super::sample::{read_as, unreadable};
use crate::{Error, Result};
use domain::source::{Format, RowCounts};
use domain::{ProjectId, SourceId};
use futures::StreamExt;
use futures::stream::FuturesOrdered;
use records::{COLUMN_LIMIT, Records};
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::Store;
use store::data::items::{AnsweredBy, Incoming, Piece};
use store::data::sources::Reject;
use tokio::sync::mpsc;

/// Rows of a piece: about 5 ms of SQLite's writer.
const PIECE: usize = 192;
/// With answers to settle, a row takes longer.
const PIECE_WITH_ANSWERS: usize = 64;
/// Bytes of text after which a piece is full, however few its rows.
const PIECE_BYTES: usize = 512 << 10;
/// Pieces on their way into SQLite at once: what waits together is committed together. PostgreSQL takes them one
/// by one, because its transactions would not stay in order.
const UNDER_WAY: usize = 256;
/// And so many bytes of text, where texts are long.
const UNDER_WAY_BYTES: usize = 32 << 20;

/// How far an import has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    pub counts: RowCounts,
    pub bytes: u64,
    /// Of the whole file, where that is known.
    pub total_bytes: Option<u64>,
}

/// One import that is ready to run.
pub struct Load {
    pub project: ProjectId,
    pub source: SourceId,
    pub format: Format,
    pub from: Box<dyn Read + Send>,
    pub total_bytes: Option<u64>,
    /// What earlier runs took in.
    pub before: RowCounts,
    pub mapper: Mapper,
    pub answered_by: Option<AnsweredBy>,
}

/// Rows that were read together.
struct Batch {
    items: Vec<Incoming>,
    rejects: Vec<Reject>,
    /// Of the file, up to its last row.
    bytes: u64,
    /// Of its texts.
    size: usize,
}

/// How it ended.
#[derive(Debug)]
pub enum Ended {
    /// With what was taken in altogether, and what was noticed in all rows.
    Whole(RowCounts, Box<Noticed>),
    Stopped,
}

/// Takes in the rest of a file. `stop` ends it after the pieces under way.
pub async fn load(
    store: &Store,
    load: Load,
    stop: Arc<AtomicBool>,
    mut progress: impl FnMut(Progress),
) -> Result<Ended> {
    let Load { project, source, format, from, total_bytes, before, mapper, answered_by } = load;
    let (send, mut batches) = mpsc::channel(2);
    let rows = if answered_by.is_some() { PIECE_WITH_ANSWERS } else { PIECE };
    let (skip, stop_reading) = (before.read, stop.clone());
    let reading =
        tokio::task::spawn_blocking(move || read_all(from, format, skip, rows, mapper, &stop_reading, &send));
    let at_once = if store.is_postgres() { 1 } else { UNDER_WAY };
    let mut under_way = FuturesOrdered::new();
    let (mut counts, mut read, mut open) = (before, before.read, true);
    let mut size_under_way = 0;
    let mut failed = None;
    while open || !under_way.is_empty() {
        tokio::select! {
            biased;
            Some((taken, bytes, size)) = under_way.next(), if !under_way.is_empty() => {
                size_under_way -= size;
                match taken {
                    Ok(more) => {
                        counts.add(more);
                        progress(Progress { counts, bytes, total_bytes });
                    }
                    // What went out behind a failed piece is refused by its place and can be let go.
                    Err(error) if failed.is_none() => {
                        failed = Some(error);
                        open = false;
                        batches.close();
                    }
                    Err(_) => {}
                }
            }
            batch = batches.recv(), if open && under_way.len() < at_once && size_under_way < UNDER_WAY_BYTES => {
                let Some(batch): Option<Batch> = batch else {
                    open = false;
                    continue;
                };
                let (bytes, size) = (batch.bytes, batch.size);
                size_under_way += size;
                let piece = Piece {
                    project,
                    source,
                    read_before: read,
                    items: batch.items,
                    rejects: batch.rejects,
                    answered_by,
                };
                read += (piece.items.len() + piece.rejects.len()) as i64;
                let mut taking = Box::pin(take(store.clone(), Arc::new(piece)));
                // Polled once, so that pieces stand in the writer's line in the order of the file.
                let first = futures::poll!(&mut taking);
                under_way.push_back(async move {
                    let taken = match first {
                        std::task::Poll::Ready(outcome) => outcome,
                        std::task::Poll::Pending => taking.await,
                    };
                    (taken, bytes, size)
                });
            }
        }
    }
    drop(batches);
    let whole = reading.await.map_err(Error::internal)?;
    if let Some(error) = failed {
        return Err(Error::Store(error));
    }
    Ok(whole?.map_or(Ended::Stopped, |noticed| Ended::Whole(counts, Box::new(noticed))))
}

async fn take(store: Store, piece: Arc<Piece>) -> store::Result<RowCounts> {
    store.write_background(move |tx| Box::pin(async move { tx.import_piece(&piece).await })).await
}

/// Reads to the end, and says what was noticed; nothing, if it was stopped before. What earlier runs took in is looked at
/// once more for that.
fn read_all(
    from: Box<dyn Read + Send>,
    format: Format,
    skip: i64,
    rows: usize,
    mut mapper: Mapper,
    stop: &AtomicBool,
    send: &mpsc::Sender<Batch>,
) -> Result<Option<Noticed>> {
    let mut records = Records::open(from, Some(read_as(format)), COLUMN_LIMIT).map_err(unreadable)?;
    for _ in 0..skip {
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        if let Some(record) = records.next_record().map_err(unreadable)? {
            let _ = mapper.item(record);
        }
    }
    let (mut items, mut rejects, mut size) = (Vec::with_capacity(rows), Vec::new(), 0);
    loop {
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let record = records.next_record().map_err(unreadable)?;
        let is_last = record.is_none();
        if let Some(record) = record {
            size += record.raw.len();
            match mapper.item(record) {
                Ok(item) => {
                    size += item.text.len();
                    items.push(item);
                }
                Err(rejected) => rejects.push(rejected),
            }
        }
        let is_full = items.len() + rejects.len() >= rows || size >= PIECE_BYTES;
        if (is_full || is_last) && !(items.is_empty() && rejects.is_empty()) {
            let batch = Batch {
                items: std::mem::replace(&mut items, Vec::with_capacity(rows)),
                rejects: std::mem::take(&mut rejects),
                bytes: records.bytes(),
                size: std::mem::take(&mut size),
            };
            if send.blocking_send(batch).is_err() {
                return Ok(None);
            }
        }
        if is_last {
            mapper.noticed.of_file(records.notices());
            return Ok(Some(mapper.noticed));
        }
    }
}
