//! Choosing a password by link.

use super::fields::new_password;
use super::session::after_password;
use crate::parts::fields::Field;
use crate::web::address::percent_encoded;
use crate::web::error::{PageError, PageResult};
use crate::web::forms::Form;
use crate::web::page::OpenPage;
use axum::extract::Path;
use http::HeaderMap;
use leptos::prelude::*;
use workflow::Error;
use workflow::site::people;

pub async fn page(page: OpenPage, Path(link): Path<String>) -> PageResult {
    let known = people::reset_link(page.instance(), &link).await?;
    let password = Field { label: "New password", ..new_password("reset") };
    let body = view! {
        <form class="sheet" method="post" action=format!("/reset/{}", percent_encoded(&link))>
            <h1>"Choose a new password"</h1>
            <p>{format!("For {} ({}). The link in your hand works once.", known.name, known.email)}</p>
            {page.notice()}
            // The browser keeps the new password under this name.
            <input type="hidden" name="email" autocomplete="username" value=known.email />
            {password.view(&page.flash)}
            <button class="btn do wide">"Save and sign in"</button>
        </form>
    };
    page.show("New password", body)
}

pub async fn choose(page: OpenPage, Path(link): Path<String>, headers: HeaderMap, form: Form) -> PageResult {
    let form = form.only(&["new_password"]);
    let outcome = match people::use_reset_link(page.instance(), &link, form.raw("new_password")).await {
        Ok(person) => {
            let said = "Your new password is set. Wherever else you were signed in, you are not any more.";
            let let_in = after_password(&page.app, &page.session, &headers, person, "/".to_owned()).await;
            let_in.map(|done| done.say(said))
        }
        // Going back would only say it again.
        Err(error @ Error::Conflict(_)) => return Err(PageError(error)),
        Err(error) => Err(error),
    };
    let back = format!("/reset/{}", percent_encoded(&link));
    page.finish("reset", &form, &back, outcome).await
}
