//! Encoders of the installation: what is installed, installing one from a zip, removing one.

mod list;

use crate::web::error::PageResult;
use crate::web::forms::Done;
use crate::web::page::SitePage;
use crate::web::route::{Need, Route};
use crate::web::upload::{FilesForm, NotTaken, files_of_form};
use axum::extract::{Path, Request};
use domain::EncoderId;
use domain::permission::Act;
use workflow::Error;
use workflow::site::encoders;

pub fn routes() -> Vec<Route> {
    let need = Need::Site(Act::ManageEncoders);
    vec![
        Route::get("/encoders", need, show),
        Route::post("/encoders", need, add),
        Route::post("/encoders/{id}/remove", need, remove),
    ]
}

async fn show(page: SitePage) -> PageResult {
    let known = encoders::list(page.instance(), page.actor()).await?;
    page.show("Encoders", list::view(&known, &page.flash))
}

async fn add(page: SitePage, request: Request) -> PageResult {
    let (sent, outcome) = files_of_form(page.instance(), request, &["file"]).await;
    let done = match outcome {
        Ok(()) => install(&page, &sent).await,
        Err(NotTaken::TooLarge) => Err(Error::invalid("file", too_large())),
        Err(NotTaken::Other(error)) => Err(error),
    };
    page.finish("encoder", &sent.form, "/encoders", done).await
}

async fn install(page: &SitePage, sent: &FilesForm) -> Result<Done, Error> {
    let file = sent.file("file")?;
    let added = encoders::add(page.instance(), page.actor(), sent.form.get("name"), file.path()).await?;
    let said =
        format!("“{}” is installed: a {} encoder of {} dimensions.", added.name, added.kind, added.dims);
    Ok(Done::to("/encoders").say(said))
}

fn too_large() -> &'static str {
    "The file is larger than 8 GB. Install its folder with `assay encoder add` on the server."
}

async fn remove(page: SitePage, Path(id): Path<EncoderId>) -> PageResult {
    let gone = encoders::remove(page.instance(), page.actor(), id).await;
    let done = gone.map(|gone| Done::to("/encoders").say(format!("“{}” is removed.", gone.name)));
    page.finish("remove", &Default::default(), "/encoders", done).await
}
