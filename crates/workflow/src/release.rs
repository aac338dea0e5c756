//! Datasets with a version, ready for training.

pub mod releases;
