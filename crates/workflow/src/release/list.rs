//! Reading releases and their files.

use super::{Release, read_manifest};
use crate::{Error, Instance, Result, Thing, allow};
use domain::ProjectId;
use domain::permission::{Act, Actor};
use domain::taxonomy::Taxonomy;
use std::sync::Arc;
use store::data::blobs::BlobReader;
use store::release::releases::{ReleaseFile, ReleaseRow};

/// How many releases a page shows.
const PAGE: i64 = 50;

/// Newest first; `before` is the last number of the page before.
pub async fn list(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    before: Option<i64>,
) -> Result<Vec<Release>> {
    allow(actor, Act::SeeOthers)?;
    let rows = instance.store.releases(project, before, PAGE).await?;
    rows.into_iter().map(|row| release(row, Vec::new())).collect()
}

/// One release with its files.
pub async fn get(instance: &Instance, actor: &Actor, project: ProjectId, number: i64) -> Result<Release> {
    allow(actor, Act::SeeOthers)?;
    load(instance, project, number).await
}

/// Opens one file of a release as a stream.
pub async fn open(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    number: i64,
    path: &str,
) -> Result<(ReleaseFile, BlobReader)> {
    let release = get(instance, actor, project, number).await?;
    let file = release.files.into_iter().find(|f| f.path == path).ok_or(Error::NotFound(Thing::File))?;
    let reader = instance.store.open_blob(&file.hash).await?;
    Ok((file, reader))
}

pub(super) async fn load(instance: &Instance, project: ProjectId, number: i64) -> Result<Release> {
    let row = instance.store.release(project, number).await?.ok_or(Error::NotFound(Thing::Release))?;
    let files = instance.store.release_files(row.id).await?;
    release(row, files)
}

fn release(row: ReleaseRow, files: Vec<ReleaseFile>) -> Result<Release> {
    let spec = serde_json::from_str(&row.spec).map_err(Error::internal)?;
    let manifest = match &row.manifest {
        Some(text) => Some(read_manifest(text.as_bytes())?),
        None => None,
    };
    let hash = row.manifest.as_ref().map(|text| blake3::hash(text.as_bytes()).to_hex().to_string());
    Ok(Release { row, spec, manifest, files, hash })
}

/// The labels that a release was cut with.
pub async fn taxonomy(instance: &Instance, actor: &Actor, release: &Release) -> Result<Arc<Taxonomy>> {
    allow(actor, Act::SeeOthers)?;
    Ok(instance.store.taxonomy(release.spec.taxonomy).await?)
}
