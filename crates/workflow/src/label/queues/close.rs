//! Closing a queue, opening it again, and taking back what people hold in it.

use super::fill::FillQueue;
use super::row;
use crate::{Error, Instance, Result, allow, jobs};
use domain::permission::{Act, Actor};
use domain::queue::QueueState;
use domain::{PersonId, ProjectId, QueueId};
use store::label::leases::RELEASED_AT_ONCE;
use store::label::tally::TallyChanges;

/// Closes a queue. No items are served from it any more, and leases are taken back. Answers that are still on their
/// way are kept as extra.
pub async fn close(instance: &Instance, actor: &Actor, project: ProjectId, queue: QueueId) -> Result<()> {
    turn(instance, actor, project, queue, &[QueueState::Open, QueueState::Filling], QueueState::Closed).await
}

/// Opens a closed queue again. If not all items were in when it was closed, a job takes in the rest first. Returns
/// whether the queue is open now.
pub async fn reopen(instance: &Instance, actor: &Actor, project: ProjectId, queue: QueueId) -> Result<bool> {
    allow(actor, Act::RunQueues)?;
    if row(&instance.store, project, queue).await?.whole {
        turn(instance, actor, project, queue, &[QueueState::Closed], QueueState::Open).await?;
        return Ok(true);
    }
    turn(instance, actor, project, queue, &[QueueState::Closed], QueueState::Filling).await?;
    jobs::enqueue(instance, actor.person_id(), Some(project), &FillQueue { queue }).await?;
    Ok(false)
}

async fn turn(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    queue: QueueId,
    from: &'static [QueueState],
    to: QueueState,
) -> Result<()> {
    allow(actor, Act::RunQueues)?;
    let name = row(&instance.store, project, queue).await?.name;
    let actor = *actor;
    instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                if !tx.turn_queue(queue, from, to).await? {
                    return Ok(());
                }
                let act = if to == QueueState::Closed { "closed a queue" } else { "opened a queue again" };
                tx.audit(&actor, Some(project), act, &name, "").await?;
                Ok::<_, Error>(())
            })
        })
        .await?;
    if to == QueueState::Closed {
        // The queue is closed, so no new leases begin. If this is interrupted, the remaining leases run out by
        // themselves.
        take_back(instance, queue, None).await?;
    }
    Ok(())
}

/// Takes back the leases in a queue, of all people or of one, so that other people get the items. Returns how many
/// items that were.
pub async fn release_leases(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    queue: QueueId,
    person: Option<PersonId>,
) -> Result<usize> {
    allow(actor, Act::RunQueues)?;
    let name = row(&instance.store, project, queue).await?.name;
    let n = take_back(instance, queue, person).await?;
    let actor = *actor;
    instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                tx.audit(&actor, Some(project), "released leases", &name, &n.to_string()).await?;
                Ok(n)
            })
        })
        .await
}

/// Takes leases back in small transactions, so that people who answer at the same time do not wait for all of them.
async fn take_back(instance: &Instance, queue: QueueId, person: Option<PersonId>) -> Result<usize> {
    let mut n = 0;
    loop {
        let some = instance.store.write(move |tx| {
            Box::pin(async move {
                let mut counts = TallyChanges::default();
                let n = tx.release_leases(queue, person, &mut counts).await?;
                tx.count_all(counts, queue.0).await?;
                Ok::<_, Error>(n)
            })
        });
        let some = some.await?;
        n += some;
        if some < RELEASED_AT_ONCE {
            return Ok(n);
        }
    }
}
