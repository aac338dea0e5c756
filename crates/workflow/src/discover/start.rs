//! Starting a run: from which vectors, over which items, from which seed.

use super::run::{RunClustering, compute_now};
use super::spec::{Encoder, Spec};
use crate::jobs::{self, Halt};
use crate::{Error, Instance, Result, allow};
use domain::permission::{Act, Actor};
use domain::slice::Slice;
use domain::{ClusteringId, JobId, ProjectId};

/// What a person asks for.
#[derive(Debug, Clone, Default)]
pub struct Begin {
    /// See [`Encoder::key`]; empty: LSA.
    pub encoder: String,
    pub seed: u64,
    pub slice: Slice,
}

/// Neighbours of a text that it is clustered with: what was measured best on short texts.
const NEIGHBOURS: usize = 10;

/// Encoders that a project can use, LSA first.
pub async fn encoders(instance: &Instance, actor: &Actor, project: ProjectId) -> Result<Vec<Encoder>> {
    allow(actor, Act::SeeOthers)?;
    let installed = instance.store.encoders().await?;
    let given = instance.store.vector_sets(project).await?;
    let installed = installed.into_iter().map(|row| Encoder::Installed { id: row.id, name: row.name });
    let given = given.into_iter().map(|row| Encoder::Given { id: row.id, name: row.name });
    Ok(std::iter::once(Encoder::Lsa).chain(installed).chain(given).collect())
}

/// Enqueues a run. One at a time in a project.
pub async fn start(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    begin: Begin,
) -> Result<(ClusteringId, JobId)> {
    let (spec, parent, document) = checked(instance, actor, project, begin).await?;
    let (by, actor, title) = (actor.person_id(), *actor, spec.encoder.title());
    let run: ClusteringId = instance.store.next_id();
    let job = jobs::new(by, Some(project), &RunClustering { run, project })?;
    let job = instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                // The key of the job is the project: while one is open, it is found instead of a second one.
                let id = tx.enqueue_job(&job).await?;
                if !tx.job_carries(id, &job.payload).await? {
                    return Err(Error::conflict(
                        "A run is being computed in this project: wait until it is done, or cancel it.",
                    ));
                }
                tx.insert_run(run, project, parent, &document, by).await?;
                tx.audit(&actor, Some(project), "started a clustering", &title, "").await?;
                Ok::<_, Error>(id)
            })
        })
        .await?;
    jobs::wake(instance);
    Ok((run, job))
}

/// Makes a run and computes it before it returns.
pub(crate) async fn run_now(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    begin: Begin,
) -> std::result::Result<ClusteringId, Halt> {
    let (_, parent, document) = checked(instance, actor, project, begin).await?;
    let (run, by): (ClusteringId, _) = (instance.store.next_id(), actor.person_id());
    let written = instance.store.write(move |tx| {
        Box::pin(async move { Ok::<_, Error>(tx.insert_run(run, project, parent, &document, by).await?) })
    });
    written.await?;
    compute_now(instance, run).await?;
    Ok(run)
}

/// What a run is asked for, the run before it, and the first as a document.
async fn checked(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    begin: Begin,
) -> Result<(Spec, Option<ClusteringId>, String)> {
    allow(actor, Act::RunQueues)?;
    let encoders = encoders(instance, actor, project).await?;
    let encoder = match begin.encoder.as_str() {
        "" => Encoder::Lsa,
        key => encoders.into_iter().find(|encoder| encoder.key() == key).ok_or_else(|| {
            Error::invalid("encoder", "This encoder is not installed any more: choose another one.")
        })?,
    };
    let spec = Spec { encoder, seed: begin.seed, neighbours: NEIGHBOURS, slice: begin.slice };
    let parent = instance.store.newest_run(project).await?.map(|run| run.id);
    let document = serde_json::to_string(&spec).map_err(Error::internal)?;
    Ok((spec, parent, document))
}
