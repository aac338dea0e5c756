//! Taxonomies: drafts, versions, and what a change does to answers.

mod settle;
pub mod taxonomies;

pub use settle::{SettleTaxonomy, settle, settle_again, settling};
