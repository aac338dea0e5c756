//! A change of the taxonomy in words.

use domain::taxonomy::change::Operation;
use leptos::prelude::*;
use workflow::design;

pub fn step_view(step: &Operation) -> AnyView {
    let said = design::said(step);
    match said.split_once(' ') {
        Some((verb, rest)) => view! {
            <b>{verb.to_owned()}</b>
            <span dir="auto">{rest.to_owned()}</span>
        }
        .into_any(),
        None => said.into_any(),
    }
}
