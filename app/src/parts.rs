//! Components that several pages share.

pub mod fields;
pub mod numbers;
pub mod times;
