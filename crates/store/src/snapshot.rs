//! One moment of the database, read for as long as it takes: what others write meanwhile is not seen.

use crate::error::Result;
use crate::{Either, Store};
use sqlx::Executor;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;

/// One moment of the database. Reads through [`crate::on!`], like a [`Store`]; dropped, it ends.
pub enum Snapshot {
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
}

impl Store {
    /// Freezes what is there now, for reading all of it while others go on writing.
    pub async fn snapshot(&self) -> Result<Snapshot> {
        match self.db() {
            Either::Sqlite(pool) => {
                let mut transaction = pool.begin().await?;
                // The first read is what fixes the moment.
                transaction.execute("SELECT value FROM meta LIMIT 1").await?;
                Ok(Snapshot::Sqlite(transaction))
            }
            Either::Postgres(pool) => {
                let mut transaction = pool.begin().await?;
                transaction.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY").await?;
                transaction.execute("SELECT value FROM meta LIMIT 1").await?;
                Ok(Snapshot::Postgres(transaction))
            }
        }
    }
}

impl Snapshot {
    pub fn db(&mut self) -> Either<&mut SqliteConnection, &mut PgConnection> {
        match self {
            Snapshot::Sqlite(transaction) => Either::Sqlite(&mut *transaction),
            Snapshot::Postgres(transaction) => Either::Postgres(&mut *transaction),
        }
    }
}
