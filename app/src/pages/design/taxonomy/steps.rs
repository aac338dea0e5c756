//! A change of the taxonomy in words.

use domain::taxonomy::change::Operation;
use leptos::prelude::*;
use workflow::design::taxonomies;

pub fn step_view(step: &Operation) -> AnyView {
    let said = taxonomies::said(step);
    match said.split_once(' ') {
        Some((verb, rest)) => view! {
            <b>{verb.to_owned()}</b>
            <span dir="auto">{rest.to_owned()}</span>
        }
        .into_any(),
        None => said.into_any(),
    }
}
