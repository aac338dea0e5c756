//! Queues, and people who answer what is in them.

pub mod annotate;
pub mod queues;
