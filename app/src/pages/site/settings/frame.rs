//! What the pages of the settings have in common.

use crate::parts::head::Head;
use crate::web::error::PageResult;
use crate::web::navigation::Station;
use crate::web::page::ProjectPage;
use domain::permission::Act;
use leptos::prelude::*;

/// A settings page with its tabs; `here` is the name of its own.
pub async fn settings<V: IntoView + 'static>(
    page: &ProjectPage,
    here: &'static str,
    content: V,
) -> PageResult {
    let tab = |name: &'static str, path: &str, act: Act| {
        let to = page.path(&format!("/settings{path}"));
        let current = (name == here).then_some("page");
        page.may(act).then(|| view! { <a href=to aria-current=current>{name}</a> })
    };
    let body = view! {
        {Head::titled("Settings").view()}
        <nav class="tabs" aria-label="Settings">
            {tab("Project", "", Act::SeeOthers)} {tab("People", "/people", Act::SeeOthers)}
            {tab("Tokens", "/tokens", Act::HoldLabelToken)} {tab("Audit", "/audit", Act::ReadAudit)}
        </nav>
        {content}
    };
    page.show(&format!("{here} · {}", page.project.name), Station::Settings, body).await
}
