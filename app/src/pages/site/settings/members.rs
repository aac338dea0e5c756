//! Who has which roles in a project.

use super::settings;
use crate::parts::fields::Field;
use crate::web::error::Page;
use crate::web::forms::{Done, Form, finish};
use crate::web::guard::{App, Need, Route, Visitor, percent_encoded};
use axum::Extension;
use axum::extract::{Path, Query, State};
use domain::PersonId;
use domain::permission::{Act, Role, Roles};
use domain::person::PersonKind;
use leptos::prelude::*;
use std::collections::HashMap;
use store::site::people::Member;
use tower_sessions::Session;
use workflow::Error;
use workflow::site::people;

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/p/{slug}/settings/people", Need::Project(Act::SeeOthers), page),
        Route::post("/p/{slug}/settings/people", Need::Project(Act::ManagePeople), add),
        Route::post("/p/{slug}/settings/people/{id}", Need::Project(Act::ManagePeople), set_roles),
    ]
}

/// What a person may be; a machine is made together with its token.
const ROLES: [(Role, &str); 3] = [
    (Role::Annotator, "labels, and sees their own answers"),
    (Role::Owner, "sees all answers, edits the taxonomy, decides conflicts"),
    (Role::Engineer, "sees all answers, imports, runs queues, cuts releases"),
];

async fn page(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Query(query): Query<HashMap<String, String>>,
) -> Page {
    let project = visitor.project()?;
    let after = match (query.get("name"), query.get("after").and_then(|id| id.parse::<PersonId>().ok())) {
        (Some(name), Some(id)) => Some((name.as_str(), id)),
        _ => None,
    };
    let members = people::members(&app.instance, visitor.actor()?, project.id, after).await?;
    let may_change = visitor.may(Act::ManagePeople);
    let base = format!("/p/{}/settings/people", project.slug);
    let rows: Vec<_> = members.iter().map(|member| row(member, &base, may_change)).collect();
    let more = (members.len() as i64 == people::A_PAGE).then(|| members.last()).flatten().map(|last| {
        let to = format!("{base}?name={}&after={}", percent_encoded(&last.person.name), last.person.id);
        view! {
            <nav class="pager" aria-label="Pages">
                <span>"by name"</span>
                <a class="btn small" href=to rel="next">"More →"</a>
            </nav>
        }
    });
    let table = if rows.is_empty() {
        view! {
            <section class="empty">
                <h2>"Nobody has a role here yet"</h2>
                <p>"Admins see every project. Others see this one once they have a role in it."</p>
            </section>
        }
        .into_any()
    } else {
        view! {
            <div class="scroll" tabindex="0" role="region" aria-label="People and roles">
                <table class="table">
                    <thead>
                        <tr>
                            <th scope="col">"Person"</th>
                            <th scope="col">"Roles here"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
        .into_any()
    };
    let content =
        view! { <div class="stack">{table} {more} {may_change.then(|| add_form(&visitor, &base))}</div> };
    Ok(settings(&app, &visitor, "People", content).await?)
}

fn boxes(chosen: Roles, id: &str) -> Vec<AnyView> {
    ROLES
        .iter()
        .map(|(role, _)| {
            let id = format!("{id}-{}", role.as_str());
            view! {
                <label class="choice" for=id.clone()>
                    <input
                        id=id.clone()
                        type="checkbox"
                        name="role"
                        value=role.as_str()
                        checked=chosen.has(*role)
                    />
                    <span>{role.as_str()}</span>
                </label>
            }
            .into_any()
        })
        .collect()
}

fn row(member: &Member, base: &str, may_change: bool) -> AnyView {
    let person = &member.person;
    let roles = member.roles();
    let machine = person.kind == PersonKind::Machine;
    let of = format!(" roles of {}", person.name);
    let change = if !may_change {
        roles.to_list().replace(',', ", ").into_any()
    } else if machine {
        view! {
            <form class="row" method="post" action=format!("{base}/{}", person.id)>
                <span>"machine"</span>
                <button class="btn small danger">"Take out" <span class="vh">{of}</span></button>
            </form>
        }
        .into_any()
    } else {
        view! {
            <form class="row" method="post" action=format!("{base}/{}", person.id)>
                {boxes(roles, &person.id.to_string())}
                <button class="btn small">"Save" <span class="vh">{of}</span></button>
            </form>
        }
        .into_any()
    };
    let under = match (&person.email, machine) {
        (Some(email), _) => email.clone(),
        (None, true) => "a program, by token".to_owned(),
        (None, false) => String::new(),
    };
    view! {
        <tr>
            <th scope="row">
                {person.name.clone()} <small>{under}</small>
                {person.disabled_at.is_some().then(|| view! { <span class="state off">"disabled"</span> })}
            </th>
            <td class="wrap">{change}</td>
        </tr>
    }
    .into_any()
}

fn add_form(visitor: &Visitor, base: &str) -> AnyView {
    let flash = &visitor.flash;
    let email = Field {
        form: "member",
        name: "their_email",
        label: "E-mail",
        hint: "Of somebody who is among the people of this installation.",
        kind: "email",
        value: "",
        required: true,
    };
    let choices: Vec<_> = ROLES
        .iter()
        .map(|(role, may)| {
            let checked = match flash.form.as_str() {
                "member" => flash.values.iter().any(|(k, v)| k == "role" && v == role.as_str()),
                _ => *role == Role::Annotator,
            };
            view! {
                <label class="choice">
                    <input type="checkbox" name="role" value=role.as_str() checked=checked />
                    <span>{role.as_str()} <small>{*may}</small></span>
                </label>
            }
        })
        .collect();
    let error = flash.error("member", "roles").map(str::to_owned);
    view! {
        <section class="sheet" aria-labelledby="add-h">
            <h2 id="add-h">"Give somebody a role"</h2>
            <form class="form" method="post" action=base.to_owned()>
                {email.view(flash)}
                <fieldset class="field">
                    <legend>"Roles"</legend>
                    {choices}
                    {error.map(|error| view! { <p class="error">{error}</p> })}
                </fieldset>
                <div class="acts">
                    <button class="btn do">"Give the roles"</button>
                    <a class="btn bare" href="/people">"Add new people"</a>
                </div>
            </form>
        </section>
    }
    .into_any()
}

fn chosen(form: &Form) -> Roles {
    Roles::of(&form.all("role").filter_map(|role| role.parse().ok()).collect::<Vec<_>>())
}

async fn add(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    form: Form,
) -> Page {
    let (actor, project) = (visitor.actor()?, visitor.project()?);
    let roles = chosen(&form);
    let back = format!("/p/{}/settings/people", project.slug);
    let outcome = async {
        let refuse = |message: String| Error::invalid("their_email", message);
        let person =
            people::find(&app.instance, actor, form.get("their_email")).await.map_err(
                |error| match error {
                    Error::NotFound(_) => {
                        refuse("Nobody here has this e-mail. Add them among the people first.".to_owned())
                    }
                    Error::Invalid(_) => refuse(error.to_string()),
                    other => other,
                },
            )?;
        if roles.is_empty() {
            return Err(Error::invalid("roles", "Choose at least one role."));
        }
        people::set_roles(&app.instance, actor, project.id, person.id, roles).await?;
        Ok(Done::to(back.clone()).say(format!("{} is here now as {}.", person.name, said(roles))))
    };
    let outcome = outcome.await;
    finish(&session, "member", &form, &back, outcome).await
}

async fn set_roles(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    Path((slug, id)): Path<(String, PersonId)>,
    form: Form,
) -> Page {
    let (actor, project) = (visitor.actor()?, visitor.project()?);
    let roles = chosen(&form);
    let back = format!("/p/{slug}/settings/people");
    let outcome = people::set_roles(&app.instance, actor, project.id, id, roles).await;
    let done = outcome.map(|()| {
        Done::to(back.clone()).say(if roles.is_empty() {
            "They have no role here any more. Their answers stay.".to_owned()
        } else {
            format!("Saved: {}.", said(roles))
        })
    });
    finish(&session, "roles", &form, &back, done).await
}

fn said(roles: Roles) -> String {
    roles.to_list().replace(',', ", ")
}
