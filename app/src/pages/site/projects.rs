//! The list of projects, a new one, and archiving one.

mod form;
mod list;

use crate::parts::pager::place_by_name;
use crate::web::error::PageResult;
use crate::web::forms::{Done, Form};
use crate::web::page::ProjectPage;
use crate::web::page::SitePage;
use crate::web::route::{Need, Route};
use axum::extract::Query;
use domain::permission::Act;
use std::collections::HashMap;
use workflow::Error;
use workflow::site::projects;

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/", Need::Site(Act::OwnAccount), list),
        Route::get("/projects/new", Need::Site(Act::ManageProjects), new_page),
        Route::post("/projects", Need::Site(Act::ManageProjects), create),
        Route::post("/p/{slug}/archive", Need::Project(Act::ManageProjects), archive),
        Route::post("/p/{slug}/unarchive", Need::Project(Act::ManageProjects), unarchive),
    ]
}

async fn list(page: SitePage, Query(query): Query<HashMap<String, String>>) -> PageResult {
    let archived = query.contains_key("archived");
    let listed = projects::list(page.instance(), page.actor(), archived, place_by_name(&query)).await?;
    let title = if archived { "Archived projects" } else { "Projects" };
    page.show(title, list::view(&listed, archived, title, &page))
}

async fn new_page(page: SitePage) -> PageResult {
    page.show("New project", form::form(&page.flash))
}

async fn create(page: SitePage, sent: Form) -> PageResult {
    let outcome = match form::read(&sent) {
        Ok(new) => projects::create(page.instance(), page.actor(), new).await,
        Err(error) => Err(error),
    };
    let done = outcome.map(|project| {
        Done::to(format!("/p/{}", project.slug)).say("The project is there. Its first station is data.")
    });
    page.finish("project", &sent, "/projects/new", done).await
}

async fn archive(page: ProjectPage, form: Form) -> PageResult {
    let project = &page.project;
    let back = page.path("/settings");
    let outcome = if form.get("sure") == project.name.trim() {
        projects::set_archived(page.instance(), page.actor(), project.id, true).await
    } else {
        let typed = form.get("sure");
        let message = format!("“{typed}” is not the name of this project. Nothing was archived.");
        Err(Error::invalid("sure", message))
    };
    let done = outcome.map(|()| Done::to("/").say(format!("“{}” is archived.", project.name)));
    page.finish("archive", &form, &back, done).await
}

async fn unarchive(page: ProjectPage, form: Form) -> PageResult {
    let project = &page.project;
    let back = page.path("");
    let outcome = projects::set_archived(page.instance(), page.actor(), project.id, false).await;
    let done = outcome.map(|()| Done::to(back.clone()).say("The project is back from the archive."));
    page.finish("archive", &form, &back, done).await
}
