//! Items over the API: NDJSON in, counts out.
//!
//! `POST /api/v1/projects/{slug}/items?text=…&id=…&event_time=…&group=…` takes one JSON object a line. A body of up to
//! 8 MB is taken in before the answer comes, with its counts and refused rows; a larger one is stored, and the answer
//! (202) names the import to ask for. `GET /api/v1/projects/{slug}/sources[?before=id]` lists imports, newest first.

use app::web::app::App;
use app::web::error::{api_error, error_json};
use app::web::route::{Need, Route};
use app::web::upload::{NotTaken, UPLOAD_LIMIT, Upload};
use app::web::visitor::Visitor;
use app::wire::{ApiError, Code};
use axum::extract::{Path, Query, Request, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use bytes::{Bytes, BytesMut};
use domain::SourceId;
use domain::permission::Act;
use domain::source::{DateOrder, Format, LabelColumn, LabelUse, Mapping, RowCounts, SourceState};
use futures::StreamExt;
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use std::io::{Cursor, Read};
use std::sync::Arc;
use store::data::sources::{Reject, Source};
use workflow::data::import::{self, Bring, Opener};
use workflow::{Error, Thing};

pub fn routes() -> Vec<Route> {
    vec![
        Route::post("/api/v1/projects/{slug}/items", Need::Project(Act::Import), take).takes_rows(),
        Route::get("/api/v1/projects/{slug}/sources", Need::Project(Act::SeeOthers), list),
        Route::get("/api/v1/projects/{slug}/sources/{source}", Need::Project(Act::SeeOthers), show),
    ]
}

/// A body of so many bytes is taken in at once.
const AT_ONCE: usize = 8 << 20;
/// Refused rows in an answer; the others are on the import's page.
const REJECTS: i64 = 1000;

/// Which keys are what; those that are not named become fields.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    text: Option<String>,
    id: Option<String>,
    event_time: Option<String>,
    /// `day-first` or `month-first`.
    dates: Option<String>,
    group: Option<String>,
    label: Option<String>,
    /// `answers` or `field`.
    label_as: Option<String>,
    /// Whose answers the labels are.
    person: Option<String>,
    /// A name for this import.
    name: Option<String>,
}

/// An import as programs see it.
#[derive(Debug, Serialize)]
struct ImportBody {
    id: SourceId,
    name: String,
    state: SourceState,
    error: Option<String>,
    mapping: Mapping,
    counts: RowCounts,
    /// What is to be known of it, in sentences.
    notes: Vec<String>,
    /// Unix microseconds.
    created_at: i64,
    finished_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rejects: Option<Vec<RejectBody>>,
}

#[derive(Debug, Serialize)]
struct RejectBody {
    line: i64,
    reason: String,
    row: String,
}

impl ImportBody {
    fn of(source: Source, rejects: Option<Vec<Reject>>) -> ImportBody {
        let reject = |r: Reject| RejectBody { line: r.line, reason: r.reason, row: r.raw };
        ImportBody {
            id: source.id,
            name: source.name,
            state: source.state,
            error: source.error,
            mapping: source.mapping,
            counts: source.counts,
            notes: source.notes,
            created_at: source.created_at.0,
            finished_at: source.finished_at.map(|t| t.0),
            rejects: rejects.map(|rows| rows.into_iter().map(reject).collect()),
        }
    }
}

fn told<T: IntoResponse>(outcome: Result<T, impl Into<NotTaken>>) -> Response {
    match outcome.map_err(Into::into) {
        Ok(answer) => answer.into_response(),
        Err(NotTaken::TooLarge) => error_json(&ApiError::new(Code::TooLarge, NotTaken::too_large())),
        Err(NotTaken::Other(error)) => error_json(&api_error(error)),
    }
}

async fn take(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Query(keys): Query<Keys>,
    request: Request,
) -> Response {
    told(taken(&app, &visitor, keys, request).await)
}

async fn taken(app: &App, visitor: &Visitor, keys: Keys, request: Request) -> Result<Response, NotTaken> {
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|n| n.to_str().ok()?.parse().ok());
    if announced.is_some_and(|n: i64| n > UPLOAD_LIMIT) {
        return Err(NotTaken::TooLarge);
    }
    let mut body = request.into_body().into_data_stream();
    let mut head = BytesMut::new();
    let broken = |e: axum::Error| Error::invalid("body", format!("The body did not arrive whole: {e}."));
    while head.len() <= AT_ONCE {
        match body.next().await {
            Some(piece) => head.extend_from_slice(&piece.map_err(broken)?),
            None => return Ok(at_once(app, visitor, keys, head.freeze()).await?),
        }
    }
    let mut upload = Upload::begin(&app.instance, visitor.actor()?).await?;
    upload.write(&head).await?;
    drop(head);
    while let Some(piece) = body.next().await {
        upload.write(&piece.map_err(broken)?).await?;
    }
    let (actor, project) = (visitor.actor()?, visitor.project()?.id);
    let name = keys.name.clone().unwrap_or_else(|| "API".to_owned());
    let upload = upload.finish().await?;
    let id = import::begin(&app.instance, actor, project, &name, Some(Format::Jsonl), upload).await?;
    let mapping = mapping(keys, import::source(&app.instance, actor, project, id).await?.mapping)?;
    import::start(&app.instance, actor, project, id, mapping).await?;
    let source = import::source(&app.instance, actor, project, id).await?;
    Ok((StatusCode::ACCEPTED, Json(ImportBody::of(source, None))).into_response())
}

async fn at_once(app: &App, visitor: &Visitor, keys: Keys, body: Bytes) -> Result<Response, Error> {
    let (actor, project) = (visitor.actor()?, visitor.project()?.id);
    let sample = import::look(Cursor::new(body.clone()), Some(Format::Jsonl))?;
    let name = keys.name.clone().unwrap_or_else(|| "API".to_owned());
    let mapping = mapping(keys, sample.guess())?;
    let bytes = Some(body.len() as u64);
    let open: Opener = Arc::new(move || Ok(Box::new(Cursor::new(body.clone())) as Box<dyn Read + Send>));
    let bring = Bring { project, name, format: sample.format, mapping, open, bytes };
    let source = import::bring(&app.instance, actor, bring, &sample, Arc::default(), |_| {}).await?;
    let rejects = app.instance.store.rejects(source.id, 0, REJECTS).await?;
    Ok(Json(ImportBody::of(source, Some(rejects))).into_response())
}

/// What the address says; only the text's key is guessed where it says none, so that a program gets what it asked
/// for.
fn mapping(keys: Keys, guess: Mapping) -> Result<Mapping, Error> {
    let label = match (keys.label, keys.label_as.as_deref()) {
        (None, _) => None,
        (Some(column), None | Some("field")) => Some(LabelColumn { column, becomes: LabelUse::Field }),
        (Some(column), Some("answers")) => {
            let person = keys.person.unwrap_or_default();
            Some(LabelColumn { column, becomes: LabelUse::Answers { person } })
        }
        (Some(_), Some(_)) => return Err(Error::invalid("label_as", "label_as is “answers” or “field”.")),
    };
    let dates = match keys.dates.as_deref() {
        None => None,
        Some(said) => Some(
            DateOrder::parse(said)
                .ok_or_else(|| Error::invalid("dates", "dates is “day-first” or “month-first”."))?,
        ),
    };
    Ok(Mapping {
        text: keys.text.unwrap_or(guess.text),
        id: keys.id,
        event_time: keys.event_time,
        dates,
        group: keys.group,
        label,
        ignore: Vec::new(),
    })
}

#[derive(Debug, Deserialize)]
struct Before {
    before: Option<SourceId>,
}

async fn list(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Query(Before { before }): Query<Before>,
) -> Response {
    let listed = async {
        let sources = import::sources(&app.instance, visitor.actor()?, visitor.project()?.id, before).await?;
        let next = (sources.len() as i64 == import::PAGE).then(|| sources.last().map(|s| s.id)).flatten();
        let sources: Vec<ImportBody> = sources.into_iter().map(|s| ImportBody::of(s, None)).collect();
        Ok::<_, Error>(Json(serde_json::json!({ "sources": sources, "next": next })))
    };
    told(listed.await)
}

async fn show(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Path((_, id)): Path<(String, String)>,
) -> Response {
    let shown = async {
        let id: SourceId = id.parse().map_err(|_| Error::NotFound(Thing::Import))?;
        let source = import::source(&app.instance, visitor.actor()?, visitor.project()?.id, id).await?;
        let rejects = app.instance.store.rejects(source.id, 0, REJECTS).await?;
        Ok::<_, Error>(Json(ImportBody::of(source, Some(rejects))))
    };
    told(shown.await)
}
