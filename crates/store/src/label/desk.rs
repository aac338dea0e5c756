//! The desk: a queue as one person stands in it, with what they hold there, and the context of an answer to something they
//! hold. One query, because nearly every keypress needs all of it.

use crate::error::{Error, Result};
use crate::label::answer_context::{AnswerContext, COLUMNS, ContextRow, id_is_taken, joins};
use crate::label::leases::HeldRow;
use crate::label::queues::pool_shares;
use crate::sql::row_lists::{Kind, of_lists, of_rows};
use crate::{Either, Tx};
use domain::project::Settings;
use domain::queue::{PerPool, Pool, QueueState};
use domain::{AssignmentId, ItemId, PersonId, ProjectId, QueueId, RevisionId, TaxonomyVersionId};
use sqlx::AssertSqlSafe;
use std::sync::LazyLock;

/// A queue, how far one person has come in it, and what they hold.
#[derive(Debug, Clone)]
pub struct Desk {
    pub project_id: ProjectId,
    pub state: QueueState,
    /// What each pool has of what is served.
    pub shares: PerPool<f64>,
    pub seed: i64,
    pub lease_seconds: i64,
    pub settings: Settings,
    /// The taxonomy version that people label with now.
    pub version: Option<TaxonomyVersionId>,
    /// How far this person has come in each pool.
    pub standing: PerPool<Standing>,
    /// Somebody else's lease ran out.
    pub has_expired: bool,
    /// The oldest first, without what is being answered.
    pub held: Vec<HeldRow>,
}

/// How far a person has come in a pool.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// The rank from which members are looked for.
    pub cursor: i64,
    pub served: i64,
}

/// An answer on its way in: to what, and its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answering {
    pub assignment: AssignmentId,
    pub id: String,
}

/// Which desk is asked for, perhaps with an answer to something that is held there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeskQuery {
    pub(crate) queue: QueueId,
    pub(crate) person: PersonId,
    pub(crate) answering: Option<Answering>,
}

/// The desk with one of the leases; without a lease where nothing is held.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct DeskRow {
    queue_id: i64,
    person_id: i64,
    control_share: f64,
    seed: i64,
    /// `pool cursor served` of each pool that the person was served from, with commas between.
    standing: Option<String>,
    has_expired: bool,
    leased_revision: Option<i64>,
    lease_until: Option<i64>,
    text: Option<String>,
    fields: Option<String>,
    event_at: Option<i64>,
    #[sqlx(flatten)]
    context: ContextRow,
}

impl DeskRow {
    pub(crate) fn queue(&self) -> QueueId {
        QueueId(self.queue_id)
    }

    pub(crate) fn person(&self) -> PersonId {
        PersonId(self.person_id)
    }

    /// How far the person has come in each pool.
    pub(crate) fn standing(&self) -> Result<PerPool<Standing>> {
        let mut standing = PerPool::<Standing>::default();
        for one in self.standing.iter().flat_map(|text| text.split(',')) {
            let (pool, of_pool) = read_standing(one).ok_or_else(|| {
                Error::Unreadable(format!("how far person {} has come: {one}", self.person_id))
            })?;
            standing[pool] = of_pool;
        }
        Ok(standing)
    }

    /// The item that is being answered, and whether it has answers already; nothing where this is another lease.
    pub(crate) fn answered(&self) -> Option<(ItemId, bool)> {
        self.context.answered()
    }

    fn held(&mut self) -> Option<HeldRow> {
        let revision = self.context.revision_id?;
        Some(HeldRow {
            id: AssignmentId(self.context.assignment_id?),
            item_id: ItemId(self.context.item_id?),
            revision_id: RevisionId(revision),
            is_outdated: self.leased_revision != Some(revision),
            lease_until: self.lease_until?,
            text: self.text.take()?,
            fields: self.fields.take()?,
            event_at: self.event_at,
        })
    }
}

fn read_standing(text: &str) -> Option<(Pool, Standing)> {
    let mut words = text.split(' ');
    let pool = Pool::parse(words.next()?)?;
    let (cursor, served) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some((pool, Standing { cursor, served }))
}

/// $1 the queue, $2 the person, $3 now, $4 and $5 the assignment that is being answered and the id of the answer. The text
/// is there for all leases but that one. The person's own rows are found by `$1` and not by `q.id`: PostgreSQL would look
/// through those of everyone in the queue.
static DESK: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT q.id AS queue_id, CAST($2 AS BIGINT) AS person_id, q.control_share, q.seed,
            (SELECT string_agg(qc.pool || ' ' || CAST(qc.cursor AS TEXT) || ' ' || CAST(qc.served AS TEXT), ',')
             FROM queue_cursor qc WHERE qc.queue_id = $1 AND qc.person_id = $2) AS standing,
            (SELECT x.id FROM assignment x WHERE x.queue_id = q.id AND x.state = 'leased'
             AND x.lease_until < $3 AND x.person_id <> $2 ORDER BY x.lease_until LIMIT 1) IS NOT NULL AS has_expired,
            a.revision_id AS leased_revision, a.lease_until, r.text, r.fields, r.event_at,
            {COLUMNS}, {id_is_taken}
        FROM {{rows}} CROSS JOIN queue q JOIN project p ON p.id = q.project_id
        LEFT JOIN assignment a ON a.person_id = $2 AND a.queue_id = $1 AND a.state = 'leased'
        LEFT JOIN item i ON i.id = a.item_id
        LEFT JOIN item_revision r ON r.id = i.revision_id AND a.id <> $4
        {joins}
        WHERE q.id = $1 ORDER BY a.id",
        id_is_taken = id_is_taken("$5"),
        joins = joins("$4"),
    )
});
const DESK_QUERY: [Kind; 5] = [Kind::Int, Kind::Int, Kind::Int, Kind::Int, Kind::Text];

impl Tx {
    /// The rows of one desk after another, each with one of the leases. SQLite is asked for one desk at a time.
    pub(crate) async fn desk_rows(&mut self, queries: &[DeskQuery]) -> Result<Vec<DeskRow>> {
        let now = self.now().0;
        let assignment = |query: &DeskQuery| query.answering.as_ref().map_or(0, |answer| answer.assignment.0);
        let id =
            |query: &DeskQuery| query.answering.as_ref().map(|answer| answer.id.clone()).unwrap_or_default();
        match self.db().await {
            Either::Sqlite(db) => {
                let Some(query) = queries.first() else { return Ok(Vec::new()) };
                let rows = sqlx::query_as(AssertSqlSafe(of_rows(&DESK, DESK_QUERY.len(), 1, 0)))
                    .bind(query.queue.0)
                    .bind(query.person.0)
                    .bind(now)
                    .bind(assignment(query))
                    .bind(id(query));
                Ok(rows.fetch_all(db).await?)
            }
            Either::Postgres(db) => {
                let rows = sqlx::query_as(AssertSqlSafe(of_lists(&DESK, &DESK_QUERY, 0)))
                    .bind(queries.iter().map(|query| query.queue.0).collect::<Vec<_>>())
                    .bind(queries.iter().map(|query| query.person.0).collect::<Vec<_>>())
                    .bind(vec![now; queries.len()])
                    .bind(queries.iter().map(assignment).collect::<Vec<_>>())
                    .bind(queries.iter().map(id).collect::<Vec<_>>());
                Ok(rows.fetch_all(db).await?)
            }
        }
    }
}

/// The desk that these rows say, and the context of the answer that was named with it.
pub(crate) fn read(mut rows: Vec<DeskRow>) -> Result<Option<(Desk, Option<AnswerContext>)>> {
    let held = rows.iter_mut().filter_map(DeskRow::held).collect();
    let mut context = None;
    for row in &rows {
        if context.is_none() {
            context = row.context.context(row.queue(), row.person())?;
        }
    }
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let desk = Desk {
        project_id: ProjectId(row.context.project_id),
        standing: row.standing()?,
        settings: row.context.settings()?,
        version: row.context.version_id.map(TaxonomyVersionId),
        lease_seconds: row.context.lease_seconds,
        state: row.context.state,
        shares: pool_shares(row.control_share),
        seed: row.seed,
        has_expired: row.has_expired,
        held,
    };
    Ok(Some((desk, context)))
}
