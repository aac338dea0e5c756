//! `GET /api/v1/projects/{slug}/tokens`: which tokens there are and until when, for somebody who is signed in. A token lists
//! no tokens.

use app::web::app::App;
use app::web::error::{api_error, error_json};
use app::web::route::{Need, Route};
use app::web::visitor::Visitor;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use domain::permission::Act;
use serde_json::json;
use workflow::site::people;

pub fn routes() -> Vec<Route> {
    vec![Route::get("/api/v1/projects/{slug}/tokens", Need::Project(Act::HoldLabelToken), list)]
}

/// One's own, an admin's all, newest first; those that have expired too. Times are unix microseconds.
async fn list(State(app): State<App>, Extension(visitor): Extension<Visitor>) -> Response {
    let listed = async { people::tokens(&app.instance, visitor.actor()?, visitor.project()?.id).await };
    match listed.await {
        Ok(tokens) => {
            let now = app.instance.store.now().0;
            let tokens: Vec<_> = tokens
                .iter()
                .map(|t| {
                    json!({
                        "id": t.id, "name": t.name, "of": t.person_name, "scope": t.scope,
                        "created_at": t.created_at, "last_used_at": t.last_used_at, "expires_at": t.expires_at,
                        "expired": t.expires_at.is_some_and(|at| at <= now),
                    })
                })
                .collect();
            Json(json!({ "tokens": tokens })).into_response()
        }
        Err(error) => error_json(&api_error(error)),
    }
}
