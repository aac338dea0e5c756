//! Undoing an import. It is undone as a whole, and only while nothing depends on it.

use super::finish::release_upload;
use super::list::of_project;
use crate::jobs::{self, Job, JobOutcome, Running};
use crate::{Error, Instance, Result, allow};
use domain::permission::{Act, Actor};
use domain::source::SourceState;
use domain::{JobId, ProjectId, SourceId};
use serde::{Deserialize, Serialize};
use store::data::sources::Source;

/// How many items are removed in one transaction.
const PIECE: i64 = 64;

const ENDED: [SourceState; 3] = [SourceState::Done, SourceState::Failed, SourceState::Cancelled];

/// Enqueues a job that undoes an import. Refused while anything depends on it.
pub async fn undo(instance: &Instance, actor: &Actor, project: ProjectId, source: SourceId) -> Result<JobId> {
    allow(actor, Act::Import)?;
    let source = end_if_cut_off(instance, of_project(instance, project, source).await?).await?;
    free_of_dependents(instance, &source).await?;
    let job = jobs::new(actor.person_id(), Some(project), &UndoImport { source: source.id })?;
    let actor = *actor;
    let id = instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                let id = tx.enqueue_job(&job).await?;
                tx.set_source_job(source.id, id.0).await?;
                tx.audit(&actor, Some(project), "took an import back", &source.name, "").await?;
                Ok::<_, Error>(id)
            })
        })
        .await?;
    jobs::wake(instance);
    Ok(id)
}

/// Ends an import that no job works on: one from the command line or from a program may have been interrupted without
/// a trace. If it is still running after all, its next rows are refused.
async fn end_if_cut_off(instance: &Instance, source: Source) -> Result<Source> {
    if source.state != SourceState::Running || jobs::carries(instance, source.job).await? {
        return Ok(source);
    }
    let id = source.id;
    instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                tx.move_source(id, &[SourceState::Running], SourceState::Cancelled, None).await
            })
        })
        .await?;
    Ok(instance.store.source(id).await?)
}

/// The job that [`undo`] makes. It is idempotent: after a crash the next attempt removes what is left.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct UndoImport {
    pub source: SourceId,
}

impl Job for UndoImport {
    const NAME: &'static str = "undo_import";
    const TITLE: &'static str = "Undo of an import";

    fn dedupe(&self) -> Option<String> {
        Some(format!("undo-import-{}", self.source))
    }

    async fn run(self, instance: &Instance, running: &Running) -> JobOutcome {
        let source = instance.store.source(self.source).await?;
        let total = source.counts.new + source.counts.revised;
        let mut done = 0;
        running.progress(done, Some(total), "").await?;
        free_of_dependents(instance, &source).await?;
        loop {
            let n = remove_piece(instance, &source).await?;
            done += n;
            if n == 0 {
                break;
            }
            running.progress(done, Some(total.max(done)), &format!("{done} items")).await?;
        }
        let id = source.id;
        instance
            .store
            .write(move |tx| {
                Box::pin(async move { tx.move_source(id, &ENDED, SourceState::Undone, None).await })
            })
            .await?;
        release_upload(instance, &source).await?;
        crate::discover::recount_all(instance, source.project).await?;
        Ok(serde_json::json!({ "removed": done }))
    }
}

async fn remove_piece(instance: &Instance, source: &Source) -> Result<i64> {
    let source = source.clone();
    let removed = instance
        .store
        .write_background(move |tx| Box::pin(async move { tx.undo_piece(&source, PIECE).await }))
        .await;
    match removed {
        Err(store::Error::ForeignKey) => Err(Error::conflict(
            "While the import was taken back, some of its items were put into a queue or answered; those stay. Look \
             at the queues, then take the rest back.",
        )),
        other => Ok(other?),
    }
}

async fn free_of_dependents(instance: &Instance, source: &Source) -> Result<()> {
    if !ENDED.contains(&source.state) {
        return Err(Error::conflict(match source.state {
            SourceState::Running => "This import is still under way: cancel it first.",
            SourceState::Undone => "This import was taken back already.",
            _ => "This import was not started.",
        }));
    }
    let dependents = instance.store.dependents(source.id).await?;
    if dependents.is_empty() {
        return Ok(());
    }
    let mut what: Vec<String> = Vec::new();
    for (queue, n) in &dependents.queues {
        what.push(format!("{} in the queue “{queue}”", items(*n)));
    }
    if dependents.n_answers > 0 {
        what.push(format!("{} answers", dependents.n_answers));
    }
    if dependents.n_released > 0 {
        what.push(format!("{} in releases", items(dependents.n_released)));
    }
    if dependents.n_revised_later > 0 {
        what.push(format!("{} that a later import revised", items(dependents.n_revised_later)));
    }
    Err(Error::conflict(format!("This import can’t be taken back, because of {}.", what.join(", "))))
}

fn items(n: i64) -> String {
    if n == 1 { "1 item".to_owned() } else { format!("{n} items") }
}
