//! Answers as agreement looks at them.

pub mod votes;
