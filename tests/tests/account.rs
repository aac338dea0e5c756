//! One's own account through HTTP: where one is signed in, a second factor, tokens that expire, and what the audit log
//! keeps of who came in and who did not.

use axum::body::Body;
use domain::permission::{Actor, Role};
use domain::project::Task;
use http::{Request, StatusCode, header};
use std::time::Duration;
use store::both;
use store::site::audit::AuditEntry;
use tests::{As, Reply, TestApp};
use workflow::site::people::second_factor::code_at;

const PASSWORD: &str = "a few plain words";

/// The session that an answer sets.
fn session(reply: &Reply) -> As {
    let cookie = reply.headers.get(header::SET_COOKIE).expect("a cookie").to_str().expect("text");
    As::Session(cookie.split(';').next().expect("its value").to_owned())
}

/// What stands between two texts.
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    text.split_once(from)
        .and_then(|(_, rest)| rest.split_once(to))
        .unwrap_or_else(|| panic!("{from}: {text}"))
        .0
}

async fn set_up(app: &TestApp) -> As {
    let fields = [("name", "Ada"), ("email", "ada@assay.test"), ("new_password", PASSWORD)];
    session(&app.post(&As::Nobody, "/first-run", &fields).await)
}

/// A person whom the admin has added, with a password.
async fn somebody(app: &TestApp, admin: &As, email: &str) -> As {
    let added = app.post(admin, "/people", &[("name", "Bo"), ("their_email", email)]).await.text();
    let link = format!("/reset/{}", between(&added, "/reset/", "<").trim());
    session(&app.post(&As::Nobody, &link, &[("new_password", PASSWORD)]).await)
}

async fn sign_in(app: &TestApp, email: &str, password: &str) -> Reply {
    app.post(&As::Nobody, "/sign-in", &[("email", email), ("password", password)]).await
}

/// Signs in as a browser that says of itself what it is.
async fn sign_in_with(app: &TestApp, browser: &str) -> As {
    let form = format!("email=ada%40assay.test&password={}", PASSWORD.replace(' ', "+"));
    let request = Request::post("/sign-in")
        .header(header::HOST, "assay.test")
        .header(header::USER_AGENT, browser)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form))
        .expect("a request");
    session(&app.send(request).await)
}

/// The key that the page shows for the app.
async fn key(app: &TestApp, who: &As) -> String {
    let page = app.get(who, "/account/second-factor").await.text();
    assert!(page.contains("class=\"qr\"") && page.contains("QR code for your app"), "{page}");
    let shown = between(&page, "aria-label=\"Key for the app\"", "</code>");
    shown.rsplit_once('>').expect("a tag before it").1.replace(' ', "").trim().to_owned()
}

fn code(app: &TestApp, key: &str) -> String {
    code_at(key, app.instance.store.now()).expect("a code")
}

/// Sets up a second factor; returns the key, the recovery codes and the session that goes on.
async fn enrol(app: &TestApp, who: &As) -> (String, Vec<String>, As) {
    let key = key(app, who).await;
    let now = code(app, &key);
    let reply = app.post(who, "/account/second-factor", &[("code", &now), ("password", PASSWORD)]).await;
    let page = reply.text();
    let shown = between(&page, "aria-label=\"Recovery codes\"", "</code>");
    let codes: Vec<String> =
        shown.rsplit_once('>').expect("a tag").1.lines().map(|l| l.trim().to_owned()).collect();
    assert_eq!(codes.len(), 10, "{page}");
    (key, codes, session(&reply))
}

/// The log, newest first.
async fn log(app: &TestApp) -> Vec<AuditEntry> {
    workflow::site::audit::log(&app.instance, &Actor::OPERATOR, None, None).await.expect("the log")
}

/// Waits for an entry that is written beside the answer.
async fn logged(app: &TestApp, act: &str) -> AuditEntry {
    let wait = async {
        loop {
            if let Some(entry) = log(app).await.into_iter().find(|entry| entry.act == act) {
                return entry;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait).await.unwrap_or_else(|_| panic!("no entry: {act}"))
}

both! {
    async fn ones_own_sessions_are_shown_and_ended(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let app = TestApp::new(store, folder.path());
        let first = set_up(&app).await;
        let fox = sign_in_with(&app, "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0").await;
        let phone = sign_in_with(&app, "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Safari/604.1 <b>").await;
        let page = app.get(&fox, "/account").await.text();
        for word in ["Firefox on Linux", "Safari on iPhone", "an unknown browser"] {
            assert_eq!(page.matches(&format!(">{word}")).count(), 1, "{word}: {page}");
        }
        let mine = between(&page, "Firefox on Linux", "</tr>");
        assert!(mine.contains("this one") && page.matches("this one").count() == 1, "{page}");
        assert!(page.contains("2 Nov 2026, 09:00"), "when it began: {page}");

        let end = between(between(&page, "Safari on iPhone", "</form>"), "action=\"", "\"").to_owned();
        let reply = app.post(&fox, &end, &[]).await;
        assert_eq!(reply.location(), Some("/account"));
        assert_eq!(app.get(&phone, "/account").await.location(), Some("/sign-in?next=/account"));
        assert!(app.get(&fox, "/account").await.text().contains("That session has ended"));
        let again = app.post(&fox, &end, &[]).await;
        assert_eq!(again.location(), Some("/account"));
        assert!(app.get(&fox, "/account").await.text().contains("has ended already"));

        // A person can't end the sessions of others.
        let bo = somebody(&app, &first, "bo@assay.test").await;
        let page = app.get(&fox, "/account").await.text();
        let theirs = between(between(&page, "an unknown browser", "</form>"), "action=\"", "\"").to_owned();
        app.post(&bo, &theirs, &[]).await;
        assert_eq!(app.get(&first, "/account").await.status, StatusCode::OK);

        let everywhere = app.post(&fox, "/account/sessions/end", &[]).await;
        assert_eq!(everywhere.location(), Some("/sign-in"));
        for ended in [&first, &fox] {
            assert_eq!(app.get(ended, "/account").await.status, StatusCode::SEE_OTHER);
        }
        assert_eq!(app.get(&bo, "/account").await.status, StatusCode::OK);
    }

    async fn a_session_ends_after_thirty_days_however_it_is_used(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let app = TestApp::new(store, folder.path());
        let ada = set_up(&app).await;
        for _ in 0..4 {
            app.instance.store.clock().advance(7 * 24 * 60 * 60);
            assert_eq!(app.get(&ada, "/account").await.status, StatusCode::OK);
        }
        app.instance.store.clock().advance(2 * 24 * 60 * 60);
        assert_eq!(app.get(&ada, "/account").await.location(), Some("/sign-in?next=/account"));
    }

    async fn a_password_that_is_tried_first_is_refused_everywhere(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let app = TestApp::new(store, folder.path());
        let common = [("name", "Ada"), ("email", "ada@assay.test"), ("new_password", "Password123!")];
        let reply = app.post(&As::Nobody, "/first-run", &common).await;
        let page = app.get(&session(&reply), "/first-run").await.text();
        assert!(page.contains("among the first that are tried"), "{page}");
        let ada = set_up(&app).await;
        let own = [("password", PASSWORD), ("new_password", "ada@assay.test")];
        app.post(&ada, "/account/password", &own).await;
        let page = app.get(&ada, "/account").await.text();
        assert!(page.contains("Your name, your e-mail and the name of this program"), "{page}");
        let added = app.post(&ada, "/people", &[("name", "Bo"), ("their_email", "bo@assay.test")]).await.text();
        let link = format!("/reset/{}", between(&added, "/reset/", "<").trim());
        let reply = app.post(&As::Nobody, &link, &[("new_password", "qwertyuiop")]).await;
        assert!(app.get(&session(&reply), &link).await.text().contains("among the first that are tried"));
    }

    async fn a_second_factor_is_set_up_and_asked_for(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let app = TestApp::new(store, folder.path());
        let ada = set_up(&app).await;
        let other = session(&sign_in(&app, "ada@assay.test", PASSWORD).await);
        let shown = key(&app, &ada).await;
        assert_eq!(key(&app, &ada).await, shown, "the key stays while it is being set up");
        let now = code(&app, &shown);
        let path = "/account/second-factor";
        let wrong = [[("code", "000000"), ("password", PASSWORD)], [("code", &now), ("password", "not this one")]];
        for (fields, said) in wrong.iter().zip(["This is not the code of now", "This is not your password now"]) {
            assert_eq!(app.post(&ada, path, fields).await.location(), Some(path));
            assert!(app.get(&ada, path).await.text().contains(said), "{said}");
        }
        let (key, recovery, ada) = enrol(&app, &ada).await;
        assert_eq!(key, shown);
        let page = app.get(&ada, path).await.text();
        assert!(page.contains("Recovery codes left") && !page.contains(&key) && !page.contains(&recovery[0]), "{page}");
        assert_eq!(app.get(&other, "/account").await.status, StatusCode::SEE_OTHER, "signed out elsewhere");
        assert_eq!(app.get(&ada, "/account").await.status, StatusCode::OK);
        let hashed = format!("{:?}", log(&app).await);
        assert!(!recovery.iter().any(|code| hashed.contains(code.as_str())));

        // The password alone opens nothing.
        let right = [("email", "ada@assay.test"), ("password", PASSWORD), ("next", "/audit")];
        let reply = app.post(&As::Nobody, "/sign-in", &right).await;
        assert_eq!(reply.location(), Some("/sign-in/code"));
        let halfway = session(&reply);
        for closed in ["/", "/account", "/audit", path] {
            assert!(app.get(&halfway, closed).await.location().is_some_and(|to| to.starts_with("/sign-in")), "{closed}");
        }
        let page = app.get(&halfway, "/sign-in/code").await.text();
        assert!(page.contains("autocomplete=\"one-time-code\""), "{page}");
        let give = async |who: &As, code: &str| app.post(who, "/sign-in/code", &[("code", code)]).await;
        for (typed, said) in [("123", "does not fit"), (&now, "used already"), ("", "does not fit")] {
            assert_eq!(give(&halfway, typed).await.location(), Some("/sign-in/code"));
            let page = app.get(&halfway, "/sign-in/code").await.text();
            assert!(page.contains(said), "{typed}: {page}");
        }
        app.instance.store.clock().advance(30);
        let next = code(&app, &key);
        let in_parts = format!("{} {}", &next[..3], &next[3..]);
        let reply = give(&halfway, &in_parts).await;
        assert_eq!(reply.location(), Some("/audit"));
        let inside = session(&reply);
        assert_eq!(app.get(&inside, "/account").await.status, StatusCode::OK);
        assert_eq!(app.get(&halfway, "/account").await.status, StatusCode::SEE_OTHER, "another name after signing in");

        // No code opens twice, and a recovery code is one.
        let halfway = session(&sign_in(&app, "ada@assay.test", PASSWORD).await);
        assert_eq!(give(&halfway, &next).await.location(), Some("/sign-in/code"));
        assert_eq!(give(&halfway, &recovery[3].to_uppercase()).await.location(), Some("/"));
        let halfway = session(&sign_in(&app, "ada@assay.test", PASSWORD).await);
        assert_eq!(give(&halfway, &recovery[3]).await.location(), Some("/sign-in/code"));
        let page = app.get(&inside, "/account").await.text();
        assert!(page.contains("9 recovery codes left"), "{page}");

        // New codes end the old ones.
        let renew = [("code", recovery[4].as_str()), ("password", PASSWORD)];
        let page = app.post(&inside, "/account/second-factor/codes", &renew).await.text();
        assert!(page.contains("aria-label=\"Recovery codes\""), "{page}");
        assert_eq!(give(&halfway, &recovery[5]).await.location(), Some("/sign-in/code"));

        // Off again: the password is enough.
        app.instance.store.clock().advance(60);
        let off = [("code", code(&app, &key)), ("password", PASSWORD.to_owned())];
        let off: Vec<_> = off.iter().map(|(k, v)| (*k, v.as_str())).collect();
        let reply = app.post(&inside, "/account/second-factor/remove", &off).await;
        assert_eq!(reply.location(), Some("/account"));
        assert_eq!(sign_in(&app, "ada@assay.test", PASSWORD).await.location(), Some("/"));
        let acts: Vec<_> = log(&app).await.into_iter().map(|entry| entry.act).collect();
        for act in ["set up a second factor", "made new recovery codes", "removed their second factor"] {
            assert_eq!(acts.iter().filter(|known| *known == act).count(), 1, "{act}: {acts:?}");
        }
    }

    async fn between_password_and_code_time_passes_and_things_happen(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let app = TestApp::new(store, folder.path());
        let ada = set_up(&app).await;
        let bo = somebody(&app, &ada, "bo@assay.test").await;
        let (key, _, _) = enrol(&app, &bo).await;
        let halfway = session(&sign_in(&app, "bo@assay.test", PASSWORD).await);
        app.instance.store.clock().advance(600);
        let late = app.post(&halfway, "/sign-in/code", &[("code", &code(&app, &key))]).await;
        assert_eq!(late.location(), Some("/sign-in"));
        assert!(app.get(&halfway, "/sign-in").await.text().contains("took too long"));
        assert_eq!(app.get(&As::Nobody, "/sign-in/code").await.location(), Some("/sign-in"));

        // A new password ends what the old one had begun, and the link alone opens nothing.
        let halfway = session(&sign_in(&app, "bo@assay.test", PASSWORD).await);
        let people = app.instance.store.people(None, 10).await.expect("people");
        let id = people.iter().find(|p| p.has_second_factor).expect("Bo").id;
        let page = app.post(&ada, &format!("/people/{id}/link"), &[("make", "yes")]).await.text();
        let link = format!("/reset/{}", between(&page, "/reset/", "<").trim());
        let reply = app.post(&As::Nobody, &link, &[("new_password", "by a link only")]).await;
        assert_eq!(reply.location(), Some("/sign-in/code"));
        let ended = app.post(&halfway, "/sign-in/code", &[("code", &code(&app, &key))]).await;
        assert_eq!(ended.location(), Some("/sign-in"));
        let reply = app.post(&session(&reply), "/sign-in/code", &[("code", &code(&app, &key))]).await;
        assert_eq!(reply.location(), Some("/"));

        // Only an admin removes it for a person who has lost the app.
        let path = format!("/people/{id}/second-factor");
        let bo = session(&reply);
        assert_eq!(app.post(&bo, &path, &[]).await.status, StatusCode::FORBIDDEN);
        assert!(app.get(&ada, "/people").await.text().contains("Remove second factor"));
        assert_eq!(app.post(&ada, &path, &[]).await.location(), Some("/people"));
        let page = app.get(&ada, "/people").await.text();
        assert!(page.contains("is removed") && !page.contains("Remove second factor"), "{page}");
        assert_eq!(app.get(&bo, "/").await.location(), Some("/sign-in"));
        assert_eq!(sign_in(&app, "bo@assay.test", "by a link only").await.location(), Some("/"));
        assert_eq!(logged(&app, "removed the second factor of").await.target, "Bo");
    }

    async fn guessing_codes_is_slowed_down_for_who_knows_the_password(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let app = TestApp::new(store, folder.path());
        let ada = set_up(&app).await;
        let (key, _, _) = enrol(&app, &ada).await;
        app.instance.store.clock().advance(30);
        for _ in 0..10 {
            let halfway = session(&sign_in(&app, "ada@assay.test", PASSWORD).await);
            let wrong = app.post(&halfway, "/sign-in/code", &[("code", "000000")]).await;
            assert_eq!(wrong.location(), Some("/sign-in/code"));
        }
        let halfway = session(&sign_in(&app, "ada@assay.test", PASSWORD).await);
        let right = app.post(&halfway, "/sign-in/code", &[("code", &code(&app, &key))]).await;
        assert_eq!(right.status, StatusCode::TOO_MANY_REQUESTS);
    }

    async fn an_admin_may_ask_everyone_for_a_second_factor(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let app = TestApp::new(store, folder.path());
        let ada = set_up(&app).await;
        app.project("mine", Task::Single).await;
        let bo = somebody(&app, &ada, "bo@assay.test").await;
        app.post(&ada, "/p/mine/settings/people", &[("their_email", "bo@assay.test"), ("role", "owner")]).await;
        let made = app.post(&bo, "/p/mine/settings/tokens", &[("name", "t"), ("scope", "read"), ("days", "7")]).await;
        let token = As::Token(format!("assay_{}", between(&made.text(), "assay_", "<").trim()));
        let path = "/people/second-factor";
        assert_eq!(app.post(&bo, path, &[("required", "yes")]).await.status, StatusCode::FORBIDDEN);
        assert_eq!(app.post(&ada, path, &[]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(app.post(&ada, path, &[("required", "yes")]).await.location(), Some("/people"));

        for who in [&ada, &bo] {
            for closed in ["/", "/account", "/p/mine"] {
                assert_eq!(app.get(who, closed).await.location(), Some("/account/second-factor"), "{closed}");
            }
            let refused = app.get(who, "/api/v1/projects/mine/taxonomy").await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text());
            assert!(refused.text().contains("needs a second factor"), "{}", refused.text());
        }
        assert_eq!(app.post(&bo, "/account/theme", &[("theme", "dark")]).await.location(), Some("/account/second-factor"));
        assert_eq!(app.get(&token, "/api/v1/projects/mine/releases").await.status, StatusCode::OK, "programs go on");
        assert!(app.get(&bo, "/account/second-factor").await.text().contains("Everyone here needs a second factor"));
        let (_, _, bo) = enrol(&app, &bo).await;
        assert_eq!(app.get(&bo, "/p/mine").await.status, StatusCode::OK);
        let (_, _, ada) = enrol(&app, &ada).await;
        assert_eq!(app.post(&ada, path, &[("required", "no")]).await.location(), Some("/people"));
        assert_eq!(logged(&app, "no longer requires").await.person.as_deref(), Some("Ada"));
    }

    async fn tokens_say_when_they_end(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let app = TestApp::new(store, folder.path());
        let ada = set_up(&app).await;
        app.project("mine", Task::Single).await;
        let path = "/p/mine/settings/tokens";
        let page = app.get(&ada, path).await.text();
        assert!(page.contains("in 90 days") && page.contains("never, until it is revoked"), "{page}");
        let make = async |name: &str, days: &str| {
            app.post(&ada, path, &[("name", name), ("scope", "read"), ("days", days)]).await
        };
        for bad in ["", "0", "-1", "soon", "99999999999999999999", "4000"] {
            assert_eq!(make("bad", bad).await.location(), Some(path), "{bad}");
        }
        let secret = |reply: &Reply| As::Token(format!("assay_{}", between(&reply.text(), "assay_", "<").trim()));
        let (week, long) = (secret(&make("a week", "7").await), secret(&make("for ever", "never").await));
        let page = app.get(&ada, path).await.text();
        assert!(page.contains("9 Nov 2026, 09:00") && page.contains("never"), "{page}");
        assert!(!page.contains("expired") && !page.contains(">bad<"), "{page}");

        let releases = "/api/v1/projects/mine/releases";
        assert_eq!(app.get(&week, releases).await.status, StatusCode::OK);
        app.instance.store.clock().advance(7 * 24 * 60 * 60);
        let refused = app.get(&week, releases).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
        assert!(refused.text().contains("This token expired on 9 Nov 2026"), "{}", refused.text());
        assert_eq!(app.get(&long, releases).await.status, StatusCode::OK);
        assert!(app.get(&As::Token("assay_00".to_owned()), releases).await.text().contains("unknown or revoked"));
        assert!(app.get(&ada, path).await.text().contains("expired"));

        let listed = app.get(&ada, "/api/v1/projects/mine/tokens").await.json();
        let told: Vec<_> = listed["tokens"].as_array().expect("a list").iter()
            .map(|t| (t["name"].as_str().expect("a name"), t["expired"].as_bool(), t["expires_at"].is_null()))
            .collect();
        assert_eq!(told, [("for ever", Some(false), true), ("a week", Some(true), false)]);
        assert_eq!(app.get(&long, "/api/v1/projects/mine/tokens").await.status, StatusCode::FORBIDDEN);
    }

    async fn the_log_says_who_came_in_and_who_did_not(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let app = TestApp::new(store, folder.path());
        let ada = set_up(&app).await;
        let bo = somebody(&app, &ada, "bo@assay.test").await;
        assert_eq!(logged(&app, "signed in").await.person.as_deref(), Some("Bo"));
        for _ in 0..3 {
            sign_in(&app, "bo@assay.test", "not this one").await;
            sign_in(&app, "my password is typed here", "x").await;
        }
        let failed = logged(&app, "was not let in:").await;
        assert_eq!((failed.person.as_deref(), failed.target.as_str()), (Some("Bo"), "a wrong password"));
        let unknown = logged(&app, store::site::audit::UNKNOWN_SIGN_IN).await;
        assert_eq!((unknown.who(), unknown.person.as_deref(), unknown.detail.as_str()), ("somebody", None, ""));

        // A storm is one entry a minute, and the next one counts it.
        for _ in 0..40 {
            assert_eq!(app.get(&bo, "/people").await.status, StatusCode::FORBIDDEN);
        }
        assert_eq!(app.get(&bo, "/audit").await.status, StatusCode::FORBIDDEN);
        let refused = |log: Vec<AuditEntry>| log.into_iter().filter(|e| e.act == "was refused").collect::<Vec<_>>();
        let entries = refused(log(&app).await);
        let told: Vec<_> = entries.iter().map(|e| (e.target.as_str(), e.detail.as_str())).collect();
        assert_eq!(told, [("to read the audit log", "GET /audit"), ("to manage people", "GET /people")]);
        app.instance.store.clock().advance(60);
        app.get(&bo, "/people").await;
        let entries = refused(log(&app).await);
        assert_eq!(entries[0].detail, "GET /people, and 39 times more since the entry before");
        assert_eq!(entries.len(), 3);
        let page = app.get(&ada, "/audit").await.text();
        assert!(page.contains("somebody") && page.contains("was refused to manage people"), "{page}");
        assert!(!page.contains("my password is typed here"));
    }

    async fn what_a_workflow_refuses_is_written_down_too(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let app = TestApp::new(store, folder.path());
        let project = app.project("mine", Task::Single).await;
        let bo = app.person("bo@assay.test", false, Some((project, &[Role::Annotator]))).await;
        let bo = app.session(bo).await;
        let more = [("name", "x"), ("scope", "write"), ("days", "7")];
        assert_eq!(app.post(&bo, "/p/mine/settings/tokens", &more).await.status, StatusCode::FORBIDDEN);
        let entry = logged(&app, "was refused").await;
        assert_eq!(entry.detail, "POST /p/mine/settings/tokens");
        assert_eq!((entry.project.as_deref(), entry.person.as_deref()), (Some("mine"), Some("bo")));
    }
}
