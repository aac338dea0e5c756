//! Making a queue.

use super::change::{checked_name, checked_plan, name_taken};
use super::fill::{self, FillQueue, fill};
use super::n_items;
use crate::jobs::{self, Halt};
use crate::{Error, Instance, Result, Thing, allow};
use domain::permission::{Act, Actor};
use domain::queue::Plan;
use domain::slice::Slice;
use domain::{JobId, ProjectId, QueueId};
use store::label::queues::NewQueue;

/// What an owner sets for a new queue.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Setup {
    pub name: String,
    pub plan: Plan,
    pub slice: Slice,
    pub note: String,
}

/// Makes a queue and begins to fill it. A small project's queue is full on return; a job fills that of a large one.
pub async fn create(instance: &Instance, actor: &Actor, project: ProjectId, setup: Setup) -> Result<QueueId> {
    allow(actor, Act::RunQueues)?;
    let (new, actor) = (checked(instance, actor, project, setup).await?, *actor);
    let (queue, _) = instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                let queue = tx.create_queue(&new).await.map_err(name_taken)?;
                let job = jobs::new(new.by, Some(project), &FillQueue { queue })?;
                let job: JobId = tx.enqueue_job(&job).await?;
                tx.audit(&actor, Some(project), "made a queue", &new.name, "").await?;
                Ok::<_, Error>((queue, job))
            })
        })
        .await?;
    if n_items(&instance.store, project).await? <= fill::SMALL {
        // The job will find the queue open, and has nothing to do.
        fill(instance, queue, None).await.map_err(|halt| match halt {
            Halt::Failed(error) => error,
            Halt::Stop(_) => Error::conflict("The queue was closed while it was being filled."),
        })?;
    }
    jobs::wake(instance);
    Ok(queue)
}

/// Makes a queue and fills it at once, without a job: for an instance with its own clock.
pub(crate) async fn create_now(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    setup: Setup,
) -> std::result::Result<QueueId, Halt> {
    allow(actor, Act::RunQueues)?;
    let (new, actor) = (checked(instance, actor, project, setup).await?, *actor);
    let queue = instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                let queue = tx.create_queue(&new).await.map_err(name_taken)?;
                tx.audit(&actor, Some(project), "made a queue", &new.name, "").await?;
                Ok::<_, Error>(queue)
            })
        })
        .await?;
    fill(instance, queue, None).await?;
    Ok(queue)
}

async fn checked(instance: &Instance, actor: &Actor, project: ProjectId, setup: Setup) -> Result<NewQueue> {
    let settings = instance.store.project(project).await?.ok_or(Error::NotFound(Thing::Project))?.settings.0;
    Ok(NewQueue {
        project,
        name: checked_name(&setup.name)?,
        plan: checked_plan(setup.plan)?,
        seed: settings.seed as i64,
        slice: setup.slice,
        note: setup.note.trim().to_owned(),
        by: actor.person_id(),
    })
}
