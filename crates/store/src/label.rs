//! Labeling: queues, leases, answers and consensus.

pub mod answer_context;
pub mod answers;
pub mod consensus;
pub mod desk;
pub mod labeling;
pub mod leases;
pub mod open_members;
pub(crate) mod prefetch;
pub mod queues;
pub mod tally;
pub(crate) mod write_batch;
