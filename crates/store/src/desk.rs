//! What a keypress has to know, in one question: the queue as a person stands in it, what they hold there, and the ground
//! on which an answer to one of these items lands.

use crate::answers::GroundRow;
use crate::consensus::{Subject, state, target};
use crate::error::{Error, Result};
use crate::leases::HeldRow;
use crate::{Doc, Tx, on};
use domain::project::Settings;
use domain::queue::Holding;
use domain::{AssignmentId, ItemId, LabelId, PersonId, ProjectId, QueueId, RevisionId, TaxonomyVersionId};

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
#[derive(Debug, Clone, Copy)]
pub struct Answering<'s> {
    pub assignment: AssignmentId,
    pub id: &'s str,
}

/// The desk with one of the leases; without one where nothing is held.
#[derive(sqlx::FromRow)]
struct DeskRow {
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
    fn ground(&self, queue: QueueId, person: PersonId, settings: &Settings) -> Result<Option<GroundRow>> {
        let (Some(assignment), Some(item), Some(revision), Some(round), Some(item_state)) =
            (self.assignment_id, self.item_id, self.revision_id, self.round, &self.item_state)
        else {
            return Ok(None);
        };
        Ok(Some(GroundRow {
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

impl Tx {
    /// The queue as this person stands in it; what they have just answered they hold no more. With the ground of an
    /// answer to something that they hold there (for anything else ask [`Tx::ground`]); its item is held already (see
    /// [`crate::leases::Alone`]).
    pub async fn desk(
        &mut self,
        queue: QueueId,
        person: PersonId,
        answering: Option<Answering<'_>>,
    ) -> Result<Option<(Desk, Option<GroundRow>)>> {
        // `qi` and `c` are there only for the lease that is being answered, and the text of all the others.
        let query = "SELECT q.project_id, q.control_share, q.seed, q.strategy, q.lease_seconds, p.settings,
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
            FROM queue q JOIN project p ON p.id = q.project_id
            LEFT JOIN queue_person qp ON qp.queue_id = q.id AND qp.person_id = $2
            LEFT JOIN assignment a ON a.person_id = $2 AND a.queue_id = q.id AND a.state = 'leased'
            LEFT JOIN item i ON i.id = a.item_id
            LEFT JOIN item_revision r ON r.id = i.revision_id AND a.id <> $4
            LEFT JOIN queue_item qi ON a.id = $4 AND qi.queue_id = a.queue_id AND qi.item_id = a.item_id
            LEFT JOIN consensus c ON c.item_id = qi.item_id
            WHERE q.id = $1 ORDER BY a.id";
        let now = self.now().0;
        let mut rows: Vec<DeskRow> = on!(self, |db| sqlx::query_as(query)
            .bind(queue.0)
            .bind(person.0)
            .bind(now)
            .bind(answering.map_or(0, |answer| answer.assignment.0))
            .bind(answering.map_or("", |answer| answer.id))
            .fetch_all(db)
            .await)?;
        let answered = self.later.answers;
        let held = rows.iter_mut().filter_map(DeskRow::held).filter(|row| Some(row.id) != answered).collect();
        let Some(row) = rows.first() else { return Ok(None) };
        let settings: Settings =
            serde_json::from_str(&row.settings).map_err(|e| Error::Unreadable(e.to_string()))?;
        let mut ground = None;
        for row in &rows {
            ground = ground.or(row.ground(queue, person, &settings)?);
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
        Ok(Some((desk, ground)))
    }

    /// Is this answer all that has become of the transaction so far, as far as a desk shows it?
    pub fn has_only_answered(&self, assignment: AssignmentId) -> bool {
        self.later.answers == Some(assignment)
    }
}
