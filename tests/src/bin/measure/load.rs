//! So many people at once answer a queue over HTTP; how long they wait, what the server needs for it, and whether every
//! promise is kept afterwards.

use crate::arguments::Arguments;
use crate::settle::settled;
use crate::{beside, tell};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};
use tests::scene::{self, Measured, Pace};
use tests::server::{Server, beside as folder};
use workflow::care::doctor::Depth;

/// Starts that are timed.
const STARTS: usize = 5;

pub async fn load(mut arguments: Arguments) -> Value {
    let (engine, url) = arguments.engine();
    let people: usize = arguments.number("--people", 64);
    let seconds: f64 = arguments.number("--seconds", 20.0);
    let items: usize = arguments.number("--items", 200_000);
    let overlap: u32 = arguments.number("--overlap", 1);
    let rows: usize = arguments.number("--beside", 0);
    let pace: f64 = arguments.number("--pace", 1000.0);
    arguments.end();

    let place = tempfile::tempdir_in(folder()).expect("a folder for the data");
    tell(&format!("{engine}: {items} items, {people} people"));
    let instance = scene::open(place.path(), url.as_deref()).await;
    let scene = scene::prepare(&instance, people, items, overlap).await;
    workflow::care::rebuild::catch_up(&instance).await.expect("the search index");
    instance.store.close().await;
    drop(instance);

    tell("starting and stopping");
    let (starts, server) = started(place.path(), url.as_deref()).await;
    settled(&server, Duration::from_secs(20)).await;
    let idle = server.usage().memory;
    // A PostgreSQL that has just been made writes each file of its log for the first time, and all commits wait for that.
    // One that has been running for some minutes has had checkpoints, after which old files are used again.
    let checkpoint = async || {
        if let Some(url) = &url {
            store::testing::checkpoint(url).await;
        }
    };
    checkpoint().await;
    tell("one person alone");
    let alone = scene::run(&server.address, &scene, 1, Pace::AsFastAsTheyCan, (seconds / 4.0).min(5.0)).await;
    tell(&format!("{people} people as fast as they can"));
    let all = scene::run(&server.address, &scene, people, Pace::AsFastAsTheyCan, seconds).await;
    tell(&format!("{people} people, {pace} answers a second"));
    checkpoint().await;
    // Long enough for what a database does once a minute to be in it once.
    let paced = scene::run(&server.address, &scene, people, Pace::PerSecond(pace), 3.0 * seconds).await;
    let crowd = if rows > 0 {
        tell(&format!("{people} people beside an import of {rows} rows and releases"));
        checkpoint().await;
        Some(beside::beside(&server.address, &scene, people, Pace::PerSecond(pace), items, rows).await)
    } else {
        None
    };
    let peak = server.usage().peak;
    server.stop();

    tell("the promises");
    let instance = scene::open(place.path(), url.as_deref()).await;
    let findings = workflow::care::doctor::examine(&instance, Depth::All, |_| {})
        .await
        .expect("the promises can be examined");
    instance.store.close().await;
    for finding in &findings {
        eprintln!("{finding:?}");
    }
    json!({
        "engine": engine,
        "people": people,
        "items": items,
        "start_ms": starts,
        "idle_mb": idle,
        "peak_mb": peak,
        "alone": told(&alone),
        "all": told(&all),
        "pace": pace,
        "paced": told(&paced),
        "beside": crowd,
        "promises_broken": findings.len(),
    })
}

/// Milliseconds from the start of the program to its first answer, several times, in order; and the last of them
/// running.
async fn started(data: &Path, url: Option<&str>) -> (Vec<f64>, Server) {
    let client = reqwest::Client::new();
    let mut times = Vec::new();
    loop {
        let start = Instant::now();
        let server = Server::start(data, url);
        let health = client.get(format!("{}/health", server.address)).send().await.expect("an answer");
        assert!(health.status().is_success(), "the server is not well: {health:?}");
        times.push(start.elapsed().as_secs_f64() * 1e3);
        if times.len() == STARTS {
            times.sort_by(f64::total_cmp);
            return (times, server);
        }
        server.stop();
    }
}

pub fn told(measured: &Measured) -> Value {
    if let Some(error) = &measured.first_error {
        eprintln!("{error}");
    }
    json!({
        "answers": measured.n(),
        "seconds": measured.seconds,
        "per_second": measured.per_second(),
        "p50_ms": measured.at(0.5),
        "p95_ms": measured.at(0.95),
        "p99_ms": measured.at(0.99),
        "worst_ms": measured.at(1.0),
        "errors": measured.errors,
        "ran_out": measured.ran_out,
    })
}
