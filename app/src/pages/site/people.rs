//! People of the installation: adding them, letting them in, keeping them out.

mod list;

use crate::parts::head::Head;
use crate::parts::pager::place_by_name;
use crate::web::error::{PageError, PageResult};
use crate::web::forms::{Done, Form};
use crate::web::page::SitePage;
use crate::web::route::{Need, Route};
use axum::extract::{Path, Query};
use domain::PersonId;
use domain::permission::Act;
use http::{HeaderMap, header};
use leptos::prelude::*;
use std::collections::HashMap;
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

async fn list(page: SitePage, Query(query): Query<HashMap<String, String>>) -> PageResult {
    let known = people::list(page.instance(), page.actor(), place_by_name(&query)).await?;
    let required = second_factor::is_factor_required(page.instance()).await?;
    page.show("People", list::view(&known, required, &page))
}

async fn add(page: SitePage, headers: HeaderMap, form: Form) -> PageResult {
    let actor = page.actor();
    let newcomer = Newcomer {
        name: form.get("name").to_owned(),
        email: form.get("their_email").to_owned(),
        password: None,
        admin: form.has("admin"),
    };
    let outcome = if newcomer.name.is_empty() {
        Err(Error::invalid("name", "Say how the others know them."))
    } else {
        people::add(page.instance(), actor, newcomer).await
    };
    match outcome {
        Ok(person) => {
            let link = people::make_reset_link(page.instance(), actor, person).await?;
            link_page(&page, form.get("name"), &address(&headers, &link))
        }
        Err(Error::Invalid(mut fields)) => {
            for field in fields.iter_mut().filter(|f| f.field == "email") {
                field.field = "their_email".to_owned();
            }
            page.finish("add", &form, "/people", Err(Error::Invalid(fields))).await
        }
        Err(error) => page.finish("add", &form, "/people", Err(error)).await,
    }
}

async fn make_link(page: SitePage, Path(id): Path<PersonId>, headers: HeaderMap, form: Form) -> PageResult {
    match people::make_reset_link(page.instance(), page.actor(), id).await {
        Ok(link) => {
            let name = people::name_of(page.instance(), page.actor(), id).await?.unwrap_or_default();
            link_page(&page, &name, &address(&headers, &link))
        }
        Err(error) => page.finish("link", &form, "/people", Err(error)).await,
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
fn link_page(page: &SitePage, name: &str, link: &str) -> PageResult {
    let body = view! {
        {Head::titled(format!("A link for {name}")).under("/people", "People").view()}
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
    page.show("A password link", body)
}

async fn set_access(page: SitePage, Path(id): Path<PersonId>, form: Form) -> PageResult {
    let disabled = form.get("access") == "no";
    let outcome = people::set_disabled(page.instance(), page.actor(), id, disabled).await;
    let said = if disabled {
        "They are signed out and can’t come in any more. Their answers stay."
    } else {
        "They may sign in again."
    };
    page.finish("access", &form, "/people", outcome.map(|()| Done::to("/people").say(said))).await
}

async fn set_admin(page: SitePage, Path(id): Path<PersonId>, form: Form) -> PageResult {
    let admin = form.get("admin") == "yes";
    let outcome = people::set_admin(page.instance(), page.actor(), id, admin).await;
    let said = if admin { "They are an admin now." } else { "They are no admin any more." };
    // A person who gives up their own rights can't see this page again.
    let to = if page.actor().person == id && !admin { "/" } else { "/people" };
    page.finish("admin", &form, "/people", outcome.map(|()| Done::to(to).say(said))).await
}

async fn remove_second_factor(page: SitePage, Path(id): Path<PersonId>, form: Form) -> PageResult {
    let outcome = second_factor::remove_factor_of(page.instance(), page.actor(), id).await;
    let said =
        "Their second factor is removed and they are signed out: their password alone opens the door now.";
    page.finish("factor", &form, "/people", outcome.map(|()| Done::to("/people").say(said))).await
}

async fn require_second_factor(page: SitePage, form: Form) -> PageResult {
    let required = match form.get("required") {
        "yes" => true,
        "no" => false,
        _ => return Err(PageError(Error::invalid("required", "Say yes or no."))),
    };
    let outcome = second_factor::require_factor(page.instance(), page.actor(), required).await;
    let said = if required {
        "Everyone is asked for a second factor from now on."
    } else {
        "A second factor is everybody’s own choice again."
    };
    page.finish("require", &form, "/people", outcome.map(|()| Done::to("/people").say(said))).await
}
