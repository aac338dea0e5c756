//! A person takes items from a queue and answers them: the way that every keypress goes.
//!
//! What becomes of an answer is decided by [`domain::queue::step`]; the constraints of the database hold what
//! the decision promises, whatever comes at once. Nothing that was said is thrown away: what does not count is
//! kept and says why.

mod frames;
mod serve;
#[cfg(test)]
mod storm;
mod submit;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod world;

pub use frames::Frames;

use crate::{Error, Instance, Result, allow};
use domain::answer::{Origin, Said, Standing};
use domain::permission::{Act, Actor, Role, sighted};
use domain::queue::Extra;
use domain::{AssignmentId, ItemId, ProjectId, QueueId, RevisionId, TaxonomyVersionId, Time};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::label::answer_context::Answerer;
use store::label::labeling::LabelRequest;
use uuid::Uuid;

/// Items that a person holds, and what comes after them.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    pub items: Vec<Served>,
    pub rest: Rest,
    /// The taxonomy version that they are answered with.
    pub version: Option<TaxonomyVersionId>,
}

/// One item as the person who is to answer it may see it: nothing of others, of models, of what it is checked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Served {
    pub assignment: AssignmentId,
    pub item: ItemId,
    pub revision: RevisionId,
    pub text: String,
    /// When what it tells of happened.
    pub event_at: Option<Time>,
    /// Only those that the project shows, in its order.
    pub fields: Vec<(String, String)>,
    pub lease_until: Time,
}

/// What a queue has for a person beyond the items they hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rest {
    /// There may be more.
    More,
    /// Nothing right now: others hold what is left.
    Waiting,
    /// Nothing is left for this person.
    Done,
    Closed,
    /// The queue is still taking items in.
    Filling,
}

/// An answer on its way in.
#[derive(Debug, Clone, PartialEq)]
pub struct Submission {
    /// Made by whoever answers, version 7: sending the same twice is one answer.
    pub id: Uuid,
    pub assignment: AssignmentId,
    /// The text that was answered.
    pub revision: RevisionId,
    pub said: Said,
    /// The labels were chosen from this version; not needed to skip or to take back.
    pub version: Option<TaxonomyVersionId>,
    pub seconds: Option<f64>,
    pub note: Option<String>,
    /// 0 to 1.
    pub confidence: Option<f64>,
}

/// What became of an answer that is safe now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    pub id: Uuid,
    pub item: ItemId,
    /// Its place in what this person said of the item in this queue.
    pub number: i64,
    pub standing: Standing,
    /// Why it does not count, where it does not.
    pub why: Option<Extra>,
    /// It was sent before, and its person has said something else of the item since.
    #[serde(skip)]
    pub is_replaced: bool,
}

/// The items that a person holds in a queue, filled up to `n` (at most 20) with the next ones that are theirs to
/// answer. Leases they hold are renewed.
pub async fn next(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    queue: QueueId,
    n: usize,
) -> Result<Batch> {
    let (_, batch) = submit_and_next(instance, actor, project, queue, Vec::new(), n).await?;
    Ok(batch)
}

/// One answer.
pub async fn submit(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    submission: Submission,
) -> Result<Receipt> {
    let mut receipts = submit_many(instance, actor, project, vec![submission]).await?;
    receipts.pop().unwrap_or_else(|| Err(Error::internal("an answer without an outcome")))
}

/// Several answers, each with its own outcome: one that does not fit keeps no other back. In the order given.
pub async fn submit_many(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    submissions: Vec<Submission>,
) -> Result<Vec<Result<Receipt>>> {
    allow(actor, Act::Label)?;
    let (by, checked) = (By::of(actor)?, submit::check(instance, project, submissions).await?);
    take_in_pieces(instance, by, project, &checked).await
}

/// Many answers come when someone was offline, or from a program: other people don't wait for all of them.
async fn take_in_pieces(
    instance: &Instance,
    by: By,
    project: ProjectId,
    checked: &[Arc<Result<submit::Checked>>],
) -> Result<Vec<Result<Receipt>>> {
    let mut receipts = Vec::with_capacity(checked.len());
    for piece in checked.chunks(AT_ONCE) {
        let piece = piece.to_vec();
        let request =
            LabelRequest { person: by.answerer.person, queue: None, answers: submit::answers(&piece) };
        let taken = instance.store.label(request, move |tx| {
            Box::pin(async move { submit::take_all(tx, &by, project, piece).await })
        });
        receipts.extend(taken.await?);
    }
    Ok(receipts)
}

/// What a desk does at a keypress: the answers given, then the next items, in one transaction.
pub async fn submit_and_next(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    queue: QueueId,
    submissions: Vec<Submission>,
    n: usize,
) -> Result<(Vec<Result<Receipt>>, Batch)> {
    allow(actor, Act::Label)?;
    let (by, mut checked) = (By::of(actor)?, submit::check(instance, project, submissions).await?);
    let last = checked.split_off(checked.len().saturating_sub(1) / AT_ONCE * AT_ONCE);
    let mut receipts = take_in_pieces(instance, by, project, &checked).await?;
    let request =
        LabelRequest { person: by.answerer.person, queue: Some(queue), answers: submit::answers(&last) };
    let write = instance.store.label(request, move |tx| {
        Box::pin(async move {
            let receipts = submit::take_all(tx, &by, project, last).await?;
            let batch = serve::serve(tx, &by, project, queue, n).await?;
            Ok::<_, Error>((receipts, batch))
        })
    });
    let (of_last, batch) = write.await?;
    receipts.extend(of_last);
    Ok((receipts, batch))
}

/// Answers that are taken in one transaction.
const AT_ONCE: usize = 16;

/// Who answers, as far as it matters here.
#[derive(Debug, Clone, Copy)]
struct By {
    answerer: Answerer,
}

impl By {
    fn of(actor: &Actor) -> Result<By> {
        // The command line is no person whose answer it could be.
        let person = actor.person_id().ok_or(Error::Forbidden(Act::Label))?;
        let origin = if actor.roles.has(Role::Machine) { Origin::Machine } else { Origin::Queue };
        Ok(By { answerer: Answerer { person, sighted: sighted(actor), origin } })
    }

    /// Only people who see no more than an annotator take slots: the others answer beside them.
    fn beside(self) -> bool {
        self.answerer.sighted || self.answerer.origin == Origin::Machine
    }
}
