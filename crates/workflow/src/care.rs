//! Keeping an installation whole: backups, the checks of `assay doctor`, and what can be made again.

pub mod backup;
pub mod doctor;
pub mod rebuild;
