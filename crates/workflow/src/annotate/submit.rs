//! Taking an answer: where it lands, whether it counts, and what that makes of the item.

use super::frames::{Frame, frame};
use super::{By, Receipt, Submission};
use crate::error::FieldError;
use crate::{Error, House, Result};
use domain::answer::{Said, Standing, checked_labels};
use domain::consensus::{State, Vote, n_skips_in};
use domain::queue::{Act, Extra, Ground, Holding, Step, free_slot, step};
use domain::taxonomy::Taxonomy;
use domain::{AssignmentId, LabelId, ProjectId, TaxonomyVersionId};
use std::sync::Arc;
use store::Tx;
use store::answers::{AnswerRow, GroundRow, NewAnswer};
use store::desk::Answering;
use store::leases::Hold;
use store::tally::{Counts, Tally};

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
    house: &House,
    project: ProjectId,
    submissions: Vec<Submission>,
) -> Result<Vec<Arc<Result<Checked>>>> {
    let mut checked = Vec::with_capacity(submissions.len());
    for submission in submissions {
        match check_one(house, project, submission).await {
            Err(Error::Store(error)) => return Err(Error::Store(error)),
            outcome => checked.push(Arc::new(outcome)),
        }
    }
    Ok(checked)
}

async fn check_one(house: &House, project: ProjectId, mut s: Submission) -> Result<Checked> {
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
    let frame = frame(house, project, version).await?;
    let labels = checked_labels(frame.task, &frame.taxonomy, labels)
        .map_err(|bad| Error::invalid("labels", bad.to_string()))?;
    s.said = Said::Labels(labels);
    Ok(Checked { submission: s, frame: Some(frame) })
}

/// The only answer that there is.
pub fn only(checked: &[Arc<Result<Checked>>]) -> Option<Answering> {
    if checked.len() == 1 { answers(checked).pop() } else { None }
}

/// Those that fit on their own.
pub fn answers(checked: &[Arc<Result<Checked>>]) -> Vec<Answering> {
    let good = checked.iter().filter_map(|one| one.as_ref().as_ref().ok());
    let answering = |s: &Submission| Answering { assignment: s.assignment, id: s.id.to_string() };
    good.map(|checked| answering(&checked.submission)).collect()
}

/// Takes the answers one after another. Only what the database itself refuses ends all of them. The ground of the
/// first may be known already.
pub async fn take_all(
    tx: &mut Tx,
    by: &By,
    project: ProjectId,
    checked: Vec<Arc<Result<Checked>>>,
    mut known: Option<GroundRow>,
    counts: &mut Counts,
) -> Result<Vec<Result<Receipt>>> {
    let mut receipts = Vec::with_capacity(checked.len());
    for one in checked {
        let receipt = match one.as_ref() {
            Ok(checked) => take(tx, by, project, checked, known.take(), counts).await,
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
async fn take(
    tx: &mut Tx,
    by: &By,
    project: ProjectId,
    checked: &Checked,
    known: Option<GroundRow>,
    counts: &mut Counts,
) -> Result<Receipt> {
    let s = &checked.submission;
    let id = s.id.to_string();
    let mut ground = match known {
        Some(ground) => ground,
        None => ground(tx, by, project, s.assignment, &id).await?,
    };
    let mut slot = Some(ground.slot);
    if !ground.holding.fills_slot() {
        let (target, taken) = tx.taken_slots(ground.queue, ground.subject.item).await?;
        // The lease ran out, and the same person may have been given the item once more since then.
        let live = tx.live_assignment(ground.queue, ground.subject.item, by.person).await?;
        if let Some(live) = live.filter(|live| *live != ground.assignment) {
            ground = self::ground(tx, by, project, live, &id).await?;
        }
        let keeps = ground.holding.fills_slot() || ground.beside || !taken.contains(&(ground.slot as u32));
        slot = if keeps { Some(ground.slot) } else { free_slot(target, &taken).map(i64::from) };
    }
    let earlier =
        if ground.is_answered { tx.answers_of_item(ground.subject.item).await? } else { Vec::new() };
    let mine = |row: &&AnswerRow| row.person_id == by.person && row.queue_id == Some(ground.queue.0);
    let last = earlier.iter().filter(mine).max_by_key(|row| row.number);
    if let Some(row) = earlier.iter().find(|row| row.id == id) {
        return repeated(row, last, &ground, by, s);
    }
    if ground.id_is_taken {
        return Err(taken_id());
    }
    let now = Ground {
        holding: ground.holding,
        queue_is_open: ground.queue_is_open,
        slot_is_free: slot.is_some(),
        is_decided: ground.subject.state == State::Adjudicated,
        is_stale: s.revision != ground.subject.revision,
    };
    let (then, why) = match step(act(&s.said), now) {
        Step::Refuse(too_late) => return Err(Error::conflict(too_late.to_string())),
        Step::Count(then) => (Some(then), None),
        Step::Keep(why) => (None, Some(why)),
    };
    let answer = NewAnswer {
        id,
        project,
        queue: Some(ground.queue),
        assignment: Some(ground.assignment),
        source: None,
        person: by.person,
        item: ground.subject.item,
        revision: s.revision,
        number: last.map_or(0, |row| row.number) + 1,
        said: s.said.clone(),
        note: s.note.clone(),
        confidence: s.confidence,
        seconds: s.seconds,
        version: version(tx, checked, &ground).await?,
        origin: by.origin,
        standing: if then.is_some() { Standing::Counted } else { Standing::Extra },
        sighted: by.sighted,
        strategy: Some(ground.strategy.clone()),
        round: Some(ground.round),
        score: ground.score,
        at: tx.now(),
    };
    if now.is_stale && !tx.is_revision_of(answer.revision, answer.item).await? {
        return Err(Error::invalid("revision", "This is not a text of the item that was answered."));
    }
    if let Some(then) = then {
        let mut votes: Vec<Vote> = earlier.iter().map(AnswerRow::vote).collect::<store::Result<_>>()?;
        votes.push(answer.vote());
        let hold = move_on(tx, &ground, then, slot.unwrap_or(ground.slot), &votes, counts).await?;
        tx.settle_with(&ground.subject, &votes, &answer, hold, counts).await?;
    } else if !tx.append_answer(&answer, counts).await? {
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

async fn ground(
    tx: &mut Tx,
    by: &By,
    project: ProjectId,
    assignment: AssignmentId,
    id: &str,
) -> Result<GroundRow> {
    let ground = tx.ground(project, by.person, assignment, id).await?;
    ground.ok_or(Error::NotFound("The item that was answered"))
}

/// The person now has something else of the item: slots, counts and the others' cursors follow. Returns what is to be
/// written of what they hold.
async fn move_on(
    tx: &mut Tx,
    ground: &GroundRow,
    then: Holding,
    slot: i64,
    votes: &[Vote],
    counts: &mut Counts,
) -> Result<Option<Hold>> {
    let subject = &ground.subject;
    let change = |of: fn(Holding) -> bool| i64::from(of(then)) - i64::from(of(ground.holding));
    let filled = if ground.beside { 0 } else { change(Holding::fills_slot) };
    let stuck = n_skips_in(votes, subject.revision, ground.queue) >= subject.stuck_after.max(1);
    if filled != 0 || stuck != ground.stuck {
        let member = tx.fill(ground.queue, subject.item, filled, Some(stuck), counts).await?;
        if filled < 0 || (ground.stuck && !stuck) {
            tx.lower_cursors(ground.queue, member.control, member.rank).await?;
        }
    }
    let answered = change(|holding| holding == Holding::Answered);
    if answered != 0 {
        counts.answered(ground.queue, ground.person, answered);
        counts.add(Tally::Queue(ground.queue), if ground.beside { "beside" } else { "answers" }, answered);
    }
    if then == ground.holding {
        return Ok(None);
    }
    let now = tx.now();
    Ok(Some(Hold {
        assignment: ground.assignment,
        was: ground.holding,
        holding: then,
        slot,
        revision: subject.revision,
        until: if then == Holding::Leased { now.plus_seconds(ground.lease_seconds) } else { now },
    }))
}

/// The same id again: the same receipt, if it is the same answer. `last` is what the person said last.
fn repeated(
    row: &AnswerRow,
    last: Option<&AnswerRow>,
    ground: &GroundRow,
    by: &By,
    s: &Submission,
) -> Result<Receipt> {
    let is_same = row.person_id == by.person
        && row.queue_id == Some(ground.queue.0)
        && row.said()? == s.said
        && row.note == s.note;
    if !is_same {
        return Err(taken_id());
    }
    let (standing, why) = if row.is_counted() {
        (Standing::Counted, None)
    } else if row.revision_id != ground.subject.revision {
        (Standing::Extra, Some(Extra::TextChanged))
    } else if !ground.queue_is_open {
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
async fn version(tx: &mut Tx, checked: &Checked, ground: &GroundRow) -> Result<Option<TaxonomyVersionId>> {
    let (Some(frame), Some(named)) = (&checked.frame, checked.submission.version) else { return Ok(None) };
    let (Some(newest), Said::Labels(labels)) = (ground.subject.version, &checked.submission.said) else {
        return Ok(Some(named));
    };
    if newest == named {
        return Ok(Some(named));
    }
    let now = tx.taxonomy_document(newest).await?;
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

fn act(said: &Said) -> Act {
    match said {
        Said::Labels(_) => Act::Label,
        Said::Skip(_) => Act::Skip,
        Said::Withdrawn => Act::Withdraw,
    }
}

/// Refusals are told for each answer; they hold nothing that can't be written again.
fn copy(error: &Error) -> Error {
    match error {
        Error::NotFound(what) => Error::NotFound(what),
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
