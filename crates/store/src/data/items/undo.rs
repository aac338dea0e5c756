//! Undoing an import: what depends on it, and its removal piece by piece.

use super::fields::FieldValue;
use crate::data::changes::ChangeKind;
use crate::data::sources::Source;
use crate::error::{Error, Result};
use crate::label::tally::{Tally, TallyChanges};
use crate::sql::dialect::push_list;
use crate::{Doc, Store, Tx, on};
use domain::consensus::State;
use domain::{ItemId, SourceId};
use sqlx::QueryBuilder;
use std::collections::{BTreeMap, BTreeSet};

/// What depends on an import: while there is any, the import stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dependents {
    /// Answers that the import did not bring itself.
    pub n_answers: i64,
    /// Its items by queue.
    pub queues: Vec<(String, i64)>,
    /// Released items with its content or answers.
    pub n_released: i64,
    /// Its items that a later import revised.
    pub n_revised_later: i64,
}

impl Dependents {
    pub fn is_empty(&self) -> bool {
        *self == Dependents::default()
    }
}

/// Items that the source created, and other items that it revised.
const TOUCHED: &str = "SELECT id FROM item WHERE source_id = $1
                       UNION SELECT item_id FROM item_revision WHERE source_id = $1 AND number > 1";

impl Store {
    pub async fn dependents(&self, source: SourceId) -> Result<Dependents> {
        let answers = format!(
            "SELECT CAST(COUNT(*) AS BIGINT) FROM answer a JOIN item_revision r ON r.id = a.revision_id
             WHERE a.item_id IN ({TOUCHED}) AND r.source_id = $1
               AND (a.source_id IS NULL OR a.source_id <> $1)"
        );
        let queues = format!(
            "SELECT q.name, CAST(COUNT(*) AS BIGINT) FROM queue_item m JOIN queue q ON q.id = m.queue_id
             WHERE m.item_id IN ({TOUCHED}) GROUP BY q.id, q.name ORDER BY q.name"
        );
        let released = format!(
            "SELECT CAST(COUNT(DISTINCT w.item_id) AS BIGINT) FROM release_row w
             JOIN item_revision r ON r.id = w.revision_id
             JOIN release c ON c.id = w.release_id AND c.state <> 'failed'
             WHERE w.item_id IN ({TOUCHED} UNION SELECT item_id FROM answer WHERE source_id = $1)
               AND (r.source_id = $1 OR EXISTS (
                 SELECT 1 FROM answer a WHERE a.item_id = w.item_id AND a.source_id = $1
                   AND w.answers LIKE '%' || a.id || '%'))"
        );
        let later = "SELECT CAST(COUNT(DISTINCT mine.item_id) AS BIGINT) FROM item_revision mine
             JOIN item_revision next ON next.item_id = mine.item_id AND next.number > mine.number
             WHERE mine.source_id = $1 AND next.source_id <> $1 AND mine.item_id IN
               (SELECT id FROM item WHERE source_id = $1
                UNION SELECT item_id FROM item_revision WHERE source_id = $1 AND number > 1)";
        let count = |query: String| async move {
            on!(self, |db| sqlx::query_scalar(sqlx::AssertSqlSafe(query)).bind(source.0).fetch_one(db).await)
        };
        Ok(Dependents {
            n_answers: count(answers).await?,
            queues: on!(self, |db| {
                sqlx::query_as(sqlx::AssertSqlSafe(queues)).bind(source.0).fetch_all(db).await
            })?,
            n_released: count(released).await?,
            n_revised_later: count(later.to_owned()).await?,
        })
    }
}

#[derive(sqlx::FromRow)]
struct Touched {
    id: i64,
    state: String,
    control: bool,
    /// The import created the item, and did not only revise it.
    came: bool,
}

#[derive(sqlx::FromRow)]
struct Back {
    revision_id: i64,
    item_id: i64,
    fields: Doc<serde_json::Map<String, serde_json::Value>>,
    group_key: Option<String>,
    event_at: Option<i64>,
}

impl Tx {
    /// Removes a piece of an import that nothing depends on: its items, its revisions of other items, and last its
    /// answers on unchanged items. Returns the number of touched items; none means that nothing is left. If something
    /// began to depend on it meanwhile, the database refuses the removal.
    pub async fn undo_piece(&mut self, source: &Source, limit: i64) -> Result<i64> {
        let came =
            "SELECT id, state, control, TRUE AS came FROM item WHERE source_id = $1 ORDER BY id LIMIT $2";
        let mut items: Vec<Touched> =
            on!(self, |db| sqlx::query_as(came).bind(source.id.0).bind(limit).fetch_all(db).await)?;
        if items.is_empty() {
            let revised = "SELECT id, state, control, FALSE AS came FROM item WHERE id IN
                             (SELECT item_id FROM item_revision WHERE source_id = $1 AND number > 1
                              ORDER BY item_id LIMIT $2)
                           ORDER BY id";
            items =
                on!(self, |db| sqlx::query_as(revised).bind(source.id.0).bind(limit).fetch_all(db).await)?;
        }
        let ids: Vec<ItemId> = items.iter().map(|i| ItemId(i.id)).collect();
        match items.first() {
            None => return self.take_answers_back(source, limit).await,
            Some(first) => {
                self.leave_failed_releases(&ids).await?;
                self.delete_answers(source, &ids).await?;
                if first.came {
                    self.remove_items(source, &items, &ids).await?;
                } else {
                    self.fall_back(source, &ids).await?;
                }
            }
        }
        Ok(ids.len() as i64)
    }

    /// Removes answers on items that the import left unchanged. Their earlier answers, if any, count again.
    async fn take_answers_back(&mut self, source: &Source, limit: i64) -> Result<i64> {
        // Without an order, so that the index scan stops after a piece.
        let query = "SELECT item_id FROM answer WHERE source_id = $1 LIMIT $2";
        let answered: Vec<i64> =
            on!(self, |db| sqlx::query_scalar(query).bind(source.id.0).bind(limit).fetch_all(db).await)?;
        let items: BTreeSet<ItemId> = answered.into_iter().map(ItemId).collect();
        let items: Vec<ItemId> = items.into_iter().collect();
        if items.is_empty() {
            return Ok(0);
        }
        self.delete_answers(source, &items).await?;
        let mut counts = TallyChanges::default();
        for item in &items {
            self.settle_consensus(source.project, *item, &mut counts).await?;
        }
        self.count_all(counts, source.id.0).await?;
        Ok(items.len() as i64)
    }

    /// Deletes these items from failed releases, which must not keep them.
    async fn leave_failed_releases(&mut self, items: &[ItemId]) -> Result<()> {
        on!(self, |db| {
            let mut query = QueryBuilder::new(
                "DELETE FROM release_row WHERE release_id IN (SELECT id FROM release WHERE state = 'failed')
                   AND item_id IN ",
            );
            push_list(&mut query, items.iter().map(|item| item.0));
            query.build().persistent(false).execute(db).await.map(|_| ())
        })?;
        Ok(())
    }

    async fn delete_answers(&mut self, source: &Source, items: &[ItemId]) -> Result<()> {
        let n_answers = on!(self, |db| {
            let mut query = QueryBuilder::new("DELETE FROM answer WHERE source_id = ");
            query.push_bind(source.id.0).push(" AND item_id IN ");
            push_list(&mut query, items.iter().map(|item| item.0));
            query.build().persistent(false).execute(db).await.map(|r| r.rows_affected())
        })?;
        self.count(Tally::Answers(source.project), Tally::ALL, -(n_answers as i64), source.id.0).await
    }

    async fn remove_items(&mut self, source: &Source, items: &[Touched], ids: &[ItemId]) -> Result<()> {
        let mut counts = TallyChanges::default();
        let labels: Vec<(i64, i64)> = on!(self, |db| {
            let mut query = QueryBuilder::new(
                "SELECT label_id, CAST(COUNT(*) AS BIGINT) FROM consensus_label WHERE item_id IN ",
            );
            push_list(&mut query, ids.iter().map(|item| item.0));
            query.push(" GROUP BY label_id");
            query.build_query_as().persistent(false).fetch_all(db).await
        })?;
        for (label, n) in labels {
            counts.add(Tally::Labels(source.project), &label.to_string(), -n);
        }
        self.leave_runs(source.project, ids).await?;
        self.delete_fields(source.project, ids).await?;
        for table in ["consensus_label", "consensus", "item_revision"] {
            self.delete_by_item(table, ids).await?;
        }
        on!(self, |db| {
            let mut query = QueryBuilder::new("DELETE FROM item WHERE id IN ");
            push_list(&mut query, ids.iter().map(|item| item.0));
            query.build().persistent(false).execute(db).await.map(|_| ())
        })?;
        let project = Tally::Project(source.project);
        for (state, n) in by_state(items)?.into_values() {
            counts.add(project, state.as_str(), -n);
        }
        let n_control = items.iter().filter(|i| i.control).count() as i64;
        counts.add(project, "control", -n_control);
        self.count_all(counts, source.id.0).await?;
        self.note_change(source.project, ChangeKind::Removed, ids).await
    }

    /// Restores the content that other items had before this import. The answers on it count again.
    async fn fall_back(&mut self, source: &Source, ids: &[ItemId]) -> Result<()> {
        self.delete_fields(source.project, ids).await?;
        on!(self, |db| {
            let mut query = QueryBuilder::new("DELETE FROM item_revision WHERE source_id = ");
            query.push_bind(source.id.0).push(" AND item_id IN ");
            push_list(&mut query, ids.iter().map(|item| item.0));
            query.build().persistent(false).execute(db).await.map(|_| ())
        })?;
        let back: Vec<Back> = on!(self, |db| {
            let mut query = QueryBuilder::new(
                "SELECT r.id AS revision_id, r.item_id, r.fields, r.group_key, r.event_at FROM item_revision r
                 WHERE r.number = (SELECT MAX(number) FROM item_revision n WHERE n.item_id = r.item_id)
                   AND r.item_id IN ",
            );
            push_list(&mut query, ids.iter().map(|item| item.0));
            query.build_query_as().persistent(false).fetch_all(db).await
        })?;
        let update = "UPDATE item SET revision_id = $2, group_key = $3, event_at = $4, seen_source = NULL,
                        seen_line = NULL WHERE id = $1";
        for row in &back {
            on!(self, |db| {
                let query = sqlx::query(update).bind(row.item_id).bind(row.revision_id).bind(&row.group_key);
                query.bind(row.event_at).execute(db).await.map(|_| ())
            })?;
        }
        let fields: Vec<(ItemId, FieldValue)> = back
            .iter()
            .flat_map(|row| {
                row.fields.0.iter().map(|(name, value)| (ItemId(row.item_id), FieldValue::of(name, value)))
            })
            .collect();
        self.insert_fields(source.project, &fields).await?;
        let mut counts = TallyChanges::default();
        self.reopen_items(source.project, ids, &mut counts).await?;
        self.count_all(counts, source.id.0).await?;
        self.note_change(source.project, ChangeKind::Items, ids).await
    }
}

fn parse(state: &str) -> Result<State> {
    State::parse(state).ok_or_else(|| Error::Unreadable("item state".to_owned()))
}

fn by_state(items: &[Touched]) -> Result<BTreeMap<&'static str, (State, i64)>> {
    let mut counts: BTreeMap<&'static str, (State, i64)> = BTreeMap::new();
    for item in items {
        let state = parse(&item.state)?;
        counts.entry(state.as_str()).or_insert((state, 0)).1 += 1;
    }
    Ok(counts)
}
