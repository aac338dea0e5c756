//! Vectors of texts by a model in a local folder, on the CPU. Nothing is downloaded.
//!
//! Two kinds: a [sentence model](Encoder) reads a text as a whole; a [static one](StaticEncoder) knows one vector a
//! token and is some hundred times faster. [`Model`] opens either, by what the folder holds.

mod distill;
mod files;
mod json;
mod model;
mod sentence;
mod static_encoder;
mod tensors;
mod tokens;

pub use files::files;
pub use model::Model;
pub use sentence::Encoder;
pub use static_encoder::StaticEncoder;

use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a folder is not read as a model, or a text not encoded.
#[derive(Debug, Error)]
pub enum EncoderError {
    /// A file of the folder is missing or can't be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file or a folder says something that is not understood here.
    #[error("{}: {what}", path.display())]
    Content {
        /// Which file or folder.
        path: PathBuf,
        /// What is wrong there.
        what: String,
    },
    /// The tokenizer has no tokens for a text.
    #[error("text {number} can't be cut into tokens: {what}")]
    Text {
        /// Which text, counted from 1.
        number: usize,
        /// What the tokenizer says.
        what: String,
    },
    /// No static encoder can be made of a sentence model.
    #[error("the model can't be distilled: {what}")]
    Distill {
        /// Why not.
        what: String,
    },
}

impl EncoderError {
    fn content(path: &Path, what: impl Into<String>) -> Self {
        EncoderError::Content { path: path.to_owned(), what: what.into() }
    }

    fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| EncoderError::File { path, source }
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tiny;
