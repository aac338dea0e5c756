//! One import: its columns to confirm, then its progress, then what came of it.

mod columns;

use crate::pages::site::jobs::under_way;
use crate::parts::fields::Field;
use crate::parts::numbers::{bytes, counted, grouped};
use crate::parts::shortened;
use crate::parts::times::moment;
use crate::web::error::{Page, PageError};
use crate::web::forms::{Done, Flash, Form, finish};
use crate::web::guard::{App, Need, Route, Visitor};
use crate::web::shell::{self, Station};
use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::response::IntoResponse;
use domain::SourceId;
use domain::permission::Act;
use domain::source::{LabelUse, SourceState};
use http::header;
use leptos::prelude::*;
use serde::Deserialize;
use store::data::sources::{Reject, Source};
use tower_sessions::Session;
use workflow::data::import;
use workflow::jobs::{self, JobView};
use workflow::{Error, Thing};

pub fn routes() -> Vec<Route> {
    let see = Need::Project(Act::SeeOthers);
    let import = Need::Project(Act::Import);
    vec![
        Route::get("/p/{slug}/data/{source}", see, show),
        Route::get("/p/{slug}/data/{source}/rejects.csv", see, rejects),
        Route::post("/p/{slug}/data/{source}/start", import, start),
        Route::post("/p/{slug}/data/{source}/discard", import, discard),
        Route::post("/p/{slug}/data/{source}/undo", import, undo),
    ]
}

/// The import that an address names.
fn named(id: &str) -> Result<SourceId, Error> {
    id.parse().map_err(|_| Error::NotFound(Thing::Import))
}

#[derive(Deserialize)]
struct After {
    after: Option<i64>,
}

async fn show(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Path((slug, id)): Path<(String, String)>,
    Query(After { after }): Query<After>,
) -> Page {
    let id = named(&id)?;
    let (actor, project) = (visitor.actor()?, visitor.project()?.id);
    let source = import::source(&app.instance, actor, project, id).await?;
    let base = format!("/p/{slug}/data");
    let job = match source.job {
        Some(job) => jobs::view(&app.instance, domain::JobId(job)).await.ok(),
        None => None,
    };
    let content = match &job {
        Some(job) if !job.is_over() => {
            let here = format!("{base}/{id}");
            view! { {head(&source, &base)} {steps(2)} {under_way(job, &slug, &here)} }.into_any()
        }
        _ if import::awaits_columns(&source) && visitor.may(Act::Import) => {
            match import::preview(&app.instance, actor, project, id).await {
                Ok(preview) => columns::columns(&preview, &base, &visitor.flash),
                // It may have failed because its file can't be read.
                Err(_) if source.state == SourceState::Failed => {
                    outcome(&source, job.as_ref(), &[], &slug, &visitor)
                }
                Err(error) => return Err(PageError(error)),
            }
        }
        _ => {
            let refused = import::rejects(&app.instance, actor, project, id, after.unwrap_or(0)).await?;
            outcome(&source, job.as_ref(), &refused, &slug, &visitor)
        }
    };
    let thread = shell::thread(&app.instance, &visitor).await?;
    let body = shell::project(&visitor, &thread, Station::Data, content)?;
    let title = format!("{} · Assay", source.name);
    Ok(shell::document(&title, Some(&visitor), "project-shell", || body).into_response())
}

fn head(source: &Source, base: &str) -> AnyView {
    let about = match source.state {
        SourceState::Preview => "Nothing is imported yet.".to_owned(),
        _ => format!("{}, {}", source.format.as_str().to_uppercase(), bytes(source.bytes)),
    };
    view! {
        <header class="head">
            <div>
                <nav class="crumbs" aria-label="Breadcrumb">
                    <ol>
                        <li>
                            <a href=base.to_owned()>"Data"</a>
                        </li>
                    </ol>
                </nav>
                <h1 dir="auto">{source.name.clone()}</h1>
                <p>{about}</p>
            </div>
        </header>
    }
    .into_any()
}

fn steps(current: usize) -> AnyView {
    let step = |(i, name): (usize, &'static str)| {
        view! { <li aria-current=(i == current).then_some("step")>{name}</li> }
    };
    let steps: Vec<_> = ["File", "Columns", "Import"].into_iter().enumerate().map(step).collect();
    view! { <ol class="steps">{steps}</ol> }.into_any()
}

/// Characters of a cell that a preview shows.
const SHOWN: usize = 300;

/// The end of an import.
fn outcome(
    source: &Source,
    job: Option<&JobView>,
    refused: &[Reject],
    slug: &str,
    visitor: &Visitor,
) -> AnyView {
    let base = format!("/p/{slug}/data");
    let counts = source.counts;
    let notice = match source.state {
        _ if source.undo_stopped => Some(("notice bad", half_gone(job.map_or("", JobView::why_stopped)))),
        SourceState::Done if counts.read == 0 => {
            Some(("notice", "There was no row in this file: nothing was imported.".to_owned()))
        }
        SourceState::Done if counts.changed_nothing() => {
            Some(("notice", "Everything in this file was known already: nothing changed.".to_owned()))
        }
        SourceState::Cancelled => Some((
            "notice",
            "The import was cancelled. The rows below are in; it can be gone on with.".to_owned(),
        )),
        SourceState::Failed => source.error.clone().map(|why| ("notice bad", why)),
        SourceState::Undone => Some(("notice", "This import was taken back.".to_owned())),
        SourceState::Preview => Some(("notice", "Its columns wait to be confirmed.".to_owned())),
        SourceState::Running => Some((
            "notice",
            "This import runs on the command line or through the API, or was cut off there. Bring the same file again to take \
             in the rest: what is in is passed over."
                .to_owned(),
        )),
        SourceState::Done => None,
    };
    let notice = notice.map(|(class, text)| view! { <p class=class role="status">{text}</p> });
    let notes: Vec<_> = source.notes.iter().map(|note| view! { <p dir="auto">{note.clone()}</p> }).collect();
    let notes = (!notes.is_empty()).then(|| {
        view! {
            <div class="notice" role="note">
                <div>{notes}</div>
            </div>
        }
    });
    let figure = |n: i64, words: &'static str| {
        view! {
            <div>
                <dt>{words}</dt>
                <dd>{grouped(n)}</dd>
            </div>
        }
    };
    let may_import = visitor.may(Act::Import);
    let ended = !matches!(source.state, SourceState::Preview | SourceState::Undone);
    let is_cut_off = matches!(source.state, SourceState::Failed | SourceState::Cancelled);
    let goes_on = may_import && is_cut_off && !source.undo_stopped;
    let go_on = (goes_on && source.upload.is_some()).then(|| {
        view! {
            <form method="post" action=format!("{base}/{}/start", source.id)>
                <button class="btn do">"Go on with it"</button>
            </form>
        }
    });
    let undo = (may_import && ended).then(|| undo_form(source, &base, &visitor.flash));
    view! {
        {head(source, &base)}
        {notice}
        <div class="stack">
            {notes}
            <dl class="figures">
                {figure(counts.read, "rows read")} {figure(counts.new, "new items")} {figure(counts.revised, "revised")}
                {figure(counts.same, "known already")} {figure(counts.rejected, "refused")}
                {figure(counts.duplicate, "same text as another item")} {figure(counts.duplicate_exact, "of these, identical")}
                {(counts.answers > 0).then(|| figure(counts.answers, "answers"))}
                {(counts.undated > 0).then(|| figure(counts.undated, "without a time that can be read"))}
            </dl>
            <div class="acts">
                {go_on}
                <a class="btn" href=format!("/p/{slug}/items?source={}", source.id)>
                    "Browse its items"
                </a>
            </div>
            {columns_used(source)}
            {refusals(source, refused, &base)}
            {undo}
        </div>
    }
    .into_any()
}

fn half_gone(why: &str) -> String {
    format!(
        "Taking this import back was stopped. {why} Some of it may be gone already: “Take it back” finishes that, importing \
         the file again brings back what is missing."
    )
}

fn columns_used(source: &Source) -> AnyView {
    let mapping = &source.mapping;
    let fact = |name: &'static str, value: Option<String>| {
        value.map(|value| {
            view! {
                <dt>{name}</dt>
                <dd dir="auto">{value}</dd>
            }
        })
    };
    let label = mapping.label.as_ref().map(|label| match &label.becomes {
        LabelUse::Field => format!("{} (a field)", label.column),
        LabelUse::Answers { person } => format!("{} (answers of {person})", label.column),
    });
    let ignored = (!mapping.ignore.is_empty()).then(|| mapping.ignore.join(", "));
    view! {
        <section class="sheet">
            <div class="sec">
                <h2>"Columns"</h2>
                <span class="quiet">"brought " {moment(source.created_at)}</span>
            </div>
            <dl class="facts">
                {fact("Text", Some(mapping.text.clone()))}
                {fact("Id", mapping.id.clone().or_else(|| Some("made from the content".to_owned())))}
                {fact("Event time", mapping.event_time.clone())} {fact("Group", mapping.group.clone())} {fact("Label", label)}
                {fact("Left out", ignored)}
            </dl>
        </section>
    }
    .into_any()
}

fn refusals(source: &Source, refused: &[Reject], base: &str) -> Option<AnyView> {
    if source.counts.rejected == 0 {
        return None;
    }
    let rows: Vec<_> = refused
        .iter()
        .map(|reject| {
            view! {
                <tr>
                    <td class="n">{grouped(reject.line)}</td>
                    <td class="wrap">{reject.reason.clone()}</td>
                    <td class="text" dir="auto">
                        {shortened(&reject.raw, SHOWN)}
                    </td>
                </tr>
            }
        })
        .collect();
    let here = format!("{base}/{}", source.id);
    let next = (refused.len() as i64 == import::PAGE).then(|| refused.last().map(|r| r.line)).flatten().map(
        |line| {
            view! {
                <nav class="pager" aria-label="Pages of refused rows">
                    <a class="btn small" href=here.clone()>
                        "First"
                    </a>
                    <a class="btn small" href=format!("{here}?after={line}") rel="next">
                        "Next →"
                    </a>
                </nav>
            }
        },
    );
    Some(
        view! {
            <section class="sheet flush">
                <div class="sec">
                    <h2>{counted(source.counts.rejected, "refused row")}</h2>
                    <a href=format!("{base}/{}/rejects.csv", source.id)>"Download as CSV"</a>
                </div>
                <div class="scroll" tabindex="0" role="region" aria-label="Refused rows">
                    <table class="table">
                        <thead>
                            <tr>
                                <th scope="col" class="n">
                                    "Line"
                                </th>
                                <th scope="col">"Why"</th>
                                <th scope="col">"Row"</th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </section>
            {next}
        }
        .into_any(),
    )
}

fn undo_form(source: &Source, base: &str, flash: &Flash) -> AnyView {
    let counts = source.counts;
    let name = Field {
        form: "undo",
        name: "name",
        label: "Type the file’s name to confirm",
        hint: &source.name,
        kind: "text",
        value: "",
        required: true,
    };
    let lost = format!(
        "This removes {} and {} with their imported answers. It is refused while anything rests on them: a queue, \
         an answer, a release, a later import.",
        counted(counts.new, "item"),
        counted(counts.revised, "revision")
    );
    view! {
        <section class="sheet danger">
            <h2>"Take this import back"</h2>
            <p>{lost}</p>
            <form class="form" method="post" action=format!("{base}/{}/undo", source.id)>
                {name.view(flash)}
                <div class="acts">
                    <button class="btn danger">"Take it back"</button>
                </div>
            </form>
        </section>
    }
    .into_any()
}

async fn rejects(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Path((_, id)): Path<(String, String)>,
) -> Page {
    use futures::StreamExt;
    let id = named(&id)?;
    let rows = import::rejects_csv(&app.instance, visitor.actor()?, visitor.project()?.id, id).await?;
    let body = Body::from_stream(rows.map(|piece| piece.map_err(std::io::Error::other)));
    let name = format!("attachment; filename=\"rejects-{id}.csv\"");
    let headers =
        [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, body).into_response())
}

async fn start(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    Path((slug, id)): Path<(String, String)>,
    form: Form,
) -> Page {
    let id = named(&id)?;
    let (actor, project) = (visitor.actor()?, visitor.project()?.id);
    let here = format!("/p/{slug}/data/{id}");
    let preview = import::preview(&app.instance, actor, project, id).await.map_err(PageError)?;
    // Going on with an import sends no columns: those of its beginning hold.
    let done = match columns::mapping(&preview.sample.columns, &form) {
        Ok(mapping) => import::start(&app.instance, actor, project, id, mapping).await,
        Err(error) if import::awaits_columns(&preview.source) => Err(error),
        Err(_) => import::start(&app.instance, actor, project, id, preview.source.mapping).await,
    };
    finish(&session, "columns", &form, &here, done.map(|_| Done::to(&here))).await
}

async fn discard(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    Path((slug, id)): Path<(String, String)>,
    _: Form,
) -> Page {
    let id = named(&id)?;
    let back = format!("/p/{slug}/data");
    let done = import::discard(&app.instance, visitor.actor()?, visitor.project()?.id, id).await;
    let done = done.map(|()| Done::to(&back).say("The file is forgotten; nothing was imported from it."));
    finish(&session, "discard", &Form::default(), &back, done).await
}

async fn undo(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    Path((slug, id)): Path<(String, String)>,
    form: Form,
) -> Page {
    let id = named(&id)?;
    let (actor, project) = (visitor.actor()?, visitor.project()?.id);
    let here = format!("/p/{slug}/data/{id}");
    let source = import::source(&app.instance, actor, project, id).await?;
    let done = if form.get("name") == source.name.trim() {
        import::undo(&app.instance, actor, project, id).await.map(|_| Done::to(&here))
    } else {
        Err(Error::invalid("name", "This is not the file’s name. Nothing was removed."))
    };
    finish(&session, "undo", &form, &here, done).await
}
