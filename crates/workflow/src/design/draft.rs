//! The draft of the next version. Several people may change it (optimistic locking): every change names the draft
//! that its author saw, and is refused if the draft has changed since.

use super::published::{Published, newest};
use crate::{Error, Instance, Result, allow};
use domain::permission::{Act, Actor};
use domain::taxonomy::change::{Operation, operations};
use domain::taxonomy::{Problem, Taxonomy};
use domain::{ProjectId, Time};
use std::sync::Arc;

/// The draft beside what is published.
#[derive(Debug, Clone)]
pub struct Draft {
    pub taxonomy: Taxonomy,
    /// The number of the draft, for the form that changes it. 0 before the first change.
    pub edit: i64,
    pub updated_by: Option<String>,
    pub updated_at: Option<Time>,
    /// The number of the version on which the draft was begun.
    pub base: Option<i64>,
    pub published: Option<Published>,
    /// What publishing would change in the version on which the draft was begun.
    pub operations: Vec<Operation>,
    /// What keeps it from being published.
    pub problems: Vec<Problem>,
    /// What was published since the draft was begun. These operations are not in the draft yet.
    pub behind: Vec<Operation>,
}

/// The draft. Before the first change it is what was published last.
pub async fn draft(instance: &Instance, actor: &Actor, project: ProjectId) -> Result<Draft> {
    allow(actor, Act::SeeOthers)?;
    load(instance, project).await
}

pub(super) async fn load(instance: &Instance, project: ProjectId) -> Result<Draft> {
    let published = newest(instance, project).await?;
    let row = instance.store.taxonomy_draft(project).await?;
    let current = published.as_ref().map(|p| (*p.taxonomy).clone()).unwrap_or_default();
    let Some(row) = row else {
        return Ok(Draft {
            problems: current.problems(),
            taxonomy: current,
            edit: 0,
            updated_by: None,
            updated_at: None,
            base: published.as_ref().map(|p| p.number),
            published,
            operations: Vec::new(),
            behind: Vec::new(),
        });
    };
    let base = match row.base {
        Some(base) => instance.store.taxonomy(base).await?,
        None => Arc::default(),
    };
    let number = match row.base {
        Some(base) => Some(instance.store.taxonomy_number(project, base).await?),
        None => None,
    };
    let is_current = row.base == published.as_ref().map(|p| p.id);
    Ok(Draft {
        operations: operations(&base, &row.taxonomy),
        problems: row.taxonomy.problems(),
        behind: if is_current { Vec::new() } else { operations(&base, &current) },
        taxonomy: row.taxonomy,
        edit: row.edit,
        updated_by: row.updated_by,
        updated_at: Some(row.updated_at),
        base: number,
        published,
    })
}

/// The draft, if it has not changed since the person saw it.
pub(super) async fn unchanged(instance: &Instance, project: ProjectId, seen: i64) -> Result<Draft> {
    let draft = load(instance, project).await?;
    if draft.edit == seen { Ok(draft) } else { Err(changed_by(draft.updated_by.as_deref())) }
}

pub(super) async fn save(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    draft: &Draft,
    taxonomy: Taxonomy,
) -> Result<Draft> {
    let base = match (draft.base, &draft.published) {
        (Some(number), Some(published)) if number == published.number => Some(published.id),
        (None, _) => None,
        // It was begun on an earlier version, and stays on that one until a person merges the newer one.
        _ => instance.store.taxonomy_draft(project).await?.and_then(|row| row.base),
    };
    let (seen, by) = (draft.edit, actor.person_id());
    let saved = instance
        .store
        .write(move |tx| {
            Box::pin(async move { Ok::<_, Error>(tx.save_draft(project, seen, base, &taxonomy, by).await?) })
        })
        .await?;
    let now = load(instance, project).await?;
    if saved { Ok(now) } else { Err(changed_by(now.updated_by.as_deref())) }
}

pub(super) fn changed_by(name: Option<&str>) -> Error {
    let who = name.unwrap_or("Someone");
    Error::Conflict(format!(
        "{who} changed the draft after you opened it, so nothing was saved. What you typed is still here: look at \
         the draft as it is now, then save again."
    ))
}
