//! Numbers in, numbers out: what Assay measures and learns, for any table of votes and any pile of text.
//!
//! Nothing here knows a project, a label's name, a clock or a file. Random choices take a seed, so that a run can be
//! repeated to the bit, whatever the number of threads. Inputs are slices and iterators; what can't be computed is a
//! small error that says why, never a NaN and never a panic.
#![deny(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::excessive_precision))]

pub mod agreement;
pub mod calibrate;
pub mod classify;
pub mod cluster;
pub mod dense;
#[cfg(feature = "sentence")]
pub mod encoder;
pub mod errors;
pub mod keywords;
pub mod lsa;
pub mod map;
pub mod proportion;
pub mod resample;
pub mod select;
pub mod simulate;
pub mod sparse;
pub mod text;
pub mod votes;
