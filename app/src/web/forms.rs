//! The one form pattern, with and without JavaScript: a form is posted, a workflow does it, the browser is sent on.
//! What did not fit comes back with the values that were typed, carried by the session to the next page and no
//! further. Passwords are never carried.

use crate::web::address::is_ours;
use crate::web::error::{PageError, PageResult, api_error, error_page};
use crate::web::flash::{Flash, Notice};
use crate::wire::{ApiError, Code};
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Redirect, Response};
use http::{StatusCode, header};
use std::collections::BTreeMap;
use tower_sessions::Session;
use workflow::{Error, Thing};

/// A posted form: names and values in their order.
#[derive(Debug, Clone, Default)]
pub struct Form(pub Vec<(String, String)>);

impl Form {
    /// The value of a field, trimmed; empty where it was not sent.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(k, _)| k == name).map_or("", |(_, v)| v.trim())
    }

    /// The value as it was typed (passwords).
    pub fn raw(&self, name: &str) -> &str {
        self.0.iter().find(|(k, _)| k == name).map_or("", |(_, v)| v.as_str())
    }

    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(k, _)| k == name).map(|(_, v)| v.as_str())
    }

    /// Only the fields of these names: a page that is open to anyone keeps nothing else of what is sent to it.
    pub fn only(mut self, names: &[&str]) -> Form {
        self.0.retain(|(name, _)| names.contains(&name.as_str()));
        self
    }

    /// Was a box ticked, or a button of this name pressed?
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(k, _)| k == name)
    }
}

/// A form has fewer fields: two for each column of a file are the most. A body of a million empty ones would take a
/// hundred times its size in memory.
const MOST_FIELDS: usize = 2000;

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        // A form without fields may come without a type.
        let kind = request.headers().get(header::CONTENT_TYPE).map(|kind| kind.as_bytes().to_owned());
        let body = match Bytes::from_request(request, state).await {
            Ok(body) => body,
            Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                let message = "The form is too large. Nothing was saved: make its texts shorter.";
                return Err(error_page(&ApiError::new(Code::TooLarge, message)));
            }
            Err(_) => return Err(unreadable("it did not arrive whole")),
        };
        if body.is_empty() {
            return Ok(Form::default());
        }
        if !kind.is_some_and(|kind| kind.starts_with(b"application/x-www-form-urlencoded")) {
            return Err(unreadable("its type is not application/x-www-form-urlencoded"));
        }
        if body.iter().filter(|byte| **byte == b'&').count() >= MOST_FIELDS {
            return Err(unreadable("it has too many fields"));
        }
        if percent_encoding::percent_decode(&body).decode_utf8().is_err() {
            return Err(unreadable("its text is not UTF-8"));
        }
        Ok(Form(form_urlencoded::parse(&body).into_owned().collect()))
    }
}

fn unreadable(why: &str) -> Response {
    PageError(Error::invalid("", format!("The form could not be read: {why}. Nothing was saved.")))
        .into_response()
}

/// Where to go after a form was done, and what to say there.
pub struct Done {
    pub to: String,
    pub notice: Option<String>,
}

impl Done {
    pub fn to(address: impl Into<String>) -> Done {
        Done { to: address.into(), notice: None }
    }

    pub fn say(mut self, notice: impl Into<String>) -> Done {
        self.notice = Some(notice.into());
        self
    }
}

/// Ends every form: on to the next page, or back to the form with what did not fit.
pub async fn finish(
    session: &Session,
    name: &str,
    form: &Form,
    back: &str,
    outcome: Result<Done, Error>,
) -> PageResult {
    let (to, flash) = match outcome {
        Ok(Done { to, notice: None }) => return Ok(on_to(&to)),
        Ok(Done { to, notice: Some(text) }) => {
            (to, Flash { notice: Some(Notice { good: true, text }), ..Flash::default() })
        }
        Err(Error::Invalid(fields)) => {
            let errors = fields.into_iter().map(|f| (f.field, f.message)).collect::<BTreeMap<_, _>>();
            // A message that belongs to no field is said above the form.
            let notice = errors.get("").map(|text| Notice { good: false, text: text.clone() });
            (back.to_owned(), Flash { form: name.to_owned(), values: kept(form), errors, notice })
        }
        Err(error @ (Error::Conflict(_) | Error::Store(store::Error::Busy))) => {
            let notice = Some(Notice { good: false, text: api_error(error).message });
            (back.to_owned(), Flash { form: name.to_owned(), values: kept(form), notice, ..Flash::default() })
        }
        Err(error) => return Err(PageError(error)),
    };
    if is_ours(&to) {
        flash.put(session).await?;
    }
    Ok(on_to(&to))
}

/// Sends the browser on. A part of an address that is none (`/queues/%01`) is decoded when it comes to a handler, and its
/// form was sent by no page of ours.
fn on_to(to: &str) -> Response {
    match is_ours(to) {
        true => Redirect::to(to).into_response(),
        false => PageError(Error::NotFound(Thing::Page)).into_response(),
    }
}

/// Bytes of a form that are kept for the next page. What is longer was refused by itself, and the browser still has it.
const MOST_KEPT: usize = 256 << 10;

fn kept(form: &Form) -> Vec<(String, String)> {
    let mut bytes = 0;
    form.0
        .iter()
        .filter(|(name, _)| !name.contains("password"))
        .take_while(|(name, value)| {
            bytes += name.len() + value.len();
            bytes <= MOST_KEPT
        })
        .cloned()
        .collect()
}
