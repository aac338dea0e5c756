//! Labeling: queues, leases, answers, and what items are resolved to.

pub mod answers;
pub mod consensus;
pub mod desk;
pub mod leases;
pub(crate) mod prefetch;
pub mod queues;
pub mod tally;
pub(crate) mod write_batch;
