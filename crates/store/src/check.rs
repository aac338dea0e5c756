//! Checks of `assay doctor`, recomputation for `assay rebuild`, and archives.

pub mod archive;
pub(crate) mod consensus;
pub mod promises;
pub mod recompute;
