//! One import: its columns to confirm, then its progress, then what came of it.

mod columns;
mod head;
mod mapping;
mod outcome;
mod warnings;

use crate::parts::work::under_way;
use crate::web::error::{PageError, PageResult};
use crate::web::forms::{Done, Form};
use crate::web::navigation::Station;
use crate::web::page::ProjectPage;
use crate::web::route::{Need, Route};
use axum::body::Body;
use axum::extract::{Path, Query};
use axum::response::IntoResponse;
use columns::columns;
use domain::SourceId;
use domain::permission::Act;
use domain::source::SourceState;
use head::{head, steps};
use http::header;
use leptos::prelude::*;
use mapping::mapping;
use outcome::outcome;
use serde::Deserialize;
use workflow::data::import::{self, Source};
use workflow::jobs::{self, JobView};
use workflow::{Error, Thing};

pub fn routes() -> Vec<Route> {
    let see = Need::Project(Act::SeeOthers);
    let import = Need::Project(Act::Import);
    vec![
        Route::get("/p/{slug}/data/{source}", see, show),
        Route::get("/p/{slug}/data/{source}/rejects.csv", see, rejects),
        Route::post("/p/{slug}/data/{source}/start", import, start),
        Route::post("/p/{slug}/data/{source}/discard", import, discard),
        Route::post("/p/{slug}/data/{source}/undo", import, undo),
    ]
}

/// The import that an address names.
fn named(id: &str) -> Result<SourceId, Error> {
    id.parse().map_err(|_| Error::NotFound(Thing::Import))
}

#[derive(Deserialize)]
struct After {
    after: Option<i64>,
}

async fn show(
    page: ProjectPage,
    Path((_, id)): Path<(String, String)>,
    Query(After { after }): Query<After>,
) -> PageResult {
    let (instance, actor, project) = (page.instance(), page.actor(), page.project.id);
    let source = import::source(instance, actor, project, named(&id)?).await?;
    let job = match source.job {
        Some(job) => jobs::view(instance, domain::JobId(job)).await.ok(),
        None => None,
    };
    let content = match &job {
        Some(job) if !job.is_over() => running(&source, job, &page),
        _ if import::awaits_columns(&source) && page.may(Act::Import) => {
            match import::preview(instance, actor, project, source.id).await {
                Ok(preview) => columns(&preview, &page.path("/data"), &page.flash),
                // It may have failed because its file can't be read.
                Err(_) if source.state == SourceState::Failed => outcome(&source, job.as_ref(), &[], &page),
                Err(error) => return Err(PageError(error)),
            }
        }
        _ => {
            let refused = import::rejects(instance, actor, project, source.id, after.unwrap_or(0)).await?;
            outcome(&source, job.as_ref(), &refused, &page)
        }
    };
    page.show(&source.name, Station::Data, content).await
}

fn running(source: &Source, job: &JobView, page: &ProjectPage) -> AnyView {
    let base = page.path("/data");
    let here = format!("{base}/{}", source.id);
    view! { {head(source, &base)} {steps(2)} {under_way(job, &page.project.slug, &here)} }.into_any()
}

async fn rejects(page: ProjectPage, Path((_, id)): Path<(String, String)>) -> PageResult {
    use futures::StreamExt;
    let id = named(&id)?;
    let rows = import::rejects_csv(page.instance(), page.actor(), page.project.id, id).await?;
    let body = Body::from_stream(rows.map(|piece| piece.map_err(std::io::Error::other)));
    let name = format!("attachment; filename=\"rejects-{id}.csv\"");
    let headers =
        [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, body).into_response())
}

async fn start(page: ProjectPage, Path((slug, id)): Path<(String, String)>, form: Form) -> PageResult {
    let id = named(&id)?;
    let (actor, project) = (page.actor(), page.project.id);
    let here = format!("/p/{slug}/data/{id}");
    let preview = import::preview(page.instance(), actor, project, id).await.map_err(PageError)?;
    // Going on with an import sends no columns: those of its beginning hold.
    let done = match mapping(&preview.sample.columns, &form) {
        Ok(chosen) => import::start(page.instance(), actor, project, id, chosen).await,
        Err(error) if import::awaits_columns(&preview.source) => Err(error),
        Err(_) => import::start(page.instance(), actor, project, id, preview.source.mapping).await,
    };
    page.finish("columns", &form, &here, done.map(|_| Done::to(&here))).await
}

async fn discard(page: ProjectPage, Path((slug, id)): Path<(String, String)>, _: Form) -> PageResult {
    let id = named(&id)?;
    let back = format!("/p/{slug}/data");
    let done = import::discard(page.instance(), page.actor(), page.project.id, id).await;
    let done = done.map(|()| Done::to(&back).say("The file is forgotten; nothing was imported from it."));
    page.finish("discard", &Form::default(), &back, done).await
}

async fn undo(page: ProjectPage, Path((slug, id)): Path<(String, String)>, form: Form) -> PageResult {
    let id = named(&id)?;
    let (actor, project) = (page.actor(), page.project.id);
    let here = format!("/p/{slug}/data/{id}");
    let source = import::source(page.instance(), actor, project, id).await?;
    let done = if form.get("name") == source.name.trim() {
        import::undo(page.instance(), actor, project, id).await.map(|_| Done::to(&here))
    } else {
        Err(Error::invalid("name", "This is not the file’s name. Nothing was removed."))
    };
    page.finish("undo", &form, &here, done).await
}
