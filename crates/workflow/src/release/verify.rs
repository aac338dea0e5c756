//! Checking that the files of a release are still what was released.

use super::get;
use crate::{Instance, Result};
use domain::ProjectId;
use domain::permission::Actor;

/// Reads every file of a release again and compares it with its hash. Returns a sentence for each problem.
pub async fn verify(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    number: i64,
) -> Result<Vec<String>> {
    let release = get(instance, actor, project, number).await?;
    let mut wrong = Vec::new();
    for file in &release.files {
        let mut blob = match instance.store.open_blob(&file.hash).await {
            Ok(blob) => blob,
            Err(store::Error::NotFound | store::Error::Io(_)) => {
                wrong.push(format!("{}: the file is gone", file.path));
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let (mut hasher, mut bytes) = (blake3::Hasher::new(), 0);
        while let Some(piece) = blob.next().await? {
            hasher.update(&piece);
            bytes += piece.len() as i64;
        }
        if bytes != file.bytes || hasher.finalize().to_hex().as_str() != file.hash {
            wrong.push(format!("{}: the content is not what was released", file.path));
        }
    }
    for named in release.manifest.iter().flat_map(|m| &m.files) {
        if !release.files.iter().any(|f| f.path == named.path && f.hash == named.blake3) {
            wrong.push(format!("{}: the manifest names it, the release does not have it", named.path));
        }
    }
    Ok(wrong)
}
