//! Reading a form: every field that does not fit is named, not only the first.

use crate::error::{Error, FieldError, Result};
use std::fmt::Display;

#[derive(Default)]
pub struct Fields(Vec<FieldError>);

impl Fields {
    /// Keeps what fits; remembers what does not, and why.
    pub fn take<T, E: Display>(&mut self, field: &str, read: std::result::Result<T, E>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(error) => {
                self.refuse(field, sentence(&error.to_string()));
                None
            }
        }
    }

    pub fn refuse(&mut self, field: &str, message: impl Into<String>) {
        self.0.push(FieldError { field: field.to_owned(), message: message.into() });
    }

    /// A name or a title: trimmed, there, one line, not longer than `longest` characters.
    pub fn title(&mut self, field: &str, text: &str, longest: usize) -> Option<String> {
        let text = text.trim();
        let n = text.chars().count();
        if n == 0 {
            self.refuse(field, "This is needed.");
        } else if n > longest {
            self.refuse(field, format!("That is {n} characters; use at most {longest}."));
        } else if text.chars().any(char::is_control) {
            self.refuse(field, "Use one line of plain text.");
        } else {
            return Some(text.to_owned());
        }
        None
    }

    /// An error if anything did not fit.
    pub fn done(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Invalid(self.0)) }
    }

    /// The error for values that can only be absent because something did not fit.
    pub fn refused(self) -> Error {
        Error::Invalid(self.0)
    }
}

/// With a capital at its start and a full stop at its end.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().collect::<String>()).unwrap_or_default();
    let stop = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{stop}", letters.as_str())
}
