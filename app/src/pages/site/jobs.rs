//! Background work as it moves, for the pages that began it: news as server-sent events, and a button that stops it.

use crate::islands::progress::Progress;
use crate::parts::numbers::percent;
use crate::web::error::{Page, PageError};
use crate::web::forms::{Done, Form, finish, is_ours};
use crate::web::guard::{App, Need, Route, Visitor};
use crate::wire::progress::Moved;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use domain::JobId;
use domain::permission::Act;
use futures::StreamExt;
use leptos::prelude::*;
use tower_sessions::Session;
use workflow::Error;
use workflow::jobs::JobView;

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/p/{slug}/jobs/{job}/events", Need::Project(Act::SeeOthers), events),
        Route::post("/p/{slug}/jobs/{job}/cancel", Need::Project(Act::SeeOthers), cancel),
    ]
}

/// A piece of work under way: its bar, and a button to cancel it. `back` is the page to come back to.
pub fn under_way(job: &JobView, slug: &str, back: &str) -> AnyView {
    let events = format!("/p/{slug}/jobs/{}/events", job.id);
    let start = moved(job);
    // A closure, because an island is made while the document is: not before it has its owner.
    let bar = move || view! { <Progress events=events.clone() start=start.clone() /> };
    let (state, class) = match job.state.as_str() {
        "waiting" => ("waiting", "state"),
        other => (other, "state running"),
    };
    let (state, title) = (state.to_owned(), job.title.clone());
    let cancel = (!job.stopping).then(|| {
        view! {
            <input type="hidden" name="back" value=back.to_owned() />
            <button class="btn">"Cancel"</button>
        }
    });
    view! {
        <section class="sheet runs" aria-labelledby="run-h">
            <noscript>
                <meta http-equiv="refresh" content="2" />
            </noscript>
            <div class="sec">
                <h2 id="run-h">{title}</h2>
                <span class=class>{state}</span>
            </div>
            {bar}
            <p class="quiet">"You may close this tab; the work goes on, and this page says when it is done."</p>
            <form class="acts" method="post" action=format!("/p/{slug}/jobs/{}/cancel", job.id)>
                {cancel}
                <a class="btn bare" href=back.to_owned()>
                    "Refresh"
                </a>
            </form>
        </section>
    }
    .into_any()
}

/// Work that came to no end: what that means, and for who may do so a button to go on (where it is sent, its word).
pub fn stopped(what: String, go_on: Option<(String, &'static str)>) -> AnyView {
    let go_on = go_on.map(|(to, word)| {
        view! {
            <form method="post" action=to>
                <button class="btn do">{word}</button>
            </form>
        }
    });
    view! {
        <div class="notice bad" role="alert">
            <p>{what}</p>
            {go_on}
        </div>
    }
    .into_any()
}

fn moved(job: &JobView) -> Moved {
    let mut words: Vec<String> = Vec::new();
    if job.stopping {
        words.push("Stopping".to_owned());
    } else if job.state == "waiting" {
        words.push("Waiting for its turn".to_owned());
    }
    if !job.message.is_empty() {
        words.push(job.message.clone());
    }
    if let Some(total) = job.total.filter(|t| *t > 0) {
        words.push(percent(job.done, total));
    }
    if let Some(seconds) = job.seconds_left {
        words.push(time_left(seconds));
    }
    Moved {
        done: job.done as f64,
        total: job.total.map(|t| t as f64),
        words: words.join(" · "),
        over: job.is_over(),
    }
}

fn time_left(seconds: f64) -> String {
    match seconds {
        s if s < 1.5 => "about a second left".to_owned(),
        s if s < 90.0 => format!("about {s:.0} seconds left"),
        s if s < 5400.0 => format!("about {:.0} minutes left", s / 60.0),
        s => format!("about {:.0} hours left", s / 3600.0),
    }
}

/// Each event is a [`Moved`] as JSON; the last one is `over`. A browser that reconnects begins with the state as it is
/// then.
async fn events(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Path((_, job)): Path<(String, String)>,
) -> Page {
    let job = of_this_project(&app, &visitor, &job).await?;
    let events =
        workflow::jobs::watch(&app.instance, job).map(|view| Event::default().json_data(moved(&view)));
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
    let is_here = |back: &&str| is_ours(back) && back.starts_with(&format!("{home}/"));
    let back = Some(form.get("back")).filter(is_here).unwrap_or(&home).to_owned();
    let cancelled = workflow::jobs::cancel(&app.instance, visitor.actor()?, job).await;
    let done = cancelled.map(|()| Done::to(&back).say("The work is being stopped."));
    finish(&session, "job", &form, &back, done).await
}

async fn of_this_project(app: &App, visitor: &Visitor, job: &str) -> Result<JobId, PageError> {
    let job: JobId = job.parse().map_err(|_| Error::NotFound("The work"))?;
    let view = workflow::jobs::see(&app.instance, visitor.actor()?, job).await?;
    if view.project != Some(visitor.project()?.id) {
        return Err(Error::NotFound("The work").into());
    }
    Ok(job)
}
