//! Jobs as people see them: once, or as a stream of changes.

use super::{JobView, registry};
use crate::{Error, Instance, Result, Thing, allow};
use domain::JobId;
use domain::permission::{Act, Actor};
use futures::stream::unfold;
use futures::{Stream, StreamExt};
use std::time::Duration;
use store::site::jobs::JobRow;
use tokio::sync::broadcast::error::RecvError;

fn view_of(instance: &Instance, row: &JobRow) -> JobView {
    JobView::of(row, registry::title(&row.kind), instance.store.now())
}

/// A job. The caller must have checked the permission.
pub async fn view(instance: &Instance, job: JobId) -> Result<JobView> {
    let row = instance.store.job(job).await?.ok_or(Error::NotFound(Thing::Job))?;
    Ok(view_of(instance, &row))
}

/// A job, for the person who began it and for people who may see the work of others in its project. The roles of the
/// actor must be those in that project.
pub async fn see(instance: &Instance, actor: &Actor, job: JobId) -> Result<JobView> {
    let row = instance.store.job(job).await?.ok_or(Error::NotFound(Thing::Job))?;
    if row.created_by != Some(actor.person.0) {
        allow(actor, Act::SeeOthers)?;
    }
    Ok(view_of(instance, &row))
}

/// A stream of what happens to a job: its state now, then each change, and last the state in which it is over. It
/// ends early only if the job is deleted or the program ends.
pub fn watch(instance: &Instance, job: JobId) -> impl Stream<Item = JobView> + Send + 'static + use<> {
    let watcher =
        Watcher { news: instance.jobs.moved.subscribe(), instance: instance.clone(), job, last: None };
    let closing = instance.closing.clone().cancelled_owned();
    let views = unfold(watcher, |mut watcher| async move {
        let view = watcher.next().await?;
        Some((view, watcher))
    });
    views.take_until(closing)
}

struct Watcher {
    instance: Instance,
    job: JobId,
    news: tokio::sync::broadcast::Receiver<JobId>,
    last: Option<JobView>,
}

impl Watcher {
    async fn next(&mut self) -> Option<JobView> {
        if self.last.as_ref().is_some_and(JobView::is_over) {
            return None;
        }
        loop {
            let now = match view(&self.instance, self.job).await {
                Ok(view) => view,
                Err(Error::NotFound(_)) => return None,
                Err(error) => {
                    tracing::warn!(job = self.job.0, %error, "a job can’t be watched");
                    return None;
                }
            };
            // A new estimate of the time left is no change.
            let timeless = |v: &JobView| JobView { seconds_left: None, ..v.clone() };
            if self.last.as_ref().map(timeless) != Some(timeless(&now)) {
                self.last = Some(now.clone());
                return Some(now);
            }
            self.news_or_a_second().await;
        }
    }

    async fn news_or_a_second(&mut self) {
        let news = async {
            loop {
                match self.news.recv().await {
                    Ok(job) if job != self.job => {}
                    Ok(_) | Err(RecvError::Lagged(_)) => return,
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        // Jobs of other processes send no signal here, so the row is read every second.
        let _ = tokio::time::timeout(Duration::from_secs(1), news).await;
    }
}
