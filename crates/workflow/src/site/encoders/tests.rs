use super::*;
use crate::discover::{self, Begin, JoinRun};
use crate::jobs;
use crate::site::audit;
use crate::testbed::Testbed;
use domain::discover::RunState;
use domain::permission::Role;
use domain::project::{Settings, Task};
use serde_json::json;
use std::fs;
use std::io::Write;
use store::both;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const OPERATOR: Actor = Actor::OPERATOR;

const WORDS: [&str; 8] = ["[UNK]", "where", "is", "my", "card", "money", "back", "?"];

const CONFIG: &str = r#"{"model_type": "model2vec", "normalize": true, "hidden_dim": 2}"#;

fn tokenizer() -> String {
    let vocabulary: serde_json::Map<_, _> =
        WORDS.iter().enumerate().map(|(at, word)| ((*word).to_owned(), json!(at))).collect();
    json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
        "normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": null, "decoder": null,
        "model": {"type": "WordLevel", "unk_token": "[UNK]", "vocab": vocabulary}
    })
    .to_string()
}

/// Tensors of two columns as `model.safetensors` holds them.
fn weights(rows: &[[f32; 2]]) -> Vec<u8> {
    let n = rows.len() * 8;
    let head = json!({ "embeddings": { "dtype": "F32", "shape": [rows.len(), 2], "data_offsets": [0, n] } })
        .to_string();
    let numbers = rows.iter().flatten().flat_map(|x| x.to_le_bytes());
    (head.len() as u64).to_le_bytes().into_iter().chain(head.into_bytes()).chain(numbers).collect()
}

fn known() -> Vec<[f32; 2]> {
    vec![[0.0, 0.0], [1.0, 0.5], [0.5, 0.5], [0.2, 0.4], [1.0, -1.0], [-1.0, 1.0], [-1.0, 0.5], [0.1, 0.0]]
}

/// A static model of eight words, beside a file that no model is read from.
fn model() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("config.json"), CONFIG).unwrap();
    fs::write(folder.path().join("tokenizer.json"), tokenizer()).unwrap();
    fs::write(folder.path().join("model.safetensors"), weights(&known())).unwrap();
    fs::write(folder.path().join("README.md"), "read me").unwrap();
    folder
}

fn zipped(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut zip = ZipWriter::new(fs::File::create(folder.path().join("model.zip")).unwrap());
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
    folder
}

fn said<T: std::fmt::Debug>(outcome: Result<T>) -> String {
    outcome.unwrap_err().to_string()
}

async fn n_blobs(instance: &Instance) -> usize {
    instance.store.blobs().await.unwrap().len()
}

both! {
    async fn an_encoder_is_installed_copied_and_removed(store: Store) {
        let data = tempfile::tempdir().unwrap();
        let instance = Instance::new(store, data.path());
        let model = model();
        let added = add(&instance, &OPERATOR, " tiny ", model.path()).await.unwrap();
        assert_eq!((added.name.as_str(), added.kind.as_str(), added.dims), ("tiny", "static", 2));
        let size: u64 = ["config.json", "tokenizer.json", "model.safetensors"]
            .iter()
            .map(|file| fs::metadata(model.path().join(file)).unwrap().len())
            .sum();
        assert_eq!(added.bytes, size as i64);
        assert_eq!(list(&instance, &OPERATOR).await.unwrap(), std::slice::from_ref(&added));
        let entry = audit::log(&instance, &OPERATOR, None, None).await.unwrap().remove(0);
        assert_eq!((entry.act.as_str(), entry.target.as_str()), ("installed the encoder", "tiny"));
        assert_eq!(entry.detail, "static, 2 dimensions");

        // Several jobs ask for it at once.
        let (one, two) = tokio::join!(folder(&instance, added.id), folder(&instance, added.id));
        let copy = one.unwrap();
        assert_eq!(copy, two.unwrap());
        assert_eq!(fs::read_dir(copy.parent().unwrap()).unwrap().count(), 1, "nothing unfinished is left");
        assert!(!copy.join("README.md").exists());
        let file = copy.join("model.safetensors");
        assert_eq!(fs::read(&file).unwrap(), weights(&known()));
        // A copy that was lost in part, or cut off, is made again.
        fs::remove_file(copy.join("config.json")).unwrap();
        fs::write(&file, "cut").unwrap();
        folder(&instance, added.id).await.unwrap();
        assert_eq!(fs::read(&file).unwrap(), weights(&known()));
        assert!(copy.join("config.json").exists());

        // A name is taken once, and nothing of the second one is kept.
        let n = n_blobs(&instance).await;
        assert!(said(add(&instance, &OPERATOR, "tiny", model.path()).await).contains("“tiny” already"));
        assert!(said(add(&instance, &OPERATOR, &"x".repeat(61), model.path()).await).contains("at most 60"));
        assert!(said(add(&instance, &OPERATOR, " ", model.path()).await).contains("needed"));
        assert!(said(distill(&instance, &OPERATOR, "d", "tiny", 2, |_| {}).await).contains("static encoder already"));
        assert!(said(distill(&instance, &OPERATOR, "d", "nothing", 2, |_| {}).await).contains("neither"));
        assert_eq!(n_blobs(&instance).await, n);

        let found = find(&instance, &OPERATOR, "tiny").await.unwrap();
        remove(&instance, &OPERATOR, found.id).await.unwrap();
        assert!(!copy.exists());
        assert_eq!(n_blobs(&instance).await, 0);
        assert!(said(folder(&instance, added.id).await).contains("removed"));
        assert!(matches!(remove(&instance, &OPERATOR, added.id).await, Err(Error::NotFound(Thing::Encoder))));
    }

    async fn content_that_two_encoders_share_stays_with_the_other(store: Store) {
        let data = tempfile::tempdir().unwrap();
        let instance = Instance::new(store, data.path());
        let model = model();
        let one = add(&instance, &OPERATOR, "one", model.path()).await.unwrap();
        let two = add(&instance, &OPERATOR, "two", model.path()).await.unwrap();
        assert_eq!(n_blobs(&instance).await, 3);
        remove(&instance, &OPERATOR, one.id).await.unwrap();
        assert_eq!(n_blobs(&instance).await, 3);
        assert!(folder(&instance, two.id).await.unwrap().join("config.json").exists());
    }

    async fn only_admins_manage_encoders(store: Store) {
        let bed = Testbed::new(store, "inbox", Task::Single, Settings::default()).await;
        let (instance, model) = (&bed.instance, model());
        let one = add(instance, &OPERATOR, "one", model.path()).await.unwrap();
        let eli = bed.person("Eli", Role::Engineer).await;
        for actor in [bed.owner, eli] {
            let refused = |outcome: Error| assert!(matches!(outcome, Error::Forbidden(Act::ManageEncoders)));
            refused(list(instance, &actor).await.unwrap_err());
            refused(add(instance, &actor, "two", model.path()).await.unwrap_err());
            refused(remove(instance, &actor, one.id).await.unwrap_err());
            refused(distill(instance, &actor, "two", "one", 2, |_| {}).await.unwrap_err());
        }
    }

    // A run keeps its groups and the encoder's name; what can't go on says why.
    async fn a_run_outlives_its_encoder(store: Store) {
        let bed = Testbed::new(store, "inbox", Task::Single, Settings::default()).await;
        let (instance, model) = (&bed.instance, model());
        let rows = |from: usize| -> Vec<_> {
            let text = |i: usize| if i.is_multiple_of(2) { "where is my card" } else { "money back" };
            (from..from + 20).map(|i| json!({ "id": format!("m-{i}"), "text": format!("{} {i}", text(i)) })).collect()
        };
        bed.import("one.jsonl", &rows(0)).await;
        let encoder = add(instance, &OPERATOR, "tiny", model.path()).await.unwrap();
        let begin = Begin { encoder: format!("encoder-{}", encoder.id), seed: 3, ..Begin::default() };
        let (run, _) = discover::start(instance, &bed.owner, bed.project, begin.clone()).await.unwrap();
        jobs::run_all(instance).await.unwrap();
        let row = instance.store.run(bed.project, run).await.unwrap().unwrap();
        assert_eq!((row.state, row.error), (RunState::Done, None));

        remove(instance, &OPERATOR, encoder.id).await.unwrap();
        let again = discover::start(instance, &bed.owner, bed.project, begin).await;
        assert!(said(again).contains("not installed any more"));
        bed.import("two.jsonl", &rows(20)).await;
        discover::follow_imports(instance).await.unwrap();
        jobs::run_all(instance).await.unwrap();
        let join = jobs::newest(instance, bed.project, &JoinRun { run, project: bed.project }).await.unwrap();
        assert!(join.unwrap().error.unwrap().contains("encoder was removed"));
        let row = instance.store.run(bed.project, run).await.unwrap().unwrap();
        assert_eq!(row.state, RunState::Done);
        assert!(row.spec.contains("tiny"));
    }

    async fn a_zip_is_installed_like_its_folder(store: Store) {
        let data = tempfile::tempdir().unwrap();
        let instance = Instance::new(store, data.path());
        let (tokenizer, weights) = (tokenizer(), weights(&known()));
        let (config, tokens) = (CONFIG.as_bytes(), tokenizer.as_bytes());
        let flat = zipped(&[("config.json", config), ("tokenizer.json", tokens), ("model.safetensors", &weights)]);
        let nested = zipped(&[
            ("__MACOSX/config.json", b"{}"),
            ("tiny/config.json", config),
            ("tiny/tokenizer.json", tokens),
            ("tiny/model.safetensors", &weights),
            ("tiny/other/config.json", b"{}"),
            ("tiny/notes.txt", b"no part of it"),
        ]);
        for (name, zip) in [("flat", &flat), ("nested", &nested)] {
            let added = add(&instance, &OPERATOR, name, &zip.path().join("model.zip")).await.unwrap();
            assert_eq!((added.kind.as_str(), added.dims), ("static", 2));
        }
        assert_eq!(n_blobs(&instance).await, 3);
        let incoming = fs::read_dir(data.path().join("derived/incoming")).unwrap();
        assert_eq!(incoming.count(), 0, "nothing that was unpacked is left");
        let missing = add(&instance, &OPERATOR, "x", Path::new("/nowhere.zip")).await;
        assert!(said(missing).contains("/nowhere.zip can’t be opened"));
    }
}

#[test]
fn what_is_wrong_with_a_folder_is_said() {
    let says = |break_it: &dyn Fn(&Path), words: &[&str]| {
        let model = model();
        break_it(model.path());
        let said = said(check::check(model.path()));
        assert!(words.iter().all(|word| said.contains(word)), "{said}");
        assert!(!said.contains(&model.path().display().to_string()), "{said}");
    };
    let write = |folder: &Path, file: &str, bytes: &[u8]| fs::write(folder.join(file), bytes).unwrap();
    let gone = |folder: &Path, file: &str| fs::remove_file(folder.join(file)).unwrap();
    says(&|f| gone(f, "config.json"), &["This folder holds no model", "tokenizer.json"]);
    says(&|f| gone(f, "tokenizer.json"), &["tokenizer.json is missing", "whole folder"]);
    says(&|f| gone(f, "model.safetensors"), &["model.safetensors is missing", "whole folder"]);
    let other_weights = |f: &Path| {
        gone(f, "model.safetensors");
        write(f, "pytorch_model.bin", b"x");
    };
    says(&other_weights, &["model.safetensors is missing", "pytorch_model.bin is not read"]);
    says(&|f| write(f, "config.json", br#"{"model_type": "t5"}"#), &["config.json", "type t5"]);
    says(&|f| write(f, "tokenizer.json", b"{}"), &["tokenizer.json is not usable"]);
    let whole = weights(&known());
    says(&|f| write(f, "model.safetensors", &whole[..whole.len() - 1]), &["model.safetensors is not usable"]);
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n";
    says(&|f| write(f, "model.safetensors", pointer), &["model.safetensors", "git lfs pull"]);
    let mut broken = known();
    broken[5][1] = f32::NAN;
    says(
        &|f| write(f, "model.safetensors", &weights(&broken)),
        &["model.safetensors", "not a finite number"],
    );
    says(
        &|f| write(f, "model.safetensors", &weights(&known()[..5])),
        &["5 tokens have a vector", "8 tokens"],
    );
    says(&|f| write(f, "model.safetensors", &weights(&[[0.0; 2]; 8])), &["knows no word"]);
    assert!(check::check(model().path()).is_ok());
}

#[test]
fn a_zip_that_is_not_to_be_trusted_is_refused_as_a_whole() {
    let weights = weights(&known());
    let into = tempfile::tempdir().unwrap();
    let refused = |zip: &TempDir, most: u64, words: &str| {
        let place = into.path().join("place");
        let said = said(unpack::unpack(&zip.path().join("model.zip"), &place, most));
        assert!(said.contains(words), "{said}");
        assert!(!into.path().join("evil.json").exists() && fs::read_dir(into.path()).unwrap().count() <= 1);
    };
    let config = ("config.json", CONFIG.as_bytes());
    for name in ["../evil.json", "a/../../evil.json", "..\\evil.json", "/evil.json", "C:\\evil.json"] {
        refused(
            &patched(zipped(&[config, ("0123456789012345.json", b"{}")]), name),
            1 << 20,
            "outside of itself",
        );
    }
    refused(&zipped(&[config, ("model.safetensors", &weights)]), 100, "more than");
    refused(&zipped(&[("notes.txt", b"x")]), 1 << 20, "holds no model");
    refused(&zipped(&[("a/b/config.json", b"{}")]), 1 << 20, "holds no model");
    refused(&zipped(&[("a/config.json", b"{}"), ("b/config.json", b"{}")]), 1 << 20, "holds no model");
    let two = ["a/config.json", "a/model.safetensors", "b/config.json", "b/model.safetensors"];
    refused(&zipped(&two.map(|name| (name, &b"{}"[..]))), 1 << 20, "several models (a, b)");

    let path = |zip: &TempDir| zip.path().join("model.zip");
    let locked = zipped(&[config]);
    let bytes = fs::read(path(&locked)).unwrap();
    fs::write(path(&locked), with_flag(bytes.clone())).unwrap();
    refused(&locked, 1 << 20, "config.json in the zip is encrypted");
    fs::write(path(&locked), &bytes[..bytes.len() - 30]).unwrap();
    refused(&locked, 1 << 20, "This is no zip");
    fs::write(path(&locked), "no zip").unwrap();
    refused(&locked, 1 << 20, "This is no zip");
    // A byte of the content is another one.
    let damaged = zipped(&[config, ("model.safetensors", &weights)]);
    let mut bytes = fs::read(path(&damaged)).unwrap();
    let at = bytes.windows(17).position(|w| w == b"model.safetensors").unwrap() + 40;
    bytes[at] ^= 0x55;
    fs::write(path(&damaged), bytes).unwrap();
    refused(&damaged, 1 << 20, "model.safetensors in the zip is damaged");
}

/// The zip with another name, padded, in place of `0123456789012345.json`: what writes zips would not write it.
fn patched(zip: TempDir, name: &str) -> TempDir {
    let (path, old) = (zip.path().join("model.zip"), b"0123456789012345.json");
    let mut bytes = fs::read(&path).unwrap();
    let new = match name.strip_suffix(".json") {
        Some(stem) => format!("{stem}{}.json", "x".repeat(old.len() - name.len())),
        None => unreachable!("all names end so"),
    };
    let mut n = 0;
    for at in 0..bytes.len() - old.len() {
        if &bytes[at..at + old.len()] == old {
            bytes[at..at + old.len()].copy_from_slice(new.as_bytes());
            n += 1;
        }
    }
    assert_eq!(n, 2, "before the content and at the end");
    fs::write(path, bytes).unwrap();
    zip
}

/// The zip with its first entry said to be encrypted.
fn with_flag(mut bytes: Vec<u8>) -> Vec<u8> {
    for (mark, behind) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
        let at = bytes.windows(4).position(|w| w == mark).unwrap();
        bytes[at + behind] |= 1;
    }
    bytes
}
