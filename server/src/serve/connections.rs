//! Connections: how many there may be, and how long each may keep us waiting. Somebody who opens them and says nothing,
//! or says it a byte a minute, gives their places back before others want for them.

use super::patience::{Patience, Prompt, Taken};
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

/// More connections than these wait to be accepted. Each may hold a buffer of [`HEAD_BYTES`].
const MOST: u64 = 2048;
/// The head of a request is smaller: an address, cookies, a token.
const HEAD_BYTES: usize = 64 << 10;
/// Where none can be accepted, because there are no descriptors left.
const PAUSE: Duration = Duration::from_millis(200);
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// How many connections there may be where so many files may be open: half of these are left for the database and blobs.
pub fn most(descriptors: u64) -> usize {
    usize::try_from((descriptors / 2).clamp(16, MOST)).unwrap_or(16)
}

/// Serves until it is told to close; then ends what is under way.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    most: usize,
    patience: Patience,
    closing: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(most));
    let under_way = TaskTracker::new();
    let mut told: Option<Instant> = None;
    loop {
        if places.available_permits() == 0 && told.is_none_or(|told| told.elapsed() > TOLD_EVERY) {
            told = Some(Instant::now());
            tracing::warn!(most, "all connections are taken: others wait");
        }
        let accepted = async {
            let place = places.clone().acquire_owned().await.map_err(std::io::Error::other)?;
            listener.accept().await.map(|(stream, address)| (place, stream, address))
        };
        let accepted = tokio::select! {
            accepted = accepted => accepted,
            () = closing.cancelled() => break,
        };
        match accepted {
            Ok((place, stream, address)) => {
                let _ = stream.set_nodelay(true);
                let router = router.clone();
                under_way.spawn(connection(stream, address, router, patience, closing.clone(), place));
            }
            Err(error) if ended_by_itself(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    under_way.close();
    under_way.wait().await;
}

/// A connection that was over before it was accepted.
fn ended_by_itself(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn connection<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    address: SocketAddr,
    router: Router,
    patience: Patience,
    closing: CancellationToken,
    _place: OwnedSemaphorePermit,
) {
    let has_asked = Arc::new(AtomicBool::new(false));
    let asked = has_asked.clone();
    let service = service_fn(move |request: http::Request<Incoming>| {
        asked.store(true, Ordering::Relaxed);
        let mut request = request.map(|body| Body::new(Prompt::new(body, patience.body)));
        request.extensions_mut().insert(ConnectInfo(address));
        router.clone().oneshot(request)
    });
    let stream = TokioIo::new(Taken::new(stream, patience.taking));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(patience.idle).max_buf_size(HEAD_BYTES);
    let mut served = pin!(http.serve_connection(stream, service));
    let mut first = pin!(tokio::time::sleep(patience.first));
    let (mut is_new, mut is_closing) = (true, false);
    loop {
        tokio::select! {
            ended = served.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection broke off");
                }
                return;
            }
            () = first.as_mut(), if is_new => {
                if !has_asked.load(Ordering::Relaxed) {
                    return;
                }
                is_new = false;
            }
            () = closing.cancelled(), if !is_closing => {
                is_closing = true;
                served.as_mut().graceful_shutdown();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::{get, post};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    const SHORT: Duration = Duration::from_millis(20);
    const LONG: Duration = Duration::from_secs(3600);
    const PATIENT: Patience = Patience { first: LONG, idle: LONG, body: LONG, taking: LONG };
    const ASK: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    const POST: &str =
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 5000\r\n\r\n";

    /// The other end of a connection.
    struct Client {
        stream: DuplexStream,
        closing: CancellationToken,
        places: Arc<Semaphore>,
    }

    fn connect(patience: Patience) -> Client {
        let router = Router::new()
            .route("/", get(|| async { "here" }))
            .route("/", post(|body: String| async move { body }))
            .route("/much", get(|| async { vec![b'x'; 1 << 20] }));
        let (ours, stream) = duplex(4096);
        let (closing, places) = (CancellationToken::new(), Arc::new(Semaphore::new(1)));
        let place = places.clone().try_acquire_owned().expect("a place");
        let address = SocketAddr::from(([127, 0, 0, 1], 4));
        tokio::spawn(connection(ours, address, router, patience, closing.clone(), place));
        Client { stream, closing, places }
    }

    impl Client {
        async fn say(&mut self, words: &str) {
            self.stream.write_all(words.as_bytes()).await.expect("it is listened to");
        }

        async fn hear(&mut self, end: &str) -> String {
            let mut said = Vec::new();
            while !said.ends_with(end.as_bytes()) {
                said.push(self.stream.read_u8().await.expect("more"));
            }
            String::from_utf8_lossy(&said).into_owned()
        }

        /// Everything that comes until the connection is closed.
        async fn rest(mut self) -> String {
            let mut said = Vec::new();
            let _ = self.stream.read_to_end(&mut said).await;
            String::from_utf8_lossy(&said).into_owned()
        }

        /// The connection is over, and its place is free.
        async fn ended(&self) {
            let _ = self.places.acquire().await.expect("a place");
        }
    }

    #[tokio::test]
    async fn who_says_nothing_is_not_waited_for() {
        let patience = Patience { first: SHORT, ..PATIENT };
        let silent = connect(patience);
        silent.ended().await;
        let mut slow = connect(patience);
        slow.say("GET / HTTP/1.1\r\nHost: a\r\nX-").await;
        slow.ended().await;
        assert_eq!(slow.rest().await, "");
    }

    #[tokio::test]
    async fn who_has_asked_may_ask_again_for_a_while() {
        let mut client = connect(Patience { first: SHORT, ..PATIENT });
        client.say(ASK).await;
        client.hear("here").await;
        tokio::time::sleep(2 * SHORT).await;
        client.say(ASK).await;
        client.hear("here").await;
        let mut client = connect(Patience { idle: SHORT, ..PATIENT });
        client.say(ASK).await;
        client.hear("here").await;
        client.ended().await;
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_is_given_up() {
        let patience = Patience { body: SHORT, ..PATIENT };
        let mut client = connect(patience);
        client.say(POST).await;
        let said = client.rest().await;
        assert!(said.starts_with("HTTP/1.1 400"), "{said}");
        // A byte now and then is no progress.
        let Client { stream, places, .. } = connect(patience);
        let (mut from, mut to) = tokio::io::split(stream);
        let drip = async move {
            let _ = to.write_all(POST.as_bytes()).await;
            while to.write_all(b"x").await.is_ok() {
                tokio::time::sleep(SHORT / 4).await;
            }
        };
        tokio::spawn(drip);
        let mut said = [0; 12];
        from.read_exact(&mut said).await.expect("an answer");
        assert_eq!(&said, b"HTTP/1.1 400");
        let _ = places.acquire().await.expect("a place");
    }

    #[tokio::test]
    async fn who_does_not_take_the_answer_is_left() {
        let mut client = connect(Patience { taking: SHORT, ..PATIENT });
        client.say("GET /much HTTP/1.1\r\nHost: a\r\n\r\n").await;
        client.ended().await;
        assert!(client.rest().await.len() < 1 << 20);
    }

    #[tokio::test]
    async fn closing_ends_what_is_idle_and_answers_what_is_under_way() {
        let mut idle = connect(PATIENT);
        idle.say(ASK).await;
        idle.hear("here").await;
        idle.closing.cancel();
        idle.ended().await;
        let mut busy = connect(PATIENT);
        busy.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\no")
            .await;
        tokio::task::yield_now().await;
        busy.closing.cancel();
        busy.say("k").await;
        assert!(busy.rest().await.ends_with("ok"));
    }

    #[test]
    fn half_of_the_descriptors_are_left() {
        assert_eq!([most(256), most(1024), most(1 << 20), most(0)], [128, 512, 2048, 16]);
    }
}
