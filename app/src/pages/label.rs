//! Queues, and the page on which people label.

pub mod desk;
pub mod queues;
