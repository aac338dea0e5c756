//! A server that is killed again and again while people answer, and what is left afterwards.

use crate::scene;
use crate::server::{Server, beside};
use rand::{Rng, SeedableRng};
use std::collections::BTreeSet;
use uuid::Uuid;
use workflow::care::doctor::Depth;

const PEOPLE: usize = 8;

/// Kills a server so often, at drawn moments, while eight people answer a queue with overlap 2. Then every answer that
/// was confirmed must be there and every promise be kept, or this panics. Returns how many were confirmed.
pub async fn killed_again_and_again(url: Option<String>, kills: usize) -> usize {
    let place = tempfile::tempdir_in(beside()).expect("a folder for the data");
    let instance = scene::open(place.path(), url.as_deref()).await;
    let scene = scene::prepare(&instance, PEOPLE, 2_000 + 800 * kills, 2).await;
    instance.store.close().await;
    drop(instance);
    let mut confirmed: BTreeSet<Uuid> = BTreeSet::new();
    let mut moments = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(9);
    for _ in 0..kills {
        let server = Server::start(place.path(), url.as_deref());
        let address = server.address.clone();
        let people = scene::run(&address, &scene, PEOPLE, scene::Pace::AsFastAsTheyCan, 60.0);
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
    let instance = scene::open(place.path(), url.as_deref()).await;
    let ids: Vec<String> = confirmed.iter().map(Uuid::to_string).collect();
    let kept = instance.store.kept_answers(&ids).await.expect("the answers");
    assert_eq!(kept.len(), confirmed.len(), "confirmed answers are gone");
    let findings = workflow::care::doctor::examine(&instance, Depth::All, |_| {})
        .await
        .expect("the promises can be examined");
    assert!(findings.is_empty(), "{findings:#?}");
    instance.store.close().await;
    confirmed.len()
}
