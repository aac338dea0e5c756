//! One queue: how far it is, who is on it, what comes next, and its ends.

use super::{CONTROL_SHARE, LEASE, NOTE, address, control_share, lease, meter, state_mark, terms};
use crate::pages::site::jobs::{stopped, under_way};
use crate::parts::fields::{Field, area};
use crate::parts::numbers::grouped;
use crate::parts::shortened;
use crate::parts::times::moment;
use crate::web::error::Page;
use crate::web::forms::{Done, Form, finish};
use crate::web::guard::{App, Need, Route, Visitor};
use crate::web::shell::{self, Station};
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use domain::permission::Act;
use domain::queue::{Filter, Pool, QueueState};
use domain::{PersonId, QueueId};
use leptos::prelude::*;
use store::label::queues::{MemberRow, QueuePerson};
use tower_sessions::Session;
use workflow::label::queues::{self, Change, Filling, QueueView};
use workflow::{Error, Thing};

pub fn routes() -> Vec<Route> {
    let run = Need::Project(Act::RunQueues);
    vec![
        Route::get("/p/{slug}/queues/{queue}", Need::Project(Act::SeeOthers), show),
        Route::post("/p/{slug}/queues/{queue}/change", run, change),
        Route::post("/p/{slug}/queues/{queue}/close", run, close),
        Route::post("/p/{slug}/queues/{queue}/reopen", run, reopen),
        Route::post("/p/{slug}/queues/{queue}/release", run, release),
    ]
}

type At = Path<(String, String)>;

fn id(text: &str) -> Result<QueueId, Error> {
    text.parse().map_err(|_| Error::NotFound(Thing::Queue))
}

async fn show(State(app): State<App>, Extension(visitor): Extension<Visitor>, Path((_, queue)): At) -> Page {
    let (project, queue) = (visitor.project()?.id, id(&queue)?);
    let actor = visitor.actor()?;
    let filling = queues::filling(&app.instance, actor, project, queue).await?;
    let view = queues::view(&app.instance, actor, project, queue).await?;
    let people = queues::people(&app.instance, actor, project, queue).await?;
    let next = queues::preview(&app.instance, actor, project, queue).await?;
    let thread = shell::thread(&app.instance, &visitor).await?;
    let base = address(&visitor)?;
    let at = format!("{base}/{queue}");
    let may_run = visitor.may(Act::RunQueues);
    let slug = &visitor.project()?.slug;
    let filling = filling.map(|filling| taking_in(&filling, slug, &at, may_run));
    let is_empty = view.state != QueueState::Filling && view.progress.members == 0;
    let held: i64 = people.iter().map(|p| p.leased).sum();
    let content = view! {
        <header class="head">
            <div>
                <nav class="crumbs" aria-label="Breadcrumb">
                    <ol>
                        <li>
                            <a href=base>"Queues"</a>
                        </li>
                    </ol>
                </nav>
                <h1 dir="auto">{view.name.clone()}</h1>
                <p>{state_mark(view.state)} " since " {moment(view.closed_at.unwrap_or(view.created_at))}</p>
            </div>
            {acts(&view, &at, may_run)}
        </header>
        <div class="stack">
            {filling}
            {is_empty.then(|| view! { <p class="notice">"No item fitted when this queue was made: it is empty, and stays so."</p> })}
            {(!view.note.is_empty()).then(|| view! { <p dir="auto">{view.note.clone()}</p> })}
            <section class="sheet stack tight" aria-label="Progress">
                {meter(&view)}
                <dl class="figures">
                    {figure("members", view.progress.members)} {figure("with no free place", view.progress.full)}
                    {figure("answers", view.progress.answers)} {figure("beside the slots", view.progress.beside)}
                    {figure("held now", held)}
                </dl>
            </section>
            <div class="two">
                {people_table(&people, &at, may_run)} {settings(&view, &at, may_run, &visitor)}
            </div>
            {coming(&next, &visitor)?}
        </div>
    };
    let title = format!("{} · Assay", view.name);
    let body = shell::project(&visitor, &thread, Station::Queues, content)?;
    Ok(shell::document(&title, Some(&visitor), "project-shell", || body).into_response())
}

fn acts(view: &QueueView, at: &str, may_run: bool) -> AnyView {
    let open = view.state == QueueState::Open;
    view! {
        <div class="acts">
            {(open && view.progress.members > 0)
                .then(|| {
                    view! {
                        <a class="btn do" href=format!("{at}/label")>
                            "Label"
                        </a>
                    }
                })}
            {(may_run && view.state != QueueState::Closed)
                .then(|| {
                    view! {
                        <form method="post" action=format!("{at}/close")>
                            <button class="btn">"Close"</button>
                        </form>
                    }
                })}
            {(may_run && view.state == QueueState::Closed)
                .then(|| {
                    view! {
                        <form method="post" action=format!("{at}/reopen")>
                            <button class="btn do">"Open again"</button>
                        </form>
                    }
                })}
        </div>
    }
    .into_any()
}

/// The work that takes the items in, or what to do where it was stopped.
fn taking_in(filling: &Filling, slug: &str, at: &str, may_run: bool) -> AnyView {
    let why = match filling {
        Filling::UnderWay(job) => return under_way(job, slug, at),
        Filling::Stopped(why) => why,
    };
    let what = format!("Not all items are in, and nobody takes in the rest: the queue can’t open. {why}");
    stopped(what, may_run.then(|| (format!("{at}/reopen"), "Take in the rest")))
}

fn figure(name: &'static str, n: i64) -> AnyView {
    view! {
        <div>
            <dt>{name}</dt>
            <dd>{grouped(n)}</dd>
        </div>
    }
    .into_any()
}

fn people_table(people: &[QueuePerson], at: &str, may_run: bool) -> AnyView {
    let rows: Vec<_> = people
        .iter()
        .map(|person| {
            let release = (may_run && person.leased > 0).then(|| {
                view! {
                    <form method="post" action=format!("{at}/release")>
                        <input type="hidden" name="person" value=person.person_id.to_string() />
                        <button class="btn small">
                            "Take back"
                            <span class="vh">" what " {person.name.clone()} " holds"</span>
                        </button>
                    </form>
                }
            });
            view! {
                <tr>
                    <th scope="row" dir="auto">
                        {person.name.clone()}
                    </th>
                    <td class="n">{grouped(person.answered)}</td>
                    <td class="n">{grouped(person.leased)}</td>
                    <td class="end">{release}</td>
                </tr>
            }
        })
        .collect();
    if rows.is_empty() {
        return view! {
            <section class="sheet">
                <h2>"People"</h2>
                <p class="quiet">"Nobody has taken anything from this queue yet."</p>
            </section>
        }
        .into_any();
    }
    view! {
        <section class="sheet flush">
            <div class="sec">
                <h2>"People"</h2>
            </div>
            <div class="scroll" tabindex="0" role="region" aria-label="People">
                <table class="table">
                    <thead>
                        <tr>
                            <th scope="col">"Person"</th>
                            <th scope="col" class="n">
                                "Answers"
                            </th>
                            <th scope="col" class="n">
                                "Held now"
                            </th>
                            <th scope="col">
                                <span class="vh">"Act"</span>
                            </th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

fn settings(view: &QueueView, at: &str, may_run: bool, visitor: &Visitor) -> AnyView {
    let minutes = view.plan.lease_seconds / 60;
    view! {
        <section class="sheet">
            <h2>"Settings"</h2>
            <dl class="facts">
                <dt>"Order"</dt>
                <dd>{view.plan.strategy.title()}</dd>
                <dt>"People an item"</dt>
                <dd>{view.plan.overlap}</dd>
                <dt>"Control share"</dt>
                <dd>{format!("{:.0}%", view.plan.control_share * 100.0)}</dd>
                <dt>"Lease"</dt>
                <dd>{format!("{minutes} minutes")}</dd>
                <dt>"Members"</dt>
                <dd dir="auto">{said(&view.filter)}</dd>
            </dl>
            {may_run.then(|| changing(view, at, visitor))}
        </section>
    }
    .into_any()
}

/// What may be set otherwise while people are at it: who is a member, in which order and for how many stays.
fn changing(view: &QueueView, at: &str, visitor: &Visitor) -> AnyView {
    let flash = &visitor.flash;
    let field = |name, label, hint, kind, value, required| {
        Field { form: "change", name, label, hint, kind, value, required }.view(flash)
    };
    let (share, minutes) = terms(&view.plan);
    view! {
        <details class="behind" open=flash.form == "change">
            <summary>"Change"</summary>
            <form class="form" method="post" action=format!("{at}/change")>
                <input type="hidden" name="seen" value=view.stamp().to_string() />
                {field("name", "Name", "", "text", &view.name, true)}
                {field("control_share", "Control share, %", CONTROL_SHARE, "number", &share, true)}
                {field("lease", "Lease, minutes", LEASE, "number", &minutes, true)}
                {area(flash, "change", "note", "Note", NOTE, &view.note, 3)}
                <div class="acts">
                    <button class="btn do">"Save"</button>
                </div>
            </form>
        </details>
    }
    .into_any()
}

/// A filter as a person reads it.
fn said(filter: &Filter) -> String {
    let mut parts = Vec::new();
    if !filter.states.is_empty() {
        parts.push(filter.states.iter().map(|s| s.title()).collect::<Vec<_>>().join(" or "));
    }
    if filter.source.is_some() {
        parts.push("from one import".to_owned());
    }
    if filter.label.is_some() {
        parts.push("with one label".to_owned());
    }
    if let Some(field) = &filter.field {
        parts.push(format!("{} is “{}”", field.name, field.value));
    }
    if parts.is_empty() {
        "all items, fixed as it opened".to_owned()
    } else {
        format!("{}, fixed as it opened", parts.join(", "))
    }
}

fn coming(next: &[MemberRow], visitor: &Visitor) -> Result<Option<AnyView>, Error> {
    let project = visitor.project()?.slug.clone();
    let rows: Vec<_> = next
        .iter()
        .map(|member| {
            view! {
                <tr>
                    <td>
                        <a href=format!("/p/{project}/items/{}", member.item_id)>{member.external_id.clone()}</a>
                    </td>
                    <td class="text" dir="auto">
                        {shortened(&member.text, 160)}
                    </td>
                    <td>{(member.pool != Pool::Plain).then(|| view! { <span class="chip">{member.pool.as_str()}</span> })}</td>
                    <td class="n">{format!("{} of {}", member.filled, member.target)}</td>
                </tr>
            }
        })
        .collect();
    Ok((!rows.is_empty()).then(|| {
        view! {
            <section class="sheet flush">
                <div class="sec">
                    <h2>"What comes next"</h2>
                    <span class="quiet">"for someone who begins now"</span>
                </div>
                <div class="scroll" tabindex="0" role="region" aria-label="What comes next">
                    <table class="table">
                        <thead>
                            <tr>
                                <th scope="col">"Item"</th>
                                <th scope="col">"Text"</th>
                                <th scope="col">
                                    <span class="vh">"Kind"</span>
                                </th>
                                <th scope="col" class="n">
                                    "Taken"
                                </th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </section>
        }
        .into_any()
    }))
}

async fn change(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    Path((_, queue)): At,
    form: Form,
) -> Page {
    let at = format!("{}/{queue}", address(&visitor)?);
    let outcome = async {
        let (name, note) = (form.get("name").to_owned(), form.get("note").to_owned());
        let seen = form.get("seen").parse().unwrap_or(-1);
        let change =
            Change { name, note, control_share: control_share(&form)?, lease_seconds: lease(&form)?, seen };
        queues::change(&app.instance, visitor.actor()?, visitor.project()?.id, id(&queue)?, change).await?;
        Ok(Done::to(at.clone()).say("The queue is changed."))
    };
    finish(&session, "change", &form, &at, outcome.await).await
}

async fn close(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    Path((_, queue)): At,
    form: Form,
) -> Page {
    let at = format!("{}/{queue}", address(&visitor)?);
    let outcome = async {
        queues::close(&app.instance, visitor.actor()?, visitor.project()?.id, id(&queue)?).await?;
        Ok(Done::to(at.clone())
            .say("The queue is closed. What people held is taken back; what they answered is kept."))
    };
    finish(&session, "close", &form, &at, outcome.await).await
}

async fn reopen(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    Path((_, queue)): At,
    form: Form,
) -> Page {
    let at = format!("{}/{queue}", address(&visitor)?);
    let outcome = async {
        let project = visitor.project()?.id;
        let is_open = queues::reopen(&app.instance, visitor.actor()?, project, id(&queue)?).await?;
        Ok(Done::to(at.clone()).say(match is_open {
            true => "The queue is open again.",
            false => "The queue opens when all items are in.",
        }))
    };
    finish(&session, "reopen", &form, &at, outcome.await).await
}

async fn release(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    Path((_, queue)): At,
    form: Form,
) -> Page {
    let at = format!("{}/{queue}", address(&visitor)?);
    let outcome = async {
        let person: PersonId = form.get("person").parse().map_err(|_| Error::NotFound(Thing::Person))?;
        let (project, queue) = (visitor.project()?.id, id(&queue)?);
        let n = queues::release_leases(&app.instance, visitor.actor()?, project, queue, Some(person)).await?;
        let said =
            if n == 1 { "1 item was taken back.".to_owned() } else { format!("{n} items were taken back.") };
        Ok(Done::to(at.clone()).say(said))
    };
    finish(&session, "release", &form, &at, outcome.await).await
}
