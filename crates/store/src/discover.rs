//! Clusterings: runs, their groups and members, what people did with them, and bulk answers.

pub mod acts;
pub mod bulk;
pub mod encoders;
pub mod facts;
pub mod groups;
pub mod members;
pub mod runs;
pub mod slices;
