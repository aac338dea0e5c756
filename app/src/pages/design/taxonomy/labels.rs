//! The labels of a draft in their order, and those that are retired.

use crate::parts::empty::Empty;
use crate::parts::labels::tag;
use crate::parts::numbers::grouped;
use domain::LabelId;
use domain::taxonomy::Label;
use leptos::prelude::*;
use workflow::design::Draft;

/// The labels that are offered, with their keys.
pub fn leaves(draft: &Draft, counts: &[(LabelId, i64)], base: &str, may_edit: bool) -> AnyView {
    let offered = draft.taxonomy.offered();
    if offered.is_empty() {
        let words = "A label is a name with a definition: what belongs to it and what does not. Add them by hand, or take \
                     them from a column of your data.";
        let to = format!("{base}/labels/new");
        return Empty::new("No label yet", words).link_if(may_edit, to, "Add the first label").view();
    }
    let keys = draft.taxonomy.keys();
    let last = offered.iter().filter(|l| !l.other).count();
    let rows: Vec<_> = offered
        .iter()
        .enumerate()
        .map(|(place, label)| {
            let key = keys.iter().find(|(id, _)| *id == label.id).and_then(|(_, key)| *key);
            let count = counts.iter().find(|(id, _)| *id == label.id).map_or(0, |(_, n)| *n);
            let moves = may_edit.then(|| moving(label, place, last, draft.edit, base));
            view! {
                <li>
                    {key.map(|key| view! { <kbd>{key.to_string()}</kbd> }.into_any()).unwrap_or_else(|| view! { <span></span> }.into_any())}
                    {tag(label)}
                    <p dir="auto">
                        {label.definition.clone()} " "
                        {label.other.then(|| view! { <span class="chip">"other bucket"</span> })}
                    </p>
                    <span class="acts">
                        <span class="quiet num">{format!("{} items", grouped(count))}</span>
                        {moves}
                        <a class="btn small" href=format!("{base}/labels/{}", label.id)>
                            {if may_edit { "Edit" } else { "Read" }}
                            <span class="vh">" " {label.name.clone()}</span>
                        </a>
                    </span>
                </li>
            }
        })
        .collect();
    view! { <ol class="leaves">{rows}</ol> }.into_any()
}

/// Up and down by button: works with keys and without JavaScript. The *other* bucket stays last.
fn moving(label: &Label, place: usize, last: usize, edit: i64, base: &str) -> Option<AnyView> {
    if label.other {
        return None;
    }
    let name = label.name.clone();
    let button = |value: &'static str, sign: &'static str, word: &'static str, off: bool| {
        view! {
            <button class="btn small" name="do" value=value disabled=off aria-label=format!("Move {} {word}", name)>
                {sign}
            </button>
        }
    };
    Some(
        view! {
            <form method="post" action=format!("{base}/arrange") class="acts">
                <input type="hidden" name="edit" value=edit.to_string() />
                <input type="hidden" name="label" value=label.id.to_string() />
                {button("up", "↑", "up", place == 0)}
                {button("down", "↓", "down", place + 1 >= last)}
            </form>
        }
        .into_any(),
    )
}

pub fn retired(draft: &Draft, base: &str, may_edit: bool) -> Option<AnyView> {
    let rows: Vec<_> = draft
        .taxonomy
        .labels
        .iter()
        .filter(|l| l.retired)
        .map(|label| {
            let edit = draft.edit.to_string();
            let restore = may_edit.then(|| {
                view! {
                    <form method="post" action=format!("{base}/arrange")>
                        <input type="hidden" name="edit" value=edit />
                        <input type="hidden" name="label" value=label.id.to_string() />
                        <button class="btn small" name="do" value="restore">
                            "Offer again"
                            <span class="vh">" " {label.name.clone()}</span>
                        </button>
                    </form>
                }
            });
            view! {
                <li class="retired">
                    <span></span>
                    {tag(label)}
                    <p dir="auto">{label.definition.clone()}</p>
                    <span class="acts">{restore}</span>
                </li>
            }
        })
        .collect();
    (!rows.is_empty()).then(|| {
        view! {
            <details>
                <summary>"Retired labels"</summary>
                <ol class="leaves">{rows}</ol>
            </details>
        }
        .into_any()
    })
}
