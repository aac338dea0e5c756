//! PostgreSQL: a pool of recently used connections, and group commit for labelers.

pub(crate) mod group_commit;
pub(crate) mod pool;
