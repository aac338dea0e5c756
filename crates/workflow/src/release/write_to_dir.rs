//! A release as a folder of files.

use super::{Release, get};
use crate::{Error, Instance, Result, Thing};
use domain::ProjectId;
use domain::permission::Actor;
use domain::release::ReleaseState;
use std::path::{Path, PathBuf};
use tokio::io::AsyncWriteExt;

/// Writes a release into `folder/<slug>-v<number>/` and returns that path. The folder appears only when it is
/// complete.
pub async fn write_to_dir(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    number: i64,
    folder: &Path,
) -> Result<PathBuf> {
    let release = get(instance, actor, project, number).await?;
    let slug = instance.store.project(project).await?.ok_or(Error::NotFound(Thing::Project))?.slug;
    if release.row.state != ReleaseState::Done {
        return Err(Error::conflict("The release is not cut yet: there are no files to write."));
    }
    let target = folder.join(format!("{slug}-v{number}"));
    if target.exists() {
        let message = format!("{} is there already: move it away or choose another folder", target.display());
        return Err(Error::invalid("out", message));
    }
    let partial = folder.join(format!(".{slug}-v{number}.partial"));
    let written = write_files(instance, &release, &partial).await;
    let written = match written {
        Ok(()) => tokio::fs::rename(&partial, &target).await,
        Err(error) => Err(error),
    };
    match written {
        Ok(()) => Ok(target),
        Err(error) => {
            let _ = tokio::fs::remove_dir_all(&partial).await;
            Err(Error::invalid("out", format!("{} could not be written: {error}", target.display())))
        }
    }
}

async fn write_files(instance: &Instance, release: &Release, folder: &Path) -> std::io::Result<()> {
    tokio::fs::create_dir_all(folder).await?;
    for file in &release.files {
        let mut blob = instance.store.open_blob(&file.hash).await.map_err(std::io::Error::other)?;
        let mut out = tokio::fs::File::create(folder.join(&file.path)).await?;
        while let Some(piece) = blob.next().await.map_err(std::io::Error::other)? {
            out.write_all(&piece).await?;
        }
        out.sync_all().await?;
    }
    Ok(())
}
