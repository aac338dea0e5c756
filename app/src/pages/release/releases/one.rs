//! One release: how far it is, then its card, its files and the lines to fetch them with.

mod card;

use super::marks::state_mark;
use crate::parts::files::download;
use crate::parts::head::Head;
use crate::parts::times::moment;
use crate::parts::work::under_way;
use crate::web::error::PageResult;
use crate::web::forms::{Done, Form};
use crate::web::navigation::Station;
use crate::web::page::ProjectPage;
use crate::web::route::{Need, Route};
use axum::extract::Path;
use card::whole;
use domain::permission::Act;
use domain::release::ReleaseState;
use domain::{JobId, Time};
use http::{HeaderMap, header};
use leptos::prelude::*;
use workflow::release::{self, Release};
use workflow::{Error, Thing};

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/p/{slug}/releases/{number}", Need::Project(Act::SeeOthers), show),
        Route::get("/p/{slug}/releases/{number}/files/{path}", Need::Project(Act::SeeOthers), file),
        Route::post("/p/{slug}/releases/{number}/end", Need::Project(Act::CutRelease), end),
    ]
}

fn number(text: &str) -> Result<i64, Error> {
    text.parse().map_err(|_| Error::NotFound(Thing::Release))
}

async fn file(page: ProjectPage, Path((_, n, path)): Path<(String, String, String)>) -> PageResult {
    let project = page.project.id;
    let (file, reader) = release::open(page.instance(), page.actor(), project, number(&n)?, &path).await?;
    Ok(download(&file, reader))
}

async fn show(page: ProjectPage, Path((_, n)): Path<(String, String)>, headers: HeaderMap) -> PageResult {
    let (instance, actor, project) = (page.instance(), page.actor(), &page.project);
    let release = release::get(instance, actor, project.id, number(&n)?).await?;
    let row = &release.row;
    let at = page.path(&format!("/releases/{}", row.number));
    let title = format!("{} v{}", project.name, row.number);
    let content = match &release.manifest {
        Some(manifest) => {
            let taxonomy = release::taxonomy(instance, actor, &release).await?;
            let api = format!(
                "{}/api/v1/projects/{}/releases/{}/files",
                origin(&headers),
                project.slug,
                row.number
            );
            whole(&release, manifest, &taxonomy, &at, &page.path(""), &api)
        }
        None => unfinished(&page, &release, &at).await?,
    };
    let by = row.created_by.clone().map(|name| format!(" · {name}"));
    let about = view! {
        <p dir="auto">
            {row.name.clone()} " · " {moment(Time(row.created_at))} {by} " " {state_mark(row.state)}
        </p>
    };
    let head = Head::named(&title).under(page.path("/releases"), "Releases").about(about);
    page.show(&title, Station::Releases, view! { {head.view()} {content} }).await
}

/// The address that the visitor reached this server by.
fn origin(headers: &HeaderMap) -> String {
    let text = |name| headers.get(name).and_then(|v: &http::HeaderValue| v.to_str().ok());
    let host = text(header::HOST).unwrap_or("localhost:3000");
    let proto = text(header::HeaderName::from_static("x-forwarded-proto"));
    let scheme = if proto == Some("https") { "https" } else { "http" };
    format!("{scheme}://{host}")
}

/// A release that is being cut, or came to nothing.
async fn unfinished(page: &ProjectPage, release: &Release, at: &str) -> Result<AnyView, Error> {
    if release.row.state == ReleaseState::Failed {
        let why = release.row.error.clone().unwrap_or_default();
        let again = page.path("/releases/new");
        return Ok(view! {
            <div class="notice bad" role="alert">
                {why} " Its number stays taken; nothing else was touched."
            </div>
            <p class="acts">
                <a class="btn do" href=again>
                    "Cut another"
                </a>
            </p>
        }
        .into_any());
    }
    let job = match release.row.job_id {
        Some(job) => Some(workflow::jobs::see(page.instance(), page.actor(), JobId(job)).await?),
        None => None,
    };
    let slug = &page.project.slug;
    let end = page.may(Act::CutRelease).then(|| {
        view! {
            <form class="acts" method="post" action=format!("{at}/end")>
                <button class="btn">"End it"</button>
                <span class="quiet">"Where it was cut off. It fails then, and its number stays taken."</span>
            </form>
        }
    });
    Ok(match job.filter(|job| job.finished_at.is_none()) {
        Some(job) => under_way(&job, slug, at),
        None => view! {
            <p class="notice">
                "It is being cut on the command line, or was cut off there. "
                <a href=at.to_owned()>"Look again"</a>
            </p>
            {end}
        }
        .into_any(),
    })
}

async fn end(page: ProjectPage, Path((_, n)): Path<(String, String)>, form: Form) -> PageResult {
    let at = page.path(&format!("/releases/{n}"));
    let ended = release::end(page.instance(), page.actor(), page.project.id, number(&n)?).await;
    page.finish("end", &form, &at, ended.map(|()| Done::to(&at))).await
}
