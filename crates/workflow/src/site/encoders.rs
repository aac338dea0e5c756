//! Encoders: models that an admin installs for all projects. Their files are blobs, so that they reach every node; a
//! node that computes with one copies them into its derived folder.

mod check;
mod copy;
mod distill;
mod unpack;

#[cfg(test)]
mod tests;

pub(crate) use copy::folder;
pub use distill::distill;
pub use store::discover::encoders::EncoderRow;

use crate::data::blob_files;
use crate::data::fields::Fields;
use crate::{Error, Instance, Result, Thing, allow};
use check::Checked;
use domain::EncoderId;
use domain::permission::{Act, Actor};
use std::path::Path;
use store::data::blobs::Written;
use store::discover::encoders::{EncoderFile, NewEncoder};
use tempfile::TempDir;

const LONGEST_NAME: usize = 60;

/// All that are installed, by name.
pub async fn list(instance: &Instance, actor: &Actor) -> Result<Vec<EncoderRow>> {
    allow(actor, Act::ManageEncoders)?;
    Ok(instance.store.encoders().await?)
}

/// Installs the model in a folder, or in a zip of one. It is opened and tried first; only the files that it is read from
/// are kept. What does not fit is said of the field `name` or `file`.
pub async fn add(instance: &Instance, actor: &Actor, name: &str, from: &Path) -> Result<EncoderRow> {
    allow(actor, Act::ManageEncoders)?;
    let name = free_name(instance, name).await?;
    if from.is_dir() {
        return install(instance, actor, name, from, "").await;
    }
    let (zip, unpacked) = (from.to_owned(), blob_files::passing_folder(instance)?);
    let unpacked: TempDir = blob_files::blocking(move || {
        unpack::unpack(&zip, unpacked.path(), unpack::MOST_BYTES)?;
        Ok(unpacked)
    })
    .await?;
    install(instance, actor, name, unpacked.path(), "").await
}

/// Removes an encoder. Runs that used it keep its name; new items can't join them any more.
pub async fn remove(instance: &Instance, actor: &Actor, encoder: EncoderId) -> Result<EncoderRow> {
    allow(actor, Act::ManageEncoders)?;
    let known = instance.store.encoder(encoder).await?.ok_or(Error::NotFound(Thing::Encoder))?;
    let files = instance.store.encoder_files(encoder).await?;
    let (actor, name) = (*actor, known.name.clone());
    let gone = instance.store.write(move |tx| {
        Box::pin(async move {
            if !tx.remove_encoder(encoder).await? {
                return Err(Error::NotFound(Thing::Encoder));
            }
            Ok(tx.audit(&actor, None, "removed the encoder", &name, "").await?)
        })
    });
    gone.await?;
    for file in &files {
        instance.store.remove_unneeded_blob(&file.hash).await?;
    }
    copy::forget(instance, encoder)?;
    Ok(known)
}

/// The encoder of this name.
pub async fn find(instance: &Instance, actor: &Actor, name: &str) -> Result<EncoderRow> {
    let known = list(instance, actor).await?.into_iter().find(|encoder| encoder.name == name.trim());
    known.ok_or(Error::NotFound(Thing::Encoder))
}

/// A name that fits and that no encoder has. It is asked before a large folder is read, and again when it is kept.
async fn free_name(instance: &Instance, name: &str) -> Result<String> {
    let mut fields = Fields::default();
    let Some(name) = fields.title("name", name, LONGEST_NAME) else { return Err(fields.refused()) };
    let is_taken = instance.store.encoders().await?.iter().any(|encoder| encoder.name == name);
    if is_taken { Err(taken(&name)) } else { Ok(name) }
}

fn taken(name: &str) -> Error {
    let what =
        format!("An encoder is called “{name}” already: choose another name, or remove that one first.");
    Error::invalid("name", what)
}

/// Checks the model in a folder and keeps its files. `how` goes into the audit log.
async fn install(
    instance: &Instance,
    actor: &Actor,
    name: String,
    folder: &Path,
    how: &str,
) -> Result<EncoderRow> {
    let at = folder.to_owned();
    let checked = blob_files::blocking(move || check::check(&at)).await?;
    let written = keep(instance, folder, &checked).await?;
    let files = checked.files.iter().zip(&written).map(|(path, written)| EncoderFile {
        path: path.clone(),
        hash: written.key.clone(),
        bytes: written.bytes,
    });
    let new = NewEncoder {
        name: name.clone(),
        kind: checked.kind,
        dims: checked.dims as i64,
        files: files.collect(),
        pins: written.iter().map(|written| written.pin).collect(),
    };
    let detail = match how {
        "" => format!("{}, {} dimensions", checked.kind, checked.dims),
        how => format!("{}, {} dimensions, {how}", checked.kind, checked.dims),
    };
    let actor = *actor;
    let added = instance.store.write(move |tx| {
        Box::pin(async move {
            let id = tx.insert_encoder(&new, actor.person_id()).await?;
            if id.is_some() {
                tx.audit(&actor, None, "installed the encoder", &new.name, &detail).await?;
            }
            Ok::<_, Error>(id)
        })
    });
    match added.await {
        Ok(Some(id)) => instance.store.encoder(id).await?.ok_or(Error::NotFound(Thing::Encoder)),
        outcome => {
            abandon(instance, &written).await?;
            Err(outcome.err().unwrap_or_else(|| taken(&name)))
        }
    }
}

/// The files as blobs: all of them, or none.
async fn keep(instance: &Instance, folder: &Path, checked: &Checked) -> Result<Vec<Written>> {
    let mut written = Vec::with_capacity(checked.files.len());
    for path in &checked.files {
        match blob_files::keep(&instance.store, &folder.join(path)).await {
            Ok(blob) => written.push(blob),
            Err(error) => {
                abandon(instance, &written).await?;
                return Err(error);
            }
        }
    }
    Ok(written)
}

async fn abandon(instance: &Instance, written: &[Written]) -> Result<()> {
    for blob in written {
        instance.store.abandon_blob(blob).await?;
    }
    Ok(())
}
