//! Taking in a file that is at hand, without an upload and a job.

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

/// A file that is at hand, and how it is taken.
pub struct Bring {
    pub project: ProjectId,
    pub name: String,
    pub format: Format,
    pub mapping: Mapping,
    /// Opens it from its start: labels are looked for before rows are taken in.
    pub open: Opener,
    pub bytes: Option<u64>,
}

/// Takes in a file that is at hand, without upload and job: the command line, a small request. `sample` is what
/// the file begins with. Returns when all of it is in, or when `stop` was set.
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
