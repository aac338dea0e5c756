//! The second step of signing in: a code, where a person has a second factor. Between the steps a session says who has
//! given their password and is signed in nowhere.

use super::session::{enter, halfway};
use crate::parts::fields::Field;
use crate::web::error::{PageResult, too_many_tries};
use crate::web::forms::{Done, Form};
use crate::web::page::OpenPage;
use crate::web::rate_limit::codes_of;
use axum::extract::ConnectInfo;
use axum::response::{IntoResponse, Redirect};
use http::HeaderMap;
use leptos::prelude::*;
use std::net::SocketAddr;
use std::time::Instant;
use workflow::Error;
use workflow::site::people::second_factor;

pub async fn page(page: OpenPage) -> PageResult {
    if halfway(&page.app, &page.session).await.is_none() {
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
            {page.notice()}
            {code.view(&page.flash)}
            <button class="btn do wide">"Sign in"</button>
        </form>
        <p class="under">
            <span>"Lost the app and the codes? An admin can remove your second factor."</span>
        </p>
    };
    page.show("Second factor", body)
}

pub async fn give(
    page: OpenPage,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    form: Form,
) -> PageResult {
    let Some((person, next)) = halfway(&page.app, &page.session).await else {
        let outcome = Err(Error::conflict("That took too long. Give your password again."));
        return page.finish("sign-in", &Form::default(), "/sign-in", outcome).await;
    };
    let Some(attempt) = page.app.rate_limit.begin_code(address.ip(), &codes_of(person), Instant::now())
    else {
        return Ok(too_many_tries());
    };
    let outcome = match second_factor::take_code(page.instance(), person, form.get("code")).await {
        Ok(how) => {
            page.app.rate_limit.was_right(attempt);
            enter(&page.app, &page.session, &headers, person, how).await.map(|()| Done::to(next))
        }
        Err(error) => Err(error),
    };
    // What was typed may be a code that still opens something: it is not kept.
    page.finish("code", &Form::default(), "/sign-in/code", outcome).await
}
