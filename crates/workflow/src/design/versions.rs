//! Versions that were published, and what each of them changed.

use crate::{Instance, Result, allow};
use domain::ProjectId;
use domain::permission::{Act, Actor};
use domain::taxonomy::change::Operation;
use store::design::taxonomies::VersionRow;

/// How many versions a page shows.
const PAGE: i64 = 50;

/// Versions, newest first; `before` is the last number of the page before.
pub async fn versions(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    before: Option<i64>,
) -> Result<Vec<VersionRow>> {
    allow(actor, Act::SeeProject)?;
    Ok(instance.store.taxonomy_versions(project, before, PAGE).await?)
}

/// An operation as a person reads it.
pub fn said(operation: &Operation) -> String {
    match operation {
        Operation::Add { name, .. } => format!("added “{name}”"),
        Operation::Rename { from, to, .. } => format!("renamed “{from}” to “{to}”"),
        Operation::Redefine { name, .. } => format!("reworded the guideline of “{name}”"),
        Operation::Arrange { name, .. } => format!("changed key or place of “{name}”"),
        Operation::Retire { name, .. } => format!("retired “{name}”"),
        Operation::Restore { name, .. } => format!("brought back “{name}”"),
        Operation::Reorder => "changed the order".to_owned(),
    }
}
