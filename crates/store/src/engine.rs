//! The two engines under one [`Store`](crate::Store): transactions, snapshots, ids, the clock, and write priority.

pub mod clock;
pub mod ids;
pub(crate) mod node_id;
pub(crate) mod postgres;
pub(crate) mod priority;
pub mod private;
pub mod snapshot;
pub(crate) mod sqlite;
pub mod tx;
