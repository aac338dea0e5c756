//! `GET /api/v1/projects/{slug}/taxonomy` and `…/agreement`, for programs.

use app::web::app::App;
use app::web::error::{api_error, error_json};
use app::web::route::{Need, Route};
use app::web::visitor::Visitor;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use domain::QueueId;
use domain::permission::Act;
use serde::Deserialize;
use serde_json::json;
use workflow::agree::measure;
use workflow::design;
use workflow::{Error, Thing};

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/v1/projects/{slug}/taxonomy", Need::Project(Act::SeeProject), taxonomy),
        Route::get("/api/v1/projects/{slug}/agreement", Need::Project(Act::SeeOthers), agreement),
    ]
}

/// The published version with its labels and their keys at the desk.
async fn taxonomy(State(app): State<App>, Extension(visitor): Extension<Visitor>) -> Response {
    let published = async {
        let project = visitor.project()?.id;
        let published = design::published(&app.instance, visitor.actor()?, project).await?;
        published.ok_or(Error::NotFound(Thing::PublishedTaxonomy))
    };
    match published.await {
        Ok(published) => {
            let labels: Vec<_> = published.taxonomy.offered().into_iter().cloned().collect();
            let version = json!({
                "id": published.id,
                "version": published.number,
                "ordered": published.taxonomy.ordered,
                "labels": labels,
            });
            Json(version).into_response()
        }
        Err(error) => error_json(&api_error(error)),
    }
}

#[derive(Debug, Deserialize)]
struct Which {
    queue: Option<QueueId>,
}

/// Of the whole project, or with `?queue=ID` of one queue.
async fn agreement(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Query(Which { queue }): Query<Which>,
) -> Response {
    let measured =
        async { measure::agreement(&app.instance, visitor.actor()?, visitor.project()?.id, queue).await };
    match measured.await {
        Ok(agreement) => Json(&*agreement).into_response(),
        Err(error) => error_json(&api_error(error)),
    }
}
