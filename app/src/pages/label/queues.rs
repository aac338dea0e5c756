//! Queues: the list, making one, and one queue with its people and members.

mod form;
mod list;
mod marks;
mod one;

use crate::web::error::PageResult;
use crate::web::forms::{Done, Form};
use crate::web::navigation::Station;
use crate::web::page::ProjectPage;
use crate::web::route::{Need, Route};
use domain::QueueId;
use domain::permission::Act;
use workflow::data::import;
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

async fn new(page: ProjectPage) -> PageResult {
    let sources =
        import::newest_sources(page.instance(), page.actor(), page.project.id, MOST_SOURCES).await?;
    let has_taxonomy = page.overview().await?.taxonomy.is_some();
    page.show("New queue", Station::Queues, form::form(&page, sources, has_taxonomy)).await
}

async fn create(page: ProjectPage, sent: Form) -> PageResult {
    let base = page.path("/queues");
    let project = page.project.id;
    let outcome = async {
        let setup = form::read(&sent)?;
        let queue: QueueId = queues::create(page.instance(), page.actor(), project, setup).await?;
        Ok(Done::to(format!("{base}/{queue}")).say("The queue is made."))
    };
    page.finish("queue", &sent, &format!("{base}/new"), outcome.await).await
}
