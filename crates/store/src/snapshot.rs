//! One moment of the database, read for as long as it takes: what others write meanwhile is not seen.

use crate::error::Result;
use crate::{Either, Engine, Store};
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;

/// Reads through [`crate::on!`], like a [`Store`]; all of them see the same moment. Dropped, it ends.
pub struct Snapshot {
    connection: Connection,
}

enum Connection {
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
}

impl Store {
    /// The moment is that of the first read.
    pub async fn snapshot(&self) -> Result<Snapshot> {
        let connection = match &self.engine {
            Engine::Sqlite { readers, .. } => Connection::Sqlite(readers.begin().await?),
            Engine::Postgres(pool) => {
                let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
                Connection::Postgres(pool.begin_with(begin).await?)
            }
        };
        Ok(Snapshot { connection })
    }
}

impl Snapshot {
    pub fn db(&mut self) -> Either<&mut SqliteConnection, &mut PgConnection> {
        match &mut self.connection {
            Connection::Sqlite(transaction) => Either::Sqlite(&mut *transaction),
            Connection::Postgres(transaction) => Either::Postgres(&mut *transaction),
        }
    }
}
