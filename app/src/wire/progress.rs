//! How far a piece of work has come.

use serde::{Deserialize, Serialize};

/// How far the work has come, as the server reports it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Moved {
    pub done: f64,
    /// Nothing where the end is not known.
    pub total: Option<f64>,
    /// The same for people.
    pub words: String,
    pub over: bool,
}
