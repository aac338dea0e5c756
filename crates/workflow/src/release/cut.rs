//! Cutting a release. First the rows of one snapshot are kept ([`rows`](super::rows)). Then the files are written
//! from these rows ([`write`](super::write)), and the release is sealed: it never changes again.

use super::{Manifest, Spec};
use crate::design::settle;
use crate::jobs::{Halt, Job, JobOutcome, Running, Stop};
use crate::{Error, Instance, Result, Thing};
use domain::ReleaseId;
use domain::release::ReleaseState;
use domain::taxonomy::Taxonomy;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::design::taxonomies::LabelMaps;
use store::release::releases::ReleaseRow;
use store::release::rows::PAGE;

/// Cuts a release at once. If that fails, the release says so.
pub async fn cut(
    instance: &Instance,
    release: ReleaseId,
    told: &(dyn Fn(i64, i64) + Send + Sync),
) -> Result<()> {
    match cut_for(instance, release, &Audience::Caller(told)).await {
        Ok(_) => Ok(()),
        Err(Halt::Failed(error)) => {
            fail(instance, release, "It could not be cut; the log of the server says why.").await?;
            Err(error)
        }
        Err(Halt::Stop(_)) => Err(Error::conflict("The release was stopped.")),
    }
}

/// The job that cuts a release.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct CutRelease {
    pub release: ReleaseId,
}

impl Job for CutRelease {
    const NAME: &'static str = "cut_release";
    const TITLE: &'static str = "Release";

    fn dedupe(&self) -> Option<String> {
        Some(format!("release-{}", self.release))
    }

    async fn run(self, instance: &Instance, running: &Running) -> JobOutcome {
        let CutRelease { release } = self;
        match cut_for(instance, release, &Audience::Job(running)).await {
            Ok(manifest) => Ok(serde_json::json!({ "rows": manifest.n_rows })),
            Err(halt) => {
                match &halt {
                    Halt::Stop(Stop::Cancelled) => fail(instance, release, "It was cancelled.").await?,
                    Halt::Failed(Error::Conflict(why)) => fail(instance, release, why).await?,
                    Halt::Failed(_) => {
                        fail(instance, release, "It could not be cut; the log of the server says why.")
                            .await?;
                    }
                    Halt::Stop(Stop::Lost | Stop::Closing) => {}
                }
                Err(halt)
            }
        }
    }

    /// The release must not look as if it were still being cut.
    async fn given_up(self, instance: &Instance, why: &str) -> Result<()> {
        fail(instance, self.release, why).await
    }
}

async fn fail(instance: &Instance, release: ReleaseId, why: &str) -> Result<()> {
    let why = why.to_owned();
    instance
        .store
        .write(move |tx| Box::pin(async move { Ok::<_, Error>(tx.fail_release(release, &why).await?) }))
        .await?;
    Ok(())
}

pub(super) fn ended() -> Error {
    Error::conflict(
        "This release was ended while it was being cut: nothing more is written. Cut another one.",
    )
}

/// Where the progress goes: to the job, which may say stop, or to a caller.
pub(super) enum Audience<'a> {
    Job(&'a Running),
    Caller(&'a (dyn Fn(i64, i64) + Send + Sync)),
}

impl Audience<'_> {
    pub(super) async fn tell(&self, done: i64, total: i64, message: &str) -> std::result::Result<(), Stop> {
        match self {
            Audience::Job(run) => run.progress(done, Some(total), message).await,
            Audience::Caller(told) => {
                told(done, total);
                Ok(())
            }
        }
    }
}

/// What is known before the first row is read.
pub(super) struct Cut<'a> {
    pub(super) instance: &'a Instance,
    pub(super) audience: &'a Audience<'a>,
    pub(super) row: ReleaseRow,
    pub(super) spec: Spec,
    pub(super) project: store::site::projects::Project,
    pub(super) version: i64,
    pub(super) taxonomy: Arc<Taxonomy>,
    pub(super) maps: LabelMaps,
}

async fn cut_for(
    instance: &Instance,
    release: ReleaseId,
    audience: &Audience<'_>,
) -> std::result::Result<Manifest, Halt> {
    let store = &instance.store;
    let row = store.release_by_id(release).await?.ok_or(Error::NotFound(Thing::Release))?;
    if row.state != ReleaseState::Cutting {
        return Err(Error::conflict("The release was cut already.").into());
    }
    audience.tell(0, 1, "Looking at the labels").await?;
    let project = store.project(row.project_id).await?.ok_or(Error::NotFound(Thing::Project))?;
    settle(instance, project.id).await?;
    let spec: Spec = serde_json::from_str(&row.spec).map_err(Error::internal)?;
    let cut = Cut {
        version: store.taxonomy_number(project.id, spec.taxonomy).await?,
        taxonomy: store.taxonomy(spec.taxonomy).await?,
        maps: store.label_maps(spec.taxonomy).await?,
        instance,
        audience,
        row,
        spec,
        project,
    };
    cut.clear().await?;
    let taken = cut.take_rows().await?;
    cut.write_and_seal(taken).await
}

impl Cut<'_> {
    /// Removes what an interrupted attempt left behind.
    async fn clear(&self) -> std::result::Result<(), Halt> {
        let release = self.row.id;
        loop {
            let cleared: u64 = self
                .piece(move |tx| {
                    Box::pin(async move { Ok(tx.clear_release_rows(release, PAGE as i64).await?) })
                })
                .await?;
            if cleared == 0 {
                return Ok(());
            }
        }
    }

    /// One transaction of the cut (fencing). It writes nothing if the job lost its lease, or, without a job, if the
    /// release was ended in the meantime.
    pub(super) async fn piece<T, F>(&self, work: F) -> std::result::Result<T, Halt>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut store::Tx) -> store::BoxFuture<'t, std::result::Result<T, Halt>>
            + Clone
            + Send
            + 'static,
    {
        let ticket = match self.audience {
            Audience::Job(run) => Some(run.ticket()),
            Audience::Caller(_) => None,
        };
        let release = self.row.id;
        self.instance
            .store
            .write_background(move |tx| {
                Box::pin(async move {
                    if let Some(ticket) = ticket {
                        ticket.checkpoint(tx, &()).await?;
                    } else if !tx.is_being_cut(release).await? {
                        return Err(ended().into());
                    }
                    work(tx).await
                })
            })
            .await
    }
}
