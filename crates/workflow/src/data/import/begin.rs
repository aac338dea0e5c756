//! Registering an uploaded file, and discarding it.

use super::finish::release_upload;
use super::list::of_project;
use super::sample;
use crate::{Error, Instance, Result, allow};
use domain::permission::{Act, Actor};
use domain::source::{Format, SourceState};
use domain::{ProjectId, SourceId};
use store::data::blobs::BlobWriter;
use store::data::sources::NewSource;

/// Registers an uploaded file and guesses the meaning of its columns. Nothing is imported yet.
pub async fn begin(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    name: &str,
    format: Option<Format>,
    upload: store::data::blobs::Written,
) -> Result<SourceId> {
    allow(actor, Act::Import)?;
    let name = file_name(name);
    let from = sample::open_upload(&instance.store, &upload.key).await?;
    let said = format.or_else(|| Format::from_file_name(&name));
    let sample = match sample::look_at(from, said).await {
        Ok(sample) => sample,
        Err(error) => {
            // A file that can't be read is not kept.
            instance.store.abandon_blob(&upload).await?;
            return Err(error);
        }
    };
    let pin = upload.pin;
    let new = NewSource {
        project,
        name,
        format: sample.format,
        mapping: sample.guess(),
        upload: Some(upload.key),
        bytes: upload.bytes,
        state: SourceState::Preview,
        created_by: actor.person_id(),
    };
    let added = instance.store.write(move |tx| {
        Box::pin(async move {
            tx.unpin_blobs(&[pin]).await?;
            tx.add_source(&new).await
        })
    });
    Ok(added.await?)
}

/// Discards an uploaded file whose import was never started.
pub async fn discard(instance: &Instance, actor: &Actor, project: ProjectId, source: SourceId) -> Result<()> {
    allow(actor, Act::Import)?;
    let source = of_project(instance, project, source).await?;
    let id = source.id;
    let moved = instance
        .store
        .write(move |tx| {
            Box::pin(
                async move { tx.move_source(id, &[SourceState::Preview], SourceState::Undone, None).await },
            )
        })
        .await?;
    if !moved {
        return Err(Error::conflict("This import was started already."));
    }
    release_upload(instance, &source).await
}

/// The name of a file without its folders, and with a limited length.
pub(super) fn file_name(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let name: String = name.chars().filter(|c| !c.is_control()).take(200).collect();
    if name.trim().is_empty() { "upload".to_owned() } else { name }
}

/// Where the bytes of an uploaded file go, before anything looks at them.
pub async fn receive(instance: &Instance, actor: &Actor) -> Result<BlobWriter> {
    allow(actor, Act::Import)?;
    Ok(instance.store.create_blob().await?)
}
