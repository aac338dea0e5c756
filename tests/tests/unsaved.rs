//! What can't be saved is told in plain words, with the right status, and nothing of it stays: a zero byte in any
//! text, a disk that is full.

use domain::permission::Role;
use domain::project::Task;
use http::StatusCode;
use serde_json::json;
use store::{Error, Store, both, on};
use tests::{As, TestApp};

async fn owner(store: Store, folder: &tempfile::TempDir) -> (TestApp, As) {
    let app = TestApp::new(store, folder.path());
    let project = app.project("p", Task::Single).await;
    let person = app.person("o@example.org", false, Some((project, &[Role::Owner]))).await;
    let session = app.session(person).await;
    (app, session)
}

both! {
    async fn no_address_and_no_text_holds_a_zero_byte(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let (app, owner) = owner(store.clone(), &folder).await;
        for address in ["/p/p%00", "/p/p/items?q=a%00b", "/sign-in?next=%00", "/api/v1/projects/p/sources?before=%00"] {
            let reply = app.get(&owner, address).await;
            assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{address}");
            assert!(reply.text().contains("zero byte"), "{address}");
        }
        let settings = [("name", "P"), ("description", "a\0b"), ("control_share", "10")];
        let reply = app.post(&owner, "/p/p/settings", &settings).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(reply.text().contains("zero byte") && reply.text().contains("nothing was saved"));
        let answers = json!({ "answers": [{ "note": "a\0b" }] });
        let reply = app.post_json(&owner, "/api/v1/projects/p/answers", &answers).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(reply.json()["error"]["code"], "invalid");
        // Rows of an import are looked at one by one: the good ones come in.
        let rows = "{\"text\":\"good\"}\n{\"text\":\"b\\u0000d\"}\n";
        let reply = app.post_text(&owner, "/api/v1/projects/p/items", "application/json", rows).await;
        assert_eq!((reply.json()["counts"]["new"].clone(), reply.json()["counts"]["rejected"].clone()), (json!(1), json!(1)));
        let project = store.project(domain::ProjectId(store::testing::number(&store, "SELECT id FROM project").await)).await;
        assert_eq!(project.expect("a read").expect("the project").description, "");
    }

    async fn a_full_disk_is_told_as_one(store: Store) {
        if store.is_postgres() {
            return; // Its disk is on another machine, and this test can't fill it.
        }
        let folder = tempfile::tempdir().expect("a folder");
        let (app, owner) = owner(store.clone(), &folder).await;
        fill(&store).await;
        let long = "x".repeat(100_000);
        // A form whose work can't be saved, and one where only the notice in the session can't be.
        let saved = app.post(&owner, "/p/p/settings", &[("name", "P"), ("description", &long)]).await;
        let refused = app.post(&owner, "/p/p/settings", &[("name", ""), ("description", &long)]).await;
        for reply in [saved, refused] {
            assert_eq!(reply.status.as_u16(), 507, "{}", reply.text());
            assert!(reply.text().contains("disk of the server is full"), "{}", reply.text());
        }
        let page = app.get(&owner, "/p/p/items").await;
        assert_eq!(page.status, StatusCode::OK, "reading goes on");
    }
}

/// From here on the database file may not grow, and nothing is free in it.
async fn fill(store: &Store) {
    let filled: Result<(), Error> = store
        .write(|tx| {
            Box::pin(async move {
                let query = "SELECT page_count FROM pragma_page_count()";
                let pages: i64 = on!(tx, |db| sqlx::query_scalar(query).fetch_one(db).await)?;
                let limit = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
                on!(tx, |db| sqlx::raw_sql(limit).execute(db).await.map(|_| ()))?;
                Ok(())
            })
        })
        .await;
    filled.expect("a limit");
}
