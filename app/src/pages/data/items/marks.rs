//! How labels and state of an item are shown.

use crate::parts::labels::tag;
use domain::LabelId;
use domain::consensus::State as ItemState;
use domain::taxonomy::Taxonomy;
use leptos::prelude::*;

pub fn labels(labels: &[LabelId], taxonomy: &Taxonomy) -> AnyView {
    let tags: Vec<_> = labels.iter().filter_map(|id| taxonomy.get(*id)).map(tag).collect();
    if tags.is_empty() { view! { <span class="quiet">"none"</span> }.into_any() } else { tags.into_any() }
}

pub fn state(state: ItemState) -> AnyView {
    let class = match state {
        ItemState::NeedsLook => "state look".to_owned(),
        other => format!("state {}", other.as_str()),
    };
    view! { <span class=class>{state.title()}</span> }.into_any()
}
