//! People of the installation: adding them, letting them in, keeping them out.

use crate::parts::fields::Field;
use crate::parts::times::moment;
use crate::web::error::{Page, PageError};
use crate::web::forms::{Done, Form, finish};
use crate::web::guard::{App, Need, Route, Visitor, percent_encoded};
use crate::web::shell;
use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::response::IntoResponse;
use domain::PersonId;
use domain::permission::Act;
use http::{HeaderMap, header};
use leptos::prelude::*;
use std::collections::HashMap;
use store::site::people::Person;
use tower_sessions::Session;
use workflow::Error;
use workflow::site::people::{self, Newcomer, second_factor};

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/people", Need::Site(Act::ManagePeople), list),
        Route::post("/people", Need::Site(Act::ManagePeople), add),
        Route::post("/people/{id}/link", Need::Site(Act::ManagePeople), make_link),
        Route::post("/people/{id}/access", Need::Site(Act::ManagePeople), set_access),
        Route::post("/people/{id}/admin", Need::Site(Act::ManagePeople), set_admin),
        Route::post("/people/{id}/second-factor", Need::Site(Act::ManagePeople), remove_second_factor),
        Route::post("/people/second-factor", Need::Site(Act::ManagePeople), require_second_factor),
    ]
}

async fn list(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Query(query): Query<HashMap<String, String>>,
) -> Page {
    let after = match (query.get("name"), query.get("after").and_then(|id| id.parse::<PersonId>().ok())) {
        (Some(name), Some(id)) => Some((name.as_str(), id)),
        _ => None,
    };
    let known = people::list(&app.instance, visitor.actor()?, after).await?;
    let me = visitor.actor()?.person;
    let more = (known.len() as i64 == people::A_PAGE).then(|| known.last()).flatten().map(|last| {
        let to = format!("/people?name={}&after={}", percent_encoded(&last.name), last.id);
        view! {
            <nav class="pager" aria-label="Pages">
                <span>"by name"</span>
                <a class="btn small" href=to rel="next">"More →"</a>
            </nav>
        }
    });
    let required = second_factor::is_factor_required(&app.instance).await?;
    let rows: Vec<_> = known.iter().map(|person| row(person, person.id == me)).collect();
    let body = view! {
        <header class="head">
            <div>
                <h1>"People"</h1>
                <p>"What somebody may do in a project is set among that project’s settings."</p>
            </div>
        </header>
        <div class="stack">
            <div>
                <div class="scroll" tabindex="0" role="region" aria-label="People">
                    <table class="table stacked">
                        <thead>
                            <tr>
                                <th scope="col">"Person"</th>
                                <th scope="col">"Access"</th>
                                <th scope="col" class="no-phone">
                                    "Since"
                                </th>
                                <th scope="col">
                                    <span class="vh">"Acts"</span>
                                </th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
                {more}
            </div>
            {add_form(&visitor)} {require_form(required)}
        </div>
    };
    let shell = shell::site(&visitor, body);
    Ok(shell::document("People · Assay", Some(&visitor), "site-shell", || shell).into_response())
}

fn row(person: &Person, me: bool) -> AnyView {
    let disabled = person.disabled_at.is_some();
    let state = match (disabled, person.has_password) {
        (true, _) => view! { <span class="state off">"disabled"</span> }.into_any(),
        (false, true) => view! { <span class="state on">"may sign in"</span> }.into_any(),
        (false, false) => view! { <span class="state">"has no password yet"</span> }.into_any(),
    };
    let act = |path: &str, field: &'static str, value: &'static str, said: &'static str, danger: bool| {
        let of = format!(": {}", person.name);
        view! {
            <form method="post" action=format!("/people/{}/{path}", person.id)>
                <button class=if danger { "btn small danger" } else { "btn small" } name=field value=value>
                    {said}
                    <span class="vh">{of}</span>
                </button>
            </form>
        }
    };
    let link = (!disabled).then(|| act("link", "make", "yes", "New password link", false));
    let admin = (!disabled).then(|| {
        if person.admin {
            act("admin", "admin", "no", "No longer admin", false)
        } else {
            act("admin", "admin", "yes", "Make admin", false)
        }
    });
    let factor = (person.has_second_factor && !me)
        .then(|| act("second-factor", "second_factor", "remove", "Remove second factor", true));
    let access = (!me).then(|| {
        if disabled {
            act("access", "access", "yes", "Let in again", false)
        } else {
            act("access", "access", "no", "Disable", true)
        }
    });
    view! {
        <tr>
            <th scope="row">
                {person.name.clone()} {me.then_some(" (you)")}
                <small>{person.email.clone()}</small>
            </th>
            <td>
                {state} " " {person.admin.then(|| view! { <span class="chip">"admin"</span> })} " "
                {person.has_second_factor.then(|| view! { <span class="chip">"second factor"</span> })}
            </td>
            <td class="no-phone">{moment(person.created_at)}</td>
            <td class="end">
                <div class="acts">{link} {admin} {factor} {access}</div>
            </td>
        </tr>
    }
    .into_any()
}

fn add_form(visitor: &Visitor) -> AnyView {
    let flash = &visitor.flash;
    let name =
        Field { form: "add", name: "name", label: "Name", hint: "", kind: "text", value: "", required: true };
    // Named so that the browser does not fill in the admin's own address.
    let email = Field { name: "their_email", label: "E-mail", kind: "email", ..name };
    let admin = flash.value("add", "admin").is_some();
    view! {
        <section class="sheet" aria-labelledby="add-h">
            <h2 id="add-h">"Add a person"</h2>
            <form class="form" method="post" action="/people">
                <div class="pairs">{name.view(flash)} {email.view(flash)}</div>
                <label class="choice">
                    <input type="checkbox" name="admin" value="yes" checked=admin />
                    <span>
                        "Admin" <small>"May do everything: projects, people, all roles in every project."</small>
                    </span>
                </label>
                <div class="acts">
                    <button class="btn do">"Add and show the link"</button>
                </div>
            </form>
        </section>
    }
    .into_any()
}

fn require_form(required: bool) -> AnyView {
    let (said, value, button) = if required {
        (
            "Everyone needs a second factor: who has none is let in to set one up, and to nothing else.",
            "no",
            "No longer require it",
        )
    } else {
        (
            "Each person decides whether signing in asks for a code of an app beside the password.",
            "yes",
            "Require it of everyone",
        )
    };
    view! {
        <section class="sheet stack tight" aria-labelledby="require-h">
            <h2 id="require-h">"Second factor"</h2>
            <p>{said}</p>
            <form class="acts" method="post" action="/people/second-factor">
                <button class="btn" name="required" value=value>
                    {button}
                </button>
            </form>
        </section>
    }
    .into_any()
}

async fn add(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    headers: HeaderMap,
    form: Form,
) -> Page {
    let actor = visitor.actor()?;
    let newcomer = Newcomer {
        name: form.get("name").to_owned(),
        email: form.get("their_email").to_owned(),
        password: None,
        admin: form.has("admin"),
    };
    let outcome = if newcomer.name.is_empty() {
        Err(Error::invalid("name", "Say how the others know them."))
    } else {
        people::add(&app.instance, actor, newcomer).await
    };
    match outcome {
        Ok(person) => {
            let link = people::make_reset_link(&app.instance, actor, person).await?;
            Ok(link_page(&visitor, form.get("name"), &address(&headers, &link)).into_response())
        }
        Err(Error::Invalid(mut fields)) => {
            for field in fields.iter_mut().filter(|f| f.field == "email") {
                field.field = "their_email".to_owned();
            }
            finish(&session, "add", &form, "/people", Err(Error::Invalid(fields))).await
        }
        Err(error) => finish(&session, "add", &form, "/people", Err(error)).await,
    }
}

async fn make_link(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    Path(id): Path<PersonId>,
    headers: HeaderMap,
    form: Form,
) -> Page {
    match people::make_reset_link(&app.instance, visitor.actor()?, id).await {
        Ok(link) => {
            let name = app.instance.store.person(id).await?.map(|p| p.name).unwrap_or_default();
            Ok(link_page(&visitor, &name, &address(&headers, &link)).into_response())
        }
        Err(error) => finish(&session, "link", &form, "/people", Err(error)).await,
    }
}

/// The whole address, as the admin's browser knows this server.
fn address(headers: &HeaderMap, link: &str) -> String {
    let text = |name: header::HeaderName| headers.get(name).and_then(|v| v.to_str().ok());
    let base = text(header::ORIGIN).filter(|origin| origin.starts_with("http")).map(str::to_owned);
    let base = base.or_else(|| text(header::HOST).map(|host| format!("http://{host}"))).unwrap_or_default();
    format!("{base}/reset/{link}")
}

/// Shown as the answer to the form and stored nowhere: there is no address under which it could be read again.
fn link_page(visitor: &Visitor, name: &str, link: &str) -> impl IntoResponse + use<> {
    let body = view! {
        <header class="head">
            <div>
                <nav class="crumbs" aria-label="Breadcrumb">
                    <ol>
                        <li>
                            <a href="/people">"People"</a>
                        </li>
                    </ol>
                </nav>
                <h1>{format!("A link for {name}")}</h1>
            </div>
        </header>
        <section class="sheet once" aria-labelledby="once-h">
            <h2 id="once-h">"Copy it now"</h2>
            <p>
                "It is shown this once. Hand it over by a way you trust: whoever opens it chooses the password. It is good for 24 hours and works once; links made before it have ended."
            </p>
            <div class="code">
                <pre tabindex="0" aria-label="Password link">
                    <code>{link.to_owned()}</code>
                </pre>
            </div>
            <div class="acts">
                <a class="btn" href="/people">"Done"</a>
            </div>
        </section>
    };
    let shell = shell::site(visitor, body);
    shell::document("A password link · Assay", Some(visitor), "site-shell", || shell)
}

async fn set_access(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    Path(id): Path<PersonId>,
    form: Form,
) -> Page {
    let disabled = form.get("access") == "no";
    let outcome = people::set_disabled(&app.instance, visitor.actor()?, id, disabled).await;
    let said = if disabled {
        "They are signed out and can’t come in any more. Their answers stay."
    } else {
        "They may sign in again."
    };
    finish(&session, "access", &form, "/people", outcome.map(|()| Done::to("/people").say(said))).await
}

async fn set_admin(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    Path(id): Path<PersonId>,
    form: Form,
) -> Result<axum::response::Response, PageError> {
    let admin = form.get("admin") == "yes";
    let outcome = people::set_admin(&app.instance, visitor.actor()?, id, admin).await;
    let said = if admin { "They are an admin now." } else { "They are no admin any more." };
    // Whoever gives up their own rights can't see this page again.
    let to = if visitor.actor()?.person == id && !admin { "/" } else { "/people" };
    finish(&session, "admin", &form, "/people", outcome.map(|()| Done::to(to).say(said))).await
}

async fn remove_second_factor(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    Path(id): Path<PersonId>,
    form: Form,
) -> Page {
    let outcome = second_factor::remove_factor_of(&app.instance, visitor.actor()?, id).await;
    let said =
        "Their second factor is removed and they are signed out: their password alone opens the door now.";
    finish(&session, "factor", &form, "/people", outcome.map(|()| Done::to("/people").say(said))).await
}

async fn require_second_factor(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    form: Form,
) -> Page {
    let required = match form.get("required") {
        "yes" => true,
        "no" => false,
        _ => return Err(PageError(Error::invalid("required", "Say yes or no."))),
    };
    let outcome = second_factor::require_factor(&app.instance, visitor.actor()?, required).await;
    let said = if required {
        "Everyone is asked for a second factor from now on."
    } else {
        "A second factor is everybody’s own choice again."
    };
    finish(&session, "require", &form, "/people", outcome.map(|()| Done::to("/people").say(said))).await
}
