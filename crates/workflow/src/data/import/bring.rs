//! Importing a file that is at hand, without an upload and a job.

use super::begin::file_name;
use super::finish::{finish, finish_whole, for_people};
use super::load::{Opener, load_from};
use super::run::{Ended, Progress};
use super::sample::Sample;
use super::start::fits;
use crate::{Instance, Result, allow};
use domain::ProjectId;
use domain::permission::{Act, Actor};
use domain::source::{Format, Mapping, SourceState};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use store::data::sources::{NewSource, Source};

/// A file that is at hand, and how its columns are read.
pub struct Bring {
    pub project: ProjectId,
    pub name: String,
    pub format: Format,
    pub mapping: Mapping,
    /// Opens the file from its start. It is called twice if labels must be made: they are collected before the rows
    /// are imported.
    pub open: Opener,
    pub bytes: Option<u64>,
}

/// Imports a file that is at hand, for the command line and for small requests. `sample` is the beginning of the
/// file. Returns when all of it is imported, or when `stop` was set.
pub async fn bring(
    instance: &Instance,
    actor: &Actor,
    bring: Bring,
    sample: &Sample,
    stop: Arc<AtomicBool>,
    progress: impl FnMut(Progress),
) -> Result<Source> {
    allow(actor, Act::Import)?;
    let Bring { project, name, format, mapping, open, bytes } = bring;
    let mapping = sample.completed(mapping);
    fits(instance, actor, project, &mapping, sample).await?;
    let new = NewSource {
        project,
        name: file_name(&name),
        format,
        mapping,
        upload: None,
        bytes: bytes.map_or(0, |n| i64::try_from(n).unwrap_or(i64::MAX)),
        state: SourceState::Running,
        created_by: actor.person_id(),
    };
    let who = *actor;
    let id = instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                tx.audit(&who, Some(project), "started an import", &new.name, "").await?;
                tx.add_source(&new).await
            })
        })
        .await?;
    let source = instance.store.source(id).await?;
    match load_from(instance, &source, open, bytes, stop, progress).await {
        Ok(Ended::Whole(_, noticed)) => finish_whole(instance, &source, &noticed).await?,
        Ok(Ended::Stopped) => finish(instance, &source, SourceState::Cancelled, None).await?,
        Err(error) => {
            finish(instance, &source, SourceState::Failed, Some(&for_people(&error))).await?;
            return Err(error);
        }
    }
    Ok(instance.store.source(id).await?)
}
