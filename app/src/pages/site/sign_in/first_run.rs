//! The first run: the first person becomes the admin.

use super::fields::new_password;
use super::session::enter;
use crate::parts::fields::Field;
use crate::web::app::App;
use crate::web::document::{broad_card, document};
use crate::web::error::{PageResult, api_error};
use crate::web::forms::{Done, Form};
use crate::web::page::OpenPage;
use axum::response::{IntoResponse, Redirect};
use domain::PersonId;
use domain::permission::{Actor, Roles, Via};
use http::HeaderMap;
use leptos::prelude::*;
use workflow::site::people;
use workflow::{Error, demo};

pub async fn page(page: OpenPage) -> PageResult {
    if !people::is_first_run(page.instance()).await? {
        return Ok(Redirect::to("/").into_response());
    }
    let flash = &page.flash;
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
            {page.notice()}
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
    Ok(document("Set up", None, "card-shell", || broad_card(body)).into_response())
}

pub async fn begin(page: OpenPage, headers: HeaderMap, form: Form) -> PageResult {
    if !people::is_first_run(page.instance()).await? {
        return Ok(Redirect::to("/").into_response());
    }
    let form = form.only(&["name", "email", "new_password", "demo"]);
    if form.get("name").is_empty() {
        let outcome = Err(Error::invalid("name", "Say how the others should call you."));
        return page.finish("first-run", &form, "/first-run", outcome).await;
    }
    let made = people::create_first_admin(
        page.instance(),
        form.get("name"),
        form.get("email"),
        form.raw("new_password"),
    );
    let outcome = match made.await {
        Ok(person) => match enter(&page.app, &page.session, &headers, person, "").await {
            Ok(()) => Ok(set_up(&page.app, person, form.has("demo")).await),
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    };
    page.finish("first-run", &form, "/first-run", outcome).await
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
