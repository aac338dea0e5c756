//! Names and what belongs to them: rows of `dl.facts`, figures of `dl.figures`.

use crate::parts::numbers::grouped;
use leptos::prelude::*;

pub fn fact(name: &'static str, value: impl IntoView + 'static) -> AnyView {
    view! {
        <dt>{name}</dt>
        <dd>{value}</dd>
    }
    .into_any()
}

/// What people wrote: it may run from right to left.
pub fn written_fact(name: &'static str, value: String) -> AnyView {
    view! {
        <dt>{name}</dt>
        <dd dir="auto">{value}</dd>
    }
    .into_any()
}

pub fn figure(name: &'static str, n: i64) -> AnyView {
    view! {
        <div>
            <dt>{name}</dt>
            <dd>{grouped(n)}</dd>
        </div>
    }
    .into_any()
}
