//! What can be thrown away and made again. Knows no SQL: workflow feeds it from the change feed.

pub mod search;
pub mod vectors;
