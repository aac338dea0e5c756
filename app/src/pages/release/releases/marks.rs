//! How a release is shown wherever it is named: its state, and a hash that can be compared at a glance.

use leptos::prelude::*;

/// A hash, short enough to compare at a glance.
pub fn short(hash: &str) -> String {
    match (hash.get(..8), hash.get(hash.len().saturating_sub(4)..)) {
        (Some(head), Some(tail)) if hash.len() > 12 => format!("{head}…{tail}"),
        _ => hash.to_owned(),
    }
}

pub fn state_mark(state: &str) -> AnyView {
    let class = match state {
        "cutting" => "state running",
        "failed" => "state failed",
        _ => "state on",
    };
    view! { <span class=class>{state.to_owned()}</span> }.into_any()
}
