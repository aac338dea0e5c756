//! Storage: SQL on SQLite and PostgreSQL from one query text.
//!
//! Reads are methods of [`Store`], writes are methods of [`Tx`], so a transaction is always visible. Each query is
//! written once with `$1` placeholders and run by [`on!`]. Engine differences are in [`sql::dialect`].
//!
//! On SQLite one writer task ([`writer`]) runs all writes as group commits. A write is confirmed only after its commit.

pub mod agree;
pub mod check;
pub mod data;
pub mod design;
pub mod discover;
pub mod engine;
pub mod error;
pub mod label;
pub mod release;
pub mod site;
pub mod sql;
#[cfg(feature = "testing")]
pub mod testing;

pub use engine::clock::Clock;
pub use engine::postgres::pool::ConnectionPool;
pub use engine::sqlite::lock;
pub use engine::tx::{BoxFuture, MaybeBusy, Tx};
pub use error::{Constraint, Error, Result};
pub use sql::document::Doc;

use data::blobs;
use design::taxonomies;
use engine::ids::Ids;
use engine::postgres::group_commit::GroupCommit;
use engine::priority::{PostgresThrottle, Priority};
use engine::sqlite::{checkpoint, writer};
use engine::{node_id, private, tx};
use label::labeling::{LabelRequest, LabelState};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use std::future::{Ready, ready};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One of two values, by engine.
pub enum Either<S, P> {
    Sqlite(S),
    Postgres(P),
}

/// Runs one expression on the engine in use: `on!(store, |db| sqlx::query("…").execute(db).await)`. The first argument
/// is a [`Store`], a [`Tx`] or a [`engine::snapshot::Snapshot`].
#[macro_export]
macro_rules! on {
    ($on:expr, |$db:ident| $run:expr) => {
        match $on.db().await {
            $crate::Either::Sqlite($db) => $run,
            $crate::Either::Postgres($db) => $run,
        }
    };
}

/// The database and the blobs of an installation. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    engine: Engine,
    ids: Arc<Ids>,
    clock: Clock,
    blobs: blobs::Place,
    taxonomies: taxonomies::Cache,
    /// Set by [`Store::with_node_id`].
    node_id: Option<node_id::NodeId>,
}

#[derive(Clone)]
enum Engine {
    Sqlite {
        readers: SqlitePool,
        writer: writer::Writer,
    },
    Postgres {
        readers: ConnectionPool,
        writers: ConnectionPool,
        /// For labelers, and for reading page by page: planned along indexes.
        labelers: ConnectionPool,
        group_commit: GroupCommit<LabelState>,
        throttle: Arc<PostgresThrottle>,
    },
}

/// Concurrent read connections.
const READERS: u32 = 6;
/// Concurrent PostgreSQL transactions, except those of labelers.
const WRITERS: u32 = 6;
/// Concurrent PostgreSQL transactions of labelers.
const LABELERS: u32 = 8;
/// Planner settings for labelers on PostgreSQL: one generic plan per statement, along indexes. A keypress touches a few
/// rows, found by key or at the start of an order. With the statistics of a table that was filled a minute ago, the
/// planner would read and sort the whole table (measured: 200 ms for the next item instead of 0.1).
const BY_INDEX: [(&str, &str); 6] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_bitmapscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("jit", "off"),
];

/// Options of every connection to a SQLite file.
fn sqlite_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(20))
        .statement_cache_capacity(400)
        // One page of rows. A shorter channel would stop the connection's thread in the middle of a page.
        .row_buffer_size(1_000)
        .pragma("temp_store", "memory")
        .pragma("wal_autocheckpoint", "0")
}

fn folder_of(path: &Path) -> PathBuf {
    path.parent().map(Path::to_owned).unwrap_or_default()
}

impl Store {
    /// Opens (and creates, and migrates) a SQLite file.
    pub async fn open_sqlite(path: &Path, clock: Clock) -> Result<Store> {
        private::touch_file(path)?;
        let options = sqlite_options(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let write_options = options.clone();
        let connect = async move || {
            let mut connection = sqlx::ConnectOptions::connect(&write_options).await?;
            sqlx::migrate!("../../migrations/sqlite").run(&mut connection).await?;
            // From here on the writer does its own waiting, see `writer::begin`.
            sqlx::query("PRAGMA busy_timeout = 0").execute(&mut connection).await?;
            sqlx::query(writer::KEPT_BESIDE_PEOPLE).execute(&mut connection).await?;
            Ok(connection)
        };
        let (writer, committed) =
            Box::pin(writer::Writer::start(connect, lock::served, folder_of(path))).await?;
        writer.followed_by(checkpoint::start(options.clone(), path, committed).await?).await;
        Store::of_sqlite(path, clock, options, writer)
            .await?
            .with_node_id(node_id::NodeIds::beside(path)?)
            .await
    }

    /// Opens a SQLite file that can't be written (full disk or read-only), for a backup or an inspection. Every write
    /// fails with [`Error::ReadOnly`]. The file must have this version's schema.
    pub async fn open_sqlite_to_read(path: &Path, clock: Clock) -> Result<Store> {
        let mut wal = path.as_os_str().to_owned();
        wal.push("-wal");
        // Without a write-ahead log the file is complete and no process writes it. Then SQLite need not create the
        // files through which connections share a log.
        let is_all = std::fs::metadata(wal).map_or(true, |log| log.len() == 0);
        let options = sqlite_options(path).read_only(true).immutable(is_all);
        let write_options = options.clone();
        let connect = async move || Ok(sqlx::ConnectOptions::connect(&write_options).await?);
        let (writer, _) = Box::pin(writer::Writer::start(connect, lock::served, folder_of(path))).await?;
        let store = Store::of_sqlite(path, clock, options, writer).await?;
        let newest = sqlx::migrate!("../../migrations/sqlite").iter().map(|m| m.version).max();
        if newest != Some(store.schema_number().await?) {
            return Err(Error::Unreadable(
                "the database is of another version of the program: open it once where it can be written"
                    .to_owned(),
            ));
        }
        Ok(store)
    }

    async fn of_sqlite(
        path: &Path,
        clock: Clock,
        options: SqliteConnectOptions,
        writer: writer::Writer,
    ) -> Result<Store> {
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            // Opened here and kept. Each has a thread: opened later by a background thread, it would inherit that
            // thread's low priority.
            .min_connections(READERS)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_with(options.pragma("query_only", "on").pragma("cache_size", "-8192"))
            .await?;
        Ok(Store {
            engine: Engine::Sqlite { readers, writer },
            ids: Arc::new(Ids::new(0, clock.clone())),
            clock,
            blobs: blobs::Place::Folder(path.with_file_name("blobs")),
            taxonomies: Default::default(),
            node_id: None,
        })
    }

    /// Opens (and migrates) a PostgreSQL database.
    pub async fn open_postgres(url: &str, clock: Clock) -> Result<Store> {
        let options = PgConnectOptions::from_str(url)?.statement_cache_capacity(400);
        let readers = ConnectionPool::open(options.clone(), READERS, "").await?;
        sqlx::migrate!("../../migrations/postgres").run(readers.pool()).await?;
        let writers = ConnectionPool::open(options.clone(), WRITERS, "").await?;
        let along_indexes = options.clone().options(BY_INDEX);
        let labelers = ConnectionPool::open(along_indexes, LABELERS, LabelRequest::PREPARE).await?;
        let throttle = PostgresThrottle::default();
        let group_commit = GroupCommit::open(&labelers, &throttle.throttle);
        let ids = Arc::new(Ids::new(0, clock.clone()));
        Store {
            engine: Engine::Postgres {
                readers,
                writers,
                labelers,
                group_commit,
                throttle: Arc::new(throttle),
            },
            ids,
            clock,
            blobs: blobs::Place::Table,
            taxonomies: Default::default(),
            node_id: None,
        }
        .with_node_id(node_id::NodeIds::session(&options).await?)
        .await
    }

    /// Takes a node number for this process, so that no two processes make the same id.
    async fn with_node_id(mut self, nodes: node_id::NodeIds) -> Result<Store> {
        let count = self.write(|tx| {
            Box::pin(async move {
                let query = "UPDATE meta SET value = value + 1 WHERE key = 'node' RETURNING value";
                let count: i64 = on!(tx, |db| sqlx::query_scalar(query).fetch_one(db).await)?;
                Ok::<_, Error>(count)
            })
        });
        let (node, kept) = nodes.take(count.await?).await?;
        self.ids = Arc::new(Ids::new(node, self.clock.clone()));
        self.node_id = Some(kept);
        Ok(self)
    }

    /// The same store with ids that start again from the clock: for tests that compare two engines.
    pub fn with_ids(mut self, ids: Ids) -> Store {
        self.ids = Arc::new(ids);
        self
    }

    /// The same store with another clock: for data that should look as if it was made on earlier days.
    pub fn with_clock(mut self, clock: Clock) -> Store {
        self.clock = clock;
        self
    }

    /// The same store for reading everything page by page: PostgreSQL finds each page along an index, whatever its
    /// statistics say (measured without: 31 ms for a page of a release instead of 3, growing with its rows).
    pub fn along_indexes(&self) -> Store {
        let mut store = self.clone();
        if let Engine::Postgres { readers, labelers, .. } = &mut store.engine {
            *readers = labelers.clone();
        }
        store
    }

    /// For [`on!`]: the connections to read from.
    pub fn db(&self) -> Ready<Either<&SqlitePool, &ConnectionPool>> {
        ready(match &self.engine {
            Engine::Sqlite { readers, .. } => Either::Sqlite(readers),
            Engine::Postgres { readers, .. } => Either::Postgres(readers),
        })
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self.engine, Engine::Postgres { .. })
    }

    /// The next id of any kind.
    pub fn next_id<T: From<i64>>(&self) -> T {
        T::from(self.ids.next())
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    pub fn now(&self) -> domain::Time {
        self.clock.now()
    }

    /// Runs `work` in one transaction. Returns after the commit is on disk. An error undoes all of it.
    ///
    /// The closure may run again, hence `Clone`: after a deadlock or a serialization failure on PostgreSQL, and after
    /// another request of the same commit failed.
    pub async fn write<T, E, F>(&self, work: F) -> std::result::Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, std::result::Result<T, E>> + Clone + Send + 'static,
        T: Send + 'static,
        E: From<Error> + MaybeBusy + Send + 'static,
    {
        self.write_as(Priority::Interactive, work).await
    }

    /// The same for a piece of background work (import, release). On SQLite it waits behind every request that a person
    /// waits for. Keep a piece under 5 ms.
    pub async fn write_background<T, E, F>(&self, work: F) -> std::result::Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, std::result::Result<T, E>> + Clone + Send + 'static,
        T: Send + 'static,
        E: From<Error> + MaybeBusy + Send + 'static,
    {
        self.write_as(Priority::Background, work).await
    }

    /// The same for what background work notes about itself (progress, lease). It does not wait as a piece does, and
    /// pieces don't wait for it as they do for a person.
    pub async fn write_progress<T, E, F>(&self, work: F) -> std::result::Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, std::result::Result<T, E>> + Clone + Send + 'static,
        T: Send + 'static,
        E: From<Error> + MaybeBusy + Send + 'static,
    {
        self.write_as(Priority::Progress, work).await
    }

    /// A read-only step of background work. On PostgreSQL it rests afterwards as a piece does. On SQLite readers take
    /// only processor time from writers, so it rests only when people wait for long.
    pub async fn read_background<T>(&self, read: impl Future<Output = T>) -> T {
        let (throttle, in_the_way) = match &self.engine {
            Engine::Sqlite { writer, .. } => (&writer.throttle, false),
            Engine::Postgres { throttle, .. } => (&throttle.throttle, true),
        };
        let start = Instant::now();
        let outcome = read.await;
        let rest = throttle.rest_from_reading(start.elapsed(), Instant::now(), in_the_way);
        if !rest.is_zero() {
            tokio::time::sleep(rest).await;
        }
        outcome
    }

    async fn write_as<T, E, F>(&self, priority: Priority, work: F) -> std::result::Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, std::result::Result<T, E>> + Clone + Send + 'static,
        T: Send + 'static,
        E: From<Error> + MaybeBusy + Send + 'static,
    {
        let (ids, clock) = (self.ids.clone(), self.clock.clone());
        match &self.engine {
            Engine::Sqlite { writer, .. } => writer.run(priority, ids, clock, work).await,
            Engine::Postgres { writers, throttle, .. } => {
                let write = tx::run_postgres(writers, "BEGIN".to_owned(), ids, clock, work);
                // Boxed: otherwise a large future lies on the stack of every caller three times.
                throttle.take(priority, Box::pin(write)).await
            }
        }
    }

    /// Does the database answer?
    pub async fn ping(&self) -> Result<()> {
        on!(self, |db| sqlx::query("SELECT 1").execute(db).await.map(|_| ()))?;
        Ok(())
    }

    /// A write that changes nothing: its error tells why the database can't be written.
    pub async fn try_to_write(&self) -> Result<()> {
        self.write_progress(|tx| {
            Box::pin(async move {
                let query = "UPDATE meta SET value = value WHERE key = 'node'";
                on!(tx, |db| sqlx::query(query).execute(db).await.map(|_| ()))?;
                Ok(())
            })
        })
        .await
    }

    /// Waits for running work, then closes all connections.
    pub async fn close(&self) {
        if let Some(node) = &self.node_id {
            node.give_back().await;
        }
        match &self.engine {
            Engine::Sqlite { readers, writer } => {
                readers.close().await;
                writer.close().await;
            }
            Engine::Postgres { readers, writers, labelers, .. } => {
                readers.close().await;
                writers.close().await;
                labelers.close().await;
            }
        }
    }
}
