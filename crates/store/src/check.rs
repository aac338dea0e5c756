//! What `assay doctor` asks, what `assay rebuild` makes again, and archives.

pub mod archive;
pub(crate) mod consensus;
pub mod promises;
pub mod recompute;
