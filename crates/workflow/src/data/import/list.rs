//! Imports of a project, and the rows that they refused.

use crate::{Error, Instance, Result, Thing, allow};
use domain::permission::{Act, Actor};
use domain::{ProjectId, SourceId};
use store::data::sources::{Reject, Source};

/// How many imports, or refused rows, a page shows.
pub const PAGE: i64 = 50;

/// Imports of a project, newest first.
pub async fn sources(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    before: Option<SourceId>,
) -> Result<Vec<Source>> {
    allow(actor, Act::SeeOthers)?;
    Ok(instance.store.sources(project, before, PAGE).await?)
}

pub async fn source(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    source: SourceId,
) -> Result<Source> {
    allow(actor, Act::SeeOthers)?;
    of_project(instance, project, source).await
}

/// The refused rows, in the order of the file.
pub async fn rejects(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    source: SourceId,
    after_line: i64,
) -> Result<Vec<Reject>> {
    allow(actor, Act::SeeOthers)?;
    let source = of_project(instance, project, source).await?;
    Ok(instance.store.rejects(source.id, after_line, PAGE).await?)
}

pub(super) async fn of_project(instance: &Instance, project: ProjectId, source: SourceId) -> Result<Source> {
    match instance.store.source(source).await {
        Ok(source) if source.project == project => Ok(source),
        Ok(_) | Err(store::Error::NotFound) => Err(Error::NotFound(Thing::Import)),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn uploaded(source: &Source) -> Result<&str> {
    let gone = || Error::conflict("The file of this import is not kept any more; bring it again.");
    source.upload.as_deref().ok_or_else(gone)
}

/// The newest imports of a project, so many at most: what a form offers to choose from.
pub async fn newest_sources(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    most: i64,
) -> Result<Vec<Source>> {
    allow(actor, Act::SeeOthers)?;
    Ok(instance.store.sources(project, None, most).await?)
}
