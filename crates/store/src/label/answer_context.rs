//! The answer context: what decides what becomes of an answer. The assignment, its queue, its member, and the item.
//!
//! Its columns and joins stand here once. Two queries use them: the desk's, for an answer to something that the person
//! holds there ([`crate::label::desk`]), and [`Tx::answer_context`] for any other answer.

use crate::error::{Error, Result};
use crate::label::answers::{NewAnswer, Words};
use crate::label::consensus::{Subject, state, target};
use crate::sql::dialect;
use crate::{Doc, Tx, on};
use domain::answer::{Origin, Standing};
use domain::project::Settings;
use domain::queue::{Holding, Pool, QueueState};
use domain::{
    AssignmentId, ItemId, LabelId, PersonId, ProjectId, QueueId, RevisionId, TaxonomyVersionId, Time,
};
use sqlx::AssertSqlSafe;

/// An assignment with everything around it that decides what becomes of an answer.
#[derive(Debug, Clone)]
pub struct AnswerContext {
    pub assignment: AssignmentId,
    pub queue: QueueId,
    pub person: PersonId,
    pub pool: Pool,
    pub holding: Holding,
    pub slot: i64,
    /// Takes no slot.
    pub beside: bool,
    pub queue_is_open: bool,
    pub lease_seconds: i64,
    pub strategy: String,
    pub round: i64,
    pub score: Option<f64>,
    pub stuck: bool,
    /// The item has answers already.
    pub is_answered: bool,
    /// An answer with this id is there already.
    pub id_is_taken: bool,
    pub subject: Subject,
}

/// Who answers, as far as the answer says it.
#[derive(Debug, Clone, Copy)]
pub struct Answerer {
    pub person: PersonId,
    /// Can see more than an annotator.
    pub sighted: bool,
    pub origin: Origin,
}

impl AnswerContext {
    /// The answer to what the queue asked for. `number` is its place in what this person said of the item here.
    pub fn answer(&self, by: Answerer, number: i64, standing: Standing, words: Words, at: Time) -> NewAnswer {
        NewAnswer {
            words,
            project: self.subject.project,
            queue: Some(self.queue),
            assignment: Some(self.assignment),
            person: by.person,
            item: self.subject.item,
            number,
            origin: by.origin,
            standing,
            sighted: by.sighted,
            strategy: Some(self.strategy.clone()),
            round: Some(self.round),
            score: self.score,
            at,
        }
    }
}

/// Of the assignment `a`, its queue `q`, project `p` and item `i`, with [`joins`]. The columns of the member are there only
/// for the assignment that is being answered.
pub(super) const COLUMNS: &str = "q.project_id, q.strategy, q.lease_seconds, p.settings,
        CASE WHEN p.archived_at IS NULL THEN q.state ELSE 'closed' END AS state,
        (SELECT v.id FROM taxonomy_version v WHERE v.project_id = q.project_id
         ORDER BY v.number DESC LIMIT 1) AS version_id,
        a.id AS assignment_id, a.item_id, a.slot, a.beside, a.state AS holding, i.revision_id, i.state AS item_state,
        qi.pool, qi.round, qi.score, qi.stuck, c.labels AS had,
        (SELECT MAX(m.target) FROM queue_item m WHERE m.item_id = qi.item_id) AS want,
        EXISTS (SELECT 1 FROM answer said WHERE said.item_id = qi.item_id) AS is_answered";

/// `answering` is the place of the value that names the assignment which is being answered.
pub(super) fn joins(answering: &str) -> String {
    format!(
        "LEFT JOIN queue_item qi ON a.id = {answering} AND qi.queue_id = a.queue_id AND qi.item_id = a.item_id
         LEFT JOIN consensus c ON c.item_id = qi.item_id"
    )
}

/// Is there an answer with this id? `id` is the place of the value.
pub(super) fn id_is_taken(id: &str) -> String {
    format!("EXISTS (SELECT 1 FROM answer said WHERE said.id = {id}) AS id_is_taken")
}

#[derive(Debug, sqlx::FromRow)]
pub(super) struct ContextRow {
    pub(super) project_id: i64,
    strategy: String,
    pub(super) lease_seconds: i64,
    /// Read only where it is needed: the desk has as many rows as leases.
    settings: String,
    #[sqlx(try_from = "String")]
    pub(super) state: QueueState,
    pub(super) version_id: Option<i64>,
    pub(super) assignment_id: Option<i64>,
    pub(super) item_id: Option<i64>,
    slot: Option<i64>,
    beside: Option<bool>,
    holding: Option<String>,
    pub(super) revision_id: Option<i64>,
    item_state: Option<String>,
    pool: Option<String>,
    round: Option<i64>,
    score: Option<f64>,
    stuck: Option<bool>,
    had: Option<Doc<Vec<LabelId>>>,
    want: Option<i64>,
    is_answered: bool,
    id_is_taken: bool,
}

impl ContextRow {
    pub(super) fn settings(&self) -> Result<Settings> {
        serde_json::from_str(&self.settings).map_err(|e| Error::Unreadable(e.to_string()))
    }

    /// The item that is being answered, and whether it has answers already; nothing where this is another assignment.
    pub(super) fn answered(&self) -> Option<(ItemId, bool)> {
        self.round.and(self.item_id).map(|item| (ItemId(item), self.is_answered))
    }

    /// Of the assignment that is being answered; nothing where this is another one.
    pub(super) fn context(&self, queue: QueueId, person: PersonId) -> Result<Option<AnswerContext>> {
        let (
            Some(assignment),
            Some(item),
            Some(revision),
            Some(round),
            Some(item_state),
            Some(holding),
            Some(pool),
        ) = (
            self.assignment_id,
            self.item_id,
            self.revision_id,
            self.round,
            &self.item_state,
            &self.holding,
            &self.pool,
        )
        else {
            return Ok(None);
        };
        Ok(Some(AnswerContext {
            assignment: AssignmentId(assignment),
            queue,
            person,
            pool: Pool::parse(pool).ok_or_else(|| Error::Unreadable(format!("pool {pool}")))?,
            holding: Holding::parse(holding)
                .ok_or_else(|| Error::Unreadable(format!("assignment state {holding}")))?,
            slot: self.slot.unwrap_or_default(),
            beside: self.beside.unwrap_or_default(),
            queue_is_open: self.state == QueueState::Open,
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
                stuck_after: self.settings()?.stuck_after,
                version: self.version_id.map(TaxonomyVersionId),
                had: self.had.as_ref().map(|labels| labels.0.clone()),
            },
        }))
    }
}

impl Tx {
    /// The context of an answer that comes with an id; nothing where the assignment is not this person's in this project.
    /// The item must be locked already (see [`crate::label::labeling::LabelRequest`]).
    pub(crate) async fn answer_context(
        &mut self,
        project: ProjectId,
        person: PersonId,
        assignment: AssignmentId,
        id: &str,
    ) -> Result<Option<AnswerContext>> {
        let query = format!(
            "SELECT a.queue_id, {COLUMNS}, {}
             FROM assignment a JOIN queue q ON q.id = a.queue_id JOIN project p ON p.id = a.project_id
             JOIN item i ON i.id = a.item_id {}
             WHERE a.id = $1 AND a.person_id = $2 AND a.project_id = $3{}",
            id_is_taken("$4"),
            joins("$1"),
            dialect::for_update_of(self, "a")
        );
        let row: Option<Answered> = on!(self, |db| sqlx::query_as(AssertSqlSafe(query))
            .bind(assignment.0)
            .bind(person.0)
            .bind(project.0)
            .bind(id)
            .fetch_optional(db)
            .await)?;
        match row {
            Some(row) => row.context.context(QueueId(row.queue_id), person),
            None => Ok(None),
        }
    }
}

#[derive(sqlx::FromRow)]
struct Answered {
    queue_id: i64,
    #[sqlx(flatten)]
    context: ContextRow,
}
