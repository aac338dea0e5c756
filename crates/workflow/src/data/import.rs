//! Text comes in: a file is looked at, its columns are confirmed, its rows become items; rows that can't be taken
//! are kept with the reason. An import can be brought again (what is known stays as it is) and taken back.

mod cautions;
mod frequent;
mod guess;
mod known;
mod label_cell;
mod labels;
mod mapping;
mod noticed;
mod rejects;
mod run;
mod sample;
mod undo;
mod when;

#[cfg(test)]
mod tests;

pub use guess::{Guess, Reason};
pub(crate) use known::KnownLabels;
pub(crate) use labels::Names;
pub(crate) use noticed::{FEW_ROWS, LARGE_GROUP, empty_splits, large_group};
pub use rejects::rejects_csv;
pub use run::{Ended, Progress};
pub use sample::{Sample, look};
pub use store::data::sources::{Reject, Source};
pub use undo::{run_undo_job, undo};

use crate::jobs::{self, Halt, JobOutcome, Kind, Running};
use crate::{Error, Instance, Result, allow};
use domain::item::control_threshold;
use domain::permission::{Act, Actor, may};
use domain::source::{Format, LabelUse, Mapping, RowCounts, SourceState};
use domain::{JobId, ProjectId, SourceId};
use mapping::Mapper;
use noticed::{Noticed, rows};
use run::Load;
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::data::blobs::BlobWriter;
use store::data::sources::NewSource;
use store::label::tally::Tally;
use tokio::sync::watch;

/// Rows of a page of imports or of refused rows.
pub const PAGE: i64 = 50;

/// What the job of an import is made with.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Payload {
    pub source: SourceId,
}

/// An uploaded file with its columns, before it is taken in.
#[derive(Debug)]
pub struct Preview {
    pub source: Source,
    pub sample: Sample,
    /// What people should know before its rows are taken in.
    pub cautions: Vec<String>,
}

/// Takes note of an uploaded file and guesses what its columns are. Nothing is imported yet.
pub async fn begin(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    name: &str,
    format: Option<Format>,
    upload: store::data::blobs::Written,
) -> Result<SourceId> {
    allow(actor, Act::Import)?;
    let name = file_name(name);
    let from = sample::open_upload(&instance.store, &upload.key).await?;
    let said = format.or_else(|| Format::from_file_name(&name));
    let sample = match sample::look_at(from, said).await {
        Ok(sample) => sample,
        Err(error) => {
            // A file that can't be read is not kept.
            instance.store.abandon_blob(&upload).await?;
            return Err(error);
        }
    };
    let pin = upload.pin;
    let new = NewSource {
        project,
        name,
        format: sample.format,
        mapping: sample.guess(),
        upload: Some(upload.key),
        bytes: upload.bytes,
        state: SourceState::Preview,
        created_by: actor.person_id(),
    };
    let added = instance.store.write(move |tx| {
        Box::pin(async move {
            tx.unpin_blobs(&[pin]).await?;
            tx.add_source(&new).await
        })
    });
    Ok(added.await?)
}

/// The first rows of an uploaded file, for the person who confirms its columns.
pub async fn preview(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    source: SourceId,
) -> Result<Preview> {
    allow(actor, Act::Import)?;
    let source = of_project(instance, project, source).await?;
    let from = sample::open_upload(&instance.store, uploaded(&source)?).await?;
    let sample = sample::look_at(from, Some(source.format)).await?;
    let cautions = cautions(instance, actor, project, &source.mapping, &sample).await?;
    Ok(Preview { source, sample, cautions })
}

/// What the first rows of a file warn of, before any is taken in with this mapping.
pub async fn cautions(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    mapping: &Mapping,
    sample: &Sample,
) -> Result<Vec<String>> {
    allow(actor, Act::Import)?;
    let (task, _) = instance.store.project_rules(project).await?;
    let known =
        instance.store.published_taxonomy(project).await?.map(|(_, _, taxonomy)| KnownLabels::of(&taxonomy));
    Ok(sample.cautions(mapping, task, known.as_ref()))
}

/// Are its columns still to be confirmed, or to be corrected because it failed before a row was in?
pub fn awaits_columns(source: &Source) -> bool {
    let is_open = matches!(source.state, SourceState::Preview | SourceState::Failed);
    is_open && source.counts.read == 0 && source.upload.is_some() && !source.undo_stopped
}

/// Starts an import with the columns as a person confirmed them, or goes on with one that failed or was cancelled.
pub async fn start(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    source: SourceId,
    mapping: Mapping,
) -> Result<JobId> {
    allow(actor, Act::Import)?;
    let Preview { source, sample, .. } = preview(instance, actor, project, source).await?;
    if source.undo_stopped {
        return Err(Error::conflict(
            "Some of this import may be gone, because taking it back was stopped. Take it back again, or import the \
             file again.",
        ));
    }
    // Rows that are in were read in one way; the rest is read in the same.
    let mapping = if source.counts.read > 0 { source.mapping.clone() } else { sample.completed(mapping) };
    fits(instance, actor, project, &mapping, &sample).await?;
    let job =
        jobs::new(actor.person_id(), Some(project), Kind::Import, &Payload { source: source.id }, None)?;
    let actor = *actor;
    let id = instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                let from = [SourceState::Preview, SourceState::Failed, SourceState::Cancelled];
                tx.map_source(source.id, &mapping).await?;
                if !tx.move_source(source.id, &from, SourceState::Running, None).await? {
                    return Err(Error::conflict("This import was started already."));
                }
                let id = tx.enqueue_job(&job).await?;
                tx.set_source_job(source.id, id.0).await?;
                tx.audit(&actor, Some(project), "started an import", &source.name, "").await?;
                Ok(id)
            })
        })
        .await?;
    jobs::wake(instance);
    Ok(id)
}

/// Forgets an uploaded file whose import was never started.
pub async fn discard(instance: &Instance, actor: &Actor, project: ProjectId, source: SourceId) -> Result<()> {
    allow(actor, Act::Import)?;
    let source = of_project(instance, project, source).await?;
    let id = source.id;
    let moved = instance
        .store
        .write(move |tx| {
            Box::pin(
                async move { tx.move_source(id, &[SourceState::Preview], SourceState::Undone, None).await },
            )
        })
        .await?;
    if !moved {
        return Err(Error::conflict("This import was started already."));
    }
    release_upload(instance, &source).await
}

/// Does the job that [`start`] made.
pub async fn run_job(instance: &Instance, run: &Running) -> JobOutcome {
    let Payload { source } = run.payload()?;
    let source = instance.store.source(source).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let (tell, mut told) = watch::channel(Progress { counts: source.counts, ..Progress::default() });
    let loading = load(instance, &source, stop.clone(), move |at| {
        tell.send_replace(at);
    });
    tokio::pin!(loading);
    let mut stopped = None;
    let ended = loop {
        tokio::select! {
            ended = &mut loading => break ended,
            Ok(()) = told.changed(), if stopped.is_none() => {
                let at = *told.borrow_and_update();
                let message = format!("{} rows", at.counts.read);
                if let Err(why) = run.progress(at.bytes as i64, at.total_bytes.map(|n| n as i64), &message).await {
                    stop.store(true, Ordering::SeqCst);
                    stopped = Some(why);
                }
            }
        }
    };
    match (ended, stopped) {
        (Ok(Ended::Whole(counts, noticed)), _) => {
            finish_whole(instance, &source, &noticed).await?;
            release_upload(instance, &source).await?;
            serde_json::to_value(counts).map_err(|e| Halt::Failed(Error::internal(e)))
        }
        (Ok(Ended::Stopped), Some(why)) => {
            if why == jobs::Stop::Cancelled {
                finish(instance, &source, SourceState::Cancelled, None).await?;
            }
            Err(Halt::Stop(why))
        }
        (Ok(Ended::Stopped), None) => Err(Halt::Failed(Error::internal("an import ended by itself"))),
        (Err(_), Some(why @ (jobs::Stop::Lost | jobs::Stop::Closing))) => Err(Halt::Stop(why)),
        (Err(error), _) => {
            finish(instance, &source, SourceState::Failed, Some(&for_people(&error))).await?;
            Err(Halt::Failed(error))
        }
    }
}

/// The job of an import was given up: the import says so.
pub async fn given_up(instance: &Instance, source: SourceId, why: &str) -> Result<()> {
    let source = instance.store.source(source).await?;
    finish(instance, &source, SourceState::Failed, Some(why)).await
}

/// A file that is at hand, and how it is taken.
pub struct Bring {
    pub project: ProjectId,
    pub name: String,
    pub format: Format,
    pub mapping: Mapping,
    /// Opens it from its start: labels are looked for before rows are taken in.
    pub open: Opener,
    pub bytes: Option<u64>,
}

pub type Opener = Arc<dyn Fn() -> std::io::Result<Box<dyn Read + Send>> + Send + Sync>;

/// Takes in a file that is at hand, without upload and job: the command line, a small request. `sample` is what
/// the file begins with. Returns when all of it is in, or when `stop` was set.
pub async fn bring(
    instance: &Instance,
    actor: &Actor,
    bring: Bring,
    sample: &Sample,
    stop: Arc<AtomicBool>,
    progress: impl FnMut(Progress),
) -> Result<Source> {
    allow(actor, Act::Import)?;
    let Bring { project, name, format, mapping, open, bytes } = bring;
    let mapping = sample.completed(mapping);
    fits(instance, actor, project, &mapping, sample).await?;
    let new = NewSource {
        project,
        name: file_name(&name),
        format,
        mapping,
        upload: None,
        bytes: bytes.map_or(0, |n| i64::try_from(n).unwrap_or(i64::MAX)),
        state: SourceState::Running,
        created_by: actor.person_id(),
    };
    let who = *actor;
    let id = instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                tx.audit(&who, Some(project), "started an import", &new.name, "").await?;
                tx.add_source(&new).await
            })
        })
        .await?;
    let source = instance.store.source(id).await?;
    match load_from(instance, &source, open, bytes, stop, progress).await {
        Ok(Ended::Whole(_, noticed)) => finish_whole(instance, &source, &noticed).await?,
        Ok(Ended::Stopped) => finish(instance, &source, SourceState::Cancelled, None).await?,
        Err(error) => {
            finish(instance, &source, SourceState::Failed, Some(&for_people(&error))).await?;
            return Err(error);
        }
    }
    Ok(instance.store.source(id).await?)
}

/// Where the bytes of an uploaded file go, before anything looks at them.
pub async fn receive(instance: &Instance, actor: &Actor) -> Result<BlobWriter> {
    allow(actor, Act::Import)?;
    Ok(instance.store.create_blob().await?)
}

/// The newest imports of a project, so many at most: what a form offers to choose from.
pub async fn newest_sources(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    most: i64,
) -> Result<Vec<Source>> {
    allow(actor, Act::SeeOthers)?;
    Ok(instance.store.sources(project, None, most).await?)
}

/// Imports of a project, newest first.
pub async fn sources(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    before: Option<SourceId>,
) -> Result<Vec<Source>> {
    allow(actor, Act::SeeOthers)?;
    Ok(instance.store.sources(project, before, PAGE).await?)
}

pub async fn source(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    source: SourceId,
) -> Result<Source> {
    allow(actor, Act::SeeOthers)?;
    of_project(instance, project, source).await
}

/// Rows that could not be taken, in the order of the file.
pub async fn rejects(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    source: SourceId,
    after_line: i64,
) -> Result<Vec<Reject>> {
    allow(actor, Act::SeeOthers)?;
    let source = of_project(instance, project, source).await?;
    Ok(instance.store.rejects(source.id, after_line, PAGE).await?)
}

async fn of_project(instance: &Instance, project: ProjectId, source: SourceId) -> Result<Source> {
    match instance.store.source(source).await {
        Ok(source) if source.project == project => Ok(source),
        Ok(_) | Err(store::Error::NotFound) => Err(Error::NotFound("The import")),
        Err(error) => Err(error.into()),
    }
}

/// Does the mapping fit the file, and may this person do what it asks for? An import asks this before it begins.
pub async fn fits(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    mapping: &Mapping,
    sample: &Sample,
) -> Result<()> {
    allow(actor, Act::Import)?;
    let mut problems = mapping.problems(&sample.columns);
    problems.extend(sample.problems(mapping));
    if !problems.is_empty() {
        let of =
            |(field, message): (&str, String)| crate::error::FieldError { field: field.to_owned(), message };
        return Err(Error::Invalid(problems.into_iter().map(of).collect()));
    }
    let makes_labels = mapping.label.as_ref().is_some_and(|l| l.becomes != LabelUse::Field)
        && instance.store.published_taxonomy(project).await?.is_none();
    if makes_labels && !may(actor, Act::EditTaxonomy) {
        return Err(Error::invalid(
            "label",
            "These answers need labels, and no taxonomy is published yet. Ask an owner to publish one, or take the \
             column as a field.",
        ));
    }
    Ok(())
}

/// Takes in what is not in yet of an uploaded file.
async fn load(
    instance: &Instance,
    source: &Source,
    stop: Arc<AtomicBool>,
    progress: impl FnMut(Progress),
) -> Result<Ended> {
    if source.state != SourceState::Running {
        return Err(Error::conflict("This import is not under way."));
    }
    let from = sample::open_upload(&instance.store, uploaded(source)?).await?;
    let bytes = u64::try_from(source.bytes).ok();
    if labels::are_missing(&instance.store, source).await? {
        let again = sample::open_upload(&instance.store, uploaded(source)?).await?;
        labels::make(instance, source, again).await?;
    }
    load_with(instance, source, Box::new(from), bytes, stop, progress).await
}

async fn load_from(
    instance: &Instance,
    source: &Source,
    open: Opener,
    bytes: Option<u64>,
    stop: Arc<AtomicBool>,
    progress: impl FnMut(Progress),
) -> Result<Ended> {
    let opened = || open().map_err(|e| Error::Store(e.into()));
    if labels::are_missing(&instance.store, source).await? {
        labels::make(instance, source, opened()?).await?;
    }
    load_with(instance, source, opened()?, bytes, stop, progress).await
}

async fn load_with(
    instance: &Instance,
    source: &Source,
    from: Box<dyn Read + Send>,
    total_bytes: Option<u64>,
    stop: Arc<AtomicBool>,
    progress: impl FnMut(Progress),
) -> Result<Ended> {
    let (task, settings) = instance.store.project_rules(source.project).await?;
    let threshold = control_threshold(settings.control_share);
    let mapper = Mapper::new(source.mapping.clone(), instance.store.clone(), task, settings.seed, threshold);
    let (mapper, answered_by) = labels::answered_by(instance, source, mapper).await?;
    let load = Load {
        project: source.project,
        source: source.id,
        format: source.format,
        from,
        total_bytes,
        before: source.counts,
        mapper,
        answered_by,
    };
    run::load(&instance.store, load, stop, progress).await
}

/// All of it is in: what was noticed is kept for the people who brought it.
async fn finish_whole(instance: &Instance, source: &Source, noticed: &Noticed) -> Result<()> {
    let counts = instance.store.tally(Tally::Project(source.project)).await?;
    let notes = noticed.sentences(&source.mapping, counts.get("control").copied().unwrap_or(0));
    let id = source.id;
    instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                tx.note_source(id, &notes).await?;
                tx.move_source(id, &[SourceState::Running], SourceState::Done, None).await.map(|_| ())
            })
        })
        .await?;
    Ok(())
}

async fn finish(instance: &Instance, source: &Source, to: SourceState, why: Option<&str>) -> Result<()> {
    let (id, why) = (source.id, why.map(str::to_owned));
    instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                tx.move_source(id, &[SourceState::Running], to, why.as_deref()).await.map(|_| ())
            })
        })
        .await?;
    Ok(())
}

/// The upload of an import that is over is not needed any more, unless something else needs the same content.
async fn release_upload(instance: &Instance, source: &Source) -> Result<()> {
    if let Some(key) = &source.upload {
        instance.store.remove_unneeded_blob(key).await?;
    }
    Ok(())
}

fn uploaded(source: &Source) -> Result<&str> {
    let gone = || Error::conflict("The file of this import is not kept any more; bring it again.");
    source.upload.as_deref().ok_or_else(gone)
}

/// A name for lists: without folders, and not endless.
fn file_name(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let name: String = name.chars().filter(|c| !c.is_control()).take(200).collect();
    if name.trim().is_empty() { "upload".to_owned() } else { name }
}

/// What a failed import says of itself: internals stay in the log.
fn for_people(error: &Error) -> String {
    match error {
        Error::Store(store::Error::DiskFull) => {
            "The disk is full. Free some space, then go on with this import: nothing was lost.".to_owned()
        }
        Error::Internal(_) | Error::Store(_) => {
            "Something inside the program failed; its log says what. The rows that were taken in until then are \
             kept, and the import can be gone on with."
                .to_owned()
        }
        other => other.to_string(),
    }
}

/// Counts in one line: "13,083 rows: 13,083 new, 12 with a text that was there already".
pub fn in_words(counts: &RowCounts) -> String {
    if counts.read == 0 {
        return "There was no row: nothing was imported".to_owned();
    }
    if counts.changed_nothing() && counts.rejected == 0 {
        return format!("{}: all of them known already, nothing changed", rows(counts.read));
    }
    let mut parts = Vec::new();
    for (n, what) in [
        (counts.new, "new"),
        (counts.revised, "revised"),
        (counts.same, "known already"),
        (counts.rejected, "refused"),
    ] {
        if n > 0 {
            parts.push(format!("{n} {what}"));
        }
    }
    if counts.duplicate > 0 {
        parts.push(format!(
            "{} whose text was there already ({} letter by letter)",
            counts.duplicate, counts.duplicate_exact
        ));
    }
    if counts.answers > 0 {
        parts.push(format!("{} answers", counts.answers));
    }
    if counts.undated > 0 {
        parts.push(format!("{} with an event time that can’t be read", counts.undated));
    }
    format!("{}: {}", rows(counts.read), parts.join(", "))
}
