//! The selection: how it is put together, what is in it, and what can be done with it.

use super::asked::Asked;
use super::label_forms::{label_forms, tags};
use super::shown::{SelectedItems, Shown};
use crate::parts::numbers::grouped;
use crate::parts::shortened;
use crate::web::address::percent_encoded;
use crate::web::page::ProjectPage;
use domain::discover::selection::{Op, Part, Step};
use domain::permission::Act;
use leptos::prelude::*;

/// Texts shown of it.
const SHOWN: usize = 12;

pub fn selection(shown: &Shown, page: &ProjectPage, base: &str) -> AnyView {
    let Some(selected) = &shown.selected else { return adding(shown, base, true) };
    let SelectedItems { selection, count, items } = selected;
    let back = format!("{base}?{}", shown.asked.query());
    let steps: Vec<_> = selection
        .steps
        .iter()
        .enumerate()
        .map(|(at, step)| {
            let mut asked = shown.asked.clone();
            asked.steps.remove(at);
            view! {
                <li>
                    <span dir="auto">{said(step, shown)}</span>
                    <a class="btn small bare" href=format!("{base}?{}", asked.query())>
                        "Remove"
                    </a>
                </li>
            }
        })
        .collect();
    let rows: Vec<_> = items
        .iter()
        .take(SHOWN)
        .map(|row| {
            let labels = row.labels.as_ref().map(|labels| labels.0.clone()).unwrap_or_default();
            view! {
                <li>
                    <a href=page.path(&format!("/items/{}", row.id)) dir="auto">
                        {shortened(&row.text, 180)}
                    </a>
                    {tags(&labels, shown)}
                </li>
            }
        })
        .collect();
    let query = query(shown);
    let at = format!("{base}/selection");
    let acts = page.may(Act::RunQueues).then(|| {
        let sent = format!("{at}?{}", shown.asked.query());
        let to = |act: &str| sent.replacen("/selection?", &format!("/selection/{act}?"), 1);
        view! {
            <div class="acts">
                <a class="btn small" href=format!("{}?{query}", page.path("/items"))>
                    "List them"
                </a>
                <a class="btn small" href=format!("{}?{query}", page.path("/queues/new"))>
                    "Queue them"
                </a>
                <form method="post" action=to("aside")>
                    <input type="hidden" name="back" value=back.clone() />
                    <button class="btn small">"Set aside"</button>
                </form>
                <form method="post" action=to("back")>
                    <input type="hidden" name="back" value=back.clone() />
                    <button class="btn small">"Take back"</button>
                </form>
            </div>
            <form method="post" action=to("save") class="inline-act">
                <input type="hidden" name="back" value=back.clone() />
                <label for="slice-name">"Save as slice"</label>
                <input id="slice-name" name="name" required maxlength="80" autocomplete="off" />
                <button class="btn small">"Save"</button>
            </form>
            {label_forms(page, &at, &back, shown, String::new())}
        }
    });
    view! {
        <section class="sheet selection" aria-labelledby="sel-h">
            <div class="sec">
                <h2 id="sel-h">
                    <output data-count class="num">
                        {grouped(*count as i64)}
                    </output>
                    " selected"
                </h2>
                <a class="btn small bare" href=format!("{base}?{}", cleared(shown)) data-clear>
                    "Clear"
                </a>
            </div>
            <ul class="steps">{steps}</ul>
            {acts}
            {adding(shown, base, false)}
            <ul class="samples">{rows}</ul>
        </section>
    }
    .into_any()
}

fn cleared(shown: &Shown) -> String {
    Asked { steps: Vec::new(), ..shown.asked.clone() }.query()
}

/// The selection in the address of another page.
fn query(shown: &Shown) -> String {
    let steps = shown.asked.steps.iter().map(|step| format!("&sel={}", percent_encoded(step)));
    format!("run={}{}", shown.run.row.id, steps.collect::<String>())
}

/// A step in words.
fn said(step: &Step, shown: &Shown) -> String {
    let op = match step.op {
        Op::Or => "add",
        Op::And => "only",
        Op::Not => "without",
    };
    let part = match &step.part {
        Part::Group(group) => {
            let node = shown.run.groups.iter().find(|node| node.group.id == *group);
            format!("group “{}”", node.map_or_else(|| group.to_string(), |node| node.group.title()))
        }
        Part::Area(_) => "an area of the map".to_owned(),
        Part::Words(words) => format!("texts with “{words}”"),
        Part::Field { name, value } => format!("{name} = {value}"),
        Part::Days { first, last } => format!("{} to {}", first.date(), last.date()),
        Part::Ground => "new ground".to_owned(),
    };
    format!("{op}: {part}")
}

/// The forms that add a step; without a script they are how a selection is made.
fn adding(shown: &Shown, base: &str, is_first: bool) -> AnyView {
    let kept: Vec<_> = shown
        .asked
        .steps
        .iter()
        .map(|step| view! { <input type="hidden" name="sel" value=step.clone() /> })
        .collect();
    let fields: Vec<_> =
        shown.fields.iter().map(|name| view! { <option value=name.clone()></option> }).collect();
    let (level, group) = (shown.asked.level.to_string(), shown.asked.group);
    view! {
        <details class="behind" open=is_first && shown.problem.is_some()>
            <summary>{if is_first { "Select by words, field or time" } else { "Add, narrow or take away" }}</summary>
            {shown.problem.clone().map(|problem| view! { <p class="error">{problem}</p> })}
            <form method="post" action=format!("{base}/selection/step") class="form tight-form" data-step>
                {kept}
                <input type="hidden" name="k" value=level />
                {group.map(|group| view! { <input type="hidden" name="group" value=group.to_string() /> })}
                <div class="pairs">
                    <div class="field">
                        <label for="step-op">"How"</label>
                        <select id="step-op" name="op">
                            <option value="or">"add to the selection"</option>
                            <option value="and">"only these of it"</option>
                            <option value="not">"without these"</option>
                        </select>
                    </div>
                    <div class="field">
                        <label for="step-words">"Words"</label>
                        <input id="step-words" name="words" type="search" maxlength="200" />
                    </div>
                </div>
                <div class="pairs">
                    <div class="field">
                        <label for="step-field">"Field"</label>
                        <input id="step-field" name="field" list="step-fields" placeholder="channel=mail" />
                        <datalist id="step-fields">{fields}</datalist>
                    </div>
                    <div class="field">
                        <label for="step-from">"From"</label>
                        <input id="step-from" name="from" type="date" />
                    </div>
                    <div class="field">
                        <label for="step-until">"Until"</label>
                        <input id="step-until" name="until" type="date" />
                    </div>
                </div>
                <button class="btn small">"Select"</button>
            </form>
        </details>
    }
    .into_any()
}
