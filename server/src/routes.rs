//! All addresses: pages, the public API, server functions of islands, files; and the layers around them.

use crate::options::Options;
use crate::{assets, refused, rest, security, unsaved};
use app::web::app::App;
use app::web::error::{island_error, status, unread};
use app::web::guard::{BODY_LIMIT, guarded};
use app::web::route::{Need, Route};
use app::wire::ApiError;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use domain::permission::Act;
use http::Uri;
use http::request::Parts;
use store::site::sessions::{LONGEST_SECONDS, Sessions};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_sessions::cookie::SameSite;
use tower_sessions::cookie::time::Duration;
use tower_sessions::{Expiry, SessionManagerLayer};

/// Everything that needs someone to be asked who they are, with what it needs.
pub fn table() -> Vec<Route> {
    let mut routes = app::pages::routes();
    routes.extend(rest::routes());
    // Server functions ask for the project they are about themselves, see `app::api::seat`.
    routes.push(Route::post("/api/app/{*function}", Need::Site(Act::OwnAccount), server_function));
    routes
}

pub fn router(app: App, options: &Options) -> Router {
    app::web::document::set_assets(assets::asset_url);
    let sessions = SessionManagerLayer::new(Sessions(app.instance.store.clone()))
        .with_name(session_cookie(options))
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_secure(options.https)
        // The browser keeps the name of a session as long as one may last; the store ends those that nobody uses.
        .with_expiry(Expiry::OnInactivity(Duration::seconds(LONGEST_SECONDS)));
    guarded(table(), &app)
        .layer(sessions)
        .layer(from_fn(unsaved::tell))
        .layer(from_fn(app::web::zero_bytes::refuse_in_address))
        .layer(from_fn(refused::tell))
        .layer(CompressionLayer::new())
        .route("/health", axum::routing::get(health))
        .merge(assets::routes())
        .fallback(not_found)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn_with_state(options.clone(), security::same_origin))
        .layer(from_fn_with_state(options.clone(), security::headers))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(options.clone(), security::address))
        .with_state(app)
}

/// By https, browsers take a cookie of this name from nobody but this host, and only by https: neither a sibling of the
/// host nor somebody on the way can plant one.
fn session_cookie(options: &Options) -> &'static str {
    if options.https { "__Host-assay" } else { "assay" }
}

/// The addresses of all server functions, so that a test can ask each of them who may call it.
pub fn server_functions() -> Vec<&'static str> {
    leptos::server_fn::axum::server_fn_paths().map(|(path, _)| path).collect()
}

/// Calls a server function. Leptos sends every error as 500: it gets the status that goes with its code here.
async fn server_function(
    State(app): State<App>,
    parts: Parts,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let body = match body {
        Ok(body) => body,
        Err(rejection) => return island_error(&unread(rejection.status(), rejection.body_text())),
    };
    let context = move || leptos::prelude::provide_context(app.clone());
    let request = Request::from_parts(parts, Body::from(body));
    let response = leptos_axum::handle_server_fns_with_context(context, request).await.into_response();
    if !response.status().is_server_error() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let body = to_bytes(body, BODY_LIMIT).await.unwrap_or_default();
    if let Ok(error) = serde_json::from_slice::<ApiError>(&body) {
        parts.status = status(&error);
    }
    Response::from_parts(parts, Body::from(body))
}

/// Says "ok" when the database answers.
async fn health(State(app): State<App>) -> Response {
    match app.instance.store.ping().await {
        Ok(()) => "ok".into_response(),
        Err(error) => app::web::error::PageError(error.into()).into_response(),
    }
}

async fn not_found(uri: Uri) -> Response {
    app::web::error::respond(
        uri.path(),
        &app::web::error::api_error(workflow::Error::NotFound(workflow::Thing::Page)),
    )
}

/// A panic is a bug of ours: told as one, without its words.
fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    app::web::error::PageError(workflow::Error::internal("a handler panicked")).into_response()
}
