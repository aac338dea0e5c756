//! Stores for tests: every test runs on both engines from one body, see [`both!`].

use crate::{Clock, Store};
use domain::Time;
use std::sync::atomic::{AtomicU32, Ordering};

/// 2026-11-02T09:00:00Z: the start time of every test.
pub const START: Time = Time(1_793_610_000_000_000);

/// A project with the id 1, for tests below the workflows that make projects.
pub const PROJECT: &str = "INSERT INTO project (id, slug, name, task, settings, created_at) VALUES (1, 'p', 'P', 'single', '{}', 0)";

static N: AtomicU32 = AtomicU32::new(0);

/// An empty SQLite store in a temporary folder, with a manual clock. Dropping the guard deletes the folder.
pub async fn sqlite() -> (Store, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = Store::open_sqlite(&folder.path().join("assay.db"), Clock::manual(START)).await;
    (store.expect("an empty SQLite store"), folder)
}

/// An empty PostgreSQL store in a schema of its own, if `ASSAY_TEST_POSTGRES` names a server.
pub async fn postgres() -> Option<(Store, tempfile::TempDir)> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = postgres_url().await?;
    let store = Store::open_postgres(&url, Clock::manual(START)).await.expect("an empty PostgreSQL store");
    Some((store, folder))
}

/// The address of a fresh schema on the test server. Without a server it prints a note, and the caller skips its test.
/// If `ASSAY_REQUIRE_POSTGRES` is set, the test fails instead.
pub async fn postgres_url() -> Option<String> {
    use sqlx::{Connection, Executor};
    let Ok(url) = std::env::var("ASSAY_TEST_POSTGRES") else {
        let required = std::env::var_os("ASSAY_REQUIRE_POSTGRES").is_some_and(|value| value != "0");
        assert!(
            !required,
            "ASSAY_REQUIRE_POSTGRES is set and ASSAY_TEST_POSTGRES names no server: name one, or unset the first"
        );
        eprintln!("left out: ASSAY_TEST_POSTGRES names no server");
        return None;
    };
    let mut connection = sqlx::PgConnection::connect(&url).await.expect("the test PostgreSQL server");
    let schema = format!("t{}_{}", std::process::id(), N.fetch_add(1, Ordering::SeqCst));
    let create = format!("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}");
    connection.execute(sqlx::AssertSqlSafe(create)).await.expect("a schema for the test");
    let separator = if url.contains('?') { '&' } else { '?' };
    Some(format!("{url}{separator}options=-csearch_path%3D{schema}"))
}

/// Runs a test's own statements, all or none.
pub async fn run(store: &Store, statements: &[&str]) {
    let statements: Vec<String> = statements.iter().map(|s| (*s).to_owned()).collect();
    let done: crate::Result<()> = store
        .write(move |tx| {
            Box::pin(async move {
                for statement in statements {
                    let statement = sqlx::AssertSqlSafe(statement);
                    crate::on!(tx, |db| sqlx::query(statement).execute(db).await.map(|_| ()))?;
                }
                Ok(())
            })
        })
        .await;
    done.expect("the statements of a test");
}

/// Forces a PostgreSQL checkpoint: log contents are written to the data files, and old log files are reused.
pub async fn checkpoint(url: &str) {
    use sqlx::{Connection, Executor};
    let mut connection = sqlx::PgConnection::connect(url).await.expect("the PostgreSQL server");
    connection.execute("CHECKPOINT").await.expect("a checkpoint");
}

/// Reads one number from the database.
pub async fn number(store: &Store, query: &'static str) -> i64 {
    crate::on!(store, |db| sqlx::query_scalar(query).fetch_one(db).await).expect("a number")
}

/// Writes one test for each engine from one body:
/// `both!(async fn an_import_twice_changes_nothing(store: Store) { … });`. The PostgreSQL half needs a server, see
/// [`postgres_url`](testing::postgres_url).
#[macro_export]
macro_rules! both {
    ($(async fn $name:ident($store:ident: Store) $body:block)+) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn story($store: $crate::Store) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let (store, _folder) = $crate::testing::sqlite().await;
                story(store).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some((store, _folder)) = $crate::testing::postgres().await {
                    story(store).await;
                }
            }
        }
    )+};
}
