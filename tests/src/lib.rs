//! What tests share: a running instance without a network, people in it, and requests to it.

pub mod forms;
pub mod kills;
pub mod pages;
pub mod scene;
pub mod server;

use app::web::guard::App;
use axum::Router;
use axum::body::Body;
use axum::extract::connect_info::MockConnectInfo;
use domain::permission::{Actor, Role, Roles, Via};
use domain::person::PersonKind;
use domain::{PersonId, ProjectId};
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use std::net::SocketAddr;
use std::path::Path;
use store::site::people::NewPerson;
use store::site::sessions::{PERSON, Sessions};
use store::{Error, Store};
use tower::ServiceExt;
use workflow::Instance;

/// The whole server as a function from request to response.
pub struct TestApp {
    pub instance: Instance,
    router: Router,
}

/// What came back, read to its end.
pub struct Reply {
    pub status: StatusCode,
    pub headers: http::HeaderMap,
    /// Whether a guard turned the request away, before any handler saw it.
    pub refused: bool,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("no JSON ({e}): {}", self.text()))
    }

    pub fn location(&self) -> Option<&str> {
        self.headers.get(header::LOCATION)?.to_str().ok()
    }
}

/// How a request says who it is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum As {
    Nobody,
    /// The cookie of a session.
    Session(String),
    Token(String),
}

impl TestApp {
    pub fn new(store: Store, data: &Path) -> TestApp {
        TestApp::with(store, data, &::server::options::Options::default())
    }

    pub fn with(store: Store, data: &Path, options: &::server::options::Options) -> TestApp {
        let instance = Instance::new(store, data);
        let router = ::server::routes::router(App::new(instance.clone()), options)
            .layer(MockConnectInfo(SocketAddr::from(([127, 0, 0, 1], 4))));
        TestApp { instance, router }
    }

    pub async fn send(&self, request: Request<Body>) -> Reply {
        let response: Response<Body> =
            self.router.clone().oneshot(request).await.expect("the router answers");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("the body comes whole").to_bytes().to_vec();
        let refused = parts.extensions.get::<app::web::guard::Refused>().is_some();
        Reply { status: parts.status, headers: parts.headers, refused, body }
    }

    pub async fn get(&self, from: &As, path: &str) -> Reply {
        self.send(request(Method::GET, path, from, None, Body::empty())).await
    }

    /// A form as a browser sends it.
    pub async fn post(&self, from: &As, path: &str, fields: &[(&str, &str)]) -> Reply {
        let pairs: Vec<String> = fields
            .iter()
            .map(|(k, v)| {
                format!("{}={}", app::web::guard::percent_encoded(k), app::web::guard::percent_encoded(v))
            })
            .collect();
        let kind = "application/x-www-form-urlencoded";
        self.send(request(Method::POST, path, from, Some(kind), Body::from(pairs.join("&")))).await
    }

    /// A body of this content type, as it is.
    pub async fn post_text(&self, from: &As, path: &str, kind: &str, body: &str) -> Reply {
        self.send(request(Method::POST, path, from, Some(kind), Body::from(body.to_owned()))).await
    }

    pub async fn post_json(&self, from: &As, path: &str, value: &serde_json::Value) -> Reply {
        let body = Body::from(value.to_string());
        self.send(request(Method::POST, path, from, Some("application/json"), body)).await
    }

    /// A project without anything in it.
    pub async fn project(&self, slug: &str, task: domain::project::Task) -> ProjectId {
        let settings = domain::project::Settings { seed: 7, ..Default::default() };
        workflow::testbed::project(&self.instance, slug, task, settings).await
    }

    /// Someone with these roles in a project. Their password is not set: they come in by session or token.
    pub async fn person(
        &self,
        email: &'static str,
        admin: bool,
        project: Option<(ProjectId, &[Role])>,
    ) -> PersonId {
        let place = project.map(|(project, roles)| (project, Roles::of(roles)));
        let write = self.instance.store.write(move |tx| {
            Box::pin(async move {
                let person = tx.add_person(&somebody(email, admin)).await?.expect("a new e-mail address");
                if let Some((project, roles)) = place {
                    tx.set_roles(project, person, roles).await?;
                }
                Ok::<_, Error>(person)
            })
        });
        write.await.expect("a person")
    }

    /// A session of this person, as the browser would hold it after signing in.
    pub async fn session(&self, person: PersonId) -> As {
        use tower_sessions::SessionStore;
        use tower_sessions::cookie::time::{Duration, OffsetDateTime};
        use tower_sessions::session::{Id, Record};
        let mut record = Record {
            id: Id::default(),
            data: [(PERSON.to_owned(), serde_json::json!(person))].into(),
            expiry_date: OffsetDateTime::now_utc() + Duration::days(3650),
        };
        Sessions(self.instance.store.clone()).create(&mut record).await.expect("a session");
        As::Session(format!("assay={}", record.id))
    }

    /// An admin who acts in tests that are about something else.
    pub fn admin(&self, person: PersonId) -> Actor {
        Actor { person, admin: true, roles: Roles::NONE, via: Via::Session }
    }
}

/// A person without a password.
pub fn somebody(email: &str, admin: bool) -> NewPerson {
    NewPerson {
        kind: PersonKind::Person,
        name: email.split('@').next().unwrap_or_default().to_owned(),
        email: Some(domain::person::Email::parse(email).expect("an e-mail address")),
        password_hash: None,
        admin,
        project: None,
    }
}

fn request(method: Method, path: &str, from: &As, kind: Option<&str>, body: Body) -> Request<Body> {
    let mut builder = asked(method, path, from);
    if let Some(kind) = kind {
        builder = builder.header(header::CONTENT_TYPE, kind);
    }
    builder.body(body).expect("a request")
}

/// The beginning of a request, with who it is from.
pub fn asked(method: Method, path: &str, from: &As) -> http::request::Builder {
    let mut builder = Request::builder().method(method).uri(path).header(header::HOST, "assay.test");
    match from {
        As::Nobody => {}
        As::Session(cookie) => {
            builder = builder.header(header::COOKIE, cookie).header(header::ORIGIN, "http://assay.test");
        }
        As::Token(token) => builder = builder.header(header::AUTHORIZATION, format!("Bearer {token}")),
    }
    builder
}
