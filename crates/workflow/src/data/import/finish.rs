//! The end of an import: its state, its notes, and its upload, which is not needed any more.

use super::noticed::Noticed;
use crate::{Error, Instance, Result};
use domain::source::SourceState;
use store::data::sources::Source;
use store::label::tally::Tally;

/// All rows are imported. What was noticed is kept for the people who imported the file.
pub(super) async fn finish_whole(instance: &Instance, source: &Source, noticed: &Noticed) -> Result<()> {
    let counts = instance.store.tally(Tally::Project(source.project)).await?;
    let notes = noticed.sentences(&source.mapping, counts.get("control").copied().unwrap_or(0));
    let id = source.id;
    instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                tx.note_source(id, &notes).await?;
                tx.move_source(id, &[SourceState::Running], SourceState::Done, None).await.map(|_| ())
            })
        })
        .await?;
    // Its items join the groups of the newest run.
    crate::discover::follow_imports(instance).await?;
    Ok(())
}

pub(super) async fn finish(
    instance: &Instance,
    source: &Source,
    to: SourceState,
    why: Option<&str>,
) -> Result<()> {
    let (id, why) = (source.id, why.map(str::to_owned));
    instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                tx.move_source(id, &[SourceState::Running], to, why.as_deref()).await.map(|_| ())
            })
        })
        .await?;
    Ok(())
}

/// Removes the upload of an import that is over, unless something else needs the same content.
pub(super) async fn release_upload(instance: &Instance, source: &Source) -> Result<()> {
    if let Some(key) = &source.upload {
        instance.store.remove_unneeded_blob(key).await?;
    }
    Ok(())
}

/// The sentence that people read about a failed import. Internal details stay in the log.
pub(super) fn for_people(error: &Error) -> String {
    match error {
        Error::Store(store::Error::DiskFull) => {
            "The disk is full. Free some space, then go on with this import: nothing was lost.".to_owned()
        }
        Error::Internal(_) | Error::Store(_) => {
            "Something inside the program failed; its log says what. The rows that were taken in until then are \
             kept, and the import can be gone on with."
                .to_owned()
        }
        other => other.to_string(),
    }
}
