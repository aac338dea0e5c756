//! The page of one queue.

use crate::pages::label::queues::form::{CONTROL_SHARE, LEASE, NOTE, terms};
use crate::pages::label::queues::marks::{meter, state_mark};
use crate::parts::facts::{fact, figure, written_fact};
use crate::parts::fields::{Field, area};
use crate::parts::head::Head;
use crate::parts::numbers::grouped;
use crate::parts::shortened;
use crate::parts::table::{Table, figures, hidden, words};
use crate::parts::times::moment;
use crate::parts::work::{stopped, under_way};
use crate::web::page::ProjectPage;
use domain::permission::Act;
use domain::queue::Pool;
use domain::queue::QueueState;
use domain::slice::Slice;
use leptos::prelude::*;
use store::label::queues::{MemberRow, QueuePerson};
use workflow::label::queues::{Filling, QueueView};

/// What the page shows.
pub struct Shown {
    pub queue: QueueView,
    /// Where its items are not all in.
    pub filling: Option<Filling>,
    pub people: Vec<QueuePerson>,
    pub next: Vec<MemberRow>,
}

pub fn view(shown: &Shown, page: &ProjectPage) -> AnyView {
    let Shown { queue, filling, people, next } = shown;
    let at = page.path(&format!("/queues/{}", queue.id));
    let may_run = page.may(Act::RunQueues);
    let filling = filling.as_ref().map(|filling| taking_in(filling, &page.project.slug, &at, may_run));
    let is_empty = queue.state != QueueState::Filling && queue.progress.members == 0;
    let held: i64 = people.iter().map(|p| p.leased).sum();
    let since = moment(queue.closed_at.unwrap_or(queue.created_at));
    let head = Head::named(&queue.name)
        .under(page.path("/queues"), "Queues")
        .about(view! { <p>{state_mark(queue.state)} " since " {since}</p> })
        .acts(acts(queue, &at, may_run));
    view! {
        {head.view()}
        <div class="stack">
            {filling}
            {is_empty.then(|| view! { <p class="notice">"No item fitted when this queue was made: it is empty, and stays so."</p> })}
            {(!queue.note.is_empty()).then(|| view! { <p dir="auto">{queue.note.clone()}</p> })}
            <section class="sheet stack tight" aria-label="Progress">
                {meter(queue)}
                <dl class="figures">
                    {figure("members", queue.progress.members)} {figure("with no free place", queue.progress.full)}
                    {figure("answers", queue.progress.answers)} {figure("beside the slots", queue.progress.beside)}
                    {figure("held now", held)}
                </dl>
            </section>
            <div class="two">{people_table(people, &at, may_run)} {settings(queue, &at, may_run, page)}</div>
            {coming(next, page)}
        </div>
    }
    .into_any()
}

fn acts(view: &QueueView, at: &str, may_run: bool) -> AnyView {
    let open = view.state == QueueState::Open;
    view! {
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
            {Table::new("People", [words("Person"), figures("Answers"), figures("Held now"), hidden("Act")]).rows(rows)}
        </section>
    }
    .into_any()
}

fn settings(view: &QueueView, at: &str, may_run: bool, page: &ProjectPage) -> AnyView {
    let minutes = view.plan.lease_seconds / 60;
    view! {
        <section class="sheet">
            <h2>"Settings"</h2>
            <dl class="facts">
                {fact("Order", view.plan.strategy.title())}
                {fact("People an item", view.plan.overlap)}
                {fact("Control share", format!("{:.0}%", view.plan.control_share * 100.0))}
                {fact("Lease", format!("{minutes} minutes"))}
                {written_fact("Members", said(&view.slice))}
            </dl>
            {may_run.then(|| changing(view, at, page))}
        </section>
    }
    .into_any()
}

/// What may be set otherwise while people are at it: who is a member, in which order and for how many stays.
fn changing(view: &QueueView, at: &str, page: &ProjectPage) -> AnyView {
    let flash = &page.flash;
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

/// A slice as a person reads it.
fn said(slice: &Slice) -> String {
    let mut parts = Vec::new();
    if !slice.states.is_empty() {
        parts.push(slice.states.iter().map(|s| s.title()).collect::<Vec<_>>().join(" or "));
    }
    if slice.source.is_some() {
        parts.push("from one import".to_owned());
    }
    if slice.label.is_some() {
        parts.push("with one label".to_owned());
    }
    if let Some(field) = &slice.field {
        parts.push(format!("{} is “{}”", field.name, field.value));
    }
    if !slice.selection.is_empty() {
        parts.push("selected on Discover".to_owned());
    }
    if parts.is_empty() {
        "all items, fixed as it opened".to_owned()
    } else {
        format!("{}, fixed as it opened", parts.join(", "))
    }
}

fn coming(next: &[MemberRow], page: &ProjectPage) -> Option<AnyView> {
    let project = page.project.slug.clone();
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
    (!rows.is_empty()).then(|| {
        view! {
            <section class="sheet flush">
                <div class="sec">
                    <h2>"What comes next"</h2>
                    <span class="quiet">"for someone who begins now"</span>
                </div>
                {Table::new("What comes next", [words("Item"), words("Text"), hidden("Kind"), figures("Taken")]).rows(rows)}
            </section>
        }
        .into_any()
    })
}
