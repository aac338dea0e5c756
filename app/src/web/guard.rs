//! Who may open what, decided before a handler runs: each route says what it needs, and the answer comes from
//! `domain::permission`.

use crate::parts::shortened;
use crate::parts::times::day;
use crate::web::address::{is_api, is_of_islands};
use crate::web::error::{api_error, respond_to_all};
use crate::web::flash::Flash;
use crate::web::visitor::Visitor;
use crate::web::zero_bytes;
use crate::wire::{ApiError, Code};
use axum::Router;
use axum::extract::{DefaultBodyLimit, RawPathParams, Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::MethodRouter;
use domain::permission::{Act, Via, may};
use domain::{PersonId, ProjectId, Time};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, header};
use store::site::sessions::PERSON;
use tower_sessions::Session;
use workflow::site::audit::{self, Note};
use workflow::site::who::{self, Who};

pub use crate::web::address::percent_encoded;
pub use crate::web::app::App;
pub use crate::web::route::{Need, Route};

/// What a visitor who is not signed in may send: an e-mail address, a password, an address to go on to.
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
    // A workflow may refuse what the address alone allows; server functions write down their own refusals.
    if let (StatusCode::FORBIDDEN, Some(asker), Need::Site(act) | Need::Project(act)) =
        (response.status(), asker, need)
        && !is_of_islands(uri.path())
    {
        was_refused(&app, asker, act, &method, uri.path()).await;
    }
    response
}

/// Why a visitor is refused.
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
                workflow::Error::NotFound(workflow::Thing::Session)
            }
            Refusal::NoSecondFactor => workflow::Error::conflict(NO_SECOND_FACTOR),
            Refusal::NoSuchProject => workflow::Error::NotFound(workflow::Thing::Project),
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
        // A visitor who may not know of a project is told that there is none.
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
    // Looking changes nothing. Opening the desk does: it leases a text.
    let is_look = parts.method == Method::GET && act != Act::Label;
    if is_archived && !is_look && !looks_after_it {
        return Err(Refusal::Archived);
    }
    Ok(visitor(Some(found)))
}

/// Who asks, and in which project: what the audit log keeps of a refusal.
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

/// Writes into the audit log that a visitor was not allowed what they asked for.
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

/// What is sent as a token, whatever its bytes. A program with one is known by it alone, and never by a session: a browser
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
        _ => api_error(refusal.into()),
    };
    let mut response = respond_to_all(path, &error);
    response.extensions_mut().insert(Refused);
    response
}

/// Where a form was filled in, as the browser says.
fn page_of_form(parts: &Parts) -> Option<&str> {
    let text = |name: header::HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let (_, from) = text(header::REFERER)?.split_once("://")?;
    from.strip_prefix(text(header::HOST)?).filter(|path| path.starts_with('/'))
}

/// Marks a response of the guard, so that tests can distinguish it from one of a handler.
#[derive(Debug, Clone, Copy)]
pub struct Refused;
