//! The node number of this process, a part of every id that it makes. No two live processes share a number, so no two
//! make the same id. Held while the store is open: by a file lock beside SQLite, by an advisory lock in PostgreSQL.

use crate::error::{Error, Result};
use fs2::FileExt;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::Mutex;

/// The most processes that can work on an installation at once.
pub(crate) const NODES: i64 = 64;
/// Keeps our advisory locks apart from those of other programs in the same database.
const OURS: i32 = 0x4153_5359;

/// Where a node number is taken from.
pub(crate) enum NodeIds {
    Folder(PathBuf),
    Session(PgConnection),
}

/// Holds the number until the last clone is dropped.
#[derive(Clone)]
pub(crate) struct NodeId(Arc<Mutex<Option<Kept>>>);

enum Kept {
    Lock(#[expect(dead_code, reason = "the lock is the open file")] File),
    Session(PgConnection),
}

impl NodeIds {
    pub(crate) fn beside(database: &Path) -> Result<NodeIds> {
        let folder = database.with_file_name("numbers");
        crate::engine::private::create_folder(&folder)?;
        Ok(NodeIds::Folder(folder))
    }

    pub(crate) async fn session(options: &PgConnectOptions) -> Result<NodeIds> {
        Ok(NodeIds::Session(options.connect().await?))
    }

    /// Takes the first free number, starting the search at `first`.
    pub(crate) async fn take(mut self, first: i64) -> Result<(i64, NodeId)> {
        for number in (first..first + NODES).map(|number| number % NODES) {
            match &mut self {
                NodeIds::Folder(folder) => {
                    let file = crate::engine::private::create_file(&folder.join(format!("{number:02}")))?;
                    if file.try_lock_exclusive().is_ok() {
                        return Ok((number, NodeId::of(Kept::Lock(file))));
                    }
                }
                NodeIds::Session(session) => {
                    let query = "SELECT pg_try_advisory_lock($1, $2)";
                    let query = sqlx::query_scalar(query).bind(OURS).bind(number as i32);
                    if query.fetch_one(&mut *session).await? {
                        let NodeIds::Session(session) = self else { break };
                        return Ok((number, NodeId::of(Kept::Session(session))));
                    }
                }
            }
        }
        Err(Error::Check(format!("{NODES} processes work on this installation already")))
    }
}

impl NodeId {
    fn of(kept: Kept) -> NodeId {
        NodeId(Arc::new(Mutex::new(Some(kept))))
    }

    /// Releases the number before the store is dropped.
    pub(crate) async fn give_back(&self) {
        if let Some(Kept::Session(session)) = self.0.lock().await.take() {
            let _ = session.close().await;
        }
    }
}
