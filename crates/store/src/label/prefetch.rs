//! Prefetch: the reads of several labelers in one transaction, done once for all of them. These are their desks, the
//! answers to the items that they answer, and the next members.
//!
//! It stays valid while labelers do what nearly all do: answer what they hold, and lease what comes next. Any other
//! read or write invalidates it (see [`LabelTx::plain`](crate::label::labeling::LabelTx::plain)), and from then on each
//! queries alone.

use crate::error::Result;
use crate::label::answers::{self, AnswerRow};
use crate::label::desk::{DeskQuery, DeskRow};
use crate::label::leases::Terms;
use crate::label::open_members::{Candidate, OF_POOL, OPEN, OpenMember, SLOTS, TAKES_SLOT};
use crate::{Either, Tx};
use domain::queue::Pool;
use domain::{ItemId, PersonId, QueueId};
use sqlx::AssertSqlSafe;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Default)]
pub(crate) struct Prefetch {
    desks: BTreeMap<(QueueId, PersonId), (DeskQuery, Vec<DeskRow>)>,
    answers: BTreeMap<ItemId, Vec<AnswerRow>>,
    /// Only of queues with a desk in `desks`.
    heads: BTreeMap<(QueueId, Pool), Head>,
}

/// The first open members of a pool from a rank on, locked by this transaction.
#[derive(Debug)]
struct Head {
    from: i64,
    members: Vec<OpenMember>,
    /// There are no other open members.
    is_all: bool,
}

impl Prefetch {
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.desks.is_empty() && self.answers.is_empty() && self.heads.is_empty()
    }

    /// Runs the queries of all requests at once. Left out are a second request of the same person, and an answer to an
    /// item that an earlier request answers: they query alone.
    pub(crate) async fn load(tx: &mut Tx, queries: Vec<DeskQuery>) -> Result<Prefetch> {
        let mut prefetch = Prefetch::default();
        let mut people = BTreeSet::new();
        let queries: Vec<DeskQuery> =
            queries.into_iter().filter(|query| people.insert(query.person)).collect();
        if queries.len() < 2 {
            return Ok(prefetch);
        }
        let mut rows: BTreeMap<(QueueId, PersonId), Vec<DeskRow>> = BTreeMap::new();
        for row in tx.desk_rows(&queries).await? {
            rows.entry((row.queue(), row.person())).or_default().push(row);
        }
        let (mut items, mut with_answers) = (BTreeSet::new(), Vec::new());
        for query in queries {
            let Some(rows) = rows.remove(&(query.queue, query.person)) else { continue };
            let answered = rows.iter().find_map(DeskRow::answered);
            if answered.is_some_and(|(item, _)| !items.insert(item)) {
                continue;
            }
            with_answers.extend(answered.filter(|(_, is_answered)| *is_answered).map(|(item, _)| item));
            prefetch.desks.insert((query.queue, query.person), (query, rows));
        }
        if !with_answers.is_empty() {
            prefetch.answers = answers_of_items(tx, &with_answers).await?;
        }
        Ok(prefetch)
    }

    /// The people whose desks are loaded.
    #[cfg(test)]
    pub(crate) fn people(&self) -> impl Iterator<Item = PersonId> {
        self.desks.keys().map(|(_, person)| *person)
    }

    /// Returned once: a request changes its desk.
    pub(crate) fn take_desk(&mut self, query: &DeskQuery) -> Option<Vec<DeskRow>> {
        let (of, rows) = self.desks.remove(&(query.queue, query.person))?;
        (of == *query).then_some(rows)
    }

    pub(crate) fn take_answers(&mut self, item: ItemId) -> Option<Vec<AnswerRow>> {
        self.answers.remove(&item)
    }

    /// The next members that are open to a person. The first request for a pool reads enough members for all loaded
    /// desks. Returns nothing if the person has to query alone.
    pub(crate) async fn candidates(
        &mut self,
        tx: &mut Tx,
        terms: &Terms,
        pool: Pool,
        from: i64,
        limit: usize,
    ) -> Result<Option<Vec<Candidate>>> {
        let mut cursors = Vec::new();
        for (_, rows) in
            self.desks.iter().filter(|((queue, _), _)| *queue == terms.queue).map(|(_, desk)| desk)
        {
            if let Some(row) = rows.first() {
                cursors.push(row.standing()?[pool].cursor);
            }
        }
        if !cursors.is_empty() && !self.heads.contains_key(&(terms.queue, pool)) {
            let from = cursors.iter().copied().fold(from, i64::min);
            // One more than they want: it tells the last person that there is more.
            let most = limit * (cursors.len() + 1) + 1;
            let members = head(tx, terms.queue, pool, from, most).await?;
            let is_all = members.len() < most;
            self.heads.insert((terms.queue, pool), Head { from, members, is_all });
        }
        Ok(self.loaded(terms, pool, from, limit))
    }

    /// Members in the queue's order, if enough are loaded or no others exist.
    fn loaded(&self, terms: &Terms, pool: Pool, from: i64, limit: usize) -> Option<Vec<Candidate>> {
        let head = self.heads.get(&(terms.queue, pool)).filter(|head| head.from <= from)?;
        let open = head.members.iter().filter(|member| member.is_for(terms.person, from));
        let found: Vec<Candidate> = open.take(limit).map(|member| member.candidate.clone()).collect();
        // A member that was given away may have another free slot.
        let no_others = || head.is_all && !head.members.iter().any(|member| member.is_given);
        (found.len() == limit || no_others()).then_some(found)
    }

    /// Marks these members as leased.
    pub(crate) fn gave(&mut self, queue: QueueId, items: &[ItemId]) {
        let heads = self.heads.iter_mut().filter(|((of, _), _)| *of == queue);
        for member in heads.flat_map(|(_, head)| &mut head.members) {
            member.is_given |= items.contains(&member.candidate.item_id);
        }
    }

    /// Is one more member of the pool, from this rank on, known to be open to this person?
    pub(crate) fn has_more(&self, queue: QueueId, person: PersonId, pool: Pool, from: i64) -> bool {
        let head = self.heads.get(&(queue, pool));
        head.is_some_and(|head| head.members.iter().any(|member| member.is_for(person, from)))
    }
}

/// The first open members of a pool. Members that another transaction has locked are skipped before their texts are
/// read. Only PostgreSQL has transactions of several labelers.
async fn head(tx: &mut Tx, queue: QueueId, pool: Pool, from: i64, most: usize) -> Result<Vec<OpenMember>> {
    let Either::Postgres(db) = tx.db().await else { return Ok(Vec::new()) };
    let query = format!(
        "SELECT found.rank, found.item_id, found.pool, found.target, found.filled, item.revision_id, r.text, r.fields,
            r.event_at, had.people,
            CASE WHEN found.filled = 0 THEN 0 ELSE had.taken END AS taken
         FROM (SELECT qi.item_id, qi.pool, qi.target, qi.filled, qi.rank FROM queue_item qi
               WHERE {OF_POOL} AND qi.rank >= $2 AND {OPEN} ORDER BY qi.rank LIMIT $4 FOR UPDATE SKIP LOCKED) found
         JOIN item ON item.id = found.item_id JOIN item_revision r ON r.id = item.revision_id
         CROSS JOIN LATERAL (
            SELECT COALESCE(array_agg(a.person_id), '{{}}') AS people,
                COALESCE(CAST({SLOTS} FILTER (WHERE {TAKES_SLOT}) AS BIGINT), 0) AS taken
            FROM assignment a
            WHERE a.queue_id = $1 AND a.item_id = found.item_id AND a.state <> 'released') had
         ORDER BY found.rank"
    );
    let members =
        sqlx::query_as(AssertSqlSafe(query)).bind(queue.0).bind(from).bind(pool.as_str()).bind(most as i64);
    Ok(members.fetch_all(db).await?)
}

async fn answers_of_items(tx: &mut Tx, items: &[ItemId]) -> Result<BTreeMap<ItemId, Vec<AnswerRow>>> {
    let Either::Postgres(db) = tx.db().await else { return Ok(BTreeMap::new()) };
    let query = format!("SELECT {} FROM answer WHERE item_id = ANY($1)", answers::COLUMNS);
    let ids: Vec<i64> = items.iter().map(|item| item.0).collect();
    let rows: Vec<AnswerRow> = sqlx::query_as(AssertSqlSafe(query)).bind(ids).fetch_all(db).await?;
    let mut answers: BTreeMap<ItemId, Vec<AnswerRow>> = BTreeMap::new();
    for row in rows {
        answers.entry(row.item_id).or_default().push(row);
    }
    Ok(answers)
}
