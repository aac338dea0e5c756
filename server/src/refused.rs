//! What the framework refuses by itself (a word where a number belongs, a method that an address does not take) is told
//! as everything else: as a page, or as JSON where a program asked.

use app::web::address::is_api;
use app::web::error::respond;
use app::wire::{ApiError, Code};
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::{StatusCode, header};

/// The framework's own words are shorter.
const LONGEST: usize = 4096;

pub async fn tell(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let response = next.run(request).await;
    // An island reads what went wrong as its server functions write it.
    if path.starts_with("/api/app/") || !is_bare(&response) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let error = of(parts.status, &words(body).await, is_api(&path));
    let told = respond(&path, &error);
    // The status stays, and with it what belongs to it, `Allow` say.
    for gone in [header::CONTENT_TYPE, header::CONTENT_LENGTH] {
        parts.headers.remove(gone);
    }
    let (said, body) = told.into_parts();
    parts.headers.extend(said.headers);
    Response::from_parts(parts, body)
}

/// A refusal without a page or JSON of ours.
fn is_bare(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    response.status().is_client_error() && kind.is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"))
}

async fn words(body: Body) -> String {
    let bytes = to_bytes(body, LONGEST).await.unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn of(status: StatusCode, words: &str, for_program: bool) -> ApiError {
    match status {
        StatusCode::NOT_FOUND => ApiError::new(Code::NotFound, "This page was not found."),
        StatusCode::METHOD_NOT_ALLOWED => {
            ApiError::new(Code::Invalid, "This address can’t be asked in that way (its method does not fit).")
        }
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::new(Code::TooLarge, "This is too large."),
        // A program's author can use the framework's words, a reader of pages can't.
        _ if for_program && !words.is_empty() => ApiError::new(Code::Invalid, words),
        _ => ApiError::new(Code::Invalid, "Something in the address or in what was sent has a slip."),
    }
}
