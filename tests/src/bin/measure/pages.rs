//! Every page and list of a large project, read by a person who may see all of them.

use domain::{PersonId, QueueId};
use http::header;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use store::site::sessions::{PERSON, Sessions};
use tests::pages::{Known, every};
use tests::scene::SLUG;
use workflow::Instance;

/// Requests of each page, after the first.
const REQUESTS: usize = 20;

/// Words that people might look for: taken from the texts themselves.
pub struct Words(Vec<String>);

impl Words {
    /// One word out of each of some texts across the pile, and every second time two.
    pub fn of(n: usize, seed: u64, end_micros: i64) -> Words {
        let step = (n / REQUESTS).max(1);
        let texts = sample::messages(seed, end_micros).take(n).step_by(step).take(REQUESTS);
        let pick = |(at, message): (usize, sample::Message)| {
            let letters = |word: &&str| word.len() > 4 && word.chars().all(|c| c.is_ascii_lowercase());
            let words: Vec<&str> = message.text.split_whitespace().filter(letters).collect();
            let wanted = 1 + at % 2;
            let from = at % words.len().max(1);
            words
                .iter()
                .cycle()
                .skip(from)
                .take(wanted.min(words.len()))
                .copied()
                .collect::<Vec<_>>()
                .join(" ")
        };
        Words(texts.enumerate().map(pick).filter(|words| !words.is_empty()).collect())
    }
}

/// A person with a session, as a browser holds it.
pub struct Reader {
    client: reqwest::Client,
    cookie: String,
}

impl Reader {
    /// An admin who signed in.
    pub async fn admin(instance: &Instance) -> Reader {
        use tower_sessions::SessionStore;
        use tower_sessions::cookie::time::{Duration, OffsetDateTime};
        use tower_sessions::session::{Id, Record};
        let newcomer = workflow::site::people::Newcomer {
            name: "Reader".to_owned(),
            email: "reader@load.test".to_owned(),
            password: None,
            admin: true,
        };
        let operator = &domain::permission::Actor::OPERATOR;
        let person: PersonId =
            workflow::site::people::add(instance, operator, newcomer).await.expect("a person");
        let mut record = Record {
            id: Id::default(),
            data: [(PERSON.to_owned(), json!(person))].into(),
            expiry_date: OffsetDateTime::now_utc() + Duration::days(1),
        };
        Sessions(instance.store.clone()).create(&mut record).await.expect("a session");
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
        Reader { client: client.expect("a client"), cookie: format!("assay={}", record.id) }
    }

    pub async fn health(&self, address: &str) {
        let answer = self.client.get(format!("{address}/health")).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{answer:?}");
    }

    /// Makes a queue over every item and waits until it is open. Returns it, and the seconds it took.
    pub async fn queue(&self, address: &str) -> (QueueId, f64) {
        let start = Instant::now();
        let form =
            "name=All&strategy=random&overlap=1&control_share=20&lease=30&state=&source=&field=&value=&note=";
        let made = self
            .client
            .post(format!("{address}/p/{SLUG}/queues/new"))
            .header(header::COOKIE, &self.cookie)
            .header(header::ORIGIN, address)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form);
        let made = made.send().await.expect("an answer");
        let to = made.headers().get(header::LOCATION).and_then(|to| to.to_str().ok()).unwrap_or_default();
        let queue: i64 = to
            .rsplit('/')
            .next()
            .and_then(|id| id.parse().ok())
            .unwrap_or_else(|| panic!("no queue was made: {made:?}"));
        while !self.page(address, &format!("/p/{SLUG}/queues")).await.contains("class=\"state open\"") {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        (QueueId(queue), start.elapsed().as_secs_f64())
    }

    /// Milliseconds of every page and list.
    pub async fn pages(&self, address: &str, known: &Known, queue: QueueId) -> Vec<Value> {
        let mut measured = Vec::new();
        for (what, path) in every(known, queue) {
            measured.push(self.time(address, what, std::slice::from_ref(&path)).await);
        }
        measured
    }

    /// Milliseconds of the list of items with words, each time others.
    pub async fn search(&self, address: &str, words: &Words) -> Value {
        let path = |words: &String| format!("/p/{SLUG}/items?q={}", app::web::guard::percent_encoded(words));
        let paths: Vec<String> = words.0.iter().map(path).collect();
        self.time(address, "Items with words", &paths).await
    }

    /// Asks in turns for these paths: once without counting, then so often.
    async fn time(&self, address: &str, what: &str, paths: &[String]) -> Value {
        let mut times = Vec::new();
        let mut bytes = 0;
        for path in paths.iter().cycle().take(REQUESTS + 1) {
            let start = Instant::now();
            bytes = self.page(address, path).await.len();
            times.push(start.elapsed().as_secs_f64() * 1e3);
        }
        let first = times.remove(0);
        times.sort_by(f64::total_cmp);
        // The smallest time that so large a share does not exceed.
        let at = |share: f64| times[(times.len() as f64 * share).ceil() as usize - 1];
        json!({ "what": what, "first_ms": first, "p50_ms": at(0.5), "p95_ms": at(0.95), "bytes": bytes })
    }

    async fn page(&self, address: &str, path: &str) -> String {
        let get = self.client.get(format!("{address}{path}")).header(header::COOKIE, &self.cookie);
        let answer = get.send().await.expect("an answer");
        let status = answer.status();
        let text = answer.text().await.expect("its text");
        assert!(status.is_success(), "{path}: {status} {text}");
        text
    }
}
