//! What every answer carries and every request has to pass: the content-security-policy and its siblings, and the
//! origin of whatever changes something.

use crate::options::Options;
use app::web::guard::bearer;
use app::wire::{ApiError, Code};
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, Method, header};
use std::net::{IpAddr, SocketAddr};

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

/// Behind a proxy the address of a connection is the proxy's own. The last one that it wrote down is whom it speaks for;
/// those before it may have been made up.
pub async fn address(State(options): State<Options>, mut request: Request, next: Next) -> Response {
    if options.behind_proxy
        && let Some(address) = forwarded_for(request.headers())
    {
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(address, 0)));
    }
    next.run(request).await
}

fn forwarded_for(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
    let last = last.rsplit(',').next()?.trim();
    last.parse().ok().or_else(|| last.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

/// Whatever changes something and comes from a browser must come from our own pages. A request with a token carries
/// no cookie that another site could abuse.
pub async fn same_origin(State(options): State<Options>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || bearer(request.headers()).is_some() || from_here(request.headers(), options.https) {
        return next.run(request).await;
    }
    let error =
        ApiError::new(Code::Forbidden, "This came from another site. Open the page here and send it again.");
    app::web::error::respond(request.uri().path(), &error)
}

fn from_here(headers: &HeaderMap, https: bool) -> bool {
    let text = |name: header::HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    // Where nobody said that browsers come by https, a proxy may still do it.
    let is_ours = |scheme: &str| scheme == "https" || (scheme == "http" && !https);
    match (text(header::ORIGIN), text(header::HOST)) {
        (Some(origin), Some(host)) => {
            origin.split_once("://").is_some_and(|(scheme, rest)| is_ours(scheme) && rest == host)
        }
        (Some(_), None) => false,
        // Browsers send an origin with every request that changes something; where they hide it (`null` is an
        // origin, and not ours) or are no browsers, the fetch metadata decide, and with neither there is no cookie
        // that SameSite would let through.
        (None, _) => {
            matches!(
                headers.get("sec-fetch-site").map(|value| value.to_str().unwrap_or_default()),
                None | Some("same-origin" | "none")
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_speaks_for_the_last_that_it_names() {
        let said = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append("x-forwarded-for", HeaderValue::from_static(value));
            }
            forwarded_for(&headers).map(|address| address.to_string())
        };
        assert_eq!(said(&["6.6.6.6, 10.0.0.1"]).as_deref(), Some("10.0.0.1"));
        assert_eq!(said(&["6.6.6.6", "10.0.0.2"]).as_deref(), Some("10.0.0.2"));
        assert_eq!(said(&["[2001:db8::1]:4711"]).as_deref(), Some("2001:db8::1"));
        assert_eq!(said(&["10.0.0.1, unknown"]), None);
        assert_eq!(said(&[]), None);
    }

    #[test]
    fn only_our_own_pages() {
        let headers = |pairs: &[(&'static str, &'static str)]| {
            pairs
                .iter()
                .map(|(k, v)| (header::HeaderName::from_static(k), HeaderValue::from_static(v)))
                .collect()
        };
        let ours: HeaderMap = headers(&[("origin", "http://a.example:3000"), ("host", "a.example:3000")]);
        assert!(from_here(&ours, false));
        // Somebody on the way can write a page of ours by http.
        assert!(!from_here(&ours, true));
        let by_https: HeaderMap =
            headers(&[("origin", "https://a.example:3000"), ("host", "a.example:3000")]);
        assert!(from_here(&by_https, true) && from_here(&by_https, false));
        // What can't be read is an origin, and not ours.
        let mut odd: HeaderMap = headers(&[("host", "a.example:3000"), ("sec-fetch-site", "none")]);
        odd.insert(header::ORIGIN, HeaderValue::from_bytes(b"http://\xe4.example").expect("a header"));
        assert!(!from_here(&odd, false));
        for bad in [
            headers(&[("origin", "http://b.example"), ("host", "a.example:3000")]),
            headers(&[("origin", "null"), ("host", "a.example:3000")]),
            headers(&[("origin", "ftp://a.example:3000"), ("host", "a.example:3000")]),
            headers(&[("sec-fetch-site", "cross-site"), ("host", "a.example:3000")]),
        ] {
            assert!(!from_here(&bad, false) && !from_here(&bad, true));
        }
    }
}
