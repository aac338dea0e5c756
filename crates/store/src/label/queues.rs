//! Queues and their members. Their leases are in [`crate::label::leases`].

use crate::error::{Error, Result};
use crate::label::open_members::{OF_POOL, OPEN};
use crate::label::tally::{Tally, TallyChanges};
use crate::sql::filter::{Lead, push_slice};
use crate::{Doc, Store, Tx, on};
use domain::consensus::State;
use domain::queue::{CheckedPlan, PerPool, Plan, Pool, QueueState, Strategy};
use domain::slice::Slice;
use domain::{ItemId, PersonId, ProjectId, QueueId, SourceId};
use sqlx::AssertSqlSafe;

#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct QueueRow {
    #[sqlx(try_from = "i64")]
    pub id: QueueId,
    #[sqlx(try_from = "i64")]
    pub project_id: ProjectId,
    pub name: String,
    #[sqlx(try_from = "String")]
    pub state: QueueState,
    pub strategy: String,
    pub overlap: i64,
    pub control_share: f64,
    pub lease_seconds: i64,
    pub seed: i64,
    /// Which items it takes in.
    #[sqlx(rename = "filter")]
    pub slice: Doc<Slice>,
    pub note: String,
    pub created_by: Option<i64>,
    pub created_at: i64,
    pub closed_at: Option<i64>,
    /// All its items are in.
    pub whole: bool,
}

const COLUMNS: &str =
    "id, project_id, name, state, strategy, overlap, control_share, lease_seconds, seed, filter,
                       note, created_by, created_at, closed_at, whole";

impl QueueRow {
    pub fn strategy(&self) -> Result<Strategy> {
        Strategy::parse(&self.strategy)
            .ok_or_else(|| Error::Unreadable(format!("strategy {}", self.strategy)))
    }

    /// What each pool has of what is served.
    pub fn shares(&self) -> PerPool<f64> {
        pool_shares(self.control_share)
    }

    pub fn plan(&self) -> Result<Plan> {
        Ok(Plan {
            strategy: self.strategy()?,
            overlap: self.overlap as u32,
            control_share: self.control_share,
            lease_seconds: self.lease_seconds,
        })
    }
}

/// What each pool has of what is served, from the columns of a queue. The plain pool has the rest.
pub(crate) fn pool_shares(control: f64) -> PerPool<f64> {
    PerPool::from_fn(|pool| match pool {
        Pool::Plain => 0.0,
        Pool::Control => control,
    })
}

/// A queue to be made.
#[derive(Debug, Clone)]
pub struct NewQueue {
    pub project: ProjectId,
    pub name: String,
    pub plan: CheckedPlan,
    pub seed: i64,
    pub slice: Slice,
    pub note: String,
    /// None if it was made on the command line.
    pub by: Option<PersonId>,
}

/// An item that enters a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    pub item: ItemId,
    pub rank: i64,
    pub pool: Pool,
    /// Something was said of it before.
    pub answered: bool,
}

/// An item as the filling of a queue looks at it.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub struct Looked {
    #[sqlx(try_from = "i64")]
    pub id: ItemId,
    pub control: bool,
    /// The filter lets it in.
    pub fits: bool,
    /// Something was said of it before.
    pub answered: bool,
}

/// What a person did in a queue.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct QueuePerson {
    #[sqlx(try_from = "i64")]
    pub person_id: PersonId,
    pub name: String,
    pub answered: i64,
    pub leased: i64,
}

/// A member as the queue's page lists it.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct MemberRow {
    #[sqlx(try_from = "i64")]
    pub item_id: ItemId,
    pub external_id: String,
    pub text: String,
    pub rank: i64,
    #[sqlx(try_from = "String")]
    pub pool: Pool,
    pub target: i64,
    pub filled: i64,
    pub stuck: bool,
    /// The item's consensus state.
    #[sqlx(try_from = "String")]
    pub state: State,
}

impl Tx {
    /// Makes a queue that is being filled.
    pub async fn create_queue(&mut self, new: &NewQueue) -> Result<QueueId> {
        let (id, now) = (self.next_id::<QueueId>(), self.now().0);
        let query = "INSERT INTO queue (id, project_id, name, state, strategy, overlap, control_share,
                                        lease_seconds, seed, filter, note, created_by, created_at)
            VALUES ($1, $2, $3, 'filling', $4, $5, $6, $7, $8, $9, $10, $11, $12)
            ON CONFLICT (project_id, name) DO NOTHING";
        let n = on!(self, |db| sqlx::query(query)
            .bind(id.0)
            .bind(new.project.0)
            .bind(&new.name)
            .bind(new.plan.strategy.as_str())
            .bind(i64::from(new.plan.overlap))
            .bind(new.plan.control_share)
            .bind(new.plan.lease_seconds)
            .bind(new.seed)
            .bind(Doc(&new.slice))
            .bind(&new.note)
            .bind(new.by.map(|p| p.0))
            .bind(now)
            .execute(db)
            .await
            .map(|r| r.rows_affected()))?;
        if n == 0 { Err(Error::Unique(crate::Constraint::QueueName)) } else { Ok(id) }
    }

    /// Takes items in; those that are members already stay as they are. Where the queue asks more people than were
    /// asked before, what was agreed on may no longer be. Returns how many came in.
    pub async fn admit(
        &mut self,
        project: ProjectId,
        queue: QueueId,
        target: i64,
        entries: &[Entry],
    ) -> Result<u64> {
        if entries.is_empty() {
            return Ok(0);
        }
        let new: Vec<i64> = on!(self, |db| {
            let mut query =
                sqlx::QueryBuilder::new("INSERT INTO queue_item (queue_id, item_id, rank, pool, target) ");
            query.push_values(entries, |mut row, entry| {
                row.push_bind(queue.0)
                    .push_bind(entry.item.0)
                    .push_bind(entry.rank)
                    .push_bind(entry.pool.as_str())
                    .push_bind(target);
            });
            query.push(" ON CONFLICT (queue_id, item_id) DO NOTHING RETURNING item_id");
            query.build_query_scalar().fetch_all(db).await
        })?;
        let n = new.len() as u64;
        let mut counts = TallyChanges::default();
        if target > 1 {
            let answered: std::collections::HashSet<i64> =
                entries.iter().filter(|e| e.answered).map(|e| e.item.0).collect();
            for item in new.into_iter().filter(|item| answered.contains(item)) {
                self.settle_consensus(project, ItemId(item), &mut counts).await?;
            }
        }
        counts.add(Tally::Queue(queue), "members", n as i64);
        counts.add(Tally::Queue(queue), "slots", n as i64 * target);
        self.count_all(counts, queue.0).await?;
        for pool in Pool::ALL {
            let ranks = entries.iter().filter(|entry| entry.pool == pool).map(|entry| entry.rank);
            if let (true, Some(lowest)) = (n > 0, ranks.min()) {
                self.lower_cursors(queue, pool, lowest).await?;
            }
        }
        Ok(n)
    }

    /// Moves a queue from one of these states (two at most) to another. False where it was in none of them.
    pub async fn turn_queue(&mut self, queue: QueueId, from: &[QueueState], to: QueueState) -> Result<bool> {
        let now = self.now().0;
        let query = "UPDATE queue SET state = $2, closed_at = CASE WHEN $2 = 'closed' THEN $3 END
                     WHERE id = $1 AND state IN ($4, $5)";
        let (first, second) = (from.first().map(|s| s.as_str()), from.get(1).map(|s| s.as_str()));
        let n = on!(self, |db| sqlx::query(query)
            .bind(queue.0)
            .bind(to.as_str())
            .bind(now)
            .bind(first)
            .bind(second)
            .execute(db)
            .await
            .map(|r| r.rows_affected()))?;
        Ok(n == 1)
    }

    /// All items of a queue are in: it opens.
    pub async fn open_whole_queue(&mut self, queue: QueueId) -> Result<()> {
        let query = "UPDATE queue SET state = 'open', whole = TRUE WHERE id = $1 AND state = 'filling'";
        on!(self, |db| sqlx::query(query).bind(queue.0).execute(db).await.map(|_| ()))?;
        Ok(())
    }

    /// A queue inside a transaction.
    pub async fn queue(&mut self, queue: QueueId) -> Result<Option<QueueRow>> {
        let query = format!("SELECT {COLUMNS} FROM queue WHERE id = $1");
        Ok(on!(self, |db| sqlx::query_as(AssertSqlSafe(query)).bind(queue.0).fetch_optional(db).await)?)
    }

    /// Changes a queue. The new lease time holds for what is served from now on. The overlap and the order of members
    /// are fixed as they enter.
    pub async fn change_queue(
        &mut self,
        queue: QueueId,
        name: &str,
        note: &str,
        plan: &CheckedPlan,
    ) -> Result<()> {
        let query =
            "UPDATE queue SET name = $2, note = $3, control_share = $4, lease_seconds = $5 WHERE id = $1";
        on!(self, |db| sqlx::query(query)
            .bind(queue.0)
            .bind(name)
            .bind(note)
            .bind(plan.control_share)
            .bind(plan.lease_seconds)
            .execute(db)
            .await
            .map(|_| ()))?;
        Ok(())
    }

    /// Is there another queue of this name in the project?
    pub async fn queue_named(&mut self, project: ProjectId, name: &str) -> Result<Option<QueueId>> {
        let query = "SELECT id FROM queue WHERE project_id = $1 AND name = $2";
        let id: Option<i64> =
            on!(self, |db| sqlx::query_scalar(query).bind(project.0).bind(name).fetch_optional(db).await)?;
        Ok(id.map(QueueId))
    }
}

impl Store {
    pub async fn queue(&self, queue: QueueId) -> Result<Option<QueueRow>> {
        let query = format!("SELECT {COLUMNS} FROM queue WHERE id = $1");
        Ok(on!(self, |db| sqlx::query_as(AssertSqlSafe(query)).bind(queue.0).fetch_optional(db).await)?)
    }

    /// The queues of a project, the newest first: there are never many.
    pub async fn queues(&self, project: ProjectId) -> Result<Vec<QueueRow>> {
        let query = format!("SELECT {COLUMNS} FROM queue WHERE project_id = $1 ORDER BY id DESC LIMIT 500");
        Ok(on!(self, |db| sqlx::query_as(AssertSqlSafe(query)).bind(project.0).fetch_all(db).await)?)
    }

    /// The imports of a project, oldest first: filling walks over the items of one after another.
    pub async fn source_ids(&self, project: ProjectId) -> Result<Vec<SourceId>> {
        let query = "SELECT id FROM source WHERE project_id = $1 ORDER BY id";
        let ids: Vec<i64> = on!(self, |db| sqlx::query_scalar(query).bind(project.0).fetch_all(db).await)?;
        Ok(ids.into_iter().map(SourceId).collect())
    }

    /// A page of a source's items after one of them, each with whether the filter lets it in.
    pub async fn look_for_queue(
        &self,
        project: ProjectId,
        source: SourceId,
        after: ItemId,
        slice: &Slice,
        limit: i64,
    ) -> Result<Vec<Looked>> {
        Ok(on!(self, |db| {
            let mut query = sqlx::QueryBuilder::new("SELECT i.id, i.control, (TRUE");
            push_slice(&mut query, slice, Lead::All);
            query
                .push(") AS fits, i.state <> 'unlabeled' AS answered FROM item i WHERE i.source_id = ")
                .push_bind(source.0);
            query.push(" AND i.project_id = ").push_bind(project.0);
            query.push(" AND i.id > ").push_bind(after.0);
            query.push(" ORDER BY i.id LIMIT ").push_bind(limit);
            query.build_query_as().fetch_all(db).await
        })?)
    }

    /// How many items each person has answered in a queue, and how many they hold now.
    pub async fn queue_people(&self, queue: QueueId) -> Result<Vec<QueuePerson>> {
        let query = "SELECT qc.person_id, person.name, CAST(SUM(qc.answered) AS BIGINT) AS answered,
                (SELECT CAST(COUNT(*) AS BIGINT) FROM assignment a WHERE a.person_id = qc.person_id
                 AND a.queue_id = $1 AND a.state = 'leased') AS leased
            FROM queue_cursor qc JOIN person ON person.id = qc.person_id
            WHERE qc.queue_id = $1 GROUP BY qc.person_id, person.name ORDER BY answered DESC, qc.person_id";
        Ok(on!(self, |db| sqlx::query_as(query).bind(queue.0).fetch_all(db).await)?)
    }

    /// How much one person has answered in a queue.
    pub async fn answered_in(&self, queue: QueueId, person: PersonId) -> Result<i64> {
        let query = "SELECT CAST(COALESCE(SUM(answered), 0) AS BIGINT) FROM queue_cursor
                     WHERE queue_id = $1 AND person_id = $2";
        Ok(on!(self, |db| sqlx::query_scalar(query).bind(queue.0).bind(person.0).fetch_one(db).await)?)
    }

    /// The first open members of a pool of a queue, in order.
    pub async fn next_members(&self, queue: QueueId, pool: Pool, limit: i64) -> Result<Vec<MemberRow>> {
        let query = format!(
            "SELECT qi.item_id, item.external_id, r.text, qi.rank, qi.pool, qi.target, qi.filled, qi.stuck,
                    item.state
             FROM queue_item qi JOIN item ON item.id = qi.item_id
             JOIN item_revision r ON r.id = item.revision_id
             WHERE {OF_POOL} AND {OPEN} ORDER BY qi.rank LIMIT $2"
        );
        Ok(on!(self, |db| sqlx::query_as(AssertSqlSafe(query))
            .bind(queue.0)
            .bind(limit)
            .bind(pool.as_str())
            .fetch_all(db)
            .await)?)
    }
}
