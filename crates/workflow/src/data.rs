//! Texts come in, and are looked through.

pub mod blob_files;
pub mod browse;
pub mod fields;
pub mod import;
