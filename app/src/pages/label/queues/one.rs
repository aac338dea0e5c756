//! One queue: how far it is, its people, what comes next, and closing and opening it.

mod view;

use super::form::{control_share, lease};
use crate::web::error::PageResult;
use crate::web::forms::{Done, Form};
use crate::web::navigation::Station;
use crate::web::page::ProjectPage;
use crate::web::route::{Need, Route};
use axum::extract::Path;
use domain::permission::Act;
use domain::{PersonId, QueueId};
use view::{Shown, view};
use workflow::label::queues::{self, Change};
use workflow::{Error, Thing};

pub fn routes() -> Vec<Route> {
    let run = Need::Project(Act::RunQueues);
    vec![
        Route::get("/p/{slug}/queues/{queue}", Need::Project(Act::SeeOthers), show),
        Route::post("/p/{slug}/queues/{queue}/change", run, change),
        Route::post("/p/{slug}/queues/{queue}/close", run, close),
        Route::post("/p/{slug}/queues/{queue}/reopen", run, reopen),
        Route::post("/p/{slug}/queues/{queue}/release", run, release),
    ]
}

type At = Path<(String, String)>;

fn id(text: &str) -> Result<QueueId, Error> {
    text.parse().map_err(|_| Error::NotFound(Thing::Queue))
}

async fn show(page: ProjectPage, Path((_, queue)): At) -> PageResult {
    let (instance, actor, project) = (page.instance(), page.actor(), page.project.id);
    let queue = id(&queue)?;
    let filling = queues::filling(instance, actor, project, queue).await?;
    let shown = Shown {
        filling,
        queue: queues::view(instance, actor, project, queue).await?,
        people: queues::people(instance, actor, project, queue).await?,
        next: queues::preview(instance, actor, project, queue).await?,
    };
    page.show(&shown.queue.name, Station::Queues, view(&shown, &page)).await
}

async fn change(page: ProjectPage, Path((_, queue)): At, form: Form) -> PageResult {
    let at = page.path(&format!("/queues/{queue}"));
    let outcome = async {
        let (name, note) = (form.get("name").to_owned(), form.get("note").to_owned());
        let seen = form.get("seen").parse().unwrap_or(-1);
        let change =
            Change { name, note, control_share: control_share(&form)?, lease_seconds: lease(&form)?, seen };
        queues::change(page.instance(), page.actor(), page.project.id, id(&queue)?, change).await?;
        Ok(Done::to(at.clone()).say("The queue is changed."))
    };
    page.finish("change", &form, &at, outcome.await).await
}

async fn close(page: ProjectPage, Path((_, queue)): At, form: Form) -> PageResult {
    let at = page.path(&format!("/queues/{queue}"));
    let outcome = async {
        queues::close(page.instance(), page.actor(), page.project.id, id(&queue)?).await?;
        Ok(Done::to(at.clone())
            .say("The queue is closed. What people held is taken back; what they answered is kept."))
    };
    page.finish("close", &form, &at, outcome.await).await
}

async fn reopen(page: ProjectPage, Path((_, queue)): At, form: Form) -> PageResult {
    let at = page.path(&format!("/queues/{queue}"));
    let outcome = async {
        let project = page.project.id;
        let is_open = queues::reopen(page.instance(), page.actor(), project, id(&queue)?).await?;
        Ok(Done::to(at.clone()).say(match is_open {
            true => "The queue is open again.",
            false => "The queue opens when all items are in.",
        }))
    };
    page.finish("reopen", &form, &at, outcome.await).await
}

async fn release(page: ProjectPage, Path((_, queue)): At, form: Form) -> PageResult {
    let at = page.path(&format!("/queues/{queue}"));
    let outcome = async {
        let person: PersonId = form.get("person").parse().map_err(|_| Error::NotFound(Thing::Person))?;
        let (project, queue) = (page.project.id, id(&queue)?);
        let n = queues::release_leases(page.instance(), page.actor(), project, queue, Some(person)).await?;
        let said =
            if n == 1 { "1 item was taken back.".to_owned() } else { format!("{n} items were taken back.") };
        Ok(Done::to(at.clone()).say(said))
    };
    page.finish("release", &form, &at, outcome.await).await
}
