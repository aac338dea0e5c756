//! The one form pattern, with and without JavaScript: a form is posted, a workflow does it, the browser is sent on.
//! What did not fit comes back with the values that were typed, carried by the session to the next page and no
//! further. Passwords are never carried.

use crate::error::{Trouble, api_error};
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Redirect, Response};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tower_sessions::Session;
use workflow::Error;

/// What one page tells the next.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flash {
    /// Which form on the page the values and errors belong to.
    pub form: String,
    pub values: Vec<(String, String)>,
    pub errors: BTreeMap<String, String>,
    pub notice: Option<Notice>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub good: bool,
    pub text: String,
}

const KEY: &str = "flash";

impl Flash {
    /// What was typed into a field of this form, else nothing.
    pub fn value(&self, form: &str, field: &str) -> Option<&str> {
        (self.form == form)
            .then(|| self.values.iter().find(|(k, _)| k == field).map(|(_, v)| v.as_str()))
            .flatten()
    }

    pub fn error(&self, form: &str, field: &str) -> Option<&str> {
        (self.form == form).then(|| self.errors.get(field).map(String::as_str)).flatten()
    }

    /// Takes it out of the session: it is shown once.
    pub async fn take(session: &Session) -> Flash {
        match session.get::<Flash>(KEY).await {
            Ok(Some(flash)) => {
                let _ = session.remove::<Flash>(KEY).await;
                flash
            }
            _ => Flash::default(),
        }
    }

    pub async fn put(&self, session: &Session) -> Result<(), Error> {
        session.insert(KEY, self).await.map_err(Error::internal)
    }
}

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

    /// Was a box ticked, or a button of this name pressed?
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(k, _)| k == name)
    }
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        match axum::Form::<Vec<(String, String)>>::from_request(request, state).await {
            Ok(axum::Form(fields)) => Ok(Form(fields)),
            Err(rejection) => {
                Err(Trouble(Error::invalid("", format!("The form could not be read: {rejection}")))
                    .into_response())
            }
        }
    }
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
) -> Result<Response, Trouble> {
    let (to, flash) = match outcome {
        Ok(Done { to, notice: None }) => return Ok(Redirect::to(&to).into_response()),
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
        Err(error) => return Err(Trouble(error)),
    };
    flash.put(session).await?;
    Ok(Redirect::to(&to).into_response())
}

fn kept(form: &Form) -> Vec<(String, String)> {
    form.0.iter().filter(|(name, _)| !name.contains("password")).cloned().collect()
}
