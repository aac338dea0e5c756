//! The Label page: a plain form for one text at a time, which the desk takes over once it is awake.

pub mod convert;
mod plain;

use crate::islands::desk::Desk;
use crate::parts::empty::Empty;
use crate::web::address::percent_encoded;
use crate::web::document::document;
use crate::web::error::PageResult;
use crate::web::forms::{Done, Form};
use crate::web::navigation::Station;
use crate::web::page::ProjectPage;
use crate::web::route::{Need, Route};
use crate::wire::label::{Sent, Word};
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect};
use domain::QueueId;
use domain::permission::Act;
use domain::queue::QueueState;
use leptos::prelude::*;
use std::collections::HashMap;
use uuid::Uuid;
use workflow::label::annotate;
use workflow::label::queues;
use workflow::{Error, Thing};

pub fn routes() -> Vec<Route> {
    let label = Need::Project(Act::Label);
    vec![
        Route::get("/p/{slug}/label", label, choose),
        Route::get("/p/{slug}/queues/{queue}/label", label, show),
        Route::post("/p/{slug}/queues/{queue}/label", label, answer),
        Route::post("/p/{slug}/queues/{queue}/label/undo", label, undo),
    ]
}

/// Straight to the queue where there is only one, else to the list.
async fn choose(page: ProjectPage) -> PageResult {
    let mut open = queues::list(page.instance(), page.actor(), page.project.id).await?;
    open.retain(|queue| queue.state == QueueState::Open);
    let to = match open.as_slice() {
        [one] => page.path(&format!("/queues/{}/label", one.id)),
        _ => page.path("/queues"),
    };
    Ok(Redirect::to(&to).into_response())
}

async fn show(
    page: ProjectPage,
    Path((_, queue)): Path<(String, String)>,
    Query(query): Query<HashMap<String, String>>,
) -> PageResult {
    let queue = id(&queue)?;
    let Some(setting) = convert::setting(&page, queue).await? else {
        return no_labels(&page).await;
    };
    let batch = annotate::next(page.instance(), page.actor(), page.project.id, queue, 1).await?;
    let rest = convert::remaining(&batch);
    let card = batch.items.into_iter().next().map(convert::card);
    let title = format!("Label · {}", setting.queue_name);
    let last = query.get("last").cloned();
    let plain = plain::plain(&setting, card.as_ref(), rest, last.as_deref(), &page);
    // Called while the document is made: an island needs its owner.
    let body = move || {
        view! {
            <div class="desk" id="plain">
                {plain}
            </div>
            <Desk setting=setting first=card rest=rest />
        }
    };
    let theme = page.who.presence.prefs.theme;
    Ok(document(&title, Some(theme), "at-desk", body).into_response())
}

async fn no_labels(page: &ProjectPage) -> PageResult {
    let words = "People can label once a first version of the taxonomy is published.";
    let may_edit = page.may(Act::EditTaxonomy);
    let content =
        Empty::new("No labels yet", words).link_if(may_edit, page.path("/taxonomy"), "To the taxonomy");
    page.show("Label", Station::Queues, content.view()).await
}

async fn answer(page: ProjectPage, Path((_, queue)): Path<(String, String)>, form: Form) -> PageResult {
    let here = page.path(&format!("/queues/{}/label", id(&queue)?));
    let word = if form.has("skip") {
        Word::Skip(form.get("reason").to_owned())
    } else {
        Word::Labels(form.all("label").filter_map(|label| label.parse().ok()).collect())
    };
    let last = format!("{}-{}", form.get("assignment"), form.get("revision"));
    let outcome = match sent(&form, word) {
        Ok(sent) => convert::one(&page, &sent).await,
        Err(error) => Err(error),
    };
    let done = outcome.map(|receipt| {
        let done = Done::to(format!("{here}?last={}", percent_encoded(&last)));
        match receipt.why {
            Some(why) => done.say(why.to_string()),
            None => done,
        }
    });
    page.finish("label", &form, &try_again(&here, &form), done).await
}

/// Back to the text whose answer did not fit, with the way to the one before.
fn try_again(here: &str, form: &Form) -> String {
    match form.get("last") {
        "" => here.to_owned(),
        last => format!("{here}?last={}", percent_encoded(last)),
    }
}

async fn undo(page: ProjectPage, Path((_, queue)): Path<(String, String)>, form: Form) -> PageResult {
    let here = page.path(&format!("/queues/{}/label", id(&queue)?));
    let (assignment, revision) = form.get("last").split_once('-').unwrap_or_default();
    let back = Sent {
        id: Uuid::now_v7().to_string(),
        assignment: assignment.parse().unwrap_or(0),
        revision: revision.parse().unwrap_or(0),
        version: 0,
        word: Word::Withdrawn,
        note: None,
        seconds: None,
    };
    let outcome = convert::one(&page, &back).await;
    let done = outcome.map(|_| Done::to(here.clone()).say("Your answer was taken back."));
    page.finish("label", &form, &try_again(&here, &form), done).await
}

fn sent(form: &Form, word: Word) -> Result<Sent, Error> {
    let number = |name: &str| {
        form.get(name)
            .parse::<i64>()
            .map_err(|_| Error::invalid("", "The form was not complete. Nothing was saved: answer again."))
    };
    Ok(Sent {
        id: form.get("id").to_owned(),
        assignment: number("assignment")?,
        revision: number("revision")?,
        version: number("version")?,
        word,
        note: Some(form.get("note").to_owned()),
        seconds: None,
    })
}

fn id(text: &str) -> Result<QueueId, Error> {
    text.parse().map_err(|_| Error::NotFound(Thing::Queue))
}
