//! Checkpoints: copies committed pages from SQLite's write-ahead log into the database file, on its own connection.
//!
//! By default SQLite checkpoints inside a commit now and then, and everyone waits for two fsyncs and thousands of
//! pages. Beside the writer a checkpoint blocks no one. Only the last step is the writer's: the log can restart only
//! when all of it is checkpointed, and while commits go on there is always a little more.
//!
//! SQLite syncs the database file only when nothing is left in the log, which is in that last step. All pages since the
//! previous one would go to disk there (measured: 25 to 40 ms, every 1.4 s). So the file is synced here after each
//! round, and the last step has little to sync.

use crate::error::Error;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, oneshot, watch};

/// Pages to checkpoint in one round, about.
const PAGES: i64 = 2_000;
/// A log longer than this many pages (of 4 KB) should restart.
const LONG: i64 = 32_000;
/// The most pages that the writer checkpoints itself: everyone waits meanwhile.
const LAST_STEP: i64 = 2 * PAGES;
/// The first pause between two rounds, and its bounds later.
const PAUSE: Duration = Duration::from_millis(200);
const SHORTEST: Duration = Duration::from_millis(20);
const LONGEST: Duration = Duration::from_secs(1);

/// The state of the log, in pages.
pub(crate) struct Log {
    pages: i64,
    /// Not checkpointed yet: a reader of an older snapshot may still need the pages that they replace.
    left: i64,
}

impl Log {
    /// Is it time for the writer's own step? The log is long, and so little is left that the wait is short.
    fn can_begin_anew(&self) -> bool {
        self.pages > LONG && self.left < LAST_STEP
    }
}

/// Checkpoints as much as possible without blocking anyone.
pub(crate) async fn carry_over(connection: &mut SqliteConnection) -> Result<Log, Error> {
    let (_is_busy, pages, carried): (i64, i64, i64) =
        sqlx::query_as("PRAGMA wal_checkpoint(PASSIVE)").fetch_one(connection).await?;
    Ok(Log { pages, left: pages - carried })
}

/// The database file, opened to be synced. It is never closed: closing any descriptor of a file releases all locks of
/// the process on it (POSIX), including those of SQLite.
struct OnDisk(&'static File);

impl OnDisk {
    fn open(path: &Path) -> std::io::Result<OnDisk> {
        Ok(OnDisk(Box::leak(Box::new(File::open(path)?))))
    }

    fn sync(&self) -> std::io::Result<()> {
        self.0.sync_data()
    }
}

/// Reports the writer's commits, and asks the writer for the last step of a checkpoint.
pub(crate) struct Committed {
    pub(crate) commits: watch::Receiver<()>,
    pub(crate) finish: Arc<Notify>,
}

/// Starts checkpoints on a thread of their own. The returned receiver completes when the thread has ended, soon after
/// the writer has closed.
pub(crate) async fn start(
    options: SqliteConnectOptions,
    path: &Path,
    committed: Committed,
) -> Result<oneshot::Receiver<()>, Error> {
    let disk = OnDisk::open(path)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (tell, told) = oneshot::channel();
    let (end, ended) = oneshot::channel();
    std::thread::Builder::new().name("assay-checkpoint".to_owned()).spawn(move || {
        stand_back();
        runtime.block_on(async move {
            match options.connect().await {
                Ok(connection) => {
                    let _ = tell.send(Ok(()));
                    follow(connection, disk, committed).await;
                }
                Err(error) => {
                    let _ = tell.send(Err(error));
                }
            }
        });
        drop(end);
    })?;
    told.await.map_err(|_| Error::Closed)??;
    Ok(ended)
}

/// Lowers the priority of this thread, and of the one that sqlx starts from it, below threads that serve people. Only
/// slightly: the log must not grow faster than it is checkpointed.
#[cfg(target_os = "linux")]
fn stand_back() {
    // If this is not allowed, everything still works, only less smoothly.
    let _ = rustix::process::nice(5);
}

#[cfg(not(target_os = "linux"))]
fn stand_back() {}

/// Runs a round after each pause with a commit in it, until the writer has closed.
async fn follow(mut connection: SqliteConnection, disk: OnDisk, committed: Committed) {
    let Committed { mut commits, finish } = committed;
    let (mut pause, mut before) = (PAUSE, 0);
    while commits.changed().await.is_ok() {
        let writer_has_gone = async { while commits.changed().await.is_ok() {} };
        if tokio::time::timeout(pause, writer_has_gone).await.is_ok() {
            break;
        }
        match round(&mut connection, &disk).await {
            Ok(log) => {
                pause = next_pause(pause, fresh(before, log.pages));
                before = log.pages;
                // One more round at once: otherwise the writer would checkpoint what was committed meanwhile.
                if log.can_begin_anew() && round(&mut connection, &disk).await.is_ok() {
                    finish.notify_one();
                }
            }
            // A full disk, for example. The log keeps everything, and the next round tries again.
            Err(error) => tracing::warn!(%error, "the write-ahead log can't be carried over"),
        }
    }
    let _ = connection.close().await;
}

async fn round(connection: &mut SqliteConnection, disk: &OnDisk) -> Result<Log, Error> {
    let log = carry_over(connection).await?;
    disk.sync()?;
    Ok(log)
}

/// Pages added since the previous round. The log may have restarted.
fn fresh(before: i64, now: i64) -> i64 {
    if now >= before { now - before } else { now }
}

/// Shorter if more pages come than a round is meant for, longer if fewer.
fn next_pause(pause: Duration, fresh: i64) -> Duration {
    let next = if fresh > 2 * PAGES {
        pause / 2
    } else if fresh < PAGES / 2 {
        pause * 2
    } else {
        pause
    };
    next.clamp(SHORTEST, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_follow_what_comes() {
        let ms = Duration::from_millis;
        assert_eq!(next_pause(ms(200), 10_000), ms(100));
        assert_eq!(next_pause(ms(200), 2_000), ms(200));
        assert_eq!(next_pause(ms(200), 10), ms(400));
        assert_eq!(next_pause(ms(20), 10_000), SHORTEST);
        assert_eq!(next_pause(ms(900), 0), LONGEST);
        assert_eq!((fresh(10, 30), fresh(9_000, 30)), (20, 30));
    }

    #[test]
    fn the_writer_is_not_asked_for_more_than_a_last_step() {
        let can = |pages, left| Log { pages, left }.can_begin_anew();
        assert!(can(LONG + 1, 10));
        assert!(!can(LONG, 10), "it is not long");
        assert!(
            !can(700_000, 700_000),
            "someone reads an old moment, and all of it would be carried over at once"
        );
    }
}
