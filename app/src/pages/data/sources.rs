//! Data: bring a file, and all that was brought. One import is in [`source`].

mod list;
mod source;

use crate::web::error::{PageResult, api_error};
use crate::web::flash::{Flash, Notice};
use crate::web::forms::{Done, Form};
use crate::web::navigation::Station;
use crate::web::page::ProjectPage;
use crate::web::route::{Need, Route};
use crate::web::upload::{NotTaken, file_of_form};
use axum::extract::{Path, Query, Request};
use axum::response::IntoResponse;
use domain::SourceId;
use domain::permission::Act;
use http::header;
use serde::Deserialize;
use workflow::Error;
use workflow::data::import;

pub fn routes() -> Vec<Route> {
    let mut routes = vec![
        Route::get("/p/{slug}/data", Need::Project(Act::SeeOthers), list),
        Route::post("/p/{slug}/data/upload", Need::Project(Act::Import), upload),
    ];
    routes.extend(source::routes());
    routes
}

#[derive(Deserialize)]
struct Before {
    before: Option<SourceId>,
}

async fn list(page: ProjectPage, Query(Before { before }): Query<Before>) -> PageResult {
    let sources = import::sources(page.instance(), page.actor(), page.project.id, before).await?;
    let n_items = page.overview().await?.n_items;
    let content = list::view(&sources, before.is_some(), n_items, &page);
    page.show("Data", Station::Data, content).await
}

/// Takes the file into a blob as it comes, then looks at its columns. A browser that sends it beside the page asks
/// for the address to go on to as text.
async fn upload(page: ProjectPage, Path(slug): Path<String>, request: Request) -> PageResult {
    let accepts = request.headers().get(header::ACCEPT).and_then(|v| v.to_str().ok());
    let beside = accepts.is_some_and(|a| a == "text/plain");
    let base = format!("/p/{slug}/data");
    let taken = take(&page, request).await;
    let done = taken.map(|id| Done::to(format!("{base}/{id}")));
    if !beside {
        return page.finish("upload", &Form::default(), &base, done).await;
    }
    let to = match done {
        Ok(done) => done.to,
        Err(error) => {
            let text = api_error(error).message;
            let flash = Flash { notice: Some(Notice { good: false, text }), ..Flash::default() };
            flash.put(&page.session).await?;
            base
        }
    };
    Ok(to.into_response())
}

async fn take(page: &ProjectPage, request: Request) -> Result<SourceId, Error> {
    let (name, upload) = match file_of_form(page.instance(), page.actor(), request).await {
        Ok(taken) => taken,
        Err(NotTaken::TooLarge) => return Err(Error::invalid("file", NotTaken::too_large())),
        Err(NotTaken::Other(error)) => return Err(error),
    };
    import::begin(page.instance(), page.actor(), page.project.id, &name, None, upload).await
}
