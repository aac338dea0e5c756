//! SQLite: one writer with group commit, checkpoints beside it, and one server per folder.

pub(crate) mod checkpoint;
pub mod lock;
pub(crate) mod writer;
