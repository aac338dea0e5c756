//! The taxonomy and its drafts.

pub mod taxonomy;
