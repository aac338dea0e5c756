//! What a handler of a page is given: the installation, the person who asks, and the project that the address names.
//! The guard has let them through, so what the route needs is there.

use crate::parts::notices::notice;
use crate::web::app::App;
use crate::web::document::{card, document};
use crate::web::error::{PageError, PageResult};
use crate::web::flash::{Flash, Notice};
use crate::web::forms::{Done, Form, finish};
use crate::web::navigation::Station;
use crate::web::shell;
use crate::web::visitor::Visitor;
use axum::extract::FromRequestParts;
use axum::response::IntoResponse;
use domain::permission::{Act, Actor, may};
use http::request::Parts;
use leptos::prelude::{AnyView, IntoView};
use std::ops::Deref;
use tokio::sync::OnceCell;
use tower_sessions::Session;
use workflow::site::projects::{self, Overview, Project};
use workflow::site::who::Who;
use workflow::{Error, Instance, Thing};

/// A page for everyone, signed in or not: one card.
pub struct OpenPage {
    pub app: App,
    pub who: Option<Who>,
    /// What the page before had to say.
    pub flash: Flash,
    pub session: Session,
}

/// A page outside of any project, for someone who is signed in.
pub struct SitePage {
    pub app: App,
    pub who: Who,
    /// What the page before had to say.
    pub flash: Flash,
    pub session: Session,
}

/// A page in a project. It has everything that a page outside of one has.
pub struct ProjectPage {
    site: SitePage,
    pub project: Project,
    overview: OnceCell<Overview>,
}

impl OpenPage {
    pub fn instance(&self) -> &Instance {
        &self.app.instance
    }

    /// What the page before had to say, as it stands in the card.
    pub fn notice(&self) -> Option<AnyView> {
        self.flash.notice.clone().map(notice)
    }

    /// The page: its title, and what stands in the card.
    pub fn show<V: IntoView + 'static>(&self, title: &str, content: V) -> PageResult {
        Ok(document(title, None, "card-shell", || card(content)).into_response())
    }

    /// Ends a form, see [`finish`].
    pub async fn finish(
        &self,
        name: &str,
        form: &Form,
        back: &str,
        outcome: Result<Done, Error>,
    ) -> PageResult {
        finish(&self.session, name, form, back, outcome).await
    }
}

impl SitePage {
    pub fn instance(&self) -> &Instance {
        &self.app.instance
    }

    pub fn actor(&self) -> &Actor {
        &self.who.actor
    }

    pub fn may(&self, act: Act) -> bool {
        may(&self.who.actor, act)
    }

    /// The page: its title, and what stands in its shell.
    pub fn show<V: IntoView + 'static>(&self, title: &str, content: V) -> PageResult {
        let body = || shell::site(&self.who, self.flash.notice.clone(), content);
        Ok(document(title, Some(self.who.presence.prefs.theme), "site-shell", body).into_response())
    }

    /// Ends a form, see [`finish`].
    pub async fn finish(
        &self,
        name: &str,
        form: &Form,
        back: &str,
        outcome: Result<Done, Error>,
    ) -> PageResult {
        finish(&self.session, name, form, back, outcome).await
    }
}

impl ProjectPage {
    /// An address in this project.
    pub fn path(&self, path: &str) -> String {
        format!("/p/{}{path}", self.project.slug)
    }

    /// Counts that the navigation shows, read once for a request.
    pub async fn overview(&self) -> Result<&Overview, Error> {
        let read = || projects::overview(self.instance(), self.actor(), self.project.id);
        self.overview.get_or_try_init(read).await
    }

    /// What the page before had to say, for a page that says it elsewhere than at its top.
    pub fn take_notice(&mut self) -> Option<Notice> {
        self.site.flash.notice.take()
    }

    /// The page: its title, the station it belongs to, and what stands beside the navigation.
    pub async fn show<V: IntoView + 'static>(&self, title: &str, here: Station, content: V) -> PageResult {
        let overview = self.overview().await?;
        let notice = self.flash.notice.clone();
        let body = || shell::project(&self.who, &self.project, overview, here, notice, content);
        Ok(document(title, Some(self.who.presence.prefs.theme), "project-shell", body).into_response())
    }
}

impl Deref for ProjectPage {
    type Target = SitePage;

    fn deref(&self) -> &SitePage {
        &self.site
    }
}

impl FromRequestParts<App> for OpenPage {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<OpenPage, PageError> {
        let unguarded = || Error::internal("a page was asked for past the guard");
        let visitor = parts.extensions.get::<Visitor>().cloned().ok_or_else(unguarded)?;
        let session = parts.extensions.get::<Session>().cloned().ok_or_else(unguarded)?;
        Ok(OpenPage { app: app.clone(), who: visitor.who, flash: visitor.flash, session })
    }
}

impl FromRequestParts<App> for SitePage {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<SitePage, PageError> {
        let OpenPage { app, who, flash, session } = OpenPage::from_request_parts(parts, app).await?;
        let who = who.ok_or(Error::NotFound(Thing::Session))?;
        Ok(SitePage { app, who, flash, session })
    }
}

impl FromRequestParts<App> for ProjectPage {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<ProjectPage, PageError> {
        let site = SitePage::from_request_parts(parts, app).await?;
        let project = site.who.presence.project.clone().ok_or(Error::NotFound(Thing::Project))?;
        Ok(ProjectPage { site, project, overview: OnceCell::new() })
    }
}
