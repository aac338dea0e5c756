//! Answers: appended, never changed.

use crate::error::{Error, Result};
use crate::label::tally::{Tally, TallyChanges};
use crate::label::write_batch::{Statement, WriteBatch, batch_row};
use crate::sql::dialect::push_list;
use crate::{Doc, Store, Tx, on};
use domain::answer::{Kind, Origin, Said, SkipReason, Standing};
use domain::consensus::Vote;
use domain::project::Task;
use domain::taxonomy::Taxonomy;
use domain::{
    AssignmentId, ItemId, LabelId, PersonId, ProjectId, QueueId, RevisionId, TaxonomyVersionId, Time,
};
use sqlx::AssertSqlSafe;

/// What a person says of a text.
#[derive(Debug, Clone)]
pub struct Words {
    /// A UUID in its usual writing: the idempotency key.
    pub id: String,
    /// The text that was read.
    pub revision: RevisionId,
    pub said: Said,
    pub note: Option<String>,
    /// The labels are of this version.
    pub version: Option<TaxonomyVersionId>,
    /// 0 to 1.
    pub confidence: Option<f64>,
    pub seconds: Option<f64>,
}

/// An answer to be appended. It is made by the way it came: [`NewAnswer::decision`], or
/// [`AnswerContext::answer`](crate::label::answer_context::AnswerContext::answer) for what a queue asked for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct NewAnswer {
    pub words: Words,
    pub project: ProjectId,
    pub queue: Option<QueueId>,
    pub assignment: Option<AssignmentId>,
    pub person: PersonId,
    pub item: ItemId,
    /// Its place in what this person said of the item in this queue.
    pub number: i64,
    pub origin: Origin,
    pub standing: Standing,
    pub sighted: bool,
    pub strategy: Option<String>,
    pub round: Option<i64>,
    pub score: Option<f64>,
    pub at: Time,
}

impl NewAnswer {
    /// An owner's decision about an item on which people do not agree. It is asked for by no queue, and always counts.
    pub fn decision(
        project: ProjectId,
        person: PersonId,
        item: ItemId,
        number: i64,
        words: Words,
        at: Time,
    ) -> NewAnswer {
        NewAnswer {
            words,
            project,
            queue: None,
            assignment: None,
            person,
            item,
            number,
            origin: Origin::Adjudication,
            standing: Standing::Counted,
            sighted: true,
            strategy: None,
            round: None,
            score: None,
            at,
        }
    }

    pub fn vote(&self) -> Vote {
        Vote {
            queue: self.queue,
            person: self.person,
            revision: self.words.revision,
            number: self.number,
            said: self.words.said.clone(),
            version: self.words.version,
            origin: self.origin,
            counted: self.standing == Standing::Counted,
            at: self.at,
        }
    }
}

impl NewAnswer {
    pub(crate) fn write(&self, batch: &mut WriteBatch, counts: &mut TallyChanges) {
        batch.add(self);
        self.count(counts);
    }

    fn count(&self, counts: &mut TallyChanges) {
        let tally = Tally::Answers(self.project);
        counts.add(tally, Tally::ALL, 1);
        if self.words.said.kind() == Kind::Labels && self.origin != Origin::Imported {
            counts.add(tally, &self.at.day().to_string(), 1);
        }
    }
}

batch_row! { NewAnswer as Statement::Answer, |row| {
    "id": Text = row.words.id.as_str(),
    "project_id": Int = row.project.0,
    "queue_id": Int = row.queue.map(|q| q.0),
    "assignment_id": Int = row.assignment.map(|a| a.0),
    "person_id": Int = row.person.0,
    "item_id": Int = row.item.0,
    "revision_id": Int = row.words.revision.0,
    "number": Int = row.number,
    "kind": Text = row.words.said.kind().as_str(),
    "labels": Text = Doc(row.words.said.labels()),
    "skip_reason": Text = row.words.said.skip_reason().map(SkipReason::as_str),
    "note": Text = row.words.note.as_deref(),
    "confidence": Float = row.words.confidence,
    "seconds": Float = row.words.seconds,
    "taxonomy_version_id": Int = row.words.version.map(|v| v.0),
    "origin": Text = row.origin.as_str(),
    "standing": Text = row.standing.as_str(),
    "sighted": Bool = row.sighted,
    "strategy": Text = row.strategy.as_deref(),
    "round": Int = row.round,
    "score": Float = row.score,
    "at": Int = row.at.0,
} }

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
    #[sqlx(try_from = "String")]
    pub kind: Kind,
    pub labels: Doc<Vec<LabelId>>,
    pub skip_reason: Option<String>,
    pub note: Option<String>,
    pub taxonomy_version_id: Option<i64>,
    #[sqlx(try_from = "String")]
    pub origin: Origin,
    #[sqlx(try_from = "String")]
    pub standing: Standing,
    pub at: i64,
}

pub(crate) const COLUMNS: &str =
    "id, queue_id, person_id, item_id, revision_id, number, kind, labels, skip_reason, note,
                       taxonomy_version_id, origin, standing, at";

impl AnswerRow {
    pub fn said(&self) -> Result<Said> {
        match self.kind {
            Kind::Labels => Ok(Said::Labels(self.labels.0.clone())),
            Kind::Withdrawn => Ok(Said::Withdrawn),
            Kind::Skip => self
                .skip_reason
                .as_deref()
                .and_then(SkipReason::parse)
                .map(Said::Skip)
                .ok_or_else(|| Error::Unreadable(format!("answer {}", self.id))),
        }
    }

    pub fn is_counted(&self) -> bool {
        self.standing == Standing::Counted
    }

    pub fn vote(&self) -> Result<Vote> {
        Ok(Vote {
            queue: self.queue_id.map(QueueId),
            person: self.person_id,
            revision: self.revision_id,
            number: self.number,
            said: self.said()?,
            version: self.taxonomy_version_id.map(TaxonomyVersionId),
            origin: self.origin,
            counted: self.is_counted(),
            at: Time(self.at),
        })
    }
}

impl Tx {
    /// Everything that was said of an item.
    pub async fn answers_of_item(&mut self, item: ItemId) -> Result<Vec<AnswerRow>> {
        let query = format!("SELECT {COLUMNS} FROM answer WHERE item_id = $1");
        Ok(on!(self, |db| sqlx::query_as(AssertSqlSafe(query)).bind(item.0).fetch_all(db).await)?)
    }

    /// Appends an answer. False where its id is taken already.
    pub async fn append_answer(&mut self, answer: &NewAnswer, counts: &mut TallyChanges) -> Result<bool> {
        let mut batch = WriteBatch::default();
        batch.add_to(Statement::AnswerOnce, answer);
        let is_new = batch.execute(self).await? == 1;
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
    /// Which of these answers are kept: for a client that holds receipts and checks them.
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
