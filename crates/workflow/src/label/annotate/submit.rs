//! Taking an answer: where it lands, whether it counts, and what that makes of the item.

use super::frames::{Frame, frame};
use super::{By, Receipt, Submission};
use crate::error::FieldError;
use crate::{Error, Instance, Result, Thing};
use domain::answer::{Said, Standing, checked_labels};
use domain::consensus::{State, Vote, n_skips_in};
use domain::queue::{Extra, Facts, Holding, Step, free_slot, step};
use domain::taxonomy::Taxonomy;
use domain::{AssignmentId, LabelId, ProjectId, TaxonomyVersionId};
use std::sync::Arc;
use store::label::answer_context::AnswerContext;
use store::label::answers::{AnswerRow, Words};
use store::label::desk::Answering;
use store::label::labeling::LabelTx;
use store::label::leases::Hold;
use store::label::tally::Tally;

/// Longer notes are refused.
const MAX_NOTE: usize = 10_000;

/// A submission that fits on its own, with the taxonomy version that it speaks of.
#[derive(Clone)]
pub struct Checked {
    submission: Submission,
    frame: Option<Arc<Frame>>,
}

/// Looks at each submission by itself: what it says must be sound whatever the item.
pub async fn check(
    instance: &Instance,
    project: ProjectId,
    submissions: Vec<Submission>,
) -> Result<Vec<Arc<Result<Checked>>>> {
    let mut checked = Vec::with_capacity(submissions.len());
    for submission in submissions {
        match check_one(instance, project, submission).await {
            Err(Error::Store(error)) => return Err(Error::Store(error)),
            outcome => checked.push(Arc::new(outcome)),
        }
    }
    Ok(checked)
}

async fn check_one(instance: &Instance, project: ProjectId, mut s: Submission) -> Result<Checked> {
    if s.id.get_version_num() != 7 {
        return Err(Error::invalid("id", "An answer’s id is a UUID of version 7, made by whoever answers."));
    }
    if s.seconds.is_some_and(|t| !t.is_finite() || t < 0.0) {
        return Err(Error::invalid("seconds", "The time taken is a number of seconds, 0 or more."));
    }
    if s.confidence.is_some_and(|c| !(0.0..=1.0).contains(&c)) {
        return Err(Error::invalid("confidence", "Confidence is a number from 0 to 1."));
    }
    s.note = s.note.map(|n| n.trim().to_owned()).filter(|n| !n.is_empty());
    if s.note.as_ref().is_some_and(|n| n.chars().count() > MAX_NOTE) {
        return Err(Error::invalid("note", format!("A note has up to {MAX_NOTE} characters.")));
    }
    let Said::Labels(labels) = &s.said else { return Ok(Checked { submission: s, frame: None }) };
    let Some(version) = s.version else {
        return Err(Error::invalid(
            "taxonomy_version",
            "Say which taxonomy version the labels are of: the one that came with the items.",
        ));
    };
    let frame = frame(instance, project, version).await?;
    let labels = checked_labels(frame.task, &frame.taxonomy, labels)
        .map_err(|bad| Error::invalid("labels", bad.to_string()))?;
    s.said = Said::Labels(labels);
    Ok(Checked { submission: s, frame: Some(frame) })
}

/// Those that fit on their own.
pub fn answers(checked: &[Arc<Result<Checked>>]) -> Vec<Answering> {
    let good = checked.iter().filter_map(|one| one.as_ref().as_ref().ok());
    let answering = |s: &Submission| Answering { assignment: s.assignment, id: s.id.to_string() };
    good.map(|checked| answering(&checked.submission)).collect()
}

/// Takes the answers one after another. Only what the database itself refuses ends all of them.
pub async fn take_all(
    tx: &mut LabelTx<'_>,
    by: &By,
    project: ProjectId,
    checked: Vec<Arc<Result<Checked>>>,
) -> Result<Vec<Result<Receipt>>> {
    let mut receipts = Vec::with_capacity(checked.len());
    for one in checked {
        let receipt = match one.as_ref() {
            Ok(checked) => take(tx, by, project, checked).await,
            Err(error) => Err(copy(error)),
        };
        match receipt {
            Err(Error::Store(error)) => return Err(Error::Store(error)),
            receipt => receipts.push(receipt),
        }
    }
    Ok(receipts)
}

/// One answer. An error that is not the store's is found before anything is written.
async fn take(tx: &mut LabelTx<'_>, by: &By, project: ProjectId, checked: &Checked) -> Result<Receipt> {
    let s = &checked.submission;
    let id = s.id.to_string();
    let mut context = context(tx, project, s.assignment, &id).await?;
    let mut slot = Some(context.slot);
    if !context.holding.fills_slot() {
        let (plain, _) = tx.plain().await?;
        let (target, taken) = plain.taken_slots(context.queue, context.subject.item).await?;
        // The lease ran out, and the same person may have been given the item once more since then.
        let live = plain.live_assignment(context.queue, context.subject.item, by.answerer.person).await?;
        if let Some(live) = live.filter(|live| *live != context.assignment) {
            context = self::context(tx, project, live, &id).await?;
        }
        let keeps = context.holding.fills_slot() || context.beside || !taken.contains(&(context.slot as u32));
        slot = if keeps { Some(context.slot) } else { free_slot(target, &taken).map(i64::from) };
    }
    let earlier =
        if context.is_answered { tx.earlier_answers(context.subject.item).await? } else { Vec::new() };
    let mine =
        |row: &&AnswerRow| row.person_id == by.answerer.person && row.queue_id == Some(context.queue.0);
    let last = earlier.iter().filter(mine).max_by_key(|row| row.number);
    if let Some(row) = earlier.iter().find(|row| row.id == id) {
        return repeated(row, last, &context, by, s);
    }
    if context.id_is_taken {
        return Err(taken_id());
    }
    let now = Facts {
        holding: context.holding,
        queue_is_open: context.queue_is_open,
        slot_is_free: slot.is_some(),
        is_decided: context.subject.state == State::Adjudicated,
        is_stale: s.revision != context.subject.revision,
    };
    let (then, why) = match step(s.said.kind(), now) {
        Step::Refuse(too_late) => return Err(Error::conflict(too_late.to_string())),
        Step::Count(then) => (Some(then), None),
        Step::Keep(why) => (None, Some(why)),
    };
    let words = Words {
        id,
        revision: s.revision,
        said: s.said.clone(),
        note: s.note.clone(),
        version: version(tx, checked, &context).await?,
        confidence: s.confidence,
        seconds: s.seconds,
    };
    let number = last.map_or(0, |row| row.number) + 1;
    let standing = if then.is_some() { Standing::Counted } else { Standing::Extra };
    let answer = context.answer(by.answerer, number, standing, words, tx.now());
    if now.is_stale && !tx.plain().await?.0.is_revision_of(s.revision, answer.item).await? {
        return Err(Error::invalid("revision", "This is not a text of the item that was answered."));
    }
    if let Some(then) = then {
        let mut votes: Vec<Vote> = earlier.iter().map(AnswerRow::vote).collect::<store::Result<_>>()?;
        votes.push(answer.vote());
        let hold = move_on(tx, &context, then, slot.unwrap_or(context.slot), &votes).await?;
        tx.record(&context.subject, &votes, &answer, hold).await?;
    } else if !tx.keep_extra(&answer).await? {
        return Err(taken_id());
    }
    let is_replaced = false;
    Ok(Receipt {
        id: s.id,
        item: answer.item,
        number: answer.number,
        standing: answer.standing,
        why,
        is_replaced,
    })
}

async fn context(
    tx: &mut LabelTx<'_>,
    project: ProjectId,
    assignment: AssignmentId,
    id: &str,
) -> Result<AnswerContext> {
    let context = tx.answer_context(project, &Answering { assignment, id: id.to_owned() }).await?;
    context.ok_or(Error::NotFound(Thing::AnsweredItem))
}

/// The person now has something else of the item: slots, counts and the others' cursors follow. Returns what is to be
/// written of what they hold.
async fn move_on(
    tx: &mut LabelTx<'_>,
    context: &AnswerContext,
    then: Holding,
    slot: i64,
    votes: &[Vote],
) -> Result<Option<Hold>> {
    let subject = &context.subject;
    let change = |of: fn(Holding) -> bool| i64::from(of(then)) - i64::from(of(context.holding));
    let filled = if context.beside { 0 } else { change(Holding::fills_slot) };
    let stuck = n_skips_in(votes, subject.revision, context.queue) >= subject.stuck_after.max(1);
    if filled != 0 || stuck != context.stuck {
        let (plain, counts) = tx.plain().await?;
        let member = plain.fill(context.queue, subject.item, filled, Some(stuck), counts).await?;
        if filled < 0 || (context.stuck && !stuck) {
            plain.lower_cursors(context.queue, member.pool, member.rank).await?;
        }
    }
    let answered = change(|holding| holding == Holding::Answered);
    if answered != 0 {
        let counts = tx.counts();
        counts.answered(context.queue, context.person, context.pool, answered);
        counts.add(Tally::Queue(context.queue), if context.beside { "beside" } else { "answers" }, answered);
    }
    if then == context.holding {
        return Ok(None);
    }
    let now = tx.now();
    Ok(Some(Hold {
        assignment: context.assignment,
        was: context.holding,
        holding: then,
        slot,
        revision: subject.revision,
        until: if then == Holding::Leased { now.plus_seconds(context.lease_seconds) } else { now },
    }))
}

/// The same id again: the same receipt, if it is the same answer. `last` is what the person said last.
fn repeated(
    row: &AnswerRow,
    last: Option<&AnswerRow>,
    context: &AnswerContext,
    by: &By,
    s: &Submission,
) -> Result<Receipt> {
    let is_same = row.person_id == by.answerer.person
        && row.queue_id == Some(context.queue.0)
        && row.said()? == s.said
        && row.note == s.note;
    if !is_same {
        return Err(taken_id());
    }
    let (standing, why) = if row.is_counted() {
        (Standing::Counted, None)
    } else if row.revision_id != context.subject.revision {
        (Standing::Extra, Some(Extra::TextChanged))
    } else if !context.queue_is_open {
        (Standing::Extra, Some(Extra::QueueClosed))
    } else {
        (Standing::Extra, Some(Extra::SlotGone))
    };
    let is_replaced = match last {
        Some(last) => last.said()? != s.said || last.note != s.note,
        None => false,
    };
    Ok(Receipt { id: s.id, item: row.item_id, number: row.number, standing, why, is_replaced })
}

fn taken_id() -> Error {
    Error::conflict("Another answer was sent with this id. Make a new id for each answer.")
}

/// The version that an answer is recorded under: the newest, if the labels it names mean the same there.
async fn version(
    tx: &mut LabelTx<'_>,
    checked: &Checked,
    context: &AnswerContext,
) -> Result<Option<TaxonomyVersionId>> {
    let (Some(frame), Some(named)) = (&checked.frame, checked.submission.version) else { return Ok(None) };
    let (Some(newest), Said::Labels(labels)) = (context.subject.version, &checked.submission.said) else {
        return Ok(Some(named));
    };
    if newest == named {
        return Ok(Some(named));
    }
    let now = tx.plain().await?.0.taxonomy_document(newest).await?;
    let mean_the_same = labels.iter().all(|label| means_the_same(&frame.taxonomy, &now, *label));
    Ok(Some(if mean_the_same { newest } else { named }))
}

fn means_the_same(then: &Taxonomy, now: &Taxonomy, label: LabelId) -> bool {
    match (then.live(label), now.live(label)) {
        (Some(then), Some(now)) => {
            then.name == now.name
                && then.definition == now.definition
                && then.includes == now.includes
                && then.excludes_text == now.excludes_text
        }
        _ => false,
    }
}

/// Refusals are told for each answer; they hold nothing that can't be written again.
fn copy(error: &Error) -> Error {
    match error {
        Error::NotFound(what) => Error::NotFound(*what),
        Error::Forbidden(act) => Error::Forbidden(*act),
        Error::Conflict(why) => Error::Conflict(why.clone()),
        Error::Invalid(fields) => Error::Invalid(
            fields
                .iter()
                .map(|f| FieldError { field: f.field.clone(), message: f.message.clone() })
                .collect(),
        ),
        other => Error::internal(other),
    }
}
