//! Encoders and given vectors through HTTP, without JavaScript: uploaded, listed, refused, removed.

use axum::body::Body;
use domain::permission::Role;
use domain::project::{Settings, Task};
use http::{Method, StatusCode, header};
use serde_json::json;
use store::both;
use tests::{As, Reply, TestApp, asked};
use workflow::testbed::Testbed;

/// A form with files: a part is its name, the name of its file or none, and what it holds.
async fn send(app: &TestApp, from: &As, path: &str, parts: &[(&str, Option<&str>, &[u8])]) -> Reply {
    let mut body = Vec::new();
    for (name, file, bytes) in parts {
        let file = file.map(|file| format!("; filename=\"{file}\"")).unwrap_or_default();
        body.extend(
            format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n").bytes(),
        );
        body.extend(*bytes);
        body.extend(b"\r\n");
    }
    body.extend(b"--edge--\r\n");
    let request = asked(Method::POST, path, from);
    let request = request.header(header::CONTENT_TYPE, "multipart/form-data; boundary=edge");
    app.send(request.body(Body::from(body)).expect("a request")).await
}

/// A static model of two words, as files of a folder.
fn model() -> [(&'static str, Vec<u8>); 3] {
    let config = json!({ "model_type": "model2vec", "normalize": true });
    let tokenizer = json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
        "pre_tokenizer": { "type": "Whitespace" }, "post_processor": null, "decoder": null,
        "model": { "type": "WordLevel", "unk_token": "[UNK]", "vocab": { "[UNK]": 0, "card": 1 } }
    });
    let head =
        json!({ "embeddings": { "dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16] } }).to_string();
    let numbers = [0.0_f32, 0.0, 1.0, 2.0];
    let weights = (head.len() as u64).to_le_bytes().into_iter().chain(head.into_bytes());
    let weights = weights.chain(numbers.into_iter().flat_map(f32::to_le_bytes)).collect();
    [
        ("config.json", config.to_string().into_bytes()),
        ("tokenizer.json", tokenizer.to_string().into_bytes()),
        ("model.safetensors", weights),
    ]
}

/// Files as a zip that packs nothing.
fn zip(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let (mut out, mut list) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        let at = (out.len() as u32).to_le_bytes();
        let (size, length) = ((bytes.len() as u32).to_le_bytes(), (name.len() as u16).to_le_bytes());
        // Version, flags, method, time and date; then checksum, both sizes, length of the name, of what is added to it.
        let about = [
            &[20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0][..],
            &checksum(bytes).to_le_bytes(),
            &size,
            &size,
            &length,
            &[0, 0],
        ]
        .concat();
        out.extend([b"PK\x03\x04", about.as_slice(), name.as_bytes(), bytes].concat());
        list.extend([b"PK\x01\x02\x14\x00", about.as_slice(), &[0; 10], &at, name.as_bytes()].concat());
    }
    let (n, size, at) = (files.len() as u16, list.len() as u32, out.len() as u32);
    let n = n.to_le_bytes();
    let end = [b"PK\x05\x06", &[0; 4][..], &n, &n, &size.to_le_bytes(), &at.to_le_bytes(), &[0, 0]].concat();
    [out, list, end].concat()
}

/// CRC-32 bit by bit.
fn checksum(bytes: &[u8]) -> u32 {
    let mut sum = !0_u32;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { sum >> 1 ^ 0xEDB8_8320 } else { sum >> 1 };
        }
    }
    !sum
}

/// The address in a form of the page that ends so.
fn action(page: &str, end: &str) -> String {
    let forms = tests::forms::forms(page);
    forms.into_iter().map(|form| form.action).find(|action| action.ends_with(end)).expect("a form")
}

both! {
    async fn an_admin_installs_an_encoder(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let app = TestApp::new(store, folder.path());
        let ada = app.person("ada@assay.test", true, None).await;
        let ada = app.session(ada).await;
        let page = app.get(&ada, "/encoders").await.text();
        assert!(page.contains("No encoder yet") && page.contains("href=\"/encoders\""), "{page}");

        let refused = send(&app, &ada, "/encoders", &[("name", None, b"tiny"), ("file", Some("x.zip"), b"none")]).await;
        assert_eq!(refused.location(), Some("/encoders"));
        let page = app.get(&ada, "/encoders").await.text();
        assert!(page.contains("This is no zip") && page.contains("value=\"tiny\""), "{page}");
        let [config, tokenizer, _] = model();
        let part = zip(&[config, tokenizer]);
        send(&app, &ada, "/encoders", &[("name", None, b"tiny"), ("file", Some("x.zip"), &part)]).await;
        let page = app.get(&ada, "/encoders").await.text();
        assert!(page.contains("model.safetensors is missing"), "{page}");
        send(&app, &ada, "/encoders", &[("name", None, b"tiny"), ("file", Some(""), b"")]).await;
        assert!(app.get(&ada, "/encoders").await.text().contains("Choose a file first"));
        let whole = zip(&model());
        send(&app, &ada, "/encoders", &[("file", Some("x.zip"), &whole), ("name", None, b"<b>")]).await;
        let page = app.get(&ada, "/encoders").await.text();
        assert!(page.contains("“&lt;b&gt;” is installed"), "{page}");
        let gone = app.post(&ada, &action(&page, "/remove"), &[]).await;
        assert_eq!(gone.location(), Some("/encoders"));
        let page = app.get(&ada, "/encoders").await.text();
        assert!(page.contains("is removed") && page.contains("No encoder yet"), "{page}");
        let again = app.post(&ada, "/encoders/7/remove", &[]).await;
        assert_eq!(again.status, StatusCode::NOT_FOUND);
    }

    async fn an_engineer_brings_vectors(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let bed = Testbed::new(store.clone(), "inbox", Task::Single, Settings::default()).await;
        bed.import("a.jsonl", &[json!({ "id": "a", "text": "one" }), json!({ "id": "b", "text": "two" })]).await;
        let app = TestApp::new(store, folder.path());
        let people = [("eli@assay.test", Role::Engineer), ("ann@assay.test", Role::Annotator)];
        let mut sessions = Vec::new();
        for (email, role) in people {
            let person = app.person(email, false, Some((bed.project, &[role]))).await;
            sessions.push(app.session(person).await);
        }
        let [eli, ann] = sessions.as_slice() else { panic!("two people") };
        let path = "/p/inbox/discover/vectors";
        assert_eq!(app.get(ann, path).await.status, StatusCode::FORBIDDEN);
        assert_eq!(app.get(eli, "/encoders").await.status, StatusCode::FORBIDDEN);
        assert!(app.get(eli, path).await.text().contains("No vectors yet"));

        let head = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }\n";
        let npy = |numbers: [f32; 4]| -> Vec<u8> {
            let start = [b"\x93NUMPY\x01\x00", &(head.len() as u16).to_le_bytes()[..], head.as_bytes()].concat();
            start.into_iter().chain(numbers.into_iter().flat_map(f32::to_le_bytes)).collect()
        };
        let parts = |npy: &[u8], ids: &[u8]| -> Vec<(&str, Option<&str>, Vec<u8>)> {
            vec![
                ("name", None, b"mine".to_vec()),
                ("file", Some("v.npy"), npy.to_vec()),
                ("ids", Some("ids.txt"), ids.to_vec()),
            ]
        };
        let bring = async |npy: &[u8], ids: &[u8]| {
            let parts = parts(npy, ids);
            let parts: Vec<_> = parts.iter().map(|(name, file, bytes)| (*name, *file, bytes.as_slice())).collect();
            let reply = send(&app, eli, path, &parts).await;
            assert_eq!(reply.location(), Some(path));
            app.get(eli, path).await.text()
        };
        let page = bring(&npy([1.0, 2.0, f32::NAN, 1.0]), b"a\nb\n").await;
        assert!(page.contains("The vector of “b”: row 2, column 1 is not a finite number"), "{page}");
        let page = bring(&npy([1.0, 2.0, 3.0, 1.0]), b"a\n").await;
        assert!(page.contains("2 rows and 1 ids") && page.contains("value=\"mine\""), "{page}");
        let page = bring(&npy([1.0, 2.0, 3.0, 1.0]), b"b\nc\n").await;
        assert!(page.contains("“mine” has vectors of 1 item.") && page.contains("no item has (c)"), "{page}");
        assert!(app.get(eli, "/p/inbox/discover/runs").await.text().contains("given vectors “mine”"));
        let gone = app.post(eli, &action(&page, "/remove"), &[]).await;
        assert_eq!(gone.location(), Some(path));
        assert!(app.get(eli, path).await.text().contains("No vectors yet"));
    }
}
