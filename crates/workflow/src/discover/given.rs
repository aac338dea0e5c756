//! Vectors that a user brought, one for each item that they cover: one blob of item ids and rows.

mod add;
mod ids;
mod rows;

#[cfg(test)]
mod tests;

pub use add::{Added, add};
pub use store::discover::encoders::VectorSetRow;

use crate::data::blob_files;
use crate::{Error, Instance, Result, Thing, allow};
use domain::permission::{Act, Actor};
use domain::{ItemId, ProjectId};
use ndarray::Array2;
use rows::File;
use std::path::PathBuf;
use store::Store;

const PLACE: &str = "given";

/// Those of a project, by name.
pub async fn list(instance: &Instance, actor: &Actor, project: ProjectId) -> Result<Vec<VectorSetRow>> {
    allow(actor, Act::SeeOthers)?;
    Ok(instance.store.vector_sets(project).await?)
}

/// Removes vectors. Runs over them keep their groups and the name; new items can't join them any more.
pub async fn remove(instance: &Instance, actor: &Actor, project: ProjectId, id: i64) -> Result<VectorSetRow> {
    allow(actor, Act::RunQueues)?;
    let known = instance.store.vector_set(id).await?.filter(|set| set.project_id == project);
    let known = known.ok_or(Error::NotFound(Thing::Vectors))?;
    let (actor, name) = (*actor, known.name.clone());
    let gone = instance.store.write(move |tx| {
        Box::pin(async move {
            if !tx.remove_vector_set(project, id).await? {
                return Err(Error::NotFound(Thing::Vectors));
            }
            Ok(tx.audit(&actor, Some(project), "removed the vectors", &name, "").await?)
        })
    });
    gone.await?;
    instance.store.remove_unneeded_blob(&known.hash).await?;
    derived::vectors::remove(&place(instance, id)).map_err(store::Error::from)?;
    Ok(known)
}

/// The vectors of this name.
pub async fn find(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    name: &str,
) -> Result<VectorSetRow> {
    let known = list(instance, actor, project).await?.into_iter().find(|set| set.name == name.trim());
    known.ok_or(Error::NotFound(Thing::Vectors))
}

fn place(instance: &Instance, id: i64) -> PathBuf {
    instance.data.join("derived").join(PLACE).join(id.to_string())
}

/// A set of vectors at hand.
pub(super) struct Given {
    path: PathBuf,
    name: String,
    store: Store,
}

/// The file of a set of vectors, copied from its blob when it is not there yet. It appears when it is whole.
pub(super) async fn file(instance: &Instance, id: i64) -> Result<Given> {
    let set = instance.store.vector_set(id).await?;
    let set = set.ok_or_else(|| {
        Error::conflict("These vectors were removed: choose another encoder for a new run.")
    })?;
    let path = place(instance, id);
    if !blob_files::is_whole(&path, set.bytes) {
        blob_files::derived(instance, PLACE)?;
        let new = blob_files::passing_file(instance)?.into_temp_path();
        blob_files::copy(&instance.store, &set.hash, &new).await?;
        new.persist(&path).map_err(|error| store::Error::from(error.error))?;
    }
    Ok(Given { path, name: set.name, store: instance.store.clone() })
}

impl Given {
    /// The rows of some items, n × dimensions, in their order. It blocks its thread.
    ///
    /// # Errors
    /// [`Error::Conflict`] where an item has no vector: a row of zeros in its place would put it into a group that says
    /// nothing of it.
    pub(super) fn rows(&self, items: &[ItemId]) -> Result<Array2<f32>> {
        let unread = |error: std::io::Error| {
            Error::Conflict(format!("The vectors “{}” can’t be read: {error}.", self.name))
        };
        let mut file = File::open(&self.path).map_err(unread)?;
        let places = file.places(items).map_err(unread)?;
        let missing: Vec<ItemId> =
            items.iter().zip(&places).filter(|(_, place)| place.is_none()).map(|(item, _)| *item).collect();
        if let Some(first) = missing.first() {
            return Err(self.missing(missing.len(), *first));
        }
        file.rows(&places.into_iter().flatten().collect::<Vec<u64>>()).map_err(unread)
    }

    fn missing(&self, n: usize, first: ItemId) -> Error {
        let id = tokio::runtime::Handle::current().block_on(self.store.external_id(first));
        let id = id.ok().flatten().unwrap_or_else(|| first.to_string());
        let name = &self.name;
        Error::Conflict(match n {
            1 => format!(
                "One text has no vector in “{name}”, “{id}”: bring vectors of all texts, or group fewer."
            ),
            n => format!(
                "{n} texts have no vector in “{name}”, the first is “{id}”: bring vectors of all texts, or group fewer."
            ),
        })
    }
}
