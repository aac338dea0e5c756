//! A database that can't be written can still be read: after its server ended, and beside one that is stuck.

use domain::ProjectId;
use store::testing::{PROJECT, START, number, run};
use store::{Clock, Error, Store, testing};

async fn is_only_read(store: &Store) {
    let project = store.project(ProjectId(1)).await.expect("a read");
    assert_eq!(project.expect("the project").slug, "p");
    let refused = store.try_to_write().await;
    assert!(matches!(refused, Err(Error::ReadOnly)), "{refused:?}");
    let mut moment = store.snapshot().await.expect("a moment");
    assert!(moment.engine_complaints().await.expect("a look").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_a_server_and_after_it() {
    let (writing, folder) = testing::sqlite().await;
    run(&writing, &[PROJECT]).await;
    let path = folder.path().join("assay.db");
    let beside = Store::open_sqlite_to_read(&path, Clock::manual(START)).await.expect("to open");
    is_only_read(&beside).await;
    run(&writing, &["UPDATE meta SET value = 77 WHERE key = 'change'"]).await;
    assert_eq!(number(&beside, "SELECT value FROM meta WHERE key = 'change'").await, 77);
    beside.close().await;
    writing.close().await;
    let after = Store::open_sqlite_to_read(&path, Clock::manual(START)).await.expect("to open");
    is_only_read(&after).await;
    after.close().await;
}

#[tokio::test]
async fn what_is_not_there_is_not_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("assay.db");
    assert!(Store::open_sqlite_to_read(&path, Clock::manual(START)).await.is_err());
    assert!(!path.exists());
}
