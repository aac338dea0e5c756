//! Tokens for programs: made, shown once, revoked.

use super::frame::settings;
use crate::parts::empty::Empty;
use crate::parts::fields::{Field, select};
use crate::parts::table::{Table, hidden, words};
use crate::parts::times::{moment, moment_or_dash};
use crate::web::error::PageResult;
use crate::web::forms::{Done, Form};
use crate::web::page::ProjectPage;
use crate::web::route::{Need, Route};
use axum::extract::Path;
use domain::permission::{Act, Scope};
use domain::{Time, TokenId};
use leptos::prelude::*;
use workflow::Error;
use workflow::site::people;
use workflow::site::people::tokens::Token;

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/p/{slug}/settings/tokens", Need::Project(Act::HoldLabelToken), page),
        Route::post("/p/{slug}/settings/tokens", Need::Project(Act::HoldLabelToken), create),
        Route::post("/p/{slug}/settings/tokens/{id}/revoke", Need::Project(Act::HoldLabelToken), revoke),
    ]
}

async fn page(page: ProjectPage) -> PageResult {
    show(&page, None).await
}

/// The list; above it a token that was just made, which no address shows again.
async fn show(page: &ProjectPage, made: Option<(String, String)>) -> PageResult {
    let project = &page.project;
    let tokens = people::tokens(page.instance(), page.actor(), project.id).await?;
    let base = page.path("/settings/tokens");
    let now = workflow::site::now(page.instance());
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
        let words = "A token lets a program act for you in this project, and in no other.";
        Empty::new("No token yet", words).view()
    } else {
        let columns = [
            words("Name"),
            words("Of"),
            words("May"),
            words("Made"),
            words("Last used"),
            words("Expires"),
            hidden("Act"),
        ];
        Table::new("Tokens", columns).rows(rows)
    };
    let content = view! { <div class="stack">{made} {table} {make_form(page, &base)}</div> };
    settings(page, "Tokens", content).await
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

fn make_form(page: &ProjectPage, base: &str) -> AnyView {
    let flash = &page.flash;
    let mut options = vec![("label".to_owned(), "label, as me".to_owned())];
    if page.may(Act::HoldDataToken) {
        options.push(("read".to_owned(), "read what I may see".to_owned()));
        options.push(("write".to_owned(), "read and change what I may".to_owned()));
    }
    if page.may(Act::ManagePeople) {
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

async fn create(page: ProjectPage, form: Form) -> PageResult {
    let (actor, project) = (page.actor(), &page.project);
    let name = form.get("name");
    let made = async {
        let days = days(&form)?;
        if form.get("scope") == "machine" {
            let machine = people::create_machine(page.instance(), actor, project.id, name).await?;
            return people::create_token(
                page.instance(),
                actor,
                project.id,
                machine,
                name,
                Scope::Label,
                days,
            )
            .await;
        }
        let refuse = |()| Error::invalid("scope", "Choose what the token may do.");
        let scope = form.get("scope").parse().map_err(refuse)?;
        people::create_token(page.instance(), actor, project.id, actor.person, name, scope, days).await
    };
    match made.await {
        Ok(made) => show(&page, Some((name.to_owned(), made.secret))).await,
        Err(error) => {
            let back = page.path("/settings/tokens");
            page.finish("token", &form, &back, Err(error)).await
        }
    }
}

async fn revoke(page: ProjectPage, Path((slug, id)): Path<(String, TokenId)>, form: Form) -> PageResult {
    let outcome = people::revoke_token(page.instance(), page.actor(), page.project.id, id).await;
    let back = format!("/p/{slug}/settings/tokens");
    let done =
        outcome.map(|()| Done::to(back.clone()).say("The token is revoked: it opens nothing any more."));
    page.finish("revoke", &form, &back, done).await
}
