//! Between the words of the desk and those of the workflow.

use crate::parts::labels::hue_class;
use crate::web::error::api_error;
use crate::web::page::ProjectPage;
use crate::wire::label::{Card, Choice, Fate, Remaining, Sent, Setting, Turn, Word};
use crate::wire::{ApiError, Code};
use domain::answer::{Said, SkipReason, Standing};
use domain::permission::Actor;
use domain::project::Task;
use domain::{AssignmentId, LabelId, ProjectId, QueueId, RevisionId, TaxonomyVersionId, Time};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use uuid::Uuid;
use workflow::design::{self, Published};
use workflow::label::annotate::{self, Batch, Receipt, Served, Submission};
use workflow::label::queues;
use workflow::{Error, Instance};

/// Everything that a desk needs before the first text; nothing where no taxonomy is published.
pub async fn setting(page: &ProjectPage, queue: QueueId) -> Result<Option<Setting>, Error> {
    let (instance, actor, project) = (page.instance(), page.actor(), &page.project);
    let view = queues::view(instance, actor, project.id, queue).await?;
    let published = design::published(instance, actor, project.id).await?;
    let Some(Published { id: version, taxonomy, .. }) = published else {
        return Ok(None);
    };
    let keys = taxonomy.keys();
    let choices = taxonomy
        .offered()
        .into_iter()
        .map(|label| Choice {
            id: label.id.0,
            name: label.name.clone(),
            hue: hue_class(label.hue, label.other),
            key: keys.iter().find(|(id, _)| *id == label.id).and_then(|(_, key)| *key),
            definition: label.definition.clone(),
            includes: label.includes.clone(),
            excludes: label.excludes_text.clone(),
            examples: label.examples.clone(),
            counter_examples: label.counter_examples.clone(),
        })
        .collect();
    let note = (!view.note.is_empty()).then(|| Choice {
        name: "This queue".to_owned(),
        definition: view.note,
        ..Choice::default()
    });
    Ok(Some(Setting {
        slug: project.slug.clone(),
        project: project.name.clone(),
        queue: queue.0,
        queue_name: view.name,
        note,
        person: actor.person.0,
        version: version.0,
        choices,
        several: project.task == Task::Multi,
        confirm: project.settings.0.confirm_picks,
        answers: view.progress.answers,
        slots: view.progress.slots.max(1),
        mine: view.mine,
        reasons: SkipReason::ALL.map(|r| (r.as_str().to_owned(), r.title().to_owned())).to_vec(),
    }))
}

/// A turn of the desk: answers that can't be read are refused one by one, the others are saved.
pub async fn turn(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    queue: QueueId,
    sent: Vec<Sent>,
    n: usize,
) -> Result<Turn, Error> {
    let ids: Vec<String> = sent.iter().map(|s| s.id.clone()).collect();
    let read: Vec<Result<Submission, Error>> = sent.iter().map(submission).collect();
    let sound: Vec<Submission> = read.iter().filter_map(|r| r.as_ref().ok().cloned()).collect();
    let (receipts, batch) = annotate::submit_and_next(instance, actor, project, queue, sound, n).await?;
    let mut receipts = receipts.into_iter();
    let fates = read
        .into_iter()
        .zip(ids)
        .filter_map(|(read, id)| match read {
            Ok(_) => receipts.next().map(|receipt| fate(id, receipt)),
            Err(error) => Some(fate(id, Err(error))),
        })
        .collect();
    Ok(Turn {
        fates,
        rest: remaining(&batch),
        cards: batch.items.into_iter().map(card).collect(),
        version: batch.version.map_or(0, |version| version.0),
    })
}

/// A desk outlives its session: what it kept for one person must not go out under the name of another.
pub fn is_theirs(actor: &Actor, person: Option<i64>) -> Result<(), ApiError> {
    match person {
        Some(person) if person != actor.person.0 => {
            Err(ApiError::new(Code::Unauthorized, "Somebody else is signed in in this browser now."))
        }
        _ => Ok(()),
    }
}

pub fn remaining(batch: &Batch) -> Remaining {
    match batch.rest {
        annotate::Rest::More => Remaining::More,
        annotate::Rest::Waiting => Remaining::Waiting,
        annotate::Rest::Done => Remaining::Done,
        annotate::Rest::Closed => Remaining::Closed,
        annotate::Rest::Filling => Remaining::Filling,
    }
}

pub fn card(served: Served) -> Card {
    let mut beside: Vec<(String, String)> =
        served.event_at.and_then(day).map(|at| ("Received".to_owned(), at)).into_iter().collect();
    beside.extend(served.fields);
    Card { assignment: served.assignment.0, revision: served.revision.0, text: served.text, beside }
}

fn day(time: Time) -> Option<String> {
    let at = Timestamp::from_microsecond(time.0).ok()?.to_zoned(TimeZone::UTC);
    Some(at.strftime("%-d %b %Y, %H:%M").to_string())
}

fn submission(sent: &Sent) -> Result<Submission, Error> {
    let said = match &sent.word {
        Word::Labels(labels) => Said::Labels(labels.iter().copied().map(LabelId).collect()),
        Word::Skip(reason) => Said::Skip(
            SkipReason::parse(reason)
                .ok_or_else(|| Error::invalid("reason", "Choose why the text is skipped."))?,
        ),
        Word::Withdrawn => Said::Withdrawn,
    };
    Ok(Submission {
        id: Uuid::parse_str(&sent.id).map_err(|_| Error::invalid("id", "An answer’s id is a UUID."))?,
        assignment: AssignmentId(sent.assignment),
        revision: RevisionId(sent.revision),
        said,
        version: Some(TaxonomyVersionId(sent.version)),
        seconds: sent.seconds,
        note: sent.note.clone(),
        confidence: None,
    })
}

fn fate(id: String, outcome: Result<Receipt, Error>) -> Fate {
    match outcome {
        Ok(receipt) => Fate {
            id,
            saved: true,
            counts: receipt.standing == Standing::Counted,
            message: receipt.why.map(|why| why.to_string()),
        },
        Err(error) => Fate { id, saved: false, counts: false, message: Some(api_error(error).message) },
    }
}

/// One answer from the form without JavaScript. A page to which a person went back still has the id of what they said
/// there before. Where that id stands for something else, or they have said something else since, what they say now
/// comes last: it is a correction, with an id of its own.
pub async fn one(page: &ProjectPage, sent: &Sent) -> Result<Receipt, Error> {
    let (instance, actor, project) = (page.instance(), page.actor(), page.project.id);
    let mut said = submission(sent)?;
    match annotate::submit(instance, actor, project, said.clone()).await {
        Ok(receipt) if !receipt.is_replaced => return Ok(receipt),
        Ok(_) | Err(Error::Conflict(_)) => {}
        Err(error) => return Err(error),
    }
    said.id = Uuid::now_v7();
    annotate::submit(instance, actor, project, said).await
}
