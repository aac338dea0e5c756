//! What publishing the draft would do to the items that have answers.

use super::draft::{Draft, load};
use super::settle::{OPEN, carried, items_where};
use crate::{Instance, Result, allow};
use domain::consensus::State;
use domain::permission::{Act, Actor};
use domain::taxonomy::change::LabelMap;
use domain::{LabelId, ProjectId};
use store::design::taxonomies::OldAnswer;
use store::label::tally::Tally;

/// How many items are read at once.
const READ: i64 = 500;

/// States of items that have answers under the newest version.
const ANSWERED: [State; 4] = [State::Agreed, State::Adjudicated, State::Partial, State::Conflict];

/// How many answered items would say the same after the draft is published, and how many would need another look.
pub async fn impact(instance: &Instance, actor: &Actor, project: ProjectId) -> Result<(i64, i64)> {
    allow(actor, Act::SeeOthers)?;
    let draft = load(instance, project).await?;
    reach(instance, project, &draft).await
}

pub(super) async fn reach(instance: &Instance, project: ProjectId, draft: &Draft) -> Result<(i64, i64)> {
    let counts = instance.store.tally(Tally::Project(project)).await?;
    let answered: i64 = ANSWERED.iter().filter_map(|state| counts.get(state.as_str())).sum();
    let step = LabelMap::of(&draft.operations);
    let Some(published) = draft.published.as_ref().filter(|_| !step.0.is_empty()) else {
        return Ok((answered, 0));
    };
    let gone: Vec<LabelId> = step.0.keys().copied().collect();
    let mut n_need_look = instance.store.n_resolved_to(project, &gone).await?;
    let maps = instance.store.label_maps(published.id).await?;
    let leads_nowhere = |answer: &OldAnswer| match carried(&maps, answer) {
        Some(labels) => step.carry(&labels).is_none(),
        None => answer.labels.is_some(),
    };
    for state in OPEN {
        let mut after = 0;
        loop {
            let answers = instance.store.open_answers(project, None, state.as_str(), after, READ).await?;
            let Some(last) = answers.last() else { break };
            after = last.item_id.0;
            n_need_look += items_where(&answers, leads_nowhere).len() as i64;
        }
    }
    Ok((answered - n_need_look, n_need_look))
}
