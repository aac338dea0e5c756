//! Recomputes what the database derives from its own rows: counts, filled slots, consensus.

use crate::engine::snapshot::Snapshot;
use crate::error::Result;
use crate::label::tally::{Tally, TallyChanges};
use crate::{Either, Store, Tx, on};
use domain::{ItemId, ProjectId, QueueId};
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use std::collections::{BTreeMap, BTreeSet};
use std::future::{Ready, ready};

/// A place to read from: a transaction or a snapshot.
struct At<'c>(Either<&'c mut SqliteConnection, &'c mut PgConnection>);

impl At<'_> {
    fn db(&mut self) -> Ready<Either<&mut SqliteConnection, &mut PgConnection>> {
        ready(match &mut self.0 {
            Either::Sqlite(connection) => Either::Sqlite(connection),
            Either::Postgres(connection) => Either::Postgres(connection),
        })
    }
}

/// The correct counts of a tally, counted from the rows.
async fn counted(mut at: At<'_>, tally: Tally) -> Result<BTreeMap<String, i64>> {
    let (query, id) = match tally {
        Tally::Project(id) => (
            "SELECT state, CAST(COUNT(*) AS BIGINT) FROM item WHERE project_id = $1 GROUP BY state
             UNION ALL SELECT 'control', CAST(COUNT(*) AS BIGINT) FROM item WHERE project_id = $1 AND control",
            id.0,
        ),
        Tally::Labels(id) => (
            "SELECT CAST(label_id AS TEXT), CAST(COUNT(*) AS BIGINT) FROM consensus_label WHERE project_id = $1
             GROUP BY label_id",
            id.0,
        ),
        Tally::Answers(id) => (
            // Items first, on either engine: their answers are found through them.
            "SELECT 'all', CAST(COUNT(*) AS BIGINT) FROM item i CROSS JOIN answer a
             WHERE i.project_id = $1 AND a.item_id = i.id
             UNION ALL SELECT CAST(a.at / 86400000000 AS TEXT), CAST(COUNT(*) AS BIGINT) FROM item i CROSS JOIN answer a
             WHERE i.project_id = $1 AND a.item_id = i.id AND a.kind = 'labels' AND a.origin <> 'imported'
             GROUP BY a.at / 86400000000",
            id.0,
        ),
        Tally::Queue(id) => (
            "SELECT 'members', CAST(COUNT(*) AS BIGINT) FROM queue_item WHERE queue_id = $1
             UNION ALL SELECT 'slots', CAST(COALESCE(SUM(target), 0) AS BIGINT) FROM queue_item WHERE queue_id = $1
             UNION ALL SELECT 'full', CAST(COUNT(*) AS BIGINT) FROM queue_item
                       WHERE queue_id = $1 AND filled >= target
             UNION ALL SELECT CASE WHEN beside THEN 'beside' ELSE 'answers' END, CAST(COUNT(*) AS BIGINT)
                       FROM assignment WHERE queue_id = $1 AND state = 'answered'
                       GROUP BY CASE WHEN beside THEN 'beside' ELSE 'answers' END",
            id.0,
        ),
    };
    let rows: Vec<(String, i64)> = on!(at, |db| sqlx::query_as(query).bind(id).fetch_all(db).await)?;
    Ok(rows.into_iter().filter(|(_, n)| *n != 0).collect())
}

async fn told(mut at: At<'_>, tally: Tally) -> Result<BTreeMap<String, i64>> {
    let (kind, id) = tally.parts();
    let query = "SELECT key, CAST(SUM(n) AS BIGINT) FROM tally WHERE kind = $1 AND id = $2 GROUP BY key";
    let rows: Vec<(String, i64)> =
        on!(at, |db| sqlx::query_as(query).bind(kind).bind(id).fetch_all(db).await)?;
    Ok(rows.into_iter().filter(|(_, n)| *n != 0).collect())
}

impl Tx {
    /// Resolves an item again, from its answers alone.
    pub async fn recompute_consensus(&mut self, project: ProjectId, item: ItemId) -> Result<()> {
        self.lock_item(item).await?;
        let mut counts = TallyChanges::default();
        let had = "SELECT label_id FROM consensus_label WHERE item_id = $1";
        let had: Vec<i64> = on!(self, |db| sqlx::query_scalar(had).bind(item.0).fetch_all(db).await)?;
        for label in had {
            counts.add(Tally::Labels(project), &label.to_string(), -1);
        }
        for delete in
            ["DELETE FROM consensus_label WHERE item_id = $1", "DELETE FROM consensus WHERE item_id = $1"]
        {
            on!(self, |db| sqlx::query(delete).bind(item.0).execute(db).await.map(|_| ()))?;
        }
        self.settle_consensus(project, item, &mut counts).await?;
        self.count_all(counts, item.0).await
    }

    /// Corrects a tally from the rows. Returns whether it was wrong.
    pub async fn recount(&mut self, tally: Tally) -> Result<bool> {
        if self.is_postgres() {
            // Waits for transactions that are counting now. Later ones add to what is written here.
            let lock = "LOCK TABLE tally IN EXCLUSIVE MODE";
            on!(self, |db| sqlx::query(lock).execute(db).await.map(|_| ()))?;
        }
        let rows = counted(At(self.db().await), tally).await?;
        if told(At(self.db().await), tally).await? == rows {
            return Ok(false);
        }
        let (kind, id) = tally.parts();
        let clear = "DELETE FROM tally WHERE kind = $1 AND id = $2";
        on!(self, |db| sqlx::query(clear).bind(kind).bind(id).execute(db).await.map(|_| ()))?;
        let mut counts = TallyChanges::default();
        for (key, n) in rows {
            counts.add(tally, &key, n);
        }
        self.count_all(counts, 0).await?;
        Ok(true)
    }

    /// Corrects a queue's filled slots and its people's progress from the assignments, and resets all cursors to the
    /// start. Returns how many members were wrong.
    pub async fn refill(&mut self, queue: QueueId) -> Result<u64> {
        if self.is_postgres() {
            let lock = "LOCK TABLE assignment, queue_item, queue_cursor IN SHARE ROW EXCLUSIVE MODE";
            on!(self, |db| sqlx::query(lock).execute(db).await.map(|_| ()))?;
        }
        let active = "(SELECT COUNT(*) FROM assignment a WHERE a.queue_id = queue_item.queue_id
                       AND a.item_id = queue_item.item_id AND a.state IN ('leased', 'answered') AND NOT a.beside)";
        let query = format!(
            "UPDATE queue_item SET filled = {active} WHERE queue_id = $1 AND filled <> {active}
             AND {active} <= target"
        );
        let n = on!(self, |db| sqlx::query(sqlx::AssertSqlSafe(query))
            .bind(queue.0)
            .execute(db)
            .await
            .map(|r| r.rows_affected()))?;
        let answered = "(SELECT COUNT(*) FROM assignment a
                         JOIN queue_item qi ON qi.queue_id = a.queue_id AND qi.item_id = a.item_id
                         WHERE a.queue_id = queue_cursor.queue_id AND a.person_id = queue_cursor.person_id
                         AND a.state = 'answered' AND qi.pool = queue_cursor.pool)";
        let query = format!(
            "UPDATE queue_cursor SET answered = {answered}, cursor = 0
             WHERE queue_id = $1 AND (answered <> {answered} OR $2 > 0) RETURNING person_id"
        );
        let people: Vec<i64> = on!(self, |db| sqlx::query_scalar(sqlx::AssertSqlSafe(query))
            .bind(queue.0)
            .bind(n as i64)
            .fetch_all(db)
            .await)?;
        let m = people.into_iter().collect::<BTreeSet<_>>().len() as u64;
        Ok(n.max(m))
    }
}

impl Snapshot {
    /// The stored counts of a tally, and those from the rows.
    pub async fn tally_and_rows(
        &mut self,
        tally: Tally,
    ) -> Result<(BTreeMap<String, i64>, BTreeMap<String, i64>)> {
        Ok((told(At(self.db().await), tally).await?, counted(At(self.db().await), tally).await?))
    }
}

impl Store {
    /// All tallies.
    pub async fn all_tallies(&self) -> Result<Vec<Tally>> {
        let projects: Vec<i64> =
            on!(self, |db| sqlx::query_scalar("SELECT id FROM project ORDER BY id").fetch_all(db).await)?;
        let queues = self.all_queues().await?;
        let projects = projects.into_iter().map(ProjectId);
        let projects = projects.flat_map(|id| [Tally::Project(id), Tally::Labels(id), Tally::Answers(id)]);
        Ok(projects.chain(queues.into_iter().map(Tally::Queue)).collect())
    }

    pub async fn all_queues(&self) -> Result<Vec<QueueId>> {
        let queues: Vec<i64> =
            on!(self, |db| sqlx::query_scalar("SELECT id FROM queue ORDER BY id").fetch_all(db).await)?;
        Ok(queues.into_iter().map(QueueId).collect())
    }
}
