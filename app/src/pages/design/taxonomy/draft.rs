//! The draft: what is in it and not published, and the ways to go on with it.

use super::steps::step_view;
use crate::parts::fields;
use crate::parts::times::moment;
use crate::web::page::ProjectPage;
use leptos::prelude::*;
use workflow::design::Draft;

/// What is in the draft and not published, what keeps it back, and the way on.
pub fn draft_sheet(draft: &Draft, page: &ProjectPage, base: &str) -> AnyView {
    let edit = draft.edit.to_string();
    let next = draft.published.as_ref().map_or(1, |p| p.number + 1);
    let changed = draft.published.is_none() || !draft.operations.is_empty();
    let steps: Vec<_> = draft.operations.iter().map(|step| view! { <li>{step_view(step)}</li> }).collect();
    let problems: Vec<_> =
        draft.problems.iter().map(|p| view! { <li>{sentence(&p.to_string())}</li> }).collect();
    let n_problems = problems.len();
    let behind = (!draft.behind.is_empty()).then(|| {
        let steps: Vec<_> = draft.behind.iter().map(|step| view! { <li>{step_view(step)}</li> }).collect();
        view! {
            <div class="notice bad">
                <p>"Someone published since this draft was begun. Take their changes in before you publish yours:"</p>
                <ul class="ops">{steps}</ul>
                <form method="post" action=format!("{base}/catch-up")>
                    <input type="hidden" name="edit" value=edit.clone() />
                    <button class="btn small">"Take them into the draft"</button>
                </form>
            </div>
        }
    });
    let publish = (changed && n_problems == 0 && draft.behind.is_empty()).then(|| {
        let hint = "Published with the version, for everyone who labels.";
        view! {
            <form class="form" method="post" action=format!("{base}/publish")>
                <input type="hidden" name="edit" value=edit.clone() />
                {fields::area(&page.flash, "publish", "note", "What changed and why", hint, "", 3)}
                <div class="acts">
                    <button class="btn do">{format!("Publish version {next}")}</button>
                </div>
            </form>
        }
    });
    let discard = (draft.published.is_some() && !draft.operations.is_empty()).then(|| {
        view! {
            <form method="post" action=format!("{base}/discard")>
                <input type="hidden" name="edit" value=edit.clone() />
                <button class="btn bare small">"Discard the draft"</button>
            </form>
        }
    });
    let by = draft.updated_by.clone().zip(draft.updated_at).filter(|_| changed).map(|(by, at)| {
        view! { <p class="quiet">"Last changed by " {by} ", " {moment(at)}</p> }
    });
    view! {
        <section class="sheet stack" aria-labelledby="draft-h">
            <div class="sec">
                <h2 id="draft-h">"Draft"</h2>
                <span class="chip draft">{if changed { "not published" } else { "as published" }}</span>
            </div>
            {behind}
            {(!steps.is_empty()).then(|| view! { <ul class="ops">{steps}</ul> })}
            {(!changed).then(|| view! { <p class="quiet">"The draft says what is published. Edit a label to begin a change."</p> })}
            {by}
            {(n_problems > 0 && changed)
                .then(|| {
                    view! {
                        <p>"Before it can be published:"</p>
                        <ul>{problems}</ul>
                    }
                })}
            {publish}
            {discard}
        </section>
    }
    .into_any()
}

pub fn from_field_form(draft: &Draft, page: &ProjectPage, base: &str) -> AnyView {
    let field = fields::Field {
        form: "from-field",
        name: "field",
        label: "Labels from a column",
        hint: "The name of a field of your items. Each different value becomes a label of the draft.",
        kind: "text",
        value: "",
        required: true,
    };
    view! {
        <form class="form sheet" method="post" action=format!("{base}/from-field")>
            <input type="hidden" name="edit" value=draft.edit.to_string() />
            {field.view(&page.flash)}
            <div class="acts">
                <button class="btn">"Add its values"</button>
            </div>
        </form>
    }
    .into_any()
}

/// With a capital and a full stop.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| format!("{}{}.", first.to_uppercase(), chars.as_str())).unwrap_or_default()
}
