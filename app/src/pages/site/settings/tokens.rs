//! Tokens for programs: made, shown once, revoked.

use super::settings;
use crate::parts::fields::{Field, select};
use crate::parts::times::{moment, moment_or_dash};
use crate::web::error::Page;
use crate::web::forms::{Done, Form, finish};
use crate::web::guard::{App, Need, Route, Visitor};
use axum::Extension;
use axum::extract::{Path, State};
use domain::permission::{Act, Scope};
use domain::{Time, TokenId};
use leptos::prelude::*;
use store::site::tokens::Token;
use tower_sessions::Session;
use workflow::Error;
use workflow::site::people;

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/p/{slug}/settings/tokens", Need::Project(Act::HoldLabelToken), page),
        Route::post("/p/{slug}/settings/tokens", Need::Project(Act::HoldLabelToken), create),
        Route::post("/p/{slug}/settings/tokens/{id}/revoke", Need::Project(Act::HoldLabelToken), revoke),
    ]
}

async fn page(State(app): State<App>, Extension(visitor): Extension<Visitor>) -> Page {
    Ok(show(&app, &visitor, None).await?)
}

/// The list; above it a token that was just made, which no address shows again.
async fn show(
    app: &App,
    visitor: &Visitor,
    made: Option<(String, String)>,
) -> Result<axum::response::Response, Error> {
    let project = visitor.project()?;
    let tokens = people::tokens(&app.instance, visitor.actor()?, project.id).await?;
    let base = format!("/p/{}/settings/tokens", project.slug);
    let now = app.instance.store.now();
    let rows: Vec<_> = tokens.iter().map(|token| row(token, &base, now)).collect();
    let made = made.map(|(name, secret)| {
        view! {
            <section class="sheet once" aria-labelledby="once-h">
                <h2 id="once-h">{format!("The token “{name}”")}</h2>
                <p>
                    "Copy it now: it is shown this once and can’t be read again. Programs send it as "
                    <code>"Authorization: Bearer …"</code> "."
                </p>
                <div class="code">
                    <pre tabindex="0" aria-label="Token">
                        <code>{secret}</code>
                    </pre>
                </div>
            </section>
        }
    });
    let table = if rows.is_empty() {
        view! {
            <section class="empty">
                <h2>"No token yet"</h2>
                <p>"A token lets a program act for you in this project, and in no other."</p>
            </section>
        }
        .into_any()
    } else {
        view! {
            <div class="scroll" tabindex="0" role="region" aria-label="Tokens">
                <table class="table">
                    <thead>
                        <tr>
                            <th scope="col">"Name"</th>
                            <th scope="col">"Of"</th>
                            <th scope="col">"May"</th>
                            <th scope="col">"Made"</th>
                            <th scope="col">"Last used"</th>
                            <th scope="col">"Expires"</th>
                            <th scope="col">
                                <span class="vh">"Act"</span>
                            </th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
        .into_any()
    };
    let content = view! { <div class="stack">{made} {table} {make_form(visitor, &base)}</div> };
    settings(app, visitor, "Tokens", content).await
}

fn row(token: &Token, base: &str, now: Time) -> AnyView {
    let expires = match token.expires_at.map(Time) {
        None => "never".into_any(),
        Some(at) if at <= now => {
            view! { <span class="state off">"expired"</span> " " {moment(at)} }.into_any()
        }
        Some(at) => moment(at),
    };
    view! {
        <tr>
            <th scope="row">{token.name.clone()}</th>
            <td>{token.person_name.clone()}</td>
            <td>{may(token.scope)}</td>
            <td>{moment(token.created_at)}</td>
            <td>{moment_or_dash(token.last_used_at.map(Time))}</td>
            <td>{expires}</td>
            <td class="end">
                <form method="post" action=format!("{base}/{}/revoke", token.id)>
                    <button class="btn small danger">"Revoke" <span class="vh">{format!(" {}", token.name)}</span></button>
                </form>
            </td>
        </tr>
    }
    .into_any()
}

fn may(scope: Scope) -> &'static str {
    match scope {
        Scope::Label => "label",
        Scope::Read => "read",
        Scope::Write => "read and write",
    }
}

/// How long a token may be good: days, and the words for it.
const LIVES: [(&str, &str); 5] = [
    ("7", "in a week"),
    ("30", "in 30 days"),
    ("90", "in 90 days"),
    ("365", "in a year"),
    ("never", "never, until it is revoked"),
];

/// Days from the form; nothing for "never".
fn days(form: &Form) -> Result<Option<i64>, Error> {
    let chosen = LIVES.iter().find(|(value, _)| *value == form.get("days"));
    let (value, _) = chosen.ok_or_else(|| Error::invalid("days", "Choose how long the token is good."))?;
    Ok(value.parse().ok())
}

fn make_form(visitor: &Visitor, base: &str) -> AnyView {
    let flash = &visitor.flash;
    let mut options = vec![("label".to_owned(), "label, as me".to_owned())];
    if visitor.may(Act::HoldDataToken) {
        options.push(("read".to_owned(), "read what I may see".to_owned()));
        options.push(("write".to_owned(), "read and change what I may".to_owned()));
    }
    if visitor.may(Act::ManagePeople) {
        options.push(("machine".to_owned(), "label, as a machine of its own".to_owned()));
    }
    let days: Vec<_> = LIVES.iter().map(|(value, said)| ((*value).to_owned(), (*said).to_owned())).collect();
    let hint = "A program that goes on longer needs a new token then.";
    let name = Field {
        form: "token",
        name: "name",
        label: "Name",
        hint: "",
        kind: "text",
        value: "",
        required: true,
    };
    view! {
        <section class="sheet" aria-labelledby="make-h">
            <h2 id="make-h">"Make a token"</h2>
            <form class="form" method="post" action=base.to_owned()>
                <div class="pairs">
                    {name.view(flash)} {select(flash, "token", "scope", "May", "", "label", &options)}
                </div>
                {select(flash, "token", "days", "Expires", hint, "90", &days)}
                <div class="acts">
                    <button class="btn do">"Make it and show it"</button>
                </div>
            </form>
        </section>
    }
    .into_any()
}

async fn create(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    form: Form,
) -> Page {
    let (actor, project) = (visitor.actor()?, visitor.project()?);
    let name = form.get("name");
    let made = async {
        let days = days(&form)?;
        if form.get("scope") == "machine" {
            let machine = people::create_machine(&app.instance, actor, project.id, name).await?;
            return people::create_token(&app.instance, actor, project.id, machine, name, Scope::Label, days)
                .await;
        }
        let refuse = |()| Error::invalid("scope", "Choose what the token may do.");
        let scope = form.get("scope").parse().map_err(refuse)?;
        people::create_token(&app.instance, actor, project.id, actor.person, name, scope, days).await
    };
    match made.await {
        Ok(made) => Ok(show(&app, &visitor, Some((name.to_owned(), made.secret))).await?),
        Err(error) => {
            let back = format!("/p/{}/settings/tokens", project.slug);
            finish(&session, "token", &form, &back, Err(error)).await
        }
    }
}

async fn revoke(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    Path((slug, id)): Path<(String, TokenId)>,
    form: Form,
) -> Page {
    let outcome = people::revoke_token(&app.instance, visitor.actor()?, visitor.project()?.id, id).await;
    let back = format!("/p/{slug}/settings/tokens");
    let done =
        outcome.map(|()| Done::to(back.clone()).say("The token is revoked: it opens nothing any more."));
    finish(&session, "revoke", &form, &back, done).await
}
