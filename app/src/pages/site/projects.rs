//! The list of projects, a new one, and putting one away.

use crate::parts::fields::{Field, area};
use crate::parts::numbers::{grouped, percent};
use crate::web::error::Page;
use crate::web::forms::{Done, Flash, Form, finish};
use crate::web::guard::{App, Need, Route, Visitor, percent_encoded};
use crate::web::shell;
use axum::Extension;
use axum::extract::{Query, State};
use axum::response::IntoResponse;
use domain::ProjectId;
use domain::permission::Act;
use domain::project::Task;
use leptos::prelude::*;
use std::collections::HashMap;
use store::site::projects::ListedProject;
use tower_sessions::Session;
use workflow::site::projects::{self, NewProjectForm};
use workflow::{Error, error::FieldError};

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/", Need::Site(Act::OwnAccount), list),
        Route::get("/projects/new", Need::Site(Act::ManageProjects), new_page),
        Route::post("/projects", Need::Site(Act::ManageProjects), create),
        Route::post("/p/{slug}/archive", Need::Project(Act::ManageProjects), archive),
        Route::post("/p/{slug}/unarchive", Need::Project(Act::ManageProjects), unarchive),
    ]
}

async fn list(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Query(query): Query<HashMap<String, String>>,
) -> Page {
    let actor = visitor.actor()?;
    let archived = query.contains_key("archived");
    let after = match (query.get("name"), query.get("after").and_then(|id| id.parse::<ProjectId>().ok())) {
        (Some(name), Some(id)) => Some((name.as_str(), id)),
        _ => None,
    };
    let listed = projects::list(&app.instance, actor, archived, after).await?;
    let may_make = visitor.may(Act::ManageProjects);
    let more = (listed.len() as i64 == projects::A_PAGE).then(|| listed.last().map(|p| &p.project)).flatten();
    let more = more.map(|last| {
        let archived = if archived { "&archived=1" } else { "" };
        let to = format!("/?name={}&after={}{archived}", percent_encoded(&last.name), last.id);
        view! {
            <nav class="pager" aria-label="Pages">
                <span>"by name"</span>
                <a class="btn small" href=to rel="next">"More →"</a>
            </nav>
        }
    });
    let content = if listed.is_empty() {
        empty(archived, may_make)
    } else {
        let cards: Vec<_> = listed.iter().map(|p| card(p, visitor.may(Act::ManageProjects))).collect();
        view! { <ul class="cards">{cards}</ul> }.into_any()
    };
    let (title, other) = if archived {
        ("Archived projects", view! { <a class="btn" href="/">"Projects in work"</a> })
    } else {
        ("Projects", view! { <a class="btn bare" href="/?archived=1">"Archived"</a> })
    };
    let body = view! {
        <header class="head">
            <div>
                <h1>{title}</h1>
            </div>
            <div class="acts">
                {other}
                {(may_make && !archived && !listed.is_empty())
                    .then(|| view! { <a class="btn do" href="/projects/new">"New project"</a> })}
            </div>
        </header>
        {content}
        {more}
    };
    let shell = shell::site(&visitor, body);
    Ok(shell::document(&format!("{title} · Assay"), Some(&visitor), "site-shell", || shell).into_response())
}

fn empty(archived: bool, may_make: bool) -> AnyView {
    let (title, text) = match (archived, may_make) {
        (true, _) => ("Nothing is archived", "A project that is archived rests here, with everything in it."),
        (false, true) => (
            "No project yet",
            "A project is one pile of text with one set of labels. Start with a file of your own.",
        ),
        (false, false) => {
            ("No project for you yet", "An admin gives you a role in a project; then it stands here.")
        }
    };
    view! {
        <section class="empty">
            <h2>{title}</h2>
            <p>{text}</p>
            {(may_make && !archived)
                .then(|| {
                    view! {
                        <div class="acts">
                            <a class="btn do" href="/projects/new">"New project"</a>
                        </div>
                    }
                })}
        </section>
    }
    .into_any()
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
                    <div>
                        <dt>"items"</dt>
                        <dd>{grouped(n_items)}</dd>
                    </div>
                    {sighted
                        .then(|| {
                            view! {
                                <div>
                                    <dt>"to look at"</dt>
                                    <dd>{grouped(n_looks)}</dd>
                                </div>
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

async fn new_page(Extension(visitor): Extension<Visitor>) -> Page {
    let flash = &visitor.flash;
    let name = Field {
        form: "project",
        name: "name",
        label: "Name",
        hint: "",
        kind: "text",
        value: "",
        required: true,
    };
    let slug = Field {
        name: "slug",
        label: "Short name",
        hint: "Stands in addresses and on the command line: a–z, 0–9 and -. Made from the name where it is empty.",
        required: false,
        ..name
    };
    let control = Field {
        name: "control_share",
        label: "Control share, in percent",
        hint: "This share of the items, chosen by chance alone, carries every unbiased figure. It can’t be changed later.",
        value: "10",
        ..name
    };
    let about =
        area(flash, "project", "description", "What is this pile?", "For those who come later.", "", 3);
    let body = view! {
        <header class="head">
            <div>
                <nav class="crumbs" aria-label="Breadcrumb">
                    <ol>
                        <li>
                            <a href="/">"Projects"</a>
                        </li>
                    </ol>
                </nav>
                <h1>"New project"</h1>
            </div>
        </header>
        <form class="form" method="post" action="/projects">
            {name.view(flash)}
            {task_choice(flash)}
            {about}
            {slug.view(flash)}
            {control.view(flash)}
            <div class="acts">
                <button class="btn do">"Make the project"</button>
                <a class="btn bare" href="/">"Cancel"</a>
            </div>
        </form>
    };
    let shell = shell::site(&visitor, body);
    Ok(shell::document("New project · Assay", Some(&visitor), "site-shell", || shell).into_response())
}

fn task_choice(flash: &Flash) -> AnyView {
    let chosen = flash.value("project", "task").unwrap_or("single").to_owned();
    let choice = |value: &'static str, title: &'static str, text: &'static str| {
        view! {
            <label class="choice">
                <input type="radio" name="task" value=value checked=chosen == value aria-describedby="task-hint" />
                <span>
                    {title}
                    <small>{text}</small>
                </span>
            </label>
        }
    };
    view! {
        <fieldset class="field">
            <legend>"Task"</legend>
            <p class="hint" id="task-hint">"This can’t be changed later."</p>
            {choice("single", "One label an item", "Pick is submit: one keypress a text.")}
            {choice("multi", "Any number of labels", "Toggle, then Enter. None is an answer too.")}
        </fieldset>
    }
    .into_any()
}

async fn create(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    form: Form,
) -> Page {
    let outcome = match read(&form) {
        Ok(new) => projects::create(&app.instance, visitor.actor()?, new).await,
        Err(error) => Err(error),
    };
    let done = outcome.map(|project| {
        Done::to(format!("/p/{}", project.slug)).say("The project is there. Its first station is data.")
    });
    finish(&session, "project", &form, "/projects/new", done).await
}

fn read(form: &Form) -> Result<NewProjectForm, Error> {
    let mut wrong = Vec::new();
    let mut refuse = |field: &str, message: &str| {
        wrong.push(FieldError { field: field.to_owned(), message: message.to_owned() });
    };
    let task = Task::parse(form.get("task"));
    if task.is_none() {
        refuse("task", "Choose one of the two.");
    }
    let share = form.get("control_share").trim_end_matches('%').trim();
    let share = if share.is_empty() { Some(10.0) } else { share.replace(',', ".").parse::<f64>().ok() };
    if share.is_none() {
        refuse("control_share", "This is a share in percent, such as 10.");
    }
    match (task, share) {
        (Some(task), Some(share)) => Ok(NewProjectForm {
            name: form.get("name").to_owned(),
            slug: form.get("slug").to_owned(),
            description: form.get("description").to_owned(),
            task,
            control_share: share / 100.0,
        }),
        _ => Err(Error::Invalid(wrong)),
    }
}

async fn archive(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    form: Form,
) -> Page {
    let project = visitor.project()?;
    let back = format!("/p/{}/settings", project.slug);
    let outcome = if form.get("sure") == project.name.trim() {
        projects::set_archived(&app.instance, visitor.actor()?, project.id, true).await
    } else {
        let typed = form.get("sure");
        let message = format!("“{typed}” is not the name of this project. Nothing was archived.");
        Err(Error::invalid("sure", message))
    };
    let done = outcome.map(|()| Done::to("/").say(format!("“{}” is archived.", project.name)));
    finish(&session, "archive", &form, &back, done).await
}

async fn unarchive(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    form: Form,
) -> Page {
    let project = visitor.project()?;
    let back = format!("/p/{}", project.slug);
    let outcome = projects::set_archived(&app.instance, visitor.actor()?, project.id, false).await;
    let done = outcome.map(|()| Done::to(back.clone()).say("The project is back from the archive."));
    finish(&session, "archive", &form, &back, done).await
}
