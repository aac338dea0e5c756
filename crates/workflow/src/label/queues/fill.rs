//! Filling a queue: every item that the filter lets in becomes a member, then the queue opens.

use super::{n_items, row};
use crate::jobs::{self, Halt, Job, JobOutcome, JobView, Running};
use crate::{Instance, Result, allow};
use domain::permission::{Act, Actor};
use domain::queue::{Pool, QueueState};
use domain::{ItemId, ProjectId, QueueId};
use serde::{Deserialize, Serialize};
use store::label::queues::{Entry, QueueRow};

/// In projects with up to so many items, a queue is filled while the person waits.
pub(super) const SMALL: i64 = 5_000;
/// How many items are read at once.
const PAGE: i64 = 2_000;
/// How many members enter in one transaction.
const PIECE: usize = 400;
/// The same for items that have answers: they are settled again, which takes longer.
const PIECE_ANSWERED: usize = 20;

/// The job that fills a queue.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct FillQueue {
    pub queue: QueueId,
}

impl Job for FillQueue {
    const NAME: &'static str = "fill_queue";
    const TITLE: &'static str = "Filling a queue";

    fn dedupe(&self) -> Option<String> {
        Some(format!("fill_queue:{}", self.queue))
    }

    async fn run(self, instance: &Instance, running: &Running) -> JobOutcome {
        running.progress(0, None, "").await?;
        let n = fill(instance, self.queue, Some(running)).await?;
        Ok(serde_json::json!({ "queue": self.queue, "members": n }))
    }
}

/// Takes in every item that fits, then opens the queue. It is idempotent: members stay members, and a queue that is
/// not being filled is left alone. Returns how many items entered.
pub async fn fill(
    instance: &Instance,
    queue: QueueId,
    run: Option<&Running>,
) -> std::result::Result<u64, Halt> {
    let Some(row) = instance.store.queue(queue).await?.filter(|row| row.state == QueueState::Filling) else {
        return Ok(0);
    };
    let strategy = row.strategy()?;
    let seed = row.seed as u64;
    let total = n_items(&instance.store, row.project_id).await?;
    let selected = crate::discover::of_slice(instance, row.project_id, &row.slice.0).await?;
    let sources = match row.slice.0.source {
        Some(source) => vec![source],
        None => instance.store.source_ids(row.project_id).await?,
    };
    let (mut n_looked, mut n_entered) = (0, 0);
    for source in sources {
        let mut after = ItemId(0);
        loop {
            if let Some(run) = run {
                run.progress(n_looked, Some(total.max(n_looked)), "Taking items in").await?;
            }
            let page =
                instance.store.look_for_queue(row.project_id, source, after, &row.slice.0, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            n_looked += page.len() as i64;
            let entries: Vec<Entry> = page
                .iter()
                .filter(|looked| looked.fits)
                .filter(|looked| selected.as_ref().is_none_or(|selected| selected.contains(&looked.id)))
                .map(|looked| Entry {
                    item: looked.id,
                    rank: strategy.rank(queue, seed, looked.id, looked.control),
                    pool: Pool::of(looked.control),
                    answered: looked.answered,
                })
                .collect();
            // Items with answers are settled again, so their pieces are smaller.
            let (answered, plain): (Vec<_>, Vec<_>) =
                entries.into_iter().partition(|entry| entry.answered && row.overlap > 1);
            for piece in plain.chunks(PIECE).chain(answered.chunks(PIECE_ANSWERED)) {
                n_entered += admit(instance, &row, piece.to_vec()).await?;
            }
        }
    }
    instance.store.write(move |tx| Box::pin(async move { tx.open_whole_queue(queue).await })).await?;
    Ok(n_entered)
}

async fn admit(instance: &Instance, row: &QueueRow, piece: Vec<Entry>) -> std::result::Result<u64, Halt> {
    let (project, queue, target) = (row.project_id, row.id, row.overlap);
    instance
        .store
        .write_background(move |tx| {
            Box::pin(async move {
                match tx.queue(queue).await?.map(|row| row.state) {
                    Some(QueueState::Filling) => Ok(tx.admit(project, queue, target, &piece).await?),
                    // Another run filled the queue in the meantime.
                    Some(QueueState::Open) => Ok(0),
                    _ => Err(Halt::Stop(jobs::Stop::Cancelled)),
                }
            })
        })
        .await
}

/// How the items get into a queue that is not open yet.
#[derive(Debug, Clone, PartialEq)]
pub enum Filling {
    UnderWay(Box<JobView>),
    /// The job is over, and the queue is not open. Why, as a sentence; empty if it is not known.
    Stopped(String),
}

/// How far the filling of a queue has come. None if it is not being filled.
pub async fn filling(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    queue: QueueId,
) -> Result<Option<Filling>> {
    allow(actor, Act::SeeOthers)?;
    if row(&instance.store, project, queue).await?.state != QueueState::Filling {
        return Ok(None);
    }
    let why = match jobs::newest(instance, project, &FillQueue { queue }).await? {
        Some(job) if !job.is_over() => return Ok(Some(Filling::UnderWay(Box::new(job)))),
        job => job.map_or_else(String::new, |job| job.why_stopped().to_owned()),
    };
    // The job may have opened the queue between the two reads.
    let is_filling = row(&instance.store, project, queue).await?.state == QueueState::Filling;
    Ok(is_filling.then_some(Filling::Stopped(why)))
}
