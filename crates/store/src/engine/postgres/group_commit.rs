//! Group commit on PostgreSQL: requests that wait at the same time share one transaction. None of them is confirmed
//! before its commit.
//!
//! They share the cost of begin, locks, prefetch, write batch and commit (measured on two cores with 64 labelers: 958
//! and 1,155 answers a second if each queries and writes alone in that transaction, 2,217 and 2,264 with prefetch and
//! write batch).
//!
//! One such transaction runs at a time while it can keep up: the longer it takes, the more requests are in the next
//! one. A second one begins beside it only if it would be full.
//!
//! If one request fails, the whole transaction is undone, and each request runs again in a transaction of its own.
//! Group commit changes how long requests take, and nothing else.

use crate::Clock;
use crate::engine::ids::Ids;
use crate::engine::postgres::pool::ConnectionPool;
use crate::engine::priority::Throttle;
use crate::engine::tx::{BoxFuture, Connection, Tx};
use crate::error::Error;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use sqlx::AssertSqlSafe;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{mpsc, oneshot};

/// The most requests in one transaction: all of them wait for the last.
const MOST_AT_ONCE: usize = 16;
/// Concurrent transactions. Each of two has half of the people in it and costs nearly as much (measured on two cores
/// with the database, one run each: at 1,000 answers a second a p99 of 20.8 ms with two at any time, 16.0 with never
/// more than one; at the full speed of 64 people, 2,660 and 1,770 answers a second).
const TRANSACTIONS: usize = 2;
/// Requests that may wait before senders have to (backpressure).
const WAITING: usize = 1024;

/// The state that the requests of one transaction share.
pub(crate) trait Shared: Default + Send + 'static {
    type Request: Send + Sync + 'static;

    /// The statements, without values, that begin a transaction of these requests.
    fn begin<'r>(requests: impl IntoIterator<Item = &'r Self::Request>) -> String;

    /// Called before the first request.
    fn open<'r>(
        &mut self,
        tx: &mut Tx,
        requests: impl IntoIterator<Item = &'r Self::Request> + Send,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Called after the last request. `n` distinguishes concurrent transactions.
    fn close(&mut self, tx: &mut Tx, n: usize) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Cheap to clone. Ends when the last clone is dropped.
pub(crate) struct GroupCommit<S: Shared>(mpsc::Sender<Request<S>>);

impl<S: Shared> Clone for GroupCommit<S> {
    fn clone(&self) -> Self {
        GroupCommit(self.0.clone())
    }
}

/// Confirms a request after the commit. If it is dropped instead, the sender does the work alone.
type Confirm = Box<dyn FnOnce() + Send>;

/// Does the work. Returns nothing if that fails.
type Work<S> = Box<dyn for<'t> FnOnce(&'t mut Tx, &'t mut S) -> BoxFuture<'t, Option<Confirm>> + Send>;

/// Lets the compiler see that the closure takes a transaction of any lifetime.
fn boxed<S, F>(work: F) -> Work<S>
where
    F: for<'t> FnOnce(&'t mut Tx, &'t mut S) -> BoxFuture<'t, Option<Confirm>> + Send + 'static,
{
    Box::new(work)
}

struct Request<S: Shared> {
    since: Instant,
    request: S::Request,
    work: Work<S>,
    ids: Arc<Ids>,
    clock: Clock,
}

impl<S: Shared> GroupCommit<S> {
    /// Each transaction uses one of the connections.
    pub(crate) fn open(connections: &ConnectionPool, throttle: &Arc<Throttle>) -> GroupCommit<S> {
        let (requests, waiting) = mpsc::channel(WAITING);
        tokio::spawn(serve(connections.clone(), waiting, throttle.clone()));
        GroupCommit(requests)
    }

    /// Returns nothing if the work could not be done together with others, for any reason.
    pub(crate) async fn run<T, E, F>(
        &self,
        request: S::Request,
        ids: Arc<Ids>,
        clock: Clock,
        work: F,
    ) -> Option<T>
    where
        F: for<'t> FnOnce(&'t mut Tx, &'t mut S) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (work, confirmed) = confirmed(work);
        self.0.send(Request { since: Instant::now(), request, work, ids, clock }).await.ok()?;
        confirmed.await.ok()
    }
}

/// The work, and the receiver of its value after the commit.
fn confirmed<S, T, E, F>(work: F) -> (Work<S>, oneshot::Receiver<T>)
where
    F: for<'t> FnOnce(&'t mut Tx, &'t mut S) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
    S: Shared,
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    let (confirm, confirmed) = oneshot::channel();
    let work = boxed(move |tx, shared| {
        Box::pin(async move {
            let done = AssertUnwindSafe(work(tx, shared)).catch_unwind().await;
            let value = done.ok()?.ok()?;
            // The sender may have gone; the work is done all the same.
            let confirm: Confirm = Box::new(move || drop(confirm.send(value)));
            Some(confirm)
        })
    });
    (work, confirmed)
}

/// Runs until the last sender has gone and all work is done.
async fn serve<S: Shared>(
    connections: ConnectionPool,
    mut requests: mpsc::Receiver<Request<S>>,
    throttle: Arc<Throttle>,
) {
    let mut waiting: Vec<Request<S>> = Vec::new();
    let (mut free, mut under_way) = ((0..TRANSACTIONS).collect::<Vec<_>>(), FuturesUnordered::new());
    loop {
        tokio::select! {
            Some(n) = under_way.next() => free.push(n),
            Some(next) = requests.recv(), if waiting.len() < MOST_AT_ONCE => waiting.push(next),
            else => break,
        }
        while waiting.len() < MOST_AT_ONCE
            && let Ok(next) = requests.try_recv()
        {
            waiting.push(next);
        }
        // The first has waited longest.
        let Some(first) = waiting.first() else { continue };
        if begins(under_way.len(), waiting.len())
            && let Some(n) = free.pop()
        {
            throttle.waited(first.since.elapsed());
            let group = std::mem::take(&mut waiting);
            let transaction = tokio::spawn(commit_and_confirm(connections.clone(), group, n));
            under_way.push(transaction.map(move |_| n));
        }
    }
}

/// Should one more transaction begin now, with the waiting requests?
fn begins(n_under_way: usize, n_waiting: usize) -> bool {
    if n_under_way == 0 { n_waiting > 0 } else { n_waiting >= MOST_AT_ONCE }
}

async fn commit_and_confirm<S: Shared>(connections: ConnectionPool, requests: Vec<Request<S>>, n: usize) {
    for confirm in commit(&connections, requests, n).await.unwrap_or_default() {
        confirm();
    }
}

/// Returns nothing if anything failed: then all of it is undone.
async fn commit<S: Shared>(
    connections: &ConnectionPool,
    requests: Vec<Request<S>>,
    n: usize,
) -> Option<Vec<Confirm>> {
    let first = requests.first()?;
    let (ids, clock) = (first.ids.clone(), first.clock.clone());
    let mut held = connections.take().await.ok()?;
    let n_requests = requests.len();
    let begin = S::begin(requests.iter().map(|request| &request.request));
    held.begin(AssertSqlSafe(begin)).await.ok()?;
    let mut done = Vec::with_capacity(n_requests);
    let mut tx = Tx::new(Connection::Postgres(held), ids, clock);
    let mut shared = S::default();
    let all: Vec<&S::Request> = requests.iter().map(|request| &request.request).collect();
    shared.open(&mut tx, all).await.ok()?;
    for request in requests {
        (tx.ids, tx.clock) = (request.ids, request.clock);
        let Some(confirm) = (request.work)(&mut tx, &mut shared).await else { break };
        done.push(confirm);
    }
    let is_whole = done.len() == n_requests && shared.close(&mut tx, n).await.is_ok();
    let Connection::Postgres(held) = tx.connection else { return None };
    if !is_whole {
        // If the rollback fails, the connection is closed, which undoes the work as well.
        let _ = held.rollback().await;
        return None;
    }
    held.commit().await.ok()?;
    Some(done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::labeling::{LabelRequest, LabelState, LabelTx, in_label_tx};
    use crate::label::tally::Tally;
    use crate::{Either, Store, testing};
    use domain::{PersonId, ProjectId};

    async fn store() -> Option<Store> {
        let Some((store, _folder)) = testing::postgres().await else {
            eprintln!("left out: ASSAY_TEST_POSTGRES names no server");
            return None;
        };
        Some(store)
    }

    async fn transactions(store: &Store) -> ConnectionPool {
        let store = store.along_indexes();
        let Either::Postgres(connections) = store.db().await else {
            unreachable!("PostgreSQL was asked for")
        };
        connections.clone()
    }

    fn alone(person: i64) -> LabelRequest {
        LabelRequest { person: PersonId(person), queue: None, answers: Vec::new() }
    }

    const NOTES: Tally = Tally::Project(ProjectId(1));

    /// Inserts a number, counts it, and returns the transaction's id. A number below 0 is refused.
    async fn note(tx: &mut LabelTx<'_>, n: i64) -> Result<i64, Error> {
        tx.counts().add(NOTES, "notes", 1);
        let Either::Postgres(db) = tx.plain().await?.0.db().await else {
            unreachable!("PostgreSQL was asked for")
        };
        let query = "INSERT INTO meta (key, value) VALUES ($1, $2)
                     RETURNING CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)";
        let transaction = sqlx::query_scalar(query).bind(format!("note {n}")).bind(n).fetch_one(db).await?;
        if n < 0 { Err(Error::Check("below 0".to_owned())) } else { Ok(transaction) }
    }

    fn request(store: &Store, n: i64) -> (Request<LabelState>, oneshot::Receiver<i64>) {
        let work = in_label_tx(alone(n), move |tx: &mut LabelTx<'_>| Box::pin(note(tx, n)));
        let (work, told) = confirmed(work);
        (
            Request {
                since: Instant::now(),
                request: alone(n),
                work,
                ids: store.ids.clone(),
                clock: store.clock.clone(),
            },
            told,
        )
    }

    /// The number of inserted notes, which must equal the count.
    async fn noted(store: &Store) -> i64 {
        let n = testing::number(store, "SELECT COUNT(*) FROM meta WHERE key LIKE 'note %'").await;
        let counted = store.tally(NOTES).await.expect("the counts");
        assert_eq!(counted.get("notes").copied().unwrap_or_default(), n);
        n
    }

    #[test]
    fn a_second_transaction_begins_only_where_it_would_be_full() {
        assert!(!begins(0, 0) && begins(0, 1), "nobody waits for others to come");
        assert!(!begins(1, 1) && !begins(1, MOST_AT_ONCE - 1) && begins(1, MOST_AT_ONCE));
    }

    #[tokio::test]
    async fn all_who_wait_are_in_one_transaction_and_told_after_it() {
        let Some(store) = store().await else { return };
        let connections = transactions(&store).await;
        let (requests, mut told): (Vec<_>, Vec<_>) = (1..=3).map(|n| request(&store, n)).unzip();
        let done = commit(&connections, requests, 0).await.expect("all of them can be done");
        assert!(told.iter_mut().all(|told| told.try_recv().is_err()), "nobody is told yet");
        done.into_iter().for_each(|confirm| confirm());
        let transactions: Vec<i64> =
            told.iter_mut().map(|told| told.try_recv().expect("they are told")).collect();
        assert!(transactions.iter().all(|t| *t == transactions[0]), "{transactions:?}");
        assert_eq!(noted(&store).await, 3);
        assert_eq!(testing::number(&store, "SELECT COUNT(*) FROM tally").await, 1, "counted once for all");
    }

    #[tokio::test]
    async fn where_one_fails_nothing_is_kept_and_nobody_told() {
        let Some(store) = store().await else { return };
        let connections = transactions(&store).await;
        let (requests, told): (Vec<_>, Vec<_>) = [1, -2, 3].map(|n| request(&store, n)).into_iter().unzip();
        assert!(commit(&connections, requests, 0).await.is_none());
        for told in told {
            assert!(told.await.is_err(), "they are to do it by themselves");
        }
        assert_eq!(noted(&store).await, 0);
    }

    #[tokio::test]
    async fn one_who_is_refused_hears_why_and_stops_nobody() {
        let Some(store) = store().await else { return };
        let writes = (1..=40).map(|n| {
            let n: i64 = if n % 10 == 0 { -n } else { n };
            store.label(alone(n.abs()), move |tx| Box::pin(note(tx, n)))
        });
        let outcomes = futures::future::join_all(writes).await;
        for (n, outcome) in (1..=40).zip(&outcomes) {
            match outcome {
                Ok(_) => assert!(n % 10 != 0),
                Err(error) => assert!(n % 10 == 0 && error.to_string().contains("below 0"), "{n}: {error}"),
            }
        }
        assert_eq!(noted(&store).await, 36);
    }

    #[tokio::test]
    async fn a_panic_of_one_stops_nobody() {
        let Some(store) = store().await else { return };
        let panicking = store.clone();
        let panics = tokio::spawn(async move {
            let write = panicking.label(alone(1), |_| Box::pin(async { panic!("a bug") }));
            let written: Result<(), Error> = write.await;
            written
        });
        let write = store.label(alone(1), |tx| Box::pin(note(tx, 1)));
        let (panics, written) = futures::join!(panics, write);
        assert!(panics.is_err(), "a bug is told to whoever ran into it");
        assert!(written.is_ok());
        assert_eq!(noted(&store).await, 1);
    }
}
