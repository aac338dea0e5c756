//! Carries what SQLite's writer committed from the write-ahead log into the database file, on a connection of its own.
//!
//! Left to itself, SQLite does that inside of a commit now and then, and everybody waits for two syncs and thousands of
//! pages. Beside the writer nobody waits. Only the last step is the writer's: the log begins anew when all of it has
//! been carried over, and while commits go on there is always a little more.
//!
//! SQLite syncs the database file only when nothing is left in the log, which is in that last step: all that was carried
//! over since the step before would go to the disk there (measured: 25 to 40 ms, every 1.4 s). So it is synced here after
//! each round, and little is left of that too.

use crate::error::Error;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, oneshot, watch};

/// Pages to be carried over at once, about.
const PAGES: i64 = 2_000;
/// A log of so many pages (of 4 KB) is to begin anew.
const LONG: i64 = 32_000;
/// So many are carried over by the writer itself at most: everybody waits meanwhile.
const LAST_STEP: i64 = 2 * PAGES;
/// The first pause between two rounds, and the bounds of what becomes of it.
const PAUSE: Duration = Duration::from_millis(200);
const SHORTEST: Duration = Duration::from_millis(20);
const LONGEST: Duration = Duration::from_secs(1);

/// Pages of the log.
pub(crate) struct Log {
    pages: i64,
    /// Not carried over yet: whoever still reads an older moment may need what they replace.
    left: i64,
}

impl Log {
    /// It is time for the writer's own step: the log is long, and little is left of it to make everybody wait for.
    fn can_begin_anew(&self) -> bool {
        self.pages > LONG && self.left < LAST_STEP
    }
}

/// Carries over what it can without making anybody wait.
pub(crate) async fn carry_over(connection: &mut SqliteConnection) -> Result<Log, Error> {
    let (_is_busy, pages, carried): (i64, i64, i64) =
        sqlx::query_as("PRAGMA wal_checkpoint(PASSIVE)").fetch_one(connection).await?;
    Ok(Log { pages, left: pages - carried })
}

/// The database file itself, to be synced. It is never closed: the system would let go of the locks that SQLite holds on
/// the file in this process (POSIX: closing any descriptor of a file ends all of the process's locks on it).
struct OnDisk(&'static File);

impl OnDisk {
    fn open(path: &Path) -> std::io::Result<OnDisk> {
        Ok(OnDisk(Box::leak(Box::new(File::open(path)?))))
    }

    fn sync(&self) -> std::io::Result<()> {
        self.0.sync_data()
    }
}

/// What the writer tells of its commits, and how it is asked to finish what was carried over.
pub(crate) struct Committed {
    pub(crate) commits: watch::Receiver<()>,
    pub(crate) finish: Arc<Notify>,
}

/// Begins to follow the writer, on a thread of its own. What is returned is over when the thread has ended, which is
/// soon after the writer has gone.
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

/// People go before this thread, and before the one that sqlx starts from it; but the log must not grow faster than it
/// is carried over, so not by much.
#[cfg(target_os = "linux")]
fn stand_back() {
    // Where it is not allowed, everything works as well, only not as smoothly.
    let _ = rustix::process::nice(5);
}

#[cfg(not(target_os = "linux"))]
fn stand_back() {}

/// A round after each pause in which something was committed, until the writer has gone.
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
                // Once more and at once: what was committed meanwhile would be the writer's to carry over.
                if log.can_begin_anew() && round(&mut connection, &disk).await.is_ok() {
                    finish.notify_one();
                }
            }
            // A full disk, say: the log keeps all of it, and the next round tries again.
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

/// Pages that came since the round before; the log may have begun anew.
fn fresh(before: i64, now: i64) -> i64 {
    if now >= before { now - before } else { now }
}

/// Shorter where more comes than a round is meant for, longer where less.
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
