//! What one page tells the next: carried by the session to it, and no further.

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
