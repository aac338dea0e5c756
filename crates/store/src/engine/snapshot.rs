//! One moment of the database, read for as long as it takes: what others write meanwhile is not seen.

use crate::engine::postgres::pool::Held;
use crate::error::Result;
use crate::{Either, Store};
use sqlx::Executor;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use std::future::{Ready, ready};

/// One moment of the database. Reads through [`crate::on!`], like a [`Store`]; dropped, it ends.
pub struct Snapshot(Moment);

enum Moment {
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    Postgres(Held),
}

impl Store {
    /// Freezes what is there now, for reading all of it while others go on writing.
    pub async fn snapshot(&self) -> Result<Snapshot> {
        match self.db().await {
            Either::Sqlite(pool) => {
                let mut transaction = pool.begin().await?;
                // The first read is what fixes the moment.
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
