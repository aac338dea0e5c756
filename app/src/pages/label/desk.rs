//! The Label page: a plain form for one text at a time, which the desk takes over once it is awake.

pub mod convert;

use crate::islands::desk::{Desk, guideline};
use crate::parts::fields::inside_textarea;
use crate::web::error::Page;
use crate::web::forms::{Done, Flash, Form, finish};
use crate::web::guard::{App, Need, Route, Visitor, percent_encoded};
use crate::web::shell::{self, Station};
use crate::wire::label::{Card, Remaining, Sent, Setting, Word};
use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect};
use domain::QueueId;
use domain::permission::Act;
use leptos::prelude::*;
use std::collections::HashMap;
use tower_sessions::Session;
use uuid::Uuid;
use workflow::Error;
use workflow::label::annotate;
use workflow::label::queues;

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
async fn choose(State(app): State<App>, Extension(visitor): Extension<Visitor>) -> Page {
    let project = visitor.project()?;
    let mut open = queues::list(&app.instance, visitor.actor()?, project.id).await?;
    open.retain(|queue| queue.state == "open");
    let to = match open.as_slice() {
        [one] => format!("/p/{}/queues/{}/label", project.slug, one.id),
        _ => format!("/p/{}/queues", project.slug),
    };
    Ok(Redirect::to(&to).into_response())
}

async fn show(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Path((_, queue)): Path<(String, String)>,
    Query(query): Query<HashMap<String, String>>,
) -> Page {
    let queue = id(&queue)?;
    let project = visitor.project()?.clone();
    let Some(setting) = convert::setting(&app.instance, &visitor, queue).await? else {
        return no_labels(&app, &visitor).await;
    };
    let batch = annotate::next(&app.instance, visitor.actor()?, project.id, queue, 1).await?;
    let rest = convert::rest(&batch);
    let card = batch.items.into_iter().next().map(convert::card);
    let title = format!("Label · {} · Assay", setting.queue_name);
    let last = query.get("last").cloned();
    let plain = plain(&setting, card.as_ref(), rest, last.as_deref(), &visitor);
    // Made while the document is: an island needs its owner.
    let body = move || {
        view! {
            <div class="desk" id="plain">
                {plain}
            </div>
            <Desk setting=setting first=card rest=rest />
        }
    };
    Ok(shell::document(&title, Some(&visitor), "at-desk", body).into_response())
}

async fn no_labels(app: &App, visitor: &Visitor) -> Page {
    let thread = shell::thread(&app.instance, visitor).await?;
    let base = format!("/p/{}", visitor.project()?.slug);
    let edit = visitor.may(Act::EditTaxonomy);
    let content = view! {
        <section class="empty">
            <h2>"No labels yet"</h2>
            <p>"People can label once a first version of the taxonomy is published."</p>
            <p class="acts">
                {edit.then(|| view! { <a class="btn do" href=format!("{base}/taxonomy")>"To the taxonomy"</a> })}
            </p>
        </section>
    };
    let body = shell::project(visitor, &thread, Station::Queues, content)?;
    Ok(shell::document("Label · Assay", Some(visitor), "project-shell", || body).into_response())
}

/// The page as a form: works by itself, and looks like the desk that takes its place.
fn plain(
    setting: &Setting,
    card: Option<&Card>,
    rest: Remaining,
    last: Option<&str>,
    visitor: &Visitor,
) -> impl IntoView + use<> {
    let here = format!("/p/{}/queues/{}/label", setting.slug, setting.queue);
    let progress = if card.is_none() && rest == Remaining::Done { setting.slots } else { setting.answers };
    let undo = last.map(|last| {
        view! {
            <footer>
                <button class="hint-key" form="undo">"Undo the last answer"</button>
            </footer>
            <form id="undo" method="post" action=format!("{here}/undo")>
                <input type="hidden" name="last" value=last.to_owned() />
            </form>
        }
    });
    let main = match card {
        Some(card) => form(setting, card, last, &here, &visitor.flash).into_any(),
        None => pause(setting, rest, &here).into_any(),
    };
    view! {
        <header>
            <progress class="thin" value=progress.to_string() max=setting.slots.to_string() aria-label="Progress in this queue"></progress>
            <span title=setting.queue_name.clone()>
                <a href=format!("/p/{}", setting.slug)>{setting.project.clone()}</a>
                " · "
                {setting.queue_name.clone()}
            </span>
            <span class="num">{format!("{} answered", setting.mine)}</span>
            <span class="saved">"Saved"</span>
        </header>
        {shell::notice(visitor)}
        {errors(visitor)}
        {main}
        {undo}
    }
}

/// What did not fit in the answer before.
fn errors(visitor: &Visitor) -> impl IntoView + use<> {
    let said: Vec<String> = visitor.flash.errors.values().cloned().collect();
    (!said.is_empty()).then(|| view! { <p class="notice bad" role="alert">{said.join(" ")}</p> })
}

fn form(
    setting: &Setting,
    card: &Card,
    last: Option<&str>,
    here: &str,
    flash: &Flash,
) -> impl IntoView + use<> {
    let several = setting.several;
    // A note that was written with an answer that did not fit; not with that to another text.
    let is_same = flash.value("label", "assignment") == Some(card.assignment.to_string().as_str());
    let note = flash.value("label", "note").filter(|_| is_same).unwrap_or_default().to_owned();
    let many = setting.choices.len() > 10;
    let picks: Vec<_> = setting
        .choices
        .iter()
        .map(|choice| {
            let key = choice.key.map(|key| view! { <kbd>{key.to_string()}</kbd> });
            let tag = view! {
                <span class=format!("tag {}", choice.hue) dir="auto">
                    {choice.name.clone()}
                </span>
            };
            let id = choice.id.to_string();
            if several {
                view! {
                    <li>
                        <label class="pick">
                            <input type="checkbox" name="label" value=id />
                            {key}
                            {tag}
                        </label>
                    </li>
                }
                .into_any()
            } else {
                view! {
                    <li>
                        <button class="pick" name="label" value=id formnovalidate>
                            {key}
                            {tag}
                        </button>
                    </li>
                }
                .into_any()
            }
        })
        .collect();
    let guide: Vec<_> = setting.note.iter().chain(&setting.choices).map(guideline).collect();
    let reasons: Vec<_> = setting
        .reasons
        .iter()
        .map(|(value, title)| view! { <option value=value.clone()>{title.clone()}</option> })
        .collect();
    let beside: Vec<_> = card
        .beside
        .iter()
        .map(|(name, value)| {
            view! {
                <div>
                    <dt>{name.clone()}</dt>
                    <dd dir="auto">{value.clone()}</dd>
                </div>
            }
        })
        .collect();
    let long = card.text.chars().count() > 500;
    view! {
        <main id="main">
            <form class="work" method="post" action=here.to_owned()>
                <section class="read" aria-label="Text" tabindex="0">
                    <h1 class="vh">"Label a text"</h1>
                    <p class="item" class:long=long dir="auto">
                        {card.text.clone()}
                    </p>
                    <dl class="beside">{beside}</dl>
                    <div class="note field">
                        <label for="note">"Note " <span class="opt">"optional"</span></label>
                        <textarea id="note" name="note" rows="2">
                            {inside_textarea(&note)}
                        </textarea>
                    </div>
                    <details class="behind">
                        <summary>"Guideline"</summary>
                        <div class="guide">
                            <h2 class="vh">"Guideline"</h2>
                            {guide}
                        </div>
                    </details>
                </section>
                <section class="side" aria-label="Labels">
                    <input type="hidden" name="id" value=Uuid::now_v7().to_string() />
                    <input type="hidden" name="assignment" value=card.assignment.to_string() />
                    <input type="hidden" name="revision" value=card.revision.to_string() />
                    <input type="hidden" name="version" value=setting.version.to_string() />
                    {last.map(|last| view! { <input type="hidden" name="last" value=last.to_owned() /> })}
                    <ol class="labels" class:many=many>
                        {picks}
                    </ol>
                    {several.then(|| view! { <button class="btn do wide send" name="save" value="yes" formnovalidate>"Save"</button> })}
                    <hr />
                    <div class="field">
                        <label for="why">"Skip, because"</label>
                        <div class="row">
                            // A reason is asked for by the button that skips alone.
                            <select class="some" id="why" name="reason" required>
                                <option value="">"Choose a reason"</option>
                                {reasons}
                            </select>
                            <button class="btn" name="skip" value="yes">
                                "Skip"
                            </button>
                        </div>
                    </div>
                </section>
            </form>
        </main>
    }
}

/// Why there is no text, and what to do.
fn pause(setting: &Setting, rest: Remaining, here: &str) -> impl IntoView + use<> {
    let (title, text) = pause_words(rest, &setting.queue_name);
    let base = format!("/p/{}", setting.slug);
    view! {
        <main class="pause" id="main">
            <h1>{title}</h1>
            <p>{text}</p>
            <div class="acts">
                {(rest != Remaining::Done && rest != Remaining::Closed)
                    .then(|| view! { <a class="btn do" href=here.to_owned()>"Look again"</a> })}
                <a class="btn" href=format!("{base}/queues")>"Queues"</a>
            </div>
        </main>
    }
}

pub use crate::islands::desk::pause_words;

async fn answer(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    Path((_, queue)): Path<(String, String)>,
    form: Form,
) -> Page {
    let here = format!("/p/{}/queues/{}/label", visitor.project()?.slug, id(&queue)?);
    let word = if form.has("skip") {
        Word::Skip(form.get("reason").to_owned())
    } else {
        Word::Labels(form.all("label").filter_map(|label| label.parse().ok()).collect())
    };
    let last = format!("{}-{}", form.get("assignment"), form.get("revision"));
    let outcome = match sent(&form, word) {
        Ok(sent) => convert::one(&app.instance, &visitor, &sent).await,
        Err(error) => Err(error),
    };
    let done = outcome.map(|receipt| {
        let done = Done::to(format!("{here}?last={}", percent_encoded(&last)));
        match receipt.why {
            Some(why) => done.say(why.to_string()),
            None => done,
        }
    });
    finish(&session, "label", &form, &try_again(&here, &form), done).await
}

/// Back to the text whose answer did not fit, with the way to the one before.
fn try_again(here: &str, form: &Form) -> String {
    match form.get("last") {
        "" => here.to_owned(),
        last => format!("{here}?last={}", percent_encoded(last)),
    }
}

async fn undo(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    Path((_, queue)): Path<(String, String)>,
    form: Form,
) -> Page {
    let here = format!("/p/{}/queues/{}/label", visitor.project()?.slug, id(&queue)?);
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
    let outcome = convert::one(&app.instance, &visitor, &back).await;
    let done = outcome.map(|_| Done::to(here.clone()).say("Your answer was taken back."));
    finish(&session, "label", &form, &try_again(&here, &form), done).await
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

pub fn id(text: &str) -> Result<QueueId, Error> {
    text.parse().map_err(|_| Error::NotFound("The queue"))
}
