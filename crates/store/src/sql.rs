//! Query texts for both engines: dialect differences, and generated texts.

pub(crate) mod bound_rows;
pub mod dialect;
pub mod document;
pub(crate) mod filter;
pub(crate) mod row_lists;
