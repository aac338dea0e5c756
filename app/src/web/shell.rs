//! The shells of pages for people who are signed in: what stands around the content, outside of any project or in one.

use crate::parts::notices;
use crate::web::document::{brand, skip};
use crate::web::flash::Notice;
use crate::web::navigation::{Entry, Place, Station, found};
use domain::permission::Act;
use domain::permission::may;
use domain::person::Theme;
use leptos::prelude::*;
use workflow::site::projects::{Overview, Project};
use workflow::site::who::Who;

/// A page outside of any project.
pub fn site<V: IntoView + 'static>(who: &Who, notice: Option<Notice>, content: V) -> impl IntoView + use<V> {
    let admin = may(&who.actor, Act::ManagePeople);
    let encoders = may(&who.actor, Act::ManageEncoders);
    view! {
        {skip()}
        <header>
            {brand()} <nav aria-label="Site">
                <a href="/">"Projects"</a>
                {admin.then(|| view! { <a href="/people">"People"</a> })}
                {encoders.then(|| view! { <a href="/encoders">"Encoders"</a> })}
                {admin.then(|| view! { <a href="/audit">"Audit"</a> })}
                <a href="/account">{who.presence.name.clone()}</a>
                {theme_switch(who)}
                {sign_out()}
            </nav>
        </header>
        <main id="main" tabindex="-1">{notice.map(notices::notice)} {content}</main>
    }
}

/// A page in a project: the navigation beside it.
pub fn project<V: IntoView + 'static>(
    who: &Who,
    project: &Project,
    overview: &Overview,
    here: Station,
    notice: Option<Notice>,
    content: V,
) -> impl IntoView + use<V> {
    let base = format!("/p/{}", project.slug);
    let entries = found(|act| may(&who.actor, act));
    let at = |place: Place| -> Vec<_> {
        let at_place = entries.iter().filter(|entry| entry.place == place);
        at_place.map(|entry| link(entry, &base, overview, here)).collect()
    };
    let role = if who.actor.admin {
        "admin".to_owned()
    } else {
        who.actor.roles.iter().map(|r| r.as_str()).collect::<Vec<_>>().join(", ")
    };
    view! {
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
                        <ul class="links">{at(Place::Above)}</ul>
                        <ol class="stations">{at(Place::Line)}</ol>
                        <ul class="links">
                            {at(Place::Below)}
                            <li>
                                <a href="/">"All projects"</a>
                            </li>
                        </ul>
                    </nav>
                    <div class="me">
                        <a href="/account">{who.presence.name.clone()}</a>
                        <small>{role}</small>
                        {theme_switch(who)}
                        {sign_out()}
                    </div>
                </div>
            </details>
        </header>
        <main id="main" tabindex="-1">
            {notice.map(notices::notice)}
            {project.archived_at.is_some().then(|| {
                view! {
                    <p class="notice">"This project is archived: it can be read, and an admin can bring it back."</p>
                }
            })} {content}
        </main>
    }
}

fn link(entry: &Entry, base: &str, overview: &Overview, here: Station) -> AnyView {
    let mark = (entry.mark)(overview);
    let is_done = mark.is_some();
    let current = (entry.station == here).then_some("page");
    let link = view! {
        <a href=format!("{base}{}", entry.path) aria-current=current>
            {entry.name}
            {mark.map(|mark| view! { <b>{mark}</b> })}
        </a>
    };
    match entry.place {
        Place::Line => view! { <li class:done=is_done>{link}</li> }.into_any(),
        Place::Above | Place::Below => view! { <li>{link}</li> }.into_any(),
    }
}

/// System, light or dark: a plain form, remembered for the person.
fn theme_switch(who: &Who) -> impl IntoView + use<> {
    let chosen = who.presence.prefs.theme;
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
