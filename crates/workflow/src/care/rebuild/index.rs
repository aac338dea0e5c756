//! The search index of this data directory.

use crate::{Error, Instance, Result};
use derived::search::{Search, Writer};
use domain::{ItemId, ProjectId};
use std::path::Path;
use std::time::Duration;
use store::Store;
use tokio_util::sync::CancellationToken;

/// Items read at once.
const PIECE: i64 = 500;
/// Entries of the feed between two commits of the index.
const CHANGES: i64 = 200;

impl From<derived::search::Error> for Error {
    fn from(error: derived::search::Error) -> Error {
        match error {
            derived::search::Error::InUse => Error::conflict(
                "A server works on this data folder and keeps its search index up to date. Stop it first.",
            ),
            other => Error::internal(other),
        }
    }
}

pub(crate) async fn open_search(data: &Path) -> Result<Search> {
    let folder = data.join("derived").join("search");
    store::engine::private::create_folder(&folder).map_err(store::Error::from)?;
    let opened = tokio::task::spawn_blocking(move || Search::open(&folder)).await;
    Ok(opened.map_err(Error::internal)??)
}

/// Keeps the search index a second behind the items, until `shutdown`. For the process that serves.
pub async fn follow_changes(instance: Instance, shutdown: CancellationToken) {
    let mut writer = None;
    while !shutdown.is_cancelled() {
        let mut wait = Duration::from_secs(1);
        match follow(&instance, writer.take()).await {
            Ok(kept) => writer = Some(kept),
            // A folder that can't be written now may be written later; nothing but search stands still.
            Err(error) => {
                tracing::error!(%error, "the search index can't be brought up to date");
                wait = Duration::from_secs(30);
            }
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = shutdown.cancelled() => {}
        }
    }
}

async fn follow(instance: &Instance, writer: Option<Writer>) -> Result<Writer> {
    let search = instance.search().await?.clone();
    let writer = match writer {
        Some(writer) => writer,
        None => blocking(move || Ok(search.writer()?)).await?,
    };
    let (instance, search) = (instance.clone(), instance.search().await?.clone());
    bring_up_to_date(instance, search, writer).await
}

/// Brings the search index up to date once: for the command line, the demo and tests.
pub async fn catch_up(instance: &Instance) -> Result<()> {
    follow(instance, None).await.map(|_| ())
}

/// Throws the search index's content away and makes it again. Tells how many items are in, of how many.
pub async fn from_scratch(instance: &Instance, tell: impl FnMut(i64, i64) + Send + 'static) -> Result<()> {
    let search = instance.search().await?.clone();
    let store = instance.store.clone();
    let total = store.n_items().await?;
    blocking(move || {
        let writer = search.writer()?;
        fill(&store, writer, total, tell).map(|_| ())
    })
    .await
}

async fn bring_up_to_date(instance: Instance, search: Search, writer: Writer) -> Result<Writer> {
    let store = instance.store.clone();
    blocking(move || {
        let Some(mut cursor) = search.cursor()? else {
            return fill(&store, writer, 0, |_, _| {});
        };
        let runtime = tokio::runtime::Handle::current();
        let mut writer = writer;
        // A feed that ends before the cursor is another installation's, or one that was restored.
        if runtime.block_on(store.last_change())? < cursor {
            return fill(&store, writer, 0, |_, _| {});
        }
        loop {
            let changes = runtime.block_on(store.changes_after(cursor, CHANGES))?;
            let Some(last) = changes.last() else { return Ok(writer) };
            cursor = last.id;
            for change in &changes {
                writer.forget(change.project, change.first, change.last)?;
            }
            // A range may come several times; what is there now is added once, after all of it was forgotten.
            for (project, first, last) in merged(changes.iter().map(|c| (c.project, c.first, c.last))) {
                add(&store, &mut writer, Some(project), first, last, |_| {})?;
            }
            writer.commit(cursor)?;
        }
    })
    .await
}

/// Ranges without overlap, of each project.
fn merged(ranges: impl Iterator<Item = (ProjectId, ItemId, ItemId)>) -> Vec<(ProjectId, ItemId, ItemId)> {
    let mut sorted: Vec<_> = ranges.collect();
    sorted.sort();
    let mut merged: Vec<(ProjectId, ItemId, ItemId)> = Vec::new();
    for (project, first, last) in sorted {
        match merged.last_mut() {
            Some(before) if before.0 == project && first <= before.2 => before.2 = before.2.max(last),
            _ => merged.push((project, first, last)),
        }
    }
    merged
}

fn fill(store: &Store, mut writer: Writer, total: i64, mut tell: impl FnMut(i64, i64)) -> Result<Writer> {
    let runtime = tokio::runtime::Handle::current();
    // What changes while this reads is read again from here.
    let cursor = runtime.block_on(store.last_change())?;
    writer.clear()?;
    let mut done = 0;
    add(store, &mut writer, None, ItemId(0), ItemId(i64::MAX), |n| {
        done += n;
        tell(done, total.max(done));
    })?;
    writer.commit(cursor)?;
    Ok(writer)
}

fn add(
    store: &Store,
    writer: &mut Writer,
    project: Option<ProjectId>,
    first: ItemId,
    last: ItemId,
    mut tell: impl FnMut(i64),
) -> Result<()> {
    let runtime = tokio::runtime::Handle::current();
    let mut after = ItemId(first.0.saturating_sub(1));
    loop {
        let items = runtime.block_on(store.texts_between(after, last, PIECE))?;
        let Some(newest) = items.last() else { return Ok(()) };
        after = newest.id;
        for item in items.iter().filter(|i| project.is_none_or(|p| p == i.project_id)) {
            writer.add(item.project_id, item.id, &item.text)?;
        }
        tell(items.len() as i64);
    }
}

/// Tantivy and its files are synchronous: away from the threads that answer people.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}
