//! What went wrong, for the outside: a page for people, JSON for programs. What happened inside is logged once, with an
//! id that the person sees, and is never sent.

use crate::web::address::{is_api, is_of_islands};
use crate::web::document::{card, document};
use crate::wire::{ApiError, Code};
use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use leptos::prelude::*;
use workflow::Error;

/// What a page handler returns when it can't show its page.
pub struct PageError(pub Error);

/// What a handler of a page returns.
pub type PageResult = Result<Response, PageError>;

impl<E: Into<Error>> From<E> for PageError {
    fn from(error: E) -> PageError {
        PageError(error.into())
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        error_page(&api_error(self.0))
    }
}

/// A workflow's error for the outside. Logs what must not be sent.
pub fn api_error(error: Error) -> ApiError {
    match error {
        Error::NotFound(what) => ApiError::new(Code::NotFound, format!("{what} was not found.")),
        Error::Store(store::Error::NotFound) => ApiError::new(Code::NotFound, "This was not found."),
        Error::Forbidden(_) => {
            ApiError::new(Code::Forbidden, "Your role in this project does not allow this.")
        }
        Error::Invalid(fields) => {
            let message = fields.iter().map(|f| f.message.clone()).collect::<Vec<_>>().join(" ");
            let fields = fields.into_iter().map(|f| (f.field, f.message)).collect();
            ApiError { code: Code::Invalid, message, fields }
        }
        Error::Conflict(message) => ApiError::new(Code::Conflict, message),
        Error::Store(store::Error::DiskFull) => {
            tracing::error!("the disk is full");
            let message = "The disk of the server is full: nothing more can be saved until its admin makes room. \
                           What was saved before is safe.";
            ApiError::new(Code::Storage, message)
        }
        Error::Store(store::Error::ReadOnly) => {
            tracing::error!("the database can only be read");
            let message = "The server can only read its database at this moment, so nothing was saved. Its admin must \
                           make the data folder writable. What was saved before is safe.";
            ApiError::new(Code::Storage, message)
        }
        Error::Store(store::Error::ZeroByte) => ApiError::new(
            Code::Invalid,
            "A text holds a zero byte (U+0000). Take it out and send it again: nothing was saved.",
        ),
        Error::Store(store::Error::Busy) => ApiError::new(
            Code::Internal,
            "The database is busy with other work. Nothing was saved: try again.",
        ),
        Error::Internal(_) | Error::Store(_) => {
            let id = log_id();
            tracing::error!(id, %error, "internal error");
            let message = format!(
                "Something went wrong on the server. Nothing of this request was saved. Its number in the log is {id}."
            );
            ApiError::new(Code::Internal, message)
        }
    }
}

/// For a request whose body could not be read, by the status and in the words of the framework.
pub fn unread(status: StatusCode, why: impl Into<String>) -> ApiError {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => {
            ApiError::new(Code::TooLarge, "This is too large. Nothing of it was saved: send it in parts.")
        }
        _ => ApiError::new(Code::Invalid, why),
    }
}

/// The HTTP status that goes with an error.
pub fn status(error: &ApiError) -> StatusCode {
    StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Short enough to read out on the phone.
fn log_id() -> String {
    let now = store::Clock::System.now().0;
    format!("{:06x}", domain::item::hash53(&[&now.to_le_bytes()]) & 0xff_ffff)
}

/// The error in the form that belongs to an address.
pub fn respond(path: &str, error: &ApiError) -> Response {
    if is_api(path) { error_json(error) } else { error_page(error) }
}

/// The same where islands ask as well.
pub fn respond_to_all(path: &str, error: &ApiError) -> Response {
    if is_of_islands(path) { island_error(error) } else { respond(path, error) }
}

/// The error as JSON.
pub fn error_json(error: &ApiError) -> Response {
    (status(error), Json(serde_json::json!({ "error": error }))).into_response()
}

/// The error as islands read it: as their server functions write it.
pub fn island_error(error: &ApiError) -> Response {
    (status(error), Json(error)).into_response()
}

/// For a visitor whose tries to sign in have ended for now.
pub fn too_many_tries() -> Response {
    let message = "There were too many wrong passwords or codes from this address. Wait five minutes, then try again. \
                   Whoever is signed in stays so.";
    error_page(&ApiError::new(Code::TooMany, message))
}

/// The one error page: what happened, what it means, what to do.
pub fn error_page(error: &ApiError) -> Response {
    let (title, next) = match error.code {
        Code::Unauthorized => ("Please sign in", "Sign in and try again."),
        Code::Forbidden => ("Not yours to open", "Ask an admin or the owner of the project if you need it."),
        Code::NotFound => {
            ("Not here", "It may have been removed, or the address has a slip. Nothing of yours is lost.")
        }
        Code::Invalid => ("That does not fit", "Go back, change it and send it again."),
        Code::Conflict => {
            ("Someone was faster", "Go back, load the page again and repeat what you wanted to do.")
        }
        Code::TooLarge => ("That is too large", "Go back, make it smaller and send it again."),
        Code::TooMany => ("Too many tries", "Wait a minute, then try again."),
        Code::Storage => (
            "Nothing can be saved now",
            "Tell your admin. What you typed is not lost while this tab is open: go back to it.",
        ),
        Code::Internal | Code::Network => {
            ("Something went wrong", "Try again. If it stays, tell your admin the number above.")
        }
    };
    let message = error.message.clone();
    let content = view! {
        <div class="sheet">
            <h1>{title}</h1>
            <p>{message}</p>
            <p class="quiet">{next}</p>
            <p class="acts">
                <a class="btn do" href="/">"To my projects"</a>
            </p>
        </div>
    };
    (status(error), document(title, None, "card-shell", || card(content))).into_response()
}
