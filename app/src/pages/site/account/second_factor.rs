//! My second factor: setting it up with an app, recovery codes, turning it off.

use crate::parts::facts::fact;
use crate::parts::fields::Field;
use crate::parts::head::Head;
use crate::parts::qr::qr;
use crate::parts::times::moment;
use crate::web::error::{PageResult, too_many_tries};
use crate::web::forms::{Done, Form};
use crate::web::page::SitePage;
use crate::web::rate_limit::{Try, codes_of};
use crate::web::route::{Need, Route};
use axum::extract::ConnectInfo;
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

async fn page(page: SitePage) -> PageResult {
    let content = match second_factor::own_factor(page.instance(), page.actor()).await? {
        Some(factor) => existing(&page, &factor),
        None => new(&page, &secret(&page.session).await?),
    };
    show(&page, content)
}

fn show(page: &SitePage, content: AnyView) -> PageResult {
    let body = view! {
        {Head::titled("Second factor").under("/account", "My account").about(view! { <p>"A code from an app on your phone, asked for beside your password when you sign in."</p> }).view()}
        <div class="stack">{content}</div>
    };
    page.show("Second factor", body)
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

fn new(page: &SitePage, secret: &str) -> AnyView {
    let me = &page.who.presence;
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
    view! {
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
                    {code.view(&page.flash)} {password_field("factor").view(&page.flash)}
                </div>
                <p class="hint">"You stay signed in here and are signed out everywhere else."</p>
                <div class="acts">
                    <button class="btn do">"Turn it on"</button>
                </div>
            </form>
        </section>
    }
    .into_any()
}

fn existing(page: &SitePage, factor: &OwnFactor) -> AnyView {
    let hint = "Of the app, or a recovery code.";
    let fields = |form: &'static str| {
        view! {
            <div class="pairs">
                {code_field(form, hint).view(&page.flash)} {password_field(form).view(&page.flash)}
            </div>
        }
    };
    view! {
        <dl class="facts">
            {fact("On since", moment(factor.since))}
            {fact("Recovery codes left", factor.recovery_codes_left)}
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
fn codes_page(page: &SitePage, codes: &[String]) -> PageResult {
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
    show(page, content.into_any())
}

/// A form with code and password, and the try that it is.
struct Given<'a> {
    code: &'a str,
    password: &'a str,
    /// The session that stays, where all others end.
    this_session: Option<String>,
    attempt: Try,
}

impl<'a> Given<'a> {
    /// Counts the try; nothing after too many.
    fn read(page: &SitePage, address: SocketAddr, form: &'a Form) -> Option<Given<'a>> {
        let account = codes_of(page.actor().person);
        let attempt = page.app.rate_limit.begin_code(address.ip(), &account, Instant::now())?;
        Some(Given {
            code: form.get("code"),
            password: form.raw("password"),
            this_session: page.session.id().map(|id| id.to_string()),
            attempt,
        })
    }

    fn was_right(self, page: &SitePage) {
        page.app.rate_limit.was_right(self.attempt);
    }
}

/// Back to the form. What was typed may be a code that still opens the account: it is not kept.
async fn refused(page: &SitePage, form: &'static str, error: Error) -> PageResult {
    page.finish(form, &Form::default(), HOME, Err(error)).await
}

async fn set_up(page: SitePage, ConnectInfo(address): ConnectInfo<SocketAddr>, form: Form) -> PageResult {
    let Some(given) = Given::read(&page, address, &form) else { return Ok(too_many_tries()) };
    let secret = secret(&page.session).await?;
    let (code, password, keep) = (given.code, given.password, given.this_session.as_deref());
    match second_factor::set_up(page.instance(), page.actor(), &secret, code, password, keep).await {
        Ok(codes) => {
            given.was_right(&page);
            page.session.remove::<String>(SECRET).await.map_err(Error::internal)?;
            page.session.cycle_id().await.map_err(Error::internal)?;
            codes_page(&page, &codes)
        }
        Err(error) => refused(&page, "factor", error).await,
    }
}

async fn renew_codes(
    page: SitePage,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    form: Form,
) -> PageResult {
    let Some(given) = Given::read(&page, address, &form) else { return Ok(too_many_tries()) };
    let (code, password) = (given.code, given.password);
    match second_factor::renew_recovery_codes(page.instance(), page.actor(), code, password).await {
        Ok(codes) => {
            given.was_right(&page);
            codes_page(&page, &codes)
        }
        Err(error) => refused(&page, "codes", error).await,
    }
}

async fn remove(page: SitePage, ConnectInfo(address): ConnectInfo<SocketAddr>, form: Form) -> PageResult {
    let Some(given) = Given::read(&page, address, &form) else { return Ok(too_many_tries()) };
    let (code, password, keep) = (given.code, given.password, given.this_session.as_deref());
    match second_factor::remove_own_factor(page.instance(), page.actor(), code, password, keep).await {
        Ok(()) => {
            given.was_right(&page);
            let done = Done::to("/account").say("Your second factor is off.");
            page.finish("off", &Form::default(), HOME, Ok(done)).await
        }
        Err(error) => refused(&page, "off", error).await,
    }
}
