//! What crosses between the server and the browser. Nothing here knows of either side.

pub mod error;
pub mod label;
pub mod progress;

pub use error::{ApiError, Code};
