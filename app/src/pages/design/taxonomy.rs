//! The taxonomy: its draft, publishing, versions. One label's editor is in [`edit`].

mod draft;
mod edit;
mod labels;
mod seen;
mod steps;
mod versions;
mod view;

use crate::parts::numbers::grouped;
use crate::web::error::PageResult;
use crate::web::forms::{Done, Form};
use crate::web::navigation::Station;
use crate::web::page::ProjectPage;
use crate::web::route::{Need, Route};
use axum::extract::Query;
use domain::LabelId;
use domain::permission::Act;
use domain::taxonomy::edit::Edit;
use seen::seen;
use serde::Deserialize;
use view::{Shown, view};
use workflow::design;
use workflow::{Error, Thing};

pub fn routes() -> Vec<Route> {
    let see = Need::Project(Act::SeeOthers);
    let change = Need::Project(Act::EditTaxonomy);
    let mut routes = vec![
        Route::get("/p/{slug}/taxonomy", see, show),
        Route::post("/p/{slug}/taxonomy/publish", change, publish),
        Route::post("/p/{slug}/taxonomy/discard", change, discard),
        Route::post("/p/{slug}/taxonomy/catch-up", change, catch_up),
        Route::post("/p/{slug}/taxonomy/from-field", change, from_field),
        Route::post("/p/{slug}/taxonomy/arrange", change, arrange),
        Route::post("/p/{slug}/taxonomy/settle", change, settle),
    ];
    routes.extend(edit::routes());
    routes
}

#[derive(Debug, Deserialize)]
struct Before {
    before: Option<i64>,
}

async fn show(page: ProjectPage, Query(Before { before }): Query<Before>) -> PageResult {
    let (instance, actor, project) = (page.instance(), page.actor(), page.project.id);
    let shown = Shown {
        draft: design::draft(instance, actor, project).await?,
        versions: design::versions(instance, actor, project, before).await?,
        counts: design::label_counts(instance, actor, project).await?,
        settling: design::settling(instance, actor, project).await?,
    };
    page.show("Taxonomy", Station::Taxonomy, view(&shown, &page)).await
}

async fn publish(page: ProjectPage, form: Form) -> PageResult {
    let base = page.path("/taxonomy");
    let project = page.project.id;
    let outcome = async {
        let done =
            design::publish(page.instance(), page.actor(), project, seen(&form)?, form.get("note")).await?;
        let look = match done.n_need_look {
            0 => "No item needs another look.".to_owned(),
            1 => "1 item needs another look.".to_owned(),
            n => format!("{} items need another look.", grouped(n)),
        };
        Ok(Done::to(base.clone()).say(format!("Version {} is published. {look}", done.number)))
    };
    page.finish("publish", &form, &base, outcome.await).await
}

async fn discard(page: ProjectPage, form: Form) -> PageResult {
    let base = page.path("/taxonomy");
    let project = page.project.id;
    let outcome = async {
        design::discard(page.instance(), page.actor(), project, seen(&form)?).await?;
        Ok(Done::to(base.clone()).say("The draft says again what is published."))
    };
    page.finish("discard", &form, &base, outcome.await).await
}

async fn catch_up(page: ProjectPage, form: Form) -> PageResult {
    let base = page.path("/taxonomy");
    let project = page.project.id;
    let outcome = async {
        design::catch_up(page.instance(), page.actor(), project, seen(&form)?).await?;
        Ok(Done::to(base.clone())
            .say("What was published meanwhile is in the draft now. Look at it, then publish."))
    };
    page.finish("catch-up", &form, &base, outcome.await).await
}

async fn from_field(page: ProjectPage, form: Form) -> PageResult {
    let base = page.path("/taxonomy");
    let project = page.project.id;
    let outcome = async {
        let (instance, actor) = (page.instance(), page.actor());
        let (_, n) =
            design::labels_from_field(instance, actor, project, seen(&form)?, form.get("field")).await?;
        let said = match n {
            0 => "All values of this column were labels already.".to_owned(),
            1 => "1 label was added to the draft.".to_owned(),
            n => format!("{n} labels were added to the draft."),
        };
        Ok(Done::to(base.clone()).say(said))
    };
    page.finish("from-field", &form, &base, outcome.await).await
}

async fn arrange(page: ProjectPage, form: Form) -> PageResult {
    let base = page.path("/taxonomy");
    let project = page.project.id;
    let outcome = async {
        let label: LabelId = form.get("label").parse().map_err(|_| Error::NotFound(Thing::Label))?;
        let change = match form.get("do") {
            "up" => Edit::Move { label, up: true },
            "down" => Edit::Move { label, up: false },
            "remove" => Edit::Remove(label),
            "restore" => Edit::Restore(label),
            _ => return Err(Error::conflict("The form was not complete. Nothing was changed.")),
        };
        design::edit(page.instance(), page.actor(), project, seen(&form)?, change).await?;
        Ok(Done::to(base.clone()))
    };
    page.finish("arrange", &form, &base, outcome.await).await
}

async fn settle(page: ProjectPage, form: Form) -> PageResult {
    let base = page.path("/taxonomy");
    let asked = design::settle_again(page.instance(), page.actor(), page.project.id).await;
    page.finish("settle", &form, &base, asked.map(|_| Done::to(base.clone()))).await
}
