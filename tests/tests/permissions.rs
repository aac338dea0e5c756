//! Every address with every role: the guard lets through exactly whom `domain::permission` lets through, and no
//! handler breaks on an empty request.

use app::web::guard::Need;
use domain::permission::{Act, Actor, Role, Roles, Scope, Via, may};
use domain::project::Task;
use domain::{PersonId, ProjectId};
use http::{Method, StatusCode};
use store::{Error, both};
use tests::{As, TestApp};

/// Someone who asks, as the permission rules see them in the project `mine`.
struct Asker {
    name: &'static str,
    /// Nothing: not signed in.
    actor: Option<Actor>,
    person: Option<PersonId>,
    token: Option<String>,
}

async fn token(
    app: &TestApp,
    person: PersonId,
    project: ProjectId,
    scope: Scope,
    secret: &'static str,
) -> String {
    let hash = workflow::site::who::token_hash(secret);
    let write = app.instance.store.write(move |tx| {
        Box::pin(async move {
            tx.add_token(project, person, "a test", &hash, scope, None).await?;
            Ok::<_, Error>(())
        })
    });
    write.await.expect("a token");
    secret.to_owned()
}

async fn askers(app: &TestApp, mine: ProjectId, other: ProjectId) -> Vec<Asker> {
    let mut askers = vec![Asker { name: "nobody", actor: None, person: None, token: None }];
    let people: [(&str, &str, bool, ProjectId, &[Role]); 5] = [
        ("annotator", "annotator@assay.test", false, mine, &[Role::Annotator]),
        ("owner", "owner@assay.test", false, mine, &[Role::Owner]),
        ("engineer", "engineer@assay.test", false, mine, &[Role::Engineer]),
        ("stranger", "stranger@assay.test", false, other, &[Role::Owner]),
        ("admin", "admin@assay.test", true, other, &[]),
    ];
    for (name, email, admin, project, roles) in people {
        let person = app.person(email, admin, Some((project, roles))).await;
        let roles = if project == mine { Roles::of(roles) } else { Roles::NONE };
        let actor = Actor { person, admin, roles, via: Via::Session };
        askers.push(Asker { name, actor: Some(actor), person: Some(person), token: None });
        if matches!(name, "annotator" | "owner") {
            for (scope, secret) in [
                (Scope::Label, if name == "owner" { "assay_ol" } else { "assay_al" }),
                (Scope::Read, if name == "owner" { "assay_or" } else { "assay_ar" }),
                (Scope::Write, if name == "owner" { "assay_ow" } else { "assay_aw" }),
            ] {
                let token = token(app, person, mine, scope, secret).await;
                let actor = Actor { via: Via::Token(scope), ..actor };
                askers.push(Asker {
                    name: secret,
                    actor: Some(actor),
                    person: Some(person),
                    token: Some(token),
                });
            }
        }
    }
    let machine = app.person("machine@assay.test", false, Some((mine, &[Role::Machine]))).await;
    let actor =
        Actor { person: machine, admin: false, roles: Roles::of(&[Role::Machine]), via: Via::Session };
    askers.push(Asker { name: "machine by session", actor: Some(actor), person: Some(machine), token: None });
    let token = token(app, machine, mine, Scope::Label, "assay_m").await;
    let actor = Actor { via: Via::Token(Scope::Label), ..actor };
    askers.push(Asker {
        name: "machine by token",
        actor: Some(actor),
        person: Some(machine),
        token: Some(token),
    });
    askers
}

/// What the table of the product says.
fn expected(asker: &Asker, need: Need) -> bool {
    match (need, &asker.actor) {
        (Need::Anyone, _) => true,
        (_, None) => false,
        // Outside of a project there are no roles.
        (Need::Site(act), Some(actor)) => may(&outside(asker, actor), act),
        (Need::Project(act), Some(actor)) => may(actor, Act::SeeProject) && may(actor, act),
    }
}

fn outside(asker: &Asker, actor: &Actor) -> Actor {
    // A token is for one project and keeps its roles there wherever it is used.
    if asker.token.is_some() { *actor } else { Actor { roles: Roles::NONE, ..*actor } }
}

both! {
    async fn every_address_asks_who(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let app = TestApp::new(store, folder.path());
        let mine = app.project("mine", Task::Single).await;
        let other = app.project("other", Task::Multi).await;
        let askers = askers(&app, mine, other).await;
        let mut wrong = Vec::new();
        let mut n = 0;
        for route in ::server::routes::table() {
            let path = route.path.replace("{slug}", "mine").replace("{*function}", "nothing");
            let path = fill(&path);
            for asker in &askers {
                // A fresh session each time: an address may end the one it was asked with.
                let from = match (&asker.token, asker.person) {
                    (Some(token), _) => As::Token(token.clone()),
                    (None, Some(person)) => app.session(person).await,
                    (None, None) => As::Nobody,
                };
                let reply = if route.method == Method::GET {
                    app.get(&from, &path).await
                } else {
                    app.post(&from, &path, &[]).await
                };
                n += 1;
                let passed = !reply.refused;
                if passed != expected(asker, route.need) {
                    wrong.push(format!("{} {path} as {}: {} passed={passed}", route.method, asker.name, reply.status));
                }
                if reply.status == StatusCode::INTERNAL_SERVER_ERROR {
                    wrong.push(format!("{} {path} as {} broke: {}", route.method, asker.name, reply.text()));
                }
            }
        }
        assert!(wrong.is_empty(), "{} of {n}: {wrong:#?}", wrong.len());
    }
}

/// Each server function, what it is guarded with, and a call that fits.
fn server_functions() -> Vec<(&'static str, Act, serde_json::Value)> {
    vec![(
        "/api/app/label/turn",
        Act::Label,
        serde_json::json!({ "slug": "mine", "queue": 1, "sent": [], "n": 1 }),
    )]
}

both! {
    async fn every_server_function_asks_who(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let app = TestApp::new(store, folder.path());
        let mine = app.project("mine", Task::Single).await;
        let other = app.project("other", Task::Multi).await;
        let askers = askers(&app, mine, other).await;
        let known = server_functions();
        let mut wrong = Vec::new();
        for path in ::server::routes::server_functions() {
            let Some((_, act, body)) = known.iter().find(|(known, ..)| *known == path) else {
                wrong.push(format!("{path} is not in the table of this test: add it, with its act"));
                continue;
            };
            for asker in &askers {
                let from = match (&asker.token, asker.person) {
                    (Some(token), _) => As::Token(token.clone()),
                    (None, Some(person)) => app.session(person).await,
                    (None, None) => As::Nobody,
                };
                let reply = app.post_json(&from, path, body).await;
                // People who may see the project ask for a queue that is not there, and are told so in other words.
                let passed = !matches!(reply.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
                    && !reply.text().contains("The project");
                // They are for pages: a token has the public API.
                let may = expected(asker, Need::Site(Act::OwnAccount)) && expected(asker, Need::Project(*act));
                if passed != may {
                    wrong.push(format!("{path} as {}: {} {}", asker.name, reply.status, reply.text()));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert_eq!(known.len(), ::server::routes::server_functions().len());
    }
}

/// Any other part of an address becomes an id that is not there.
fn fill(path: &str) -> String {
    let part = |part: &str| if part.starts_with('{') { "1".to_owned() } else { part.to_owned() };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}
