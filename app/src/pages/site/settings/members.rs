//! Who has which roles in a project.

use super::frame::settings;
use crate::parts::empty::Empty;
use crate::parts::fields::Field;
use crate::parts::pager::{by_name, place_by_name};
use crate::parts::table::{Table, words};
use crate::web::error::PageResult;
use crate::web::forms::{Done, Form};
use crate::web::page::ProjectPage;
use crate::web::route::{Need, Route};
use axum::extract::{Path, Query};
use domain::PersonId;
use domain::permission::{Act, Role, Roles};
use domain::person::PersonKind;
use leptos::prelude::*;
use std::collections::HashMap;
use workflow::Error;
use workflow::site::people::{self, Member};

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

async fn page(page: ProjectPage, Query(query): Query<HashMap<String, String>>) -> PageResult {
    let project = &page.project;
    let members = people::members(page.instance(), page.actor(), project.id, place_by_name(&query)).await?;
    let may_change = page.may(Act::ManagePeople);
    let base = page.path("/settings/people");
    let rows: Vec<_> = members.iter().map(|member| row(member, &base, may_change)).collect();
    let last = members.last().filter(|_| members.len() as i64 == people::A_PAGE);
    let more = last.map(|last| by_name(&base, &last.person.name, last.person.id));
    let table = if rows.is_empty() {
        let words = "Admins see every project. Others see this one once they have a role in it.";
        Empty::new("Nobody has a role here yet", words).view()
    } else {
        Table::new("People and roles", [words("Person"), words("Roles here")]).rows(rows)
    };
    let content =
        view! { <div class="stack">{table} {more} {may_change.then(|| add_form(&page, &base))}</div> };
    settings(&page, "People", content).await
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

fn add_form(page: &ProjectPage, base: &str) -> AnyView {
    let flash = &page.flash;
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

async fn add(page: ProjectPage, form: Form) -> PageResult {
    let (actor, project) = (page.actor(), &page.project);
    let roles = chosen(&form);
    let back = page.path("/settings/people");
    let outcome = async {
        let refuse = |message: String| Error::invalid("their_email", message);
        let person = people::find(page.instance(), actor, form.get("their_email")).await.map_err(
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
        people::set_roles(page.instance(), actor, project.id, person.id, roles).await?;
        Ok(Done::to(back.clone()).say(format!("{} is here now as {}.", person.name, said(roles))))
    };
    let outcome = outcome.await;
    page.finish("member", &form, &back, outcome).await
}

async fn set_roles(page: ProjectPage, Path((slug, id)): Path<(String, PersonId)>, form: Form) -> PageResult {
    let (actor, project) = (page.actor(), &page.project);
    let roles = chosen(&form);
    let back = format!("/p/{slug}/settings/people");
    let outcome = people::set_roles(page.instance(), actor, project.id, id, roles).await;
    let done = outcome.map(|()| {
        Done::to(back.clone()).say(if roles.is_empty() {
            "They have no role here any more. Their answers stay.".to_owned()
        } else {
            format!("Saved: {}.", said(roles))
        })
    });
    page.finish("roles", &form, &back, done).await
}

fn said(roles: Roles) -> String {
    roles.to_list().replace(',', ", ")
}
