//! Labeling by program: take items from a queue, answer them. What a token of scope `label` is for.
//!
//! `POST /api/v1/projects/{slug}/queues/{id}/next` with `{"n": 5}`, or with `{"n": 5, "answers": […]}` to answer first, in
//! one round trip; `POST /api/v1/projects/{slug}/answers` or, with a
//! token (which knows its project), `POST /api/v1/answers`, with one answer or a list of them. An answer's `id` is made by
//! the sender (UUID version 7): sending it again changes nothing and gives the same receipt.

use app::web::app::App;
use app::web::error::{api_error, error_json, unread};
use app::web::route::{Need, Route};
use app::web::visitor::Visitor;
use app::wire::{ApiError, Code};
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use bytes::Bytes;
use domain::answer::{Said, SkipReason};
use domain::permission::Act;
use domain::{AssignmentId, LabelId, QueueId, RevisionId, TaxonomyVersionId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;
use workflow::label::annotate::{self, Receipt, Served, Submission};
use workflow::{Error, Thing};

pub fn routes() -> Vec<Route> {
    vec![
        Route::post("/api/v1/projects/{slug}/queues/{queue}/next", Need::Project(Act::Label), next),
        Route::post("/api/v1/projects/{slug}/answers", Need::Project(Act::Label), answers),
        Route::post("/api/v1/answers", Need::Site(Act::Label), answers),
    ]
}

/// How many items are wanted, and what to say of those before.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Wanted {
    n: usize,
    answers: Vec<Value>,
}

impl Default for Wanted {
    fn default() -> Wanted {
        Wanted { n: 1, answers: Vec::new() }
    }
}

/// An item to be answered.
#[derive(Debug, Serialize)]
struct ItemOut {
    assignment: AssignmentId,
    item: i64,
    revision: RevisionId,
    text: String,
    /// Unix microseconds.
    event_at: Option<i64>,
    fields: Vec<(String, String)>,
    /// Unix microseconds: held for the asker until then.
    lease_until: i64,
}

impl From<Served> for ItemOut {
    fn from(served: Served) -> ItemOut {
        ItemOut {
            assignment: served.assignment,
            item: served.item.0,
            revision: served.revision,
            text: served.text,
            event_at: served.event_at.map(|t| t.0),
            fields: served.fields,
            lease_until: served.lease_until.0,
        }
    }
}

/// An answer as it is sent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerIn {
    id: Uuid,
    assignment: AssignmentId,
    revision: RevisionId,
    /// Ids of labels; one of `labels`, `skip` and `withdraw` says what the answer is.
    labels: Option<Vec<LabelId>>,
    /// A reason: `unsure`, `no_fit`, `broken`, `language`, `sensitive`.
    skip: Option<String>,
    #[serde(default)]
    withdraw: bool,
    taxonomy_version: Option<TaxonomyVersionId>,
    seconds: Option<f64>,
    note: Option<String>,
    confidence: Option<f64>,
}

impl AnswerIn {
    fn read(self) -> Result<Submission, Error> {
        let said = match (self.labels, self.skip, self.withdraw) {
            (Some(labels), None, false) => Said::Labels(labels),
            (None, Some(reason), false) => Said::Skip(SkipReason::parse(&reason).ok_or_else(|| {
                Error::invalid("skip", format!("“{reason}” is no reason to skip: use one of {REASONS}."))
            })?),
            (None, None, true) => Said::Withdrawn,
            _ => return Err(Error::invalid("labels", "Send exactly one of labels, skip and withdraw.")),
        };
        Ok(Submission {
            id: self.id,
            assignment: self.assignment,
            revision: self.revision,
            said,
            version: self.taxonomy_version,
            seconds: self.seconds,
            note: self.note,
            confidence: self.confidence,
        })
    }
}

const REASONS: &str = "unsure, no_fit, broken, language, sensitive";
/// Answers in one request.
const MOST: usize = 500;

async fn next(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Path((_, queue)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    // Whatever the request says of its body: an answer is never passed over.
    let wanted = if body.is_empty() { Ok(Json(Wanted::default())) } else { Json::from_bytes(&body) };
    let Json(wanted) = match wanted {
        Ok(wanted) => wanted,
        Err(rejection) => return unreadable(&rejection),
    };
    if wanted.answers.len() > MOST {
        return error_json(&too_many(wanted.answers.len()));
    }
    let served = async {
        let queue: QueueId = queue.parse().map_err(|_| Error::NotFound(Thing::Queue))?;
        let (instance, actor, project) = (&app.instance, visitor.actor()?, visitor.project()?.id);
        let (read, good) = read_all(wanted.answers);
        let (outcomes, batch) =
            annotate::submit_and_next(instance, actor, project, queue, good, wanted.n).await?;
        let items: Vec<ItemOut> = batch.items.into_iter().map(ItemOut::from).collect();
        let answers: Vec<Value> = merged(read, outcomes).into_iter().map(outcome_json).collect();
        Ok::<_, Error>(
            json!({ "items": items, "rest": batch.rest, "taxonomy_version": batch.version, "answers": answers }),
        )
    };
    match served.await {
        Ok(value) => Json(value).into_response(),
        Err(error) => error_json(&api_error(error)),
    }
}

async fn answers(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    body: Result<Json<Value>, JsonRejection>,
) -> Response {
    let Json(body) = match body {
        Ok(body) => body,
        Err(rejection) => return unreadable(&rejection),
    };
    let (list, single) = match body {
        Value::Array(list) => (list, false),
        one => (vec![one], true),
    };
    if list.len() > MOST {
        return error_json(&too_many(list.len()));
    }
    let taken = async {
        let (read, good) = read_all(list);
        let outcomes =
            annotate::submit_many(&app.instance, visitor.actor()?, visitor.project()?.id, good).await?;
        Ok::<_, Error>(merged(read, outcomes))
    };
    match taken.await {
        Ok(mut outcomes) if single => match outcomes.pop() {
            Some(Ok(receipt)) => Json(json!(receipt)).into_response(),
            Some(Err(error)) => error_json(&error),
            None => error_json(&missing()),
        },
        Ok(outcomes) => {
            let answers: Vec<Value> = outcomes.into_iter().map(outcome_json).collect();
            Json(json!({ "answers": answers })).into_response()
        }
        Err(error) => error_json(&api_error(error)),
    }
}

fn unreadable(rejection: &JsonRejection) -> Response {
    error_json(&unread(rejection.status(), rejection.body_text()))
}

fn too_many(n: usize) -> ApiError {
    ApiError::new(Code::Invalid, format!("{n} answers came in one request; send up to {MOST}."))
}

fn missing() -> ApiError {
    ApiError::new(Code::Internal, "an answer without an outcome")
}

fn outcome_json(outcome: Result<Receipt, ApiError>) -> Value {
    match outcome {
        Ok(receipt) => json!({ "ok": receipt }),
        Err(error) => json!({ "error": error }),
    }
}

/// What was sent, one by one, and those that could be read.
fn read_all(list: Vec<Value>) -> (Vec<Result<(), ApiError>>, Vec<Submission>) {
    let mut good = Vec::with_capacity(list.len());
    let read = list
        .into_iter()
        .map(|value| {
            let answer = serde_json::from_value::<AnswerIn>(value).map_err(|error| {
                ApiError::new(Code::Invalid, format!("The answer can't be read: {error}."))
            })?;
            good.push(answer.read().map_err(api_error)?);
            Ok(())
        })
        .collect();
    (read, good)
}

/// Each answer with its own outcome, in the order sent: one that can't be read keeps no other back.
fn merged(
    read: Vec<Result<(), ApiError>>,
    outcomes: Vec<Result<Receipt, Error>>,
) -> Vec<Result<Receipt, ApiError>> {
    let mut outcomes = outcomes.into_iter();
    read.into_iter()
        .map(|read| {
            read.and_then(|()| outcomes.next().map_or_else(|| Err(missing()), |o| o.map_err(api_error)))
        })
        .collect()
}
