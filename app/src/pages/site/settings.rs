//! Settings of a project: what it is called and shows, its people, tokens, its audit log, archiving it.

mod frame;
mod members;
mod project;
mod tokens;

use crate::pages::site::audit::log;
use crate::web::error::PageResult;
use crate::web::forms::{Done, Form};
use crate::web::page::ProjectPage;
use crate::web::route::{Need, Route};
use axum::extract::Query;
use domain::permission::Act;
use frame::settings;
use leptos::prelude::*;
use project::{archive_form, change_form, facts};
use std::collections::HashMap;
use workflow::site::audit;
use workflow::site::projects::{self, ProjectForm};

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

async fn page(page: ProjectPage) -> PageResult {
    let project = &page.project;
    let may_change = page.may(Act::EditTaxonomy);
    let n_items = page.overview().await?.n_items;
    let content = view! {
        <div class="stack">
            {if may_change { change_form(project, &page.flash) } else { facts(project) }}
            {page.may(Act::ManageProjects).then(|| archive_form(project, &page.flash, n_items))}
        </div>
    };
    settings(&page, "Project", content).await
}

async fn change(page: ProjectPage, form: Form) -> PageResult {
    let project = &page.project;
    let back = page.path("/settings");
    let new = ProjectForm {
        name: form.get("name").to_owned(),
        description: form.get("description").to_owned(),
        shown_fields: form.raw("shown_fields").lines().map(str::to_owned).collect(),
        confirm_picks: form.has("confirm_picks"),
        // What is no number is refused as one that is out of range.
        bulk_bar: form
            .has("bulk_bar")
            .then(|| form.get("bulk_bar").parse::<f64>().map_or(-1.0, |percent| percent / 100.0)),
        // No stamp is one that fits nothing.
        seen: form.get("seen").parse().unwrap_or(-1),
    };
    let outcome = projects::change(page.instance(), page.actor(), project.id, new).await;
    let done = outcome.map(|()| Done::to(back.clone()).say("Saved."));
    page.finish("project", &form, &back, done).await
}

async fn audit_page(page: ProjectPage, Query(query): Query<HashMap<String, String>>) -> PageResult {
    let project = &page.project;
    let before = query.get("before").and_then(|id| id.parse().ok());
    let entries = audit::log(page.instance(), page.actor(), Some(project.id), before).await?;
    let content = log(&entries, &page.path("/settings/audit"), false);
    settings(&page, "Audit", content).await
}
