//! Background work: followed by events, and cancelled.

use crate::error::Page;
use crate::flash::{Done, Form, finish};
use crate::guard::{App, Need, Route, Visitor};
use crate::islands::progress::{Moved, Progress};
use crate::parts::numbers::percent;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use domain::JobId;
use domain::permission::Act;
use futures::StreamExt;
use leptos::prelude::*;
use tower_sessions::Session;
use workflow::jobs::{self, JobView};

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/p/{slug}/jobs/{job}/events", Need::Project(Act::SeeOthers), events),
        Route::post("/p/{slug}/jobs/{job}/cancel", Need::Project(Act::RunQueues), cancel),
    ]
}

/// A piece of work under way: its bar, and a button to cancel it. `back` is the page to come back to.
pub fn under_way(job: &JobView, slug: &str, back: &str) -> AnyView {
    let events = format!("/p/{slug}/jobs/{}/events", job.id);
    let start = moved(job);
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
            <Progress events=events start=start />
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

async fn events(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Path((_, job)): Path<(String, JobId)>,
) -> Page {
    let view = jobs::see(&app.house, visitor.actor()?, job).await?;
    of_project(&visitor, &view)?;
    let news = jobs::watch(&app.house, job).map(|view| Event::default().json_data(moved(&view)));
    Ok(Sse::new(news).keep_alive(KeepAlive::default()).into_response())
}

async fn cancel(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    Path((slug, job)): Path<(String, JobId)>,
    form: Form,
) -> Page {
    let view = jobs::see(&app.house, visitor.actor()?, job).await?;
    of_project(&visitor, &view)?;
    let home = format!("/p/{slug}");
    // Only back into the same project, wherever the form says it came from.
    let back =
        Some(form.get("back")).filter(|b| b.starts_with(&format!("{home}/"))).unwrap_or(&home).to_owned();
    let done = jobs::cancel(&app.house, visitor.actor()?, job).await;
    let done = done.map(|()| Done::to(&back).say("The work is being stopped. What is in stays in."));
    finish(&session, "cancel", &form, &back, done).await
}

/// A job of another project is not here.
fn of_project(visitor: &Visitor, job: &JobView) -> Result<(), workflow::Error> {
    if job.project == Some(visitor.project()?.id) {
        Ok(())
    } else {
        Err(workflow::Error::NotFound("The job"))
    }
}
