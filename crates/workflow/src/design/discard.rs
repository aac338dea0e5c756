//! Forgetting the changes of the draft.

use super::draft::{Draft, save, unchanged};
use crate::{Instance, Result, allow};
use domain::ProjectId;
use domain::permission::{Act, Actor};

/// Resets the draft to what was published last.
pub async fn discard(instance: &Instance, actor: &Actor, project: ProjectId, seen: i64) -> Result<Draft> {
    allow(actor, Act::EditTaxonomy)?;
    let mut draft = unchanged(instance, project, seen).await?;
    let taxonomy = draft.published.as_ref().map(|p| (*p.taxonomy).clone()).unwrap_or_default();
    draft.base = draft.published.as_ref().map(|p| p.number);
    save(instance, actor, project, &draft, taxonomy).await
}
