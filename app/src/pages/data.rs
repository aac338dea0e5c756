//! Sources and items.

pub mod items;
pub mod sources;
