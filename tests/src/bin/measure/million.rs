//! A pile of a million texts: taking it in, releasing it, and every list over it.

use crate::arguments::Arguments;
use crate::child::{Ran, assay};
use crate::load::told;
use crate::pages::{Reader, Words};
use crate::settle::settled;
use crate::tell;
use domain::ProjectId;
use domain::permission::{Role, Scope};
use domain::taxonomy::{Label, Taxonomy};
use sample::{INTENTS, Truth};
use serde_json::{Value, json};
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use store::Error;
use tests::pages::Known;
use tests::scene::{self, Pace, SLUG, Scene};
use tests::server::{Server, beside};
use workflow::Instance;

const SEED: u64 = 7;
const END_MICROS: i64 = 1_793_610_000_000_000;

pub async fn million(mut arguments: Arguments) -> Value {
    let n: usize = arguments.number("--items", 1_000_000);
    arguments.end();
    let place = tempfile::tempdir_in(beside()).expect("a folder for the data");
    tell(&format!("{n} texts into files"));
    let files = Files::write(place.path(), n);

    let mut imports = Vec::new();
    for (what, file) in [("JSON Lines", &files.jsonl), ("CSV", &files.csv)] {
        tell(&format!("importing {what}, twice"));
        let folder = place.path().join(what);
        prepare(&folder).await;
        let (first, again) = (import(&folder, file, &[]).await, import(&folder, file, &[]).await);
        assert_eq!(first.said["counts"]["new"], n, "{}", first.said);
        assert_eq!(again.said["counts"]["same"], n, "{}", again.said);
        imports.push(imported(what, n, file, &first));
        imports.push(imported(&format!("{what}, the same again"), n, file, &again));
        std::fs::remove_dir_all(&folder).expect("the folder goes");
    }
    tell("importing labels as answers");
    let folder = place.path().join("labeled");
    let project = prepare(&folder).await;
    let labels = ["--label", "intent", "--label-as", "answers", "--person", "Whoever was there"];
    let labeled = import(&folder, &files.labeled, &labels).await;
    assert_eq!(labeled.said["counts"]["answers"], n, "{}", labeled.said);
    imports.push(imported("CSV with labels as answers", n, &files.labeled, &labeled));

    tell("a release of all");
    let release = assay(&folder, &["release", SLUG, "--name", "all", "--json"]).await;
    assert_eq!(release.said["manifest"]["n_rows"], n, "{}", release.said);
    tell("a second opinion on some");
    let labels = ["--label", "intent", "--label-as", "answers", "--person", "Somebody else"];
    let second = import(&folder, &files.second, &labels).await;
    assert_eq!(second.said["counts"]["answers"], Files::n_second(n), "{}", second.said);
    let what = "CSV with labels of a second person for a tenth";
    imports.push(imported(what, Files::n_second(n), &files.second, &second));
    tell("the search index");
    let instance = scene::open(&folder, None).await;
    let index = Instant::now();
    workflow::care::rebuild::catch_up(&instance).await.expect("the search index");
    let index = index.elapsed().as_secs_f64();
    let scene = crew(&instance, project).await;
    let reader = Reader::admin(&instance).await;
    let known = Known::of(&instance, SLUG, project).await;
    instance.store.close().await;
    drop(instance);

    let served = serve(&folder, scene, reader, known, Words::of(n, SEED, END_MICROS)).await;
    tell("doctor");
    let doctor = assay(&folder, &["doctor", "--json"]).await;
    let mut value = json!({
        "items": n,
        "imports": imports,
        "release": { "rows": n, "seconds": release.seconds, "peak_mb": release.peak },
        "index_seconds": index,
        "doctor": { "seconds": doctor.seconds, "fine": doctor.succeeded, "findings": doctor.said },
    });
    for (key, part) in served.as_object().into_iter().flatten() {
        value[key] = part.clone();
    }
    value
}

struct Files {
    jsonl: PathBuf,
    csv: PathBuf,
    labeled: PathBuf,
    /// Some of the same texts as another person would label them. One in ten has another label.
    second: PathBuf,
}

impl Files {
    fn n_second(n: usize) -> usize {
        n / 10
    }

    fn write(folder: &Path, n: usize) -> Files {
        let texts = || sample::messages(SEED, END_MICROS).take(n);
        let file = |name: &str| {
            let path = folder.join(name);
            let file = BufWriter::new(File::create(&path).expect("a file for texts"));
            (path, file)
        };
        let (jsonl, out) = file("texts.jsonl");
        sample::write_jsonl(out, texts(), Truth::Hidden).expect("texts as JSON Lines");
        let (csv, out) = file("texts.csv");
        sample::write_csv(out, texts(), Truth::Hidden).expect("texts as CSV");
        let (labeled, out) = file("labeled.csv");
        sample::write_csv(out, texts(), Truth::Shown).expect("labeled texts as CSV");
        let otherwise = |(at, message): (usize, sample::Message)| {
            let away = usize::from(at % 10 == 9);
            sample::Message { intent: (message.intent + away) % INTENTS.len(), ..message }
        };
        let (second, out) = file("second.csv");
        sample::write_csv(out, texts().take(Files::n_second(n)).enumerate().map(otherwise), Truth::Shown)
            .expect("texts labeled again as CSV");
        Files { jsonl, csv, labeled, second }
    }
}

/// An installation with a project whose labels are the intents of the texts.
async fn prepare(folder: &Path) -> ProjectId {
    std::fs::create_dir_all(folder).expect("a folder for the data");
    let instance = scene::open(folder, None).await;
    let project = scene::project(&instance).await;
    let label = |(hue, intent): (usize, &sample::Intent)| Label {
        hue: hue as u8 % 10,
        ..Label::named(instance.store.next_id(), intent.key)
    };
    let taxonomy = Taxonomy { labels: INTENTS.iter().enumerate().map(label).collect(), ordered: false };
    let publish = instance.store.write(move |tx| {
        Box::pin(async move {
            tx.publish_taxonomy(project, None, taxonomy, "", None).await?;
            Ok::<_, Error>(())
        })
    });
    publish.await.expect("the taxonomy");
    instance.store.close().await;
    project
}

async fn import(data: &Path, file: &Path, more: &[&str]) -> Ran {
    let file = file.to_str().expect("a path in UTF-8");
    let columns = ["--id", "external_id", "--event-time", "event_at", "--group", "customer"];
    let mut words = vec!["import", SLUG, file, "--text", "text", "--yes", "--json"];
    words.extend(columns);
    words.extend(more);
    let ran = assay(data, &words).await;
    assert!(ran.succeeded, "{}", ran.said);
    ran
}

fn imported(what: &str, n: usize, file: &Path, ran: &Ran) -> Value {
    let bytes = std::fs::metadata(file).expect("the file").len();
    json!({
        "what": what,
        "file_mb": bytes as f64 / 1e6,
        "seconds": ran.seconds,
        "rows_per_second": n as f64 / ran.seconds,
        "peak_mb": ran.peak,
    })
}

/// One person who labels; their queue is made while the installation is served.
async fn crew(instance: &Instance, project: ProjectId) -> Scene {
    let token = scene::person(instance, project, "p0", Role::Annotator, Scope::Label).await;
    let (_, _, taxonomy) =
        instance.store.published_taxonomy(project).await.expect("the taxonomy").expect("it is published");
    let labels = taxonomy.labels.iter().map(|label| label.id).collect();
    Scene {
        queue: domain::QueueId(0),
        labels,
        tokens: vec![token],
        owner: String::new(),
        n_confirmed: tokio::sync::watch::Sender::new(0),
    }
}

/// What the server does over the pile: a queue over all, then every page, then a person who answers.
async fn serve(data: &Path, mut scene: Scene, reader: Reader, known: Known, words: Words) -> Value {
    tell("starting");
    let start = Instant::now();
    let server = Server::start(data, None);
    reader.health(&server.address).await;
    let start = start.elapsed().as_secs_f64() * 1e3;
    settled(&server, Duration::from_secs(60)).await;
    let idle = server.usage().memory;
    tell("a queue over all");
    let (queue, seconds) = reader.queue(&server.address).await;
    scene.queue = queue;
    settled(&server, Duration::from_secs(60)).await;
    tell("every page");
    let listed = reader.pages(&server.address, &known, queue).await;
    tell("search");
    let search = reader.search(&server.address, &words).await;
    tell("one person alone");
    let alone = scene::run(&server.address, &scene, 1, Pace::AsFastAsTheyCan, 3.0).await;
    let peak = server.usage().peak;
    server.stop();
    json!({
        "start_ms": start,
        "idle_mb": idle,
        "peak_mb": peak,
        "queue_seconds": seconds,
        "pages": listed,
        "search": search,
        "alone": told(&alone),
    })
}
