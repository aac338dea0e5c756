//! Queues as pages show them: what they are, and how far they have come.

use super::change::stamp;
use super::row;
use crate::{Instance, Result, allow};
use domain::permission::{Act, Actor, may};
use domain::queue::{Plan, QueueState};
use domain::slice::Slice;
use domain::{ProjectId, QueueId, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::label::queues::{QueuePerson, QueueRow};
use store::label::tally::Tally;

/// A queue as pages show it.
#[derive(Debug, Clone, PartialEq)]
pub struct QueueView {
    pub id: QueueId,
    pub name: String,
    pub state: QueueState,
    pub plan: Plan,
    pub slice: Slice,
    pub note: String,
    pub created_at: Time,
    pub closed_at: Option<Time>,
    pub progress: Progress,
    /// How many items this person has answered here.
    pub mine: i64,
}

impl QueueView {
    /// A hash of what can be changed. A form sends it back, so that a change by another person is noticed.
    pub fn stamp(&self) -> i64 {
        stamp(&self.name, &self.note, self.plan.control_share, self.plan.lease_seconds)
    }
}

/// How far a queue has come. The numbers come from the counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Progress {
    pub members: i64,
    /// How many answers are asked for: members times the overlap.
    pub slots: i64,
    /// Slots that are answered.
    pub answers: i64,
    /// Members with no free slot.
    pub full: i64,
    /// Answers that take no slot: by machines, and by people who see more than an annotator.
    pub beside: i64,
}

impl Progress {
    fn of(counts: &BTreeMap<String, i64>) -> Progress {
        let n = |key: &str| counts.get(key).copied().unwrap_or(0);
        Progress {
            members: n("members"),
            slots: n("slots"),
            answers: n("answers"),
            full: n("full"),
            beside: n("beside"),
        }
    }
}

/// The queues of a project, the newest first. People who can't see the work of others get only those that are open.
pub async fn list(instance: &Instance, actor: &Actor, project: ProjectId) -> Result<Vec<QueueView>> {
    allow(actor, Act::SeeProject)?;
    let all = may(actor, Act::SeeOthers);
    let mut views = Vec::new();
    for row in instance.store.queues(project).await? {
        if all || row.state == QueueState::Open {
            views.push(view_of(instance, actor, row).await?);
        }
    }
    Ok(views)
}

/// One queue.
pub async fn view(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    queue: QueueId,
) -> Result<QueueView> {
    allow(actor, Act::SeeProject)?;
    let row = row(&instance.store, project, queue).await?;
    view_of(instance, actor, row).await
}

async fn view_of(instance: &Instance, actor: &Actor, row: QueueRow) -> Result<QueueView> {
    let counts = instance.store.tally(Tally::Queue(row.id)).await?;
    let mine = match actor.person_id() {
        Some(person) => instance.store.answered_in(row.id, person).await?,
        None => 0,
    };
    Ok(QueueView {
        id: row.id,
        plan: row.plan()?,
        progress: Progress::of(&counts),
        mine,
        name: row.name,
        state: row.state,
        slice: row.slice.0,
        note: row.note,
        created_at: Time(row.created_at),
        closed_at: row.closed_at.map(Time),
    })
}

/// How many items each person has answered in a queue, and how many they hold.
pub async fn people(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    queue: QueueId,
) -> Result<Vec<QueuePerson>> {
    allow(actor, Act::SeeOthers)?;
    row(&instance.store, project, queue).await?;
    Ok(instance.store.queue_people(queue).await?)
}
