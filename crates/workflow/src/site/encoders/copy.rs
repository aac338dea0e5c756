//! The files of an encoder in the derived folder of this node.

use crate::data::blob_files::{copy, derived, is_whole, passing_folder};
use crate::{Error, Instance, Result};
use domain::EncoderId;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use store::discover::encoders::EncoderFile;
use store::engine::private;

const PLACE: &str = "encoders";

/// The folder of an encoder, its files copied from their blobs when they are not there yet. The folder appears when it
/// is whole: jobs that ask for it at once each make their own, and the first one stays.
pub(crate) async fn folder(instance: &Instance, encoder: EncoderId) -> Result<PathBuf> {
    let files = instance.store.encoder_files(encoder).await?;
    if files.is_empty() {
        return Err(Error::conflict("The encoder was removed: choose another one for a new run."));
    }
    let all = derived(instance, PLACE)?;
    let place = all.join(encoder.to_string());
    if is_there(&place, &files) {
        return Ok(place);
    }
    let new = passing_folder(instance)?;
    for file in &files {
        let to = new.path().join(&file.path);
        if let Some(folder) = to.parent() {
            private::create_folder(folder).map_err(store::Error::from)?;
        }
        copy(&instance.store, &file.hash, &to).await?;
    }
    if std::fs::rename(new.path(), &place).is_ok() {
        // It has another name now, under which nothing shall be removed.
        let _ = new.keep();
        return Ok(place);
    }
    // Another job was faster, or a part of an older copy was lost.
    if !is_there(&place, &files) {
        remove(&place)?;
        std::fs::rename(new.path(), &place).map_err(store::Error::from)?;
        let _ = new.keep();
    }
    Ok(place)
}

/// Removes the copy of an encoder that is removed.
pub fn forget(instance: &Instance, encoder: EncoderId) -> Result<()> {
    remove(&instance.data.join("derived").join(PLACE).join(encoder.to_string()))
}

fn is_there(place: &Path, files: &[EncoderFile]) -> bool {
    files.iter().all(|file| is_whole(&place.join(&file.path), file.bytes))
}

fn remove(place: &Path) -> Result<()> {
    match std::fs::remove_dir_all(place) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::Store(error.into())),
        _ => Ok(()),
    }
}
