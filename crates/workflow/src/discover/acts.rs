//! What people do with groups and selections. Each act is recorded with person, time and run; none changes the id, name
//! or words of a group that it does not name.

mod labels;
mod merge;
mod split;

pub use labels::{acts_of_label, examples, make_label};
pub use merge::merge;
pub use split::split;

use super::Outcome;
use super::select::resolve;
use crate::{Error, Instance, Result, Thing, allow};
use domain::discover::selection::Selection;
use domain::permission::{Act, Actor};
use domain::{ClusterId, ClusteringId, ItemId, ProjectId};
use store::discover::acts::NewAct;
use store::discover::groups::GroupRow;
use store::discover::runs::RunRow;
use store::{BoxFuture, Tx};

/// What an act is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Group { run: ClusteringId, group: ClusterId },
    Selection(Selection),
}

impl Target {
    pub fn selection(&self) -> Selection {
        match self {
            Target::Group { run, group } => Selection::of_group(*run, *group),
            Target::Selection(selection) => selection.clone(),
        }
    }

    pub fn run(&self) -> Option<ClusteringId> {
        match self {
            Target::Group { run, .. } => Some(*run),
            Target::Selection(selection) => selection.run,
        }
    }

    pub fn group(&self) -> Option<ClusterId> {
        match self {
            Target::Group { group, .. } => Some(*group),
            Target::Selection(_) => None,
        }
    }

    fn act(&self, kind: &'static str, detail: String, n_items: usize) -> Result<NewAct> {
        let selection = match self {
            Target::Group { .. } => String::new(),
            Target::Selection(selection) => serde_json::to_string(selection).map_err(Error::internal)?,
        };
        Ok(NewAct {
            run: self.run(),
            group: self.group(),
            selection,
            kind,
            detail,
            label: None,
            n_items: n_items as i64,
        })
    }
}

const MAX_NAME: usize = 80;
/// Items that are set aside in one transaction.
const PIECE: usize = 400;

/// Names a group; an empty name takes it away.
pub async fn name(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    run: ClusteringId,
    group: ClusterId,
    name: &str,
) -> Result<()> {
    allow(actor, Act::RunQueues)?;
    let row = group_of(instance, project, run, group).await?;
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.chars().count() > MAX_NAME {
        return Err(Error::invalid("name", format!("a name has up to {MAX_NAME} characters")));
    }
    let act = Target::Group { run, group }.act("named", name.clone(), row.size as usize)?;
    write(instance, actor, project, act, move |tx| {
        let name = name.clone();
        Box::pin(async move { Ok(tx.name_group(group, (!name.is_empty()).then_some(name.as_str())).await?) })
    })
    .await
}

/// Sets the items of a group or a selection aside: they are not offered here, nor labeled in bulk.
pub async fn aside(instance: &Instance, actor: &Actor, project: ProjectId, target: &Target) -> Result<usize> {
    allow(actor, Act::RunQueues)?;
    set_aside(instance, actor, project, target, true).await
}

/// Takes items back that were set aside.
pub async fn back(instance: &Instance, actor: &Actor, project: ProjectId, target: &Target) -> Result<usize> {
    allow(actor, Act::RunQueues)?;
    set_aside(instance, actor, project, target, false).await
}

async fn set_aside(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    target: &Target,
    aside: bool,
) -> Result<usize> {
    let items = items_of(instance, project, target).await?;
    let act = target.act(if aside { "set aside" } else { "took back" }, String::new(), items.len())?;
    let (group, by, actor) = (target.group(), actor.person_id(), *actor);
    let id = instance
        .store
        .write(move |tx| {
            let act = act.clone();
            Box::pin(async move {
                if let Some(group) = group {
                    tx.set_group_aside(group, aside).await?;
                }
                let id = tx.record_act(project, &act, by).await?;
                tx.audit(&actor, Some(project), act.kind, &said(&act), "").await?;
                Ok::<_, Error>(id)
            })
        })
        .await?;
    for piece in items.chunks(PIECE) {
        let piece = piece.to_vec();
        instance
            .store
            .write_background(move |tx| {
                let piece = piece.clone();
                Box::pin(async move {
                    if aside {
                        tx.set_aside(project, &piece, id).await?;
                    } else {
                        tx.take_back(project, &piece).await?;
                    }
                    Ok::<_, Error>(())
                })
            })
            .await?;
    }
    Ok(items.len())
}

async fn items_of(instance: &Instance, project: ProjectId, target: &Target) -> Result<Vec<ItemId>> {
    let items = resolve(instance, project, &target.selection()).await?.items();
    if items.is_empty() {
        return Err(Error::conflict("Nothing is selected: choose a group, or draw around some items."));
    }
    Ok(items)
}

pub(super) async fn group_of(
    instance: &Instance,
    project: ProjectId,
    run: ClusteringId,
    group: ClusterId,
) -> Result<GroupRow> {
    done(instance, project, run).await?;
    instance.store.group(run, group).await?.ok_or(Error::NotFound(Thing::Group))
}

/// A run that has its groups.
pub(super) async fn done(
    instance: &Instance,
    project: ProjectId,
    run: ClusteringId,
) -> Result<(RunRow, Outcome)> {
    let row = instance.store.run(project, run).await?.ok_or(Error::NotFound(Thing::Run))?;
    let outcome = row.outcome.as_deref().and_then(|outcome| serde_json::from_str(outcome).ok());
    match outcome {
        Some(outcome) => Ok((row, outcome)),
        None => Err(Error::conflict("This run has no groups: it was not finished.")),
    }
}

/// What an act was about, for the audit log.
fn said(act: &NewAct) -> String {
    match (act.group, act.detail.as_str()) {
        (Some(group), "") => format!("group {group}, {} items", act.n_items),
        (Some(group), detail) => format!("group {group}: {detail}"),
        (None, "") => format!("{} selected items", act.n_items),
        (None, detail) => format!("{} selected items: {detail}", act.n_items),
    }
}

/// One transaction: the change, its record, and its entry in the audit log.
async fn write<F>(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    act: NewAct,
    change: F,
) -> Result<()>
where
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<()>> + Clone + Send + 'static,
{
    let (by, actor) = (actor.person_id(), *actor);
    instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                change(tx).await?;
                tx.record_act(project, &act, by).await?;
                tx.audit(&actor, Some(project), act.kind, &said(&act), "").await?;
                Ok(())
            })
        })
        .await
}
