//! Labeling by program, through HTTP.

use axum::body::Body;
use http::{Method, Request, StatusCode, header};
use serde_json::json;
use store::{Clock, Store};
use tests::scene::{self, SLUG};
use tests::{Reply, TestApp};
use uuid::Uuid;

/// A request that does not say what its body is.
async fn send(app: &TestApp, token: &str, path: &str, body: String) -> Reply {
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::HOST, "assay.test")
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .body(Body::from(body))
        .expect("a request");
    app.send(request).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_is_passed_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open_sqlite(&folder.path().join("assay.db"), Clock::System).await.expect("a store");
    let app = TestApp::new(store, folder.path());
    let scene = scene::prepare(&app.instance, 1, 10, 1).await;
    let (token, path) = (&scene.tokens[0], format!("/api/v1/projects/{SLUG}/queues/{}/next", scene.queue));

    let first = send(&app, token, &path, String::new()).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text());
    let held = first.json();
    assert_eq!(held["items"].as_array().map(Vec::len), Some(1), "{held}");
    let item = &held["items"][0];
    let answer = json!({
        "id": Uuid::now_v7(),
        "assignment": item["assignment"],
        "revision": item["revision"],
        "labels": [scene.labels[0]],
        "taxonomy_version": held["taxonomy_version"],
    });
    let next = send(&app, token, &path, json!({ "n": 2, "answers": [answer] }).to_string()).await.json();
    assert_eq!(next["answers"][0]["ok"]["standing"], "counted", "{next}");
    assert_eq!(next["items"].as_array().map(Vec::len), Some(2), "{next}");

    let refused = send(&app, token, &path, "n=2".to_owned()).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text());
    assert_eq!(refused.json()["error"]["code"], "invalid");
}
