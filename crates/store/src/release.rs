//! Releases: their rows, files and splits, written once.

pub mod releases;
pub mod rows;
