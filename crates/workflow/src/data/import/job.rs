//! The job that imports an uploaded file.

use super::finish::{finish, finish_whole, for_people, release_upload};
use super::load::load;
use super::run::{Ended, Progress};
use crate::jobs::{Halt, Job, JobOutcome, Running, Stop};
use crate::{Error, Instance, Result};
use domain::SourceId;
use domain::source::SourceState;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;

/// Imports the rows of an uploaded file that are not imported yet. [`start`](super::start) makes this job.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Import {
    pub source: SourceId,
}

impl Job for Import {
    const NAME: &'static str = "import";
    const TITLE: &'static str = "Import";

    async fn run(self, instance: &Instance, running: &Running) -> JobOutcome {
        let source = instance.store.source(self.source).await?;
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
                    if let Err(why) = running.progress(at.bytes as i64, at.total_bytes.map(|n| n as i64), &message).await {
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
                if why == Stop::Cancelled {
                    finish(instance, &source, SourceState::Cancelled, None).await?;
                }
                Err(Halt::Stop(why))
            }
            (Ok(Ended::Stopped), None) => Err(Halt::Failed(Error::internal("an import ended by itself"))),
            (Err(_), Some(why @ (Stop::Lost | Stop::Closing))) => Err(Halt::Stop(why)),
            (Err(error), _) => {
                finish(instance, &source, SourceState::Failed, Some(&for_people(&error))).await?;
                Err(Halt::Failed(error))
            }
        }
    }

    /// The import must not look as if it were still running.
    async fn given_up(self, instance: &Instance, why: &str) -> Result<()> {
        let source = instance.store.source(self.source).await?;
        finish(instance, &source, SourceState::Failed, Some(why)).await
    }
}
