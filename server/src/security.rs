//! What every answer carries and every request has to pass: the content-security-policy and its siblings, and the
//! origin of whatever changes something.

use crate::serve::Options;
use app::api::{ApiError, Code};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, Method, header};

/// Scripts, styles, fonts and requests from here alone; no inline script or style at all, so no nonce is needed;
/// WebAssembly for the islands; nobody may frame a page.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
                      font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

pub async fn headers(State(options): State<Options>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (header::HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if options.https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    // Pages show what a person may see: neither shared nor kept.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Whatever changes something and comes from a browser must come from our own pages. A request with a token carries
/// no cookie that another site could abuse.
pub async fn same_origin(request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || has_token(request.headers()) || from_here(request.headers()) {
        return next.run(request).await;
    }
    let error =
        ApiError::new(Code::Forbidden, "This came from another site. Open the page here and send it again.");
    app::error::told_at(request.uri().path(), &error)
}

/// Only what is a token to the guard: a browser behind a proxy may send other credentials with everything.
fn has_token(headers: &HeaderMap) -> bool {
    headers.get(header::AUTHORIZATION).is_some_and(|value| value.as_bytes().starts_with(b"Bearer "))
}

fn from_here(headers: &HeaderMap) -> bool {
    let text = |name: header::HeaderName| headers.get(name).and_then(|v| v.to_str().ok());
    match (text(header::ORIGIN), text(header::HOST)) {
        (Some(origin), Some(host)) => origin.split_once("://").is_some_and(|(_, rest)| rest == host),
        (Some(_), None) => false,
        // Browsers send an origin with every request that changes something; where they hide it (`null` is an
        // origin, and not ours) or are no browsers, the fetch metadata decide, and with neither there is no cookie
        // that SameSite would let through.
        (None, _) => {
            matches!(
                headers.get("sec-fetch-site").and_then(|v| v.to_str().ok()),
                None | Some("same-origin" | "none")
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_pages() {
        let headers = |pairs: &[(&'static str, &'static str)]| {
            pairs
                .iter()
                .map(|(k, v)| (header::HeaderName::from_static(k), HeaderValue::from_static(v)))
                .collect()
        };
        let ours: HeaderMap = headers(&[("origin", "http://a.example:3000"), ("host", "a.example:3000")]);
        assert!(from_here(&ours));
        for bad in [
            headers(&[("origin", "http://b.example"), ("host", "a.example:3000")]),
            headers(&[("origin", "null"), ("host", "a.example:3000")]),
            headers(&[("sec-fetch-site", "cross-site"), ("host", "a.example:3000")]),
        ] {
            assert!(!from_here(&bad));
        }
    }
}
