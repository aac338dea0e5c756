//! Releases for programs: `GET /api/v1/projects/{slug}/releases`, `…/{number}`, `…/{number}/files/{path}`. Numbers and
//! files of a release never change.

use app::parts::files::download;
use app::web::app::App;
use app::web::error::{api_error, error_json};
use app::web::route::{Need, Route};
use app::web::visitor::Visitor;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use domain::permission::Act;
use serde::{Deserialize, Serialize};
use serde_json::json;
use workflow::release::{self, Manifest, Release};
use workflow::{Error, Thing};

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/v1/projects/{slug}/releases", Need::Project(Act::SeeOthers), list),
        Route::get("/api/v1/projects/{slug}/releases/{number}", Need::Project(Act::SeeOthers), one),
        Route::get(
            "/api/v1/projects/{slug}/releases/{number}/files/{path}",
            Need::Project(Act::SeeOthers),
            file,
        ),
    ]
}

/// A release as programs see it.
#[derive(Debug, Serialize)]
pub struct ReleaseOut {
    number: i64,
    name: String,
    /// cutting, done, failed.
    state: String,
    error: Option<String>,
    /// BLAKE3 of `manifest.json`.
    hash: Option<String>,
    n_rows: Option<i64>,
    /// Unix microseconds.
    created_at: i64,
}

impl From<&Release> for ReleaseOut {
    fn from(release: &Release) -> ReleaseOut {
        ReleaseOut {
            number: release.row.number,
            name: release.row.name.clone(),
            state: release.row.state.as_str().to_owned(),
            error: release.row.error.clone(),
            hash: release.hash.clone(),
            n_rows: release.manifest.as_ref().map(|m| m.n_rows),
            created_at: release.row.created_at,
        }
    }
}

#[derive(Debug, Serialize)]
struct Whole {
    #[serde(flatten)]
    release: ReleaseOut,
    manifest: Option<Manifest>,
}

#[derive(Debug, Deserialize)]
struct Before {
    before: Option<i64>,
}

/// Newest first, 50 a page; `?before=NUMBER` goes on.
async fn list(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Query(Before { before }): Query<Before>,
) -> Response {
    let listed =
        async { release::list(&app.instance, visitor.actor()?, visitor.project()?.id, before).await };
    match listed.await {
        Ok(listed) => {
            let releases: Vec<ReleaseOut> = listed.iter().map(ReleaseOut::from).collect();
            Json(json!({ "releases": releases })).into_response()
        }
        Err(error) => error_json(&api_error(error)),
    }
}

async fn one(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Path((_, number)): Path<(String, String)>,
) -> Response {
    let found =
        async { release::get(&app.instance, visitor.actor()?, visitor.project()?.id, read(&number)?).await };
    match found.await {
        Ok(found) => {
            let release = ReleaseOut::from(&found);
            Json(Whole { release, manifest: found.manifest }).into_response()
        }
        Err(error) => error_json(&api_error(error)),
    }
}

async fn file(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Path((_, number, path)): Path<(String, String, String)>,
) -> Response {
    let opened = async {
        release::open(&app.instance, visitor.actor()?, visitor.project()?.id, read(&number)?, &path).await
    };
    match opened.await {
        Ok((file, reader)) => download(&file, reader),
        Err(error) => error_json(&api_error(error)),
    }
}

fn read(number: &str) -> Result<i64, Error> {
    number.parse().map_err(|_| Error::NotFound(Thing::Release))
}
