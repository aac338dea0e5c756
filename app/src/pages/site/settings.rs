//! Settings of a project: what it is called and shows, who is in it, tokens, its audit log, putting it away.

use crate::pages::site::audit::log;
use crate::parts::fields::{Field, area};
use crate::web::error::Page;
use crate::web::forms::{Done, Flash, Form, finish};
use crate::web::guard::{App, Need, Route, Visitor};
use crate::web::shell::{self, Station};
use axum::Extension;
use axum::extract::{Query, State};
use axum::response::IntoResponse;
use domain::permission::Act;
use leptos::prelude::*;
use std::collections::HashMap;
use store::site::projects::Project;
use tower_sessions::Session;
use workflow::Error;
use workflow::site::audit;
use workflow::site::projects::{self, ProjectForm};

mod members;
mod tokens;

pub fn routes() -> Vec<Route> {
    let mut routes = vec![
        Route::get("/p/{slug}/settings", Need::Project(Act::SeeOthers), page),
        Route::post("/p/{slug}/settings", Need::Project(Act::EditTaxonomy), change),
        Route::get("/p/{slug}/settings/audit", Need::Project(Act::ReadAudit), audit_page),
    ];
    routes.extend(members::routes());
    routes.extend(tokens::routes());
    routes
}

/// A settings page with its tabs.
async fn settings<V: IntoView + 'static>(
    app: &App,
    visitor: &Visitor,
    here: &'static str,
    content: V,
) -> Result<axum::response::Response, Error> {
    let project = visitor.project()?;
    let thread = shell::thread(&app.instance, visitor).await?;
    let tab = |name: &'static str, path: &str, act: Act| {
        let to = format!("/p/{}/settings{path}", project.slug);
        let current = (name == here).then_some("page");
        visitor.may(act).then(|| view! { <a href=to aria-current=current>{name}</a> })
    };
    let body = view! {
        <header class="head">
            <div>
                <h1>"Settings"</h1>
            </div>
        </header>
        <nav class="tabs" aria-label="Settings">
            {tab("Project", "", Act::SeeOthers)} {tab("People", "/people", Act::SeeOthers)}
            {tab("Tokens", "/tokens", Act::HoldLabelToken)} {tab("Audit", "/audit", Act::ReadAudit)}
        </nav>
        {content}
    };
    let body = shell::project(visitor, &thread, Station::Settings, body)?;
    let title = format!("{here} · {} · Assay", project.name);
    Ok(shell::document(&title, Some(visitor), "project-shell", || body).into_response())
}

async fn page(State(app): State<App>, Extension(visitor): Extension<Visitor>) -> Page {
    let project = visitor.project()?;
    let may_change = visitor.may(Act::EditTaxonomy);
    let n_items = shell::thread(&app.instance, &visitor).await?.n_items;
    let content = view! {
        <div class="stack">
            {if may_change { change_form(project, &visitor.flash) } else { facts(project) }}
            {visitor.may(Act::ManageProjects).then(|| archive_form(project, &visitor.flash, n_items))}
        </div>
    };
    Ok(settings(&app, &visitor, "Project", content).await?)
}

fn change_form(project: &Project, flash: &Flash) -> AnyView {
    let form = "project";
    let shown = project.settings.0.shown_fields.join("\n");
    let name = Field {
        form,
        name: "name",
        label: "Name",
        hint: "",
        kind: "text",
        value: &project.name,
        required: true,
    };
    let about = "What is this pile?";
    let confirm = if flash.form == form {
        flash.value(form, "confirm_picks").is_some()
    } else {
        project.settings.0.confirm_picks
    };
    view! {
        <form class="form" method="post" action=format!("/p/{}/settings", project.slug)>
            <input type="hidden" name="seen" value=projects::stamp(project).to_string() />
            {name.view(flash)}
            {area(flash, form, "description", about, "", &project.description, 3)}
            {area(
                flash,
                form,
                "shown_fields",
                "Fields that annotators see beside the text",
                "One name a line, as they are called in your data. All others are hidden from annotators.",
                &shown,
                3,
            )}
            <label class="choice">
                <input type="checkbox" name="confirm_picks" value="yes" checked=confirm />
                <span>
                    "A pick waits for Enter"
                    <small>"With one label an item, a pick is otherwise sent at once; it can always be undone."</small>
                </span>
            </label>
            <div class="acts">
                <button class="btn do">"Save"</button>
            </div>
        </form>
        {facts(project)}
    }
    .into_any()
}

/// What was decided once and for all.
fn facts(project: &Project) -> AnyView {
    let settings = &project.settings.0;
    view! {
        <dl class="facts">
            <dt>"Short name"</dt>
            <dd>
                <code>{project.slug.clone()}</code>
            </dd>
            <dt>"Task"</dt>
            <dd>
                {match project.task {
                    domain::project::Task::Single => "one label an item",
                    domain::project::Task::Multi => "any number of labels",
                }}
            </dd>
            <dt>"Control share"</dt>
            <dd>{format!("{:.0}%", settings.control_share * 100.0)}</dd>
            <dt>"An item is stuck after"</dt>
            <dd>{format!("{} skips by different people", settings.stuck_after)}</dd>
            <dt>"Made"</dt>
            <dd>{crate::parts::times::moment(project.created_at)}</dd>
        </dl>
    }
    .into_any()
}

fn archive_form(project: &Project, flash: &Flash, n_items: i64) -> AnyView {
    if project.archived_at.is_some() {
        return view! {
            <form class="sheet" method="post" action=format!("/p/{}/unarchive", project.slug)>
                <h2>"This project is archived"</h2>
                <p>"Nobody labels in it, and annotators don’t see it. Everything in it is as it was."</p>
                <div class="acts">
                    <button class="btn">"Bring it back"</button>
                </div>
            </form>
        }
        .into_any();
    }
    let label = format!("Type {} to go on", project.name);
    let sure = Field {
        form: "archive",
        name: "sure",
        label: &label,
        hint: "",
        kind: "text",
        value: "",
        required: true,
    };
    let items = crate::parts::numbers::grouped(n_items);
    view! {
        <form class="sheet danger form" method="post" action=format!("/p/{}/archive", project.slug)>
            <h2>"Archive this project"</h2>
            <p>
                {format!(
                    "Its {items} items, their answers and its releases stay, and it can be brought back. Until then nobody labels in it and annotators don’t see it.",
                )}
            </p>
            {sure.view(flash)}
            <div class="acts">
                <button class="btn danger">"Archive the project"</button>
            </div>
        </form>
    }
    .into_any()
}

async fn change(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    form: Form,
) -> Page {
    let project = visitor.project()?;
    let back = format!("/p/{}/settings", project.slug);
    let new = ProjectForm {
        name: form.get("name").to_owned(),
        description: form.get("description").to_owned(),
        shown_fields: form.raw("shown_fields").lines().map(str::to_owned).collect(),
        confirm_picks: form.has("confirm_picks"),
        // No stamp is one that fits nothing.
        seen: form.get("seen").parse().unwrap_or(-1),
    };
    let outcome = projects::change(&app.instance, visitor.actor()?, project.id, new).await;
    let done = outcome.map(|()| Done::to(back.clone()).say("Saved."));
    finish(&session, "project", &form, &back, done).await
}

async fn audit_page(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Query(query): Query<HashMap<String, String>>,
) -> Page {
    let project = visitor.project()?;
    let before = query.get("before").and_then(|id| id.parse().ok());
    let entries = audit::log(&app.instance, visitor.actor()?, Some(project.id), before).await?;
    let content = log(&entries, &format!("/p/{}/settings/audit", project.slug), false);
    Ok(settings(&app, &visitor, "Audit", content).await?)
}
