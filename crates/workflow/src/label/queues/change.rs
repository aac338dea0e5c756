//! Changing a queue. The overlap, the order and the filter can't be changed: they were fixed with the members.

use super::row;
use crate::{Error, Instance, Result, Thing, allow};
use domain::item::hash53;
use domain::permission::{Act, Actor};
use domain::queue::{BadPlan, CheckedPlan, Plan};
use domain::{ProjectId, QueueId};

/// What can be changed. The overlap, the order and the filter were fixed with the members.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub name: String,
    pub note: String,
    pub control_share: f64,
    pub lease_seconds: i64,
    /// What the queue was when the form was made, see [`QueueView::stamp`].
    pub seen: i64,
}

/// Changes a queue. A new lease time holds for items that are served from now on.
pub async fn change(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    queue: QueueId,
    change: Change,
) -> Result<()> {
    allow(actor, Act::RunQueues)?;
    let plan = row(&instance.store, project, queue).await?.plan()?;
    let (control_share, lease_seconds) = (change.control_share, change.lease_seconds);
    let plan = checked_plan(Plan { control_share, lease_seconds, ..plan })?;
    let (name, note, actor) = (checked_name(&change.name)?, change.note.trim().to_owned(), *actor);
    let seen = change.seen;
    instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                let before = tx.queue(queue).await?.ok_or(Error::NotFound(Thing::Queue))?;
                if seen != stamp(&before.name, &before.note, before.control_share, before.lease_seconds) {
                    return Err(Error::conflict(
                        "The queue was changed while you were looking at it. What you typed stands here, nothing of it is \
                         saved: look at it once more, then save it.",
                    ));
                }
                if tx.queue_named(project, &name).await?.is_some_and(|other| other != queue) {
                    return Err(name_taken(store::Error::Unique(store::Constraint::QueueName)));
                }
                tx.change_queue(queue, &name, &note, &plan).await?;
                tx.audit(&actor, Some(project), "changed a queue", &name, "").await?;
                Ok(())
            })
        })
        .await
}

pub(super) fn stamp(name: &str, note: &str, control_share: f64, lease_seconds: i64) -> i64 {
    hash53(&[name.as_bytes(), note.as_bytes(), &control_share.to_le_bytes(), &lease_seconds.to_le_bytes()])
}

pub(super) fn checked_name(name: &str) -> Result<String> {
    let name = name.trim();
    match name.chars().count() {
        0 => Err(Error::invalid("name", "Give the queue a name.")),
        1..=80 => Ok(name.to_owned()),
        n => Err(Error::invalid("name", format!("The name has {n} characters; up to 80 fit."))),
    }
}

pub(super) fn checked_plan(plan: Plan) -> Result<CheckedPlan> {
    plan.check().map_err(|bad| {
        let field = match bad {
            BadPlan::Overlap => "overlap",
            BadPlan::ControlShare => "control_share",
            BadPlan::Lease => "lease",
        };
        Error::invalid(field, bad.to_string())
    })
}

pub(super) fn name_taken(error: store::Error) -> Error {
    if error.is_unique(store::Constraint::QueueName) {
        Error::invalid("name", "There is a queue with this name in the project. Choose another.")
    } else {
        Error::Store(error)
    }
}
