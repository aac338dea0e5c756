//! Items as people browse them and as jobs walk over them. The modules below write them.

mod fields;
mod imported;
mod piece;
mod reopen;
mod undo;
mod upsert;

pub use fields::FieldValue;
pub use piece::{AnsweredBy, Incoming, Piece};
pub use undo::Dependents;

use crate::error::Result;
use crate::label::tally::Tally;
use crate::sql::dialect::push_list;
use crate::sql::filter::{Lead, push_slice};
use crate::{Doc, Store, on};
use domain::answer::{Kind, Origin, Standing};
use domain::consensus::State;
use domain::queue::QueueState;
use domain::slice::{FieldIs, Slice, SliceItem};
use domain::{ItemId, LabelId, ProjectId, QueueId, RevisionId, SourceId};
use serde_json::{Map, Value};
use sqlx::QueryBuilder;

/// Fields of an item, in the order of its file.
pub type Fields = Map<String, Value>;

/// An item with its current content.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct ItemRow {
    #[sqlx(try_from = "i64")]
    pub id: ItemId,
    #[sqlx(try_from = "i64")]
    pub project_id: ProjectId,
    #[sqlx(try_from = "i64")]
    pub source_id: SourceId,
    pub external_id: String,
    pub group_key: Option<String>,
    pub event_at: Option<i64>,
    pub ingested_at: i64,
    pub control: bool,
    #[sqlx(try_from = "String")]
    pub state: State,
    #[sqlx(try_from = "i64")]
    pub revision_id: RevisionId,
    pub number: i64,
    pub text: String,
    pub fields: Doc<Fields>,
    pub normalized_hash: i64,
    /// The labels of its consensus. `None` while it has no answer.
    pub labels: Option<Doc<Vec<LabelId>>>,
}

const ITEM: &str =
    "SELECT i.id, i.project_id, i.source_id, i.external_id, i.group_key, i.event_at, i.ingested_at,
    i.control, i.state, i.revision_id, r.number, r.text, r.fields, r.normalized_hash, c.labels ";
const JOINS: &str =
    " JOIN item_revision r ON r.id = i.revision_id LEFT JOIN consensus c ON c.item_id = i.id ";

/// The current text of an item.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct TextRow {
    #[sqlx(try_from = "i64")]
    pub id: ItemId,
    #[sqlx(try_from = "i64")]
    pub project_id: ProjectId,
    pub text: String,
}

/// A current or earlier content of an item.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct RevisionRow {
    #[sqlx(try_from = "i64")]
    pub id: RevisionId,
    #[sqlx(try_from = "i64")]
    pub source_id: SourceId,
    pub source_name: String,
    pub number: i64,
    pub text: String,
    pub fields: Doc<Fields>,
    pub group_key: Option<String>,
    pub event_at: Option<i64>,
    pub created_at: i64,
}

/// An answer as an item's history shows it.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct ItemAnswerRow {
    pub id: String,
    pub person_id: i64,
    pub person: String,
    pub queue_id: Option<i64>,
    pub queue: Option<String>,
    pub revision_id: i64,
    pub number: i64,
    #[sqlx(try_from = "String")]
    pub kind: Kind,
    pub labels: Doc<Vec<LabelId>>,
    pub skip_reason: Option<String>,
    pub note: Option<String>,
    #[sqlx(try_from = "String")]
    pub origin: Origin,
    #[sqlx(try_from = "String")]
    pub standing: Standing,
    pub sighted: bool,
    pub seconds: Option<f64>,
    pub at: i64,
}

/// A queue that an item is in.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct ItemQueueRow {
    #[sqlx(try_from = "i64")]
    pub id: QueueId,
    pub name: String,
    #[sqlx(try_from = "String")]
    pub state: QueueState,
    pub filled: i64,
    pub target: i64,
    pub stuck: bool,
}

impl ItemRow {
    /// Does this item belong to a slice? `is_selected` answers for the slice's selection, if it has one.
    pub fn is_in(&self, slice: &Slice, is_selected: impl Fn(ItemId) -> bool) -> bool {
        let labels = self.labels.as_ref().map_or(&[][..], |labels| &labels.0);
        let has_field = |field: &FieldIs| {
            let value = self.fields.0.get(&field.name);
            value.is_some_and(|value| *FieldValue::of(&field.name, value).text == *field.value)
        };
        slice.fits(&SliceItem {
            state: self.state,
            source: self.source_id,
            labels,
            control: self.control,
            has_field: &has_field,
            is_selected: slice.selection.is_empty() || is_selected(self.id),
        })
    }
}

/// Up to this many items can be checked one by one for a page.
const SMALL: i64 = 2_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    #[default]
    NewestFirst,
    OldestFirst,
}

impl Store {
    /// A page of items after `after`.
    pub async fn items(
        &self,
        project: ProjectId,
        slice: &Slice,
        order: Order,
        after: Option<ItemId>,
        limit: i64,
    ) -> Result<Vec<ItemRow>> {
        if slice.contradicts_itself() {
            return Ok(Vec::new());
        }
        let lead = self.lead(project, slice).await?;
        Ok(on!(self, |db| {
            let mut query = QueryBuilder::new(ITEM);
            let key = match (lead, &slice.label, &slice.field) {
                (Lead::Label, Some(label), _) => {
                    query.push(" FROM consensus_label l JOIN item i ON i.id = l.item_id").push(JOINS);
                    query.push(" WHERE l.project_id = ").push_bind(project.0);
                    query.push(" AND l.label_id = ").push_bind(label.0);
                    "l.item_id"
                }
                (Lead::Field, _, Some(field)) => {
                    query.push(" FROM item_field f JOIN item i ON i.id = f.item_id").push(JOINS);
                    query.push(" WHERE f.project_id = ").push_bind(project.0);
                    query.push(" AND f.name = ").push_bind(field.name.as_str());
                    query.push(" AND f.text = ").push_bind(field.value.as_str());
                    "f.item_id"
                }
                _ => {
                    query.push(" FROM item i").push(JOINS);
                    query.push(" WHERE i.project_id = ").push_bind(project.0);
                    "i.id"
                }
            };
            push_slice(&mut query, slice, lead);
            let (compare, direction) = match order {
                Order::NewestFirst => (" < ", " DESC"),
                Order::OldestFirst => (" > ", ""),
            };
            if let Some(after) = after {
                query.push(" AND ").push(key).push(compare).push_bind(after.0);
            }
            query.push(" ORDER BY ").push(key).push(direction).push(" LIMIT ").push_bind(limit);
            query.build_query_as().fetch_all(db).await
        })?)
    }

    /// The most selective part that has an index in item order, known from the counts.
    async fn lead(&self, project: ProjectId, slice: &Slice) -> Result<Lead> {
        let mut found = Vec::new();
        if let Some(label) = slice.label {
            let counts = self.tally(Tally::Labels(project)).await?;
            found.push((counts.get(&label.to_string()).copied().unwrap_or(0), Lead::Label));
        }
        // For several states the index is not in item order.
        if let [state] = slice.states.as_slice() {
            let counts = self.tally(Tally::Project(project)).await?;
            found.push((counts.get(state.as_str()).copied().unwrap_or(0), Lead::State));
        }
        if let Some(source) = slice.source {
            let query = "SELECT n_new FROM source WHERE id = $1";
            let n: Option<i64> =
                on!(self, |db| sqlx::query_scalar(query).bind(source.0).fetch_optional(db).await)?;
            found.push((n.unwrap_or(0), Lead::Source));
        }
        let least = found.into_iter().min_by_key(|(n, _)| *n);
        // Items per field value are not counted: the field leads if nothing small does.
        let is_small = |n: i64| slice.field.is_none() || n < SMALL;
        Ok(match least {
            Some((n, lead)) if is_small(n) => lead,
            _ if slice.field.is_some() => Lead::Field,
            _ => Lead::All,
        })
    }

    /// Items by id (search results), in the given order, without those of other projects.
    pub async fn items_by_id(&self, project: ProjectId, ids: &[ItemId]) -> Result<Vec<ItemRow>> {
        let mut items: Vec<ItemRow> = on!(self, |db| {
            let mut query = QueryBuilder::new(ITEM);
            query.push(" FROM item i").push(JOINS).push(" WHERE i.project_id = ").push_bind(project.0);
            query.push(" AND i.id IN ");
            push_list(&mut query, ids.iter().map(|id| id.0));
            query.build_query_as().persistent(false).fetch_all(db).await
        })?;
        items.sort_by_key(|item| ids.iter().position(|id| *id == item.id));
        Ok(items)
    }

    pub async fn item(&self, project: ProjectId, id: ItemId) -> Result<ItemRow> {
        let query = format!("{ITEM} FROM item i {JOINS} WHERE i.id = $1 AND i.project_id = $2");
        Ok(on!(self, |db| {
            sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(id.0).bind(project.0).fetch_one(db).await
        })?)
    }

    pub async fn item_named(&self, project: ProjectId, external_id: &str) -> Result<Option<ItemId>> {
        let query = "SELECT id FROM item WHERE project_id = $1 AND external_id = $2";
        let id: Option<i64> = on!(self, |db| {
            sqlx::query_scalar(query).bind(project.0).bind(external_id).fetch_optional(db).await
        })?;
        Ok(id.map(ItemId))
    }

    /// Texts in an id range of any project, for followers of the change feed: after `after`, up to `last`.
    pub async fn texts_between(&self, after: ItemId, last: ItemId, limit: i64) -> Result<Vec<TextRow>> {
        let query =
            "SELECT i.id, i.project_id, r.text FROM item i JOIN item_revision r ON r.id = i.revision_id
                     WHERE i.id > $1 AND i.id <= $2 ORDER BY i.id LIMIT $3";
        Ok(on!(self, |db| {
            sqlx::query_as(query).bind(after.0).bind(last.0).bind(limit).fetch_all(db).await
        })?)
    }

    /// All contents of an item, newest first.
    pub async fn revisions(&self, item: ItemId) -> Result<Vec<RevisionRow>> {
        let query =
            "SELECT r.id, r.source_id, s.name AS source_name, r.number, r.text, r.fields, r.group_key,
                            r.event_at, r.created_at
                     FROM item_revision r JOIN source s ON s.id = r.source_id
                     WHERE r.item_id = $1 ORDER BY r.number DESC LIMIT 100";
        Ok(on!(self, |db| sqlx::query_as(query).bind(item.0).fetch_all(db).await)?)
    }

    /// All answers to an item, newest first.
    pub async fn item_answers(&self, item: ItemId) -> Result<Vec<ItemAnswerRow>> {
        let query = "SELECT a.id, a.person_id, p.name AS person, a.queue_id, q.name AS queue, a.revision_id, a.number,
                            a.kind, a.labels, a.skip_reason, a.note, a.origin, a.standing, a.sighted, a.seconds, a.at
                     FROM answer a JOIN person p ON p.id = a.person_id LEFT JOIN queue q ON q.id = a.queue_id
                     WHERE a.item_id = $1 ORDER BY a.at DESC, a.id DESC LIMIT 500";
        Ok(on!(self, |db| sqlx::query_as(query).bind(item.0).fetch_all(db).await)?)
    }

    pub async fn item_queues(&self, item: ItemId) -> Result<Vec<ItemQueueRow>> {
        let query = "SELECT q.id, q.name, q.state, m.filled, m.target, m.stuck
                     FROM queue_item m JOIN queue q ON q.id = m.queue_id
                     WHERE m.item_id = $1 ORDER BY q.id DESC";
        Ok(on!(self, |db| sqlx::query_as(query).bind(item.0).fetch_all(db).await)?)
    }
}
