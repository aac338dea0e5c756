//! The one writer of SQLite. What comes together is committed together: one `BEGIN IMMEDIATE`, one commit (one fsync)
//! for all, and only then is any of them confirmed. Where one of them fails, all is undone and the others are done once
//! more without it: that is rare, and a savepoint for each request would copy every page that it changes.
//!
//! Foreground requests (a person waits) go before background pieces (import, release), and a background piece
//! never holds a commit back by more than itself. People who never pause don't stop background work either: it has
//! its throttle, and a commit that people wait for ends soon (see [`Throttle`]).

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

/// More requests than this are not put into one commit.
const MOST_AT_ONCE: usize = 256;
/// A commit made of background pieces alone takes in more of them for so long: in a server, where someone may come and
/// wait.
const SERVER_SPELL: Duration = Duration::from_millis(12);
/// Where nobody serves the file, nobody waits: a page that changes with each piece is written once for many of them.
const ALONE_SPELL: Duration = Duration::from_millis(1_000);
/// Beside another process that serves the same file: its people wait for each commit of ours.
const POLITE_SPELL: Duration = Duration::from_millis(4);
/// And so long it is let alone after each.
const POLITE_PAUSE: Duration = Duration::from_millis(5);
/// What is kept to begin with, see [`kept_in_memory`].
pub(crate) const KEPT_BESIDE_PEOPLE: &str = "PRAGMA cache_size = -16384";
/// Another process holds the file for longer than this only if something is wrong.
const MOST_PATIENCE: Duration = Duration::from_secs(20);
/// Requests that may wait before senders have to.
const WAITING: usize = 4096;

#[derive(Clone)]
pub(crate) struct Writer {
    foreground: mpsc::Sender<Request>,
    background: mpsc::Sender<Request>,
    closed: Arc<Notify>,
    pub(crate) throttle: Arc<Throttle>,
    /// Carries over what is committed, see [`checkpoint`].
    follower: Arc<Mutex<Option<oneshot::Receiver<()>>>>,
}

/// Tells whoever asked, with the fate of the commit.
type Confirm = Box<dyn FnOnce(Result<(), Error>) + Send>;

/// Does the work, or hears why it can't be done; says whether it is kept, and how to tell. May be called again when
/// what it did was undone: then only the last time is told.
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
    /// Opens the connection on a thread of its own, and works there. `served` says who serves the installation at this
    /// moment.
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

    /// Ends together with whoever says so by dropping the other end.
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
                    // Whoever asked may have gone; the work is done all the same.
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

/// What reaches the writer beside requests, and what it tells.
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
                // Where it can't be set, everything works as well, only slower.
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
    // Whoever waits for the end (see `Writer::close`) sees it now, when the connection is closed.
    drop((people, jobs));
}

/// How much of the file the writer keeps. A commit in which pages of an index have been split walks through all of it,
/// while people wait; where nobody does, a page that is written to again and again should not be read each time.
fn kept_in_memory(server: Server) -> &'static str {
    if server == Server::None { "PRAGMA cache_size = -65536" } else { KEPT_BESIDE_PEOPLE }
}

/// Keeps this thread, and the one that sqlx starts for the connection from it, on one processor core. Each statement is
/// handed to that thread and its result handed back: 6 µs on one core, and 43 µs where each hand-over wakes another,
/// sleeping core (measured on a virtual machine). A transaction is some ten of them one after another, and only
/// ever one of the two threads has something to do.
#[cfg(target_os = "linux")]
fn stay_on_one_core() {
    let mut here = rustix::thread::CpuSet::new();
    here.set(rustix::thread::sched_getcpu());
    // Where it is not allowed, everything works as well, only slower.
    let _ = rustix::thread::sched_setaffinity(None, &here);
}

#[cfg(not(target_os = "linux"))]
fn stay_on_one_core() {}

/// Of this thread and the one that sqlx starts from it neither interrupts the other: each is given something when the
/// other is about to wait, and interrupted at once the other would still hold the lock of what it hands over, and this
/// one would run into it (seen by perf: a seventh of this thread's time).
#[cfg(target_os = "linux")]
fn interrupt_nobody() {
    use thread_priority::{NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy};
    let policy = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Batch);
    // 48 of 99 is a niceness of 0.
    let Ok(as_before) = ThreadPriority::try_from(48_u8) else { return };
    // Where it is not allowed, everything works as well, only slower.
    let _ = thread_priority::set_thread_priority_and_policy(
        thread_priority::thread_native_id(),
        as_before,
        policy,
    );
}

#[cfg(not(target_os = "linux"))]
fn interrupt_nobody() {}

/// What waits for the writer.
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

/// `first` and all that waits, in one transaction if all of it can be done.
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

/// One transaction. Where a request fails nothing of it is kept, and what was done before waits to be done again.
async fn try_together(
    mut connection: SqliteConnection,
    waiting: &mut VecDeque<Request>,
    spell: Duration,
    line: &mut WaitingLine<'_>,
) -> SqliteConnection {
    if let Err(error) = begin(&mut connection).await {
        // Another process holds the file for longer than our patience, or the disk fails.
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
            // Where the disk is full SQLite has done so by itself.
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

/// Tries every millisecond while another process writes: SQLite's own waiting sleeps up to a tenth of a second between
/// two tries, and meets a writer that hardly pauses again and again.
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

/// One failed commit is told to everyone who was in it.
fn same_kind(error: &Error) -> Error {
    match error {
        Error::DiskFull => Error::DiskFull,
        Error::ReadOnly => Error::ReadOnly,
        Error::Busy => Error::Busy,
        other => Error::Check(other.to_string()),
    }
}
