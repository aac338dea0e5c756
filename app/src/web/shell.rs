//! The document around every page: head, thread of stations, notices. No inline script and no inline style, so that
//! the content-security-policy needs no exception.

use crate::parts::numbers::grouped;
use crate::web::forms::Notice;
use crate::web::guard::Visitor;
use axum::response::Html;
use domain::permission::Act;
use domain::person::Theme;
use leptos::prelude::*;
use std::sync::{Arc, OnceLock};
use store::site::overview::Overview;
use workflow::Instance;

static ASSETS: OnceLock<fn(&str) -> String> = OnceLock::new();

/// Tells the pages where the browser's files are. Called once by the server.
pub fn set_assets(url: fn(&str) -> String) {
    let _ = ASSETS.set(url);
}

/// The address of a file of the page by its name in the sources.
pub fn asset(name: &str) -> String {
    ASSETS.get().map_or_else(|| format!("/assets/{name}"), |url| url(name))
}

/// A whole document. `theme` is the visitor's choice, if they made one; `class` names the shell (see style/README.md).
pub fn document<V: IntoView + 'static>(
    title: &str,
    visitor: Option<&Visitor>,
    class: &'static str,
    body: impl FnOnce() -> V,
) -> Html<String> {
    let chosen = visitor.and_then(|v| v.who.as_ref()).map(|w| w.presence.prefs.theme);
    // No attribute: the browser or the operating system says.
    let theme = chosen.filter(|theme| *theme != Theme::System).map(Theme::as_str);
    let title = title.to_owned();
    let owner = Owner::new_root(Some(Arc::new(hydration_context::SsrSharedContext::new_islands())));
    let html = owner.with(|| {
        view! {
            <html lang="en" data-theme=theme>
                <head>
                    <meta charset="utf-8" />
                    <meta name="viewport" content="width=device-width, initial-scale=1" />
                    <meta name="color-scheme" content="light dark" />
                    <title>{title}</title>
                    <link rel="icon" href=asset("favicon.svg") type="image/svg+xml" />
                    {preloaded("inter-latin-wght-normal.woff2")}
                    // At the desk the text that is to be labeled is what everybody waits for, and it has a font of its own.
                    {(class == "at-desk").then(|| preloaded("source-serif-4-latin-wght-normal.woff2"))}
                    <link rel="stylesheet" href=asset("app.css") />
                    <script type="module" src=asset("app.js")></script>
                </head>
                <body class=class>{body()}</body>
            </html>
        }
        .to_html()
    });
    Html(format!("<!doctype html>{html}"))
}

fn preloaded(font: &str) -> impl IntoView + use<> {
    view! { <link rel="preload" href=asset(font) r#as="font" type="font/woff2" crossorigin="" /> }
}

fn skip() -> impl IntoView {
    view! { <a class="skip" href="#main">"Skip to content"</a> }
}

fn brand() -> impl IntoView {
    view! {
        <a class="brand" href="/">
            <i></i>
            "Assay"
        </a>
    }
}

/// What the page before had to say.
pub fn notice(visitor: &Visitor) -> impl IntoView + use<> {
    visitor.flash.notice.clone().map(told)
}

/// One such word. A page that says it elsewhere than at its top takes it out of the flash.
pub fn told(notice: Notice) -> AnyView {
    if notice.good {
        view! { <p class="notice good" role="status">{notice.text}</p> }.into_any()
    } else {
        view! { <p class="notice bad" role="alert">{notice.text}</p> }.into_any()
    }
}

/// Sign in, first run, reset, error: one card.
pub fn card<V: IntoView + 'static>(_title: &'static str, content: V) -> impl IntoView {
    view! {
        {skip()}
        <header>{brand()}</header>
        <main id="main" tabindex="-1">{content}</main>
    }
}

/// A page outside of any project.
pub fn site<V: IntoView + 'static>(visitor: &Visitor, content: V) -> impl IntoView + use<V> {
    let admin = visitor.may(Act::ManagePeople);
    view! {
        {skip()}
        <header>
            {brand()} <nav aria-label="Site">
                <a href="/">"Projects"</a>
                {admin.then(|| view! { <a href="/people">"People"</a> })}
                {admin.then(|| view! { <a href="/audit">"Audit"</a> })}
                <a href="/account">{visitor.who.as_ref().map(|w| w.presence.name.clone())}</a>
                {theme_switch(visitor)}
                {sign_out()}
            </nav>
        </header>
        <main id="main" tabindex="-1">{notice(visitor)} {content}</main>
    }
}

/// The stations that are built; the line shows no others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Station {
    Overview,
    Data,
    Taxonomy,
    Queues,
    Agreement,
    Releases,
    Settings,
}

/// Reads what the thread of a project shows.
pub async fn thread(instance: &Instance, visitor: &Visitor) -> Result<Overview, workflow::Error> {
    Ok(instance.store.overview(visitor.project()?.id).await?)
}

/// A page in a project: the thread of stations beside it.
pub fn project<V: IntoView + 'static>(
    visitor: &Visitor,
    thread: &Overview,
    here: Station,
    content: V,
) -> Result<impl IntoView + use<V>, workflow::Error> {
    let project = visitor.project()?.clone();
    let sighted = visitor.may(Act::SeeOthers);
    let base = format!("/p/{}", project.slug);
    let link = |station: Station, path: &str, name: &'static str, mark: Option<String>, done: bool| {
        let current = (station == here).then_some("page");
        view! {
            <li class:done=done>
                <a href=format!("{base}{path}") aria-current=current>
                    {name}
                    {mark.map(|mark| view! { <b>{mark}</b> })}
                </a>
            </li>
        }
    };
    let stations = view! {
        {sighted.then(|| link(Station::Data, "/data", "Data", (thread.n_items > 0).then(|| grouped(thread.n_items)), thread.n_items > 0))}
        {sighted.then(|| link(Station::Taxonomy, "/taxonomy", "Taxonomy", thread.taxonomy.map(|v| format!("v{v}")), thread.taxonomy.is_some()))}
        {link(Station::Queues, "/queues", "Queues", (thread.n_queues > 0).then(|| thread.n_queues.to_string()), thread.n_queues > 0)}
        {sighted.then(|| link(Station::Agreement, "/agreement", "Agreement", None, false))}
        {sighted.then(|| link(Station::Releases, "/releases", "Releases", thread.release.map(|v| format!("v{v}")), thread.release.is_some()))}
    };
    let who = visitor.who()?;
    let role = if who.actor.admin {
        "admin".to_owned()
    } else {
        who.actor.roles.iter().map(|r| r.as_str()).collect::<Vec<_>>().join(", ")
    };
    let plain = |station: Station, path: &str, name: &'static str| {
        let current = (station == here).then_some("page");
        view! {
            <li>
                <a href=format!("{base}{path}") aria-current=current>{name}</a>
            </li>
        }
    };
    Ok(view! {
        {skip()}
        <header class="thread">
            {brand()} <details class="menu">
                <summary>"Menu"</summary>
                <div class="menu-in">
                    <p class="project">
                        <small>"Project"</small>
                        <a href=base.clone()>{project.name.clone()}</a>
                    </p>
                    <nav aria-label="Project">
                        <ul class="links">{plain(Station::Overview, "", "Overview")}</ul>
                        <ol class="stations">{stations}</ol>
                        <ul class="links">
                            {if sighted {
                                plain(Station::Settings, "/settings", "Settings")
                            } else {
                                plain(Station::Settings, "/settings/tokens", "My tokens")
                            }}
                            <li>
                                <a href="/">"All projects"</a>
                            </li>
                        </ul>
                    </nav>
                    <div class="me">
                        <a href="/account">{who.presence.name.clone()}</a>
                        <small>{role}</small>
                        {theme_switch(visitor)}
                        {sign_out()}
                    </div>
                </div>
            </details>
        </header>
        <main id="main" tabindex="-1">
            {notice(visitor)}
            {project.archived_at.is_some().then(|| {
                view! {
                    <p class="notice">"This project is archived: it can be read, and an admin can bring it back."</p>
                }
            })} {content}
        </main>
    })
}

/// System, light or dark: a plain form, remembered for the person.
fn theme_switch(visitor: &Visitor) -> impl IntoView + use<> {
    let chosen = visitor.who.as_ref().map(|w| w.presence.prefs.theme).unwrap_or_default();
    let button = move |theme: Theme, name: &'static str| {
        let pressed = if chosen == theme { "true" } else { "false" };
        view! {
            <button name="theme" value=theme.as_str() aria-pressed=pressed>
                {name}
            </button>
        }
    };
    view! {
        <form class="seg" method="post" action="/account/theme" aria-label="Theme">
            {button(Theme::System, "Auto")} {button(Theme::Light, "Light")} {button(Theme::Dark, "Dark")}
        </form>
    }
}

fn sign_out() -> impl IntoView {
    view! {
        <form method="post" action="/sign-out">
            <button class="btn bare small">"Sign out"</button>
        </form>
    }
}
