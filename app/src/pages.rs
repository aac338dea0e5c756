//! The pages: server only. A page calls a workflow and is a function of what it returns; its forms are plain forms. The
//! file of a page has its routes and handlers, the folder beside it what is shown:
//!
//! ```ignore
//! pub fn routes() -> Vec<Route> {
//!     vec![
//!         Route::get("/p/{slug}/queues", Need::Project(Act::SeeProject), list),
//!         Route::post("/p/{slug}/queues", Need::Project(Act::RunQueues), create),
//!     ]
//! }
//!
//! async fn list(page: ProjectPage) -> PageResult {
//!     let queues = queues::list(page.instance(), page.actor(), page.project.id).await?;
//!     page.show("Queues", Station::Queues, list::list(&queues, &page)).await
//! }
//!
//! async fn create(page: ProjectPage, form: Form) -> PageResult {
//!     let made = queues::create(page.instance(), page.actor(), page.project.id, …).await;
//!     let done = made.map(|queue| Done::to(page.path(&format!("/queues/{queue}"))).say("The queue is made."));
//!     page.finish("queue", &form, &page.path("/queues/new"), done).await
//! }
//! ```

pub mod agree;
pub mod data;
pub mod design;
pub mod discover;
pub mod label;
pub mod release;
pub mod site;

use crate::web::route::Route;

/// Every page and every form, with what it needs. The one table: the router is made from it, and the test that
/// walks all routes with every role reads it.
pub fn routes() -> Vec<Route> {
    [
        site::sign_in::routes(),
        site::account::routes(),
        site::account::second_factor::routes(),
        site::projects::routes(),
        site::people::routes(),
        site::encoders::routes(),
        site::audit::routes(),
        site::overview::routes(),
        site::settings::routes(),
        data::sources::routes(),
        data::items::routes(),
        discover::runs::routes(),
        discover::bulk::routes(),
        discover::vectors::routes(),
        discover::explore::routes(),
        design::taxonomy::routes(),
        label::queues::routes(),
        label::desk::routes(),
        agree::agreement::routes(),
        release::releases::routes(),
        site::jobs::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
