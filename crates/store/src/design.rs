//! What items are labeled with: taxonomy versions and drafts.

pub mod taxonomies;
