//! Previewing a file before its rows are imported.

use super::known::KnownLabels;
use super::list::{of_project, uploaded};
use super::sample::{self, Sample};
use crate::{Instance, Result, allow};
use domain::permission::{Act, Actor};
use domain::source::{Mapping, SourceState};
use domain::{ProjectId, SourceId};
use store::data::sources::Source;

/// An uploaded file with its columns.
#[derive(Debug)]
pub struct Preview {
    pub source: Source,
    pub sample: Sample,
    /// Warnings for the person who confirms the columns.
    pub cautions: Vec<String>,
}

/// The first rows of an uploaded file, for the person who confirms its columns.
pub async fn preview(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    source: SourceId,
) -> Result<Preview> {
    allow(actor, Act::Import)?;
    let source = of_project(instance, project, source).await?;
    let from = sample::open_upload(&instance.store, uploaded(&source)?).await?;
    let sample = sample::look_at(from, Some(source.format)).await?;
    let cautions = cautions(instance, actor, project, &source.mapping, &sample).await?;
    Ok(Preview { source, sample, cautions })
}

/// Warnings about the first rows of a file, read with this mapping.
pub async fn cautions(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    mapping: &Mapping,
    sample: &Sample,
) -> Result<Vec<String>> {
    allow(actor, Act::Import)?;
    let (task, _) = instance.store.project_rules(project).await?;
    let known =
        instance.store.published_taxonomy(project).await?.map(|(_, _, taxonomy)| KnownLabels::of(&taxonomy));
    Ok(sample.cautions(mapping, task, known.as_ref()))
}

/// Must a person still confirm the columns, or correct them because the import failed before the first row?
pub fn awaits_columns(source: &Source) -> bool {
    let is_open = matches!(source.state, SourceState::Preview | SourceState::Failed);
    is_open && source.counts.read == 0 && source.upload.is_some() && !source.undo_stopped
}
