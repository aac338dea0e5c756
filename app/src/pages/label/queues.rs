//! Queues: the list, making one, and one queue with its people and members.

mod form;
mod list;
mod marks;
mod one;

use crate::pages::discover::address::steps;
use crate::web::error::PageResult;
use crate::web::forms::{Done, Form};
use crate::web::navigation::Station;
use crate::web::page::ProjectPage;
use crate::web::route::{Need, Route};
use axum::extract::RawQuery;
use domain::QueueId;
use domain::discover::selection::Selection;
use domain::permission::Act;
use workflow::Error;
use workflow::data::import;
use workflow::discover;
use workflow::label::queues;

/// Imports that a new queue offers to choose from.
const MOST_SOURCES: i64 = 100;

pub fn routes() -> Vec<Route> {
    let mut routes = vec![
        Route::get("/p/{slug}/queues", Need::Project(Act::SeeProject), list),
        Route::get("/p/{slug}/queues/new", Need::Project(Act::RunQueues), new),
        Route::post("/p/{slug}/queues/new", Need::Project(Act::RunQueues), create),
    ];
    routes.extend(one::routes());
    routes
}

async fn list(page: ProjectPage) -> PageResult {
    let queues = queues::list(page.instance(), page.actor(), page.project.id).await?;
    let has_taxonomy = page.overview().await?.taxonomy.is_some();
    page.show("Queues", Station::Queues, list::list(&queues, &page, has_taxonomy)).await
}

/// The selection that a new queue is made of, as the address says it.
fn selected(query: Option<&str>) -> Result<Selection, Error> {
    let query = query.unwrap_or_default();
    let run = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "run");
    let run = run.and_then(|(_, run)| run.parse().ok());
    Selection::read(run, &steps(query)).map_err(|bad| Error::invalid("", bad.to_string()))
}

async fn new(page: ProjectPage, RawQuery(query): RawQuery) -> PageResult {
    let selection = selected(query.as_deref())?;
    let n_selected = match selection.is_empty() {
        true => None,
        false => {
            let selected =
                discover::select(page.instance(), page.actor(), page.project.id, &selection).await?;
            Some((query.unwrap_or_default(), selected.count()))
        }
    };
    let sources =
        import::newest_sources(page.instance(), page.actor(), page.project.id, MOST_SOURCES).await?;
    let has_taxonomy = page.overview().await?.taxonomy.is_some();
    page.show("New queue", Station::Queues, form::form(&page, sources, has_taxonomy, n_selected)).await
}

async fn create(page: ProjectPage, RawQuery(query): RawQuery, sent: Form) -> PageResult {
    let base = page.path("/queues");
    let selection = selected(query.as_deref())?;
    let back = match query.filter(|query| !query.is_empty()) {
        Some(query) => format!("{base}/new?{query}"),
        None => format!("{base}/new"),
    };
    let project = page.project.id;
    let outcome = async {
        let mut setup = form::read(&sent)?;
        setup.slice.selection = selection;
        let queue: QueueId = queues::create(page.instance(), page.actor(), project, setup).await?;
        Ok(Done::to(format!("{base}/{queue}")).say("The queue is made."))
    };
    page.finish("queue", &sent, &back, outcome.await).await
}
