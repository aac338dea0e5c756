//! A file on its way in: as it comes, into a blob, and no larger than the one limit for pages and programs.

mod beside;

pub use beside::{FilesForm, files_of_form};

use axum::RequestExt;
use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::multipart::MultipartError;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request};
use domain::permission::Actor;
use futures::{Stream, StreamExt};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use store::data::blobs::{BlobWriter, Written};
use workflow::data::import;
use workflow::{Error, Instance};

/// Larger files come by the command line or in parts.
pub const UPLOAD_LIMIT: i64 = 8 << 30;

/// Why nothing was taken.
#[derive(Debug)]
pub enum NotTaken {
    TooLarge,
    Other(Error),
}

impl<E: Into<Error>> From<E> for NotTaken {
    fn from(error: E) -> NotTaken {
        NotTaken::Other(error.into())
    }
}

impl NotTaken {
    /// What to say of something that is too large.
    pub fn too_large() -> String {
        let most = UPLOAD_LIMIT >> 30;
        format!("The file is larger than {most} GB. Bring it in parts, or with `assay import` on the server.")
    }
}

/// A file that is being written.
pub struct Upload {
    blob: BlobWriter,
    left: i64,
}

impl Upload {
    pub async fn begin(instance: &Instance, actor: &Actor) -> Result<Upload, NotTaken> {
        Ok(Upload { blob: import::receive(instance, actor).await?, left: UPLOAD_LIMIT })
    }

    pub async fn write(&mut self, piece: &[u8]) -> Result<(), NotTaken> {
        self.left -= piece.len() as i64;
        if self.left < 0 {
            return Err(NotTaken::TooLarge);
        }
        Ok(self.blob.write(piece).await?)
    }

    pub async fn finish(self) -> Result<Written, NotTaken> {
        Ok(self.blob.finish().await?)
    }
}

/// Bytes of all that stands around the parts' contents and is kept until it is read whole: a part's head, mostly.
const MOST_AROUND: usize = 64 << 10;
/// Parts beside the file, and bytes of each.
const MOST_PARTS: usize = 16;
const MOST_BESIDE: usize = 1 << 20;

/// The file of a form, with the name that the browser gives it: the first part that is called `file` and has one.
pub async fn file_of_form(
    instance: &Instance,
    actor: &Actor,
    request: Request,
) -> Result<(String, Written), NotTaken> {
    let broken = |e: MultipartError| {
        Error::invalid("file", format!("The file did not arrive whole: {}. Try again.", cause(&e)))
    };
    let too_much = || Error::invalid("file", "The form has too much in it beside the file.");
    let (request, around) = piece_by_piece(request);
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|e| Error::invalid("file", format!("The form could not be read: {}.", e.body_text())))?;
    for _ in 0..MOST_PARTS {
        around.begins();
        let Some(mut part) = form.next_field().await.map_err(broken)? else {
            return Err(Error::invalid("file", "Choose a file first.").into());
        };
        around.ends();
        let name = part.file_name().unwrap_or_default().to_owned();
        let is_file = part.name() == Some("file") && !name.is_empty();
        if is_file {
            let mut upload = Upload::begin(instance, actor).await?;
            while let Some(piece) = part.chunk().await.map_err(broken)? {
                upload.write(&piece).await?;
            }
            return Ok((name, upload.finish().await?));
        }
        let mut bytes = 0;
        while let Some(piece) = part.chunk().await.map_err(broken)? {
            bytes += piece.len();
            if bytes > MOST_BESIDE {
                return Err(too_much().into());
            }
        }
    }
    Err(too_much().into())
}

/// What is at the bottom of an error: those above say only that something was.
fn cause(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), cause)
}

/// The parser of forms keeps everything from one part's content to the next until it has read it, takes all that is
/// there before it looks, and looks at it from the beginning each time. So it gets one small piece at a time, and no more
/// than [`MOST_AROUND`] of what it keeps.
fn piece_by_piece(mut request: Request) -> (Request, Around) {
    DefaultBodyLimit::disable().apply(&mut request);
    let around = Around::default();
    let (parts, body) = request.with_limited_body().into_parts();
    let pieces = Pieces {
        body: body.into_data_stream(),
        rest: Bytes::new(),
        has_given: false,
        around: around.clone(),
    };
    (Request::from_parts(parts, Body::from_stream(pieces)), around)
}

/// Whether the parser is between two contents, and the bytes that it was given there.
#[derive(Debug, Clone, Default)]
struct Around(Arc<(AtomicBool, AtomicUsize)>);

impl Around {
    fn begins(&self) {
        self.0.1.store(0, Relaxed);
        self.0.0.store(true, Relaxed);
    }

    fn ends(&self) {
        self.0.0.store(false, Relaxed);
    }

    /// Counts bytes; are they too many?
    fn is_too_much(&self, n: usize) -> bool {
        self.0.0.load(Relaxed) && self.0.1.fetch_add(n, Relaxed) + n > MOST_AROUND
    }
}

const PIECE: usize = 16 << 10;

struct Pieces {
    body: BodyDataStream,
    rest: Bytes,
    /// The parser shall look at what it has before it gets more.
    has_given: bool,
    around: Around,
}

impl Stream for Pieces {
    type Item = Result<Bytes, axum::BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.has_given) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        while self.rest.is_empty() {
            match ready!(self.body.poll_next_unpin(cx)) {
                Some(Ok(piece)) => self.rest = piece,
                Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                None => return Poll::Ready(None),
            }
        }
        let n = self.rest.len().min(PIECE);
        if self.around.is_too_much(n) {
            return Poll::Ready(Some(Err("the head of a part is too long".into())));
        }
        self.has_given = true;
        Poll::Ready(Some(Ok(self.rest.split_to(n))))
    }
}
