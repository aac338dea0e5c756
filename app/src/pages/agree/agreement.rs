//! Agreement: α with its interval, by label, between people; and what they do not agree on, to be decided.

mod conflicts;
mod figures;

use crate::web::error::Page;
use crate::web::forms::{Done, Form, finish};
use crate::web::guard::{App, Need, Route, Visitor};
use crate::web::shell::{self, Station};
use axum::Extension;
use axum::extract::{Query, State};
use axum::response::IntoResponse;
use domain::permission::Act;
use domain::{ItemId, QueueId};
use leptos::prelude::*;
use serde::Deserialize;
use store::label::tally::Tally;
use tower_sessions::Session;
use workflow::agree::adjudicate::{self, Decision};
use workflow::agree::measure;
use workflow::design;
use workflow::{Error, Thing};

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/p/{slug}/agreement", Need::Project(Act::SeeOthers), show),
        Route::post("/p/{slug}/agreement/decide", Need::Project(Act::Adjudicate), decide),
    ]
}

#[derive(Debug, Default, Deserialize)]
struct Which {
    /// A queue's number; empty or absent is all of them.
    #[serde(default)]
    queue: String,
    /// The last conflict of the page before.
    after: Option<ItemId>,
}

async fn show(
    State(app): State<App>,
    Extension(mut visitor): Extension<Visitor>,
    Query(which): Query<Which>,
) -> Page {
    // Only decisions are said here: where they were made, not at the top of a long page.
    let decided = visitor.flash.notice.take();
    let project = visitor.project()?.clone();
    let actor = visitor.actor()?;
    let queue: Option<QueueId> = match which.queue.as_str() {
        "" => None,
        text => Some(text.parse().map_err(|_| Error::NotFound(Thing::Queue))?),
    };
    let agreement = measure::agreement(&app.instance, actor, project.id, queue).await?;
    let found = measure::conflicts(&app.instance, actor, project.id, queue, which.after).await?;
    let published = design::published(&app.instance, actor, project.id).await?;
    let counts = app.instance.store.tally(Tally::Project(project.id)).await?;
    let queues = workflow::label::queues::list(&app.instance, actor, project.id).await?;
    let thread = shell::thread(&app.instance, &visitor).await?;
    let base = format!("/p/{}/agreement", project.slug);
    let options: Vec<_> = queues
        .iter()
        .map(|q| {
            view! {
                <option value=q.id.to_string() selected=queue == Some(q.id)>
                    {q.name.clone()}
                </option>
            }
        })
        .collect();
    let filter = (queues.len() > 1).then(|| {
        view! {
            <form class="filters" method="get" action=base.clone()>
                <div class="field">
                    <label for="queue">"Queue"</label>
                    <select id="queue" name="queue">
                        <option value="">"All queues"</option>
                        {options}
                    </select>
                </div>
                <button class="btn">"Show"</button>
            </form>
        }
    });
    let n_conflicts = counts.get("conflict").copied().unwrap_or(0);
    let target = project.settings.0.alpha_target;
    let list = conflicts::List {
        found: &found,
        taxonomy: published.as_ref().map(|p| &*p.taxonomy),
        task: project.task,
        // Counted for the project as a whole only.
        n: queue.is_none().then_some(n_conflicts),
        is_first: which.after.is_none(),
        queue,
        base: &base,
        slug: &project.slug,
        may_decide: visitor.may(Act::Adjudicate),
        decided,
    };
    let content = view! {
        <header class="head">
            <div>
                <h1>"Agreement"</h1>
            </div>
        </header>
        {filter}
        <div class="stack">
            {figures::view(&agreement, project.task, target, &project.slug)} {list.view(&visitor.flash)}
        </div>
    };
    let body = shell::project(&visitor, &thread, Station::Agreement, content)?;
    Ok(shell::document("Agreement · Assay", Some(&visitor), "project-shell", || body).into_response())
}

async fn decide(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    form: Form,
) -> Page {
    let base = format!("/p/{}/agreement", visitor.project()?.slug);
    let project = visitor.project()?.id;
    // Back to where the decision was made: the same queue, the same page of conflicts.
    let digits = |name: &str| form.get(name).chars().filter(char::is_ascii_digit).collect::<String>();
    let (queue, after) = (digits("queue"), digits("after"));
    let back = match (queue.is_empty(), after.is_empty()) {
        (true, true) => format!("{base}#conflicts"),
        (false, true) => format!("{base}?queue={queue}#conflicts"),
        (true, false) => format!("{base}?after={after}#conflicts"),
        (false, false) => format!("{base}?queue={queue}&after={after}#conflicts"),
    };
    let name = format!("decide-{}", digits("item"));
    let outcome = async {
        let bad = |_| Error::NotFound(Thing::Item);
        let labels = form.all("labels").map(str::parse).collect::<Result<_, _>>();
        let decision = Decision {
            item: form.get("item").parse().map_err(bad)?,
            revision: form.get("revision").parse().map_err(bad)?,
            labels: labels.map_err(|_| Error::invalid("labels", "Choose a label of the taxonomy."))?,
            note: form.get("note").to_owned(),
        };
        adjudicate::decide(&app.instance, visitor.actor()?, project, decision).await?;
        Ok(Done::to(back.clone()).say("Decided. The answers it was decided over are kept."))
    };
    finish(&session, &name, &form, &back, outcome.await).await
}
