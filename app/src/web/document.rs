//! The document around every page, and the shell of those that are one card. No inline script and no inline style, so
//! that the content-security-policy needs no exception.

use axum::response::Html;
use domain::person::Theme;
use leptos::prelude::*;
use std::sync::{Arc, OnceLock};

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
/// `body` is called while the document is made: islands need its owner.
pub fn document<V: IntoView + 'static>(
    title: &str,
    theme: Option<Theme>,
    class: &'static str,
    body: impl FnOnce() -> V,
) -> Html<String> {
    // No attribute: the browser or the operating system decides.
    let theme = theme.filter(|theme| *theme != Theme::System).map(Theme::as_str);
    let title = format!("{title} · Assay");
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
                    // At the desk the text that is to be labeled is what people wait for, and it has a font of its own.
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

pub fn skip() -> impl IntoView {
    view! { <a class="skip" href="#main">"Skip to content"</a> }
}

pub fn brand() -> impl IntoView {
    view! {
        <a class="brand" href="/">
            <i></i>
            "Assay"
        </a>
    }
}

/// Sign in, reset, error: one card.
pub fn card<V: IntoView + 'static>(content: V) -> impl IntoView {
    view! {
        {skip()}
        <header>{brand()}</header>
        <main id="main" tabindex="-1">{content}</main>
    }
}

/// The first run: a wider card.
pub fn broad_card<V: IntoView + 'static>(content: V) -> impl IntoView {
    view! {
        {skip()}
        <header>{brand()}</header>
        <main id="main" class="broad" tabindex="-1">{content}</main>
    }
}
