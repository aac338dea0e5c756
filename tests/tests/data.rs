//! Data through HTTP, without JavaScript: a file is uploaded, its columns confirmed, taken in, looked at and taken
//! back; and the same by program.

use axum::body::Body;
use domain::ProjectId;
use domain::permission::Role;
use domain::project::Task;
use http::{Method, Request, StatusCode, header};
use store::{Store, both};
use tests::{As, Reply, TestApp};

const FILE: &str = "id,text,created_at,intent,plan\n1,Where is my card?,2026-10-01,card,basic\n2,<b>Refund</b> me,2026-10-02,refund,plus\n\
     3,Where is  my CARD?,2026-10-03,card,basic\n4,,2026-10-03,card,basic\n";

async fn engineer(store: Store, folder: &tempfile::TempDir) -> (TestApp, ProjectId, As) {
    let app = TestApp::new(store, folder.path());
    let project = app.project("inbox", Task::Single).await;
    let person = app.person("eli@assay.test", false, Some((project, &[Role::Engineer, Role::Owner]))).await;
    let session = app.session(person).await;
    (app, project, session)
}

fn sent(from: &As, path: &str, kind: &str, accept: &str, body: impl Into<Body>) -> Request<Body> {
    let As::Session(cookie) = from else { panic!("a session") };
    Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::HOST, "assay.test")
        .header(header::ORIGIN, "http://assay.test")
        .header(header::COOKIE, cookie)
        .header(header::CONTENT_TYPE, kind)
        .header(header::ACCEPT, accept)
        .body(body.into())
        .expect("a request")
}

async fn upload(app: &TestApp, from: &As, name: &str, bytes: &str, accept: &str) -> Reply {
    let head =
        format!("--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n");
    let body = format!("{head}{bytes}\r\n--edge--\r\n");
    app.send(sent(from, "/p/inbox/data/upload", "multipart/form-data; boundary=edge", accept, body)).await
}

async fn run_jobs(app: &TestApp) {
    workflow::jobs::run_all(&app.instance).await.expect("jobs");
}

/// The columns as the form shows them first.
const COLUMNS: [(&str, &str); 6] = [
    ("role-0", "id"),
    ("role-1", "text"),
    ("role-2", "event_time"),
    ("role-3", "label"),
    ("role-4", "field"),
    ("label", "field"),
];

both! {
    async fn a_file_is_brought_and_taken_back(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let (app, _, eli) = engineer(store, &folder).await;
        let page = app.get(&eli, "/p/inbox/data").await.text();
        assert!(page.contains("Drop a file here") && page.contains("No items yet"), "{page}");

        let reply = upload(&app, &eli, "inbox.csv", FILE, "text/html").await;
        let here = reply.location().expect("an address").to_owned();
        let preview = app.get(&eli, &here).await.text();
        assert!(preview.contains("Role of created_at") && preview.contains("&lt;b&gt;Refund&lt;/b&gt;"), "{preview}");
        assert!(!preview.contains("<b>Refund</b>"));

        // What does not fit comes back with what was chosen.
        let mut twice = COLUMNS;
        twice[4] = ("role-4", "text");
        app.post(&eli, &format!("{here}/start"), &twice).await;
        let again = app.get(&eli, &here).await.text();
        assert!(again.contains("Two columns have the role “text”"), "{again}");

        let reply = app.post(&eli, &format!("{here}/start"), &COLUMNS).await;
        assert_eq!(reply.location(), Some(here.as_str()));
        let waiting = app.get(&eli, &here).await.text();
        assert!(waiting.contains("Waiting for its turn") && waiting.contains("http-equiv=\"refresh\""), "{waiting}");
        run_jobs(&app).await;
        let done = app.get(&eli, &here).await.text();
        assert!(done.contains("1 refused row<") && done.contains("an item needs a text"), "{done}");
        let table = app.get(&eli, &format!("{here}/rejects.csv")).await;
        assert!(table.text().starts_with("line,reason,row\r\n5,"), "{}", table.text());
        assert_eq!(app.post(&eli, &format!("{here}/start"), &COLUMNS).await.status, StatusCode::CONFLICT);

        let list = app.get(&eli, "/p/inbox/items?field=plan%3Dbasic&order=oldest").await.text();
        assert!(list.contains("Where is my card?") && !list.contains("Refund"), "{list}");
        let nothing = app.get(&eli, "/p/inbox/items?state=agreed").await.text();
        assert!(nothing.contains("Nothing matches"), "{nothing}");
        let item = list.split("/p/inbox/items/").nth(1).and_then(|rest| rest.split('"').next()).expect("an item");
        let item = app.get(&eli, &format!("/p/inbox/items/{item}")).await.text();
        assert!(item.contains("Revision 1") && item.contains("Nobody has answered yet"), "{item}");
        assert_eq!(app.get(&eli, "/p/inbox/items/7").await.status, StatusCode::NOT_FOUND);
        assert_eq!(app.get(&eli, "/p/inbox/items/x").await.status, StatusCode::NOT_FOUND);

        let wrong = app.post(&eli, &format!("{here}/undo"), &[("name", "other.csv")]).await;
        assert_eq!(wrong.location(), Some(here.as_str()));
        assert!(app.get(&eli, &here).await.text().contains("This is not the file’s name"));
        app.post(&eli, &format!("{here}/undo"), &[("name", "inbox.csv")]).await;
        run_jobs(&app).await;
        assert!(app.get(&eli, &here).await.text().contains("This import was taken back"));
        assert!(app.get(&eli, "/p/inbox/items").await.text().contains("No items yet"));
    }

    async fn columns_that_failed_are_offered_again(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let (app, _, eli) = engineer(store, &folder).await;
        let mut file = "id,text,created_at,intent,plan\n".to_owned();
        for i in 0..501 {
            file.push_str(&format!("{i},Where is card {i}?,2026-10-01,intent {i},basic\n"));
        }
        let reply = upload(&app, &eli, "inbox.csv", &file, "text/html").await;
        let here = reply.location().expect("an address").to_owned();
        let mut wrong = COLUMNS.to_vec();
        wrong[5] = ("label", "answers");
        wrong.push(("person", "Old team"));
        app.post(&eli, &format!("{here}/start"), &wrong).await;
        run_jobs(&app).await;
        let again = app.get(&eli, &here).await.text();
        assert!(again.contains("more than 500 different values") && again.contains("Role of intent"), "{again}");
        assert!(again.contains("value=\"Old team\"") && again.contains("Take it back"), "{again}");
        // What does not fit is told here, too.
        let mut twice = COLUMNS;
        twice[4] = ("role-4", "text");
        app.post(&eli, &format!("{here}/start"), &twice).await;
        assert!(app.get(&eli, &here).await.text().contains("Two columns have the role “text”"));
        app.post(&eli, &format!("{here}/start"), &COLUMNS).await;
        run_jobs(&app).await;
        let done = app.get(&eli, &here).await.text();
        assert!(done.contains("intent (a field)") && !done.contains("different values"), "{done}");
    }

    async fn what_is_doubtful_is_asked_before_and_told_after(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let (app, _, eli) = engineer(store, &folder).await;
        let file = "id,headline,date,label\n1,Where is my card?,03/04/2025,Card\n2,My money is gone,05/06/2025,card\n\
                    3,Nothing works here,yesterday,Refund\n4,Hello to all of you,,nan\n";
        let here = upload(&app, &eli, "a.csv", file, "text/plain").await.text();
        let page = app.get(&eli, &here).await.text();
        assert!(page.contains("“headline” was taken for the text, because it has the longest texts"), "{page}");
        assert!(page.contains("In dates such as 03/04/2025") && page.contains("value=\"day-first\""), "{page}");
        assert!(page.contains("If “label” becomes answers: “Card” and “card” are one label."), "{page}");
        let roles = [
            ("role-0", "id"),
            ("role-1", "text"),
            ("role-2", "event_time"),
            ("role-3", "label"),
            ("label", "answers"),
            ("person", "Old team"),
        ];
        app.post(&eli, &format!("{here}/start"), &roles).await;
        let again = app.get(&eli, &here).await.text();
        assert!(again.contains("whether the day or the month comes first"), "{again}");
        app.post(&eli, &format!("{here}/start"), &[&roles[..], &[("dates", "day-first")]].concat()).await;
        run_jobs(&app).await;
        let done = app.get(&eli, &here).await.text();
        assert!(done.contains("The label “Card” is also written “card” (1 row)"), "{done}");
        assert!(done.contains("without a time that can be read") && done.contains("as in “yesterday”"), "{done}");
        // Splits are looked at before they are fixed.
        let cut = app.get(&eli, "/p/inbox/releases/new").await.text();
        assert!(cut.contains("Splits with both: train ") && cut.contains("a release would have no row in"), "{cut}");
    }

    async fn an_undo_that_was_stopped_is_told(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let (app, project, eli) = engineer(store, &folder).await;
        let here = upload(&app, &eli, "inbox.csv", FILE, "text/plain").await.text();
        app.post(&eli, &format!("{here}/start"), &COLUMNS).await;
        run_jobs(&app).await;
        app.post(&eli, &format!("{here}/undo"), &[("name", "inbox.csv")]).await;
        let job = app.instance.store.jobs(Some(project), None, 1).await.expect("jobs")[0].id;
        app.post(&eli, &format!("/p/inbox/jobs/{job}/cancel"), &[("back", here.as_str())]).await;
        run_jobs(&app).await;
        let page = app.get(&eli, &here).await.text();
        assert!(page.contains("Taking this import back was stopped. It was cancelled. Some of it may"), "{page}");
        assert!(page.contains(">Take it back<"), "{page}");
        let list = app.get(&eli, "/p/inbox/data").await.text();
        assert!(list.contains("taking back stopped"), "{list}");
        app.post(&eli, &format!("{here}/undo"), &[("name", "inbox.csv")]).await;
        run_jobs(&app).await;
        assert!(app.get(&eli, &here).await.text().contains("This import was taken back"));
    }

    async fn what_is_no_table_is_told(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let (app, _, eli) = engineer(store, &folder).await;
        let reply = upload(&app, &eli, "a.csv", "", "text/html").await;
        assert_eq!(reply.location(), Some("/p/inbox/data"));
        assert!(app.get(&eli, "/p/inbox/data").await.text().contains("The file is empty."));
        // Sent beside the page: the address as text, the words on the page it leads to.
        let reply = upload(&app, &eli, "a.csv", "a,a\n", "text/plain").await;
        assert_eq!((reply.status, reply.text().as_str()), (StatusCode::OK, "/p/inbox/data"));
        assert!(app.get(&eli, "/p/inbox/data").await.text().contains("Two columns are called"));
        upload(&app, &eli, "a.json", "[\n  {\"text\": \"a\"}\n]\n", "text/html").await;
        assert!(app.get(&eli, "/p/inbox/data").await.text().contains("The file is one JSON array."));
        let reply = upload(&app, &eli, "a.csv", FILE, "text/plain").await;
        let here = reply.text();
        assert!(here.starts_with("/p/inbox/data/"), "{here}");
        app.post(&eli, &format!("{here}/discard"), &[]).await;
        assert!(app.instance.store.blobs().await.expect("blobs").is_empty(), "nothing is kept of what was not taken");
    }

    async fn what_was_noticed_about_a_file_is_on_its_page(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let (app, _, eli) = engineer(store, &folder).await;
        let file = "# by <b>me</b>\nThe screen went <b>black</b> again;a\nWhere is it?;b\n";
        let here = upload(&app, &eli, "a.csv", file, "text/plain").await.text();
        let told = [
            "The columns are separated by semicolons.",
            "A line that begins with # was passed over before the header.",
            "The screen went &lt;b&gt;black&lt;/b&gt; again” looks like data",
        ];
        let preview = app.get(&eli, &here).await.text();
        for sentence in told {
            assert!(preview.contains(sentence), "{preview}");
        }
        app.post(&eli, &format!("{here}/start"), &[("role-0", "text"), ("role-1", "field")]).await;
        run_jobs(&app).await;
        let page = app.get(&eli, &here).await.text();
        for sentence in told {
            assert!(page.contains(sentence), "{page}");
        }
        let source = app.get(&eli, &format!("/api/v1{}", here.replace("/p/", "/projects/").replace("/data/", "/sources/"))).await;
        let notes = source.json()["notes"].to_string();
        assert!(notes.contains("separated by semicolons") && notes.contains("looks like data"), "{notes}");
        // By program.
        let body = b"{\"message\":\"caf\xe9\"}\n".to_vec();
        let path = "/api/v1/projects/inbox/items?text=message";
        let reply = app.send(sent(&eli, path, "application/x-ndjson", "*/*", body)).await.json();
        assert_eq!(reply["counts"]["new"], 1, "{reply}");
        assert!(reply["notes"][0].as_str().is_some_and(|note| note.contains("Windows-1252")), "{reply}");
    }

    async fn what_the_framework_refuses_is_told_like_everything_else(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let (app, _, eli) = engineer(store, &folder).await;
        let page = app.get(&eli, "/p/inbox/data?before=yesterday").await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST);
        assert!(page.text().contains("That does not fit") && page.text().contains("has a slip"), "{}", page.text());
        let mut packed = sent(&eli, "/p/inbox/data?before=yesterday", "text/html", "*/*", "");
        *packed.method_mut() = Method::GET;
        packed.headers_mut().insert(header::ACCEPT_ENCODING, header::HeaderValue::from_static("gzip"));
        let packed = app.send(packed).await;
        let is_packed = packed.headers.get(header::CONTENT_ENCODING).is_some_and(|kind| kind == "gzip");
        assert!(is_packed && packed.body.starts_with(&[0x1f, 0x8b]), "as its headers say, else no browser shows it");
        let method = app.post(&eli, "/p/inbox", &[]).await;
        assert_eq!(method.status, StatusCode::METHOD_NOT_ALLOWED);
        assert!(method.headers.contains_key(header::ALLOW) && method.text().contains("its method does not fit"));
        let said = async |path: &str| {
            let reply = app.get(&eli, path).await;
            let error: serde_json::Value = serde_json::from_str(&reply.text()).expect("JSON");
            (reply.status, error["error"]["message"].as_str().expect("words").to_owned())
        };
        let (status, words) = said("/api/v1/projects/inbox/releases?before=yesterday").await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(words.contains("before"), "{words}");
        assert_eq!(said("/api/v2/projects").await, (StatusCode::NOT_FOUND, "This page was not found.".to_owned()));
        // A key that is written wrong would make other ids of all rows.
        let rows = "{\"key\":\"1\",\"message\":\"Hello\"}\n";
        let path = "/api/v1/projects/inbox/items?text=message&ident=key";
        let reply = app.send(sent(&eli, path, "application/x-ndjson", "*/*", rows)).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST);
        assert!(reply.text().contains("unknown field `ident`"), "{}", reply.text());
    }

    async fn rows_by_program(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let (app, project, eli) = engineer(store, &folder).await;
        let rows = "{\"key\":\"1\",\"message\":\"Hello\",\"plan\":\"basic\"}\n{\"key\":\"2\"}\n";
        let path = "/api/v1/projects/inbox/items?text=message&id=key&name=nightly";
        let reply = app.send(sent(&eli, path, "application/x-ndjson", "*/*", rows)).await;
        let body = reply.json();
        assert_eq!((reply.status, &body["counts"]["new"]), (StatusCode::OK, &1.into()), "{body}");
        assert_eq!(body["rejects"][0]["line"], 2);
        let again = app.send(sent(&eli, path, "application/x-ndjson", "*/*", rows)).await.json();
        assert_eq!(again["counts"]["same"], 1, "{again}");
        let bad = "/api/v1/projects/inbox/items?text=nowhere";
        let reply = app.send(sent(&eli, bad, "application/x-ndjson", "*/*", rows)).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(reply.json()["error"]["fields"][0][0], "text");

        // More than is taken in at once becomes a job.
        let mut large = String::new();
        for i in 0..1100 {
            large.push_str(&format!("{{\"key\":\"l{i}\",\"message\":\"{}\"}}\n", "word ".repeat(1600)));
        }
        let reply = app.send(sent(&eli, path, "application/x-ndjson", "*/*", large)).await;
        assert_eq!(reply.status, StatusCode::ACCEPTED, "{}", reply.text());
        run_jobs(&app).await;
        let id = reply.json()["id"].to_string();
        let source = app.get(&eli, &format!("/api/v1/projects/inbox/sources/{id}")).await.json();
        assert_eq!((&source["state"], &source["counts"]["new"]), (&"done".into(), &1100.into()), "{source}");
        let list = app.get(&eli, "/api/v1/projects/inbox/sources").await.json();
        assert_eq!(list["sources"].as_array().map(Vec::len), Some(3));

        let ann = app.person("ann@assay.test", false, Some((project, &[Role::Annotator]))).await;
        let ann = app.session(ann).await;
        let reply = app.send(sent(&ann, path, "application/x-ndjson", "*/*", rows)).await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN);
    }
}
