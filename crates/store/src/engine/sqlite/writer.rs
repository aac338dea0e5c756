//! The single writer of SQLite, with group commit: one `BEGIN IMMEDIATE` and one commit (one fsync) for all requests
//! that wait together. Each is confirmed only after the commit. If one fails, all are undone and the others run again
//! without it. That is rare, and a savepoint for each request would copy every page that it changes.
//!
//! Foreground requests (a person waits) go before background pieces (import, release), and a background piece delays a
//! commit by no more than its own duration. People who never pause don't stop background work either: it has its
//! throttle, and a commit that people wait for ends soon (see [`Throttle`]).

use crate::engine::ids::Ids;
use crate::engine::priority::{Joins, Priority, Throttle};
use crate::engine::sqlite::checkpoint::{self, Committed};
use crate::engine::sqlite::lock::Server;
use crate::engine::tx::{BoxFuture, Connection, Tx};
use crate::error::Error;
use crate::{Clock, MaybeBusy};
use futures::FutureExt;
use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnection;
use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, Notify, mpsc, oneshot, watch};

/// The most requests in one commit.
const MOST_AT_ONCE: usize = 256;
/// In a server, where a person may come and wait, a commit of background pieces alone accepts more of them for this
/// long.
const SERVER_SPELL: Duration = Duration::from_millis(12);
/// Without a server no person waits: a page that changes with each piece is written once for many of them.
const ALONE_SPELL: Duration = Duration::from_millis(1_000);
/// Beside another process that serves the same file: its people wait for each of our commits.
const POLITE_SPELL: Duration = Duration::from_millis(4);
/// The pause after each such commit.
const POLITE_PAUSE: Duration = Duration::from_millis(5);
/// The initial cache size, see [`kept_in_memory`].
pub(crate) const KEPT_BESIDE_PEOPLE: &str = "PRAGMA cache_size = -16384";
/// If another process holds the file for longer than this, something is wrong.
const MOST_PATIENCE: Duration = Duration::from_secs(20);
/// Requests that may wait before senders have to (backpressure).
const WAITING: usize = 4096;

#[derive(Clone)]
pub(crate) struct Writer {
    foreground: mpsc::Sender<Request>,
    background: mpsc::Sender<Request>,
    closed: Arc<Notify>,
    pub(crate) throttle: Arc<Throttle>,
    /// The checkpoint thread, which ends after the writer, see [`checkpoint`].
    follower: Arc<Mutex<Option<oneshot::Receiver<()>>>>,
}

/// Confirms a request to its sender, with the outcome of the commit.
type Confirm = Box<dyn FnOnce(Result<(), Error>) + Send>;

/// Runs the work, or is told why it can't run. Returns whether the work is kept, and how to confirm it. May be called
/// again after its work was undone: then only the last call is confirmed.
type Work = Box<dyn for<'t> FnMut(Result<&'t mut Tx, Error>) -> BoxFuture<'t, (bool, Confirm)> + Send>;

/// Lets the compiler see that the closure takes a transaction of any lifetime.
fn boxed<F>(work: F) -> Work
where
    F: for<'t> FnMut(Result<&'t mut Tx, Error>) -> BoxFuture<'t, (bool, Confirm)> + Send + 'static,
{
    Box::new(work)
}

struct Request {
    since: Instant,
    priority: Priority,
    work: Work,
    ids: Arc<Ids>,
    clock: Clock,
}

impl Writer {
    /// Opens the connection on a thread of its own, and works there. `served` tells which process serves the
    /// installation now.
    pub(crate) async fn start(
        open: impl AsyncFnOnce() -> Result<SqliteConnection, Error> + Send + 'static,
        served: fn(&Path) -> Server,
        data: PathBuf,
    ) -> Result<(Writer, Committed), Error> {
        let (foreground, from_people) = mpsc::channel(WAITING);
        let (background, from_jobs) = mpsc::channel(64);
        let (closed, finish) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (commit, commits) = watch::channel(());
        let committed = Committed { commits, finish: finish.clone() };
        let (done, throttle) = (closed.clone(), Arc::<Throttle>::default());
        let of_writer = throttle.clone();
        let (tell, told) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("assay-writer".to_owned()).spawn(move || {
            stay_on_one_core();
            interrupt_nobody();
            runtime.block_on(async move {
                match open().await {
                    Ok(connection) => {
                        let _ = tell.send(Ok(()));
                        let calls = Calls { closed: &done, finish: &finish, commit, throttle: &of_writer };
                        serve(connection, from_people, from_jobs, calls, || served(&data)).await;
                    }
                    Err(error) => {
                        let _ = tell.send(Err(error));
                    }
                }
            });
        })?;
        told.await.map_err(|_| Error::Closed)??;
        Ok((Writer { foreground, background, closed, throttle, follower: Arc::default() }, committed))
    }

    /// Makes `Writer::close` wait until the other end is dropped.
    pub(crate) async fn followed_by(&self, ended: oneshot::Receiver<()>) {
        *self.follower.lock().await = Some(ended);
    }

    pub(crate) async fn run<T, E, F>(
        &self,
        priority: Priority,
        ids: Arc<Ids>,
        clock: Clock,
        work: F,
    ) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Clone + Send + 'static,
        T: Send + 'static,
        E: From<Error> + MaybeBusy + Send + 'static,
    {
        let (tell, told) = oneshot::channel::<Result<T, E>>();
        let tell = Arc::new(std::sync::Mutex::new(Some(tell)));
        let work = boxed(move |tx| {
            let (work, tell) = (work.clone(), tell.clone());
            Box::pin(async move {
                let outcome = match tx {
                    Ok(tx) => AssertUnwindSafe(async { work(tx).await })
                        .catch_unwind()
                        .await
                        .unwrap_or_else(|_| Err(E::from(Error::Closed))),
                    Err(error) => Err(E::from(error)),
                };
                let keep = outcome.is_ok();
                let confirm: Confirm = Box::new(move |commit| {
                    let outcome = match commit {
                        Err(error) if keep => Err(E::from(error)),
                        _ => outcome,
                    };
                    let tell = tell.lock().unwrap_or_else(PoisonError::into_inner).take();
                    // The sender may have gone; the work is done all the same.
                    let _ = tell.map(|tell| tell.send(outcome));
                });
                (keep, confirm)
            })
        });
        let queue = if priority == Priority::Background { &self.background } else { &self.foreground };
        queue
            .send(Request { since: Instant::now(), priority, work, ids, clock })
            .await
            .map_err(|_| E::from(Error::Closed))?;
        told.await.map_err(|_| E::from(Error::Closed))?
    }

    pub(crate) async fn close(&self) {
        self.closed.notify_one();
        self.foreground.closed().await;
        if let Some(ended) = self.follower.lock().await.take() {
            let _ = ended.await;
        }
    }
}

/// Signals to the writer beside requests, and its own signals.
struct Calls<'w> {
    closed: &'w Notify,
    finish: &'w Notify,
    commit: watch::Sender<()>,
    throttle: &'w Throttle,
}

async fn serve(
    connection: SqliteConnection,
    mut people: mpsc::Receiver<Request>,
    mut jobs: mpsc::Receiver<Request>,
    calls: Calls<'_>,
    served: impl Fn() -> Server,
) {
    let mut at = Some(connection);
    let (mut server, mut n_background) = (Server::None, 0_u32);
    loop {
        let rest = calls.throttle.rest(Instant::now());
        let first = tokio::select! {
            biased;
            () = calls.finish.notified() => {
                if let Some(connection) = &mut at {
                    let _ = checkpoint::carry_over(connection).await;
                }
                continue;
            }
            request = people.recv() => request,
            request = jobs.recv(), if rest.is_zero() => request,
            () = calls.closed.notified() => None,
            () = tokio::time::sleep(rest), if !rest.is_zero() => continue,
        };
        let (Some(first), Some(mut connection)) = (first, at.take()) else { break };
        let is_background = first.priority == Priority::Background;
        if is_background {
            // A server may come and go while an import runs.
            if n_background % 64 == 0 {
                server = served();
                // If it can't be set, everything still works, only slower.
                let _ = execute(&mut connection, kept_in_memory(server)).await;
            }
            n_background = n_background.wrapping_add(1);
        }
        let spell = match server {
            Server::None => ALONE_SPELL,
            Server::ThisProcess => SERVER_SPELL,
            Server::Another => POLITE_SPELL,
        };
        let line = WaitingLine { people: &mut people, jobs: &mut jobs, throttle: calls.throttle };
        at = Some(commit_together(connection, first, spell, line).await);
        calls.commit.send_replace(());
        if server == Server::Another && is_background {
            tokio::time::sleep(POLITE_PAUSE).await;
        }
    }
    if let Some(connection) = at {
        let _ = connection.close().await;
    }
    // Only now, with the connection closed, does `Writer::close` return.
    drop((people, jobs));
}

/// The writer's cache size. A commit that has split index pages walks through the whole cache while people wait, so it
/// is small beside them. Without people, a page that is written again and again should not be read each time.
fn kept_in_memory(server: Server) -> &'static str {
    if server == Server::None { "PRAGMA cache_size = -65536" } else { KEPT_BESIDE_PEOPLE }
}

/// Pins this thread, and the one that sqlx starts from it for the connection, to one processor core. Each statement is
/// handed to that thread and its result handed back: 6 µs on one core, 43 µs if each hand-over wakes a sleeping core
/// (measured on a virtual machine). A transaction is about ten of them in sequence, and only one of the two threads
/// ever has work.
#[cfg(target_os = "linux")]
fn stay_on_one_core() {
    let mut here = rustix::thread::CpuSet::new();
    here.set(rustix::thread::sched_getcpu());
    // If this is not allowed, everything still works, only slower.
    let _ = rustix::thread::sched_setaffinity(None, &here);
}

#[cfg(not(target_os = "linux"))]
fn stay_on_one_core() {}

/// Keeps this thread and the one that sqlx starts from it from preempting each other (batch scheduling). Each gets work
/// when the other is about to wait. A preempted thread would still hold the lock of the hand-over, and the other would
/// block on it (seen by perf: a seventh of this thread's time).
#[cfg(target_os = "linux")]
fn interrupt_nobody() {
    use thread_priority::{NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy};
    let policy = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Batch);
    // 48 of 99 is a niceness of 0.
    let Ok(as_before) = ThreadPriority::try_from(48_u8) else { return };
    // If this is not allowed, everything still works, only slower.
    let _ = thread_priority::set_thread_priority_and_policy(
        thread_priority::thread_native_id(),
        as_before,
        policy,
    );
}

#[cfg(not(target_os = "linux"))]
fn interrupt_nobody() {}

/// The requests that wait for the writer.
struct WaitingLine<'w> {
    people: &'w mut mpsc::Receiver<Request>,
    jobs: &'w mut mpsc::Receiver<Request>,
    throttle: &'w Throttle,
}

impl WaitingLine<'_> {
    /// The next request of a commit that began at `began`.
    fn next(&mut self, began: Instant, spell: Duration) -> Option<Request> {
        let now = Instant::now();
        let (people, jobs) = (&mut *self.people, &mut *self.jobs);
        match self.throttle.joins(now, now - began, spell) {
            Joins::Nobody => None,
            Joins::People => people.try_recv().ok(),
            Joins::Pieces => jobs.try_recv().ok(),
            Joins::PeopleThenPieces => people.try_recv().or_else(|_| jobs.try_recv()).ok(),
            Joins::PiecesThenPeople => jobs.try_recv().or_else(|_| people.try_recv()).ok(),
        }
    }
}

/// Commits `first` and all waiting requests, in one transaction if none of them fails.
async fn commit_together(
    mut connection: SqliteConnection,
    first: Request,
    spell: Duration,
    mut line: WaitingLine<'_>,
) -> SqliteConnection {
    let mut waiting = VecDeque::from([first]);
    while !waiting.is_empty() {
        connection = try_together(connection, &mut waiting, spell, &mut line).await;
    }
    connection
}

/// Runs one transaction. If a request fails, all is undone, and the requests before it wait to run again.
async fn try_together(
    mut connection: SqliteConnection,
    waiting: &mut VecDeque<Request>,
    spell: Duration,
    line: &mut WaitingLine<'_>,
) -> SqliteConnection {
    if let Err(error) = begin(&mut connection).await {
        // Another process holds the file for too long, or the disk fails.
        for mut request in waiting.drain(..) {
            let (_, confirm) = (request.work)(Err(same_kind(&error))).await;
            confirm(Ok(()));
        }
        return connection;
    }
    let began = Instant::now();
    let mut done: Vec<(Request, Confirm)> = Vec::new();
    loop {
        let next = waiting.pop_front();
        let next = next.or_else(|| if done.len() < MOST_AT_ONCE { line.next(began, spell) } else { None });
        let Some(mut request) = next else { break };
        let start = Instant::now();
        if request.priority == Priority::Interactive {
            line.throttle.waited(start - request.since);
        }
        let mut tx = Tx::new(Connection::Sqlite(connection), request.ids.clone(), request.clock.clone());
        let (keep, confirm) = (request.work)(Ok(&mut tx)).await;
        connection = into_connection(tx);
        line.throttle.ended(request.priority, start, Instant::now());
        if !keep {
            // On a full disk SQLite has already rolled back by itself.
            let _ = execute(&mut connection, "ROLLBACK").await;
            confirm(Ok(()));
            done.into_iter().rev().for_each(|(request, _)| waiting.push_front(request));
            return connection;
        }
        done.push((request, confirm));
    }
    let fate = execute(&mut connection, "COMMIT").await;
    if fate.is_err() {
        let _ = execute(&mut connection, "ROLLBACK").await;
    }
    for (_, confirm) in done {
        confirm(fate.as_ref().copied().map_err(same_kind));
    }
    connection
}

/// Retries every millisecond while another process writes. SQLite's own busy wait sleeps up to a tenth of a second
/// between two tries, and keeps missing the short pauses of a busy writer.
async fn begin(connection: &mut SqliteConnection) -> Result<(), Error> {
    let began = Instant::now();
    loop {
        match sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut *connection).await {
            Ok(_) => return Ok(()),
            Err(error) if is_busy(&error) && began.elapsed() < MOST_PATIENCE => {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn is_busy(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(e) if matches!(e.code().as_deref(), Some("5" | "517")))
}

async fn execute(connection: &mut SqliteConnection, statements: &'static str) -> Result<(), Error> {
    sqlx::raw_sql(statements).execute(connection).await?;
    Ok(())
}

fn into_connection(tx: Tx) -> SqliteConnection {
    match tx.connection {
        Connection::Sqlite(connection) => connection,
        Connection::Postgres(_) => unreachable!("the writer task is SQLite's alone"),
    }
}

/// A failed commit is reported to every request in it.
fn same_kind(error: &Error) -> Error {
    match error {
        Error::DiskFull => Error::DiskFull,
        Error::ReadOnly => Error::ReadOnly,
        Error::Busy => Error::Busy,
        other => Error::Check(other.to_string()),
    }
}
