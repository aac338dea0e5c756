//! Releases: an immutable, numbered version of the labeled dataset, as files that name their own hashes.
//!
//! Cutting has two halves ([`cut`]): the rows of one snapshot are kept, then the files are written from what was
//! kept. Nothing in the files says when they were cut or under which number, so that the same inputs
//! give the same bytes.

pub mod cut;
mod files;
mod forecast;
pub mod manifest;
mod spool;

pub use cut::{cut, cut_job, given_up};
pub use forecast::{Forecast, forecast};
pub use manifest::{Manifest, read_manifest};

use crate::jobs::{self, Kind};
use crate::{Error, Instance, Result, allow};
use domain::consensus::State;
use domain::permission::{Act, Actor};
use domain::taxonomy::Taxonomy;
use domain::{JobId, ProjectId, ReleaseId, TaxonomyVersionId};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::data::blobs::BlobReader;
use store::label::tally::Tally;
use store::release::releases::{ReleaseFile, ReleaseRow};
use tokio::io::AsyncWriteExt;

/// What a person asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub name: String,
    /// Which resolved items go in.
    pub states: Vec<State>,
}

/// What a release is cut from, as it is kept with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    pub states: Vec<State>,
    pub taxonomy: TaxonomyVersionId,
}

/// A release with its files.
#[derive(Debug, Clone, PartialEq)]
pub struct Release {
    pub row: ReleaseRow,
    pub spec: Spec,
    /// Nothing until it is cut.
    pub manifest: Option<Manifest>,
    pub files: Vec<ReleaseFile>,
    /// BLAKE3 of `manifest.json`, which names the hashes of all others: the release in one line.
    pub hash: Option<String>,
}

/// What the job is about.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Payload {
    pub release: ReleaseId,
}

const MAX_NAME: usize = 120;
/// Releases a page.
const PAGE: i64 = 50;

/// Makes a release and leaves the cutting to a job.
pub async fn order(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    order: &Order,
) -> Result<(Release, JobId)> {
    allow(actor, Act::CutRelease)?;
    let new = checked(instance, project, order).await?;
    let by = actor.person_id();
    let actor = *actor;
    let (number, job) = instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                if tx.is_cutting_called(project, &new.name).await? {
                    let why = format!("A release called “{}” is being cut already.", new.name);
                    return Err(Error::invalid("name", why));
                }
                let (id, number) = tx.create_release(project, &new.name, &new.spec, by).await?;
                let dedupe = Some(format!("release-{id}"));
                let job = jobs::new(by, Some(project), Kind::CutRelease, &Payload { release: id }, dedupe)?;
                let job = tx.enqueue_job(&job).await?;
                tx.set_release_job(id, job).await?;
                tx.audit(&actor, Some(project), "cut a release", &format!("v{number} {}", new.name), "")
                    .await?;
                Ok::<_, Error>((number, job))
            })
        })
        .await?;
    jobs::wake(instance);
    Ok((load(instance, project, number).await?, job))
}

/// Makes a release and cuts it here and now: for the command line. `told` hears how far it has come.
pub async fn cut_now(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    order: &Order,
    told: &(dyn Fn(i64, i64) + Send + Sync),
) -> Result<Release> {
    allow(actor, Act::CutRelease)?;
    let new = checked(instance, project, order).await?;
    let (by, actor) = (actor.person_id(), *actor);
    let (id, number) = instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                let made = tx.create_release(project, &new.name, &new.spec, by).await?;
                let target = format!("v{} {}", made.1, new.name);
                tx.audit(&actor, Some(project), "cut a release", &target, "").await?;
                Ok::<_, Error>(made)
            })
        })
        .await?;
    cut(instance, id, told).await?;
    load(instance, project, number).await
}

/// Ends a release that nobody carries: cut on the command line, it may have been cut off without a word. Should whoever
/// cuts it be alive after all, the next piece is refused.
pub async fn end(instance: &Instance, actor: &Actor, project: ProjectId, number: i64) -> Result<()> {
    allow(actor, Act::CutRelease)?;
    let ReleaseRow { id, name, job_id, .. } = load(instance, project, number).await?.row;
    if jobs::carries(instance, job_id).await? {
        return Err(Error::conflict("This release is under way: cancel that work instead."));
    }
    let why = match job_id {
        None => "It was cut off on the command line.",
        Some(_) => "It was cut off.",
    };
    let actor = *actor;
    instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                if !tx.fail_release(id, why).await? {
                    return Err(Error::conflict("This release came to its end before."));
                }
                tx.audit(&actor, Some(project), "ended a release", &format!("v{number} {name}"), "").await?;
                Ok(())
            })
        })
        .await
}

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

/// The labels that a release was cut with.
pub async fn taxonomy(instance: &Instance, actor: &Actor, release: &Release) -> Result<Arc<Taxonomy>> {
    allow(actor, Act::SeeOthers)?;
    Ok(instance.store.taxonomy(release.spec.taxonomy).await?)
}

/// One release with its files.
pub async fn get(instance: &Instance, actor: &Actor, project: ProjectId, number: i64) -> Result<Release> {
    allow(actor, Act::SeeOthers)?;
    load(instance, project, number).await
}

/// One file of a release, to be streamed.
pub async fn open(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    number: i64,
    path: &str,
) -> Result<(ReleaseFile, BlobReader)> {
    let release = get(instance, actor, project, number).await?;
    let file = release.files.into_iter().find(|f| f.path == path).ok_or(Error::NotFound("the file"))?;
    let reader = instance.store.open_blob(&file.hash).await?;
    Ok((file, reader))
}

/// Writes a release into `folder/<slug>-v<number>/` and returns that path. The folder appears when it is whole.
pub async fn write_to_dir(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    number: i64,
    folder: &Path,
) -> Result<PathBuf> {
    let release = get(instance, actor, project, number).await?;
    let slug = instance.store.project(project).await?.ok_or(Error::NotFound("the project"))?.slug;
    if release.row.state != "done" {
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

/// Reads every file of a release again and compares it with its hash. Returns what is wrong; nothing is.
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

#[derive(Clone)]
struct Checked {
    name: String,
    spec: String,
}

/// An order that can be carried out.
async fn checked(instance: &Instance, project: ProjectId, order: &Order) -> Result<Checked> {
    let name = order.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > MAX_NAME {
        return Err(Error::invalid("name", format!("give the release a name of 1 to {MAX_NAME} characters")));
    }
    let mut states = order.states.clone();
    states.retain(|s| s.is_resolved());
    states.sort_by_key(|s| s.as_str());
    states.dedup();
    if states.is_empty() {
        return Err(Error::invalid(
            "states",
            "choose what goes in: agreed items, adjudicated items, or both",
        ));
    }
    let Some((taxonomy, _, _)) = instance.store.published_taxonomy(project).await? else {
        return Err(Error::conflict("No taxonomy is published yet, so no item has a label to release."));
    };
    let counts = instance.store.tally(Tally::Project(project)).await?;
    if states.iter().all(|s| counts.get(s.as_str()).copied().unwrap_or(0) == 0) {
        let states: Vec<&str> = states.iter().map(|s| s.title()).collect();
        return Err(Error::conflict(format!(
            "No item is {} yet: label some in a queue first, then cut a release.",
            states.join(" or ")
        )));
    }
    let spec = serde_json::to_string(&Spec { states, taxonomy }).map_err(Error::internal)?;
    Ok(Checked { name, spec })
}

async fn load(instance: &Instance, project: ProjectId, number: i64) -> Result<Release> {
    let row = instance.store.release(project, number).await?.ok_or(Error::NotFound("the release"))?;
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
