//! Releases.

pub mod releases;
