//! Taxonomies: drafts, versions, and what a change does to answers.

pub mod taxonomies;
