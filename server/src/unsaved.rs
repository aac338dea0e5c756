//! Where a session can't be saved its layer answers 500 without a word. It is told as a page, with the reason that the
//! database gives when it is asked to write.

use app::error::{api_error, told_at};
use app::guard::App;
use axum::body::HttpBody;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::StatusCode;
use workflow::Error;

pub async fn tell(State(app): State<App>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let response = next.run(request).await;
    if response.status() != StatusCode::INTERNAL_SERVER_ERROR || !response.body().is_end_stream() {
        return response;
    }
    let why = match app.house.store.try_to_write().await {
        Err(error) => error.into(),
        Ok(()) => Error::internal("the session could not be saved"),
    };
    told_at(&path, &api_error(why))
}
