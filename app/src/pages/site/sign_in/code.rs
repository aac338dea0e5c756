//! The second step of signing in: a code, where somebody has a second factor. Between the steps a session says who has
//! given their password and is signed in nowhere.

use super::{enter, start_anew, too_many};
use crate::parts::fields::Field;
use crate::web::error::Page;
use crate::web::forms::{Done, Form, finish};
use crate::web::guard::{App, Visitor};
use crate::web::shell;
use axum::Extension;
use axum::extract::{ConnectInfo, State};
use axum::response::{IntoResponse, Redirect};
use domain::{PersonId, Time};
use http::HeaderMap;
use leptos::prelude::*;
use std::net::SocketAddr;
use std::time::Instant;
use store::site::sessions::HALFWAY;
use tower_sessions::Session;
use workflow::Error;
use workflow::site::people::{self, second_factor};

/// When the password was given, in microseconds, and where the person wanted to go.
const SINCE: &str = "halfway_since";
const NEXT: &str = "halfway_next";

/// The code has to come so soon after the password.
const GOOD_FOR_SECONDS: i64 = 10 * 60;

/// Lets in who has given their password, or asks them for the code.
pub async fn after_password(
    app: &App,
    session: &Session,
    headers: &HeaderMap,
    person: PersonId,
    to: String,
) -> Result<Done, Error> {
    if !second_factor::has_factor(&app.instance, person).await? {
        enter(app, session, headers, person, "").await?;
        return Ok(Done::to(to));
    }
    start_anew(session).await?;
    session.insert(HALFWAY, person).await.map_err(Error::internal)?;
    session.insert(SINCE, app.instance.store.now().0).await.map_err(Error::internal)?;
    session.insert(NEXT, to).await.map_err(Error::internal)?;
    Ok(Done::to("/sign-in/code"))
}

/// Who has given their password a few minutes ago, and where they wanted to go.
async fn halfway(app: &App, session: &Session) -> Option<(PersonId, String)> {
    let person = session.get::<PersonId>(HALFWAY).await.ok().flatten()?;
    let since = Time(session.get::<i64>(SINCE).await.ok().flatten()?);
    let next = session.get::<String>(NEXT).await.ok().flatten()?;
    (app.instance.store.now() < since.plus_seconds(GOOD_FOR_SECONDS)).then_some((person, next))
}

pub(super) async fn page(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
) -> Page {
    if halfway(&app, &session).await.is_none() {
        return Ok(Redirect::to("/sign-in").into_response());
    }
    let code = Field {
        form: "code",
        name: "code",
        label: "Code",
        hint: "The six digits that your app shows for Assay now, or one of your recovery codes.",
        kind: "text",
        value: "",
        required: true,
    };
    let body = view! {
        <form class="sheet" method="post" action="/sign-in/code">
            <h1>"Your second factor"</h1>
            {shell::notice(&visitor)}
            {code.view(&visitor.flash)}
            <button class="btn do wide">"Sign in"</button>
        </form>
        <p class="under">
            <span>"Lost the app and the codes? An admin can remove your second factor."</span>
        </p>
    };
    let page =
        shell::document("Second factor · Assay", None, "card-shell", || shell::card("Second factor", body));
    Ok(page.into_response())
}

pub(super) async fn give(
    State(app): State<App>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    Extension(session): Extension<Session>,
    headers: HeaderMap,
    form: Form,
) -> Page {
    let Some((person, next)) = halfway(&app, &session).await else {
        let outcome = Err(Error::conflict("That took too long. Give your password again."));
        return finish(&session, "sign-in", &Form::default(), "/sign-in", outcome).await;
    };
    let Some(attempt) = app.rate_limit.begin_code(address.ip(), &of_codes(person), Instant::now()) else {
        return Ok(too_many());
    };
    let outcome = match people::second_factor::take_code(&app.instance, person, form.get("code")).await {
        Ok(how) => {
            app.rate_limit.was_right(attempt);
            enter(&app, &session, &headers, person, how).await.map(|()| Done::to(next))
        }
        Err(error) => Err(error),
    };
    // What was typed may be a code that still opens something: it is not kept.
    finish(&session, "code", &Form::default(), "/sign-in/code", outcome).await
}

/// Codes have tries of their own: who knows the password could else have as many as they like.
pub fn of_codes(person: PersonId) -> String {
    format!("codes of {person}")
}
