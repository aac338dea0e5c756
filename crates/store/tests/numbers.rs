//! Processes that work on one installation at once never make the same id.

use store::{Clock, Store};

fn number_of(store: &Store) -> i64 {
    (store.next_id::<i64>() >> 6) & 63
}

#[tokio::test]
async fn beside_sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("assay.db");
    let open = || Store::open_sqlite(&file, Clock::System);
    let first = open().await.expect("a store");
    let kept = number_of(&first);
    // Commands come and go while a server stays: its number is passed over each time round.
    for _ in 0..70 {
        let command = open().await.expect("a store");
        assert_ne!(number_of(&command), kept);
        command.close().await;
    }
    let second = open().await.expect("a store");
    assert_ne!(number_of(&second), number_of(&first));
}

#[tokio::test]
async fn in_postgres() {
    let Some(url) = store::testing::postgres_url().await else {
        return;
    };
    let open = || Store::open_postgres(&url, Clock::System);
    let first = open().await.expect("a store");
    let kept = number_of(&first);
    for _ in 0..70 {
        let command = open().await.expect("a store");
        assert_ne!(number_of(&command), kept);
        command.close().await;
    }
}
