//! What every page stands on: the guard, the context of a request, forms and their errors, shells, limits.

pub mod address;
pub mod app;
pub mod document;
pub mod error;
pub mod flash;
pub mod forms;
pub mod guard;
pub mod navigation;
pub mod page;
pub mod rate_limit;
pub mod route;
pub mod shell;
pub mod upload;
pub mod visitor;
pub mod zero_bytes;
