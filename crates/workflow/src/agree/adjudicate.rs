//! Deciding what people do not agree on: the owner's word stands beside the answers and resolves the item.

use crate::{Error, Instance, Result, Thing, allow};
use domain::answer::{Said, checked_labels};
use domain::consensus::State;
use domain::permission::{Act, Actor};
use domain::taxonomy::Taxonomy;
use domain::{ItemId, LabelId, ProjectId, RevisionId};
use store::label::answers::{NewAnswer, Words};
use uuid::Uuid;

/// What an owner decided, on which text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub item: ItemId,
    /// The text they read: a decision about another one is refused.
    pub revision: RevisionId,
    pub labels: Vec<LabelId>,
    pub note: String,
}

const MAX_NOTE: usize = 2_000;

/// Decides an item. A later decision replaces an earlier one; both are kept.
pub async fn decide(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    decision: Decision,
) -> Result<()> {
    allow(actor, Act::Adjudicate)?;
    let Some(person) = actor.person_id() else {
        return Err(Error::conflict("A decision needs a person who stands for it: sign in."));
    };
    let row = instance.store.project(project).await?.ok_or(Error::NotFound(Thing::Project))?;
    let Some((version, _, taxonomy)) = instance.store.published_taxonomy(project).await? else {
        return Err(Error::conflict("No taxonomy is published yet, so there is nothing to decide for."));
    };
    let labels = checked_labels(row.task, &taxonomy, &decision.labels)
        .map_err(|bad| Error::invalid("labels", bad.to_string()))?;
    let names = labels.iter().map(|id| name(&taxonomy, *id)).collect::<Vec<_>>().join(", ");
    let note = decision.note.trim().to_owned();
    if note.chars().count() > MAX_NOTE {
        return Err(Error::invalid("note", format!("a note has up to {MAX_NOTE} characters")));
    }
    let id = Uuid::now_v7().to_string();
    let (item, revision, actor) = (decision.item, decision.revision, *actor);
    instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                tx.lock_item(item).await?;
                let found = tx.item_now(project, item).await?;
                let (current, state) = found.ok_or(Error::NotFound(Thing::Item))?;
                if current != revision {
                    return Err(Error::conflict(
                        "The text of this item changed while you were looking at it: read it again, then decide.",
                    ));
                }
                if state == State::Adjudicated {
                    return Err(Error::conflict(
                        "This item was decided while you were looking at it: the first decision stands.",
                    ));
                }
                let earlier = tx.answers_of_item(item).await?;
                let mine = earlier.iter().filter(|a| a.person_id == person && a.queue_id.is_none());
                let number = mine.map(|a| a.number).max().unwrap_or(0) + 1;
                let words = Words {
                    id,
                    revision,
                    said: Said::Labels(labels),
                    note: (!note.is_empty()).then_some(note),
                    version: Some(version),
                    confidence: None,
                    seconds: None,
                };
                let answer = NewAnswer::decision(project, person, item, number, words, tx.now());
                let mut counts = store::label::tally::TallyChanges::default();
                if !tx.append_answer(&answer, &mut counts).await? {
                    return Err(Error::conflict("The decision could not be saved: send it again."));
                }
                tx.settle_consensus(project, item, &mut counts).await?;
                tx.count_all(counts, item.0).await?;
                tx.audit(&actor, Some(project), "decided", &format!("item {item}"), &names).await?;
                Ok(())
            })
        })
        .await
}

fn name(taxonomy: &Taxonomy, id: LabelId) -> String {
    taxonomy.labels.iter().find(|l| l.id == id).map_or_else(|| id.to_string(), |l| l.name.clone())
}
