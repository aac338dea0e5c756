//! How long somebody may keep us waiting who sends slowly, or takes slowly what is sent.

use axum::body::HttpBody;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For the head of the first request of a connection.
    pub first: Duration,
    /// For the next request of a connection. Longer than proxies keep a connection that nobody uses, else they would ask
    /// on one that is just being closed.
    pub idle: Duration,
    /// For each [`LEAST`] bytes of a body.
    pub body: Duration,
    /// For whoever is sent something to take a part of it.
    pub taking: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        let [first, idle, body, taking] = [15, 130, 30, 60].map(Duration::from_secs);
        Patience { first, idle, body, taking }
    }
}

/// Less than this is no progress of a body.
const LEAST: usize = 1024;

/// A body that comes in time, or ends with an error. Only waiting counts, not what we do with the pieces.
#[derive(Debug)]
pub struct Prompt<B> {
    body: B,
    patience: Duration,
    /// Since the last progress: bytes that came, and how long we waited for them.
    bytes: usize,
    waited: Duration,
    waiting: Option<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    since: Instant,
    end: Pin<Box<Sleep>>,
}

impl<B> Prompt<B> {
    pub fn new(body: B, patience: Duration) -> Prompt<B> {
        Prompt { body, patience, bytes: 0, waited: Duration::ZERO, waiting: None }
    }

    fn came(&mut self, n: usize) {
        if let Some(waiting) = self.waiting.take() {
            self.waited += waiting.since.elapsed();
        }
        self.bytes += n;
        if self.bytes >= LEAST {
            (self.bytes, self.waited) = (0, Duration::ZERO);
        }
    }
}

impl<B> HttpBody for Prompt<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<axum::BoxError>,
{
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            let bytes = |frame: &Frame<Bytes>| frame.data_ref().map_or(0, Bytes::len);
            self.came(frame.as_ref().and_then(|frame| frame.as_ref().ok()).map_or(0, bytes));
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let left = self.patience.saturating_sub(self.waited);
        let waiting = self.waiting.get_or_insert_with(|| {
            let since = Instant::now();
            Waiting { since, end: Box::pin(sleep_until(since + left)) }
        });
        ready!(waiting.end.as_mut().poll(cx));
        Poll::Ready(Some(Err("it came too slowly".into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A stream whose other end takes what is written in time, or that breaks off.
#[derive(Debug)]
pub struct Taken<S> {
    stream: S,
    patience: Duration,
    /// Since it takes nothing.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S: Unpin> Taken<S> {
    pub fn new(stream: S, patience: Duration) -> Taken<S> {
        Taken { stream, patience, stalled: None }
    }

    fn stream(&mut self) -> Pin<&mut S> {
        Pin::new(&mut self.stream)
    }

    fn watched<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let patience = self.patience;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Taken<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream().poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Taken<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = self.stream().poll_write(cx, bytes);
        self.watched(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = self.stream().poll_write_vectored(cx, bytes);
        self.watched(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = self.stream().poll_flush(cx);
        self.watched(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let ended = self.stream().poll_shutdown(cx);
        self.watched(cx, ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_progress_makes_patient_again() {
        let mut body = Prompt::new(axum::body::Body::empty(), Duration::from_secs(30));
        body.waited = Duration::from_secs(20);
        body.came(LEAST - 1);
        assert_eq!(body.waited, Duration::from_secs(20));
        body.came(1);
        assert_eq!((body.waited, body.bytes), (Duration::ZERO, 0));
    }
}
