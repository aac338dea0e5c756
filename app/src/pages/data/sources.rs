//! Data: bring a file, and all that was brought. One import is in [`source`].

mod source;

use crate::islands::upload::Upload;
use crate::parts::numbers::grouped;
use crate::parts::times::moment;
use crate::web::error::{Page, api_error};
use crate::web::forms::{Done, Flash, Form, Notice, finish};
use crate::web::guard::{App, Need, Route, Visitor};
use crate::web::shell::{self, Station};
use crate::web::upload::{NotTaken, file_of_form};
use axum::Extension;
use axum::extract::{Path, Query, Request, State};
use axum::response::IntoResponse;
use domain::SourceId;
use domain::permission::Act;
use domain::source::SourceState;
use http::header;
use leptos::prelude::*;
use serde::Deserialize;
use store::data::sources::Source;
use tower_sessions::Session;
use workflow::Error;
use workflow::data::import;

pub fn routes() -> Vec<Route> {
    let mut routes = vec![
        Route::get("/p/{slug}/data", Need::Project(Act::SeeOthers), list),
        Route::post("/p/{slug}/data/upload", Need::Project(Act::Import), upload),
    ];
    routes.extend(source::routes());
    routes
}

#[derive(Deserialize)]
struct Before {
    before: Option<SourceId>,
}

async fn list(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Path(slug): Path<String>,
    Query(Before { before }): Query<Before>,
) -> Page {
    let sources = import::sources(&app.instance, visitor.actor()?, visitor.project()?.id, before).await?;
    let thread = shell::thread(&app.instance, &visitor).await?;
    let base = format!("/p/{slug}/data");
    let may_import = visitor.may(Act::Import);
    let drop = may_import.then(|| drop_zone(&base, &visitor.flash));
    let has_items = thread.n_items > 0;
    let content = view! {
        <header class="head">
            <div>
                <h1>"Data"</h1>
                <p>{if has_items { format!("{} items", grouped(thread.n_items)) } else { "No items yet.".to_owned() }}</p>
            </div>
            <div class="acts">
                {has_items
                    .then(|| {
                        view! {
                            <a class="btn" href=format!("/p/{slug}/items")>
                                "Browse items"
                            </a>
                        }
                    })}
            </div>
        </header>
        <div class="stack">{drop} {table(&sources, &base, before.is_some())}</div>
    };
    let body = shell::project(&visitor, &thread, Station::Data, content)?;
    Ok(shell::document("Data · Assay", Some(&visitor), "project-shell", || body).into_response())
}

fn drop_zone(base: &str, flash: &Flash) -> AnyView {
    let action = format!("{base}/upload");
    let error = flash.error("upload", "file").map(str::to_owned);
    let (invalid, describes) = match error {
        Some(_) => (Some("true"), "file-hint file-error"),
        None => (None, "file-hint"),
    };
    // A closure, because an island is made while the document is: not before it has its owner.
    let zone = move || {
        let error = error.clone().map(|text| {
            view! {
                <p class="error" id="file-error">
                    {text}
                </p>
            }
        });
        view! {
            <Upload action=action.clone()>
                <label for="file">"Drop a file here, or choose one"</label>
                <p class="quiet" id="file-hint">
                    "A table with a header (CSV, TSV or of another separator), or JSON Lines, best in UTF-8. You see the columns before anything is imported."
                </p>
                {error}
                <div class="acts">
                    <input
                        id="file"
                        name="file"
                        type="file"
                        accept=".csv,.tsv,.tab,.jsonl,.ndjson,text/csv,text/tab-separated-values,application/x-ndjson"
                        required
                        aria-invalid=invalid
                        aria-describedby=describes
                    />
                    <button class="btn do">"Read the columns"</button>
                </div>
            </Upload>
        }
    };
    zone.into_any()
}

fn table(sources: &[Source], base: &str, is_later: bool) -> Option<AnyView> {
    if sources.is_empty() {
        return None;
    }
    let rows: Vec<_> = sources.iter().map(|source| row(source, base)).collect();
    let older = (sources.len() as i64 == import::PAGE).then(|| sources.last().map(|s| s.id)).flatten();
    let pager = (older.is_some() || is_later).then(|| {
        view! {
            <nav class="pager" aria-label="Pages">
                <span></span>
                <span class="acts">
                    {is_later
                        .then(|| {
                            view! {
                                <a class="btn small" href=base.to_owned()>
                                    "Newest"
                                </a>
                            }
                        })}
                    {older
                        .map(|id| {
                            view! {
                                <a class="btn small" href=format!("{base}?before={id}") rel="next">
                                    "Older →"
                                </a>
                            }
                        })}
                </span>
            </nav>
        }
    });
    Some(
        view! {
            <section class="sheet flush">
                <div class="sec">
                    <h2>"Imports"</h2>
                </div>
                <div class="scroll" tabindex="0" role="region" aria-label="Imports">
                    <table class="table">
                        <thead>
                            <tr>
                                <th scope="col">"File"</th>
                                <th scope="col">"When"</th>
                                <th scope="col">"State"</th>
                                <th scope="col" class="n">
                                    "Read"
                                </th>
                                <th scope="col" class="n">
                                    "New"
                                </th>
                                <th scope="col" class="n">
                                    "Revised"
                                </th>
                                <th scope="col" class="n">
                                    "Same"
                                </th>
                                <th scope="col" class="n">
                                    "Duplicate text"
                                </th>
                                <th scope="col" class="n">
                                    "Refused"
                                </th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </section>
            {pager}
        }
        .into_any(),
    )
}

fn row(source: &Source, base: &str) -> AnyView {
    let counts = source.counts;
    let n = |n: i64| {
        view! { <td class="n">{grouped(n)}</td> }
    };
    view! {
        <tr>
            <th scope="row">
                <a href=format!("{base}/{}", source.id) dir="auto">
                    {source.name.clone()}
                </a>
            </th>
            <td>{moment(source.created_at)}</td>
            <td>{state(source)}</td>
            {n(counts.read)}
            {n(counts.new)}
            {n(counts.revised)}
            {n(counts.same)}
            {n(counts.duplicate)}
            {n(counts.rejected)}
        </tr>
    }
    .into_any()
}

fn state(source: &Source) -> AnyView {
    let (class, words) = match source.state {
        _ if source.undo_stopped => ("state failed", "taking back stopped"),
        SourceState::Preview => ("state", "columns to confirm"),
        SourceState::Running => ("state running", "running"),
        SourceState::Done => ("state on", "done"),
        SourceState::Failed => ("state failed", "failed"),
        SourceState::Cancelled => ("state off", "cancelled"),
        SourceState::Undone => ("state off", "taken back"),
    };
    view! { <span class=class>{words}</span> }.into_any()
}

/// Takes the file into a blob as it comes, then looks at its columns. A browser that sends it beside the page asks
/// for the address to go on to as text.
async fn upload(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    Path(slug): Path<String>,
    request: Request,
) -> Page {
    let accepts = request.headers().get(header::ACCEPT).and_then(|v| v.to_str().ok());
    let beside = accepts.is_some_and(|a| a == "text/plain");
    let base = format!("/p/{slug}/data");
    let taken = take(&app, &visitor, request).await;
    let done = taken.map(|id| Done::to(format!("{base}/{id}")));
    if !beside {
        return finish(&session, "upload", &Form::default(), &base, done).await;
    }
    let to = match done {
        Ok(done) => done.to,
        Err(error) => {
            let text = api_error(error).message;
            let flash = Flash { notice: Some(Notice { good: false, text }), ..Flash::default() };
            flash.put(&session).await?;
            base
        }
    };
    Ok(to.into_response())
}

async fn take(app: &App, visitor: &Visitor, request: Request) -> Result<SourceId, Error> {
    let (name, upload) = match file_of_form(&app.instance.store, request).await {
        Ok(taken) => taken,
        Err(NotTaken::TooLarge) => return Err(Error::invalid("file", NotTaken::too_large())),
        Err(NotTaken::Other(error)) => return Err(error),
    };
    import::begin(&app.instance, visitor.actor()?, visitor.project()?.id, &name, None, upload).await
}
