//! Components that several pages share.

pub mod fields;
pub mod files;
pub mod labels;
pub mod numbers;
pub mod times;
