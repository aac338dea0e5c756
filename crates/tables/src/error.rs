//! What can be wrong with a file or with what was asked of it, in words for whoever typed the command.

use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a command did not do what it was asked.
#[derive(Debug, Error)]
pub enum Error {
    /// The file is not there, can't be read or can't be written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A place in a file.
    #[error("{}, line {line}, column {column}: {what}", path.display())]
    Cell {
        /// Which file.
        path: PathBuf,
        /// Counted from 1, the header's line included.
        line: u64,
        /// The name of the column.
        column: String,
        /// What is wrong there, and what to do.
        what: String,
    },
    /// A line of a file.
    #[error("{}, line {line}: {what}", path.display())]
    Line {
        /// Which file.
        path: PathBuf,
        /// Counted from 1, the header's line included.
        line: u64,
        /// What is wrong there, and what to do.
        what: String,
    },
    /// The file as a whole.
    #[error("{}: {what}", path.display())]
    Table {
        /// Which file.
        path: PathBuf,
        /// What is wrong, and what to do.
        what: String,
    },
    /// What was asked.
    #[error("{0}")]
    Asked(String),
    /// The result can't be printed.
    #[error("the result can't be printed: {0}")]
    Out(#[from] std::io::Error),
}

impl Error {
    pub(crate) fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Error + use<> {
        let path = path.to_owned();
        move |source| Error::File { path, source }
    }

    pub(crate) fn table(path: &Path, what: impl Into<String>) -> Error {
        Error::Table { path: path.to_owned(), what: what.into() }
    }
}
