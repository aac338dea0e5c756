//! Starting an import whose columns a person has confirmed.

use super::job::Import;
use super::preview::{Preview, preview};
use super::sample::Sample;
use crate::error::FieldError;
use crate::{Error, Instance, Result, allow, jobs};
use domain::permission::{Act, Actor, may};
use domain::source::{LabelUse, Mapping, SourceState};
use domain::{JobId, ProjectId, SourceId};

/// Starts an import with confirmed columns, or continues one that failed or was cancelled.
pub async fn start(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    source: SourceId,
    mapping: Mapping,
) -> Result<JobId> {
    allow(actor, Act::Import)?;
    let Preview { source, sample, .. } = preview(instance, actor, project, source).await?;
    if source.undo_stopped {
        return Err(Error::conflict(
            "Some of this import may be gone, because taking it back was stopped. Take it back again, or import the \
             file again.",
        ));
    }
    // If some rows are imported already, the rest is read with the same mapping.
    let mapping = if source.counts.read > 0 { source.mapping.clone() } else { sample.completed(mapping) };
    fits(instance, actor, project, &mapping, &sample).await?;
    let job = jobs::new(actor.person_id(), Some(project), &Import { source: source.id })?;
    let actor = *actor;
    let id = instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                let from = [SourceState::Preview, SourceState::Failed, SourceState::Cancelled];
                tx.map_source(source.id, &mapping).await?;
                if !tx.move_source(source.id, &from, SourceState::Running, None).await? {
                    return Err(Error::conflict("This import was started already."));
                }
                let id = tx.enqueue_job(&job).await?;
                tx.set_source_job(source.id, id.0).await?;
                tx.audit(&actor, Some(project), "started an import", &source.name, "").await?;
                Ok(id)
            })
        })
        .await?;
    jobs::wake(instance);
    Ok(id)
}

/// Checks that the mapping fits the file, and that this person may do what it needs. An import checks this before it
/// begins.
pub async fn fits(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    mapping: &Mapping,
    sample: &Sample,
) -> Result<()> {
    allow(actor, Act::Import)?;
    let mut problems = mapping.problems(&sample.columns);
    problems.extend(sample.problems(mapping));
    if !problems.is_empty() {
        let of = |(field, message): (&str, String)| FieldError { field: field.to_owned(), message };
        return Err(Error::Invalid(problems.into_iter().map(of).collect()));
    }
    let makes_labels = mapping.label.as_ref().is_some_and(|l| l.becomes != LabelUse::Field)
        && instance.store.published_taxonomy(project).await?.is_none();
    if makes_labels && !may(actor, Act::EditTaxonomy) {
        return Err(Error::invalid(
            "label",
            "These answers need labels, and no taxonomy is published yet. Ask an owner to publish one, or take the \
             column as a field.",
        ));
    }
    Ok(())
}
