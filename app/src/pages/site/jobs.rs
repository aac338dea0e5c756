//! Background work for the pages that began it: how far it is, as server-sent events, and stopping it.

use crate::parts::work::moved;
use crate::web::address::is_ours;
use crate::web::error::{PageError, PageResult};
use crate::web::forms::{Done, Form};
use crate::web::page::ProjectPage;
use crate::web::route::{Need, Route};
use axum::extract::Path;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use domain::JobId;
use domain::permission::Act;
use futures::StreamExt;
use workflow::{Error, Thing};

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/p/{slug}/jobs/{job}/events", Need::Project(Act::SeeOthers), events),
        Route::post("/p/{slug}/jobs/{job}/cancel", Need::Project(Act::SeeOthers), cancel),
    ]
}

/// Each event is a [`Moved`](crate::wire::progress::Moved) as JSON; the last one is `over`. A browser that reconnects begins with the state as it is
/// then.
async fn events(page: ProjectPage, Path((_, job)): Path<(String, String)>) -> PageResult {
    let job = of_this_project(&page, &job).await?;
    let events =
        workflow::jobs::watch(page.instance(), job).map(|view| Event::default().json_data(moved(&view)));
    Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
}

/// Field `back`: the page to go to afterwards.
async fn cancel(page: ProjectPage, Path((slug, job)): Path<(String, String)>, form: Form) -> PageResult {
    let job = of_this_project(&page, &job).await?;
    let home = format!("/p/{slug}");
    // Only to a page of this project: the field may have been written by anyone.
    let is_here = |back: &&str| is_ours(back) && back.starts_with(&format!("{home}/"));
    let back = Some(form.get("back")).filter(is_here).unwrap_or(&home).to_owned();
    let cancelled = workflow::jobs::cancel(page.instance(), page.actor(), job).await;
    let done = cancelled.map(|()| Done::to(&back).say("The work is being stopped."));
    page.finish("job", &form, &back, done).await
}

async fn of_this_project(page: &ProjectPage, job: &str) -> Result<JobId, PageError> {
    let job: JobId = job.parse().map_err(|_| Error::NotFound(Thing::Job))?;
    let view = workflow::jobs::see(page.instance(), page.actor(), job).await?;
    if view.project != Some(page.project.id) {
        return Err(Error::NotFound(Thing::Job).into());
    }
    Ok(job)
}
