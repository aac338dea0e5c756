//! Bringing the draft up to what was published after it was begun.

use super::draft::{Draft, save, unchanged};
use crate::{Instance, Result, allow};
use domain::ProjectId;
use domain::permission::{Act, Actor};
use domain::taxonomy::Taxonomy;
use std::sync::Arc;

/// Merges what was published since the draft was begun into the draft. What the draft itself changed stays.
pub async fn catch_up(instance: &Instance, actor: &Actor, project: ProjectId, seen: i64) -> Result<Draft> {
    allow(actor, Act::EditTaxonomy)?;
    let mut draft = unchanged(instance, project, seen).await?;
    let Some(published) = draft.published.clone() else { return Ok(draft) };
    let base = base_taxonomy(instance, project).await?;
    let taxonomy = draft.taxonomy.rebased(&base, &published.taxonomy);
    draft.base = Some(published.number);
    save(instance, actor, project, &draft, taxonomy).await
}

async fn base_taxonomy(instance: &Instance, project: ProjectId) -> Result<Arc<Taxonomy>> {
    match instance.store.taxonomy_draft(project).await?.and_then(|row| row.base) {
        Some(base) => Ok(instance.store.taxonomy(base).await?),
        None => Ok(Arc::default()),
    }
}
