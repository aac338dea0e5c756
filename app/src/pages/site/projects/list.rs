//! Projects as cards.

use crate::parts::empty::Empty;
use crate::parts::facts::figure;
use crate::parts::head::Head;
use crate::parts::numbers::{grouped, percent};
use crate::parts::pager::by_name;
use crate::web::page::SitePage;
use domain::permission::Act;
use domain::project::Task;
use leptos::prelude::*;
use workflow::site::projects::{self, ListedProject};

pub fn view(listed: &[ListedProject], archived: bool, title: &'static str, page: &SitePage) -> AnyView {
    let may_make = page.may(Act::ManageProjects);
    let content = if listed.is_empty() {
        empty(archived, may_make)
    } else {
        let cards: Vec<_> = listed.iter().map(|project| card(project, may_make)).collect();
        view! { <ul class="cards">{cards}</ul> }.into_any()
    };
    let other = match archived {
        true => view! { <a class="btn" href="/">"Projects in work"</a> }.into_any(),
        false => view! { <a class="btn bare" href="/?archived=1">"Archived"</a> }.into_any(),
    };
    let new = (may_make && !archived && !listed.is_empty())
        .then(|| view! { <a class="btn do" href="/projects/new">"New project"</a> });
    let last = listed.last().filter(|_| listed.len() as i64 == projects::A_PAGE);
    let here = if archived { "/?archived=1" } else { "/" };
    let more = last.map(|last| by_name(here, &last.project.name, last.project.id));
    view! {
        {Head::titled(title).acts(view! { {other} {new} }).view()}
        {content}
        {more}
    }
    .into_any()
}

fn empty(archived: bool, may_make: bool) -> AnyView {
    let (title, words) = match (archived, may_make) {
        (true, _) => ("Nothing is archived", "A project that is archived rests here, with everything in it."),
        (false, true) => (
            "No project yet",
            "A project is one pile of text with one set of labels. Start with a file of your own.",
        ),
        (false, false) => {
            ("No project for you yet", "An admin gives you a role in a project; then it stands here.")
        }
    };
    Empty::new(title, words).link_if(may_make && !archived, "/projects/new", "New project").view()
}

fn card(listed: &ListedProject, admin: bool) -> AnyView {
    let project = &listed.project;
    let count = |key: &str| listed.tally.get(key).copied().unwrap_or(0).max(0);
    let n_items: i64 = listed.tally.iter().filter(|(k, _)| *k != "control").map(|(_, n)| n).sum();
    let n_labeled = count("agreed") + count("adjudicated");
    let n_looks = count("conflict") + count("stuck") + count("needs_look");
    let task = match project.task {
        Task::Single => "One label an item",
        Task::Multi => "Any number of labels",
    };
    let roles = match (listed.roles.as_deref(), admin) {
        (Some(roles), _) => format!("you: {}", roles.replace(',', ", ")),
        (None, _) => "you: admin".to_owned(),
    };
    let sighted =
        admin || listed.roles.as_deref().is_some_and(|r| r.contains("owner") || r.contains("engineer"));
    let base = format!("/p/{}", project.slug);
    let (waits, act) = if project.archived_at.is_some() {
        ("Archived".to_owned(), None)
    } else if listed.n_open_queues > 0 {
        let queues = if listed.n_open_queues == 1 { "queue is" } else { "queues are" };
        let label = view! {
            <a class="btn small" href=format!("{base}/label")>
                "Label"
                <span class="vh">{format!(" in {}", project.name)}</span>
            </a>
        };
        (format!("{} {queues} open", listed.n_open_queues), Some(label))
    } else if n_items == 0 {
        ("No texts yet".to_owned(), None)
    } else {
        ("No queue is open".to_owned(), None)
    };
    let share = if n_items > 0 { n_labeled as f64 * 100.0 / n_items as f64 } else { 0.0 };
    view! {
        <li>
            <article class="card">
                <div>
                    <h2>
                        <a href=base.clone()>{project.name.clone()}</a>
                    </h2>
                    <p class="quiet">{format!("{task} · {roles}")}</p>
                </div>
                <dl class="figures">
                    {figure("items", n_items)}
                    {sighted
                        .then(|| {
                            view! {
                                {figure("to look at", n_looks)}
                            }
                        })}
                </dl>
                <div class="meter">
                    <progress value=format!("{share:.1}") max="100" aria-label="Labeled share"></progress>
                    <small class="quiet num">
                        {format!("{} labeled · {}", grouped(n_labeled), percent(n_labeled, n_items))}
                    </small>
                </div>
                <p class="waits">
                    <span>{waits}</span>
                    {act}
                </p>
            </article>
        </li>
    }
    .into_any()
}
