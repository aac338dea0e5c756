//! A queue with items, labels and people with tokens, and people who answer it over HTTP as fast as they are let.

use domain::permission::{Actor, Role, Roles, Scope};
use domain::project::{Settings, Task};
use domain::source::{Format, Mapping};
use domain::taxonomy::{Label, Taxonomy};
use domain::{LabelId, ProjectId, QueueId};
use serde_json::{Value, json};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use store::{Clock, Error, Store};
use tokio::sync::watch;
use uuid::Uuid;
use workflow::Instance;

/// The short name of the project.
pub const SLUG: &str = "load";

/// What the people need to know.
pub struct Scene {
    pub queue: QueueId,
    pub labels: Vec<LabelId>,
    pub tokens: Vec<String>,
    /// The token of a person who may import and cut releases.
    pub owner: String,
    /// How many answers were confirmed so far. A test waits for a number of them.
    pub n_confirmed: watch::Sender<usize>,
}

/// The installation in a folder, or in a PostgreSQL database.
pub async fn open(data: &Path, url: Option<&str>) -> Instance {
    let store = match url {
        Some(url) => Store::open_postgres(url, Clock::System).await,
        None => Store::open_sqlite(&data.join("assay.db"), Clock::System).await,
    };
    Instance::new(store.expect("the store opens"), data)
}

/// A project with items, ten labels, an open queue, and people with tokens.
pub async fn prepare(instance: &Instance, n_people: usize, n_items: usize, overlap: u32) -> Scene {
    let project = project(instance).await;
    let taxonomy = Taxonomy {
        labels: (0..10)
            .map(|i| Label { hue: i, ..Label::named(instance.store.next_id(), &format!("label {i}")) })
            .collect(),
        ordered: false,
    };
    let labels = taxonomy.labels.iter().map(|l| l.id).collect();
    let publish = instance.store.write(move |tx| {
        Box::pin(async move {
            tx.publish_taxonomy(project, None, taxonomy, "", None).await?;
            Ok::<_, Error>(())
        })
    });
    publish.await.expect("the taxonomy");
    import(instance, project, n_items).await;
    let setup = workflow::label::queues::Setup {
        name: "load".to_owned(),
        plan: domain::queue::Plan { overlap, ..Default::default() },
        ..Default::default()
    };
    let queue =
        workflow::label::queues::create(instance, &Actor::OPERATOR, project, setup).await.expect("the queue");
    workflow::label::queues::fill(instance, queue, None)
        .await
        .map_err(|halt| format!("{halt:?}"))
        .expect("its members");
    let mut tokens = Vec::new();
    for i in 0..n_people.max(1) {
        tokens.push(person(instance, project, &format!("p{i}"), Role::Annotator, Scope::Label).await);
    }
    let owner = person(instance, project, "owner", Role::Owner, Scope::Write).await;
    Scene { queue, labels, tokens, owner, n_confirmed: watch::Sender::new(0) }
}

/// A person with a role, as the page adds people: one by one, each in a transaction and a millisecond of their own.
/// Ids carry the millisecond, and counts are spread by id: people who all came at once would be spread otherwise than
/// they are in life. Returns the secret of their token.
pub async fn person(instance: &Instance, project: ProjectId, name: &str, role: Role, scope: Scope) -> String {
    let before = instance.store.now().0 / 1000;
    while instance.store.now().0 / 1000 == before {
        // A clock that stands still is moved.
        instance.store.clock().advance(1);
        tokio::task::yield_now().await;
    }
    let newcomer = workflow::site::people::Newcomer {
        name: name.to_owned(),
        email: format!("{name}@load.test"),
        password: None,
        admin: false,
    };
    let person = workflow::site::people::add(instance, &Actor::OPERATOR, newcomer)
        .await
        .expect("a new e-mail address");
    let token = format!("assay_load_{name}");
    let hash = workflow::site::who::token_hash(&token);
    let settle = instance.store.write(move |tx| {
        Box::pin(async move {
            tx.set_roles(project, person, Roles::of(&[role])).await?;
            tx.add_token(project, person, "load", &hash, scope, None).await?;
            Ok::<_, Error>(())
        })
    });
    settle.await.expect("their role and token");
    token
}

async fn import(instance: &Instance, project: ProjectId, n: usize) {
    let inbox = sample::messages(7, 1_793_610_000_000_000).take(n);
    let mut file = Vec::new();
    sample::write_jsonl(&mut file, inbox, sample::Truth::Hidden).expect("a file in memory");
    let file = Arc::new(file);
    let look =
        workflow::data::import::look(&file[..file.len().min(1 << 16)], Some(Format::Jsonl)).expect("rows");
    let bring = workflow::data::import::Bring {
        project,
        name: "load.jsonl".to_owned(),
        format: Format::Jsonl,
        mapping: Mapping {
            text: "text".to_owned(),
            id: Some("external_id".to_owned()),
            dates: None,
            event_time: Some("event_at".to_owned()),
            group: Some("customer".to_owned()),
            label: None,
            ignore: Vec::new(),
        },
        bytes: Some(file.len() as u64),
        open: Arc::new(move || {
            Ok(Box::new(std::io::Cursor::new(SharedBytes(file.clone()))) as Box<dyn Read + Send>)
        }),
    };
    let source =
        workflow::data::import::bring(instance, &Actor::OPERATOR, bring, &look, Arc::default(), |_| {}).await;
    source.expect("the import");
}

struct SharedBytes(Arc<Vec<u8>>);

impl AsRef<[u8]> for SharedBytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// An empty project.
pub async fn project(instance: &Instance) -> ProjectId {
    workflow::testbed::project(instance, SLUG, Task::Single, Settings::default()).await
}

#[derive(Default)]
pub struct Measured {
    /// Milliseconds from sending an answer to holding the next item, sorted.
    pub times: Vec<f64>,
    /// Ids of the answers that were confirmed.
    pub confirmed: Vec<Uuid>,
    pub errors: usize,
    /// What the first of them said.
    pub first_error: Option<String>,
    /// From the start to the last answer.
    pub seconds: f64,
    /// A person had nothing left to answer before the time was over.
    pub ran_out: bool,
}

impl Measured {
    pub fn n(&self) -> usize {
        self.times.len()
    }

    pub fn per_second(&self) -> f64 {
        if self.seconds > 0.0 { self.n() as f64 / self.seconds } else { 0.0 }
    }

    /// The time under which this share of the answers lies, in milliseconds.
    pub fn at(&self, share: f64) -> f64 {
        let place = (self.times.len() as f64 * share) as usize;
        self.times.get(place).or(self.times.last()).copied().unwrap_or(0.0)
    }
}

/// How fast people answer.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// Each as soon as the next item is there.
    AsFastAsTheyCan,
    /// So many answers a second by all of them, evenly, whether the server keeps up or not: an answer that is sent late
    /// because the one before it came back late has waited since it was due.
    PerSecond(f64),
}

/// All of them at once, for so long.
pub async fn run(address: &str, scene: &Scene, people: usize, pace: Pace, seconds: f64) -> Measured {
    let stop = Arc::new(AtomicBool::new(false));
    let bell = {
        let stop = stop.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
            stop.store(true, Ordering::Relaxed);
        })
    };
    let measured = run_until(address, scene, people, pace, stop).await;
    bell.abort();
    measured
}

/// All of them at once, until they are told to stop or nothing is left.
pub async fn run_until(
    address: &str,
    scene: &Scene,
    people: usize,
    pace: Pace,
    stop: Arc<AtomicBool>,
) -> Measured {
    let start = Instant::now();
    let tasks: Vec<_> = (0..people)
        .map(|i| {
            let url = format!("{address}/api/v1/projects/{SLUG}/queues/{}/next", scene.queue);
            let (token, labels) = (scene.tokens[i].clone(), scene.labels.clone());
            let (told, stop) = (scene.n_confirmed.clone(), stop.clone());
            let beat = match pace {
                Pace::AsFastAsTheyCan => None,
                Pace::PerSecond(n) => {
                    let gap = Duration::from_secs_f64(people as f64 / n);
                    Some((start + WARM_UP + gap.mul_f64(i as f64 / people as f64), gap))
                }
            };
            let start = if beat.is_some() { start + WARM_UP } else { start };
            tokio::spawn(async move { answers(&url, &token, &labels, beat, start, &stop, &told).await })
        })
        .collect();
    let mut all = Measured::default();
    for task in tasks {
        let one = task.await.expect("a person");
        all.times.extend(one.times);
        all.confirmed.extend(one.confirmed);
        all.errors += one.errors;
        all.first_error = all.first_error.or(one.first_error);
        all.seconds = all.seconds.max(one.seconds);
        all.ran_out |= one.ran_out;
    }
    all.times.sort_by(f64::total_cmp);
    all
}

/// Until everyone who answers at a pace holds their first item.
const WARM_UP: Duration = Duration::from_millis(500);

/// One person: answer what is held and get the next. With a beat, an answer is due then, and after each gap.
async fn answers(
    url: &str,
    token: &str,
    labels: &[LabelId],
    mut beat: Option<(Instant, Duration)>,
    start: Instant,
    stop: &AtomicBool,
    told: &watch::Sender<usize>,
) -> Measured {
    let client = reqwest::Client::new();
    let mut measured = Measured::default();
    // Built once: the load program works on the cores that it measures.
    let empty = client.post(url).bearer_auth(token).json(&json!({})).build().expect("a request");
    let send = async |answers: Vec<Value>| -> Result<Value, String> {
        let mut request = empty.try_clone().expect("a request without a stream");
        *request.body_mut() = Some(json!({ "n": 1, "answers": answers }).to_string().into());
        let response = client.execute(request).await.map_err(|e| e.to_string())?;
        let status = response.status();
        let value: Value = response.json().await.map_err(|e| e.to_string())?;
        if status.is_success() { Ok(value) } else { Err(value.to_string()) }
    };
    let fail = |measured: &mut Measured, error: String| {
        measured.errors += 1;
        measured.first_error.get_or_insert(error);
    };
    let mut held = match send(Vec::new()).await {
        Ok(held) => held,
        Err(error) => {
            fail(&mut measured, error);
            return measured;
        }
    };
    while !stop.load(Ordering::Relaxed) {
        let Some(item) = held["items"].get(0) else {
            measured.ran_out = true;
            break;
        };
        let id = Uuid::now_v7();
        let answer = json!({
            "id": id,
            "assignment": item["assignment"],
            "revision": item["revision"],
            "labels": [labels[measured.n() % labels.len()]],
            "taxonomy_version": held["taxonomy_version"],
            "seconds": 1.0,
        });
        let mut due = Instant::now();
        if let Some((next, gap)) = &mut beat {
            tokio::time::sleep_until((*next).into()).await;
            due = *next;
            *next += *gap;
        }
        match send(vec![answer]).await {
            Ok(next) if next["answers"][0].get("ok").is_some() => {
                measured.times.push(due.elapsed().as_secs_f64() * 1e3);
                measured.seconds = start.elapsed().as_secs_f64();
                measured.confirmed.push(id);
                told.send_modify(|n| *n += 1);
                held = next;
            }
            Ok(next) => {
                fail(&mut measured, next["answers"].to_string());
                break;
            }
            Err(error) => {
                fail(&mut measured, error);
                break;
            }
        }
    }
    measured
}
