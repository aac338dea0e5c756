//! How a release is shown wherever it is named: its state, and a hash that can be compared at a glance.

use domain::release::ReleaseState;
use leptos::prelude::*;

/// A hash, short enough to compare at a glance.
pub fn short(hash: &str) -> String {
    match (hash.get(..8), hash.get(hash.len().saturating_sub(4)..)) {
        (Some(head), Some(tail)) if hash.len() > 12 => format!("{head}…{tail}"),
        _ => hash.to_owned(),
    }
}

pub fn state_mark(state: ReleaseState) -> AnyView {
    let class = match state {
        ReleaseState::Cutting => "state running",
        ReleaseState::Failed => "state failed",
        ReleaseState::Done => "state on",
    };
    view! { <span class=class>{state.as_str()}</span> }.into_any()
}
