//! Releases, from labels to files that are the same wherever they are cut.

use crate::testbed::{Testbed, sentence};
use domain::ProjectId;
use domain::consensus::State;
use domain::project::Task;
use domain::release::ReleaseState;
use domain::source::{Format, SourceState};
use std::collections::BTreeMap;
use store::engine::ids::Ids;
use store::{Store, both};
use workflow::Error;
use workflow::data::import;
use workflow::jobs;
use workflow::release::*;

fn both_states() -> Order {
    Order { name: "first".into(), states: vec![State::Agreed, State::Adjudicated] }
}

/// Texts with what breaks careless writers; the word before `|` is a group.
const TEXTS: [&str; 12] = [
    "Where is my refund?",
    "=HYPERLINK(\"http://example.org\")",
    "two\nlines, and \"quotes\"",
    "日本語のカード",
    "ada|my card is gone",
    "ada|and my card again",
    "ada|a third time: my card",
    "ben|refund please",
    "Where is my refund?",
    "\tindented",
    "nobody answered this",
    "people do not agree on this",
];

async fn labeled(store: Store, task: Task) -> Testbed {
    let mut bed = Testbed::new(store, task).await;
    bed.import(&TEXTS).await;
    let queue = bed.queue("round one", 2).await;
    for item in 0..10 {
        let label = [item % 3];
        bed.answer(queue, item, item % 2, Some(&label)).await;
        bed.answer(queue, item, 2, Some(&label)).await;
    }
    bed.answer(queue, 11, 0, Some(&[0])).await;
    bed.answer(queue, 11, 1, Some(&[1])).await;
    bed
}

async fn content(bed: &Testbed, release: &Release) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for file in &release.files {
        let (_, reader) =
            open(&bed.instance, &bed.owner, bed.project, release.row.number, &file.path).await.unwrap();
        files.insert(file.path.clone(), reader.read_all().await.unwrap());
    }
    files
}

/// Every way in which the upload of a file is not needed any more: imported, discarded, refused, failed and taken back.
async fn bring_and_let_go(bed: &Testbed, project: ProjectId, name: &str, bytes: &[u8]) {
    let (instance, owner) = (&bed.instance, &bed.owner);
    let upload = async || {
        let mut blob = instance.store.create_blob().await.unwrap();
        blob.write(bytes).await.unwrap();
        blob.finish().await.unwrap()
    };
    let refused =
        import::begin(instance, owner, project, "x.parquet", Some(Format::Csv), upload().await).await;
    let format = if name.ends_with("csv") { Format::Csv } else { Format::Jsonl };
    let Ok(discarded) = import::begin(instance, owner, project, name, Some(format), upload().await).await
    else {
        assert!(refused.is_err() || name.ends_with("json"), "{name}");
        return;
    };
    import::discard(instance, owner, project, discarded).await.unwrap();
    let taken = import::begin(instance, owner, project, name, Some(format), upload().await).await.unwrap();
    let mapping = import::preview(instance, owner, project, taken).await.unwrap().source.mapping;
    if import::start(instance, owner, project, taken, mapping).await.is_ok() {
        jobs::run_all(instance).await.unwrap();
    }
    let state = import::source(instance, owner, project, taken).await.unwrap().state;
    assert!(matches!(state, SourceState::Done | SourceState::Preview), "{name}: {state:?}");
}

fn lines(file: &[u8]) -> Vec<serde_json::Value> {
    std::str::from_utf8(file).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

both! {
    async fn two_cuts_are_the_same(store: Store) {
        let bed = labeled(store, Task::Single).await;
        let (instance, project) = (&bed.instance, bed.project);
        let (ordered, job) = order(instance, &bed.owner, project, &both_states()).await.unwrap();
        assert_eq!((ordered.row.state.as_str(), ordered.row.job_id), ("cutting", Some(job.0)));
        let twice = sentence(order(instance, &bed.owner, project, &both_states()).await);
        assert!(twice.contains("is being cut already"), "a second click: {twice}");
        bed.work().await;
        let first = get(instance, &bed.owner, project, 1).await.unwrap();
        assert_eq!(first.row.state, ReleaseState::Done, "{:?}", first.row.error);
        instance.store.clock().advance(3_600);
        let again = Order { name: "second".into(), ..both_states() };
        let second = cut_now(instance, &bed.owner, project, &again, &|_, _| ()).await.unwrap();
        assert_eq!((second.row.number, second.row.name.as_str()), (2, "second"));
        assert_eq!(first.files, second.files);
        let files = content(&bed, &first).await;
        assert_eq!(files, content(&bed, &second).await);
        let paths: Vec<&str> = files.keys().map(String::as_str).collect();
        assert_eq!(paths, [
            "answers.jsonl", "manifest.json", "taxonomy.json", "test.csv", "test.jsonl", "train.csv", "train.jsonl",
            "validation.csv", "validation.jsonl",
        ]);
        let manifest = first.manifest.unwrap();
        assert_eq!((manifest.n_rows, manifest.n_left_out), (10, 0));
        assert_eq!(manifest.lineage.n_answers, 20);
        assert_eq!(manifest, read_manifest(&files["manifest.json"]).unwrap());
        assert!(verify(instance, &bed.owner, project, 1).await.unwrap().is_empty());
        assert_eq!(list(instance, &bed.owner, project, None).await.unwrap().len(), 2);
        assert!(matches!(cut_now(instance, &bed.annotator, project, &again, &|_, _| ()).await, Err(Error::Forbidden(_))));
    }

    async fn what_was_cut_off_can_be_ended(store: Store) {
        let bed = labeled(store, Task::Single).await;
        let (instance, project) = (&bed.instance, bed.project);
        let (taxonomy, _, _) = instance.store.published_taxonomy(project).await.unwrap().unwrap();
        let spec = serde_json::to_string(&Spec { states: both_states().states, taxonomy }).unwrap();
        // As the command line leaves it when it is interrupted.
        instance
            .store
            .write(move |tx| Box::pin(async move { tx.create_release(project, "first", &spec, None).await }))
            .await
            .unwrap();
        assert!(matches!(end(instance, &bed.annotator, project, 1).await, Err(Error::Forbidden(_))));
        end(instance, &bed.owner, project, 1).await.unwrap();
        let row = get(instance, &bed.owner, project, 1).await.unwrap().row;
        let why = Some("It was cut off on the command line.");
        assert_eq!((row.state.as_str(), row.error.as_deref()), ("failed", why));
        let again = sentence(end(instance, &bed.owner, project, 1).await);
        assert!(again.contains("came to its end before"), "{again}");
        // A job says itself how it ended.
        order(instance, &bed.owner, project, &both_states()).await.unwrap();
        let carried = sentence(end(instance, &bed.owner, project, 2).await);
        assert!(carried.contains("is under way"), "{carried}");
        bed.work().await;
        assert_eq!(get(instance, &bed.owner, project, 2).await.unwrap().row.state, ReleaseState::Done);
    }

    async fn whoever_cuts_an_ended_release_is_stopped(store: Store) {
        let bed = labeled(store, Task::Single).await;
        let (instance, project) = (&bed.instance, bed.project);
        let end_it = |_: i64, _: i64| {
            tokio::task::block_in_place(|| {
                tokio::runtime::Handle::current().block_on(end(instance, &bed.owner, project, 1)).unwrap();
            });
        };
        let stopped = sentence(cut_now(instance, &bed.owner, project, &both_states(), &end_it).await);
        assert!(stopped.contains("was ended while it was being cut"), "{stopped}");
        let row = get(instance, &bed.owner, project, 1).await.unwrap().row;
        let why = Some("It was cut off on the command line.");
        assert_eq!((row.state.as_str(), row.error.as_deref()), ("failed", why));
        let next = cut_now(instance, &bed.owner, project, &both_states(), &|_, _| ()).await.unwrap();
        assert_eq!((next.row.number, next.row.state.as_str()), (2, "done"));
    }

    async fn groups_stay_together_and_splits_stay(store: Store) {
        let mut bed = labeled(store, Task::Single).await;
        let (instance, project) = (bed.instance.clone(), bed.project);
        let first = cut_now(&instance, &bed.owner, project, &both_states(), &|_, _| ()).await.unwrap();
        let split_of = async |bed: &Testbed, release: &Release| {
            let files = content(bed, release).await;
            let mut split = BTreeMap::new();
            for name in ["train", "validation", "test"] {
                for row in lines(&files[&format!("{name}.jsonl")]) {
                    split.insert(row["id"].as_str().unwrap().to_owned(), (name, row["control"].as_bool().unwrap()));
                }
            }
            split
        };
        let before = split_of(&bed, &first).await;
        assert_eq!(before["m-004"].0, before["m-005"].0);
        assert_eq!(before["m-004"].0, before["m-006"].0);
        // The same text twice is one key.
        assert_eq!(before["m-000"].0, before["m-008"].0);
        assert!(before.values().all(|(split, control)| !control || *split != "train"));
        assert!(before.values().any(|(split, _)| *split == "train"), "{before:?}");
        assert!(before.values().any(|(split, _)| *split != "train"), "{before:?}");
        // Later items join their groups where those are; whatever was decided stays.
        bed.import(&["ada|a fourth time", "ben|refund again", "zoe|new", "zoe|new too"]).await;
        let queue = bed.queue("round two", 1).await;
        for item in 12..16 {
            bed.answer(queue, item, 3, Some(&[1])).await;
        }
        let second = cut_now(&instance, &bed.owner, project, &both_states(), &|_, _| ()).await.unwrap();
        let after = split_of(&bed, &second).await;
        assert_eq!(after.len(), before.len() + 4);
        assert!(before.iter().all(|(id, split)| after[id] == *split));
        assert_eq!(after["m-012"].0, after["m-004"].0);
        assert_eq!(after["m-014"].0, after["m-015"].0);
        // The first is what it was.
        assert_eq!(first.files, get(&instance, &bed.owner, project, 1).await.unwrap().files);
    }

    async fn sets_of_labels(store: Store) {
        let mut bed = Testbed::new(store, Task::Multi).await;
        bed.import(&["both", "none", "one"]).await;
        let queue = bed.queue("q", 1).await;
        bed.answer(queue, 0, 0, Some(&[0, 1])).await;
        bed.answer(queue, 1, 0, Some(&[])).await;
        bed.answer(queue, 2, 0, Some(&[2])).await;
        let release = cut_now(&bed.instance, &bed.owner, bed.project, &both_states(), &|_, _| ()).await.unwrap();
        let files = content(&bed, &release).await;
        let mut rows: Vec<_> = ["train", "validation", "test"]
            .iter()
            .flat_map(|split| lines(&files[&format!("{split}.jsonl")]))
            .map(|row| row["labels"].to_string())
            .collect();
        rows.sort();
        assert_eq!(rows, [r#"["other"]"#, r#"["refund","card"]"#, "[]"]);
        let csv: String = ["train.csv", "validation.csv", "test.csv"]
            .iter()
            .map(|f| String::from_utf8(files[*f].clone()).unwrap())
            .collect();
        assert!(csv.contains(r#""[""refund"",""card""]""#), "{csv}");
    }

    async fn a_retired_label_is_never_released(store: Store) {
        let bed = labeled(store, Task::Single).await;
        let (instance, project) = (&bed.instance, bed.project);
        let retire = domain::taxonomy::edit::Edit::Remove(bed.labels[0]);
        workflow::design::edit(instance, &bed.owner, project, 4, retire).await.unwrap();
        workflow::design::publish(instance, &bed.owner, project, 5, "").await.unwrap();
        // The job that takes the label back has not run: cutting does it.
        let release = cut_now(instance, &bed.owner, project, &both_states(), &|_, _| ()).await.unwrap();
        let manifest = release.manifest.clone().unwrap();
        assert_eq!(manifest.n_rows, 6);
        assert!(manifest.splits.iter().flat_map(|s| &s.labels).all(|l| l.id != bed.labels[0]));
        assert_eq!(manifest.lineage.taxonomy_version, 2);
    }

    async fn nothing_to_release(store: Store) {
        let mut bed = Testbed::new(store, Task::Single).await;
        bed.import(&["a"]).await;
        let (instance, project) = (&bed.instance, bed.project);
        let none = sentence(order(instance, &bed.owner, project, &both_states()).await);
        assert!(none.starts_with("No item is adjudicated or agreed yet"), "{none}");
        let unnamed = Order { name: " ".into(), ..both_states() };
        assert!(matches!(order(instance, &bed.owner, project, &unnamed).await, Err(Error::Invalid(_))));
        let nothing = Order { states: vec![State::Partial], ..both_states() };
        assert!(matches!(order(instance, &bed.owner, project, &nothing).await, Err(Error::Invalid(_))));
        assert!(matches!(get(instance, &bed.owner, project, 1).await, Err(Error::NotFound(_))));
    }

    async fn a_changed_file_is_found(store: Store) {
        let bed = labeled(store, Task::Single).await;
        let (instance, project) = (&bed.instance, bed.project);
        let release = cut_now(instance, &bed.owner, project, &both_states(), &|_, _| ()).await.unwrap();
        let gone = release.files.iter().find(|f| f.path == "test.csv").unwrap();
        let lose = format!("DELETE FROM blob WHERE key = '{}'", gone.hash);
        store::testing::run(&instance.store, &[&lose]).await;
        assert_eq!(verify(instance, &bed.owner, project, 1).await.unwrap(), ["test.csv: the file is gone"]);
        let (summary, _) = workflow::care::backup::backup(instance, Vec::new(), |_, _| ()).await.unwrap();
        assert_eq!(summary.missing, std::slice::from_ref(&gone.hash), "a backup names what it could not copy");
    }

    async fn importing_the_files_of_a_release_leaves_the_release_whole(store: Store) {
        let bed = labeled(store, Task::Single).await;
        let release = cut_now(&bed.instance, &bed.owner, bed.project, &both_states(), &|_, _| ()).await.unwrap();
        let files = content(&bed, &release).await;
        for project in [bed.project, bed.another_project("elsewhere").await] {
            for (path, bytes) in &files {
                bring_and_let_go(&bed, project, path, bytes).await;
                assert_eq!(verify(&bed.instance, &bed.owner, bed.project, 1).await.unwrap(), Vec::<String>::new());
            }
        }
        assert_eq!(content(&bed, &release).await, files);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_engines_give_the_same_bytes() {
    let Some((postgres, _folder)) = store::testing::postgres().await else {
        return;
    };
    let (sqlite, _other) = store::testing::sqlite().await;
    let mut cut = Vec::new();
    for store in [sqlite, postgres] {
        let ids = Ids::new(1, store.clock().clone());
        let bed = labeled(store.with_ids(ids), Task::Single).await;
        let release =
            cut_now(&bed.instance, &bed.owner, bed.project, &both_states(), &|_, _| ()).await.unwrap();
        cut.push(content(&bed, &release).await);
    }
    for (path, file) in &cut[0] {
        assert_eq!(String::from_utf8_lossy(file), String::from_utf8_lossy(&cut[1][path]), "{path}");
    }
    assert_eq!(cut[0], cut[1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_appears_whole_and_once() {
    let (store, folder) = store::testing::sqlite().await;
    let bed = labeled(store, Task::Single).await;
    cut_now(&bed.instance, &bed.owner, bed.project, &both_states(), &|_, _| ()).await.unwrap();
    let out = folder.path().join("out");
    let path = write_to_dir(&bed.instance, &bed.owner, bed.project, 1, &out).await.unwrap();
    assert_eq!(path, out.join("inbox-v1"));
    let mut hasher = blake3::Hasher::new();
    hasher.update(&std::fs::read(path.join("train.jsonl")).unwrap());
    let manifest = read_manifest(&std::fs::read(path.join("manifest.json")).unwrap()).unwrap();
    let train = manifest.files.iter().find(|f| f.path == "train.jsonl").unwrap();
    assert_eq!(hasher.finalize().to_hex().as_str(), train.blake3);
    let again = sentence(write_to_dir(&bed.instance, &bed.owner, bed.project, 1, &out).await);
    assert!(again.contains("is there already"), "{again}");
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 1);
}

#[test]
fn a_newer_format_is_refused_in_words() {
    let newer = sentence(read_manifest(br#"{"format":999}"#));
    assert!(newer.contains("newer than this program reads"), "{newer}");
    assert!(matches!(read_manifest(b"not json"), Err(Error::Invalid(_))));
}
