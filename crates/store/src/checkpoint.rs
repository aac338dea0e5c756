//! Carries what SQLite's writer committed from the write-ahead log into the database file, on a connection of its own.
//!
//! Left to itself, SQLite does that inside of a commit now and then, and everybody waits for two syncs and thousands of
//! pages. Beside the writer nobody waits. Only the last step is the writer's: the log begins anew when all of it has
//! been carried over, and while commits go on there is always a little more.

use crate::error::Error;
use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnection;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};

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

/// A round after each pause in which something was committed, until the writer has gone.
pub(crate) async fn follow(
    mut connection: SqliteConnection,
    mut committed: watch::Receiver<()>,
    finish: Arc<Notify>,
) {
    let (mut pause, mut before) = (PAUSE, 0);
    while committed.changed().await.is_ok() {
        let writer_has_gone = async { while committed.changed().await.is_ok() {} };
        if tokio::time::timeout(pause, writer_has_gone).await.is_ok() {
            break;
        }
        match carry_over(&mut connection).await {
            Ok(log) => {
                pause = next_pause(pause, fresh(before, log.pages));
                before = log.pages;
                // Once more and at once: what was committed meanwhile would be the writer's to carry over.
                if log.can_begin_anew() && carry_over(&mut connection).await.is_ok() {
                    finish.notify_one();
                }
            }
            // A full disk, say: the log keeps all of it, and the next round tries again.
            Err(error) => tracing::warn!(%error, "the write-ahead log can't be carried over"),
        }
    }
    let _ = connection.close().await;
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
