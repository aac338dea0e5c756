//! Settling: items are brought in line with the version that was published last.

use super::published::newest;
use crate::jobs::{self, Halt, Job, JobOutcome, JobView, Running, Stop};
use crate::{Error, Instance, Result, allow};
use domain::consensus::State;
use domain::job::JobState;
use domain::permission::{Act, Actor};
use domain::{ItemId, JobId, LabelId, ProjectId, TaxonomyVersionId};
use serde::{Deserialize, Serialize};
use store::design::taxonomies::{LabelMaps, OldAnswer};
use store::label::tally::TallyChanges;

/// How many items are settled in one transaction.
const PIECE: i64 = 25;
/// States of items that have answers and are not resolved.
pub(super) const OPEN: [State; 2] = [State::Partial, State::Conflict];

/// Brings items in line with the newest version. Items that are resolved to a label that is no longer offered need
/// another look, and so do open items with such an answer. It is idempotent and works in pieces, so it can stop
/// anywhere. A job does it after each publication, and every release does it again before it reads labels.
pub async fn settle(instance: &Instance, project: ProjectId) -> Result<()> {
    match settle_for(instance, project, None).await {
        Ok(_) => Ok(()),
        Err(Halt::Failed(error)) => Err(error),
        Err(Halt::Stop(_)) => Err(Error::conflict("The work was stopped.")),
    }
}

/// The job that settles, if it is not done: it is under way, or it was stopped.
pub async fn settling(instance: &Instance, actor: &Actor, project: ProjectId) -> Result<Option<JobView>> {
    allow(actor, Act::SeeOthers)?;
    let job = jobs::newest(instance, project, &SettleTaxonomy(project)).await?;
    Ok(job.filter(|job| job.state != JobState::Done))
}

/// Enqueues the job again after it was stopped.
pub async fn settle_again(instance: &Instance, actor: &Actor, project: ProjectId) -> Result<JobId> {
    allow(actor, Act::EditTaxonomy)?;
    jobs::enqueue(instance, actor.person_id(), Some(project), &SettleTaxonomy(project)).await
}

/// The job that settles.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct SettleTaxonomy(pub ProjectId);

impl Job for SettleTaxonomy {
    const NAME: &'static str = "settle_taxonomy";
    const TITLE: &'static str = "New taxonomy";

    async fn run(self, instance: &Instance, running: &Running) -> JobOutcome {
        running.progress(0, None, "Looking at the labels").await?;
        let n_items = settle_for(instance, self.0, Some(running)).await?;
        Ok(serde_json::json!({ "items": n_items }))
    }
}

async fn settle_for(
    instance: &Instance,
    project: ProjectId,
    run: Option<&Running>,
) -> std::result::Result<i64, Halt> {
    let Some(published) = newest(instance, project).await? else { return Ok(0) };
    let retired: Vec<LabelId> =
        published.taxonomy.labels.iter().filter(|l| l.retired).map(|l| l.id).collect();
    if retired.is_empty() {
        return Ok(0);
    }
    let mut done = 0;
    let (store, version) = (&instance.store, published.id);
    for label in retired {
        let mut after = 0;
        loop {
            let items = store.resolved_to(project, label, after, PIECE).await?;
            let Some(last) = items.last() else { break };
            after = last.0;
            done += resettle(instance, project, items).await?;
            tell(run, done).await?;
        }
    }
    let maps = store.label_maps(version).await?;
    for state in OPEN {
        let mut after = 0;
        loop {
            let answers = store.open_answers(project, Some(version), state.as_str(), after, PIECE).await?;
            let Some(last) = answers.last() else { break };
            after = last.item_id.0;
            let items = items_where(&answers, |a| a.labels.is_some() && carried(&maps, a).is_none());
            done += resettle(instance, project, items).await?;
            tell(run, done).await?;
        }
    }
    Ok(done)
}

async fn tell(run: Option<&Running>, done: i64) -> std::result::Result<(), Stop> {
    match run {
        Some(run) => run.progress(done, None, "Taking back labels that are gone").await,
        None => Ok(()),
    }
}

/// Resolves items again from their answers. Returns how many.
async fn resettle(instance: &Instance, project: ProjectId, items: Vec<ItemId>) -> Result<i64> {
    if items.is_empty() {
        return Ok(0);
    }
    let n = items.len() as i64;
    instance
        .store
        .write_background(move |tx| {
            Box::pin(async move {
                let mut counts = TallyChanges::default();
                for item in items {
                    tx.settle_consensus(project, item, &mut counts).await?;
                }
                tx.count_all(counts, project.0).await?;
                Ok::<_, Error>(n)
            })
        })
        .await
}

/// What an answer says under the version to which the maps lead. None if one of its labels is gone.
pub(super) fn carried(maps: &LabelMaps, answer: &OldAnswer) -> Option<Vec<LabelId>> {
    let labels = &answer.labels.as_ref()?.0;
    match answer.taxonomy_version_id.and_then(|v| maps.get(&TaxonomyVersionId(v))) {
        Some(map) => map.carry(labels),
        // It was given under this version.
        None => Some(labels.clone()),
    }
}

pub(super) fn items_where(answers: &[OldAnswer], is: impl Fn(&OldAnswer) -> bool) -> Vec<ItemId> {
    let mut items: Vec<ItemId> = answers.iter().filter(|a| is(a)).map(|a| a.item_id).collect();
    items.dedup();
    items
}
