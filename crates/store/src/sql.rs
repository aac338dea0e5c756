//! Query texts for both engines: what differs between their dialects, and texts that are made.

pub(crate) mod bound_rows;
pub mod dialect;
pub mod document;
pub(crate) mod filter;
pub(crate) mod row_lists;
