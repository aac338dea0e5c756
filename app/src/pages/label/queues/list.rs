//! The list of queues with how far each has come.

use super::marks::{meter, state_mark};
use crate::parts::empty::Empty;
use crate::parts::head::Head;
use crate::parts::numbers::grouped;
use crate::parts::table::{Table, figures, hidden, words};
use crate::web::page::ProjectPage;
use domain::permission::Act;
use domain::queue::QueueState;
use leptos::prelude::*;
use workflow::label::queues::QueueView;

pub fn list(queues: &[QueueView], page: &ProjectPage, has_taxonomy: bool) -> AnyView {
    let may_run = page.may(Act::RunQueues);
    let acts = may_run.then(|| {
        view! {
            <a class="btn" href=page.path("/queues/new")>
                "New queue"
            </a>
        }
    });
    let table = if queues.is_empty() { nothing(page, has_taxonomy) } else { table(queues, page) };
    view! {
        {Head::titled("Queues").acts(acts).view()}
        {table}
    }
    .into_any()
}

fn table(queues: &[QueueView], page: &ProjectPage) -> AnyView {
    let base = page.path("/queues");
    let sighted = page.may(Act::SeeOthers);
    let mut columns = vec![words("Queue"), words("State")];
    if sighted {
        columns.extend([words("Order").not_on_phones(), figures("People an item").not_on_phones()]);
    }
    columns.extend([words("Progress"), figures("Mine"), hidden("Act")]);
    let rows: Vec<_> = queues.iter().map(|queue| row(queue, &base, sighted)).collect();
    Table::new("Queues", columns).stacked().rows(rows)
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

/// What to do where there is no queue.
fn nothing(page: &ProjectPage, has_taxonomy: bool) -> AnyView {
    let may_run = page.may(Act::RunQueues);
    let (text, link, word) = if !may_run {
        (
            "No queue is open for you right now. Its owner opens one when there is something to label.",
            page.path(""),
            "Overview",
        )
    } else if !has_taxonomy {
        (
            "A queue hands texts to people and collects their answers. Publish labels first, so that they have something to choose from.",
            page.path("/taxonomy"),
            "To the taxonomy",
        )
    } else {
        (
            "A queue hands texts to people and collects their answers. Make the first one.",
            page.path("/queues/new"),
            "New queue",
        )
    };
    Empty::new("No queue yet", text).link(link, word).view()
}
