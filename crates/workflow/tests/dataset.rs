//! Stories of the second half of the line: labels, agreement, releases. On both engines.

#![allow(clippy::unwrap_used)]

#[path = "dataset/design.rs"]
mod design;
#[path = "dataset/measure.rs"]
mod measure;
#[path = "dataset/release.rs"]
mod release;
#[path = "dataset/testbed.rs"]
mod testbed;
