//! Requests that are meant to do harm are refused in plain words and leave little behind.

use axum::body::Body;
use axum::extract::ConnectInfo;
use domain::permission::Role;
use domain::project::Task;
use http::{HeaderValue, Method, Request, StatusCode, header};
use server::options::Options;
use std::net::SocketAddr;
use store::{Store, both, on};
use tests::{As, Reply, TestApp, asked};

const FORM: &str = "application/x-www-form-urlencoded";
const PASSWORD: &str = "a few plain words";

async fn set_up(app: &TestApp) {
    let fields = [("name", "Ada"), ("email", "ada@assay.test"), ("new_password", PASSWORD)];
    assert_eq!(app.post(&As::Nobody, "/first-run", &fields).await.location(), Some("/"));
}

/// A form from a visitor who is not signed in, as bytes.
async fn junk(app: &TestApp, path: &str, body: Vec<u8>) -> Reply {
    let request = asked(Method::POST, path, &As::Nobody).header(header::CONTENT_TYPE, FORM);
    app.send(request.body(Body::from(body)).expect("a request")).await
}

/// Bytes of all sessions without a person, and when the last of them ends, in seconds from now.
async fn sessions_of_nobody(store: &Store) -> (i64, i64) {
    let query =
        "SELECT CAST(COALESCE(SUM(LENGTH(data)), 0) AS BIGINT), COALESCE(MAX(expires_at), 0) FROM session
                 WHERE person_id IS NULL";
    let (bytes, end): (i64, i64) =
        on!(store, |db| sqlx::query_as(query).fetch_one(db).await).expect("sessions");
    (bytes, (end - store.now().0) / 1_000_000)
}

both! {
    async fn junk_without_a_session_leaves_nothing(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let app = TestApp::new(store, folder.path());
        let fields = |n: usize| format!("name=a&email=b&{}", "junk=junk&".repeat(n)).into_bytes();
        // Before it is set up: the form's own fields alone, for the next page.
        assert_eq!(junk(&app, "/first-run", fields(500)).await.location(), Some("/first-run"));
        let (bytes, end) = sessions_of_nobody(&app.instance.store).await;
        assert!((1..400).contains(&bytes), "{bytes}");
        assert!((1..=2 * 3600).contains(&end), "{end} seconds");
        set_up(&app).await;
        let (before, _) = sessions_of_nobody(&app.instance.store).await;
        for path in ["/first-run", "/sign-in", "/sign-out", "/reset/x"] {
            for body in [fields(200_000), vec![b'x'; 3 << 20]] {
                let reply = junk(&app, path, body).await;
                // What reads no form needs not look at it.
                let is_refused = reply.status == StatusCode::PAYLOAD_TOO_LARGE || reply.location().is_some();
                assert!(is_refused && !reply.headers.contains_key(header::SET_COOKIE), "{path}: {}", reply.status);
            }
        }
        assert_eq!(junk(&app, "/first-run", fields(500)).await.location(), Some("/"));
        assert_eq!(sessions_of_nobody(&app.instance.store).await.0, before);
        junk(&app, "/sign-in", fields(500)).await;
        assert!(sessions_of_nobody(&app.instance.store).await.0 - before < 400);
        // Characters that take six times their bytes.
        junk(&app, "/sign-in", format!("email={}", "%01".repeat(2500)).into_bytes()).await;
        assert!(sessions_of_nobody(&app.instance.store).await.0 - before < 1000);
    }

    async fn a_token_that_is_no_text_is_a_bad_token(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let app = TestApp::new(store, folder.path());
        let ada = app.person("ada@assay.test", true, None).await;
        let As::Session(cookie) = app.session(ada).await else { panic!("a session") };
        // From another site, with the cookie that a browser adds: not even where the origin is not asked for.
        let request = Request::post("/account/theme")
            .header(header::HOST, "assay.test")
            .header(header::ORIGIN, "https://b.example")
            .header(header::COOKIE, cookie.clone())
            .header(header::AUTHORIZATION, HeaderValue::from_bytes(b"Bearer \xff").expect("a header"))
            .header(header::CONTENT_TYPE, FORM);
        let reply = app.send(request.body(Body::from("theme=dark")).expect("a request")).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
        let page = app.get(&As::Session(cookie), "/account").await.text();
        assert!(page.contains("My account") && !page.contains("data-theme"), "nothing was changed: {page}");
    }

    async fn by_https_cookie_and_origin_are_of_this_host_and_of_https(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let app = TestApp::with(store, folder.path(), &Options { https: true, ..Options::default() });
        set_up(&app).await;
        let sign_in = |origin: &'static str| {
            let request = asked(Method::POST, "/sign-in", &As::Nobody)
                .header(header::ORIGIN, origin)
                .header(header::CONTENT_TYPE, FORM);
            let body = format!("email=ada@assay.test&password={}", PASSWORD.replace(' ', "+"));
            app.send(request.body(Body::from(body)).expect("a request"))
        };
        assert_eq!(sign_in("http://assay.test").await.status, StatusCode::FORBIDDEN);
        let reply = sign_in("https://assay.test").await;
        let cookie = reply.headers[header::SET_COOKIE].to_str().expect("text").to_owned();
        assert!(cookie.starts_with("__Host-assay=") && cookie.contains("Secure") && cookie.contains("Path=/"), "{cookie}");
        assert!(!cookie.contains("Domain"), "{cookie}");
        let inside = As::Session(cookie.split(';').next().expect("its value").to_owned());
        assert_eq!(app.get(&inside, "/account").await.status, StatusCode::OK);
    }

    async fn behind_a_proxy_each_address_has_its_own_tries(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let app = TestApp::with(store, folder.path(), &Options { behind_proxy: true, ..Options::default() });
        set_up(&app).await;
        let sign_in = |from: &'static str, password: &str| {
            let mut request = asked(Method::POST, "/sign-in", &As::Nobody)
                .header("x-forwarded-for", from)
                .header(header::CONTENT_TYPE, FORM)
                .body(Body::from(format!("email=ada@assay.test&password={}", password.replace(' ', "+"))))
                .expect("a request");
            request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 4))));
            app.send(request)
        };
        for _ in 0..10 {
            assert_eq!(sign_in("6.6.6.6", "not this one").await.status, StatusCode::SEE_OTHER);
        }
        assert_eq!(sign_in("6.6.6.6", PASSWORD).await.status, StatusCode::TOO_MANY_REQUESTS);
        // What the browser itself claims comes before what the proxy adds.
        assert_eq!(sign_in("10.0.0.1, 6.6.6.6", PASSWORD).await.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(sign_in("6.6.6.6, 10.0.0.1", PASSWORD).await.location(), Some("/"));
    }

    async fn after_signing_in_one_goes_on_to_what_can_be_an_address(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let app = TestApp::new(store, folder.path());
        set_up(&app).await;
        let right = [("email", "ada@assay.test"), ("password", PASSWORD), ("next", "/\u{1}")];
        assert_eq!(app.post(&As::Nobody, "/sign-in", &right).await.location(), Some("/"));
        let ada = app.instance.store.people(None, 1).await.expect("people")[0].id;
        let ada = app.session(ada).await;
        for odd in ["/%01", "/%7F", "/%5Cb.example"] {
            assert_eq!(app.get(&ada, &format!("/sign-in?next={odd}")).await.location(), Some("/"), "{odd}");
        }
    }

    async fn what_is_too_large_is_told_as_that(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let app = TestApp::new(store, folder.path());
        let project = app.project("mine", Task::Single).await;
        let roles = [Role::Owner, Role::Engineer, Role::Annotator];
        let ada = app.person("ada@assay.test", false, Some((project, &roles))).await;
        let ada = app.session(ada).await;
        let large = |path: &str, kind: &str| {
            let request = asked(Method::POST, path, &ada).header(header::CONTENT_TYPE, kind);
            app.send(request.body(Body::from(vec![b'1'; 3 << 20])).expect("a request"))
        };
        for (path, kind) in [
            ("/p/mine/settings", FORM),
            ("/api/v1/projects/mine/answers", "application/json"),
            ("/api/v1/projects/mine/queues/1/next", "application/json"),
            ("/api/app/label/turn", "application/json"),
        ] {
            let reply = large(path, kind).await;
            assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE, "{path}: {}", reply.text());
            assert!(reply.text().contains("too large"), "{path}: {}", reply.text());
        }
        let request = asked(Method::POST, "/api/v1/projects/mine/items", &ada).header(header::CONTENT_LENGTH, "9000000000");
        let reply = app.send(request.body(Body::from("{}")).expect("a request")).await;
        assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE, "{}", reply.text());
        assert!(reply.text().contains("larger than 8 GB"), "{}", reply.text());
        let many = "a=&".repeat(3000).into_bytes();
        let request = asked(Method::POST, "/p/mine/settings", &ada).header(header::CONTENT_TYPE, FORM);
        let reply = app.send(request.body(Body::from(many)).expect("a request")).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(reply.text().contains("too many fields"), "{}", reply.text());
    }

    async fn errors_of_server_functions_have_their_status(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let app = TestApp::new(store, folder.path());
        let project = app.project("mine", Task::Single).await;
        let ann = app.person("ann@assay.test", false, Some((project, &[Role::Annotator]))).await;
        let ann = app.session(ann).await;
        let turn = |body: serde_json::Value| {
            let ann = ann.clone();
            let app = &app;
            async move {
                let reply = app.post_json(&ann, "/api/app/label/turn", &body).await;
                (reply.status.as_u16(), reply.json()["code"].as_str().unwrap_or_default().to_owned())
            }
        };
        let call = |slug: &str, queue: i64| serde_json::json!({ "slug": slug, "queue": queue, "sent": [], "n": 1 });
        assert_eq!(turn(call("mine", 1)).await, (404, "not_found".to_owned()));
        assert_eq!(turn(call("other", 1)).await, (404, "not_found".to_owned()));
        assert_eq!(turn(serde_json::json!({ "slug": "mine" })).await, (422, "invalid".to_owned()));
        assert_eq!(turn(serde_json::json!("x")).await, (422, "invalid".to_owned()));
    }

    async fn a_part_of_a_form_has_a_short_head(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let app = TestApp::new(store, folder.path());
        let project = app.project("mine", Task::Single).await;
        let eli = app.person("eli@assay.test", false, Some((project, &[Role::Engineer]))).await;
        let eli = app.session(eli).await;
        let head = |name: &str| format!("--e\r\nContent-Disposition: form-data; name=\"{name}\"");
        let long = format!("{}\r\nX: {}", head("file"), "a".repeat(1 << 20));
        let many = format!("{}\r\n\r\nx\r\n", head("x")).repeat(1000);
        let wide = format!("{}\r\n\r\n{}", head("x"), "a".repeat(2 << 20));
        for (body, why) in [(long, "the head of a part is too long"), (many, "too much"), (wide, "too much")] {
            let request = asked(Method::POST, "/p/mine/data/upload", &eli)
                .header(header::CONTENT_TYPE, "multipart/form-data; boundary=e");
            let reply = app.send(request.body(Body::from(body)).expect("a request")).await;
            assert_eq!(reply.location(), Some("/p/mine/data"), "{}", reply.text());
            let page = app.get(&eli, "/p/mine/data").await.text();
            assert!(page.contains(why), "{page}");
        }
        assert!(app.instance.store.blobs().await.expect("blobs").is_empty());
        // What is no file may stand before it, and a file may have many lines.
        let body = format!(
            "{}\r\n\r\nx\r\n{}; filename=\"a.csv\"\r\n\r\ntext\n{}\r\n--e--\r\n",
            head("x"),
            head("file"),
            "Where is my card?\n".repeat(20_000)
        );
        let request = asked(Method::POST, "/p/mine/data/upload", &eli)
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=e");
        let reply = app.send(request.body(Body::from(body)).expect("a request")).await;
        let blob = app.instance.store.blobs().await.expect("blobs");
        assert_eq!(blob[0].1, 5 + 18 * 20_000, "{}", reply.text());
    }
}
