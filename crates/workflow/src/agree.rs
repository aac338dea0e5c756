//! What people agree on, and decisions where they do not.

pub mod adjudicate;
pub mod measure;
