//! The load program: so many people at once answer a queue over HTTP, on this machine's loopback, against a server of
//! its own; prints how long they waited, then examines the database for broken promises.
//!
//! `load [--engine sqlite|postgres] [--people 64] [--seconds 20] [--items 60000] [--overlap 1] [--json]`
//! The program `assay` is taken from beside this one, or from `ASSAY_BIN`; PostgreSQL from `ASSAY_BENCH_POSTGRES`, which
//! names an empty database on a server with fsync on.

use serde_json::json;
use std::time::Instant;
use tests::scene::{self, Measured};
use tests::server::{Server, beside};
use workflow::doctor::Depth;

struct Plan {
    postgres: bool,
    people: usize,
    seconds: f64,
    items: usize,
    overlap: u32,
    json: bool,
}

fn plan() -> Plan {
    let args: Vec<String> = std::env::args().collect();
    let value = |name: &str, default: &str| {
        let at = args.iter().position(|a| a == name).and_then(|i| args.get(i + 1));
        at.cloned().unwrap_or_else(|| default.to_owned())
    };
    Plan {
        postgres: value("--engine", "sqlite") == "postgres",
        people: value("--people", "64").parse().expect("--people is a number"),
        seconds: value("--seconds", "20").parse().expect("--seconds is a number"),
        items: value("--items", "60000").parse().expect("--items is a number"),
        overlap: value("--overlap", "1").parse().expect("--overlap is a number"),
        json: args.iter().any(|a| a == "--json"),
    }
}

#[tokio::main]
async fn main() {
    let plan = plan();
    // On the disk that data would be on, never in memory.
    let place = tempfile::tempdir_in(beside()).expect("a folder for the data");
    let url = plan
        .postgres
        .then(|| std::env::var("ASSAY_BENCH_POSTGRES").expect("ASSAY_BENCH_POSTGRES names a database"));
    let house = scene::open(place.path(), url.as_deref()).await;
    let scene = scene::prepare(&house, plan.people, plan.items, plan.overlap).await;
    house.store.close().await;
    drop(house);

    let started = Instant::now();
    let server = Server::start(place.path(), url.as_deref());
    let to_serving = started.elapsed().as_secs_f64() * 1e3;
    let alone: Measured = scene::run(&server.address, &scene, 1, plan.seconds.min(5.0)).await;
    let all = scene::run(&server.address, &scene, plan.people, plan.seconds).await;
    let memory = server.peak_memory();
    server.stop();

    let house = scene::open(place.path(), url.as_deref()).await;
    let findings =
        workflow::doctor::examine(&house, Depth::All, |_| {}).await.expect("the promises can be examined");
    house.store.close().await;
    let rate = all.n() as f64 / plan.seconds;
    let engine = if plan.postgres { "PostgreSQL" } else { "SQLite" };
    if plan.json {
        println!(
            "{}",
            json!({
                "engine": engine, "people": plan.people, "answers_per_s": rate, "errors": all.errors,
                "p50_ms": all.at(0.5), "p95_ms": all.at(0.95), "p99_ms": all.at(0.99),
                "alone_p50_ms": alone.at(0.5), "alone_p99_ms": alone.at(0.99),
                "to_serving_ms": to_serving, "peak_memory_mb": memory, "promises_broken": findings.len(),
            })
        );
    } else {
        println!("engine            {engine}, {} items, overlap {}", plan.items, plan.overlap);
        println!("start to serving  {to_serving:.0} ms");
        println!(
            "one person        p50 {:.2} ms, p99 {:.2} ms (answer and next item)",
            alone.at(0.5),
            alone.at(0.99)
        );
        let (p50, p95, p99) = (all.at(0.5), all.at(0.95), all.at(0.99));
        let who = format!("{} people", plan.people);
        println!(
            "{who:<17} {rate:.0} answers/s, p50 {p50:.2} ms, p95 {p95:.2} ms, p99 {p99:.2} ms, {} errors",
            all.errors
        );
        println!("memory            {memory:.0} MB at most");
        println!("promises          {} broken after {} answers", findings.len(), alone.n() + all.n());
    }
    for finding in &findings {
        eprintln!("{finding:?}");
    }
    if let Some(error) = &all.first_error {
        eprintln!("{error}");
    }
    assert!(findings.is_empty() && all.errors == 0, "a promise was broken or an answer failed");
}
