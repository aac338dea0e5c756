//! Releases: the list, cutting one, and a release with its files and where they came from.

mod form;
mod list;
mod marks;
mod one;

use crate::web::error::PageResult;
use crate::web::forms::{Done, Form};
use crate::web::navigation::Station;
use crate::web::page::ProjectPage;
use crate::web::route::{Need, Route};
use axum::extract::Query;
use domain::consensus;
use domain::permission::Act;
use form::Planned;
use serde::Deserialize;
use workflow::release::{self, Order};
use workflow::site::projects;

pub fn routes() -> Vec<Route> {
    let mut routes = vec![
        Route::get("/p/{slug}/releases", Need::Project(Act::SeeOthers), list),
        Route::get("/p/{slug}/releases/new", Need::Project(Act::CutRelease), new),
        Route::post("/p/{slug}/releases/new", Need::Project(Act::CutRelease), create),
    ];
    routes.extend(one::routes());
    routes
}

#[derive(Debug, Deserialize)]
struct Before {
    before: Option<i64>,
}

async fn list(page: ProjectPage, Query(Before { before }): Query<Before>) -> PageResult {
    let releases = release::list(page.instance(), page.actor(), page.project.id, before).await?;
    let has_taxonomy = page.overview().await?.taxonomy.is_some();
    page.show("Releases", Station::Releases, list::view(&releases, has_taxonomy, &page)).await
}

/// Up to so many items are looked at whenever the page is opened; above, when a person asks for it.
const LOOKED_AT: i64 = 20_000;

#[derive(Debug, Deserialize)]
struct Look {
    #[serde(default)]
    look: bool,
}

async fn new(page: ProjectPage, Query(Look { look }): Query<Look>) -> PageResult {
    let (instance, actor, project) = (page.instance(), page.actor(), page.project.id);
    let counts = projects::counts(instance, actor, project).await?;
    let newest = release::list(instance, actor, project, None).await?;
    let both = [consensus::State::Agreed, consensus::State::Adjudicated];
    let n_resolved: i64 = both.iter().filter_map(|state| counts.get(state.as_str())).sum();
    let forecast = match look || n_resolved <= LOOKED_AT {
        true => Some(release::forecast(instance, actor, project, &both).await?),
        false => None,
    };
    let plan = Planned { number: newest.first().map_or(1, |r| r.row.number + 1), counts, forecast };
    page.show("Cut a release", Station::Releases, form::form(&plan, &page)).await
}

async fn create(page: ProjectPage, sent: Form) -> PageResult {
    let base = page.path("/releases");
    let project = page.project.id;
    let outcome = async {
        let states = sent.all("states").filter_map(consensus::State::parse).collect();
        let order = Order { name: sent.get("name").to_owned(), states };
        let (release, _) = release::order(page.instance(), page.actor(), project, &order).await?;
        Ok(Done::to(format!("{base}/{}", release.row.number)))
    };
    page.finish("release", &sent, &format!("{base}/new"), outcome.await).await
}
