//! The taxonomy that people label with.

use crate::{Instance, Result, allow};
use domain::permission::{Act, Actor};
use domain::taxonomy::Taxonomy;
use domain::{LabelId, ProjectId, TaxonomyVersionId};
use std::sync::Arc;

/// The version that people label with.
#[derive(Debug, Clone)]
pub struct Published {
    pub id: TaxonomyVersionId,
    pub number: i64,
    pub taxonomy: Arc<Taxonomy>,
}

/// What people label with now, if a version was published.
pub async fn published(instance: &Instance, actor: &Actor, project: ProjectId) -> Result<Option<Published>> {
    allow(actor, Act::SeeProject)?;
    newest(instance, project).await
}

pub(super) async fn newest(instance: &Instance, project: ProjectId) -> Result<Option<Published>> {
    let newest = instance.store.published_taxonomy(project).await?;
    Ok(newest.map(|(id, number, taxonomy)| Published { id, number, taxonomy }))
}

/// How many items carry each label; labels that none carries are left out.
pub async fn label_counts(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
) -> Result<Vec<(LabelId, i64)>> {
    allow(actor, Act::SeeOthers)?;
    Ok(instance.store.label_counts(project).await?)
}
