//! What every page stands on: the guard, forms and their errors, shells, limits.

pub mod error;
pub mod forms;
pub mod guard;
pub mod rate_limit;
pub mod shell;
pub mod upload;
pub mod zero_bytes;
