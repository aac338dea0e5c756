//! Why a workflow did not do what it was asked.

use domain::permission::Act;
use std::fmt;
use store::MaybeBusy;
use thiserror::Error;

pub type Result<T> = std::result::Result<T, Error>;

#[derive(Debug, Error)]
pub enum Error {
    /// It does not exist, or this person may not know that it does.
    #[error("{0} was not found")]
    NotFound(Thing),
    #[error("your role does not allow this")]
    Forbidden(Act),
    /// Some input is not valid. Each problem names its field.
    #[error("{}", .0.iter().map(|f| f.message.as_str()).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<FieldError>),
    /// The state changed in the meantime, or does not allow this. The message says what to do.
    #[error("{0}")]
    Conflict(String),
    /// A fault of the program. The details are for the log.
    #[error("internal: {0}")]
    Internal(String),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// What was not found. Its words begin a sentence: “The queue was not found.”
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thing {
    /// The item that an answer is about.
    AnsweredItem,
    Bulk,
    Encoder,
    File,
    Group,
    Import,
    Item,
    Job,
    Label,
    Page,
    Person,
    PersonWithEmail,
    Project,
    PublishedTaxonomy,
    Queue,
    Release,
    Run,
    Session,
    Taxonomy,
    Token,
    Vectors,
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Thing::AnsweredItem => "The item that was answered",
            Thing::Bulk => "The bulk answer",
            Thing::Encoder => "The encoder",
            Thing::File => "The file",
            Thing::Group => "The group",
            Thing::Import => "The import",
            Thing::Item => "The item",
            Thing::Job => "The job",
            Thing::Label => "The label",
            Thing::Page => "This page",
            Thing::Person => "The person",
            Thing::PersonWithEmail => "A person with this e-mail",
            Thing::Project => "The project",
            Thing::PublishedTaxonomy => "A published taxonomy",
            Thing::Queue => "The queue",
            Thing::Release => "The release",
            Thing::Run => "The run",
            Thing::Session => "Your session",
            Thing::Taxonomy => "The taxonomy",
            Thing::Token => "The token",
            Thing::Vectors => "The set of vectors",
        })
    }
}

/// One field of a form or of a request that does not fit. `field` is its name there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    pub field: String,
    pub message: String,
}

impl Error {
    /// One field that does not fit.
    pub fn invalid(field: &str, message: impl Into<String>) -> Error {
        Error::Invalid(vec![FieldError { field: field.to_owned(), message: message.into() }])
    }

    pub fn conflict(message: impl Into<String>) -> Error {
        Error::Conflict(message.into())
    }

    pub fn internal(error: impl std::fmt::Display) -> Error {
        Error::Internal(error.to_string())
    }
}

impl MaybeBusy for Error {
    fn is_busy(&self) -> bool {
        matches!(self, Error::Store(store::Error::Busy))
    }
}
