//! A file of a release on its way out: streamed, never held in memory.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use futures::stream::try_unfold;
use http::header;
use store::data::blobs::BlobReader;
use store::release::releases::ReleaseFile;

/// The file as a download. Its content never changes, so its hash is its tag.
pub fn download(file: &ReleaseFile, reader: BlobReader) -> Response {
    let kind = match file.path.rsplit('.').next() {
        Some("jsonl") => "application/x-ndjson",
        Some("csv") => "text/csv; charset=utf-8",
        _ => "application/json",
    };
    let pieces = try_unfold(reader, |mut reader| async move {
        let piece = reader.next().await.map_err(std::io::Error::other)?;
        Ok::<_, std::io::Error>(piece.map(|piece| (piece, reader)))
    });
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", file.path)),
        (header::ETAG, format!("\"{}\"", file.hash)),
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
    ];
    (headers, Body::from_stream(pieces)).into_response()
}
