//! An item whose content changed under its answers: it reads as unanswered, and open queues take it in again.

use crate::error::Result;
use crate::tally::Tally;
use crate::{Tx, on};
use domain::consensus::State;
use domain::{ItemId, QueueId};
use sqlx::QueryBuilder;

/// What was opened again: so many items now read as unlabeled, which had these states before.
#[derive(Debug, Default)]
pub struct Reopened {
    pub n_items: i64,
    pub from: Vec<(State, i64)>,
}

#[derive(sqlx::FromRow)]
struct Member {
    queue_id: i64,
    item_id: i64,
    rank: i64,
    target: i64,
    filled: i64,
}

impl Tx {
    /// Answers that were given stay what they were, on the content that they were given on; they no longer
    /// count for the item. Whoever holds it in an open queue loses it, and may get it again with the new content.
    /// The project's counts are the caller's.
    pub async fn reopen_items(&mut self, items: &[(ItemId, State)]) -> Result<Reopened> {
        let ids: Vec<ItemId> = items.iter().map(|(item, _)| *item).collect();
        self.reopen_in_queues(&ids).await?;
        self.delete_by_item("consensus_label", &ids).await?;
        self.delete_by_item("consensus", &ids).await?;
        let answered: Vec<ItemId> =
            items.iter().filter(|(_, state)| *state != State::Unlabeled).map(|(item, _)| *item).collect();
        if !answered.is_empty() {
            on!(self, |db| {
                let mut query = QueryBuilder::new("UPDATE item SET state = ");
                query.push_bind(State::Unlabeled.as_str()).push(" WHERE id IN (");
                push_ids(&mut query, &answered);
                query.push(")");
                query.build().persistent(false).execute(db).await.map(|_| ())
            })?;
        }
        let n_in = |state: State| items.iter().filter(|(_, s)| *s == state).count() as i64;
        let from = State::ALL.into_iter().filter(|s| *s != State::Unlabeled).map(|s| (s, n_in(s)));
        Ok(Reopened { n_items: answered.len() as i64, from: from.filter(|(_, n)| *n > 0).collect() })
    }

    async fn reopen_in_queues(&mut self, items: &[ItemId]) -> Result<()> {
        let members: Vec<Member> = on!(self, |db| {
            let mut query = QueryBuilder::new(
                "SELECT m.queue_id, m.item_id, m.rank, m.target, m.filled
                 FROM queue_item m JOIN queue q ON q.id = m.queue_id
                 WHERE q.state <> 'closed' AND m.item_id IN (",
            );
            push_ids(&mut query, items);
            query.push(") ORDER BY m.queue_id, m.item_id");
            query.build_query_as().persistent(false).fetch_all(db).await
        })?;
        for members in members.chunk_by(|a, b| a.queue_id == b.queue_id) {
            self.reopen_in_queue(QueueId(members[0].queue_id), members).await?;
        }
        Ok(())
    }

    async fn reopen_in_queue(&mut self, queue: QueueId, members: &[Member]) -> Result<()> {
        let items: Vec<ItemId> = members.iter().map(|m| ItemId(m.item_id)).collect();
        let answered: i64 = on!(self, |db| {
            let mut query = QueryBuilder::new(
                "SELECT CAST(COUNT(*) AS BIGINT) FROM assignment WHERE state = 'answered' AND queue_id = ",
            );
            query.push_bind(queue.0).push(" AND item_id IN (");
            push_ids(&mut query, &items);
            query.push(")");
            query.build_query_scalar().persistent(false).fetch_one(db).await
        })?;
        on!(self, |db| {
            let mut query = QueryBuilder::new(
                "UPDATE assignment SET state = 'released' WHERE state <> 'released' AND queue_id = ",
            );
            query.push_bind(queue.0).push(" AND item_id IN (");
            push_ids(&mut query, &items);
            query.push(")");
            query.build().persistent(false).execute(db).await.map(|_| ())
        })?;
        on!(self, |db| {
            let mut query =
                QueryBuilder::new("UPDATE queue_item SET filled = 0, stuck = FALSE WHERE queue_id = ");
            query.push_bind(queue.0).push(" AND item_id IN (");
            push_ids(&mut query, &items);
            query.push(")");
            query.build().persistent(false).execute(db).await.map(|_| ())
        })?;
        // What lies behind a cursor is never looked at again: the cursors go back to the first of these items.
        let first = members.iter().map(|m| m.rank).min().unwrap_or_default();
        let back = "UPDATE queue_person
                    SET cursor_plain = CASE WHEN cursor_plain > $2 THEN $2 ELSE cursor_plain END,
                        cursor_control = CASE WHEN cursor_control > $2 THEN $2 ELSE cursor_control END
                    WHERE queue_id = $1 AND (cursor_plain > $2 OR cursor_control > $2)";
        on!(self, |db| sqlx::query(back).bind(queue.0).bind(first).execute(db).await.map(|_| ()))?;
        let full = members.iter().filter(|m| m.filled >= m.target).count() as i64;
        self.count(Tally::Queue(queue), "full", -full, queue.0).await?;
        self.count(Tally::Queue(queue), "answers", -answered, queue.0).await
    }

    /// Deletes what hangs on items in one of a few tables.
    pub(super) async fn delete_by_item(&mut self, table: &'static str, items: &[ItemId]) -> Result<u64> {
        let mut n = 0;
        for items in items.chunks(256) {
            n += on!(self, |db| {
                let mut query = QueryBuilder::new("DELETE FROM ");
                query.push(table).push(" WHERE item_id IN (");
                push_ids(&mut query, items);
                query.push(")");
                query.build().persistent(items.len() == 256).execute(db).await.map(|r| r.rows_affected())
            })?;
        }
        Ok(n)
    }
}

/// A comma-separated list of bound ids.
pub(super) fn push_ids<'q, DB>(query: &mut QueryBuilder<DB>, items: &[ItemId])
where
    DB: sqlx::Database,
    i64: sqlx::Encode<'q, DB> + sqlx::Type<DB>,
{
    let mut list = query.separated(", ");
    for item in items {
        list.push_bind(item.0);
    }
}
