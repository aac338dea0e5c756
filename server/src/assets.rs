//! The browser's files: styles, script, WebAssembly, fonts, icons. They are inside the program, compressed ahead and
//! named after their content, so that a browser asks for each of them once.
//!
//! `cargo xtask build` puts them there. A program that was compiled without them has none, and its pages still work,
//! without styles; a debug build reads them from the folder that `ASSAY_ASSETS` names at run time.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use axum::Router;
use axum::body::Body;
use axum::extract;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;

/// Where a page finds a file, by the name it has in the sources: `app.css` is at `/assets/app.1a2b3c4d5e6f.css`.
/// The names are `app.css`, `app.js` (wakes the islands when it is loaded as a module), `app_bg.wasm`, the path of each
/// file below `public/`, and the fonts, such as `inter-latin-wght-normal.woff2`.
pub fn asset_url(logical: &str) -> String {
    let names = names();
    format!("/assets/{}", names.get(logical).map_or(logical, String::as_str))
}

/// `GET /assets/…`, by the hashed name (kept for good) or by the name in the sources (asked for anew each time); and
/// `GET /robots.txt`, whose address is not ours to choose.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let robots = |headers| serve(extract::Path("robots.txt".to_string()), headers);
    Router::new().route("/assets/{*path}", get(serve)).route("/robots.txt", get(robots))
}

async fn serve(extract::Path(asked): extract::Path<String>, headers: HeaderMap) -> Response {
    let accepted =
        headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let names = names();
    let (hashed, cache) = match names.get(&asked) {
        Some(hashed) => (hashed.clone(), "no-cache"),
        None => (asked, "public, max-age=31536000, immutable"),
    };
    let found = match folder() {
        // Only what the manifest lists is looked for, so no address leads out of the folder.
        Some(folder) if names.values().any(|name| *name == hashed) => read(folder, &hashed, accepted).await,
        Some(_) => None,
        None => inside(&hashed, accepted),
    };
    match found {
        Some(found) => respond(&hashed, found, cache),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

struct File {
    name: &'static str,
    raw: &'static [u8],
    br: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

// MANIFEST: &str, JSON, name in the sources → hashed name. FILES: &[File]. Written by build.rs.
include!(concat!(env!("OUT_DIR"), "/assets.rs"));

struct Found {
    body: Bytes,
    encoding: Encoding,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Br,
    Gzip,
    Identity,
}

/// The folder to read at run time, in debug builds only.
fn folder() -> Option<&'static Path> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    let from_environment = || std::env::var_os("ASSAY_ASSETS").map(PathBuf::from);
    FOLDER.get_or_init(|| if cfg!(debug_assertions) { from_environment() } else { None }).as_deref()
}

/// Read anew each time from a folder, so that a rebuilt style shows at the next reload.
fn names() -> Cow<'static, BTreeMap<String, String>> {
    static INSIDE: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    match folder() {
        Some(folder) => {
            let manifest = std::fs::read(folder.join("manifest.json")).unwrap_or_default();
            Cow::Owned(serde_json::from_slice(&manifest).unwrap_or_default())
        }
        None => Cow::Borrowed(INSIDE.get_or_init(|| serde_json::from_str(MANIFEST).unwrap_or_default())),
    }
}

fn inside(hashed: &str, accepted: &str) -> Option<Found> {
    let file = FILES.iter().find(|file| file.name == hashed)?;
    Some(choose(file, accepted))
}

fn choose(file: &File, accepted: &str) -> Found {
    let of = |encoding| match encoding {
        Encoding::Br => file.br,
        Encoding::Gzip => file.gzip,
        Encoding::Identity => Some(file.raw),
    };
    let (encoding, body) = preferred(accepted)
        .into_iter()
        .find_map(|encoding| Some((encoding, of(encoding)?)))
        .unwrap_or((Encoding::Identity, file.raw));
    Found { body: Bytes::from_static(body), encoding }
}

async fn read(folder: &Path, hashed: &str, accepted: &str) -> Option<Found> {
    for encoding in preferred(accepted) {
        let ending = match encoding {
            Encoding::Br => ".br",
            Encoding::Gzip => ".gz",
            Encoding::Identity => "",
        };
        if let Ok(body) = tokio::fs::read(folder.join(format!("{hashed}{ending}"))).await {
            return Some(Found { body: body.into(), encoding });
        }
    }
    None
}

/// The encodings that a browser takes, smallest first. A weight of 0 is a refusal; other weights are not weighed.
fn preferred(accepted: &str) -> Vec<Encoding> {
    let takes = |wanted: &str| {
        accepted.split(',').any(|one| {
            let mut parts = one.split(';').map(str::trim);
            let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(wanted));
            let refused = parts.any(|part| {
                part.strip_prefix("q=")
                    .and_then(|weight| weight.parse::<f32>().ok())
                    .is_some_and(|weight| weight <= 0.0)
            });
            named && !refused
        })
    };
    let mut preferred = Vec::with_capacity(3);
    preferred.extend(takes("br").then_some(Encoding::Br));
    preferred.extend(takes("gzip").then_some(Encoding::Gzip));
    preferred.push(Encoding::Identity);
    preferred
}

fn respond(name: &str, found: Found, cache: &'static str) -> Response {
    let mut response = Response::new(Body::from(found.body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(name)));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    let encoding = match found.encoding {
        Encoding::Br => Some("br"),
        Encoding::Gzip => Some("gzip"),
        Encoding::Identity => None,
    };
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "woff2" => "font/woff2",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STYLES: File = File { name: "app.0.css", raw: b"raw", br: Some(b"br"), gzip: Some(b"gzip") };
    const FONT: File = File { name: "font.0.woff2", raw: b"raw", br: None, gzip: None };

    fn header<'a>(response: &'a Response, name: &header::HeaderName) -> Option<&'a str> {
        response.headers().get(name).and_then(|value| value.to_str().ok())
    }

    #[test]
    fn the_smallest_encoding_that_the_browser_takes_is_sent() {
        let encoding = |accepted| choose(&STYLES, accepted).encoding;
        assert_eq!(encoding("gzip, deflate, br, zstd"), Encoding::Br);
        assert_eq!(encoding("gzip;q=0.8, br;q=0.2"), Encoding::Br);
        assert_eq!(encoding("br;q=0, gzip;q=1.0"), Encoding::Gzip);
        assert_eq!(encoding("br; q=0.0,GZIP"), Encoding::Gzip);
        assert_eq!(encoding("broken"), Encoding::Identity);
        assert_eq!(encoding(""), Encoding::Identity);
        assert_eq!(choose(&STYLES, "br").body, "br");
        assert_eq!(choose(&STYLES, "").body, "raw");
    }

    #[test]
    fn what_is_compressed_already_is_sent_as_it_is() {
        let found = choose(&FONT, "gzip, br");
        assert_eq!((found.encoding, &found.body[..]), (Encoding::Identity, &b"raw"[..]));
    }

    #[test]
    fn headers_say_what_it_is_and_how_long_it_lasts() {
        let response = respond("app_bg.0.wasm", choose(&STYLES, "br"), "no-cache");
        assert_eq!(header(&response, &header::CONTENT_TYPE), Some("application/wasm"));
        assert_eq!(header(&response, &header::CONTENT_ENCODING), Some("br"));
        assert_eq!(header(&response, &header::VARY), Some("accept-encoding"));
        assert_eq!(header(&response, &header::CACHE_CONTROL), Some("no-cache"));
        let plain = respond("app.0.css", choose(&STYLES, ""), "no-cache");
        assert_eq!(header(&plain, &header::CONTENT_ENCODING), None);
        assert_eq!(header(&plain, &header::CONTENT_TYPE), Some("text/css; charset=utf-8"));
    }

    #[test]
    fn every_name_of_the_manifest_has_its_file() {
        let names: BTreeMap<String, String> = serde_json::from_str(MANIFEST).expect("a manifest");
        assert_eq!(names.len(), FILES.len());
        for (name, hashed) in names {
            assert!(FILES.iter().any(|file| file.name == hashed), "{name}");
        }
    }

    #[tokio::test]
    async fn a_folder_gives_the_compressed_file_where_there_is_one() {
        let folder = std::env::temp_dir().join(format!("assay-served-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("folder");
        std::fs::write(folder.join("app.0.css"), "raw").expect("written");
        std::fs::write(folder.join("app.0.css.gz"), "gzip").expect("written");
        let found = read(&folder, "app.0.css", "br, gzip").await.expect("found");
        assert_eq!((found.encoding, &found.body[..]), (Encoding::Gzip, &b"gzip"[..]));
        assert!(read(&folder, "other.0.css", "br").await.is_none());
        std::fs::remove_dir_all(&folder).expect("removed");
    }

    #[tokio::test]
    async fn an_unknown_name_is_not_found() {
        for name in ["nothing.css", "../Cargo.toml", "manifest.json"] {
            let response = serve(extract::Path(name.to_string()), HeaderMap::new()).await;
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{name}");
        }
    }
}
