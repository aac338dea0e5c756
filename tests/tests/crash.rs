//! Killed in the middle of work, an installation loses nothing that it confirmed and breaks no promise.
//!
//! `ASSAY_KILLS` says how often (a few by default; the benchmark run says fifty). Needs the program `assay` beside the
//! tests, which `cargo xtask test` builds first.

use rand::{Rng, SeedableRng};
use std::collections::BTreeSet;
use tests::scene;
use tests::server::{Server, beside};
use uuid::Uuid;
use workflow::doctor::Depth;

async fn killed_again_and_again(url: Option<String>) {
    let kills: u64 = std::env::var("ASSAY_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(3);
    let place = tempfile::tempdir_in(beside()).expect("a folder for the data");
    let house = scene::open(place.path(), url.as_deref()).await;
    let n_items = 2_000 + 800 * kills as usize;
    let scene = scene::prepare(&house, 8, n_items, 2).await;
    house.store.close().await;
    drop(house);
    let mut confirmed: BTreeSet<Uuid> = BTreeSet::new();
    let mut moments = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(9);
    for _ in 0..kills {
        let server = Server::start(place.path(), url.as_deref());
        let address = server.address.clone();
        let people = scene::run(&address, &scene, 8, 60.0);
        // The moment is drawn: so many answers from now, in the middle of those that are under way.
        let enough = *scene.n_confirmed.borrow() + moments.gen_range(1..600);
        let mut told = scene.n_confirmed.subscribe();
        let killer = async move {
            let _ = told.wait_for(|n| *n >= enough).await;
            server.kill();
        };
        let (measured, ()) = tokio::join!(people, killer);
        confirmed.extend(measured.confirmed);
    }
    assert!(!confirmed.is_empty(), "nobody got an answer in");
    let house = scene::open(place.path(), url.as_deref()).await;
    let ids: Vec<String> = confirmed.iter().map(Uuid::to_string).collect();
    let kept = house.store.kept_answers(&ids).await.expect("the answers");
    assert_eq!(kept.len(), confirmed.len(), "confirmed answers are gone");
    let findings =
        workflow::doctor::examine(&house, Depth::All, |_| {}).await.expect("the promises can be examined");
    assert!(findings.is_empty(), "{findings:#?}");
    house.store.close().await;
    println!("{kills} kills, {} answers confirmed, none lost", confirmed.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    killed_again_and_again(None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    match store::testing::postgres_url().await {
        Some(url) => killed_again_and_again(Some(url)).await,
        None => eprintln!("left out: ASSAY_TEST_POSTGRES names no server"),
    }
}
