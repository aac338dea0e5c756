//! A pool of PostgreSQL connections that worked a moment ago. sqlx's pool checks each returned connection on the
//! server, which takes as long as most queries (measured: a fifth of what an answer costs). So returned connections
//! wait here, and sqlx's pool checks only those that were idle for long.

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
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A connection that was idle for longer than this is checked before use.
const RESTED: Duration = Duration::from_secs(1);

/// The longest wait for a free connection, or for a new one to open.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many transactions a connection began.
#[derive(Debug, Clone, Copy, Default)]
struct Begun(u32);

impl Begun {
    /// Counts one more. Returns whether to discard the connection's plans. At the first transactions of a young
    /// installation the tables are nearly empty, and each access path looks equally good. PostgreSQL keeps such a plan
    /// until it has counted the rows, maybe a minute later (seen: 160 leases of a person read for the one that they
    /// hold).
    fn one_more(&mut self) -> bool {
        self.0 = self.0.saturating_add(1);
        self.0 > 1 && self.0.is_power_of_two() && self.0.trailing_zeros().is_multiple_of(2)
    }
}

#[derive(Debug)]
struct Waiting {
    connection: PoolConnection<Postgres>,
    begun: Begun,
    since: Instant,
}

type Spare = Arc<Mutex<Vec<Waiting>>>;

/// A bounded pool of connections. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ConnectionPool {
    pool: PgPool,
    spare: Spare,
    /// A permit allows taking one connection: one is spare, in sqlx's pool, or can be opened.
    permits: Arc<Semaphore>,
}

impl ConnectionPool {
    /// Runs `first` on each new connection.
    pub(crate) async fn open(
        options: PgConnectOptions,
        most: u32,
        first: &'static str,
    ) -> Result<ConnectionPool, Error> {
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
        Ok(ConnectionPool { pool, spare: Spare::default(), permits: Arc::new(Semaphore::new(most as usize)) })
    }

    /// sqlx's own pool, for code that needs one before any other use.
    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    pub(crate) async fn take(&self) -> Result<Held, Error> {
        let permit = tokio::time::timeout(PATIENCE, self.permits.clone().acquire_owned()).await;
        let permit = permit.map_err(|_| Error::PoolTimedOut)?.map_err(|_| Error::PoolClosed)?;
        let spare = self.spare().pop();
        let (connection, begun) = match spare {
            Some(Waiting { connection, begun, since }) if since.elapsed() < RESTED => (connection, begun),
            Some(Waiting { mut connection, begun, .. }) => {
                // Those below were idle for longer: sqlx's pool checks them, and closes those too old.
                self.spare().clear();
                match connection.ping().await {
                    Ok(()) => (connection, begun),
                    Err(_) => {
                        connection.close_on_drop();
                        drop(connection);
                        (self.pool.acquire().await?, Begun::default())
                    }
                }
            }
            None => (self.pool.acquire().await?, Begun::default()),
        };
        let using = Some(Using { connection, begun, permit });
        Ok(Held { using, spare: self.spare.clone(), in_transaction: false })
    }

    pub(crate) async fn close(&self) {
        // From here on returned connections go to sqlx's pool, which waits for them.
        self.permits.close();
        self.spare().clear();
        self.pool.close().await;
    }

    fn spare(&self) -> MutexGuard<'_, Vec<Waiting>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection in use. Dropped inside a transaction, it rolls back first. Dropped in the middle of anything else, it
/// goes to sqlx's pool, which checks it.
pub(crate) struct Held {
    /// `None` only after it is given back.
    using: Option<Using>,
    spare: Spare,
    in_transaction: bool,
}

struct Using {
    connection: PoolConnection<Postgres>,
    begun: Begun,
    permit: OwnedSemaphorePermit,
}

impl Using {
    fn give_back(self, spare: &Spare) {
        let mut spare = spare.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.permit.semaphore().is_closed() {
            spare.push(Waiting { connection: self.connection, begun: self.begun, since: Instant::now() });
        }
    }

    /// Rolls back the transaction of a caller that has gone, after its last query has ended.
    async fn undo(mut self, spare: Spare) {
        match sqlx::raw_sql("ROLLBACK").execute(&mut *self.connection).await {
            Ok(_) => self.give_back(&spare),
            Err(_) => self.connection.close_on_drop(),
        }
    }
}

impl Held {
    /// Gives the connection back. Call it only after all results have been read.
    fn give_back(mut self) {
        if let Some(using) = self.using.take() {
            using.give_back(&self.spare);
        }
    }

    /// Begins a transaction with statements that need no values.
    pub(crate) async fn begin(&mut self, begin: impl SqlSafeStr) -> Result<(), Error> {
        self.in_transaction = true;
        if self.using.as_mut().is_some_and(|using| using.begun.one_more()) {
            sqlx::raw_sql("DISCARD PLANS").execute(&mut **self).await?;
        }
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
        if !self.in_transaction {
            return;
        }
        let Some(mut using) = self.using.take() else { return };
        match Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn(using.undo(self.spare.clone()));
            }
            Err(_) => using.connection.close_on_drop(),
        }
    }
}

impl Deref for Held {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.using.as_ref().unwrap_or_else(|| unreachable!("given back")).connection
    }
}

impl DerefMut for Held {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.using.as_mut().unwrap_or_else(|| unreachable!("given back")).connection
    }
}

/// Runs one query on any free connection.
impl<'c> Executor<'c> for &ConnectionPool {
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

    async fn connections() -> Option<(ConnectionPool, crate::Store)> {
        let Some((store, _folder)) = testing::postgres().await else {
            eprintln!("left out: ASSAY_TEST_POSTGRES names no server");
            return None;
        };
        let crate::Either::Postgres(connections) = store.db().await else {
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
        let write = "BEGIN; INSERT INTO meta (key, value) VALUES ('lost', 1)";
        for _ in 0..20 {
            let mut held = connections.take().await.expect("a connection");
            // Waits until the previous one is rolled back.
            held.begin(write).await.expect("a transaction");
            drop(held);
        }
        assert_eq!(testing::number(&store, "SELECT COUNT(*) FROM meta WHERE key = 'lost'").await, 0);
    }

    #[test]
    fn plans_are_made_anew_ever_more_rarely() {
        let mut begun = Begun::default();
        let anew: Vec<u32> = (1..=1000).filter(|_| begun.one_more()).collect();
        assert_eq!(anew, [4, 16, 64, 256]);
    }

    #[tokio::test]
    async fn a_plan_made_for_an_empty_table_is_not_kept() {
        let Some((connections, _store)) = connections().await else { return };
        // Only this connection sees the table, so no autovacuum counts its rows meanwhile.
        let prepare = "SET plan_cache_mode = force_generic_plan; CREATE TEMP TABLE growing (id BIGINT);
             PREPARE one (BIGINT) AS SELECT * FROM growing WHERE id = $1";
        let fill = "INSERT INTO growing SELECT generate_series(1, 100000)";
        let mut plans = Vec::new();
        for n in 1..=4 {
            let mut held = connections.take().await.expect("a connection");
            held.begin("BEGIN").await.expect("a transaction");
            if n == 1 {
                sqlx::raw_sql(prepare).execute(&mut *held).await.expect("a table");
            }
            let plan: Vec<String> = sqlx::query_scalar("EXPLAIN EXECUTE one (1)")
                .persistent(false)
                .fetch_all(&mut *held)
                .await
                .expect("a plan");
            plans.push(plan);
            // The first commit makes the table known, and invalidates plans for it.
            if n == 2 {
                sqlx::raw_sql(fill).execute(&mut *held).await.expect("rows");
            }
            held.commit().await.expect("its end");
        }
        // The third plan is not checked: it is the second's, unless others create so many tables meanwhile that the
        // server forgets all plans.
        assert_ne!(plans[1], plans[3], "made anew for the table as it is now");
    }

    #[tokio::test]
    async fn closing_waits_for_what_is_in_use() {
        let Some((connections, _store)) = connections().await else { return };
        let held = connections.take().await.expect("a connection");
        let (closed, ()) = futures::join!(connections.close(), async { held.give_back() });
        assert_eq!(closed, ());
        assert!(connections.take().await.is_err(), "nobody begins anything any more");
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
