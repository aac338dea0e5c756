//! The pages: one file each, server only. A page calls a workflow and is a function of what it returns; its forms are
//! plain forms, handled in the same file:
//!
//! ```ignore
//! pub fn routes() -> Vec<Route> {
//!     vec![
//!         Route::get("/p/{slug}/queues", Need::Project(Act::SeeProject), list),
//!         Route::post("/p/{slug}/queues", Need::Project(Act::RunQueues), create),
//!     ]
//! }
//!
//! async fn list(State(app): State<App>, Extension(visitor): Extension<Visitor>) -> Page {
//!     let queues = workflow::queues::list(&app.house, visitor.actor()?, visitor.project()?.id).await?;
//!     let thread = shell::thread(&app.house, &visitor).await?;
//!     let body = shell::house(&visitor, &thread, Station::Queues, view! { … })?;
//!     Ok(shell::document("Queues · Assay", Some(&visitor), "house", || body).into_response())
//! }
//!
//! async fn create(State(app), Extension(visitor), Extension(session): Extension<Session>, form: Form) -> Page {
//!     let made = workflow::queues::create(&app.house, visitor.actor()?, …).await;
//!     let done = made.map(|queue| Done::to(format!("/p/{slug}/queues/{queue}")).say("The queue is open."));
//!     finish(&session, "queue", &form, &format!("/p/{slug}/queues/new"), done).await
//! }
//! ```

pub mod account;
pub mod agreement;
pub mod audit;
pub mod data;
pub mod items;
pub mod jobs;
pub mod label;
pub mod overview;
pub mod people;
pub mod projects;
pub mod queues;
pub mod releases;
pub mod settings;
pub mod sign_in;
pub mod taxonomy;

use crate::guard::Route;

/// Every page and every form, with what it needs. The one table: the router is made from it, and the test that
/// walks all routes with every role reads it.
pub fn routes() -> Vec<Route> {
    [
        sign_in::routes(),
        account::routes(),
        account::second_factor::routes(),
        projects::routes(),
        people::routes(),
        audit::routes(),
        overview::routes(),
        settings::routes(),
        data::routes(),
        items::routes(),
        taxonomy::routes(),
        queues::routes(),
        label::routes(),
        agreement::routes(),
        releases::routes(),
        jobs::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
