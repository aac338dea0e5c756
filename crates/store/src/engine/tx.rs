//! A transaction: the only thing that writes.

use crate::engine::ids::Ids;
use crate::engine::postgres::pool::{ConnectionPool, Held};
use crate::engine::priority::{Priority, Throttle};
use crate::error::Error;
use crate::label::leases::Cursors;
use crate::label::prefetch::Prefetch;
use crate::label::tally::TallyChanges;
use crate::label::write_batch::WriteBatch;
use crate::{Clock, Either};
use domain::AssignmentId;
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

pub type BoxFuture<'t, T> = Pin<Box<dyn Future<Output = T> + Send + 't>>;

/// A transaction on either engine. Reads inside it see its own writes.
///
/// On PostgreSQL a failed statement ends the transaction: where a conflict is expected, write `ON CONFLICT DO
/// NOTHING` and look at what came back instead of catching the error.
pub struct Tx {
    pub(crate) connection: Connection,
    pub(crate) ids: Arc<Ids>,
    pub(crate) clock: Clock,
    /// Decided, and written with what is written next, or before anything else is asked (see [`Tx::db`]).
    pub(crate) later: WriteBatch,
    /// An answer to this is all that has become of the work so far, as far as a desk shows it.
    pub(crate) answered: Option<AssignmentId>,
    /// Where several people are in one transaction: what is written once for all of them, at its end.
    pub(crate) group: Option<GroupTotals>,
    pub(crate) prefetch: Prefetch,
    /// What was put off could not be written: whatever came after it, this is what became of the work.
    failed: Option<Error>,
}

#[derive(Debug, Default)]
pub(crate) struct GroupTotals {
    pub(crate) counts: TallyChanges,
    /// Whose cursors are to be moved, and from where.
    pub(crate) cursors: Vec<Cursors>,
}

pub(crate) enum Connection {
    Sqlite(SqliteConnection),
    Postgres(Held),
}

impl Tx {
    pub(crate) fn new(connection: Connection, ids: Arc<Ids>, clock: Clock) -> Tx {
        Tx {
            connection,
            ids,
            clock,
            later: WriteBatch::default(),
            answered: None,
            group: None,
            prefetch: Prefetch::default(),
            failed: None,
        }
    }

    /// Does `work` in a transaction that is still to begin, on PostgreSQL.
    async fn begun<T, E, F>(&mut self, begin: String, work: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>>,
        E: From<Error>,
    {
        if let Connection::Postgres(held) = &mut self.connection {
            held.begin(AssertSqlSafe(begin)).await.map_err(Error::from)?;
        }
        self.whole(work).await
    }

    /// Does `work`, and what it put off, unless others come after it.
    pub(crate) async fn whole<T, E, F>(&mut self, work: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>>,
        E: From<Error>,
    {
        self.answered = None;
        let outcome = work(self).await;
        if let Some(failed) = self.failed.take() {
            return Err(failed.into());
        }
        if outcome.is_ok() && !self.is_with_others() {
            self.flush().await?;
        }
        outcome
    }

    /// For [`crate::on!`]: where to read and write. Whatever is asked or written, what was put off comes before it, and
    /// what was prefetch is no more.
    pub async fn db(&mut self) -> Either<&mut SqliteConnection, &mut PgConnection> {
        if let Err(error) = self.flush().await {
            self.failed.get_or_insert(error);
        }
        self.answered = None;
        if !self.prefetch.is_empty() {
            self.prefetch = Prefetch::default();
        }
        self.raw()
    }

    /// For those who know what was put off, and whether it matters to them.
    pub(crate) fn raw(&mut self) -> Either<&mut SqliteConnection, &mut PgConnection> {
        match &mut self.connection {
            Connection::Sqlite(connection) => Either::Sqlite(connection),
            Connection::Postgres(held) => Either::Postgres(held),
        }
    }

    pub(crate) fn is_with_others(&self) -> bool {
        self.group.is_some()
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self.connection, Connection::Postgres(_))
    }

    /// The next id of any kind.
    pub fn next_id<T: From<i64>>(&self) -> T {
        T::from(self.ids.next())
    }

    pub fn now(&self) -> domain::Time {
        self.clock.now()
    }
}

/// Errors that may be a lost race on PostgreSQL: the same work can succeed when it is run again.
pub trait MaybeBusy {
    fn is_busy(&self) -> bool;
}

impl MaybeBusy for Error {
    fn is_busy(&self) -> bool {
        matches!(self, Error::Busy)
    }
}

/// People before background work (see [`Throttle`]) where there is no common writer: their transactions go ahead, pieces
/// go one by one and rest in between.
#[derive(Debug, Default)]
pub(crate) struct PostgresThrottle {
    pub(crate) throttle: Arc<Throttle>,
    piece: tokio::sync::Mutex<()>,
}

impl PostgresThrottle {
    pub(crate) async fn take<T>(&self, urgency: Priority, work: impl Future<Output = T>) -> T {
        if urgency != Priority::Piece {
            let now = Instant::now();
            self.throttle.ended(urgency, now, now);
            return work.await;
        }
        let _one_by_one = self.piece.lock().await;
        let rest = self.throttle.rest(Instant::now());
        if !rest.is_zero() {
            tokio::time::sleep(rest).await;
        }
        let start = Instant::now();
        let outcome = work.await;
        self.throttle.ended(urgency, start, Instant::now());
        outcome
    }
}

/// So often a transaction is run again when PostgreSQL found it in another one's way.
const ATTEMPTS: usize = 12;

pub(crate) async fn run_postgres<T, E, F>(
    connections: &ConnectionPool,
    begin: String,
    ids: Arc<Ids>,
    clock: Clock,
    work: F,
) -> Result<T, E>
where
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Clone,
    E: From<Error> + MaybeBusy,
{
    for attempt in 1.. {
        let held = connections.take().await.map_err(Error::from)?;
        let mut tx = Tx::new(Connection::Postgres(held), ids.clone(), clock.clone());
        let outcome = tx.begun(begin.clone(), work.clone()).await;
        let Connection::Postgres(held) = tx.connection else { break };
        let error = match outcome {
            Ok(value) => match held.commit().await {
                Ok(()) => return Ok(value),
                Err(error) => E::from(Error::from(error)),
            },
            Err(error) => {
                // A rollback that fails closes the connection, which undoes the work as well.
                let _ = held.rollback().await;
                error
            }
        };
        if !error.is_busy() || attempt == ATTEMPTS {
            return Err(error);
        }
    }
    Err(E::from(Error::Closed))
}
