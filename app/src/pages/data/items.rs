//! Items: the list with its filters, and one item with its whole history.

mod asked;
mod list;
mod marks;
mod one;

use crate::web::error::PageResult;
use crate::web::navigation::Station;
use crate::web::page::ProjectPage;
use crate::web::route::{Need, Route};
use asked::Asked;
use axum::extract::{Path, Query, RawQuery};
use domain::ItemId;
use domain::permission::Act;
use domain::taxonomy::Taxonomy;
use std::sync::Arc;
use workflow::data::browse;
use workflow::data::import;
use workflow::design;
use workflow::{Error, Thing};

pub fn routes() -> Vec<Route> {
    let see = Need::Project(Act::SeeOthers);
    vec![Route::get("/p/{slug}/items", see, list), Route::get("/p/{slug}/items/{item}", see, show)]
}

async fn list(page: ProjectPage, Query(asked): Query<Asked>, RawQuery(query): RawQuery) -> PageResult {
    let asked = asked.with_steps(query.as_deref());
    let (instance, actor, project) = (page.instance(), page.actor(), page.project.id);
    let (slice, order, after) = (asked.slice(), asked.order(), asked.after());
    let found = browse::items(instance, actor, project, &asked.q, &slice, order, after).await?;
    let taxonomy = labels_now(&page).await?;
    let sources = import::sources(instance, actor, project, None).await?;
    let n_items = page.overview().await?.n_items;
    let shown = list::Shown { asked: &asked, found, taxonomy: &taxonomy, sources: &sources, n_items };
    page.show("Items", Station::Data, list::view(&shown, &page)).await
}

async fn show(page: ProjectPage, Path((_, id)): Path<(String, String)>) -> PageResult {
    let id: ItemId = id.parse().map_err(|_| Error::NotFound(Thing::Item))?;
    let item = browse::item(page.instance(), page.actor(), page.project.id, id).await?;
    let taxonomy = labels_now(&page).await?;
    let title = format!("Item {}", item.item.external_id);
    page.show(&title, Station::Data, one::view(&item, &taxonomy, &title, &page)).await
}

/// The labels that are published; none before anything is.
async fn labels_now(page: &ProjectPage) -> Result<Arc<Taxonomy>, Error> {
    let published = design::published(page.instance(), page.actor(), page.project.id).await?;
    Ok(published.map(|published| published.taxonomy).unwrap_or_default())
}
