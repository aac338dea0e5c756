//! Where a session can't be saved its layer answers 500 without a word. It is told as a page, with the reason.

use app::web::error::{api_error, respond};
use axum::body::HttpBody;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use store::site::sessions::failure::watched;

pub async fn tell(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    match watched(next.run(request)).await {
        (response, Some(error)) if response.status().is_server_error() && response.body().is_end_stream() => {
            respond(&path, &api_error(error.into()))
        }
        (response, _) => response,
    }
}
