//! Signing in and out, and what an admin does then: through HTTP, without JavaScript.

use axum::body::Body;
use axum::extract::ConnectInfo;
use domain::permission::Role;
use domain::project::Task;
use http::{Request, StatusCode, header};
use std::net::SocketAddr;
use store::both;
use tests::{As, Reply, TestApp};

const PASSWORD: &str = "a few plain words";

/// The session that an answer sets.
fn session(reply: &Reply) -> As {
    let cookie = reply.headers.get(header::SET_COOKIE).expect("a cookie").to_str().expect("text");
    As::Session(cookie.split(';').next().expect("its value").to_owned())
}

/// What stands between two texts.
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    text.split_once(from).and_then(|(_, rest)| rest.split_once(to)).expect("both texts").0
}

async fn set_up(app: &TestApp) -> As {
    let fields = [("name", "Ada"), ("email", "ada@assay.test"), ("new_password", PASSWORD)];
    let reply = app.post(&As::Nobody, "/first-run", &fields).await;
    assert_eq!((reply.status, reply.location()), (StatusCode::SEE_OTHER, Some("/")), "{}", reply.text());
    session(&reply)
}

both! {
    async fn the_first_run_makes_the_admin_once(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let app = TestApp::new(store, folder.path());
        assert_eq!(app.get(&As::Nobody, "/").await.location(), Some("/sign-in"));
        assert_eq!(app.get(&As::Nobody, "/sign-in").await.location(), Some("/first-run"));
        let weak = [("name", "Ada"), ("email", "ada@assay.test"), ("new_password", "short")];
        let reply = app.post(&As::Nobody, "/first-run", &weak).await;
        let again = app.get(&session(&reply), "/first-run").await.text();
        assert!(again.contains("That is 5 characters") && again.contains("ada@assay.test"), "{again}");
        assert!(!again.contains("short"));

        let ada = set_up(&app).await;
        let home = app.get(&ada, "/").await.text();
        assert!(home.contains("Assay is set up") && home.contains("No project yet"), "{home}");
        assert_eq!(app.get(&As::Nobody, "/first-run").await.location(), Some("/"));
        let fields = [("name", "Eve"), ("email", "eve@assay.test"), ("new_password", PASSWORD)];
        let late = app.post(&As::Nobody, "/first-run", &fields).await;
        assert_eq!(late.location(), Some("/"));
        assert!(!late.headers.contains_key(header::SET_COOKIE));
        assert_eq!(app.instance.store.people(None, 10).await.expect("people").len(), 1);
    }

    async fn signing_in_goes_where_one_wanted_to(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let app = TestApp::new(store, folder.path());
        let first = set_up(&app).await;
        let wanted = app.get(&As::Nobody, "/audit?before=9").await;
        assert_eq!(wanted.location(), Some("/sign-in?next=/audit%3Fbefore%3D9"));
        let wrong = [("email", "ada@assay.test"), ("password", "not this one"), ("next", "/audit")];
        let reply = app.post(&As::Nobody, "/sign-in", &wrong).await;
        assert_eq!(reply.location(), Some("/sign-in?next=/audit"));
        let visitor = session(&reply);
        let page = app.get(&visitor, "/sign-in?next=/audit").await.text();
        assert!(page.contains("do not match") && page.contains("value=\"ada@assay.test\""), "{page}");
        assert!(!page.contains("not this one"));
        let right = [("email", " ADA@assay.test"), ("password", PASSWORD), ("next", "/audit")];
        let reply = app.post(&visitor, "/sign-in", &right).await;
        assert_eq!(reply.location(), Some("/audit"));
        let inside = session(&reply);
        assert_ne!(inside, visitor, "the session has another name after signing in");
        assert_eq!(app.get(&inside, "/audit").await.status, StatusCode::OK);
        assert_eq!(app.get(&visitor, "/audit").await.status, StatusCode::SEE_OTHER);
        let away = app.post(&As::Nobody, "/sign-in", &[right[0], right[1], ("next", "//b.example")]).await;
        assert_eq!(away.location(), Some("/"));

        let change = [("password", PASSWORD), ("new_password", "other plain words")];
        let reply = app.post(&inside, "/account/password", &change).await;
        assert_eq!(reply.location(), Some("/account"));
        assert_eq!(app.get(&session(&reply), "/account").await.status, StatusCode::OK);
        for ended in [&first, &inside] {
            assert_eq!(app.get(ended, "/account").await.status, StatusCode::SEE_OTHER);
        }
        let reply = app.post(&session(&reply), "/sign-out", &[]).await;
        assert_eq!(reply.location(), Some("/sign-in"));

        // A form that was filled in while its person signed out elsewhere leads back to its page and says so.
        let form = |from: &str| {
            let form = Request::post("/people").header(header::HOST, "assay.test").header(header::REFERER, from);
            form.header(header::ORIGIN, "http://assay.test").body(Body::empty()).expect("a request")
        };
        let reply = app.send(form("http://assay.test/people?q=a")).await;
        assert_eq!(reply.location(), Some("/sign-in?lost=yes&next=/people%3Fq%3Da"));
        let page = app.get(&As::Nobody, "/sign-in?lost=yes&next=/people").await.text();
        assert!(page.contains("what you sent was not saved") && page.contains("value=\"/people\""), "{page}");
        let elsewhere = app.send(form("http://assay.testing/people")).await;
        assert_eq!(elsewhere.location(), Some("/sign-in?lost=yes"));
    }

    async fn guessing_is_slowed_down(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let app = TestApp::new(store, folder.path());
        set_up(&app).await;
        let wrong = [("email", "ada@assay.test"), ("password", "not this one")];
        for _ in 0..10 {
            assert_eq!(app.post(&As::Nobody, "/sign-in", &wrong).await.status, StatusCode::SEE_OTHER);
        }
        let right = [("email", "ada@assay.test"), ("password", PASSWORD)];
        assert_eq!(app.post(&As::Nobody, "/sign-in", &right).await.status, StatusCode::TOO_MANY_REQUESTS);
        // Moving the clock of the server does not help.
        app.instance.store.clock().advance(300);
        assert_eq!(app.post(&As::Nobody, "/sign-in", &right).await.status, StatusCode::TOO_MANY_REQUESTS);
        // Guesses lock no one out: from another network the person signs in.
        let mut elsewhere = Request::post("/sign-in")
            .header(header::HOST, "assay.test")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(format!("email=ada@assay.test&password={}", PASSWORD.replace(' ', "+"))))
            .expect("a request");
        elsewhere.extensions_mut().insert(ConnectInfo(SocketAddr::from(([10, 0, 0, 9], 4))));
        assert_eq!(app.send(elsewhere).await.location(), Some("/"));
    }

    async fn somebody_new_comes_in_by_link(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let app = TestApp::new(store, folder.path());
        let ada = set_up(&app).await;
        let added = app.post(&ada, "/people", &[("name", "Bo <b>"), ("their_email", "bo@assay.test")]).await;
        let page = added.text();
        assert!(page.contains("Bo &lt;b&gt;") && !page.contains("Bo <b>"), "{page}");
        let link = between(&page, "http://assay.test/reset/", "<").trim().to_owned();
        let path = format!("/reset/{link}");
        let twice = app.post(&ada, "/people", &[("name", "Bo"), ("their_email", "bo@assay.test")]).await;
        assert_eq!(twice.location(), Some("/people"));
        assert!(app.get(&ada, "/people").await.text().contains("There is a person with this e-mail already"));

        assert!(app.get(&As::Nobody, &path).await.text().contains("bo@assay.test"));
        let reply = app.post(&As::Nobody, &path, &[("new_password", "by a link only")]).await;
        assert_eq!(reply.location(), Some("/"));
        let bo = session(&reply);
        assert!(app.get(&bo, "/").await.text().contains("No project for you yet"));
        let again = app.post(&As::Nobody, &path, &[("new_password", "a second time")]).await;
        assert_eq!(again.status, StatusCode::CONFLICT);
        assert_eq!(app.get(&As::Nobody, &path).await.status, StatusCode::CONFLICT);
        assert_eq!(app.get(&bo, "/people").await.status, StatusCode::FORBIDDEN);

        let known = app.instance.store.people(None, 10).await.expect("people");
        let id = known.iter().find(|p| !p.admin).expect("Bo").id;
        app.post(&ada, &format!("/people/{id}/access"), &[("access", "no")]).await;
        assert_eq!(app.get(&bo, "/").await.location(), Some("/sign-in"));
        let last = known.iter().find(|p| p.admin).expect("Ada").id;
        app.post(&ada, &format!("/people/{last}/admin"), &[("admin", "no")]).await;
        assert!(app.get(&ada, "/people").await.text().contains("This is the last admin"));
    }

    async fn a_project_from_its_beginning_to_the_archive(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let app = TestApp::new(store, folder.path());
        let ada = set_up(&app).await;
        let bad = [("name", ""), ("task", "single"), ("control_share", "a lot"), ("description", "kept")];
        assert_eq!(app.post(&ada, "/projects", &bad).await.location(), Some("/projects/new"));
        let page = app.get(&ada, "/projects/new").await.text();
        assert!(page.contains("such as 10") && page.contains("kept"), "{page}");
        let good = [("name", "Support inbox"), ("task", "single"), ("control_share", "20")];
        assert_eq!(app.post(&ada, "/projects", &good).await.location(), Some("/p/support-inbox"));
        let page = app.get(&ada, "/p/support-inbox").await.text();
        assert!(page.contains("No texts yet") && page.contains("Import a file"), "{page}");
        assert!(app.get(&ada, "/").await.text().contains("Support inbox"));

        let mut settings = vec![
            ("name", "Inbox"),
            ("description", ""),
            ("shown_fields", "channel\r\n\r\ncountry"),
            ("confirm_picks", "yes"),
        ];
        // Not from a page that shows what is there now.
        app.post(&ada, "/p/support-inbox/settings", &settings).await;
        let page = app.get(&ada, "/p/support-inbox/settings").await.text();
        assert!(page.contains("What you typed stands here") && page.contains("country"), "{page}");
        settings.push(("seen", between(&page, "name=\"seen\" value=\"", "\"")));
        app.post(&ada, "/p/support-inbox/settings", &settings).await;
        let project = app.instance.store.project_by_slug("support-inbox").await.expect("an answer").expect("it");
        assert_eq!(project.settings.0.shown_fields, ["channel", "country"]);
        assert!(project.settings.0.confirm_picks && project.settings.0.control_share == 0.2);
        assert!(app.get(&ada, "/p/support-inbox/settings/audit").await.text().contains("changed the project"));

        app.post(&ada, "/p/support-inbox/archive", &[("sure", "inbox")]).await;
        let page = app.get(&ada, "/p/support-inbox/settings").await.text();
        assert!(page.contains("“inbox” is not the name"), "{page}");
        let done = app.post(&ada, "/p/support-inbox/archive", &[("sure", "Inbox")]).await;
        assert_eq!(done.location(), Some("/"));
        assert!(app.get(&ada, "/?archived=1").await.text().contains("/p/support-inbox"));
        let new = [("name", "Late"), ("overlap", "1")];
        let refused = app.post(&ada, "/p/support-inbox/queues/new", &new).await;
        assert_eq!(refused.status, StatusCode::CONFLICT);
        assert!(refused.text().contains("nothing in it can be changed"), "{}", refused.text());
        assert_eq!(app.get(&ada, "/p/support-inbox/data").await.status, StatusCode::OK, "it can be looked at");
        // The desk gives a text to the person who opens it, and no one labels here.
        let desk = app.get(&ada, "/p/support-inbox/queues/1/label").await;
        assert_eq!(desk.status, StatusCode::CONFLICT);
        assert!(desk.text().contains("is archived"), "{}", desk.text());
        let back = app.post(&ada, "/p/support-inbox/unarchive", &[]).await;
        assert_eq!(back.location(), Some("/p/support-inbox"));
    }

    async fn roles_and_tokens_of_a_project(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let app = TestApp::new(store, folder.path());
        let ada = set_up(&app).await;
        app.project("mine", Task::Single).await;
        let bo = app.person("bo@assay.test", false, None).await;
        let me = app.session(bo).await;
        assert_eq!(app.get(&me, "/p/mine").await.status, StatusCode::NOT_FOUND);
        let nobody = [("their_email", "eve@assay.test"), ("role", "owner")];
        app.post(&ada, "/p/mine/settings/people", &nobody).await;
        let page = app.get(&ada, "/p/mine/settings/people").await.text();
        assert!(page.contains("Nobody here has this e-mail"), "{page}");
        let given = [("their_email", "bo@assay.test"), ("role", "annotator"), ("role", "engineer")];
        app.post(&ada, "/p/mine/settings/people", &given).await;
        let page = app.get(&me, "/p/mine/settings/people").await.text();
        assert!(page.contains("annotator, engineer") && !page.contains("Give somebody a role"), "{page}");

        let export = [("name", "export"), ("scope", "read"), ("days", "90")];
        let made = app.post(&me, "/p/mine/settings/tokens", &export).await;
        let secret = format!("assay_{}", between(&made.text(), "assay_", "<").trim());
        assert_eq!(app.get(&As::Token(secret.clone()), "/p/mine/settings").await.status, StatusCode::OK);
        let page = app.get(&me, "/p/mine/settings/tokens").await.text();
        assert!(page.contains("export") && !page.contains(&secret), "{page}");
        let id = between(&page, "/p/mine/settings/tokens/", "/revoke").to_owned();
        app.post(&me, &format!("/p/mine/settings/tokens/{id}/revoke"), &[]).await;
        assert_eq!(app.get(&As::Token(secret), "/p/mine/settings").await.status, StatusCode::UNAUTHORIZED);

        app.post(&ada, &format!("/p/mine/settings/people/{bo}"), &[("role", "annotator")]).await;
        assert_eq!(app.get(&me, "/p/mine/settings").await.status, StatusCode::FORBIDDEN);
        assert!(app.get(&me, "/p/mine").await.text().contains("Nothing to label right now"));
        let more = [("name", "x"), ("scope", "write"), ("days", "90")];
        let refused = app.post(&me, "/p/mine/settings/tokens", &more).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        app.post(&ada, &format!("/p/mine/settings/people/{bo}"), &[]).await;
        assert_eq!(app.get(&me, "/p/mine").await.status, StatusCode::NOT_FOUND);
    }

    async fn a_theme_is_a_plain_form(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let app = TestApp::new(store, folder.path());
        let admin = app.person("ada@assay.test", true, Some((app.project("mine", Task::Single).await, &[Role::Owner]))).await;
        let ada = app.session(admin).await;
        assert!(!app.get(&ada, "/account").await.text().contains("data-theme"));
        let reply = app.post(&ada, "/account/theme", &[("theme", "dark")]).await;
        assert_eq!(reply.location(), Some("/account"));
        assert!(app.get(&ada, "/p/mine").await.text().contains("data-theme=\"dark\""));
        assert_eq!(app.post(&ada, "/account/theme", &[("theme", "pink")]).await.status.as_u16(), 422);
    }
}
