//! Where I am signed in: the list on the account page, and ending one session or all of them.

use crate::parts::table::{Table, hidden, words};
use crate::parts::times::moment;
use crate::web::error::PageResult;
use crate::web::forms::{Done, Form};
use crate::web::page::SitePage;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect};
use leptos::prelude::*;
use store::site::sessions::key;
use tower_sessions::Session;
use workflow::Error;
use workflow::site::people::{self, sessions::Signed};

/// The list; `here` is the key of the session that asks.
pub(super) fn list(sessions: &[Signed], here: &str) -> AnyView {
    let rows: Vec<_> = sessions.iter().map(|session| row(session, session.key == here)).collect();
    view! {
        <section class="sheet stack tight" aria-labelledby="sessions-h">
            <h2 id="sessions-h">"Where I am signed in"</h2>
            <p>
                "A session ends 14 days after it was last used, and after 30 days in any case. If you don’t know one of these, end it and change your password."
            </p>
            {Table::new("Sessions", [words("Browser"), words("Signed in"), words("Last seen"), hidden("Act")]).stacked().rows(rows)}
            <form class="acts" method="post" action="/account/sessions/end">
                <button class="btn danger">"Sign out everywhere"</button>
            </form>
        </section>
    }
    .into_any()
}

fn row(session: &Signed, is_here: bool) -> AnyView {
    let name = match session.browser.as_str() {
        "" => "an unknown browser".to_owned(),
        known => known.to_owned(),
    };
    let since = moment(session.began_at);
    let of = if is_here { ": here".to_owned() } else { format!(": {name}") };
    view! {
        <tr>
            <th scope="row">
                {name} " " {is_here.then(|| view! { <span class="chip">"this one"</span> })}
            </th>
            <td>{since}</td>
            <td>{moment(session.seen_at)}</td>
            <td class="end">
                <form method="post" action=format!("/account/sessions/{}/end", session.key)>
                    <button class="btn small">"Sign out" <span class="vh">{of}</span></button>
                </form>
            </td>
        </tr>
    }
    .into_any()
}

/// The key of the session that a request came with.
pub(super) fn here(session: &Session) -> String {
    session.id().map(|id| key(&id.to_string())).unwrap_or_default()
}

pub(super) async fn end_one(page: SitePage, Path(other): Path<String>) -> PageResult {
    let ended = people::end_session(page.instance(), page.actor(), &other).await;
    if ended.is_ok() && other == here(&page.session) {
        page.session.flush().await.map_err(Error::internal)?;
        return Ok(Redirect::to("/sign-in").into_response());
    }
    let outcome = ended.map(|()| Done::to("/account").say("That session has ended."));
    page.finish("session", &Form::default(), "/account", outcome).await
}

pub(super) async fn end_all(page: SitePage) -> PageResult {
    people::end_all_sessions(page.instance(), page.actor()).await?;
    page.session.flush().await.map_err(Error::internal)?;
    Ok(Redirect::to("/sign-in").into_response())
}
