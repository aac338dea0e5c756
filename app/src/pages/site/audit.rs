//! The audit log: of the whole installation here, of one project among its settings.

use crate::parts::empty::Empty;
use crate::parts::head::Head;
use crate::parts::pager::{next, pager};
use crate::parts::table::{Table, words};
use crate::parts::times::moment;
use crate::web::error::PageResult;
use crate::web::page::SitePage;
use crate::web::route::{Need, Route};
use axum::extract::Query;
use domain::permission::Act;
use leptos::prelude::*;
use std::collections::HashMap;
use workflow::site::audit::{self, AuditEntry};

pub fn routes() -> Vec<Route> {
    vec![Route::get("/audit", Need::Site(Act::ReadAudit), page)]
}

async fn page(page: SitePage, Query(query): Query<HashMap<String, String>>) -> PageResult {
    let before = query.get("before").and_then(|id| id.parse().ok());
    let entries = audit::log(page.instance(), page.actor(), None, before).await?;
    let body = view! {
        {Head::titled("Audit log").about(view! { <p>"Who did what, in all projects and outside of them. Nothing here can be changed."</p> }).view()}
        {log(&entries, "/audit", true)}
    };
    page.show("Audit", body)
}

/// Entries as a table, and the way to older ones.
pub(super) fn log(entries: &[AuditEntry], address: &str, with_project: bool) -> AnyView {
    if entries.is_empty() {
        let words = "Who signs in and who is refused, and what is done to people, roles, tokens and projects, is written \
                     down here.";
        return Empty::new("Nothing here", words).view();
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
    let last = entries.last().filter(|_| entries.len() as i64 == audit::A_PAGE);
    let older = last.map(|last| next(format!("{address}?before={}", last.id), "Older →"));
    let mut columns = vec![words("When"), words("Who"), words("What")];
    columns.extend(with_project.then(|| words("Project")));
    view! {
        {Table::new("Audit log", columns).rows(rows)}
        {pager("Pages", view! { <span>"newest first"</span> {older} })}
    }
    .into_any()
}
