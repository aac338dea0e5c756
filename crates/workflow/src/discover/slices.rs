//! Saved slices: a selection or a filter under a name.

use super::select::resolve;
use crate::{Error, Instance, Result, allow};
use domain::ProjectId;
use domain::permission::{Act, Actor};
use domain::slice::Slice;
pub use store::discover::slices::SavedSliceRow;

const MAX_NAME: usize = 80;

/// The saved slices of a project, by name.
pub async fn saved(instance: &Instance, actor: &Actor, project: ProjectId) -> Result<Vec<SavedSliceRow>> {
    allow(actor, Act::SeeOthers)?;
    Ok(instance.store.saved_slices(project).await?)
}

/// Saves a slice under a name.
pub async fn save(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    name: &str,
    slice: Slice,
) -> Result<()> {
    allow(actor, Act::RunQueues)?;
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.is_empty() || name.chars().count() > MAX_NAME {
        return Err(Error::invalid("name", format!("a name has 1 to {MAX_NAME} characters")));
    }
    // A selection that can't be resolved now would fail wherever it is used.
    resolve(instance, project, &slice.selection).await?;
    let (by, actor) = (actor.person_id(), *actor);
    instance
        .store
        .write(move |tx| {
            let (name, slice) = (name.clone(), slice.clone());
            Box::pin(async move {
                if !tx.save_slice(project, &name, &slice, by).await? {
                    let taken = format!("There is a slice “{name}” already: choose another name.");
                    return Err(Error::invalid("name", taken));
                }
                Ok(tx.audit(&actor, Some(project), "saved a slice", &name, "").await?)
            })
        })
        .await
}

/// Removes a saved slice; queues that were made of it keep their items.
pub async fn remove(instance: &Instance, actor: &Actor, project: ProjectId, id: i64) -> Result<()> {
    allow(actor, Act::RunQueues)?;
    let actor = *actor;
    instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                if !tx.remove_slice(project, id).await? {
                    return Err(Error::conflict("This slice was removed already: look at the list again."));
                }
                Ok(tx.audit(&actor, Some(project), "removed a slice", &id.to_string(), "").await?)
            })
        })
        .await
}
