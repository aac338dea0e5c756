//! My second factor: setting it up with an app, recovery codes, turning it off.

use crate::pages::site::sign_in::{code::of_codes, too_many};
use crate::parts::fields::Field;
use crate::parts::qr::qr;
use crate::parts::times::moment;
use crate::web::error::Page;
use crate::web::forms::{Done, Form, finish};
use crate::web::guard::{App, Need, Route, Visitor};
use crate::web::rate_limit::Try;
use crate::web::shell;
use axum::Extension;
use axum::extract::{ConnectInfo, State};
use axum::response::{IntoResponse, Response};
use domain::permission::Act;
use leptos::prelude::*;
use std::net::SocketAddr;
use std::time::Instant;
use tower_sessions::Session;
use workflow::Error;
use workflow::site::people::second_factor::{self, OwnFactor};

const HOME: &str = "/account/second-factor";

/// The secret that is being set up: in the session until a code has shown that the app holds it.
const SECRET: &str = "second_factor_secret";

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/account/second-factor", Need::Site(Act::SecondFactor), page),
        Route::post("/account/second-factor", Need::Site(Act::SecondFactor), set_up),
        Route::post("/account/second-factor/codes", Need::Site(Act::SecondFactor), renew_codes),
        Route::post("/account/second-factor/remove", Need::Site(Act::SecondFactor), remove),
    ]
}

async fn page(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
) -> Page {
    let content = match second_factor::own_factor(&app.instance, visitor.actor()?).await? {
        Some(factor) => existing(&visitor, &factor),
        None => new(&visitor, &secret(&session).await?)?,
    };
    Ok(show(&visitor, content))
}

fn show(visitor: &Visitor, content: AnyView) -> Response {
    let body = view! {
        <header class="head">
            <div>
                <nav class="crumbs" aria-label="Breadcrumb">
                    <ol>
                        <li>
                            <a href="/account">"My account"</a>
                        </li>
                    </ol>
                </nav>
                <h1>"Second factor"</h1>
                <p>"A code from an app on your phone, asked for beside your password when you sign in."</p>
            </div>
        </header>
        <div class="stack">{content}</div>
    };
    let shell = shell::site(visitor, body);
    shell::document("Second factor · Assay", Some(visitor), "site-shell", || shell).into_response()
}

/// The secret under way, or a new one.
async fn secret(session: &Session) -> Result<String, Error> {
    if let Some(secret) = session.get::<String>(SECRET).await.map_err(Error::internal)? {
        return Ok(secret);
    }
    let secret = second_factor::new_secret()?;
    session.insert(SECRET, &secret).await.map_err(Error::internal)?;
    Ok(secret)
}

/// How a form asks for the code: the app's, or with recovery codes as well.
fn code_field(form: &'static str, hint: &'static str) -> Field<'static> {
    Field { form, name: "code", label: "Code", hint, kind: "text", value: "", required: true }
}

fn password_field(form: &'static str) -> Field<'static> {
    Field { name: "password", label: "Password", kind: "password", ..code_field(form, "") }
}

fn new(visitor: &Visitor, secret: &str) -> Result<AnyView, Error> {
    let me = &visitor.who()?.presence;
    let email = me.email.clone().unwrap_or_default();
    let drawn = qr(&second_factor::app_address(secret, &email), "QR code for your app");
    let groups = secret.as_bytes().chunks(4).map(String::from_utf8_lossy).collect::<Vec<_>>().join(" ");
    let asked = me.lacks_second_factor.then(|| {
        view! {
            <p class="notice" role="status">
                "Everyone here needs a second factor. Set yours up to go on."
            </p>
        }
    });
    let code = code_field("factor", "The six digits that the app shows then.");
    Ok(view! {
        {asked}
        <section class="sheet stack tight" aria-labelledby="new-h">
            <h2 id="new-h">"Set it up"</h2>
            <p>
                "Open an authenticator app (Aegis, Google Authenticator, 1Password, …), add an account, and point it at this code. Or type the key into the app; it makes codes by time, six digits."
            </p>
            {drawn}
            <div class="code">
                <pre tabindex="0" aria-label="Key for the app">
                    <code>{groups}</code>
                </pre>
            </div>
            <form class="form" method="post" action=HOME>
                <input type="hidden" autocomplete="username" value=email />
                <div class="pairs">
                    {code.view(&visitor.flash)} {password_field("factor").view(&visitor.flash)}
                </div>
                <p class="hint">"You stay signed in here and are signed out everywhere else."</p>
                <div class="acts">
                    <button class="btn do">"Turn it on"</button>
                </div>
            </form>
        </section>
    }
    .into_any())
}

fn existing(visitor: &Visitor, factor: &OwnFactor) -> AnyView {
    let hint = "Of the app, or a recovery code.";
    let fields = |form: &'static str| {
        view! {
            <div class="pairs">
                {code_field(form, hint).view(&visitor.flash)} {password_field(form).view(&visitor.flash)}
            </div>
        }
    };
    view! {
        <dl class="facts">
            <dt>"On since"</dt>
            <dd>{moment(factor.since)}</dd>
            <dt>"Recovery codes left"</dt>
            <dd>{factor.recovery_codes_left}</dd>
        </dl>
        <form class="form" method="post" action="/account/second-factor/codes">
            <h2>"New recovery codes"</h2>
            <p>"Ten new ones; those that you have now end."</p>
            {fields("codes")}
            <div class="acts">
                <button class="btn">"Make and show them"</button>
            </div>
        </form>
        <section class="sheet danger stack tight" aria-labelledby="off-h">
            <h2 id="off-h">"Turn it off"</h2>
            <p>"For another phone as well: turn it off here, then set it up anew. You are signed out everywhere else."</p>
            <form class="form" method="post" action="/account/second-factor/remove">
                {fields("off")}
                <div class="acts">
                    <button class="btn danger">"Turn it off"</button>
                </div>
            </form>
        </section>
    }
    .into_any()
}

/// Shown as the answer to the form and stored nowhere.
fn codes_page(visitor: &Visitor, codes: &[String]) -> Response {
    let listed = codes.join("\n");
    let content = view! {
        <section class="sheet once" aria-labelledby="once-h">
            <h2 id="once-h">"Your recovery codes"</h2>
            <p>
                "Copy or print them now: they are shown this once. Each opens the door once, in place of a code of the app, when you have lost it."
            </p>
            <div class="code">
                <pre tabindex="0" aria-label="Recovery codes">
                    <code>{listed}</code>
                </pre>
            </div>
            <div class="acts">
                <a class="btn do" href="/account">"I have them"</a>
            </div>
        </section>
    };
    show(visitor, content.into_any())
}

/// Counts a try at password and code of somebody who is signed in; nothing after too many.
fn begin(app: &App, address: SocketAddr, visitor: &Visitor) -> Result<Option<Try>, Error> {
    Ok(app.rate_limit.begin_code(address.ip(), &of_codes(visitor.actor()?.person), Instant::now()))
}

fn this_session(session: &Session) -> Option<String> {
    session.id().map(|id| id.to_string())
}

async fn set_up(
    State(app): State<App>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    form: Form,
) -> Page {
    let Some(attempt) = begin(&app, address, &visitor)? else { return Ok(too_many()) };
    let secret = secret(&session).await?;
    let (code, password) = (form.get("code"), form.raw("password"));
    let keep = this_session(&session);
    let made =
        second_factor::set_up(&app.instance, visitor.actor()?, &secret, code, password, keep.as_deref())
            .await;
    match made {
        Ok(codes) => {
            app.rate_limit.was_right(attempt);
            session.remove::<String>(SECRET).await.map_err(Error::internal)?;
            session.cycle_id().await.map_err(Error::internal)?;
            Ok(codes_page(&visitor, &codes))
        }
        Err(error) => finish(&session, "factor", &Form::default(), HOME, Err(error)).await,
    }
}

async fn renew_codes(
    State(app): State<App>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    form: Form,
) -> Page {
    let Some(attempt) = begin(&app, address, &visitor)? else { return Ok(too_many()) };
    let (code, password) = (form.get("code"), form.raw("password"));
    match second_factor::renew_recovery_codes(&app.instance, visitor.actor()?, code, password).await {
        Ok(codes) => {
            app.rate_limit.was_right(attempt);
            Ok(codes_page(&visitor, &codes))
        }
        Err(error) => finish(&session, "codes", &Form::default(), HOME, Err(error)).await,
    }
}

async fn remove(
    State(app): State<App>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    form: Form,
) -> Page {
    let Some(attempt) = begin(&app, address, &visitor)? else { return Ok(too_many()) };
    let (code, password) = (form.get("code"), form.raw("password"));
    let keep = this_session(&session);
    let removed =
        second_factor::remove_own_factor(&app.instance, visitor.actor()?, code, password, keep.as_deref())
            .await;
    let outcome = removed.map(|()| {
        app.rate_limit.was_right(attempt);
        Done::to("/account").say("Your second factor is off.")
    });
    finish(&session, "off", &Form::default(), HOME, outcome).await
}
