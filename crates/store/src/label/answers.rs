//! Answers: appended, never changed; and the context on which an answer lands.

use crate::error::{Error, Result};
use crate::label::consensus::{Subject, state, target};
use crate::label::tally::{Tally, TallyChanges};
use crate::label::write_batch::{Statement, Value, WriteBatch};
use crate::sql::dialect;
use crate::sql::dialect::push_list;
use crate::{Doc, Store, Tx, on};
use domain::answer::{Origin, Said, SkipReason, Standing};
use domain::consensus::Vote;
use domain::project::{Settings, Task};
use domain::queue::Holding;
use domain::taxonomy::Taxonomy;
use domain::{
    AssignmentId, ItemId, LabelId, PersonId, ProjectId, QueueId, RevisionId, SourceId, TaxonomyVersionId,
    Time,
};
use sqlx::AssertSqlSafe;

/// An answer to be appended.
#[derive(Debug, Clone)]
pub struct NewAnswer {
    /// A UUID in its usual writing: the idempotency key.
    pub id: String,
    pub project: ProjectId,
    pub queue: Option<QueueId>,
    pub assignment: Option<AssignmentId>,
    pub source: Option<SourceId>,
    pub person: PersonId,
    pub item: ItemId,
    pub revision: RevisionId,
    pub number: i64,
    pub said: Said,
    pub note: Option<String>,
    pub confidence: Option<f64>,
    pub seconds: Option<f64>,
    pub version: Option<TaxonomyVersionId>,
    pub origin: Origin,
    pub standing: Standing,
    pub sighted: bool,
    pub strategy: Option<String>,
    pub round: Option<i64>,
    pub score: Option<f64>,
    pub at: Time,
}

impl NewAnswer {
    pub fn vote(&self) -> Vote {
        Vote {
            queue: self.queue,
            person: self.person,
            revision: self.revision,
            number: self.number,
            said: self.said.clone(),
            version: self.version,
            origin: self.origin,
            counted: self.standing == Standing::Counted,
            at: self.at,
        }
    }
}

impl NewAnswer {
    pub(crate) fn write(&self, writes: &mut WriteBatch, counts: &mut TallyChanges) {
        writes.add(Statement::Answer, self.values());
        self.count(counts);
    }

    fn count(&self, counts: &mut TallyChanges) {
        let tally = Tally::Answers(self.project);
        counts.add(tally, Tally::ALL, 1);
        if matches!(self.said, Said::Labels(_)) && self.origin != Origin::Imported {
            counts.add(tally, &self.at.day().to_string(), 1);
        }
    }

    fn values(&self) -> [Value; 23] {
        let (kind, labels, reason): (_, &[LabelId], _) = match &self.said {
            Said::Labels(labels) => ("labels", labels, None),
            Said::Skip(reason) => ("skip", &[], Some(reason.as_str())),
            Said::Withdrawn => ("withdrawn", &[], None),
        };
        let standing = match self.standing {
            Standing::Counted => "counted",
            Standing::Extra => "extra",
        };
        [
            self.id.as_str().into(),
            self.project.0.into(),
            self.queue.map(|q| q.0).into(),
            self.assignment.map(|a| a.0).into(),
            self.source.map(|s| s.0).into(),
            self.person.0.into(),
            self.item.0.into(),
            self.revision.0.into(),
            self.number.into(),
            kind.into(),
            Doc(labels).into(),
            reason.into(),
            self.note.as_deref().into(),
            self.confidence.into(),
            self.seconds.into(),
            self.version.map(|v| v.0).into(),
            self.origin.as_str().into(),
            standing.into(),
            self.sighted.into(),
            self.strategy.as_deref().into(),
            self.round.into(),
            self.score.into(),
            self.at.0.into(),
        ]
    }
}

/// An answer as it stands.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct AnswerRow {
    pub id: String,
    pub queue_id: Option<i64>,
    #[sqlx(try_from = "i64")]
    pub person_id: PersonId,
    #[sqlx(try_from = "i64")]
    pub item_id: ItemId,
    #[sqlx(try_from = "i64")]
    pub revision_id: RevisionId,
    pub number: i64,
    pub kind: String,
    pub labels: Doc<Vec<LabelId>>,
    pub skip_reason: Option<String>,
    pub note: Option<String>,
    pub taxonomy_version_id: Option<i64>,
    pub origin: String,
    pub standing: String,
    pub at: i64,
}

pub(crate) const COLUMNS: &str =
    "id, queue_id, person_id, item_id, revision_id, number, kind, labels, skip_reason, note,
                       taxonomy_version_id, origin, standing, at";

impl AnswerRow {
    pub fn said(&self) -> Result<Said> {
        match self.kind.as_str() {
            "labels" => Ok(Said::Labels(self.labels.0.clone())),
            "withdrawn" => Ok(Said::Withdrawn),
            _ => self
                .skip_reason
                .as_deref()
                .and_then(SkipReason::parse)
                .map(Said::Skip)
                .ok_or_else(|| Error::Unreadable(format!("answer {}", self.id))),
        }
    }

    pub fn is_counted(&self) -> bool {
        self.standing == "counted"
    }

    pub fn vote(&self) -> Result<Vote> {
        Ok(Vote {
            queue: self.queue_id.map(QueueId),
            person: self.person_id,
            revision: self.revision_id,
            number: self.number,
            said: self.said()?,
            version: self.taxonomy_version_id.map(TaxonomyVersionId),
            origin: Origin::parse(&self.origin)
                .ok_or_else(|| Error::Unreadable(format!("origin of answer {}", self.id)))?,
            counted: self.is_counted(),
            at: Time(self.at),
        })
    }
}

/// An assignment with everything around it that decides what becomes of an answer.
#[derive(Debug, Clone)]
pub struct AnswerContext {
    pub assignment: AssignmentId,
    pub queue: QueueId,
    pub person: PersonId,
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
    /// Something was said of the item before.
    pub is_answered: bool,
    /// An answer with this id is there already.
    pub id_is_taken: bool,
    pub subject: Subject,
}

#[derive(sqlx::FromRow)]
struct AnswerContextRow {
    assignment_id: i64,
    project_id: i64,
    queue_id: i64,
    item_id: i64,
    person_id: i64,
    slot: i64,
    state: String,
    beside: bool,
    queue_state: String,
    strategy: String,
    lease_seconds: i64,
    round: i64,
    score: Option<f64>,
    stuck: bool,
    is_answered: bool,
    id_is_taken: bool,
    settings: Doc<Settings>,
    revision_id: i64,
    item_state: String,
    version_id: Option<i64>,
    want: Option<i64>,
    had: Option<Doc<Vec<LabelId>>>,
}

impl Tx {
    /// The context of an answer that comes with an id; nothing where the assignment is not this person's in this
    /// project. Its item is held already (see [`crate::label::leases::LabelRequest`]).
    pub async fn context(
        &mut self,
        project: ProjectId,
        person: PersonId,
        assignment: AssignmentId,
        id: &str,
    ) -> Result<Option<AnswerContext>> {
        let query = format!(
            "SELECT a.id AS assignment_id, a.project_id, a.queue_id, a.item_id, a.person_id, a.slot, a.state, a.beside,
                CASE WHEN p.archived_at IS NULL THEN q.state ELSE 'closed' END AS queue_state, q.strategy, q.lease_seconds, qi.round, qi.score, qi.stuck,
                p.settings, item.revision_id, item.state AS item_state, c.labels AS had,
                (SELECT v.id FROM taxonomy_version v WHERE v.project_id = a.project_id
                 ORDER BY v.number DESC LIMIT 1) AS version_id,
                (SELECT MAX(m.target) FROM queue_item m WHERE m.item_id = a.item_id) AS want,
                EXISTS (SELECT 1 FROM answer said WHERE said.item_id = a.item_id) AS is_answered,
                EXISTS (SELECT 1 FROM answer said WHERE said.id = $4) AS id_is_taken
             FROM assignment a
             JOIN queue q ON q.id = a.queue_id
             JOIN queue_item qi ON qi.queue_id = a.queue_id AND qi.item_id = a.item_id
             JOIN item ON item.id = a.item_id
             JOIN project p ON p.id = a.project_id
             LEFT JOIN consensus c ON c.item_id = a.item_id
             WHERE a.id = $1 AND a.person_id = $2 AND a.project_id = $3{}",
            dialect::for_update_of(self, "a")
        );
        let row: Option<AnswerContextRow> = on!(self, |db| sqlx::query_as(AssertSqlSafe(query))
            .bind(assignment.0)
            .bind(person.0)
            .bind(project.0)
            .bind(id)
            .fetch_optional(db)
            .await)?;
        row.map(AnswerContextRow::read).transpose()
    }

    /// Everything that was said of an item.
    pub async fn answers_of_item(&mut self, item: ItemId) -> Result<Vec<AnswerRow>> {
        if let Some(prefetch) = self.prefetch.take_answers(item) {
            return Ok(prefetch);
        }
        let query = format!("SELECT {COLUMNS} FROM answer WHERE item_id = $1");
        Ok(on!(self, |db| sqlx::query_as(AssertSqlSafe(query)).bind(item.0).fetch_all(db).await)?)
    }

    /// Appends an answer. False where its id is taken already.
    pub async fn append_answer(&mut self, answer: &NewAnswer, counts: &mut TallyChanges) -> Result<bool> {
        self.flush().await?;
        let mut writes = WriteBatch::default();
        writes.add(Statement::AnswerOnce, answer.values());
        let is_new = self.execute(writes).await? == 1;
        if is_new {
            answer.count(counts);
        }
        Ok(is_new)
    }

    /// Is this one of the texts that the item has or had?
    pub async fn is_revision_of(&mut self, revision: RevisionId, item: ItemId) -> Result<bool> {
        let query = "SELECT id FROM item_revision WHERE id = $1 AND item_id = $2";
        let id: Option<i64> =
            on!(self, |db| sqlx::query_scalar(query).bind(revision.0).bind(item.0).fetch_optional(db).await)?;
        Ok(id.is_some())
    }

    /// The labels of a taxonomy version, for an answer that speaks of another one than the newest.
    pub async fn taxonomy_document(&mut self, version: TaxonomyVersionId) -> Result<Taxonomy> {
        let query = "SELECT document FROM taxonomy_version WHERE id = $1";
        let document: Doc<Taxonomy> =
            on!(self, |db| sqlx::query_scalar(query).bind(version.0).fetch_one(db).await)?;
        Ok(document.0)
    }
}

impl AnswerContextRow {
    fn read(self) -> Result<AnswerContext> {
        let holding = Holding::parse(&self.state)
            .ok_or_else(|| Error::Unreadable(format!("assignment state {}", self.state)))?;
        Ok(AnswerContext {
            assignment: AssignmentId(self.assignment_id),
            queue: QueueId(self.queue_id),
            person: PersonId(self.person_id),
            holding,
            slot: self.slot,
            beside: self.beside,
            queue_is_open: self.queue_state == "open",
            lease_seconds: self.lease_seconds,
            strategy: self.strategy,
            round: self.round,
            score: self.score,
            stuck: self.stuck,
            is_answered: self.is_answered,
            id_is_taken: self.id_is_taken,
            subject: Subject {
                project: ProjectId(self.project_id),
                item: ItemId(self.item_id),
                revision: RevisionId(self.revision_id),
                state: state(&self.item_state)?,
                target: target(self.want),
                stuck_after: self.settings.0.stuck_after,
                version: self.version_id.map(TaxonomyVersionId),
                had: self.had.map(|d| d.0),
            },
        })
    }
}

impl Store {
    /// What answers of a taxonomy version are checked against: whose it is, the task, the labels. Never changes.
    pub async fn answer_frame(
        &self,
        version: TaxonomyVersionId,
    ) -> Result<Option<(ProjectId, Task, Taxonomy)>> {
        let query = "SELECT project.id, project.task, v.document FROM taxonomy_version v
                     JOIN project ON project.id = v.project_id WHERE v.id = $1";
        let row: Option<(i64, String, Doc<Taxonomy>)> =
            on!(self, |db| sqlx::query_as(query).bind(version.0).fetch_optional(db).await)?;
        row.map(|(project, task, document)| {
            let task = Task::parse(&task).ok_or_else(|| Error::Unreadable(format!("task {task}")))?;
            Ok((ProjectId(project), task, document.0))
        })
        .transpose()
    }
}

impl Store {
    /// Which of these answers are kept: for whoever holds receipts and wants to be sure.
    pub async fn kept_answers(&self, ids: &[String]) -> Result<Vec<String>> {
        let mut kept = Vec::new();
        for some in ids.chunks(500) {
            let found: Vec<String> = on!(self, |db| {
                let mut query = sqlx::QueryBuilder::new("SELECT id FROM answer WHERE id IN ");
                push_list(&mut query, some);
                query.build_query_scalar().fetch_all(db).await
            })?;
            kept.extend(found);
        }
        Ok(kept)
    }
}
