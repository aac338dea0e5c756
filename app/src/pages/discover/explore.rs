//! The page of a run: its map beside the list of its groups, the opened group or selection, and what can be done with it.

mod acts;
mod asked;
mod data;
mod label_forms;
mod list;
mod map;
mod panel;
mod selection;
mod shown;
mod view;

use asked::Asked;

use crate::pages::discover::address::run_of;
use crate::web::error::PageResult;
use crate::web::navigation::Station;
use crate::web::page::ProjectPage;
use crate::web::route::{Need, Route};
use axum::extract::{Path, RawQuery};
use axum::response::{IntoResponse, Redirect};
use domain::discover::selection::Selection;
use domain::permission::Act;
use workflow::data::browse::{self, Order, Slice};
use workflow::{Error, Thing, design, discover};

pub fn routes() -> Vec<Route> {
    let see = Need::Project(Act::SeeOthers);
    let mut routes = vec![
        Route::get("/p/{slug}/discover", see, newest),
        Route::get("/p/{slug}/discover/{run}", see, show),
    ];
    routes.extend(data::routes());
    routes.extend(acts::routes());
    routes
}

/// The newest run that is done, or the way to the first one.
async fn newest(page: ProjectPage) -> PageResult {
    let runs = discover::runs(page.instance(), page.actor(), page.project.id).await?;
    let done = runs.iter().find(|run| run.outcome.is_some()).map(|run| run.row.id);
    match done {
        Some(run) => Ok(Redirect::to(&page.path(&format!("/discover/{run}"))).into_response()),
        None => {
            let encoders = discover::encoders(page.instance(), page.actor(), page.project.id).await?;
            let n_items = page.overview().await?.n_items;
            let view = super::runs::first(&page, &runs, &encoders, n_items);
            page.show("Discover", Station::Discover, view).await
        }
    }
}

async fn show(
    page: ProjectPage,
    Path((_, run)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> PageResult {
    let id = run_of(&run)?;
    let (instance, actor, project) = (page.instance(), page.actor(), page.project.id);
    let run = discover::run(instance, actor, project, id).await?;
    if run.outcome.is_none() {
        return Ok(Redirect::to(&page.path("/discover/runs")).into_response());
    }
    let asked = Asked::read(query.as_deref().unwrap_or_default(), &run);
    let group = match asked.group {
        Some(group) => match discover::group(instance, actor, project, id, group).await {
            Err(Error::NotFound(Thing::Group)) => None,
            group => Some(group?),
        },
        None => None,
    };
    let (selected, problem) = match Selection::read(Some(id), &asked.steps) {
        Ok(selection) if selection.is_empty() => (None, None),
        Ok(selection) => {
            let count = discover::select(instance, actor, project, &selection).await?.count();
            let slice = Slice { selection: selection.clone(), ..Slice::default() };
            let items = browse::items(instance, actor, project, "", &slice, Order::NewestFirst, None).await?;
            (Some(shown::SelectedItems { selection, count, items: items.items }), None)
        }
        Err(bad) => (None, Some(bad.to_string())),
    };
    let draft = design::draft(instance, actor, project).await?;
    let fields = discover::field_names(instance, actor, project, id).await?;
    let saved = discover::saved(instance, actor, project).await?;
    let newer = discover::runs(instance, actor, project).await?;
    let computing = newer.into_iter().find(|other| other.job.as_ref().is_some_and(|job| !job.is_over()));
    let points = discover::sample_of_map(instance, actor, project, id).await?;
    let all = shown::Shown {
        run: &run,
        asked: &asked,
        group,
        selected,
        problem,
        draft: &draft,
        fields: &fields,
        saved: &saved,
        computing: computing.as_ref(),
        points: &points,
    };
    page.show("Discover", Station::Discover, view::view(&all, &page)).await
}
