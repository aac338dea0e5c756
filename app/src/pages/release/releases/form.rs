//! The form that a release is cut with.

use crate::parts::fields::Field;
use crate::parts::head::Head;
use crate::parts::numbers::grouped;
use crate::web::page::ProjectPage;
use domain::consensus;
use domain::release::Split;
use leptos::prelude::*;
use std::collections::BTreeMap;
use workflow::release::Forecast;

/// What is known before a release is cut.
pub struct Planned {
    /// The number it gets.
    pub number: i64,
    /// Items by consensus state.
    pub counts: BTreeMap<String, i64>,
    /// What the splits would be, where that was looked at.
    pub forecast: Option<Forecast>,
}

pub fn form(plan: &Planned, page: &ProjectPage) -> AnyView {
    let base = page.path("/releases");
    let number = plan.number;
    let flash = &page.flash;
    let name = Field {
        form: "release",
        name: "name",
        label: "Name",
        hint: "What is new in it, in a few words.",
        kind: "text",
        value: "",
        required: true,
    };
    let n = |state: consensus::State| plan.counts.get(state.as_str()).copied().unwrap_or(0);
    // After an error the boxes stand as they were left; before, both are ticked.
    let was_sent = flash.form == "release";
    let choice = |state: consensus::State, title: &'static str, why: &'static str| {
        let checked = !was_sent || flash.values.iter().any(|(k, v)| k == "states" && v == state.as_str());
        view! {
            <label class="choice">
                <input type="checkbox" name="states" value=state.as_str() checked=checked />
                <span>{title} <small>{format!("{} items; {why}", grouped(n(state)))}</small></span>
            </label>
        }
    };
    let error = flash.error("release", "states").map(str::to_owned);
    view! {
        {Head::titled(format!("Cut release v{number}")).under(base.clone(), "Releases").view()}
        <form class="form" method="post" action=format!("{base}/new")>
            {name.view(flash)}
            <fieldset class="field">
                <legend>"Which items"</legend>
                {choice(consensus::State::Agreed, "Agreed", "a majority said the same")}
                {choice(consensus::State::Adjudicated, "Adjudicated", "an owner decided")}
                {error.map(|error| view! { <p class="error">{error}</p> })}
            </fieldset>
            <p class="notice">
                "Groups stay where they are: an item that was in a release keeps its split. Control items make validation and test, half each."
            </p>
            {splits(plan.forecast.as_ref(), &base)}
            <div class="acts">
                <button class="btn do">{format!("Cut v{number}")}</button>
                <a class="btn bare" href=base.clone()>
                    "Cancel"
                </a>
            </div>
        </form>
    }
    .into_any()
}

/// What the splits would be: they are fixed for good by the first release that holds a group.
fn splits(forecast: Option<&Forecast>, base: &str) -> AnyView {
    let Some(forecast) = forecast else {
        return view! {
            <p class="quiet">
                <a href=format!("{base}/new?look=true")>"Look at the splits first"</a>
                " (with so many items it takes a few seconds)"
            </p>
        }
        .into_any();
    };
    let warnings: Vec<_> =
        forecast.warnings().into_iter().map(|words| view! { <p class="notice bad">{words}</p> }).collect();
    let rows =
        Split::ALL.map(|split| format!("{} {}", split.as_str(), grouped(forecast.splits[split as usize])));
    view! {
        <p>{format!("Splits with both: {}.", rows.join(", "))}</p>
        {warnings}
    }
    .into_any()
}
