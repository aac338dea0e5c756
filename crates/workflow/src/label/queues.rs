//! Queues: made with members that are fixed as they enter, opened when all are in, closed, opened again; who
//! is on them and how far they have come.

mod fill;

pub use fill::{FillQueue, Filling, fill, filling};

use crate::jobs::{self, Halt};
use crate::{Error, Instance, Result, Thing, allow};
use domain::item::hash53;
use domain::permission::{Act, Actor, may};
use domain::queue::{BadPlan, Filter, Pace, Plan, QueueState};
use domain::{JobId, PersonId, ProjectId, QueueId, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::Store;
use store::label::leases::RELEASED_AT_ONCE;
use store::label::queues::{MemberRow, NewQueue, QueuePerson, QueueRow};
use store::label::tally::{Tally, TallyChanges};

/// What someone sets up.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Setup {
    pub name: String,
    pub plan: Plan,
    pub filter: Filter,
    pub note: String,
}

/// What may be set otherwise later. Overlap, order and filter were fixed with the members.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub name: String,
    pub note: String,
    pub control_share: f64,
    pub lease_seconds: i64,
    /// What was there when the form was made, see [`QueueView::stamp`].
    pub seen: i64,
}

/// A queue as pages show it.
#[derive(Debug, Clone, PartialEq)]
pub struct QueueView {
    pub id: QueueId,
    pub name: String,
    pub state: QueueState,
    pub plan: Plan,
    pub filter: Filter,
    pub note: String,
    pub created_at: Time,
    pub closed_at: Option<Time>,
    pub progress: Progress,
    /// How much the asker has answered here.
    pub mine: i64,
}

impl QueueView {
    /// Tells what can be changed of a queue from what it was before.
    pub fn stamp(&self) -> i64 {
        stamp(&self.name, &self.note, self.plan.control_share, self.plan.lease_seconds)
    }
}

fn stamp(name: &str, note: &str, control_share: f64, lease_seconds: i64) -> i64 {
    hash53(&[name.as_bytes(), note.as_bytes(), &control_share.to_le_bytes(), &lease_seconds.to_le_bytes()])
}

/// How far a queue has come, from the counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Progress {
    pub members: i64,
    /// Answers that were asked for: members times the overlap.
    pub slots: i64,
    /// Slots that are answered.
    pub answers: i64,
    /// Members with no free slot.
    pub full: i64,
    /// Answers by people who can see more than an annotator, and by machines: they take no slot.
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

/// Makes a queue and begins to fill it: a small one is filled on return, a large one by a job.
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
        // The job finds it open then, and has nothing to do.
        fill(instance, queue, None).await.map_err(|halt| match halt {
            Halt::Failed(error) => error,
            Halt::Stop(_) => Error::conflict("The queue was closed while it was being filled."),
        })?;
    }
    jobs::wake(instance);
    Ok(queue)
}

/// Makes a queue and fills it here and now, without a job: for an instance with a clock of its own.
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
        filter: setup.filter,
        note: setup.note.trim().to_owned(),
        by: actor.person_id(),
    })
}

/// The queues of a project, the newest first. Who can't see what others do sees those that are open.
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
        filter: row.filter.0,
        note: row.note,
        created_at: Time(row.created_at),
        closed_at: row.closed_at.map(Time),
    })
}

/// Who answered how much in a queue, and who holds how much of it.
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

/// The next members that a person who begins now would be served, in order.
pub async fn preview(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    queue: QueueId,
) -> Result<Vec<MemberRow>> {
    allow(actor, Act::SeeOthers)?;
    let row = row(&instance.store, project, queue).await?;
    let mut plain = instance.store.next_members(queue, false, PREVIEW).await?.into_iter();
    let mut control = instance.store.next_members(queue, true, PREVIEW).await?.into_iter();
    let nobody = PersonId(0);
    let pace = Pace { share: row.control_share, seed: row.seed as u64, queue, person: nobody };
    let (mut next, mut n_control) = (Vec::new(), 0);
    while (next.len() as i64) < PREVIEW {
        let due = pace.is_due(next.len() as u32, n_control);
        let member = if due {
            control.next().or_else(|| plain.next())
        } else {
            plain.next().or_else(|| control.next())
        };
        let Some(member) = member else { break };
        n_control += u32::from(member.control);
        next.push(member);
    }
    Ok(next)
}

/// So many members are shown ahead.
const PREVIEW: i64 = 20;

/// What is held already is held for as long as it was taken for.
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
                tx.change_queue(queue, &name, &note, plan.control_share, plan.lease_seconds).await?;
                tx.audit(&actor, Some(project), "changed a queue", &name, "").await?;
                Ok(())
            })
        })
        .await
}

/// Nobody is served from it any more, and what people hold is taken back. Answers on their way are kept as extra.
pub async fn close(instance: &Instance, actor: &Actor, project: ProjectId, queue: QueueId) -> Result<()> {
    turn(instance, actor, project, queue, &[QueueState::Open, QueueState::Filling], QueueState::Closed).await
}

/// Goes on where it was closed; where not all items are in, because it was closed or stopped before, with those first.
/// Says whether it is open now.
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
        // After the queue is closed nobody gets new ones: where this is cut off, the rest runs out by itself.
        take_back(instance, queue, None).await?;
    }
    Ok(())
}

/// Takes back what people hold in a queue, or what one of them holds, so that others get it. Returns how many
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

/// Takes leases back, some at a time, so that nobody who answers meanwhile has to wait for all of them.
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

async fn row(store: &Store, project: ProjectId, queue: QueueId) -> Result<QueueRow> {
    let row = store.queue(queue).await?;
    row.filter(|row| row.project_id == project).ok_or(Error::NotFound(Thing::Queue))
}

/// Items of a project, from the counts.
async fn n_items(store: &Store, project: ProjectId) -> Result<i64> {
    let counts = store.tally(Tally::Project(project)).await?;
    Ok(counts.iter().filter(|(key, _)| *key != "control").map(|(_, n)| n).sum())
}

fn checked_name(name: &str) -> Result<String> {
    let name = name.trim();
    match name.chars().count() {
        0 => Err(Error::invalid("name", "Give the queue a name.")),
        1..=80 => Ok(name.to_owned()),
        n => Err(Error::invalid("name", format!("The name has {n} characters; up to 80 fit."))),
    }
}

fn checked_plan(plan: Plan) -> Result<Plan> {
    plan.check().map_err(|bad| {
        let field = match bad {
            BadPlan::Overlap => "overlap",
            BadPlan::ControlShare => "control_share",
            BadPlan::Lease => "lease",
        };
        Error::invalid(field, bad.to_string())
    })
}

fn name_taken(error: store::Error) -> Error {
    if error.is_unique(store::Constraint::QueueName) {
        Error::invalid("name", "There is a queue with this name in the project. Choose another.")
    } else {
        Error::Store(error)
    }
}
