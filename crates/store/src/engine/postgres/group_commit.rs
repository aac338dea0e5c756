//! People who answer at once on PostgreSQL: what waits goes in one transaction, and only then is any of it confirmed. To
//! begin, to take locks, to ask for desks and for the next members (see [`crate::label::prefetch`]), to write all of it and to
//! commit is paid once for all of them (measured on two cores, beside each other: 958 and 1,155 answers a second where
//! each of them asked and wrote by themselves in that transaction, 2,217 and 2,264 with this).
//!
//! There is one such transaction at a time while it can keep up: the longer it takes, the more are in the next one. Only
//! where as many wait as go together does another lane begin one beside it.
//!
//! Where one request of them fails, all is undone, and each is done again in a transaction of its own (see
//! [`crate::Store::write_alone`]): nothing depends on what is here but the time that it takes.
//!
//! What they count is added up and written once at the end, each lane to shards of its own, so that no two of them wait
//! for each other there.

use crate::Clock;
use crate::engine::ids::Ids;
use crate::engine::postgres::pool::ConnectionPool;
use crate::engine::priority::Throttle;
use crate::engine::tx::{BoxFuture, Connection, GroupTotals, Tx};
use crate::error::Error;
use crate::label::leases::LabelRequest;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use sqlx::AssertSqlSafe;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{mpsc, oneshot};

/// More requests than this don't go together: all of them wait for the last.
const MOST_AT_ONCE: usize = 16;
/// Transactions at once. Each of two has half of the people in it and costs nearly as much (measured on two cores with
/// the database, a run each: at 1,000 answers a second a p99 of 20.8 ms with two at any time and 16.0 with never more than
/// one; as fast as 64 people can, 2,660 and 1,770 answers a second).
const LANES: usize = 2;
/// Requests that may wait before senders have to.
const WAITING: usize = 1024;

/// Cheap to clone. Ends with the last clone.
#[derive(Clone)]
pub(crate) struct GroupCommit(mpsc::Sender<Request>);

/// Tells whoever asked that it is on disk. Dropped, it tells them to do it by themselves.
type Confirm = Box<dyn FnOnce() + Send>;

/// Does the work; nothing where it can't be done.
type Work = Box<dyn for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Option<Confirm>> + Send>;

/// Lets the compiler see that the closure takes a transaction of any lifetime.
fn boxed<F>(work: F) -> Work
where
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Option<Confirm>> + Send + 'static,
{
    Box::new(work)
}

struct Request {
    since: Instant,
    alone: LabelRequest,
    work: Work,
    ids: Arc<Ids>,
    clock: Clock,
}

impl GroupCommit {
    /// Each transaction has one of the connections while it lasts.
    pub(crate) fn open(connections: &ConnectionPool, throttle: &Arc<Throttle>) -> GroupCommit {
        let (group_commit, line) = mpsc::channel(WAITING);
        tokio::spawn(work_off(connections.clone(), line, throttle.clone()));
        GroupCommit(group_commit)
    }

    /// Nothing where it could not be done together with others, whatever the reason.
    pub(crate) async fn together<T, E, F>(
        &self,
        alone: LabelRequest,
        ids: Arc<Ids>,
        clock: Clock,
        work: F,
    ) -> Option<T>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (work, told) = told_when_kept(work);
        self.0.send(Request { since: Instant::now(), alone, work, ids, clock }).await.ok()?;
        told.await.ok()
    }
}

/// The work, and where its value comes when it is on disk.
fn told_when_kept<T, E, F>(work: F) -> (Work, oneshot::Receiver<T>)
where
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    let (tell, told) = oneshot::channel();
    let work = boxed(move |tx| {
        Box::pin(async move {
            let done = AssertUnwindSafe(tx.whole(work)).catch_unwind().await;
            let value = done.ok()?.ok()?;
            // Whoever asked may have gone; the work is done all the same.
            let confirm: Confirm = Box::new(move || drop(tell.send(value)));
            Some(confirm)
        })
    });
    (work, told)
}

/// Until the last sender has gone and all is done.
async fn work_off(connections: ConnectionPool, mut line: mpsc::Receiver<Request>, throttle: Arc<Throttle>) {
    let mut waiting: Vec<Request> = Vec::new();
    let (mut free, mut under_way) = ((0..LANES).collect::<Vec<_>>(), FuturesUnordered::new());
    loop {
        tokio::select! {
            Some(lane) = under_way.next() => free.push(lane),
            Some(next) = line.recv(), if waiting.len() < MOST_AT_ONCE => waiting.push(next),
            else => break,
        }
        while waiting.len() < MOST_AT_ONCE
            && let Ok(next) = line.try_recv()
        {
            waiting.push(next);
        }
        // Who came first has waited longest.
        let Some(first) = waiting.first() else { continue };
        if begins(under_way.len(), waiting.len())
            && let Some(lane) = free.pop()
        {
            throttle.waited(first.since.elapsed());
            let transaction =
                tokio::spawn(confirmed_together(connections.clone(), std::mem::take(&mut waiting), lane));
            under_way.push(transaction.map(move |_| lane));
        }
    }
}

/// Is there to be one more transaction now, of those who wait?
fn begins(n_under_way: usize, n_waiting: usize) -> bool {
    if n_under_way == 0 { n_waiting > 0 } else { n_waiting >= MOST_AT_ONCE }
}

async fn confirmed_together(connections: ConnectionPool, requests: Vec<Request>, lane: usize) {
    for confirm in commit_together(&connections, requests, lane).await.unwrap_or_default() {
        confirm();
    }
}

/// Nothing where anything failed: then all of it is undone.
async fn commit_together(
    connections: &ConnectionPool,
    requests: Vec<Request>,
    lane: usize,
) -> Option<Vec<Confirm>> {
    let first = requests.first()?;
    let (ids, clock) = (first.ids.clone(), first.clock.clone());
    let mut held = connections.take().await.ok()?;
    let n = requests.len();
    let begin = LabelRequest::begin(requests.iter().map(|request| &request.alone));
    held.begin(AssertSqlSafe(begin)).await.ok()?;
    let mut done = Vec::with_capacity(requests.len());
    let mut tx = Tx::new(Connection::Postgres(held), ids, clock);
    tx.group = Some(GroupTotals::default());
    tx.prefetch_for(requests.iter().filter_map(|request| request.alone.look()).collect()).await.ok()?;
    for request in requests {
        (tx.ids, tx.clock) = (request.ids, request.clock);
        let Some(confirm) = (request.work)(&mut tx).await else { break };
        done.push(confirm);
    }
    let is_whole = done.len() == n && tx.end(lane).await.is_ok();
    let Connection::Postgres(held) = tx.connection else { return None };
    if !is_whole {
        // One that fails closes the connection, which undoes the work as well.
        let _ = held.rollback().await;
        return None;
    }
    held.commit().await.ok()?;
    Some(done)
}

impl Tx {
    /// Writes what was left to the end of all who are in it.
    pub(crate) async fn end(&mut self, lane: usize) -> Result<(), Error> {
        let Some(GroupTotals { counts, cursors }) = self.group.take() else { return Ok(()) };
        self.count_all(counts, lane as i64).await?;
        if !cursors.is_empty() {
            self.move_all_cursors(&cursors).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::tally::{Tally, TallyChanges};
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

    /// Notes a number, counts it, and says in which transaction; one below 0 is refused.
    async fn note(tx: &mut Tx, n: i64) -> Result<i64, Error> {
        let mut counts = TallyChanges::default();
        counts.add(NOTES, "notes", 1);
        tx.count_all(counts, n).await?;
        let Either::Postgres(db) = tx.db().await else { unreachable!("PostgreSQL was asked for") };
        let query = "INSERT INTO meta (key, value) VALUES ($1, $2)
                     RETURNING CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)";
        let transaction = sqlx::query_scalar(query).bind(format!("note {n}")).bind(n).fetch_one(db).await?;
        if n < 0 { Err(Error::Check("below 0".to_owned())) } else { Ok(transaction) }
    }

    fn request(store: &Store, n: i64) -> (Request, oneshot::Receiver<i64>) {
        let (work, told) = told_when_kept(move |tx: &mut Tx| Box::pin(async move { note(tx, n).await }));
        (
            Request {
                since: Instant::now(),
                alone: alone(n),
                work,
                ids: store.ids.clone(),
                clock: store.clock.clone(),
            },
            told,
        )
    }

    /// How many were noted, which is how many were counted.
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
        let done = commit_together(&connections, requests, 0).await.expect("all of them can be done");
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
        assert!(commit_together(&connections, requests, 0).await.is_none());
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
            store.write_alone(alone(n.abs()), move |tx| Box::pin(async move { note(tx, n).await }))
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
            let write = panicking.write_alone(alone(1), |_| Box::pin(async { panic!("a bug") }));
            let written: Result<(), Error> = write.await;
            written
        });
        let write = store.write_alone(alone(1), |tx| Box::pin(async move { note(tx, 1).await }));
        let (panics, written) = futures::join!(panics, write);
        assert!(panics.is_err(), "a bug is told to whoever ran into it");
        assert!(written.is_ok());
        assert_eq!(noted(&store).await, 1);
    }
}
