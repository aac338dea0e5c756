//! Background work as it moves, for the pages that began it: news as server-sent events, and a button that stops it.

use crate::error::{Page, Trouble};
use crate::flash::{Done, Form, finish};
use crate::guard::{App, Need, Route, Visitor};
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use domain::JobId;
use domain::permission::Act;
use futures::StreamExt;
use tower_sessions::Session;
use workflow::Error;

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/p/{slug}/jobs/{job}/events", Need::Project(Act::SeeOthers), events),
        Route::post("/p/{slug}/jobs/{job}/cancel", Need::Project(Act::SeeOthers), cancel),
    ]
}

/// Each event is a `workflow::jobs::JobView` as JSON; the last one has a `finished_at`. A browser that reconnects
/// begins with the state as it is then.
async fn events(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Path((_, job)): Path<(String, String)>,
) -> Page {
    let job = of_this_project(&app, &visitor, &job).await?;
    let events = workflow::jobs::watch(&app.house, job).map(|view| Event::default().json_data(view));
    Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
}

/// Field `back`: the page to go to afterwards.
async fn cancel(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    Path((slug, job)): Path<(String, String)>,
    form: Form,
) -> Page {
    let job = of_this_project(&app, &visitor, &job).await?;
    let home = format!("/p/{slug}");
    // Only to a page of this project: the field may have been written by anyone.
    let is_ours = |back: &str| back.starts_with(&format!("{home}/")) && !back.contains(['\\', '\n', '\r']);
    let back = Some(form.get("back")).filter(|back| is_ours(back)).unwrap_or(&home).to_owned();
    let cancelled = workflow::jobs::cancel(&app.house, visitor.actor()?, job).await;
    let done = cancelled.map(|()| Done::to(&back).say("The work is being stopped."));
    finish(&session, "job", &form, &back, done).await
}

async fn of_this_project(app: &App, visitor: &Visitor, job: &str) -> Result<JobId, Trouble> {
    let job: JobId = job.parse().map_err(|_| Error::NotFound("The work"))?;
    let view = workflow::jobs::see(&app.house, visitor.actor()?, job).await?;
    if view.project != Some(visitor.project()?.id) {
        return Err(Error::NotFound("The work").into());
    }
    Ok(job)
}
