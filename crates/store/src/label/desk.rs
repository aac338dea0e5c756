//! What a keypress has to know, in one question: the queue as a person stands in it, what they hold there, and the context
//! on which an answer to one of these items lands.

use crate::error::{Error, Result};
use crate::label::answers::AnswerContext;
use crate::label::consensus::{Subject, state, target};
use crate::label::leases::{HeldRow, Pool};
use crate::label::write_batch::{self, Kind};
use crate::{Doc, Either, Tx};
use domain::project::Settings;
use domain::queue::Holding;
use domain::{AssignmentId, ItemId, LabelId, PersonId, ProjectId, QueueId, RevisionId, TaxonomyVersionId};
use sqlx::AssertSqlSafe;

/// A queue, how far one person has come in it, and what they hold.
#[derive(Debug, Clone)]
pub struct Desk {
    pub project_id: ProjectId,
    pub state: String,
    pub control_share: f64,
    pub seed: i64,
    pub lease_seconds: i64,
    pub settings: Settings,
    /// The taxonomy version that people label with now.
    pub version: Option<TaxonomyVersionId>,
    pub served: i64,
    pub served_control: i64,
    pub cursor_plain: i64,
    pub cursor_control: i64,
    /// Somebody else's lease ran out.
    pub has_expired: bool,
    /// The oldest first, without what is being answered.
    pub held: Vec<HeldRow>,
}

/// An answer on its way in: to what, and its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answering {
    pub assignment: AssignmentId,
    pub id: String,
}

/// Someone at a queue, perhaps with an answer to something that they hold there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) queue: QueueId,
    pub(crate) person: PersonId,
    pub(crate) answering: Option<Answering>,
}

/// The desk with one of the leases; without one where nothing is held.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct DeskRow {
    queue_id: i64,
    person_id: i64,
    project_id: i64,
    state: String,
    control_share: f64,
    seed: i64,
    strategy: String,
    lease_seconds: i64,
    settings: String,
    version_id: Option<i64>,
    served: i64,
    served_control: i64,
    cursor_plain: i64,
    cursor_control: i64,
    has_expired: bool,
    id_is_taken: bool,
    assignment_id: Option<i64>,
    item_id: Option<i64>,
    revision_id: Option<i64>,
    leased_revision: Option<i64>,
    lease_until: Option<i64>,
    slot: Option<i64>,
    beside: Option<bool>,
    item_state: Option<String>,
    text: Option<String>,
    fields: Option<String>,
    event_at: Option<i64>,
    // Only of the lease that is being answered.
    round: Option<i64>,
    score: Option<f64>,
    stuck: Option<bool>,
    had: Option<Doc<Vec<LabelId>>>,
    want: Option<i64>,
    is_answered: bool,
}

impl DeskRow {
    pub(crate) fn queue(&self) -> QueueId {
        QueueId(self.queue_id)
    }

    pub(crate) fn person(&self) -> PersonId {
        PersonId(self.person_id)
    }

    pub(crate) fn cursor(&self, pool: Pool) -> i64 {
        match pool {
            Pool::Plain => self.cursor_plain,
            Pool::Control => self.cursor_control,
        }
    }

    /// The item that is being answered, and whether something was said of it before; nothing where this is another one.
    pub(crate) fn answered(&self) -> Option<(ItemId, bool)> {
        self.round.and(self.item_id).map(|item| (ItemId(item), self.is_answered))
    }

    fn held(&mut self) -> Option<HeldRow> {
        let revision = self.revision_id?;
        Some(HeldRow {
            id: AssignmentId(self.assignment_id?),
            item_id: ItemId(self.item_id?),
            revision_id: RevisionId(revision),
            is_outdated: self.leased_revision != Some(revision),
            lease_until: self.lease_until?,
            text: self.text.take()?,
            fields: self.fields.take()?,
            event_at: self.event_at,
        })
    }

    /// Of the lease that is being answered; nothing where this is another one.
    fn context(
        &self,
        queue: QueueId,
        person: PersonId,
        settings: &Settings,
    ) -> Result<Option<AnswerContext>> {
        let (Some(assignment), Some(item), Some(revision), Some(round), Some(item_state)) =
            (self.assignment_id, self.item_id, self.revision_id, self.round, &self.item_state)
        else {
            return Ok(None);
        };
        Ok(Some(AnswerContext {
            assignment: AssignmentId(assignment),
            queue,
            person,
            holding: Holding::Leased,
            slot: self.slot.unwrap_or_default(),
            beside: self.beside.unwrap_or_default(),
            queue_is_open: self.state == "open",
            lease_seconds: self.lease_seconds,
            strategy: self.strategy.clone(),
            round,
            score: self.score,
            stuck: self.stuck.unwrap_or_default(),
            is_answered: self.is_answered,
            id_is_taken: self.id_is_taken,
            subject: Subject {
                project: ProjectId(self.project_id),
                item: ItemId(item),
                revision: RevisionId(revision),
                state: state(item_state)?,
                target: target(self.want),
                stuck_after: settings.stuck_after,
                version: self.version_id.map(TaxonomyVersionId),
                had: self.had.as_ref().map(|labels| labels.0.clone()),
            },
        }))
    }
}

/// `qi` and `c` are there only for the lease that is being answered, and the text of all the others. The person's own rows
/// are found by `$1` and not by `q.id`: PostgreSQL would look through those of everyone in the queue.
const DESK: &str = "SELECT q.id AS queue_id, CAST($2 AS BIGINT) AS person_id,
        q.project_id, q.control_share, q.seed, q.strategy, q.lease_seconds, p.settings,
        CASE WHEN p.archived_at IS NULL THEN q.state ELSE 'closed' END AS state,
        (SELECT v.id FROM taxonomy_version v WHERE v.project_id = q.project_id
         ORDER BY v.number DESC LIMIT 1) AS version_id,
        COALESCE(qp.served, 0) AS served, COALESCE(qp.served_control, 0) AS served_control,
        COALESCE(qp.cursor_plain, 0) AS cursor_plain, COALESCE(qp.cursor_control, 0) AS cursor_control,
        (SELECT x.id FROM assignment x WHERE x.queue_id = q.id AND x.state = 'leased'
         AND x.lease_until < $3 AND x.person_id <> $2 ORDER BY x.lease_until LIMIT 1) IS NOT NULL AS has_expired,
        EXISTS (SELECT 1 FROM answer said WHERE said.id = $5) AS id_is_taken,
        a.id AS assignment_id, a.item_id, a.revision_id AS leased_revision, a.lease_until, a.slot, a.beside,
        i.revision_id, i.state AS item_state, r.text, r.fields, r.event_at,
        qi.round, qi.score, qi.stuck, c.labels AS had,
        (SELECT MAX(m.target) FROM queue_item m WHERE m.item_id = qi.item_id) AS want,
        EXISTS (SELECT 1 FROM answer said WHERE said.item_id = qi.item_id) AS is_answered
    FROM {rows} CROSS JOIN queue q JOIN project p ON p.id = q.project_id
    LEFT JOIN queue_person qp ON qp.queue_id = $1 AND qp.person_id = $2
    LEFT JOIN assignment a ON a.person_id = $2 AND a.queue_id = $1 AND a.state = 'leased'
    LEFT JOIN item i ON i.id = a.item_id
    LEFT JOIN item_revision r ON r.id = i.revision_id AND a.id <> $4
    LEFT JOIN queue_item qi ON a.id = $4 AND qi.queue_id = a.queue_id AND qi.item_id = a.item_id
    LEFT JOIN consensus c ON c.item_id = qi.item_id
    WHERE q.id = $1 ORDER BY a.id";
const OF_LOOK: [Kind; 5] = [Kind::Int, Kind::Int, Kind::Int, Kind::Int, Kind::Text];

impl Tx {
    /// The queue as this person stands in it. With the context of an answer to something that they hold there (for anything
    /// else ask [`Tx::context`]), which they then hold no more; its item is held already (see [`crate::label::leases::LabelRequest`]).
    pub async fn desk(
        &mut self,
        queue: QueueId,
        person: PersonId,
        answering: Option<Answering>,
    ) -> Result<Option<(Desk, Option<AnswerContext>)>> {
        let look = Look { queue, person, answering };
        let rows = match self.prefetch.take_desk(&look) {
            Some(rows) => rows,
            // Whoever asks alone may answer what someone after them answers as well.
            None => {
                self.db().await;
                self.desk_rows(&[look]).await?
            }
        };
        read(queue, person, rows)
    }

    /// One after another's, each with one of their leases; what was put off is not seen.
    pub(crate) async fn desk_rows(&mut self, looks: &[Look]) -> Result<Vec<DeskRow>> {
        let now = self.now().0;
        let assignment = |look: &Look| look.answering.as_ref().map_or(0, |answer| answer.assignment.0);
        let id = |look: &Look| look.answering.as_ref().map(|answer| answer.id.clone()).unwrap_or_default();
        match self.raw() {
            Either::Sqlite(db) => {
                let Some(look) = looks.first() else { return Ok(Vec::new()) };
                let query = sqlx::query_as(AssertSqlSafe(write_batch::of_rows(DESK, OF_LOOK.len(), 1, 0)))
                    .bind(look.queue.0)
                    .bind(look.person.0)
                    .bind(now)
                    .bind(assignment(look))
                    .bind(id(look));
                Ok(query.fetch_all(db).await?)
            }
            Either::Postgres(db) => {
                let query = sqlx::query_as(AssertSqlSafe(write_batch::of_lists(DESK, &OF_LOOK, 0)))
                    .bind(looks.iter().map(|look| look.queue.0).collect::<Vec<_>>())
                    .bind(looks.iter().map(|look| look.person.0).collect::<Vec<_>>())
                    .bind(vec![now; looks.len()])
                    .bind(looks.iter().map(assignment).collect::<Vec<_>>())
                    .bind(looks.iter().map(id).collect::<Vec<_>>());
                Ok(query.fetch_all(db).await?)
            }
        }
    }

    /// Is this answer all that has become of the transaction so far, as far as a desk shows it?
    pub fn has_only_answered(&self, assignment: AssignmentId) -> bool {
        self.answered == Some(assignment)
    }
}

fn read(
    queue: QueueId,
    person: PersonId,
    mut rows: Vec<DeskRow>,
) -> Result<Option<(Desk, Option<AnswerContext>)>> {
    let held = rows.iter_mut().filter_map(DeskRow::held).collect();
    let Some(row) = rows.first() else { return Ok(None) };
    let settings: Settings =
        serde_json::from_str(&row.settings).map_err(|e| Error::Unreadable(e.to_string()))?;
    let mut context = None;
    for row in &rows {
        context = context.or(row.context(queue, person, &settings)?);
    }
    let row = rows.swap_remove(0);
    let desk = Desk {
        project_id: ProjectId(row.project_id),
        state: row.state,
        control_share: row.control_share,
        seed: row.seed,
        lease_seconds: row.lease_seconds,
        version: row.version_id.map(TaxonomyVersionId),
        settings,
        served: row.served,
        served_control: row.served_control,
        cursor_plain: row.cursor_plain,
        cursor_control: row.cursor_control,
        has_expired: row.has_expired,
        held,
    };
    Ok(Some((desk, context)))
}
