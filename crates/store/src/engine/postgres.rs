//! PostgreSQL: connections that are kept, and group commit for people who label.

pub(crate) mod group_commit;
pub(crate) mod pool;
