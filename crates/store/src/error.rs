//! Storage errors. Violated constraints have names, so that they can become sentences for people.

use thiserror::Error;

pub type Result<T> = std::result::Result<T, Error>;

/// The constraints that user errors or decisions depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Constraint {
    ProjectSlug,
    PersonEmail,
    SourcePerson,
    ItemExternalId,
    TaxonomyNumber,
    QueueName,
    /// The slot is taken (promise 2).
    AssignmentSlot,
    /// This person already holds or answered the item (promise 2).
    AssignmentPerson,
    /// The same answer was sent before.
    AnswerId,
    AnswerCounted,
    JobDedupe,
    ReleaseNumber,
    Other,
}

#[derive(Debug, Error)]
pub enum Error {
    #[error("not found")]
    NotFound,
    #[error("already there: {0:?}")]
    Unique(Constraint),
    #[error("a rule of the database says no: {0}")]
    Check(String),
    #[error("something that does not exist is referred to, or something that is referred to would vanish")]
    ForeignKey,
    #[error("the database is busy")]
    Busy,
    #[error("the disk is full")]
    DiskFull,
    #[error("the database can only be read")]
    ReadOnly,
    /// PostgreSQL can't store U+0000 in a text.
    #[error("a text holds a zero byte")]
    ZeroByte,
    #[error("the work was ended")]
    Closed,
    #[error("stored data can't be read: {0}")]
    Unreadable(String),
    #[error("files: {0}")]
    Io(std::io::Error),
    #[error("database: {0}")]
    Db(sqlx::Error),
    #[error("migration: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Error {
        use std::io::ErrorKind;
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Error::DiskFull,
            ErrorKind::ReadOnlyFilesystem => Error::ReadOnly,
            _ => Error::Io(error),
        }
    }
}

impl Error {
    pub fn is_unique(&self, constraint: Constraint) -> bool {
        matches!(self, Error::Unique(c) if *c == constraint)
    }
}
