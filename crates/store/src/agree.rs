//! Answers for agreement statistics.

pub mod votes;
