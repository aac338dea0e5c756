//! People who answer while the same server takes in a file and cuts releases.

use crate::load::told;
use http::header;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tests::scene::{self, Pace, SLUG, Scene};

const LOOK: Duration = Duration::from_millis(100);

/// People answer for so long at most: if the work beside them is not done by then, it waits behind them.
const MOST: Duration = Duration::from_secs(60);

/// Measures while an import of so many rows, all new, runs, and releases are cut one after another beside it.
pub async fn beside(
    address: &str,
    scene: &Scene,
    people: usize,
    pace: Pace,
    held: usize,
    rows: usize,
) -> Value {
    let file = new_rows(held, rows);
    let owner = Owner::new(address, &scene.owner);
    let stop = Arc::new(AtomicBool::new(false));
    let enough = {
        let stop = stop.clone();
        tokio::spawn(async move {
            tokio::time::sleep(MOST).await;
            stop.store(true, Ordering::Relaxed);
        })
    };
    let (measured, (import, releases, outlasted)) =
        tokio::join!(scene::run_until(address, scene, people, pace, stop.clone()), async {
            let import_is_done = AtomicBool::new(false);
            let (import, releases) = tokio::join!(
                async {
                    let seconds = owner.import(file, rows).await;
                    import_is_done.store(true, Ordering::Relaxed);
                    seconds
                },
                owner.releases(&import_is_done),
            );
            (import, releases, stop.swap(true, Ordering::Relaxed))
        });
    enough.abort();
    let mut value = told(&measured);
    value["import_rows"] = json!(rows);
    value["import_seconds"] = json!(import);
    value["releases"] = json!(releases);
    value["outlasted"] = json!(outlasted);
    value
}

/// A file of rows that the installation does not have: those that come after the ones it was made with.
fn new_rows(held: usize, rows: usize) -> Vec<u8> {
    let inbox = sample::messages(7, 1_793_610_000_000_000).skip(held).take(rows);
    let mut file = Vec::new();
    sample::write_jsonl(&mut file, inbox, sample::Truth::Hidden).expect("a file in memory");
    file
}

/// A person with a token who may import and release.
struct Owner<'a> {
    client: reqwest::Client,
    address: &'a str,
    token: &'a str,
}

impl<'a> Owner<'a> {
    fn new(address: &'a str, token: &'a str) -> Owner<'a> {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
        Owner { client: client.expect("a client"), address, token }
    }

    /// Sends the file and waits until it is in. Returns the seconds it took.
    async fn import(&self, file: Vec<u8>, rows: usize) -> f64 {
        let start = Instant::now();
        let path = format!(
            "/api/v1/projects/{SLUG}/items?text=text&id=external_id&event_time=event_at&group=customer"
        );
        let sent = self.client.post(format!("{}{path}", self.address)).bearer_auth(self.token).body(file);
        let mut source: Value = sent.send().await.expect("an answer").json().await.expect("JSON");
        while source["state"] != "done" {
            let under_way = matches!(source["state"].as_str(), Some("preview" | "running"));
            assert!(under_way, "the import came to nothing: {source}");
            tokio::time::sleep(LOOK).await;
            source = self.get(&format!("/api/v1/projects/{SLUG}/sources/{}", source["id"])).await;
        }
        assert_eq!(source["counts"]["new"], rows, "{source}");
        start.elapsed().as_secs_f64()
    }

    /// Cuts releases, one after another and at least one, until the import is done. Returns rows and seconds of each.
    async fn releases(&self, import_is_done: &AtomicBool) -> Vec<Value> {
        let mut cut = Vec::new();
        while cut.is_empty() || !import_is_done.load(Ordering::Relaxed) {
            let start = Instant::now();
            let n_rows = self.release().await;
            cut.push(json!({ "rows": n_rows, "seconds": start.elapsed().as_secs_f64() }));
        }
        cut
    }

    async fn release(&self) -> Value {
        let form = self
            .client
            .post(format!("{}/p/{SLUG}/releases/new", self.address))
            .bearer_auth(self.token)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body("name=beside&states=agreed&states=adjudicated");
        let answer = form.send().await.expect("an answer");
        let to = answer.headers().get(header::LOCATION).and_then(|to| to.to_str().ok()).unwrap_or_default();
        let number: u64 = to
            .rsplit('/')
            .next()
            .and_then(|number| number.parse().ok())
            .unwrap_or_else(|| panic!("no release was made: {answer:?}"));
        loop {
            let release = self.get(&format!("/api/v1/projects/{SLUG}/releases/{number}")).await;
            match release["state"].as_str() {
                Some("done") => return release["n_rows"].clone(),
                Some("cutting") => tokio::time::sleep(LOOK).await,
                _ => panic!("the release came to nothing: {release}"),
            }
        }
    }

    async fn get(&self, path: &str) -> Value {
        let sent = self.client.get(format!("{}{path}", self.address)).bearer_auth(self.token);
        sent.send().await.expect("an answer").json().await.expect("JSON")
    }
}
