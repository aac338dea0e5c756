//! Agreement, and what people disagree about.

pub mod agreement;
