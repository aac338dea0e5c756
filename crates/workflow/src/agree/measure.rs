//! Agreement: how alike people answer, beyond chance, with intervals. And what they do not agree on.
//!
//! The pool holds independent answers: of each person, in a queue, the latest revision of what they first said of
//! an item, on its current content, unsighted, and of each item the first as many as its queue asked for.

mod cache;
mod figures;
mod votes;

#[cfg(test)]
mod tests;

pub use cache::Cache;
pub use figures::{Agreement, Figure, LabelFigure, MeanFigure, PairFigure, PersonFigure};

use crate::{Error, Instance, Result, allow};
use cache::Kept;
use domain::answer::{Kind, Origin};
use domain::permission::{Act, Actor};
use domain::{ItemId, LabelId, ProjectId, QueueId, RevisionId, Time};
use std::collections::HashMap;
use std::sync::Arc;
use store::agree::votes::ConflictAnswer;
use votes::Votes;

/// Figures over more answers than this may be shown for some time after new answers have come.
const LARGE: usize = 5_000;
/// How long such figures may be shown: one second for so many answers. Figures over 50,000 answers are computed at
/// most once a minute.
const ANSWERS_A_SECOND: f64 = 800.0;

/// Agreement over a whole project, or in one of its queues.
pub async fn agreement(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    queue: Option<QueueId>,
) -> Result<Arc<Agreement>> {
    allow(actor, Act::SeeOthers)?;
    let _turn = instance.agreement.turn(project).await;
    let stamp = instance.store.votes_stamp(project).await?;
    let now = instance.store.now();
    if let Some(kept) = instance.agreement.kept(project, queue) {
        let n = kept.agreement.n_answers;
        let is_young = n > LARGE && now.seconds_since(kept.at) < n as f64 / ANSWERS_A_SECOND;
        if kept.stamp == stamp || is_young {
            return Ok(kept.agreement);
        }
    }
    let pool = Votes::load(instance, project, queue).await?;
    let mut agreement =
        tokio::task::spawn_blocking(move || figures::measure(&pool, now)).await.map_err(Error::internal)?;
    let people: Vec<_> = agreement.people.iter().map(|p| p.person).collect();
    let names = instance.store.person_names(&people).await?;
    for person in &mut agreement.people {
        person.name = names.get(&person.person).cloned().unwrap_or_default();
    }
    let agreement = Arc::new(agreement);
    instance.agreement.keep(project, queue, Kept { stamp, at: now, agreement: agreement.clone() });
    Ok(agreement)
}

/// The figures over a whole project that were computed last, if there are any. It never waits for a computation.
pub async fn last_agreement(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
) -> Result<Option<Arc<Agreement>>> {
    allow(actor, Act::SeeOthers)?;
    Ok(instance.agreement.kept(project, None).map(|kept| kept.agreement))
}

/// An item that people do not agree on, with what each of them said last.
#[derive(Debug, Clone, PartialEq)]
pub struct Conflict {
    pub item: ItemId,
    pub revision: RevisionId,
    pub external_id: String,
    pub text: String,
    pub answers: Vec<Said>,
}

/// The answer of one person.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    pub person: String,
    /// None if the item was skipped.
    pub labels: Option<Vec<LabelId>>,
    pub skip_reason: Option<String>,
    pub note: Option<String>,
    pub origin: Origin,
    pub sighted: bool,
    pub at: Time,
}

/// How many conflicts a page shows.
pub const CONFLICTS: i64 = 20;

/// Items in conflict after an id, oldest first.
pub async fn conflicts(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    queue: Option<QueueId>,
    after: Option<ItemId>,
) -> Result<Vec<Conflict>> {
    allow(actor, Act::SeeOthers)?;
    let after = after.map_or(0, |item| item.0);
    let rows = instance.store.conflicts(project, queue, after, CONFLICTS).await?;
    let items: Vec<ItemId> = rows.iter().map(|row| row.item_id).collect();
    let mut answers: HashMap<ItemId, Vec<ConflictAnswer>> = HashMap::new();
    for answer in instance.store.answers_side_by_side(&items).await? {
        let of_item = answers.entry(answer.item_id).or_default();
        // A later answer of the same person replaces the earlier one.
        of_item.retain(|earlier| earlier.person_id != answer.person_id);
        of_item.push(answer);
    }
    let said = |answer: ConflictAnswer| Said {
        labels: (answer.kind == Kind::Labels).then_some(answer.labels.0),
        person: answer.person,
        skip_reason: answer.skip_reason,
        note: answer.note,
        origin: answer.origin,
        sighted: answer.sighted,
        at: Time(answer.at),
    };
    Ok(rows
        .into_iter()
        .map(|row| Conflict {
            answers: answers
                .remove(&row.item_id)
                .unwrap_or_default()
                .into_iter()
                .filter(|a| a.kind != Kind::Withdrawn)
                .map(said)
                .collect(),
            item: row.item_id,
            revision: row.revision_id,
            external_id: row.external_id,
            text: row.text,
        })
        .collect())
}
