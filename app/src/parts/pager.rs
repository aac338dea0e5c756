//! The way through a list that is longer than a page. A page begins behind the last row of the one before, so that it
//! costs the same anywhere in the list.

use crate::web::address::percent_encoded;
use leptos::prelude::*;
use std::collections::HashMap;
use std::fmt::Display;
use std::str::FromStr;

pub fn pager(name: &'static str, links: impl IntoView + 'static) -> AnyView {
    view! {
        <nav class="pager" aria-label=name>
            {links}
        </nav>
    }
    .into_any()
}

/// The link to the page behind this one.
pub fn next(to: String, words: &'static str) -> AnyView {
    view! {
        <a class="btn small" href=to rel="next">
            {words}
        </a>
    }
    .into_any()
}

/// The link to the first page.
pub fn first(to: String, words: &'static str) -> AnyView {
    view! {
        <a class="btn small" href=to>
            {words}
        </a>
    }
    .into_any()
}

/// The ways back to the first page and on to the next, at the end of the line.
pub fn both_ways(first: Option<AnyView>, next: Option<AnyView>) -> AnyView {
    pager("Pages", view! { <span></span> <span class="acts">{first} {next}</span> })
}

/// Under a list by name: the way to what comes behind `name`. `to` is the address of the list with its query so far.
pub fn by_name(to: &str, name: &str, id: impl Display) -> AnyView {
    let joint = if to.contains('?') { '&' } else { '?' };
    let to = format!("{to}{joint}name={}&after={id}", percent_encoded(name));
    pager("Pages", view! { <span>"by name"</span> {next(to, "More →")} })
}

/// Where the page of a list by name begins, as [`by_name`] has written it.
pub fn place_by_name<Id: FromStr>(query: &HashMap<String, String>) -> Option<(&str, Id)> {
    Some((query.get("name")?.as_str(), query.get("after")?.parse().ok()?))
}
