//! Queues. A queue is made and filled with members, then it opens. It can be closed and opened again.

mod change;
mod close;
mod create;
mod fill;
mod preview;
mod view;

pub use change::{Change, change};
pub use close::{close, release_leases, reopen};
pub(crate) use create::create_now;
pub use create::{Setup, create};
pub use fill::{FillQueue, Filling, fill, filling};
pub use preview::preview;
pub use view::{Progress, QueueView, list, people, view};

use crate::{Error, Result, Thing};
use domain::{ProjectId, QueueId};
use store::Store;
use store::label::queues::QueueRow;
use store::label::tally::Tally;

async fn row(store: &Store, project: ProjectId, queue: QueueId) -> Result<QueueRow> {
    let row = store.queue(queue).await?;
    row.filter(|row| row.project_id == project).ok_or(Error::NotFound(Thing::Queue))
}

/// How many items a project has, from the counts.
async fn n_items(store: &Store, project: ProjectId) -> Result<i64> {
    let counts = store.tally(Tally::Project(project)).await?;
    Ok(counts.iter().filter(|(key, _)| *key != "control").map(|(_, n)| n).sum())
}
