//! Who may open what, decided before a handler runs: each route says what it needs, and the answer comes from
//! `domain::permission`. The table of routes is also what the test walks with every role.

use crate::parts::shortened;
use crate::parts::times::day;
use crate::web::error::{is_api, respond};
use crate::web::forms::Flash;
use crate::web::rate_limit::RateLimit;
use crate::web::zero_bytes;
use crate::wire::{ApiError, Code};
use axum::Router;
use axum::extract::{DefaultBodyLimit, RawPathParams, Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::MethodRouter;
use domain::permission::{Act, Actor, Via, may};
use domain::{PersonId, ProjectId, Time};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, header};
use std::sync::Arc;
use store::site::projects::Project;
use store::site::sessions::PERSON;
use tower_sessions::Session;
use workflow::Instance;
use workflow::site::audit::{self, Note};
use workflow::site::who::{self, Who};

/// What handlers work with. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub instance: Instance,
    /// Sign-ins that failed lately.
    pub rate_limit: Arc<RateLimit>,
}

impl App {
    pub fn new(instance: Instance) -> App {
        App { instance, rate_limit: Arc::default() }
    }
}

/// What a route needs of whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Nothing: sign in, health, the files of the page.
    Anyone,
    /// To be signed in, and to be allowed this outside of any project.
    Site(Act),
    /// To be allowed this in the project that the address names as `{slug}`.
    Project(Act),
}

/// One address with what it needs.
pub struct Route {
    pub method: Method,
    pub path: &'static str,
    pub need: Need,
    handler: MethodRouter<App>,
    /// Its body is a stream of rows, however long, of which each is looked at by itself.
    takes_rows: bool,
}

impl Route {
    pub fn get<H, T>(path: &'static str, need: Need, handler: H) -> Route
    where
        H: axum::handler::Handler<T, App>,
        T: 'static,
    {
        Route { method: Method::GET, path, need, handler: axum::routing::get(handler), takes_rows: false }
    }

    pub fn post<H, T>(path: &'static str, need: Need, handler: H) -> Route
    where
        H: axum::handler::Handler<T, App>,
        T: 'static,
    {
        Route { method: Method::POST, path, need, handler: axum::routing::post(handler), takes_rows: false }
    }

    /// Its body is a stream of rows.
    pub fn takes_rows(self) -> Route {
        Route { takes_rows: true, ..self }
    }
}

/// What somebody who is not signed in may send: an e-mail address, a password, an address to go on to.
const OPEN_BODY_LIMIT: usize = 8 << 10;

/// A form or a request of the API is smaller than this; uploads and rows set their own limit.
pub const BODY_LIMIT: usize = 2 << 20;

/// The routes as a router, each behind its guard.
pub fn guarded(routes: Vec<Route>, app: &App) -> Router<App> {
    routes.into_iter().fold(Router::new(), |router, route| {
        let handler = match route.need {
            _ if route.takes_rows => route.handler,
            Need::Anyone => whole(route.handler, OPEN_BODY_LIMIT),
            Need::Site(_) | Need::Project(_) => whole(route.handler, BODY_LIMIT),
        };
        let layer = from_fn_with_state((app.clone(), route.need), guard);
        router.route(route.path, handler.layer(layer))
    })
}

/// A handler of bodies that are read whole: forms, documents.
fn whole(handler: MethodRouter<App>, longest: usize) -> MethodRouter<App> {
    let handler: MethodRouter<App> = handler.layer(from_fn(zero_bytes::refuse_in_body));
    handler.layer(DefaultBodyLimit::max(longest))
}

/// Who is asking, as handlers see them.
#[derive(Debug, Clone)]
pub struct Visitor {
    pub who: Option<Who>,
    /// What the page before had to say.
    pub flash: Flash,
}

impl Visitor {
    /// Someone who is signed in. Routes that need nothing must not ask for it.
    pub fn who(&self) -> Result<&Who, workflow::Error> {
        self.who.as_ref().ok_or(workflow::Error::NotFound("Your session"))
    }

    pub fn actor(&self) -> Result<&Actor, workflow::Error> {
        Ok(&self.who()?.actor)
    }

    /// The project that the address names.
    pub fn project(&self) -> Result<&Project, workflow::Error> {
        self.who()?.presence.project.as_ref().ok_or(workflow::Error::NotFound("The project"))
    }

    pub fn may(&self, act: Act) -> bool {
        self.who.as_ref().is_some_and(|who| may(&who.actor, act))
    }
}

async fn guard(
    State((app, need)): State<(App, Need)>,
    params: RawPathParams,
    session: Option<axum::Extension<Session>>,
    request: Request,
    next: Next,
) -> Response {
    let slug = params.iter().find(|(key, _)| *key == "slug").map(|(_, value)| value.to_owned());
    let (mut parts, body) = request.into_parts();
    let mut visitor = match identify(&app, &parts, need, slug.as_deref()).await {
        Ok(visitor) => visitor,
        Err(refusal) => return refuse(refusal, &parts),
    };
    let asker = visitor.who.as_ref().map(Asker::of);
    let (method, uri) = (parts.method.clone(), parts.uri.clone());
    // Only a page shows what the page before had to say.
    let shows = parts.method == Method::GET && !is_api(parts.uri.path());
    if let (true, Some(session)) = (shows, &session) {
        visitor.flash = Flash::take(session).await;
    }
    parts.extensions.insert(visitor);
    let response = next.run(Request::from_parts(parts, body)).await;
    // A workflow may refuse what the address alone allows; server functions have told of it themselves.
    if let (StatusCode::FORBIDDEN, Some(asker), Need::Site(act) | Need::Project(act)) =
        (response.status(), asker, need)
        && !uri.path().starts_with("/api/app/")
    {
        was_refused(&app, asker, act, &method, uri.path()).await;
    }
    response
}

/// Why someone may not pass.
#[derive(Debug)]
pub enum Refusal {
    NotSignedIn,
    BadToken,
    /// It was good until then.
    ExpiredToken(Time),
    /// Everyone here needs a second factor, and they have none.
    NoSecondFactor,
    NoSuchProject,
    Forbidden(Act),
    /// Nothing in the project can be changed.
    Archived,
    Broken(workflow::Error),
}

impl From<Refusal> for workflow::Error {
    fn from(refusal: Refusal) -> workflow::Error {
        match refusal {
            Refusal::NotSignedIn | Refusal::BadToken | Refusal::ExpiredToken(_) => {
                workflow::Error::NotFound("Your session")
            }
            Refusal::NoSecondFactor => workflow::Error::conflict(NO_SECOND_FACTOR),
            Refusal::NoSuchProject => workflow::Error::NotFound("The project"),
            Refusal::Forbidden(act) => workflow::Error::Forbidden(act),
            Refusal::Archived => workflow::Error::conflict(
                "The project is archived: nothing in it can be changed until an admin brings it back.",
            ),
            Refusal::Broken(error) => error,
        }
    }
}

const NO_SECOND_FACTOR: &str =
    "Everyone here needs a second factor. Set yours up on the page of your account (/account/second-factor).";

/// Finds out who asks and whether they may.
pub async fn identify(app: &App, parts: &Parts, need: Need, slug: Option<&str>) -> Result<Visitor, Refusal> {
    let found = match bearer(&parts.headers) {
        Some(token) => {
            let token = std::str::from_utf8(token).map_err(|_| Refusal::BadToken)?;
            match who::by_token(&app.instance, token, slug).await.map_err(Refusal::Broken)? {
                Some(found) => Some(found),
                None => {
                    let expired =
                        who::token_expired_at(&app.instance, token).await.map_err(Refusal::Broken)?;
                    return Err(expired.map_or(Refusal::BadToken, Refusal::ExpiredToken));
                }
            }
        }
        None => match signed_in(parts).await {
            Some(person) => who::by_session(&app.instance, person, slug).await.map_err(Refusal::Broken)?,
            None => None,
        },
    };
    let visitor = |who| Visitor { who, flash: Flash::default() };
    let act = match need {
        Need::Anyone => return Ok(visitor(found)),
        Need::Site(act) | Need::Project(act) => act,
    };
    let found = found.ok_or(Refusal::NotSignedIn)?;
    if found.presence.lacks_second_factor && found.actor.via == Via::Session && act != Act::SecondFactor {
        return Err(Refusal::NoSecondFactor);
    }
    if matches!(need, Need::Project(_)) {
        // Whoever may not know that a project is there is told that it is not.
        if found.presence.project.is_none() || !may(&found.actor, Act::SeeProject) {
            return Err(Refusal::NoSuchProject);
        }
    }
    if !may(&found.actor, act) {
        was_refused(app, Asker::of(&found), act, &parts.method, parts.uri.path()).await;
        return Err(Refusal::Forbidden(act));
    }
    let is_archived = found.presence.project.as_ref().is_some_and(|project| project.archived_at.is_some());
    let looks_after_it = matches!(act, Act::ManageProjects | Act::ManagePeople);
    // To look is to change nothing; but who opens the desk is given a text.
    let is_look = parts.method == Method::GET && act != Act::Label;
    if is_archived && !is_look && !looks_after_it {
        return Err(Refusal::Archived);
    }
    Ok(visitor(Some(found)))
}

/// Who asks, and in which project: what the audit log keeps of it.
#[derive(Clone, Copy)]
struct Asker {
    person: PersonId,
    project: Option<ProjectId>,
}

impl Asker {
    fn of(who: &Who) -> Asker {
        let project = who.presence.project.as_ref().map(|project| project.id);
        Asker { person: who.actor.person, project }
    }
}

/// Writes into the audit log that somebody may not do what they asked for.
async fn was_refused(app: &App, asker: Asker, act: Act, method: &Method, path: &str) {
    let note = Note {
        person: Some(asker.person),
        project: asker.project,
        act: "was refused",
        target: act.words(),
        detail: format!("{method} {}", shortened(path, 200)),
    };
    audit::note(&app.instance, note).await;
}

/// What is sent as a token, whatever its bytes. Who sends one is known by it alone, and never by their session: a browser
/// behind a proxy may send other credentials with everything.
pub fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    headers.get(header::AUTHORIZATION)?.as_bytes().strip_prefix(b"Bearer ")
}

async fn signed_in(parts: &Parts) -> Option<PersonId> {
    let session = parts.extensions.get::<Session>()?;
    session.get::<PersonId>(PERSON).await.ok().flatten()
}

fn refuse(refusal: Refusal, parts: &Parts) -> Response {
    let path = parts.uri.path();
    let error = match &refusal {
        Refusal::NotSignedIn if !is_api(path) => {
            let wanted = parts.uri.path_and_query().map_or(path, |p| p.as_str());
            // A form can't be sent again after signing in; its page can be opened again.
            let to = match page_of_form(parts) {
                _ if parts.method == Method::GET && wanted == "/" => "/sign-in".to_owned(),
                _ if parts.method == Method::GET => format!("/sign-in?next={}", percent_encoded(wanted)),
                Some(page) => format!("/sign-in?lost=yes&next={}", percent_encoded(page)),
                None => "/sign-in?lost=yes".to_owned(),
            };
            let mut response = Redirect::to(&to).into_response();
            response.extensions_mut().insert(Refused);
            return response;
        }
        Refusal::NoSecondFactor if !is_api(path) => {
            let mut response = Redirect::to("/account/second-factor").into_response();
            response.extensions_mut().insert(Refused);
            return response;
        }
        Refusal::NoSecondFactor => ApiError::new(Code::Forbidden, NO_SECOND_FACTOR),
        Refusal::ExpiredToken(at) => {
            ApiError::new(Code::Unauthorized, format!("This token expired on {}: make a new one.", day(*at)))
        }
        Refusal::NotSignedIn => {
            ApiError::new(Code::Unauthorized, "Sign in, or send a token: Authorization: Bearer …")
        }
        Refusal::BadToken => ApiError::new(Code::Unauthorized, "This token is unknown or revoked."),
        _ => crate::web::error::api_error(refusal.into()),
    };
    let mut response = if path.starts_with("/api/app/") {
        crate::web::error::island_error(&error)
    } else {
        respond(path, &error)
    };
    response.extensions_mut().insert(Refused);
    response
}

/// Where a form was filled in, as the browser says.
fn page_of_form(parts: &Parts) -> Option<&str> {
    let text = |name: header::HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let (_, from) = text(header::REFERER)?.split_once("://")?;
    from.strip_prefix(text(header::HOST)?).filter(|path| path.starts_with('/'))
}

/// Marks an answer of the guard, so that it can be told from one of a handler.
#[derive(Debug, Clone, Copy)]
pub struct Refused;

/// Enough of percent-encoding to carry an address in a query.
pub fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                out.push(byte as char)
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
