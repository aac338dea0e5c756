//! No text from outside holds a zero byte (U+0000): PostgreSQL keeps none, SQLite shows only what stands before it, and
//! no person types one. It is refused here, for every address, field and document at once. Files of an import are the
//! exception: there each row is refused by itself (`workflow::data::import`).

use crate::web::error::{respond_to_all, unread};
use crate::wire::{ApiError, Code};
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, header};

/// For every address, before anything reads it.
pub async fn refuse_in_address(request: Request, next: Next) -> Response {
    let address = request.uri().path_and_query().map_or("", |address| address.as_str());
    if Kind::Form.holds_zero(address.as_bytes()) {
        return refused(request.uri().path(), "The address");
    }
    next.run(request).await
}

/// For every form and document of a route, behind its guard. The limit of the route holds.
pub async fn refuse_in_body(request: Request, next: Next) -> Response {
    let Some(kind) = Kind::of(request.headers()) else { return next.run(request).await };
    let (parts, body) = request.into_parts();
    let body = match Bytes::from_request(Request::from_parts(parts.clone(), body), &()).await {
        Ok(body) => body,
        Err(rejection) => {
            return respond_to_all(parts.uri.path(), &unread(rejection.status(), rejection.body_text()));
        }
    };
    if kind.holds_zero(&body) {
        return refused(parts.uri.path(), "What was sent");
    }
    next.run(Request::from_parts(parts, Body::from(body))).await
}

fn refused(path: &str, what: &str) -> Response {
    let message =
        format!("{what} holds a zero byte (U+0000). Take it out and send it again: nothing was saved.");
    respond_to_all(path, &ApiError::new(Code::Invalid, message))
}

#[derive(Clone, Copy)]
enum Kind {
    /// Percent-encoded, as addresses are.
    Form,
    Json,
}

impl Kind {
    fn of(headers: &HeaderMap) -> Option<Kind> {
        let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?.to_ascii_lowercase();
        match kind.split(';').next()?.trim() {
            "application/x-www-form-urlencoded" => Some(Kind::Form),
            "application/json" => Some(Kind::Json),
            _ => None,
        }
    }

    fn holds_zero(self, body: &[u8]) -> bool {
        match self {
            Kind::Form => body.contains(&0) || body.windows(3).any(|w| w == b"%00"),
            Kind::Json => json_holds_zero(body),
        }
    }
}

/// A bare zero byte, or its escape `\u0000`; in `\\u0000` the backslash itself is escaped.
fn json_holds_zero(body: &[u8]) -> bool {
    let mut rest = body;
    while let Some(at) = rest.iter().position(|b| *b == b'\\' || *b == 0) {
        if rest[at] == 0 || rest[at..].starts_with(b"\\u0000") {
            return true;
        }
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_bytes_are_seen_however_they_are_written() {
        for bad in ["note=a%00b", "%00", "a\0b"] {
            assert!(Kind::Form.holds_zero(bad.as_bytes()), "{bad}");
        }
        for good in ["note=a%2500b", "100%", "%0", ""] {
            assert!(!Kind::Form.holds_zero(good.as_bytes()), "{good}");
        }
        for bad in [r#"{"a":"\u0000"}"#, "{\"a\":\"\0\"}", r#""\\\u0000""#, r#""\"\u0000""#] {
            assert!(Kind::Json.holds_zero(bad.as_bytes()), "{bad}");
        }
        for good in [r#""\\u0000""#, r#""\u00001""#.replace("0000", "0001").as_str(), "\"\\", ""] {
            assert!(!Kind::Json.holds_zero(good.as_bytes()), "{good}");
        }
    }
}
