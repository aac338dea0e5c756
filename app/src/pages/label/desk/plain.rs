//! The label page as a form: it works by itself, and looks like the desk that takes its place.

use crate::islands::desk::guide::guideline;
use crate::islands::desk::pause::pause_words;
use crate::parts::fields::inside_textarea;
use crate::parts::notices::notice;
use crate::web::flash::Flash;
use crate::web::page::ProjectPage;
use crate::wire::label::{Card, Remaining, Setting};
use leptos::prelude::*;
use uuid::Uuid;

pub fn plain(
    setting: &Setting,
    card: Option<&Card>,
    rest: Remaining,
    last: Option<&str>,
    page: &ProjectPage,
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
        Some(card) => form(setting, card, last, &here, &page.flash).into_any(),
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
        {page.flash.notice.clone().map(notice)}
        {errors(page)}
        {main}
        {undo}
    }
}

/// What did not fit in the answer before.
fn errors(page: &ProjectPage) -> impl IntoView + use<> {
    let said: Vec<String> = page.flash.errors.values().cloned().collect();
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
