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
//!     let queues = workflow::label::queues::list(&app.instance, visitor.actor()?, visitor.project()?.id).await?;
//!     let thread = shell::thread(&app.instance, &visitor).await?;
//!     let body = shell::project(&visitor, &thread, Station::Queues, view! { … })?;
//!     Ok(shell::document("Queues · Assay", Some(&visitor), "project-shell", || body).into_response())
//! }
//!
//! async fn create(State(app), Extension(visitor), Extension(session): Extension<Session>, form: Form) -> Page {
//!     let made = workflow::label::queues::create(&app.instance, visitor.actor()?, …).await;
//!     let done = made.map(|queue| Done::to(format!("/p/{slug}/queues/{queue}")).say("The queue is open."));
//!     finish(&session, "queue", &form, &format!("/p/{slug}/queues/new"), done).await
//! }
//! ```

pub mod agree;
pub mod data;
pub mod design;
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
        site::audit::routes(),
        site::overview::routes(),
        site::settings::routes(),
        data::sources::routes(),
        data::items::routes(),
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
