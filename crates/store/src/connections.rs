//! Connections to PostgreSQL that have just worked. sqlx's pool asks the server each time one comes back whether it
//! still works, which takes as long as most questions themselves (measured: a fifth of what an answer costs). So they
//! don't go back: they wait here, and only who has rested is tried by the pool again.

use futures::stream::BoxStream;
use futures::{TryStreamExt, future::BoxFuture};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{
    PgConnectOptions, PgConnection, PgPool, PgPoolOptions, PgQueryResult, PgRow, PgStatement,
};
use sqlx::postgres::{PgTypeInfo, Postgres};
use sqlx::{Connection, Describe, Either, Error, Execute, Executor, SqlSafeStr, SqlStr};
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A connection that was idle for longer than this is tried before it is used.
const RESTED: Duration = Duration::from_secs(1);

/// Nobody waits longer for one.
const PATIENCE: Duration = Duration::from_secs(30);

type Spare = Arc<Mutex<Vec<(PoolConnection<Postgres>, Instant)>>>;

/// Up to so many connections. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Connections {
    pool: PgPool,
    spare: Spare,
    /// Whoever holds one may take a connection: all that are not spare are in the pool then, or can be opened.
    permits: Arc<Semaphore>,
}

impl Connections {
    /// Each begins with statements of its own.
    pub(crate) async fn open(
        options: PgConnectOptions,
        most: u32,
        first: &'static str,
    ) -> Result<Connections, Error> {
        let pool = PgPoolOptions::new()
            .max_connections(most)
            .after_connect(move |connection, _| {
                Box::pin(async move { sqlx::raw_sql(first).execute(connection).await.map(|_| ()) })
            })
            .acquire_timeout(PATIENCE)
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > RESTED {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_with(options)
            .await?;
        Ok(Connections { pool, spare: Spare::default(), permits: Arc::new(Semaphore::new(most as usize)) })
    }

    /// For whoever asks for a pool of sqlx, before anything else works here.
    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    pub(crate) async fn take(&self) -> Result<Held, Error> {
        let permit = tokio::time::timeout(PATIENCE, self.permits.clone().acquire_owned()).await;
        let permit = permit.map_err(|_| Error::PoolTimedOut)?.map_err(|_| Error::PoolClosed)?;
        let spare = self.spare().pop();
        let connection = match spare {
            Some((connection, since)) if since.elapsed() < RESTED => connection,
            Some((rested, _)) => {
                // What is below it has rested for longer.
                let others = std::mem::take(&mut *self.spare());
                drop((rested, others));
                self.pool.acquire().await?
            }
            None => self.pool.acquire().await?,
        };
        Ok(Held {
            connection: Some(connection),
            spare: self.spare.clone(),
            in_transaction: false,
            _permit: permit,
        })
    }

    pub(crate) async fn close(&self) {
        self.permits.close();
        self.spare().clear();
        self.pool.close().await;
    }

    fn spare(&self) -> MutexGuard<'_, Vec<(PoolConnection<Postgres>, Instant)>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection in use. Dropped in the middle of something it goes to the pool, which finds out what became of it.
pub(crate) struct Held {
    /// Nothing only when it is given back.
    connection: Option<PoolConnection<Postgres>>,
    spare: Spare,
    in_transaction: bool,
    _permit: OwnedSemaphorePermit,
}

impl Held {
    /// What was asked has been answered to the end.
    fn give_back(mut self) {
        if let Some(connection) = self.connection.take() {
            self.spare.lock().unwrap_or_else(PoisonError::into_inner).push((connection, Instant::now()));
        }
    }

    /// Begins a transaction with statements that need no values.
    pub(crate) async fn begin(&mut self, begin: impl SqlSafeStr) -> Result<(), Error> {
        self.in_transaction = true;
        sqlx::raw_sql(begin).execute(&mut **self).await?;
        Ok(())
    }

    pub(crate) async fn commit(self) -> Result<(), Error> {
        self.end("COMMIT").await
    }

    pub(crate) async fn rollback(self) -> Result<(), Error> {
        self.end("ROLLBACK").await
    }

    async fn end(mut self, how: &'static str) -> Result<(), Error> {
        sqlx::raw_sql(how).execute(&mut *self).await?;
        self.in_transaction = false;
        self.give_back();
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let (Some(connection), true) = (&mut self.connection, self.in_transaction) {
            // Nobody else may go on with this transaction: closing the connection undoes it.
            connection.close_on_drop();
        }
    }
}

impl Deref for Held {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.connection.as_deref().unwrap_or_else(|| unreachable!("given back"))
    }
}

impl DerefMut for Held {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.connection.as_deref_mut().unwrap_or_else(|| unreachable!("given back"))
    }
}

/// One question, on whichever connection is free.
impl<'c> Executor<'c> for &Connections {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Either<PgQueryResult, PgRow>, Error>>
    where
        E: 'q + Execute<'q, Postgres>,
    {
        let connections = self.clone();
        Box::pin(async_stream::try_stream! {
            let mut held = connections.take().await?;
            {
                let mut rows = held.fetch_many(query);
                while let Some(row) = rows.try_next().await? {
                    yield row;
                }
            }
            held.give_back();
        })
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, Error>>
    where
        E: 'q + Execute<'q, Postgres>,
    {
        let connections = self.clone();
        Box::pin(async move {
            let mut held = connections.take().await?;
            let row = held.fetch_optional(query).await?;
            held.give_back();
            Ok(row)
        })
    }

    fn prepare_with<'e>(
        self,
        query: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, Result<PgStatement, Error>>
    where
        'c: 'e,
    {
        let connections = self.clone();
        Box::pin(async move {
            let mut held = connections.take().await?;
            let statement = held.prepare_with(query, parameters).await?;
            held.give_back();
            Ok(statement)
        })
    }

    fn describe<'e>(self, query: SqlStr) -> BoxFuture<'e, Result<Describe<Postgres>, Error>>
    where
        'c: 'e,
    {
        let connections = self.clone();
        Box::pin(async move {
            let mut held = connections.take().await?;
            let described = held.describe(query).await?;
            held.give_back();
            Ok(described)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use futures::StreamExt;

    async fn connections() -> Option<(Connections, crate::Store)> {
        let Some((store, _folder)) = testing::postgres().await else {
            eprintln!("left out: ASSAY_TEST_POSTGRES names no server");
            return None;
        };
        let crate::Either::Postgres(connections) = store.db() else {
            unreachable!("PostgreSQL was asked for")
        };
        Some((connections.clone(), store))
    }

    async fn backend(held: &mut Held) -> i32 {
        sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut **held).await.expect("a number")
    }

    #[tokio::test]
    async fn what_has_just_worked_is_used_again() {
        let Some((connections, _store)) = connections().await else { return };
        let mut first = connections.take().await.expect("a connection");
        let number = backend(&mut first).await;
        first.give_back();
        assert_eq!(backend(&mut connections.take().await.expect("a connection")).await, number);
    }

    #[tokio::test]
    async fn a_transaction_that_nobody_ended_is_undone() {
        let Some((connections, store)) = connections().await else { return };
        let mut held = connections.take().await.expect("a connection");
        held.begin("BEGIN; INSERT INTO meta (key, value) VALUES ('lost', 1)").await.expect("a transaction");
        let number = backend(&mut held).await;
        drop(held);
        let n = testing::number(&store, "SELECT COUNT(*) FROM meta WHERE key = 'lost'").await;
        assert_eq!(n, 0);
        assert_ne!(backend(&mut connections.take().await.expect("another connection")).await, number);
    }

    #[tokio::test]
    async fn more_than_there_are_wait_for_each_other() {
        let Some((connections, _store)) = connections().await else { return };
        let questions = (0..200_i32).map(|n| {
            let connections = &connections;
            async move { sqlx::query_scalar::<_, i32>("SELECT $1").bind(n).fetch_one(connections).await }
        });
        let answers: Vec<i32> =
            futures::future::try_join_all(questions).await.expect("all are answered, each with its own");
        assert_eq!(answers, (0..200).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn who_stops_listening_disturbs_nobody() {
        let Some((connections, _store)) = connections().await else { return };
        for _ in 0..20 {
            let mut rows =
                sqlx::query_scalar::<_, i32>("SELECT generate_series(1, 50000)").fetch(&connections);
            assert_eq!(rows.next().await.expect("a row").expect("a number"), 1);
        }
        let one: i32 = sqlx::query_scalar("SELECT 1").fetch_one(&connections).await.expect("an answer");
        assert_eq!(one, 1);
    }
}
