//! Killed in the middle of work, an installation loses nothing that it confirmed and breaks no promise.
//!
//! A few times here; `cargo xtask bench kills` does it fifty times. Needs the program `assay` beside the tests, which
//! `cargo xtask test` builds first.

use tests::kills::killed_again_and_again;

const KILLS: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    let confirmed = killed_again_and_again(None, KILLS).await;
    assert!(confirmed > 0, "nobody got an answer in");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    if let Some(url) = store::testing::postgres_url().await {
        let confirmed = killed_again_and_again(Some(url), KILLS).await;
        assert!(confirmed > 0, "nobody got an answer in");
    }
}
