//! Queues: the list with how far each has come, making one, and one queue with its people and members.

mod one;

use crate::parts::fields::{Field, area, select};
use crate::parts::numbers::{grouped, percent};
use crate::web::error::Page;
use crate::web::forms::{Done, Form, finish};
use crate::web::guard::{App, Need, Route, Visitor};
use crate::web::shell::{self, Station};
use axum::Extension;
use axum::extract::State;
use axum::response::IntoResponse;
use domain::QueueId;
use domain::consensus;
use domain::permission::Act;
use domain::queue::{FieldIs, Filter, Plan, QueueState, Strategy};
use domain::source::SourceState;
use leptos::prelude::*;
use store::data::sources::Source;
use tower_sessions::Session;
use workflow::Error;
use workflow::label::queues::{self, QueueView, Setup};

pub fn routes() -> Vec<Route> {
    let mut routes = vec![
        Route::get("/p/{slug}/queues", Need::Project(Act::SeeProject), list),
        Route::get("/p/{slug}/queues/new", Need::Project(Act::RunQueues), new),
        Route::post("/p/{slug}/queues/new", Need::Project(Act::RunQueues), create),
    ];
    routes.extend(one::routes());
    routes
}

/// Where the queues of a project are.
fn address(visitor: &Visitor) -> Result<String, Error> {
    Ok(format!("/p/{}/queues", visitor.project()?.slug))
}

async fn list(State(app): State<App>, Extension(visitor): Extension<Visitor>) -> Page {
    let project = visitor.project()?.id;
    let queues = queues::list(&app.instance, visitor.actor()?, project).await?;
    let thread = shell::thread(&app.instance, &visitor).await?;
    let base = address(&visitor)?;
    let may_run = visitor.may(Act::RunQueues);
    let sighted = visitor.may(Act::SeeOthers);
    let has_taxonomy = thread.taxonomy.is_some();
    let rows: Vec<_> = queues.iter().map(|queue| row(queue, &base, sighted)).collect();
    let table = if rows.is_empty() {
        nothing(&visitor, &base, may_run, has_taxonomy)?
    } else {
        view! {
            <div class="scroll" tabindex="0" role="region" aria-label="Queues">
                <table class="table stacked">
                    <thead>
                        <tr>
                            <th scope="col">"Queue"</th>
                            <th scope="col">"State"</th>
                            {sighted
                                .then(|| {
                                    view! {
                                        <th scope="col" class="no-phone">
                                            "Order"
                                        </th>
                                        <th scope="col" class="n no-phone">
                                            "People an item"
                                        </th>
                                    }
                                })}
                            <th scope="col">"Progress"</th>
                            <th scope="col" class="n">
                                "Mine"
                            </th>
                            <th scope="col">
                                <span class="vh">"Act"</span>
                            </th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
        .into_any()
    };
    let content = view! {
        <header class="head">
            <div>
                <h1>"Queues"</h1>
            </div>
            <div class="acts">
                {may_run
                    .then(|| {
                        view! {
                            <a class="btn" href=format!("{base}/new")>
                                "New queue"
                            </a>
                        }
                    })}
            </div>
        </header>
        {table}
    };
    let body = shell::project(&visitor, &thread, Station::Queues, content)?;
    Ok(shell::document("Queues · Assay", Some(&visitor), "project-shell", || body).into_response())
}

fn row(queue: &QueueView, base: &str, sighted: bool) -> AnyView {
    let at = format!("{base}/{}", queue.id);
    let open = queue.state == QueueState::Open;
    // As far as counts tell: what is free may be held by others.
    let is_left = queue.progress.answers < queue.progress.slots && queue.mine < queue.progress.members;
    let button = if is_left { "btn small do" } else { "btn small" };
    let name = if sighted {
        view! { <a href=at.clone()>{queue.name.clone()}</a> }.into_any()
    } else {
        queue.name.clone().into_any()
    };
    view! {
        <tr>
            <th scope="row" dir="auto">
                {name}
                {(!queue.note.is_empty()).then(|| view! { <small dir="auto">{queue.note.clone()}</small> })}
            </th>
            <td>{state_mark(queue.state)}</td>
            {sighted
                .then(|| {
                    view! {
                        <td class="no-phone">{queue.plan.strategy.title()}</td>
                        <td class="n no-phone">{queue.plan.overlap}</td>
                    }
                })}
            <td>{meter(queue)}</td>
            <td class="n">
                {grouped(queue.mine)} " " <span class="only-phone">"mine"</span>
            </td>
            <td class="end">
                {open
                    .then(|| {
                        view! {
                            <a class=button href=format!("{at}/label")>
                                "Label"
                                <span class="vh">" " {queue.name.clone()}</span>
                            </a>
                        }
                    })}
            </td>
        </tr>
    }
    .into_any()
}

fn state_mark(state: QueueState) -> AnyView {
    let class = match state {
        QueueState::Filling => "state running",
        QueueState::Open => "state open",
        QueueState::Closed => "state closed",
    };
    view! { <span class=class>{state.as_str()}</span> }.into_any()
}

/// Answers of those that were asked for.
fn meter(queue: &QueueView) -> AnyView {
    let (answers, slots) = (queue.progress.answers, queue.progress.slots);
    let ink = (queue.state != QueueState::Open).then_some("ink");
    view! {
        <div class="meter">
            <progress class=ink value=answers.to_string() max=slots.max(1).to_string() aria-label=queue.name.clone()>
                {percent(answers, slots)}
            </progress>
            <small class="quiet num">{format!("{} of {} answers", grouped(answers), grouped(slots))}</small>
        </div>
    }
    .into_any()
}

/// What to do where there is no queue.
fn nothing(visitor: &Visitor, base: &str, may_run: bool, has_taxonomy: bool) -> Result<AnyView, Error> {
    let project = format!("/p/{}", visitor.project()?.slug);
    let (text, link, word) = if !may_run {
        (
            "No queue is open for you right now. Its owner opens one when there is something to label.",
            project,
            "Overview",
        )
    } else if !has_taxonomy {
        (
            "A queue hands texts to people and collects their answers. Publish labels first, so that they have something to choose from.",
            format!("{project}/taxonomy"),
            "To the taxonomy",
        )
    } else {
        (
            "A queue hands texts to people and collects their answers. Make the first one.",
            format!("{base}/new"),
            "New queue",
        )
    };
    Ok(view! {
        <div class="empty">
            <h2>"No queue yet"</h2>
            <p>{text}</p>
            <p class="acts">
                <a class="btn do" href=link>
                    {word}
                </a>
            </p>
        </div>
    }
    .into_any())
}

async fn new(State(app): State<App>, Extension(visitor): Extension<Visitor>) -> Page {
    let project = visitor.project()?.id;
    let thread = shell::thread(&app.instance, &visitor).await?;
    let base = address(&visitor)?;
    let sources = app.instance.store.sources(project, None, 100).await?;
    let flash = &visitor.flash;
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
    let missing = thread.taxonomy.is_none().then(|| {
        view! {
            <p class="notice">
                "No taxonomy is published yet. The queue can be made now; people can answer once there are labels."
            </p>
        }
    });
    let content = view! {
        <header class="head">
            <div>
                <nav class="crumbs" aria-label="Breadcrumb">
                    <ol>
                        <li>
                            <a href=base.clone()>"Queues"</a>
                        </li>
                    </ol>
                </nav>
                <h1>"New queue"</h1>
            </div>
        </header>
        {missing}
        <form class="form" method="post" action=format!("{base}/new")>
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
    };
    let body = shell::project(&visitor, &thread, Station::Queues, content)?;
    Ok(shell::document("New queue · Assay", Some(&visitor), "project-shell", || body).into_response())
}

async fn create(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    form: Form,
) -> Page {
    let base = address(&visitor)?;
    let project = visitor.project()?.id;
    let outcome = async {
        let setup = read(&form)?;
        let queue: QueueId = queues::create(&app.instance, visitor.actor()?, project, setup).await?;
        Ok(Done::to(format!("{base}/{queue}")).say("The queue is made."))
    };
    finish(&session, "queue", &form, &format!("{base}/new"), outcome.await).await
}

fn has_items(source: &Source) -> bool {
    !matches!(source.state, SourceState::Preview | SourceState::Undone)
}

const CONTROL_SHARE: &str = "How soon control items come, while there are any.";
const LEASE: &str = "Held so long before someone else may have it.";
const NOTE: &str = "What people should know before they begin. May be empty.";

/// Control share and lease as their fields show them.
fn terms(plan: &Plan) -> (String, String) {
    ((plan.control_share * 100.0).round().to_string(), (plan.lease_seconds / 60).to_string())
}

fn control_share(form: &Form) -> Result<f64, Error> {
    Ok(whole(form, "control_share", "The control share")? as f64 / 100.0)
}

/// In seconds.
fn lease(form: &Form) -> Result<i64, Error> {
    Ok(whole(form, "lease", "The lease")?.saturating_mul(60))
}

fn whole(form: &Form, name: &str, what: &str) -> Result<i64, Error> {
    form.get(name).parse().map_err(|_| Error::invalid(name, format!("{what} is a whole number.")))
}

/// What the form says; what it means for the items is checked by the workflow.
fn read(form: &Form) -> Result<Setup, Error> {
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
        filter: Filter { states: state, source, field, ..Filter::default() },
        note: form.get("note").to_owned(),
    })
}
