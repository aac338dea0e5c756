//! The door: the first run, signing in and out, choosing a password by link.

pub(super) mod code;

use crate::parts::browsers::browser;
use crate::parts::fields::Field;
use crate::web::error::{Page, PageError, api_error, error_page};
use crate::web::forms::{Done, Form, finish, is_ours};
use crate::web::guard::{App, Need, Route, Visitor, percent_encoded};
use crate::web::shell;
use crate::wire::{ApiError, Code};
use axum::Extension;
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use domain::PersonId;
use domain::permission::{Actor, Roles, Via};
use http::HeaderMap;
use leptos::prelude::*;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Instant;
use store::site::sessions::{BROWSER, PERSON};
use tower_sessions::Session;
use workflow::site::people;
use workflow::{Error, demo};

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/sign-in", Need::Anyone, sign_in_page),
        Route::post("/sign-in", Need::Anyone, sign_in),
        Route::get("/sign-in/code", Need::Anyone, code::page),
        Route::post("/sign-in/code", Need::Anyone, code::give),
        Route::post("/sign-out", Need::Anyone, sign_out),
        Route::get("/first-run", Need::Anyone, first_run_page),
        Route::post("/first-run", Need::Anyone, first_run),
        Route::get("/reset/{link}", Need::Anyone, reset_page),
        Route::post("/reset/{link}", Need::Anyone, reset),
    ]
}

/// A new session for somebody who has just shown who they are, `how` in words beyond a password.
async fn enter(
    app: &App,
    session: &Session,
    headers: &HeaderMap,
    person: PersonId,
    how: &str,
) -> Result<(), Error> {
    start_anew(session).await?;
    let browser = browser(headers);
    session.insert(PERSON, person).await.map_err(Error::internal)?;
    session.insert(BROWSER, &browser).await.map_err(Error::internal)?;
    people::came_in(&app.instance, person, format!("{browser} {how}").trim_end().to_owned()).await;
    Ok(())
}

/// What was known before of the browser ends.
async fn start_anew(session: &Session) -> Result<(), Error> {
    if session.id().is_some() {
        session.clear().await;
        session.cycle_id().await.map_err(Error::internal)?;
    }
    Ok(())
}

/// Where to go after signing in: only ever to a page of ours.
fn next(wanted: Option<&str>) -> String {
    wanted.filter(|to| is_ours(to)).unwrap_or("/").to_owned()
}

async fn sign_in_page(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Query(query): Query<HashMap<String, String>>,
) -> Page {
    if people::is_first_run(&app.instance).await? {
        return Ok(Redirect::to("/first-run").into_response());
    }
    let next = next(query.get("next").map(String::as_str));
    if visitor.who.is_some() {
        return Ok(Redirect::to(&next).into_response());
    }
    let flash = &visitor.flash;
    let lost = query.contains_key("lost").then(|| {
        view! {
            <p class="notice bad" role="alert">
                "You had been signed out: what you sent was not saved."
            </p>
        }
    });
    let email = Field {
        form: "sign-in",
        name: "email",
        label: "E-mail",
        hint: "",
        kind: "email",
        value: "",
        required: true,
    };
    let password = Field { name: "password", label: "Password", kind: "password", ..email };
    let body = view! {
        <form class="sheet" method="post" action="/sign-in">
            <h1>"Sign in"</h1>
            {shell::notice(&visitor)}
            {lost}
            {email.view(flash)}
            {password.view(flash)}
            {(next != "/").then(|| view! { <input type="hidden" name="next" value=next.clone() /> })}
            <button class="btn do wide">"Sign in"</button>
        </form>
        <p class="under">
            <span>"Can’t sign in? Ask an admin for a password link."</span>
        </p>
    };
    let page = shell::document("Sign in · Assay", None, "card-shell", || shell::card("Sign in", body));
    Ok(page.into_response())
}

async fn sign_in(
    State(app): State<App>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    Extension(session): Extension<Session>,
    headers: HeaderMap,
    form: Form,
) -> Page {
    let form = form.only(&["email", "password", "next"]);
    let Some(attempt) = app.rate_limit.begin(address.ip(), form.get("email"), Instant::now()) else {
        return Ok(too_many());
    };
    attempt.waited().await;
    let to = next(Some(form.get("next")));
    let back =
        if to == "/" { "/sign-in".to_owned() } else { format!("/sign-in?next={}", percent_encoded(&to)) };
    let outcome = match people::sign_in(&app.instance, form.get("email"), form.raw("password")).await {
        Ok(person) => {
            app.rate_limit.was_right(attempt);
            code::after_password(&app, &session, &headers, person, to).await
        }
        Err(error) => Err(error),
    };
    finish(&session, "sign-in", &form, &back, outcome).await
}

pub(super) fn too_many() -> Response {
    let message = "There were too many wrong passwords or codes from this address. Wait five minutes, then try again. \
                   Whoever is signed in stays so.";
    error_page(&ApiError::new(Code::TooMany, message))
}

async fn sign_out(Extension(session): Extension<Session>) -> Page {
    if session.id().is_some() {
        session.flush().await.map_err(Error::internal)?;
    }
    Ok(Redirect::to("/sign-in").into_response())
}

async fn first_run_page(State(app): State<App>, Extension(visitor): Extension<Visitor>) -> Page {
    if !people::is_first_run(&app.instance).await? {
        return Ok(Redirect::to("/").into_response());
    }
    let flash = &visitor.flash;
    let name = Field {
        form: "first-run",
        name: "name",
        label: "Your name",
        hint: "As the others will see it.",
        kind: "text",
        value: "",
        required: true,
    };
    let email = Field { name: "email", label: "E-mail", hint: "You sign in with it.", kind: "email", ..name };
    let body = view! {
        <form class="sheet" method="post" action="/first-run">
            <h1>"Set up Assay"</h1>
            <p>"Nobody has signed in here before. The first person becomes the admin and can invite the others."</p>
            {shell::notice(&visitor)}
            {name.view(flash)}
            {email.view(flash)}
            {new_password("first-run").view(flash)}
            <label class="choice">
                <input type="checkbox" name="demo" value="yes" checked=flash.value("first-run", "demo").is_some() />
                <span>
                    "Begin with a demo project"
                    <small>
                        "An invented support inbox, labeled by four invented people over three weeks: every page has \
                         something to show. It is yours to archive."
                    </small>
                </span>
            </label>
            <button class="btn do wide">"Create the admin and sign in"</button>
        </form>
    };
    let content = || {
        view! {
            <a class="skip" href="#main">"Skip to content"</a>
            <header>
                <a class="brand" href="/">
                    <i></i>
                    "Assay"
                </a>
            </header>
            <main id="main" class="broad" tabindex="-1">{body}</main>
        }
    };
    Ok(shell::document("Set up · Assay", None, "card-shell", content).into_response())
}

fn new_password(form: &'static str) -> Field<'static> {
    Field {
        form,
        name: "new_password",
        label: "Password",
        hint: "At least 10 characters; a few words make a good one.",
        kind: "password",
        value: "",
        required: true,
    }
}

async fn first_run(
    State(app): State<App>,
    Extension(session): Extension<Session>,
    headers: HeaderMap,
    form: Form,
) -> Page {
    if !people::is_first_run(&app.instance).await? {
        return Ok(Redirect::to("/").into_response());
    }
    let form = form.only(&["name", "email", "new_password", "demo"]);
    if form.get("name").is_empty() {
        let outcome = Err(Error::invalid("name", "Say how the others should call you."));
        return finish(&session, "first-run", &form, "/first-run", outcome).await;
    }
    let made = people::create_first_admin(
        &app.instance,
        form.get("name"),
        form.get("email"),
        form.raw("new_password"),
    );
    let outcome = match made.await {
        Ok(person) => match enter(&app, &session, &headers, person, "").await {
            Ok(()) => Ok(set_up(&app, person, form.has("demo")).await),
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    };
    finish(&session, "first-run", &form, "/first-run", outcome).await
}

/// The first admin is in. Whatever becomes of the demo, that stays so.
async fn set_up(app: &App, person: PersonId, wants_demo: bool) -> Done {
    let said = "Assay is set up, and you are its admin.";
    if !wants_demo {
        return Done::to("/").say(said);
    }
    let admin = Actor { person, admin: true, roles: Roles::NONE, via: Via::Session };
    match demo::begin(&app.instance, &admin).await {
        Ok(slug) => Done::to(format!("/p/{slug}")).say(said),
        Err(error) => {
            let why = api_error(error).message;
            Done::to("/").say(format!("{said} The demo could not be begun: {why}"))
        }
    }
}

async fn reset_page(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Path(link): Path<String>,
) -> Page {
    let known = people::reset_link(&app.instance, &link).await?;
    let password = Field { label: "New password", ..new_password("reset") };
    let body = view! {
        <form class="sheet" method="post" action=format!("/reset/{}", percent_encoded(&link))>
            <h1>"Choose a new password"</h1>
            <p>{format!("For {} ({}). The link in your hand works once.", known.name, known.email)}</p>
            {shell::notice(&visitor)}
            // The browser keeps the new password under this name.
            <input type="hidden" name="email" autocomplete="username" value=known.email />
            {password.view(&visitor.flash)}
            <button class="btn do wide">"Save and sign in"</button>
        </form>
    };
    let page =
        shell::document("New password · Assay", None, "card-shell", || shell::card("New password", body));
    Ok(page.into_response())
}

async fn reset(
    State(app): State<App>,
    Extension(session): Extension<Session>,
    Path(link): Path<String>,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, PageError> {
    let form = form.only(&["new_password"]);
    let outcome = match people::use_reset_link(&app.instance, &link, form.raw("new_password")).await {
        Ok(person) => {
            let said = "Your new password is set. Wherever else you were signed in, you are not any more.";
            let let_in = code::after_password(&app, &session, &headers, person, "/".to_owned()).await;
            let_in.map(|done| done.say(said))
        }
        // Going back would only say it again.
        Err(error @ Error::Conflict(_)) => return Err(PageError(error)),
        Err(error) => Err(error),
    };
    let back = format!("/reset/{}", percent_encoded(&link));
    finish(&session, "reset", &form, &back, outcome).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_goes_on_to_our_own_pages_only() {
        assert_eq!(next(Some("/p/inbox?x=1")), "/p/inbox?x=1");
        for bad in [
            None,
            Some(""),
            Some("https://b.example"),
            Some("//b.example"),
            Some("/\\b.example"),
            Some("/\t/b"),
            Some("/\u{1}"),
            Some("/\u{7f}"),
        ] {
            assert_eq!(next(bad), "/", "{bad:?}");
        }
    }
}
