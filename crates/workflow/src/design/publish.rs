//! Publishing the draft as the next version, which never changes again.

use super::draft::{Draft, changed_by, load, unchanged};
use super::edit::problems;
use super::impact::reach;
use super::settle::SettleTaxonomy;
use super::versions::said;
use crate::jobs;
use crate::{Error, Instance, Result, allow};
use domain::permission::{Act, Actor};
use domain::taxonomy::change::Operation;
use domain::{ProjectId, TaxonomyVersionId};

/// What publishing did.
#[derive(Debug, Clone, PartialEq)]
pub struct Publication {
    pub version: TaxonomyVersionId,
    pub number: i64,
    pub operations: Vec<Operation>,
    /// Answered items whose answers say the same under the new version.
    pub n_carried: i64,
    /// Items that need another look.
    pub n_need_look: i64,
}

/// The most characters of the note of a version.
pub const MAX_NOTE: usize = 2_000;

/// Publishes the draft as the next version. Items that were resolved to a label that is gone are settled again by a
/// job.
pub async fn publish(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    seen: i64,
    note: &str,
) -> Result<Publication> {
    allow(actor, Act::EditTaxonomy)?;
    let draft = unchanged(instance, project, seen).await?;
    if note.chars().count() > MAX_NOTE {
        return Err(Error::invalid("note", format!("a note has up to {MAX_NOTE} characters")));
    }
    if !draft.behind.is_empty() {
        return Err(behind(&draft));
    }
    if !draft.problems.is_empty() {
        return Err(problems(&draft.problems));
    }
    if draft.published.is_some() && draft.operations.is_empty() {
        return Err(Error::conflict(
            "The draft says what is published already: there is nothing to publish.",
        ));
    }
    let (n_carried, n_need_look) = reach(instance, project, &draft).await?;
    let base = draft.published.as_ref().map(|p| p.id);
    let (taxonomy, note, actor) = (draft.taxonomy, note.trim().to_owned(), *actor);
    let by = actor.person_id();
    // The job is enqueued in the same transaction, so that a crash can't lose it.
    let settling = jobs::new(by, Some(project), &SettleTaxonomy(project))?;
    let new = instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                if !tx.claim_draft(project, seen).await? {
                    return Ok(None);
                }
                let new = tx.publish_taxonomy(project, base, taxonomy, &note, by).await?;
                if let Some(new) = &new {
                    if n_need_look > 0 {
                        tx.enqueue_job(&settling).await?;
                    }
                    let target = format!("version {}", new.number);
                    tx.audit(&actor, Some(project), "published the taxonomy", &target, &note).await?;
                }
                Ok::<_, Error>(new)
            })
        })
        .await?;
    let Some(new) = new else {
        // Another person changed the draft or published a version in the meantime.
        let now = load(instance, project).await?;
        let is_theirs = now.edit != seen && now.behind.is_empty();
        return Err(if is_theirs { changed_by(now.updated_by.as_deref()) } else { behind(&now) });
    };
    jobs::wake(instance);
    Ok(Publication {
        version: new.id,
        number: new.number,
        operations: new.operations,
        n_carried,
        n_need_look,
    })
}

fn behind(draft: &Draft) -> Error {
    let number = draft.published.as_ref().map_or(0, |p| p.number);
    let steps: Vec<String> = draft.behind.iter().map(said).collect();
    Error::Conflict(format!(
        "Version {number} was published after this draft was begun ({}). Take it into the draft, look at the \
         result, then publish.",
        steps.join("; ")
    ))
}
