//! The words and rules of labeling: no IO, no async, no clock. Compiles to WebAssembly, so that the
//! browser and the server decide with the same code.

pub mod answer;
pub mod consensus;
pub mod discover;
pub mod id;
pub mod item;
pub mod job;
pub mod permission;
pub mod person;
pub mod project;
pub mod queue;
pub mod release;
pub mod slice;
pub mod source;
pub mod taxonomy;
pub mod time;
pub mod word;

pub use id::*;
pub use time::Time;
