//! The form of a queue: what it asks, and how it is read.

use crate::parts::fields::{Field, area, select};
use crate::parts::head::Head;
use crate::parts::numbers::grouped;
use crate::web::forms::Form;
use crate::web::page::ProjectPage;
use domain::consensus;
use domain::queue::{Plan, Strategy};
use domain::slice::{FieldIs, Slice};
use domain::source::SourceState;
use leptos::prelude::*;
use workflow::Error;
use workflow::data::import::Source;
use workflow::label::queues::Setup;

/// `selected`: the query that carries a selection of Discover, and how many items it holds.
pub fn form(
    page: &ProjectPage,
    sources: Vec<Source>,
    has_taxonomy: bool,
    selected: Option<(String, usize)>,
) -> AnyView {
    let base = page.path("/queues");
    let flash = &page.flash;
    let plan = Plan::default();
    let chosen = flash.value("queue", "strategy").unwrap_or(Strategy::Random.as_str()).to_owned();
    let strategy = |strategy: Strategy, why: &'static str| {
        view! {
            <label class="choice">
                <input type="radio" name="strategy" value=strategy.as_str() checked=chosen == strategy.as_str() />
                <span>{strategy.title()} <small>{why}</small></span>
            </label>
        }
    };
    let states: Vec<(String, String)> = [("".to_owned(), "any".to_owned())]
        .into_iter()
        .chain(consensus::State::ALL.iter().map(|s| (s.as_str().to_owned(), s.title().to_owned())))
        .collect();
    let sources: Vec<(String, String)> = [("".to_owned(), "any".to_owned())]
        .into_iter()
        .chain(sources.into_iter().filter(has_items).map(|s| (s.id.to_string(), s.name)))
        .collect();
    let field = |name, label, hint, kind, value, required| {
        Field { form: "queue", name, label, hint, kind, value, required }.view(flash)
    };
    let (overlap, (share, minutes)) = (plan.overlap.to_string(), terms(&plan));
    let missing = (!has_taxonomy).then(|| {
        view! {
            <p class="notice">
                "No taxonomy is published yet. The queue can be made now; people can answer once there are labels."
            </p>
        }
    });
    let action = match &selected {
        Some((query, _)) => format!("{base}/new?{query}"),
        None => format!("{base}/new"),
    };
    let chosen_items = selected.map(|(_, n)| {
        view! {
            <p class="notice">
                {grouped(n as i64)} " items selected on Discover. The filters below narrow them further."
            </p>
        }
    });
    view! {
        {Head::titled("New queue").under(base.clone(), "Queues").view()}
        {missing}
        {chosen_items}
        <form class="form" method="post" action=action>
            {field("name", "Name", "As people will see it.", "text", "", true)}
            <fieldset class="field">
                <legend>"Order"</legend>
                {strategy(Strategy::Random, "A fair picture of the pile from the first answer on.")}
                {strategy(Strategy::InOrder, "As the items came in.")}
            </fieldset>
            <div class="pairs">
                {field("overlap", "People an item", "Two or more give agreement.", "number", &overlap, true)}
                {field("control_share", "Control share, %", CONTROL_SHARE, "number", &share, true)}
                {field("lease", "Lease, minutes", LEASE, "number", &minutes, true)}
            </div>
            <fieldset class="field">
                <legend>"Which items"</legend>
                <p class="hint">"All that fit now; they are fixed as the queue opens."</p>
                <div class="pairs">
                    {select(flash, "queue", "state", "State", "", "unlabeled", &states)}
                    {select(flash, "queue", "source", "Import", "", "", &sources)}
                </div>
                <div class="pairs">
                    {field("field", "Field", "Its name, or empty.", "text", "", false)}
                    {field("value", "Its value", "Exactly as it stands there.", "text", "", false)}
                </div>
            </fieldset>
            {area(flash, "queue", "note", "Note", NOTE, "", 2)}
            <div class="acts">
                <button class="btn do">"Open the queue"</button>
                <a class="btn bare" href=base.clone()>
                    "Cancel"
                </a>
            </div>
        </form>
    }
    .into_any()
}

fn has_items(source: &Source) -> bool {
    !matches!(source.state, SourceState::Preview | SourceState::Undone)
}

pub const CONTROL_SHARE: &str = "How soon control items come, while there are any.";

pub const LEASE: &str = "Held so long before someone else may have it.";

pub const NOTE: &str = "What people should know before they begin. May be empty.";

/// Control share and lease as their fields show them.
pub fn terms(plan: &Plan) -> (String, String) {
    ((plan.control_share * 100.0).round().to_string(), (plan.lease_seconds / 60).to_string())
}

pub fn control_share(form: &Form) -> Result<f64, Error> {
    Ok(whole(form, "control_share", "The control share")? as f64 / 100.0)
}

/// In seconds.
pub fn lease(form: &Form) -> Result<i64, Error> {
    Ok(whole(form, "lease", "The lease")?.saturating_mul(60))
}

fn whole(form: &Form, name: &str, what: &str) -> Result<i64, Error> {
    form.get(name).parse().map_err(|_| Error::invalid(name, format!("{what} is a whole number.")))
}

/// What the form says; what it means for the items is checked by the workflow.
pub fn read(form: &Form) -> Result<Setup, Error> {
    let strategy = Strategy::parse(form.get("strategy"))
        .ok_or_else(|| Error::invalid("strategy", "Choose an order for the queue."))?;
    let state = match form.get("state") {
        "" => Vec::new(),
        text => vec![
            consensus::State::parse(text)
                .ok_or_else(|| Error::invalid("state", "There is no such state."))?,
        ],
    };
    let source = match form.get("source") {
        "" => None,
        text => Some(text.parse().map_err(|_| Error::invalid("source", "There is no such import."))?),
    };
    let field = match (form.get("field"), form.get("value")) {
        ("", "") => None,
        ("", _) => return Err(Error::invalid("field", "Name the field that has this value.")),
        (name, value) => Some(FieldIs { name: name.to_owned(), value: value.to_owned() }),
    };
    Ok(Setup {
        name: form.get("name").to_owned(),
        plan: Plan {
            strategy,
            overlap: u32::try_from(whole(form, "overlap", "“People an item”")?).unwrap_or(0),
            control_share: control_share(form)?,
            lease_seconds: lease(form)?,
        },
        slice: Slice { states: state, source, field, ..Slice::default() },
        note: form.get("note").to_owned(),
    })
}
