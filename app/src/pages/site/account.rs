//! My account: password, second factor, sessions and theme.

pub mod second_factor;
mod sessions;

use crate::parts::fields::Field;
use crate::parts::head::Head;
use crate::parts::times::moment;
use crate::web::address::is_ours;
use crate::web::error::{PageResult, too_many_tries};
use crate::web::forms::{Done, Form};
use crate::web::page::SitePage;
use crate::web::route::{Need, Route};
use axum::extract::ConnectInfo;
use axum::response::{IntoResponse, Redirect};
use domain::permission::Act;
use domain::person::Theme;
use http::{HeaderMap, header};
use leptos::prelude::*;
use std::net::SocketAddr;
use std::time::Instant;
use workflow::Error;
use workflow::site::people;
use workflow::site::people::second_factor::OwnFactor;

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/account", Need::Site(Act::OwnAccount), page),
        Route::post("/account/password", Need::Site(Act::OwnAccount), change_password),
        Route::post("/account/theme", Need::Site(Act::OwnAccount), set_theme),
        Route::post("/account/sessions/end", Need::Site(Act::OwnAccount), sessions::end_all),
        Route::post("/account/sessions/{session}/end", Need::Site(Act::OwnAccount), sessions::end_one),
    ]
}

async fn page(page: SitePage) -> PageResult {
    let me = &page.who.presence;
    let factor = people::second_factor::own_factor(page.instance(), page.actor()).await?;
    let signed_in = people::sessions(page.instance(), page.actor()).await?;
    let current = Field {
        form: "password",
        name: "password",
        label: "Password now",
        hint: "",
        kind: "password",
        value: "",
        required: true,
    };
    let new = Field {
        name: "new_password",
        label: "New password",
        hint: "At least 10 characters. You stay signed in here and are signed out everywhere else.",
        ..current
    };
    let body = view! {
        {Head::titled(me.name.clone()).about(view! { <p>{me.email.clone()}</p> }).view()}
        <div class="stack">
            <form class="form" method="post" action="/account/password">
                <h2>"Change my password"</h2>
                <input type="hidden" autocomplete="username" value=me.email.clone() />
                {current.view(&page.flash)}
                {new.view(&page.flash)}
                <div class="acts">
                    <button class="btn do">"Change it"</button>
                </div>
            </form>
            {factor_sheet(factor)}
            {sessions::list(&signed_in, &sessions::here(&page.session))}
            <form class="form" method="post" action="/account/theme">
                <fieldset class="field">
                    <legend>"Theme"</legend>
                    {themes(me.prefs.theme)}
                </fieldset>
                <div class="acts">
                    <button class="btn">"Save the theme"</button>
                </div>
            </form>
        </div>
    };
    page.show("My account", body)
}

fn factor_sheet(factor: Option<OwnFactor>) -> AnyView {
    let (state, act) = match &factor {
        Some(factor) => {
            let left = format!("{} recovery codes left", factor.recovery_codes_left);
            let state = view! {
                <p>
                    <span class="state on">"on"</span>
                    " since "
                    {moment(factor.since)}
                    " · "
                    {left}
                </p>
            };
            (state.into_any(), "Change it")
        }
        None => (
            view! { <p>"Signing in asks for your password alone. With a code from an app, a password that others know opens nothing."</p> }
                .into_any(),
            "Set it up",
        ),
    };
    view! {
        <section class="sheet stack tight" aria-labelledby="factor-h">
            <h2 id="factor-h">"Second factor"</h2>
            {state}
            <div class="acts">
                <a class="btn" href="/account/second-factor">
                    {act}
                    <span class="vh">": second factor"</span>
                </a>
            </div>
        </section>
    }
    .into_any()
}

fn themes(chosen: Theme) -> Vec<AnyView> {
    let said = |theme| match theme {
        Theme::System => "What the browser or the system says",
        Theme::Light => "Light",
        Theme::Dark => "Dark",
    };
    let choice = |theme: Theme| {
        view! {
            <label class="choice">
                <input type="radio" name="theme" value=theme.as_str() checked=theme == chosen />
                <span>{said(theme)}</span>
            </label>
        }
        .into_any()
    };
    Theme::ALL.into_iter().map(choice).collect()
}

async fn change_password(
    page: SitePage,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    form: Form,
) -> PageResult {
    let actor = page.actor();
    let account = page.who.presence.email.clone().unwrap_or_default();
    let Some(attempt) = page.app.rate_limit.begin(address.ip(), &account, Instant::now()) else {
        return Ok(too_many_tries());
    };
    attempt.waited().await;
    let keep = page.session.id().map(|id| id.to_string());
    let (current, new) = (form.raw("password"), form.raw("new_password"));
    let outcome = match people::change_password(page.instance(), actor, current, new, keep.as_deref()).await {
        Ok(()) => {
            page.app.rate_limit.was_right(attempt);
            // A new name for this session too: a person who knew the old password may have seen the old one.
            let renamed = page.session.cycle_id().await.map_err(Error::internal);
            renamed.map(|()| Done::to("/account").say("Your password is changed."))
        }
        Err(error) => Err(error),
    };
    page.finish("password", &form, "/account", outcome).await
}

async fn set_theme(page: SitePage, headers: HeaderMap, form: Form) -> PageResult {
    let theme =
        Theme::parse(form.get("theme")).ok_or_else(|| Error::invalid("theme", "There is no such theme."))?;
    people::set_theme(page.instance(), page.actor(), theme).await?;
    Ok(Redirect::to(&back(&headers)).into_response())
}

/// The page that the switch was on, by its path alone: what another site writes there leads nowhere else.
fn back(headers: &HeaderMap) -> String {
    let from = headers.get(header::REFERER).and_then(|v| v.to_str().ok());
    let uri = from.and_then(|from| from.parse::<http::Uri>().ok());
    let path = uri.and_then(|uri| uri.path_and_query().map(|p| p.as_str().to_owned()));
    path.filter(|p| is_ours(p)).unwrap_or_else(|| "/account".to_owned())
}
