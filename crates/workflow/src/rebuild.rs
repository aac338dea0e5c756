//! What is derived, brought up to date or made again: the search index from the change feed or from scratch; the
//! counts and the consensus of the database from its rows.

mod index;

#[cfg(test)]
mod tests;

pub(crate) use index::open_search;
pub use index::{catch_up, follow_changes, from_scratch};
