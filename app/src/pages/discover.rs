//! Discover: groups of a pile and their map, what people do with them, runs, given vectors, and bulk answers.

pub mod address;
pub mod bulk;
pub mod explore;
pub mod runs;
pub mod vectors;
