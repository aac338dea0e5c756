//! A transaction: the only way to write.

use crate::Either;
use crate::engine::clock::Clock;
use crate::engine::ids::Ids;
use crate::engine::postgres::pool::{ConnectionPool, Held};
use crate::error::Error;
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::sync::Arc;

pub type BoxFuture<'t, T> = Pin<Box<dyn Future<Output = T> + Send + 't>>;

/// A transaction on either engine: a connection, ids and a clock. Reads inside it see its own writes.
///
/// On PostgreSQL a failed statement aborts the transaction. Where a conflict is expected, write
/// `ON CONFLICT DO NOTHING` and check the returned rows instead of catching the error.
pub struct Tx {
    pub(crate) connection: Connection,
    pub(crate) ids: Arc<Ids>,
    pub(crate) clock: Clock,
}

pub(crate) enum Connection {
    Sqlite(SqliteConnection),
    Postgres(Held),
}

impl Tx {
    pub(crate) fn new(connection: Connection, ids: Arc<Ids>, clock: Clock) -> Tx {
        Tx { connection, ids, clock }
    }

    /// For [`crate::on!`]: the connection to read and write on.
    pub fn db(&mut self) -> Ready<Either<&mut SqliteConnection, &mut PgConnection>> {
        ready(match &mut self.connection {
            Connection::Sqlite(connection) => Either::Sqlite(connection),
            Connection::Postgres(held) => Either::Postgres(held),
        })
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

/// Errors that may be a lost race on PostgreSQL. The same work can succeed when it runs again.
pub trait MaybeBusy {
    fn is_busy(&self) -> bool;
}

impl MaybeBusy for Error {
    fn is_busy(&self) -> bool {
        matches!(self, Error::Busy)
    }
}

/// How often a transaction that loses races on PostgreSQL is tried.
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
        let mut held = connections.take().await.map_err(Error::from)?;
        let begun = held.begin(AssertSqlSafe(begin.clone())).await;
        let mut tx = Tx::new(Connection::Postgres(held), ids.clone(), clock.clone());
        let outcome = match begun {
            Ok(()) => work.clone()(&mut tx).await,
            Err(error) => Err(E::from(Error::from(error))),
        };
        let Connection::Postgres(held) = tx.connection else { break };
        let error = match outcome {
            Ok(value) => match held.commit().await {
                Ok(()) => return Ok(value),
                Err(error) => E::from(Error::from(error)),
            },
            Err(error) => {
                // If the rollback fails, the connection is closed, which undoes the work as well.
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
