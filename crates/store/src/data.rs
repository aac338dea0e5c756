//! What is labeled: sources, items and their revisions, blobs, and the change feed.

pub mod blobs;
pub mod changes;
pub mod items;
pub mod sources;
