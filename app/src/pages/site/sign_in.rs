//! Signing in and out. The first run, the code of a second factor and the link to a new password stand beside it.

mod code;
mod fields;
mod first_run;
mod reset;
mod session;

use crate::parts::fields::Field;
use crate::web::address::percent_encoded;
use crate::web::error::{PageResult, too_many_tries};
use crate::web::forms::Form;
use crate::web::page::OpenPage;
use crate::web::route::{Need, Route};
use axum::extract::{ConnectInfo, Query};
use axum::response::{IntoResponse, Redirect};
use http::HeaderMap;
use leptos::prelude::*;
use session::{after_password, next};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Instant;
use workflow::Error;
use workflow::site::people;

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/sign-in", Need::Anyone, page),
        Route::post("/sign-in", Need::Anyone, sign_in),
        Route::get("/sign-in/code", Need::Anyone, code::page),
        Route::post("/sign-in/code", Need::Anyone, code::give),
        Route::post("/sign-out", Need::Anyone, sign_out),
        Route::get("/first-run", Need::Anyone, first_run::page),
        Route::post("/first-run", Need::Anyone, first_run::begin),
        Route::get("/reset/{link}", Need::Anyone, reset::page),
        Route::post("/reset/{link}", Need::Anyone, reset::choose),
    ]
}

async fn page(page: OpenPage, Query(query): Query<HashMap<String, String>>) -> PageResult {
    if people::is_first_run(page.instance()).await? {
        return Ok(Redirect::to("/first-run").into_response());
    }
    let next = next(query.get("next").map(String::as_str));
    if page.who.is_some() {
        return Ok(Redirect::to(&next).into_response());
    }
    let flash = &page.flash;
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
            {page.notice()}
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
    page.show("Sign in", body)
}

async fn sign_in(
    page: OpenPage,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    form: Form,
) -> PageResult {
    let form = form.only(&["email", "password", "next"]);
    let Some(attempt) = page.app.rate_limit.begin(address.ip(), form.get("email"), Instant::now()) else {
        return Ok(too_many_tries());
    };
    attempt.waited().await;
    let to = next(Some(form.get("next")));
    let back =
        if to == "/" { "/sign-in".to_owned() } else { format!("/sign-in?next={}", percent_encoded(&to)) };
    let outcome = match people::sign_in(page.instance(), form.get("email"), form.raw("password")).await {
        Ok(person) => {
            page.app.rate_limit.was_right(attempt);
            after_password(&page.app, &page.session, &headers, person, to).await
        }
        Err(error) => Err(error),
    };
    page.finish("sign-in", &form, &back, outcome).await
}

async fn sign_out(page: OpenPage) -> PageResult {
    if page.session.id().is_some() {
        page.session.flush().await.map_err(Error::internal)?;
    }
    Ok(Redirect::to("/sign-in").into_response())
}
