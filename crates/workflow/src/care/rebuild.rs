//! What is derived, brought up to date or made again: the search index from the change feed or from scratch; the
//! counts and the consensus of the database from its rows.

mod index;

#[cfg(test)]
mod tests;

pub(crate) use index::open_search;
pub use index::{catch_up, follow_changes, from_scratch};

use crate::{Error, Instance, Result};
use domain::{ItemId, ProjectId};

/// Items looked at in one go.
const PAGE: i64 = 500;
/// Items resolved again in one transaction.
const PIECE: usize = 50;
/// What nothing refers to may be an upload that is just coming in.
pub(crate) const ORPHAN_SECONDS: i64 = 86_400;

/// What was not as it should be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// Items in the search index.
    pub n_indexed: u64,
    /// Runs whose vectors were computed again.
    pub n_vectors: i64,
    /// Items whose answers said something else.
    pub n_resolved: i64,
    /// Members of queues, and people in them, that were counted wrongly.
    pub n_refilled: u64,
    /// Counts of projects and queues that were wrong.
    pub n_recounted: i64,
    /// Blobs that nothing referred to, and files that killed work had left.
    pub n_removed: i64,
}

/// Makes everything derived again. Loses nothing, may be stopped anywhere, and may be done while people work,
/// but not beside a server on the same data folder: that one keeps the search index. `tell` hears what is being
/// done, and how far it is.
pub async fn rebuild(
    instance: &Instance,
    mut tell: impl FnMut(&str, i64) + Send + Clone + 'static,
) -> Result<Rebuilt> {
    let mut rebuilt = Rebuilt::default();
    let mut told = tell.clone();
    from_scratch(instance, move |done, _| told("search index", done)).await?;
    rebuilt.n_indexed = instance.search().await?.n_items();

    rebuilt.n_vectors = crate::discover::rebuild_vectors(instance, |n| tell("vectors of runs", n)).await?;

    let (mut after, mut done) = (ItemId(0), 0);
    loop {
        let items = instance.store.items_after(after, PAGE).await?;
        let Some(last) = items.last() else { break };
        after = *last;
        done += items.len() as i64;
        tell("consensus", done);
        let wrong = instance.store.resolved_otherwise(&items).await?;
        rebuilt.n_resolved += wrong.len() as i64;
        for piece in wrong.chunks(PIECE) {
            resolve(instance, piece.to_vec()).await?;
        }
    }
    rebuilt.n_refilled = refill(instance, |n| tell("queues", n)).await?;
    rebuilt.n_recounted = recount(instance, |n| tell("counts", n)).await?;
    rebuilt.n_removed = sweep(instance).await?;
    Ok(rebuilt)
}

/// Removes blobs and files that nothing has referred to for a day. Returns how many.
pub async fn sweep(instance: &Instance) -> Result<i64> {
    Ok(instance.store.sweep_blobs(instance.store.now().plus_seconds(-ORPHAN_SECONDS)).await?)
}

/// Makes filled slots and the progress of people in all queues say what the assignments say. Returns how many said
/// something else.
pub(crate) async fn refill(instance: &Instance, mut tell: impl FnMut(i64) + Send) -> Result<u64> {
    let mut n = 0;
    for queue in instance.store.all_queues().await? {
        tell(n as i64);
        n += instance
            .store
            .write_background(move |tx| Box::pin(async move { Ok::<_, Error>(tx.refill(queue).await?) }))
            .await?;
    }
    Ok(n)
}

/// Makes every count say what the rows say. Returns how many said something else.
pub(crate) async fn recount(instance: &Instance, mut tell: impl FnMut(i64) + Send) -> Result<i64> {
    let mut n = 0;
    for tally in instance.store.all_tallies().await? {
        tell(n);
        n += instance
            .store
            .write_background(move |tx| {
                Box::pin(async move { Ok::<_, Error>(i64::from(tx.recount(tally).await?)) })
            })
            .await?;
    }
    Ok(n)
}

async fn resolve(instance: &Instance, items: Vec<(ItemId, ProjectId)>) -> Result<()> {
    instance
        .store
        .write_background(move |tx| {
            Box::pin(async move {
                for (item, project) in items {
                    tx.recompute_consensus(project, item).await?;
                }
                Ok(())
            })
        })
        .await
}
