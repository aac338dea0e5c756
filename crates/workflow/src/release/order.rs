//! Ordering a release: it is checked, gets its number, and is cut by a job or at once.

use super::cut::{CutRelease, cut};
use super::list::load;
use super::{Release, Spec};
use crate::{Error, Instance, Result, allow, jobs};
use domain::consensus::State;
use domain::permission::{Act, Actor};
use domain::{JobId, ProjectId};
use store::label::tally::Tally;

/// What a person asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub name: String,
    /// Which resolved items go in.
    pub states: Vec<State>,
}

const MAX_NAME: usize = 120;

/// Makes a release and enqueues the job that cuts it.
pub async fn order(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    order: &Order,
) -> Result<(Release, JobId)> {
    allow(actor, Act::CutRelease)?;
    let new = checked(instance, project, order).await?;
    let by = actor.person_id();
    let actor = *actor;
    let (number, job) = instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                if tx.is_cutting_called(project, &new.name).await? {
                    let why = format!("A release called “{}” is being cut already.", new.name);
                    return Err(Error::invalid("name", why));
                }
                let (id, number) = tx.create_release(project, &new.name, &new.spec, by).await?;
                let job = jobs::new(by, Some(project), &CutRelease { release: id })?;
                let job = tx.enqueue_job(&job).await?;
                tx.set_release_job(id, job).await?;
                tx.audit(&actor, Some(project), "cut a release", &format!("v{number} {}", new.name), "")
                    .await?;
                Ok::<_, Error>((number, job))
            })
        })
        .await?;
    jobs::wake(instance);
    Ok((load(instance, project, number).await?, job))
}

/// Makes a release and cuts it at once, for the command line. `told` is called with the progress.
pub async fn cut_now(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    order: &Order,
    told: &(dyn Fn(i64, i64) + Send + Sync),
) -> Result<Release> {
    allow(actor, Act::CutRelease)?;
    let new = checked(instance, project, order).await?;
    let (by, actor) = (actor.person_id(), *actor);
    let (id, number) = instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                let made = tx.create_release(project, &new.name, &new.spec, by).await?;
                let target = format!("v{} {}", made.1, new.name);
                tx.audit(&actor, Some(project), "cut a release", &target, "").await?;
                Ok::<_, Error>(made)
            })
        })
        .await?;
    cut(instance, id, told).await?;
    load(instance, project, number).await
}

#[derive(Clone)]
struct Checked {
    name: String,
    spec: String,
}

/// Checks that an order can be carried out.
async fn checked(instance: &Instance, project: ProjectId, order: &Order) -> Result<Checked> {
    let name = order.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > MAX_NAME {
        return Err(Error::invalid("name", format!("give the release a name of 1 to {MAX_NAME} characters")));
    }
    let mut states = order.states.clone();
    states.retain(|s| s.is_resolved());
    states.sort_by_key(|s| s.as_str());
    states.dedup();
    if states.is_empty() {
        return Err(Error::invalid(
            "states",
            "choose what goes in: agreed items, adjudicated items, or both",
        ));
    }
    let Some((taxonomy, _, _)) = instance.store.published_taxonomy(project).await? else {
        return Err(Error::conflict("No taxonomy is published yet, so no item has a label to release."));
    };
    let counts = instance.store.tally(Tally::Project(project)).await?;
    if states.iter().all(|s| counts.get(s.as_str()).copied().unwrap_or(0) == 0) {
        let states: Vec<&str> = states.iter().map(|s| s.title()).collect();
        return Err(Error::conflict(format!(
            "No item is {} yet: label some in a queue first, then cut a release.",
            states.join(" or ")
        )));
    }
    let spec = serde_json::to_string(&Spec { states, taxonomy }).map_err(Error::internal)?;
    Ok(Checked { name, spec })
}
