//! Taking in vectors: checked row by row, put into the order of the items, and kept as one blob.

use super::ids;
use super::rows::Making;
use crate::data::blob_files;
use crate::data::fields::Fields;
use crate::{Error, Instance, Result, Thing, allow};
use domain::permission::{Act, Actor};
use domain::{ItemId, ProjectId};
use ndarray::Array2;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use store::data::blobs::Written;
use store::discover::encoders::{NewVectorSet, VectorSetRow};
use tables::npy::{Npy, NpyError};
use tempfile::NamedTempFile;

const LONGEST_NAME: usize = 60;

/// Unknown ids that are named.
const NAMED: usize = 5;

/// What came of vectors.
#[derive(Debug, Clone, PartialEq)]
pub struct Added {
    pub set: VectorSetRow,
    /// Ids that no item of the project has; their rows were left out.
    pub n_unknown: usize,
    /// The first of them.
    pub unknown: Vec<String>,
    /// Items of the project without a vector.
    pub n_without: i64,
}

impl Added {
    /// What there is to say of rows and items that did not meet; nothing where all did.
    pub fn remark(&self) -> Option<String> {
        let mut said = Vec::new();
        if self.n_unknown > 0 {
            let more = if self.n_unknown > self.unknown.len() { ", …" } else { "" };
            let (n, ids) = (self.n_unknown, self.unknown.join(", "));
            said.push(format!("Left out: {n} ids that no item has ({ids}{more})."));
        }
        if self.n_without > 0 {
            let n = self.n_without;
            said.push(format!("{n} items have no vector: a run over all of them will refuse these vectors."));
        }
        (!said.is_empty()).then(|| said.join(" "))
    }
}

/// Keeps the vectors of a `.npy` file for the items that a file of ids names, one a line. Rows are scaled to length 1;
/// zeros stay zeros. What does not fit is said of the field `name`, `file` or `ids`.
pub async fn add(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    name: &str,
    npy: &Path,
    ids: &Path,
) -> Result<Added> {
    allow(actor, Act::RunQueues)?;
    let mut fields = Fields::default();
    let Some(name) = fields.title("name", name, LONGEST_NAME) else { return Err(fields.refused()) };
    if instance.store.vector_sets(project).await?.iter().any(|set| set.name == name) {
        return Err(taken(&name));
    }
    let (npy, list) = (npy.to_owned(), ids.to_owned());
    let ids = blob_files::blocking(move || ids::read(&list)).await?;
    let items = instance.store.items_called(project, &ids).await?;
    let unknown = || ids.iter().zip(&items).filter(|(_, item)| item.is_none()).map(|(id, _)| id);
    let n_unknown = unknown().count();
    let named: Vec<String> = unknown().take(NAMED).cloned().collect();
    if n_unknown == ids.len() {
        let what =
            format!("No item of the project has one of these ids; the first are {}.", named.join(", "));
        return Err(Error::invalid("ids", what));
    }
    let (file, dims) = sorted(instance, npy, ids, items.clone()).await?;
    let n_items = items.iter().flatten().count() as i64;
    let written = blob_files::keep(&instance.store, file.path()).await?;
    drop(file);
    let set = save(instance, actor, project, name, dims, n_items, written).await?;
    let n_without = instance.store.overview(project).await?.n_items - n_items;
    Ok(Added { set, n_unknown, unknown: named, n_without: n_without.max(0) })
}

fn taken(name: &str) -> Error {
    let what = format!("Vectors are called “{name}” already: choose another name, or remove those first.");
    Error::invalid("name", what)
}

/// The file as it is kept, and the dimensions of a vector.
async fn sorted(
    instance: &Instance,
    npy: PathBuf,
    ids: Vec<String>,
    items: Vec<Option<ItemId>>,
) -> Result<(NamedTempFile, usize)> {
    let out = blob_files::passing_file(instance)?;
    blob_files::blocking(move || {
        let to = out.reopen().map_err(store::Error::from)?;
        let dims = sort(&npy, &ids, &items, to)?;
        Ok((out, dims))
    })
    .await
}

fn sort(path: &Path, ids: &[String], items: &[Option<ItemId>], to: File) -> Result<usize> {
    let wrong = |what: String| Error::invalid("file", what);
    let unread = |error: std::io::Error| wrong(format!("{} can’t be read: {error}.", path.display()));
    let file = File::open(path).map_err(unread)?;
    let length = file.metadata().map_err(unread)?.len();
    let mut npy = Npy::new(BufReader::with_capacity(1 << 20, file), length).map_err(|error| match error {
        NpyError::Read(error) => unread(error),
        NpyError::Content(what) => wrong(format!("The vectors can’t be read: {what}.")),
    })?;
    let (n_rows, dims) = npy.dim();
    if n_rows != ids.len() {
        let n_ids = ids.len();
        let what =
            format!("{n_rows} rows and {n_ids} ids: one id is needed for each row, in the same order.");
        return Err(Error::invalid("ids", what));
    }
    let mut order: Vec<ItemId> = items.iter().copied().flatten().collect();
    order.sort_unstable();
    let cant = |error: std::io::Error| Error::Store(error.into());
    let mut making = Making::begin(to, dims, &order).map_err(cant)?;
    let mut row = Array2::<f32>::zeros((1, dims));
    for (id, item) in ids.iter().zip(items) {
        npy.read_rows(row.view_mut()).map_err(|error| match error {
            NpyError::Read(error) => unread(error),
            NpyError::Content(what) => wrong(format!("The vector of “{id}”: {what}.")),
        })?;
        let Some(item) = item else { continue };
        let length = row.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt();
        if length > 0.0 {
            row.mapv_inplace(|x| (f64::from(x) / length) as f32);
        }
        // Each item is in the order: it was made of them.
        let place = order.partition_point(|other| other < item);
        making.write(place, row.as_slice().unwrap_or_default()).map_err(cant)?;
    }
    making.finish().map_err(cant)?;
    Ok(dims)
}

async fn save(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    name: String,
    dims: usize,
    n_items: i64,
    written: Written,
) -> Result<VectorSetRow> {
    let set = NewVectorSet {
        name: name.clone(),
        dims: dims as i64,
        n_items,
        hash: written.key.clone(),
        bytes: written.bytes,
        pin: written.pin,
    };
    let (actor, detail) = (*actor, format!("{n_items} items, {dims} dimensions"));
    let added = instance.store.write(move |tx| {
        Box::pin(async move {
            let id = tx.insert_vector_set(project, &set, actor.person_id()).await?;
            if id.is_some() {
                tx.audit(&actor, Some(project), "brought the vectors", &set.name, &detail).await?;
            }
            Ok::<_, Error>(id)
        })
    });
    match added.await {
        Ok(Some(id)) => instance.store.vector_set(id).await?.ok_or(Error::NotFound(Thing::Vectors)),
        outcome => {
            instance.store.abandon_blob(&written).await?;
            Err(outcome.err().unwrap_or_else(|| taken(&name)))
        }
    }
}
