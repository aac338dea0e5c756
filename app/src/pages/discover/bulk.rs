//! Bulk answers: judging the items that were drawn, labeling the rest, and the list of what was labeled so.

mod view;

use crate::web::error::PageResult;
use crate::web::forms::{Done, Form};
use crate::web::navigation::Station;
use crate::web::page::ProjectPage;
use crate::web::route::{Need, Route};
use axum::extract::{Path, Query};
use domain::BulkId;
use domain::permission::Act;
use serde::Deserialize;
use workflow::discover;
use workflow::{Error, Thing};

pub fn routes() -> Vec<Route> {
    let see = Need::Project(Act::SeeOthers);
    let run = Need::Project(Act::RunQueues);
    vec![
        Route::get("/p/{slug}/discover/bulk", see, list),
        Route::get("/p/{slug}/discover/bulk/{bulk}", see, show),
        Route::post("/p/{slug}/discover/bulk/{bulk}/judge", run, judge),
        Route::post("/p/{slug}/discover/bulk/{bulk}/label", run, label),
        Route::post("/p/{slug}/discover/bulk/{bulk}/drop", run, drop),
    ]
}

fn bulk_of(text: &str) -> Result<BulkId, Error> {
    text.parse().map_err(|_| Error::NotFound(Thing::Bulk))
}

/// The place from which a page of items begins; the first, where it can't be read.
#[derive(Deserialize)]
struct From {
    #[serde(default)]
    from: String,
}

async fn list(page: ProjectPage) -> PageResult {
    let bulks = discover::bulks(page.instance(), page.actor(), page.project.id).await?;
    page.show("Bulk labels", Station::Discover, view::list(&page, &bulks)).await
}

async fn show(
    page: ProjectPage,
    Path((_, bulk)): Path<(String, String)>,
    Query(from): Query<From>,
) -> PageResult {
    let from = from.from.parse().unwrap_or(0);
    let bulk = discover::bulk(page.instance(), page.actor(), page.project.id, bulk_of(&bulk)?, from).await?;
    page.show("Label in bulk", Station::Discover, view::one(&page, &bulk)).await
}

async fn judge(page: ProjectPage, Path((_, bulk)): Path<(String, String)>, sent: Form) -> PageResult {
    let id = bulk_of(&bulk)?;
    let at = page.path(&format!("/discover/bulk/{id}"));
    let outcome = async {
        let from: i64 = sent.get("from").parse().map_err(|_| Error::NotFound(Thing::Page))?;
        let right: Vec<i64> = sent.all("right").filter_map(|place| place.parse().ok()).collect();
        let shown = sent.all("shown").filter_map(|place| place.parse::<i64>().ok());
        let wrong: Vec<i64> = shown.filter(|place| !right.contains(place)).collect();
        discover::judge(page.instance(), page.actor(), page.project.id, id, from, &wrong).await?;
        let to = if sent.has("next") { from + discover::BULK_PAGE } else { from };
        Ok(Done::to(format!("{at}?from={to}")))
    };
    page.finish("judge", &sent, &at, outcome.await).await
}

async fn label(page: ProjectPage, Path((_, bulk)): Path<(String, String)>, sent: Form) -> PageResult {
    let id = bulk_of(&bulk)?;
    let at = page.path(&format!("/discover/bulk/{id}"));
    let knowingly = sent.has("knowingly");
    let done = discover::label_bulk(page.instance(), page.actor(), page.project.id, id, knowingly).await;
    let done = done.map_err(|error| match error {
        Error::Invalid(_) => Error::invalid("", error.to_string()),
        error => error,
    });
    page.finish("bulk", &sent, &at, done.map(|()| Done::to(at.clone()))).await
}

async fn drop(page: ProjectPage, Path((_, bulk)): Path<(String, String)>, sent: Form) -> PageResult {
    let id = bulk_of(&bulk)?;
    let at = page.path(&format!("/discover/bulk/{id}"));
    let to = page.path("/discover/bulk");
    let done = discover::give_up_bulk(page.instance(), page.actor(), page.project.id, id).await;
    page.finish("bulk", &sent, &at, done.map(|()| Done::to(to).say("Nothing was labeled."))).await
}
