//! What earlier versions wrote stays readable: the files of a release, and archives.
//!
//! `tests/fixtures/release-1` and `crates/workflow/fixtures/archive-9.assay` are the story below as the version with
//! schema 9 wrote it. They are never written again: a new format or a schema that changes much gets a fixture of
//! its own. `cargo test -p workflow --test formats -- --ignored --exact write` writes what the present version makes of
//! the story into a folder `fixtures` under cargo's target folder, on SQLite.

use domain::answer::{Said, SkipReason};
use domain::consensus::State;
use domain::permission::{Actor, Role};
use domain::project::{Settings, Task};
use domain::queue::{Plan, Strategy};
use domain::release::Split;
use domain::taxonomy::edit::Edit;
use domain::{ItemId, LabelId, PersonId, QueueId, RevisionId};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use store::engine::ids::Ids;
use store::testing::number;
use store::{Store, both, on};
use workflow::Instance;
use workflow::agree::adjudicate;
use workflow::care::doctor::{Depth, examine};
use workflow::care::{backup, rebuild};
use workflow::design;
use workflow::label::annotate::{self, Rest};
use workflow::label::queues::{self, Setup};
use workflow::release::{self, Manifest, Order, read_manifest};
use workflow::site::{projects, who};
use workflow::testbed::Testbed;

const ANNOTATORS: [&str; 4] = ["Ada", "Ben", "Cleo", "Dan"];
const SLUG: &str = "inbox";
/// What the story leaves.
const N_CONTROL: i64 = 9;
const N_ANSWERS: i64 = 40;
const N_ROWS: i64 = 10;

/// Thirty texts, among them what careless readers break.
fn rows() -> Vec<Value> {
    let odd = [
        "Where is my refund?",
        "=HYPERLINK(\"http://example.org\")",
        "two\nlines, and \"quotes\"",
        "日本語のカード",
        "\tindented",
        "Größe “🙂” \u{301}",
    ];
    (0..30)
        .map(|i| {
            let text = odd.get(i).map_or_else(|| format!("message {i}"), |text| (*text).to_owned());
            let channel = if i % 2 == 0 { "mail" } else { "=chat" };
            let mut row = json!({
                "id": format!("m-{i:02}"),
                "text": text,
                "at": format!("2026-10-{:02}T08:00:00Z", i + 1),
                "channel": channel,
                "score": -(i as i64),
            });
            if i % 5 == 0 {
                row["group"] = json!(format!("customer {}", i % 10));
            }
            row
        })
        .collect()
}

/// A project in the middle of its life: two published versions and a draft, a queue that is half done with a person at
/// every stage, a second queue, a closed one, and a release.
async fn story(store: Store) -> Testbed {
    let ids = Ids::new(1, store.clock().clone());
    let settings =
        Settings { control_share: 0.3, seed: 7, shown_fields: vec!["channel".into()], ..Settings::default() };
    let bed = Testbed::new(store.with_ids(ids), SLUG, Task::Single, settings).await;
    let (instance, owner, project) = (&bed.instance, &bed.owner, bed.project);
    let mut people = Vec::new();
    for name in ANNOTATORS {
        people.push(bed.person(name, Role::Annotator).await);
    }
    let engineer = bed.person("Eva", Role::Engineer).await;
    bed.import("mail.jsonl", &rows()).await;
    let labels = bed.publish(&["refund", "card", "other"]).await;
    let mut serial = 0;

    let first = Plan { strategy: Strategy::InOrder, overlap: 2, control_share: 0.5, lease_seconds: 600 };
    let first = bed.queue("two people each", first).await;
    // Ada and Ben answer twelve items; they disagree about some.
    for (n, person) in [(12, 0), (12, 1)] {
        for i in 0..n {
            bed.advance(7);
            let served = bed.next(&people[person], first, 1).await.items.remove(0);
            let day = served.event_at.expect("a date").day() as usize;
            let label = labels[(day + usize::from(person == 1 && i % 4 == 3)) % 3];
            serial += 1;
            bed.say(&people[person], &served, Said::Labels(vec![label]), serial).await.expect("an answer");
        }
    }
    // Cleo skips two and takes one answer back; Dan's lease runs out; an engineer answers beside the slots.
    for said in
        [Said::Skip(SkipReason::Unsure), Said::Skip(SkipReason::Broken), Said::Labels(vec![labels[2]])]
    {
        let served = bed.next(&people[2], first, 1).await.items.remove(0);
        serial += 1;
        bed.say(&people[2], &served, said.clone(), serial).await.expect("an answer");
        if matches!(said, Said::Labels(_)) {
            serial += 1;
            bed.say(&people[2], &served, Said::Withdrawn, serial).await.expect("an answer taken back");
        }
    }
    bed.next(&people[3], first, 4).await;
    bed.advance(700);
    let served = bed.next(&engineer, first, 1).await.items.remove(0);
    serial += 1;
    bed.say(&engineer, &served, Said::Labels(vec![labels[0]]), serial)
        .await
        .expect("an answer beside the others");

    let second = bed.queue("one person each", Plan { overlap: 1, ..Plan::default() }).await;
    for person in [2, 3] {
        for _ in 0..5 {
            let served = bed.next(&people[person], second, 1).await.items.remove(0);
            serial += 1;
            bed.say(&people[person], &served, Said::Labels(vec![labels[2]]), serial)
                .await
                .expect("an answer");
        }
    }
    let closed = bed.queue("closed early", Plan::default()).await;
    queues::close(instance, owner, project, closed).await.expect("a closed queue");

    // One of the disagreements is decided.
    let query = "SELECT id, revision_id FROM item WHERE state = 'conflict' ORDER BY id LIMIT 1";
    let (item, revision): (i64, i64) =
        on!(instance.store, |db| sqlx::query_as(query).fetch_one(db).await).expect("a disagreement");
    let decision = adjudicate::Decision {
        item: ItemId(item),
        revision: RevisionId(revision),
        labels: vec![labels[1]],
        note: "It is about the card".to_owned(),
    };
    adjudicate::decide(instance, owner, project, decision).await.expect("a decision");

    bed.publish(&["delivery"]).await;
    workflow::jobs::run_all(instance).await.expect("the jobs");
    let order = Order { name: "first".into(), states: vec![State::Agreed, State::Adjudicated] };
    release::cut_now(instance, owner, project, &order, &|_, _| ()).await.expect("a release");
    let edit = design::draft(instance, owner, project).await.expect("a draft").edit;
    design::edit(instance, owner, project, edit, Edit::Remove(labels[0])).await.expect("an edit");

    // Where people are at the moment of the backup: Ada and Ben hold items, Cleo and Dan hold none.
    bed.advance(60);
    bed.next(&people[0], first, 2).await;
    bed.next(&people[1], first, 1).await;
    bed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "writes the fixtures of the present version"]
async fn write() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder").join("fixtures");
    std::fs::create_dir_all(&target).expect("a folder");
    let (store, _folder) = store::testing::sqlite().await;
    let bed = story(store).await;
    let schema = bed.instance.store.schema_number().await.expect("a number");
    let archive = target.join(format!("archive-{schema}.assay"));
    backup::backup_file(&bed.instance, &archive, |_, _| {}).await.expect("a backup");
    let folder =
        release::write_to_dir(&bed.instance, &bed.owner, bed.project, 1, &target).await.expect("a release");
    println!("{}\n{}", archive.display(), folder.display());
}

fn release_1() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/release-1")
}

fn file(path: &str) -> Vec<u8> {
    std::fs::read(release_1().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The lines of a file, each a JSON object.
fn lines(path: &str) -> Vec<Value> {
    let text = String::from_utf8(file(path)).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("a JSON object")).collect()
}

fn manifest() -> Manifest {
    read_manifest(&file("manifest.json")).expect("a manifest")
}

#[test]
fn the_manifest_of_the_first_format_is_read() {
    let manifest = manifest();
    assert_eq!(
        (manifest.format, manifest.project.slug.as_str(), manifest.project.task),
        (1, SLUG, Task::Single)
    );
    assert_eq!(manifest.states, [State::Adjudicated, State::Agreed]);
    assert_eq!((manifest.n_rows, manifest.n_left_out), (N_ROWS, 0));
    assert_eq!(manifest.splits.iter().map(|s| s.n_rows).sum::<i64>(), N_ROWS);
    let labels: Vec<&str> = manifest.splits[0].labels.iter().map(|l| l.name.as_str()).collect();
    assert_eq!(labels, ["refund", "card", "delivery", "other"]);
    assert_eq!(manifest.lineage.taxonomy_version, 2);
    assert_eq!(manifest.lineage.sources.len(), 1);
    let queues: Vec<&str> = manifest.lineage.queues.iter().map(|q| q.name.as_str()).collect();
    assert_eq!(queues, ["two people each", "one person each"]);
}

#[test]
fn the_files_of_the_first_format_are_what_their_manifest_says() {
    let manifest = manifest();
    let mut named: Vec<String> = manifest.files.iter().map(|f| f.path.clone()).collect();
    for named in &manifest.files {
        let bytes = file(&named.path);
        assert_eq!(blake3::hash(&bytes).to_hex().as_str(), named.blake3, "{}", named.path);
        assert_eq!(bytes.len() as i64, named.bytes, "{}", named.path);
        let rows = match named.path.rsplit_once('.') {
            Some((_, "jsonl")) => Some(lines(&named.path).len()),
            Some((_, "csv")) => Some(csv::Reader::from_reader(bytes.as_slice()).records().count()),
            _ => None,
        };
        assert_eq!(rows.map(|n| n as i64), named.rows, "{}", named.path);
    }
    named.push("manifest.json".to_owned());
    named.sort();
    let mut there: Vec<String> = std::fs::read_dir(release_1())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
        .collect();
    there.sort();
    assert_eq!(there, named);
}

#[test]
fn the_rows_of_the_first_format_say_the_same_in_both_kinds_of_file() {
    let manifest = manifest();
    let ids: BTreeMap<String, LabelId> =
        manifest.splits[0].labels.iter().map(|l| (l.name.clone(), l.id)).collect();
    let mut rows = BTreeMap::new();
    for split in &manifest.splits {
        let name = split.split.as_str();
        let json = lines(&format!("{name}.jsonl"));
        let csv = file(&format!("{name}.csv"));
        let mut csv = csv::Reader::from_reader(csv.as_slice());
        let table: Vec<BTreeMap<String, String>> = csv.deserialize().map(|row| row.expect("a row")).collect();
        assert_eq!(json.len() as i64, split.n_rows);
        assert_eq!(json.iter().filter(|row| row["control"] == true).count() as i64, split.n_control);
        assert!(split.split != Split::Train || split.n_control == 0);
        for label in &split.labels {
            assert_eq!(json.iter().filter(|row| row["label"] == label.name.as_str()).count() as i64, label.n);
        }
        for (row, cells) in json.iter().zip(&table) {
            let text = row["text"].as_str().expect("a text");
            let plain = cells["text"].strip_prefix('\'').unwrap_or(&cells["text"]);
            assert_eq!((&cells["id"], plain), (&row["id"].as_str().expect("an id").to_owned(), text));
            assert_eq!(cells["label"], row["label"].as_str().expect("a label"));
            assert_eq!(ids[&cells["label"]], LabelId(row["label_id"].as_i64().expect("an id")));
            assert_eq!(cells["label_id"], row["label_id"].to_string());
            assert_eq!(cells["n_answers"], row["n_answers"].to_string());
            assert!(row["fields"]["score"].is_string(), "{row}");
            rows.insert(cells["id"].clone(), text.to_owned());
        }
    }
    assert_eq!(rows.len() as i64, N_ROWS);
    assert_eq!(rows["m-02"], "two\nlines, and \"quotes\"");
    let answers = lines("answers.jsonl");
    assert_eq!(answers.len() as i64, manifest.lineage.n_answers);
    for answer in answers {
        assert!(rows.contains_key(answer["item"].as_str().expect("an item")), "{answer}");
        assert!(answer["annotator"].is_i64() && answer["label_ids"].is_array(), "{answer}");
    }
    let taxonomy: Value = serde_json::from_slice(&file("taxonomy.json")).expect("JSON");
    assert_eq!(taxonomy["labels"].as_array().map(Vec::len), Some(4), "{taxonomy}");
}

/// Who said something of which item in a queue.
async fn answered(store: &Store, queue: QueueId) -> BTreeSet<(i64, i64)> {
    let query = "SELECT person_id, item_id FROM answer WHERE queue_id = $1";
    let rows: Vec<(i64, i64)> =
        on!(store, |db| sqlx::query_as(query).bind(queue.0).fetch_all(db).await).expect("answers");
    rows.into_iter().collect()
}

/// A person goes on until a queue has nothing for them, and never gets an item that they answered before.
async fn goes_on(bed: &Restored, person: &Actor, queue: QueueId, serial: &mut u64) {
    loop {
        let batch = annotate::next(&bed.instance, person, bed.project, queue, 1).await.expect("a batch");
        let Some(served) = batch.items.first() else {
            assert!(matches!(batch.rest, Rest::Done | Rest::Waiting), "{:?}", batch.rest);
            return;
        };
        let before = answered(&bed.instance.store, queue).await;
        assert!(
            !before.contains(&(person.person.0, served.item.0)),
            "{} again for {}",
            served.item,
            person.person
        );
        let submission = annotate::Submission {
            id: workflow::testbed::answer_id(*serial),
            assignment: served.assignment,
            revision: served.revision,
            said: Said::Labels(vec![bed.label]),
            version: batch.version,
            seconds: None,
            note: None,
            confidence: None,
        };
        *serial += 1;
        let receipt =
            annotate::submit(&bed.instance, person, bed.project, submission).await.expect("an answer");
        assert_eq!(receipt.why, None);
    }
}

struct Restored {
    instance: Instance,
    project: domain::ProjectId,
    label: LabelId,
}

both! {
    async fn labeling_goes_on_in_an_archive_of_schema_9(store: Store) {
        let archive = include_bytes!("../fixtures/archive-9.assay");
        let folder = tempfile::tempdir().expect("a folder");
        // An hour after the backup: what people held then has run out.
        store.clock().advance(3_600);
        let instance = Instance::new(store.clone(), folder.path());
        let read = backup::restore(&instance, &archive[..], |_, _| {}).await.expect("a restore");
        assert!(read.missing.is_empty() && read.repaired.is_empty(), "{read:?}");
        assert_eq!(number(&store, "SELECT COUNT(*) FROM item").await, 30);
        assert_eq!(number(&store, "SELECT COUNT(*) FROM item WHERE control").await, N_CONTROL);
        assert_eq!(number(&store, "SELECT COUNT(*) FROM queue").await, 3);
        assert_eq!(number(&store, "SELECT COUNT(*) FROM answer").await, N_ANSWERS);
        assert_eq!(number(&store, "SELECT COUNT(*) FROM release_row").await, N_ROWS);
        assert_eq!(examine(&instance, Depth::All, |_| {}).await.expect("to look"), []);

        let project = projects::by_slug(&instance, &Actor::OPERATOR, SLUG).await.expect("the project").id;
        let release = release::get(&instance, &Actor::OPERATOR, project, 1).await.expect("a release");
        assert_eq!(release.manifest.expect("a manifest"), manifest());
        assert!(release::verify(&instance, &Actor::OPERATOR, project, 1).await.expect("files").is_empty());
        let published = design::published(&instance, &Actor::OPERATOR, project).await.expect("a version");
        let published = published.expect("a version");
        assert_eq!(published.number, 2);
        let bed = Restored { instance, project, label: published.taxonomy.labels[1].id };

        let queues = queues::list(&bed.instance, &Actor::OPERATOR, project).await.expect("queues");
        let states: Vec<(&str, &str)> = queues.iter().map(|q| (q.name.as_str(), q.state.as_str())).collect();
        assert_eq!(states, [("closed early", "closed"), ("one person each", "open"), ("two people each", "open")]);
        let (one_each, two_each) = (queues[1].id, queues[2].id);
        let mut people = Vec::new();
        for name in ANNOTATORS {
            let email = format!("{}@example.org", name.to_lowercase());
            let query = "SELECT id FROM person WHERE email = $1";
            let id: i64 = on!(store, |db| sqlx::query_scalar(query).bind(&email).fetch_one(db).await).expect("a person");
            let me = who::by_session(&bed.instance, PersonId(id), Some(SLUG)).await.expect("an answer");
            people.push(me.expect("a person who may sign in").actor);
        }
        // Each of them gets an item that they have not answered, wherever they were.
        let before = answered(&store, two_each).await;
        for person in &people {
            let batch = annotate::next(&bed.instance, person, project, two_each, 1).await.expect("a batch");
            assert_eq!(batch.items.len(), 1);
            assert!(!before.contains(&(person.person.0, batch.items[0].item.0)));
        }
        let mut serial = 1_000;
        for queue in [two_each, one_each] {
            for person in &people {
                goes_on(&bed, person, queue, &mut serial).await;
            }
            let done = queues::view(&bed.instance, &Actor::OPERATOR, project, queue).await.expect("a queue").progress;
            assert_eq!((done.members, done.full, done.answers), (30, 30, done.slots));
        }
        let setup = Setup { name: "after the restore".to_owned(), ..Setup::default() };
        let queue = queues::create(&bed.instance, &Actor::OPERATOR, project, setup).await.expect("a queue");
        workflow::jobs::run_all(&bed.instance).await.expect("the jobs");
        let new = queues::view(&bed.instance, &Actor::OPERATOR, project, queue).await.expect("the queue");
        assert_eq!((new.state.as_str(), new.progress.members), ("open", 30));
        rebuild::catch_up(&bed.instance).await.expect("the index");
        assert_eq!(examine(&bed.instance, Depth::All, |_| {}).await.expect("to look"), []);
    }
}
