//! Agreement: α with its interval, by label, between people; and what they do not agree on, to be decided.

mod conflicts;
mod figures;

use crate::parts::head::Head;
use crate::web::error::PageResult;
use crate::web::forms::{Done, Form};
use crate::web::navigation::Station;
use crate::web::page::ProjectPage;
use crate::web::route::{Need, Route};
use axum::extract::Query;
use domain::permission::Act;
use domain::{ItemId, QueueId};
use leptos::prelude::*;
use serde::Deserialize;
use workflow::agree::adjudicate::{self, Decision};
use workflow::agree::measure;
use workflow::design;
use workflow::label::queues::{self, QueueView};
use workflow::site::projects;
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

async fn show(mut page: ProjectPage, Query(which): Query<Which>) -> PageResult {
    // Only decisions are said here: where they were made, not at the top of a long page.
    let decided = page.take_notice();
    let project = &page.project;
    let actor = page.actor();
    let queue: Option<QueueId> = match which.queue.as_str() {
        "" => None,
        text => Some(text.parse().map_err(|_| Error::NotFound(Thing::Queue))?),
    };
    let agreement = measure::agreement(page.instance(), actor, project.id, queue).await?;
    let found = measure::conflicts(page.instance(), actor, project.id, queue, which.after).await?;
    let published = design::published(page.instance(), actor, project.id).await?;
    let counts = projects::counts(page.instance(), actor, project.id).await?;
    let queues = queues::list(page.instance(), actor, project.id).await?;
    let base = page.path("/agreement");
    let filter = filter(&queues, queue, &base);
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
        may_decide: page.may(Act::Adjudicate),
        decided,
    };
    let content = view! {
        {Head::titled("Agreement").view()}
        {filter}
        <div class="stack">
            {figures::view(&agreement, project.task, target, &project.slug)} {list.view(&page.flash)}
        </div>
    };
    page.show("Agreement", Station::Agreement, content).await
}

/// A choice of one queue, where there are several.
fn filter(queues: &[QueueView], chosen: Option<QueueId>, base: &str) -> Option<AnyView> {
    let options: Vec<_> = queues
        .iter()
        .map(|queue| {
            view! {
                <option value=queue.id.to_string() selected=chosen == Some(queue.id)>
                    {queue.name.clone()}
                </option>
            }
        })
        .collect();
    (queues.len() > 1).then(|| {
        view! {
            <form class="filters" method="get" action=base.to_owned()>
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
        .into_any()
    })
}

async fn decide(page: ProjectPage, form: Form) -> PageResult {
    let base = page.path("/agreement");
    let project = page.project.id;
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
        adjudicate::decide(page.instance(), page.actor(), project, decision).await?;
        Ok(Done::to(back.clone()).say("Decided. The answers it was decided over are kept."))
    };
    page.finish(&name, &form, &back, outcome.await).await
}
