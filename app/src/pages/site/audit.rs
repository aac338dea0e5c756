//! The audit log: of the whole installation here, of one project among its settings.

use crate::parts::times::moment;
use crate::web::error::Page;
use crate::web::guard::{App, Need, Route, Visitor};
use crate::web::shell;
use axum::Extension;
use axum::extract::{Query, State};
use axum::response::IntoResponse;
use domain::permission::Act;
use leptos::prelude::*;
use std::collections::HashMap;
use store::site::audit::AuditEntry;
use workflow::site::audit;

pub fn routes() -> Vec<Route> {
    vec![Route::get("/audit", Need::Site(Act::ReadAudit), page)]
}

async fn page(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Query(query): Query<HashMap<String, String>>,
) -> Page {
    let before = query.get("before").and_then(|id| id.parse().ok());
    let entries = audit::log(&app.instance, visitor.actor()?, None, before).await?;
    let body = view! {
        <header class="head">
            <div>
                <h1>"Audit log"</h1>
                <p>"Who did what, in all projects and outside of them. Nothing here can be changed."</p>
            </div>
        </header>
        {log(&entries, "/audit", true)}
    };
    let shell = shell::site(&visitor, body);
    Ok(shell::document("Audit · Assay", Some(&visitor), "site-shell", || shell).into_response())
}

/// Entries as a table, and the way to older ones.
pub(super) fn log(entries: &[AuditEntry], address: &str, with_project: bool) -> AnyView {
    if entries.is_empty() {
        return view! {
            <section class="empty">
                <h2>"Nothing here"</h2>
                <p>"Who signs in and who is refused, and what is done to people, roles, tokens and projects, is written down here."</p>
            </section>
        }
        .into_any();
    }
    let rows: Vec<_> = entries
        .iter()
        .map(|entry| {
            let said = format!("{} {}", entry.act, entry.target);
            let project = entry.project.clone().unwrap_or_default();
            view! {
                <tr>
                    <td>{moment(entry.at)}</td>
                    <td>{entry.who().to_owned()}</td>
                    <td class="wrap">
                        {said} " " <span class="quiet">{entry.detail.clone()}</span>
                    </td>
                    {with_project.then(|| view! { <td>{project}</td> })}
                </tr>
            }
        })
        .collect();
    let older = (entries.len() as i64 == audit::A_PAGE).then(|| entries.last()).flatten().map(|last| {
        let to = format!("{address}?before={}", last.id);
        view! { <a class="btn small" href=to rel="next">"Older →"</a> }
    });
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label="Audit log">
            <table class="table">
                <thead>
                    <tr>
                        <th scope="col">"When"</th>
                        <th scope="col">"Who"</th>
                        <th scope="col">"What"</th>
                        {with_project.then(|| view! { <th scope="col">"Project"</th> })}
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        <nav class="pager" aria-label="Pages">
            <span>"newest first"</span>
            {older}
        </nav>
    }
    .into_any()
}
