//! Snapshot isolation: a reader sees one moment of the database for as long as it reads, without later writes.

use crate::engine::postgres::pool::Held;
use crate::error::Result;
use crate::{Either, Store};
use sqlx::Executor;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use std::future::{Ready, ready};

/// One moment of the database. Reads through [`crate::on!`], like a [`Store`]. Ends when dropped.
pub struct Snapshot(Moment);

enum Moment {
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    Postgres(Held),
}

impl Store {
    /// Starts a snapshot, for reading everything while others keep writing.
    pub async fn snapshot(&self) -> Result<Snapshot> {
        match self.db().await {
            Either::Sqlite(pool) => {
                let mut transaction = pool.begin().await?;
                // The first read fixes the moment of the snapshot.
                transaction.execute("SELECT value FROM meta LIMIT 1").await?;
                Ok(Snapshot(Moment::Sqlite(transaction)))
            }
            Either::Postgres(connections) => {
                let mut held = connections.take().await?;
                let begin =
                    "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SELECT value FROM meta LIMIT 1";
                held.begin(begin).await?;
                Ok(Snapshot(Moment::Postgres(held)))
            }
        }
    }
}

impl Snapshot {
    pub fn db(&mut self) -> Ready<Either<&mut SqliteConnection, &mut PgConnection>> {
        ready(match &mut self.0 {
            Moment::Sqlite(transaction) => Either::Sqlite(&mut *transaction),
            Moment::Postgres(held) => Either::Postgres(held),
        })
    }
}
