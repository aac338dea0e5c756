//! One release: how far it is, then its card, its files and the lines to fetch them with.

use super::{address, short, state_mark};
use crate::pages::site::jobs::under_way;
use crate::parts::files::download;
use crate::parts::labels::{hue_class, named_tag};
use crate::parts::numbers::{bytes, grouped};
use crate::parts::times::moment;
use crate::web::error::Page;
use crate::web::forms::{Done, Form, finish};
use crate::web::guard::{App, Need, Route, Visitor};
use crate::web::shell::{self, Station};
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use domain::permission::Act;
use domain::project::Task;
use domain::release::Split;
use domain::taxonomy::Taxonomy;
use domain::{JobId, LabelId, Time};
use http::{HeaderMap, header};
use leptos::prelude::*;
use tower_sessions::Session;
use workflow::release::{self, Manifest, Release};
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

async fn file(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Path((_, n, path)): Path<(String, String, String)>,
) -> Page {
    let project = visitor.project()?.id;
    let (file, reader) = release::open(&app.instance, visitor.actor()?, project, number(&n)?, &path).await?;
    Ok(download(&file, reader))
}

async fn show(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Path((_, n)): Path<(String, String)>,
    headers: HeaderMap,
) -> Page {
    let project = visitor.project()?.clone();
    let actor = visitor.actor()?;
    let release = release::get(&app.instance, actor, project.id, number(&n)?).await?;
    let thread = shell::thread(&app.instance, &visitor).await?;
    let base = address(&visitor)?;
    let at = format!("{base}/{}", release.row.number);
    let title = format!("{} v{}", project.name, release.row.number);
    let rest = match &release.manifest {
        Some(manifest) => {
            let taxonomy = app.instance.store.taxonomy(release.spec.taxonomy).await?;
            let api = format!(
                "{}/api/v1/projects/{}/releases/{}/files",
                origin(&headers),
                project.slug,
                release.row.number
            );
            whole(&release, manifest, &taxonomy, &at, &format!("/p/{}", project.slug), &api)
        }
        None => unfinished(&app, &visitor, &release, &at).await?,
    };
    let content = view! {
        <header class="head">
            <div>
                <nav class="crumbs" aria-label="Breadcrumb">
                    <ol>
                        <li>
                            <a href=base>"Releases"</a>
                        </li>
                    </ol>
                </nav>
                <h1 dir="auto">{title.clone()}</h1>
                <p dir="auto">
                    {release.row.name.clone()} " · " {moment(Time(release.row.created_at))}
                    {release.row.created_by.clone().map(|name| format!(" · {name}"))} " " {state_mark(release.row.state)}
                </p>
            </div>
        </header>
        {rest}
    };
    let body = shell::project(&visitor, &thread, Station::Releases, content)?;
    let title = format!("{title} · Assay");
    Ok(shell::document(&title, Some(&visitor), "project-shell", || body).into_response())
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
async fn unfinished(app: &App, visitor: &Visitor, release: &Release, at: &str) -> Result<AnyView, Error> {
    if release.row.state == domain::release::ReleaseState::Failed {
        let why = release.row.error.clone().unwrap_or_default();
        let again = format!("{}/new", address(visitor)?);
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
        Some(job) => Some(workflow::jobs::see(&app.instance, visitor.actor()?, JobId(job)).await?),
        None => None,
    };
    let slug = &visitor.project()?.slug;
    let end = visitor.may(Act::CutRelease).then(|| {
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

async fn end(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    Path((_, n)): Path<(String, String)>,
    form: Form,
) -> Page {
    let at = format!("{}/{n}", address(&visitor)?);
    let ended = release::end(&app.instance, visitor.actor()?, visitor.project()?.id, number(&n)?).await;
    finish(&session, "end", &form, &at, ended.map(|()| Done::to(&at))).await
}

fn whole(
    release: &Release,
    manifest: &Manifest,
    taxonomy: &Taxonomy,
    at: &str,
    project: &str,
    api: &str,
) -> AnyView {
    view! {
        <div class="aside">
            <div class="stack">
                {labels(manifest, taxonomy)} {files(release, at)} {lines(api)}
            </div>
            <div class="stack">{card(release, manifest)} {lineage(manifest, project)}</div>
        </div>
    }
    .into_any()
}

fn labels(manifest: &Manifest, taxonomy: &Taxonomy) -> AnyView {
    let n = |split: Split, label: LabelId| -> i64 {
        let of_split = manifest.splits.iter().filter(|s| s.split == split).flat_map(|s| &s.labels);
        of_split.filter(|l| l.id == label).map(|l| l.n).sum()
    };
    let all = |label: LabelId| -> i64 { Split::ALL.iter().map(|s| n(*s, label)).sum() };
    let offered = taxonomy.offered();
    let most = offered.iter().map(|l| all(l.id)).max().unwrap_or(0).max(1);
    let rows: Vec<_> = offered
        .iter()
        .map(|label| {
            let total = all(label.id);
            let width = format!("{:.1}%", total as f64 * 100.0 / most as f64);
            let hue = format!("chart {}", hue_class(label.hue, label.other));
            view! {
                <tr>
                    <th scope="row">{named_tag(&label.name, label.hue, label.other)}</th>
                    {Split::ALL.map(|split| view! { <td class="n">{grouped(n(split, label.id))}</td> })}
                    <td class="n">{grouped(total)}</td>
                    <td>
                        <svg class=hue width="120" height="8" aria-hidden="true">
                            <rect class="fill" width=width height="8" rx="2"></rect>
                        </svg>
                    </td>
                </tr>
            }
        })
        .collect();
    let rows_of =
        |split: Split| -> i64 { manifest.splits.iter().filter(|s| s.split == split).map(|s| s.n_rows).sum() };
    view! {
        <section>
            <h2>"Labels by split"</h2>
            <div class="scroll" tabindex="0" role="region" aria-label="Labels by split">
                <table class="table">
                    <thead>
                        <tr>
                            <th scope="col">"Label"</th>
                            {Split::ALL
                                .map(|split| {
                                    view! {
                                        <th scope="col" class="n">
                                            {split.as_str()}
                                        </th>
                                    }
                                })}
                            <th scope="col" class="n">
                                "all"
                            </th>
                            <th scope="col">"share"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                    <tfoot>
                        <tr>
                            <th scope="row">"Items"</th>
                            {Split::ALL.map(|split| view! { <td class="n">{grouped(rows_of(split))}</td> })}
                            <td class="n">{grouped(manifest.n_rows)}</td>
                            <td></td>
                        </tr>
                    </tfoot>
                </table>
            </div>
        </section>
    }
    .into_any()
}

fn files(release: &Release, at: &str) -> AnyView {
    let rows: Vec<_> = release
        .files
        .iter()
        .map(|file| {
            view! {
                <tr>
                    <td>
                        <a href=format!("{at}/files/{}", file.path) download=file.path.clone()>
                            {file.path.clone()}
                        </a>
                    </td>
                    <td class="n">{file.n_rows.map_or_else(|| "—".to_owned(), grouped)}</td>
                    <td class="n">{bytes(file.bytes)}</td>
                    <td>
                        <code class="hash" title=file.hash.clone()>
                            {short(&file.hash)}
                        </code>
                    </td>
                </tr>
            }
        })
        .collect();
    view! {
        <section>
            <h2>"Files"</h2>
            <div class="scroll" tabindex="0" role="region" aria-label="Files">
                <table class="table">
                    <thead>
                        <tr>
                            <th scope="col">"File"</th>
                            <th scope="col" class="n">
                                "Rows"
                            </th>
                            <th scope="col" class="n">
                                "Size"
                            </th>
                            <th scope="col">"BLAKE3"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

/// What to copy into a terminal or a notebook.
fn lines(api: &str) -> AnyView {
    let curl = format!("curl -H \"Authorization: Bearer $ASSAY_TOKEN\" -O \\\n  {api}/train.jsonl");
    let python = format!(
        "import os, pandas as pd\nauth = {{\"Authorization\": \"Bearer \" + os.environ[\"ASSAY_TOKEN\"]}}\ntrain = \
         pd.read_json(\"{api}/train.jsonl\", lines=True,\n                     storage_options=auth)"
    );
    view! {
        <section class="stack tight" aria-labelledby="use-h">
            <h2 id="use-h">"Use it"</h2>
            <div class="code">
                <pre tabindex="0" aria-label="curl">
                    <code>{curl}</code>
                </pre>
            </div>
            <div class="code">
                <pre tabindex="0" aria-label="Python">
                    <code>{python}</code>
                </pre>
            </div>
            <p class="quiet">"A token with the scope read is made in the project’s settings."</p>
        </section>
    }
    .into_any()
}

fn card(release: &Release, manifest: &Manifest) -> AnyView {
    let task = match manifest.project.task {
        Task::Single => "one label an item",
        Task::Multi => "any number of labels an item",
    };
    let states: Vec<&str> = manifest.states.iter().map(|s| s.title()).collect();
    let control: i64 = manifest.splits.iter().filter(|s| s.split != Split::Train).map(|s| s.n_control).sum();
    let hash = release.hash.clone().unwrap_or_default();
    view! {
        <section class="sheet">
            <h2>"Card"</h2>
            <dl class="facts">
                <dt>"Task"</dt>
                <dd>{task}</dd>
                <dt>"Items"</dt>
                <dd>{format!("{}, {}", grouped(manifest.n_rows), states.join(" or "))}</dd>
                <dt>"Control"</dt>
                <dd>{format!("{} in validation and test", grouped(control))}</dd>
                <dt>"Answers"</dt>
                <dd>{grouped(manifest.lineage.n_answers)}</dd>
                <dt>"People"</dt>
                <dd>{grouped(manifest.lineage.n_annotators)}</dd>
                {(manifest.n_left_out > 0)
                    .then(|| {
                        view! {
                            <dt>"Left out"</dt>
                            <dd>{format!("{} with a retired label", grouped(manifest.n_left_out))}</dd>
                        }
                    })}
                <dt>"Hash"</dt>
                <dd>
                    <code class="hash" title=hash.clone()>
                        {short(&hash)}
                    </code>
                </dd>
            </dl>
        </section>
    }
    .into_any()
}

fn lineage(manifest: &Manifest, project: &str) -> AnyView {
    let from = &manifest.lineage;
    let sources: Vec<_> =
        from.sources.iter().map(|s| format!("{} ({} items)", s.name, grouped(s.n_rows))).collect();
    let queues: Vec<_> =
        from.queues.iter().map(|q| format!("{} ({} answers)", q.name, grouped(q.n_answers))).collect();
    let step = |name: &'static str, what: Vec<String>| {
        (!what.is_empty()).then(|| {
            view! {
                <li>
                    <b>{name}</b>
                    <span dir="auto">{what.join(", ")}</span>
                </li>
            }
        })
    };
    view! {
        <section>
            <h2>"Lineage"</h2>
            <ol class="lineage">
                <li>
                    <b>"taxonomy"</b>
                    <span>
                        <a href=format!("{project}/taxonomy")>{format!("Version {}", from.taxonomy_version)}</a>
                    </span>
                </li>
                {step("queues", queues)}
                {step("sources", sources)}
                <li>
                    <b>"program"</b>
                    <span class="mono">{from.program.clone()}</span>
                </li>
            </ol>
        </section>
    }
    .into_any()
}
