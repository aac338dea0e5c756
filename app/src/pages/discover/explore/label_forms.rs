//! What makes labels of a group or a selection: a new label, examples, labels in bulk.

use super::shown::Shown;
use crate::parts::fields::inside_textarea;
use crate::parts::labels::tag;
use crate::web::page::ProjectPage;
use domain::permission::Act;
use domain::taxonomy::Label;
use leptos::prelude::*;

/// Making a label, adding examples, labeling in bulk: for a group or a selection. `at` is where the forms are sent.
pub fn label_forms(page: &ProjectPage, at: &str, back: &str, shown: &Shown, name: String) -> AnyView {
    let draft = shown.draft;
    let offered: Vec<&Label> = draft.taxonomy.offered();
    let published: Vec<Label> = draft
        .published
        .as_ref()
        .map(|published| published.taxonomy.offered().into_iter().cloned().collect())
        .unwrap_or_default();
    let options = |labels: Vec<&Label>| -> Vec<AnyView> {
        labels
            .into_iter()
            .map(|label| {
                view! { <option value=label.id.to_string() selected=label.name == name>{label.name.clone()}</option> }
                    .into_any()
            })
            .collect()
    };
    let may_edit = page.may(Act::EditTaxonomy);
    let making = may_edit.then(|| {
        view! {
            <details class="behind">
                <summary>"Make a label"</summary>
                <form method="post" action=format!("{at}/label") class="form tight-form">
                    {hidden("back", back.to_owned())}
                    <div class="field">
                        <label for="label-name">"Name"</label>
                        <input id="label-name" name="name" required maxlength="80" autocomplete="off" value=name.clone() />
                    </div>
                    <div class="field">
                        <label for="label-in">"What belongs to it, in one line"</label>
                        <textarea id="label-in" name="criterion" rows="2">
                            {inside_textarea("")}
                        </textarea>
                    </div>
                    <p class="hint">"Goes into the draft of the taxonomy, with three typical texts as examples."</p>
                    <button class="btn small do">"Make the label"</button>
                </form>
            </details>
        }
    });
    let adding = (may_edit && !offered.is_empty()).then(|| {
        view! {
            <form method="post" action=format!("{at}/examples") class="inline-act">
                {hidden("back", back.to_owned())}
                <label for="example-label">"Use as"</label>
                <select name="kind" aria-label="Examples or counter-examples">
                    <option value="in">"examples of"</option>
                    <option value="out">"counter-examples of"</option>
                </select>
                <select id="example-label" name="label">
                    {options(offered)}
                </select>
                <button class="btn small">"Add"</button>
            </form>
        }
    });
    let bulk = match published.is_empty() {
        true => view! {
            <p class="hint">
                "To label all of it at once, publish the "<a href=page.path("/taxonomy")>"draft"</a>" first."
            </p>
        }
        .into_any(),
        false => view! {
            <form method="post" action=format!("{at}/bulk") class="inline-act">
                {hidden("back", back.to_owned())}
                <label for="bulk-label">"Label all as"</label>
                <select id="bulk-label" name="label">
                    {options(published.iter().collect())}
                </select>
                <button class="btn small do">"Judge 20, then label"</button>
            </form>
        }
        .into_any(),
    };
    view! { {making} {bulk} {adding} }.into_any()
}

/// Labels beside a text.
pub fn tags(ids: &[domain::LabelId], shown: &Shown) -> Vec<AnyView> {
    let taxonomy = &shown.draft.taxonomy;
    ids.iter().filter_map(|id| taxonomy.get(*id)).map(tag).collect()
}

/// A field that the form carries along.
pub fn hidden(name: &'static str, value: String) -> impl IntoView {
    view! { <input type="hidden" name=name value=value /> }
}
