//! What several people in one transaction are going to ask, asked once for all of them (see [`crate::engine::postgres::group_commit`]): their
//! desks, what was said of the items that they answer, and the members that come next.
//!
//! All of it stays true while they do what nearly everybody does: answer what they hold, and lease what comes next. What
//! is prefetch here holds for as long: whoever asks or writes anything else (see [`Tx::db`]) makes it be forgotten, and
//! from then on each asks for themselves.

use crate::error::Result;
use crate::label::answers::{self, AnswerRow};
use crate::label::desk::{DeskRow, Look};
use crate::label::leases::{Candidate, Pool, Terms};
use crate::{Either, Tx};
use domain::{ItemId, PersonId, QueueId};
use sqlx::AssertSqlSafe;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Default)]
pub(crate) struct Prefetch {
    desks: BTreeMap<(QueueId, PersonId), (Look, Vec<DeskRow>)>,
    answers: BTreeMap<ItemId, Vec<AnswerRow>>,
    /// Only of queues with a desk here.
    fronts: BTreeMap<(QueueId, Pool), Front>,
}

/// The first members of a queue that are open to anyone, from a rank on, held by this transaction.
#[derive(Debug)]
struct Front {
    from: i64,
    members: Vec<Open>,
    /// There are no others.
    is_all: bool,
}

#[derive(Debug, sqlx::FromRow)]
struct Open {
    rank: i64,
    #[sqlx(flatten)]
    candidate: Candidate,
    /// Who holds, answered or skipped it.
    people: Vec<i64>,
    /// Leased in this transaction. Whoever comes next gets another one, so that no two write to the same member.
    #[sqlx(skip)]
    is_given: bool,
}

impl Open {
    fn is_for(&self, person: PersonId, from: i64) -> bool {
        !self.is_given && self.rank >= from && !self.people.contains(&person.0)
    }
}

impl Prefetch {
    pub(crate) fn is_empty(&self) -> bool {
        self.desks.is_empty() && self.answers.is_empty() && self.fronts.is_empty()
    }

    /// Once: what is on it changes when something is done at it.
    pub(crate) fn take_desk(&mut self, look: &Look) -> Option<Vec<DeskRow>> {
        let (prefetch, rows) = self.desks.remove(&(look.queue, look.person))?;
        (prefetch == *look).then_some(rows)
    }

    pub(crate) fn take_answers(&mut self, item: ItemId) -> Option<Vec<AnswerRow>> {
        self.answers.remove(&item)
    }

    /// Members in the queue's order, if there are enough of them, or no others.
    fn candidates(&self, terms: &Terms, pool: Pool, from: i64, limit: usize) -> Option<Vec<Candidate>> {
        let front = self.fronts.get(&(terms.queue, pool)).filter(|front| front.from <= from)?;
        let open = front.members.iter().filter(|open| open.is_for(terms.person, from));
        let found: Vec<Candidate> = open.take(limit).map(|open| open.candidate.clone()).collect();
        // One that was given away may have a slot for them all the same.
        let no_others = || front.is_all && !front.members.iter().any(|open| open.is_given);
        (found.len() == limit || no_others()).then_some(found)
    }

    /// These are leased now.
    pub(crate) fn gave(&mut self, queue: QueueId, items: &[ItemId]) {
        let fronts = self.fronts.iter_mut().filter(|((of, _), _)| *of == queue);
        for open in fronts.flat_map(|(_, front)| &mut front.members) {
            open.is_given |= items.contains(&open.candidate.item_id);
        }
    }

    /// Is there one more for them, as far as is known?
    pub(crate) fn has_more(&self, queue: QueueId, person: PersonId, [plain, control]: [i64; 2]) -> bool {
        [(Pool::Plain, plain), (Pool::Control, control)].into_iter().any(|(pool, from)| {
            let front = self.fronts.get(&(queue, pool));
            front.is_some_and(|front| front.members.iter().any(|open| open.is_for(person, from)))
        })
    }
}

impl Tx {
    /// Asks for all of them what each would ask. Whoever is here twice, or answers an item that someone before them
    /// answers, is left to ask by themselves.
    pub(crate) async fn prefetch_for(&mut self, looks: Vec<Look>) -> Result<()> {
        let mut people = BTreeSet::new();
        let looks: Vec<Look> = looks.into_iter().filter(|look| people.insert(look.person)).collect();
        if looks.len() < 2 {
            return Ok(());
        }
        let mut rows: BTreeMap<(QueueId, PersonId), Vec<DeskRow>> = BTreeMap::new();
        for row in self.desk_rows(&looks).await? {
            rows.entry((row.queue(), row.person())).or_default().push(row);
        }
        let (mut items, mut said) = (BTreeSet::new(), Vec::new());
        for look in looks {
            let Some(rows) = rows.remove(&(look.queue, look.person)) else { continue };
            let answered = rows.iter().find_map(DeskRow::answered);
            if answered.is_some_and(|(item, _)| !items.insert(item)) {
                continue;
            }
            said.extend(answered.filter(|(_, is_answered)| *is_answered).map(|(item, _)| item));
            self.prefetch.desks.insert((look.queue, look.person), (look, rows));
        }
        if !said.is_empty() {
            self.prefetch.answers = self.answers_of_items(&said).await?;
        }
        Ok(())
    }

    /// The next members that are open to a person, where these can be prefetch.
    pub(crate) async fn prefetched_candidates(
        &mut self,
        terms: &Terms,
        pool: Pool,
        from: i64,
        limit: usize,
    ) -> Result<Option<Vec<Candidate>>> {
        let others = self.prefetch.desks.iter().filter(|((queue, _), _)| *queue == terms.queue);
        let cursors: Vec<i64> =
            others.filter_map(|(_, (_, rows))| rows.first()?.cursor(pool).into()).collect();
        if !cursors.is_empty() && !self.prefetch.fronts.contains_key(&(terms.queue, pool)) {
            let from = cursors.iter().copied().fold(from, i64::min);
            // One more than they want tells the last of them that there is more.
            let most = limit * (cursors.len() + 1) + 1;
            let members = self.front(terms.queue, pool, from, most).await?;
            let is_all = members.len() < most;
            self.prefetch.fronts.insert((terms.queue, pool), Front { from, members, is_all });
        }
        Ok(self.prefetch.candidates(terms, pool, from, limit))
    }

    /// Members that someone else is taking at this moment are passed over, before their texts are looked for.
    async fn front(&mut self, queue: QueueId, pool: Pool, from: i64, most: usize) -> Result<Vec<Open>> {
        let Either::Postgres(db) = self.raw() else { return Ok(Vec::new()) };
        let query = format!(
            "SELECT found.rank, found.item_id, found.control, found.target, found.filled, item.revision_id, r.text, r.fields,
                r.event_at, had.people,
                CASE WHEN found.filled = 0 THEN 0 ELSE had.taken END AS taken
             FROM (SELECT qi.item_id, qi.control, qi.target, qi.filled, qi.rank FROM queue_item qi
                   WHERE qi.queue_id = $1 AND qi.control = {} AND qi.rank >= $2 AND qi.filled < qi.target AND NOT qi.stuck
                   ORDER BY qi.rank LIMIT $3 FOR UPDATE SKIP LOCKED) found
             JOIN item ON item.id = found.item_id JOIN item_revision r ON r.id = item.revision_id
             CROSS JOIN LATERAL (
                SELECT COALESCE(array_agg(a.person_id), '{{}}') AS people,
                    COALESCE(CAST(SUM(CAST(1 AS BIGINT) << CAST(a.slot AS INTEGER))
                        FILTER (WHERE a.state IN ('leased', 'answered') AND NOT a.beside) AS BIGINT), 0) AS taken
                FROM assignment a
                WHERE a.queue_id = $1 AND a.item_id = found.item_id AND a.state <> 'released') had
             ORDER BY found.rank",
            pool.is_control()
        );
        let members = sqlx::query_as(AssertSqlSafe(query)).bind(queue.0).bind(from).bind(most as i64);
        Ok(members.fetch_all(db).await?)
    }

    async fn answers_of_items(&mut self, items: &[ItemId]) -> Result<BTreeMap<ItemId, Vec<AnswerRow>>> {
        let Either::Postgres(db) = self.raw() else { return Ok(BTreeMap::new()) };
        let query = format!("SELECT {} FROM answer WHERE item_id = ANY($1)", answers::COLUMNS);
        let ids: Vec<i64> = items.iter().map(|item| item.0).collect();
        let rows: Vec<AnswerRow> = sqlx::query_as(AssertSqlSafe(query)).bind(ids).fetch_all(db).await?;
        let mut answers: BTreeMap<ItemId, Vec<AnswerRow>> = BTreeMap::new();
        for row in rows {
            answers.entry(row.item_id).or_default().push(row);
        }
        Ok(answers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tx::{Connection, GroupTotals};
    use crate::label::desk::Answering;
    use crate::label::tally::TallyChanges;
    use crate::label::write_batch::Statement;
    use crate::{Store, testing};
    use domain::{AssignmentId, ProjectId, Time};

    const QUEUE: QueueId = QueueId(1);

    /// Three people, and a queue of six items, two slots each: the first item is held by the first two people.
    async fn store() -> Option<Store> {
        let Some((store, _folder)) = testing::postgres().await else {
            eprintln!("left out: ASSAY_TEST_POSTGRES names no server");
            return None;
        };
        let statements = [
            "INSERT INTO project (id, slug, name, task, settings, created_at) VALUES (1, 'p', 'P', 'single', '{}', 0)",
            "INSERT INTO source (id, project_id, name, format, mapping, state, created_at)
             VALUES (1, 1, 's', 'csv', '{}', 'done', 0)",
            "INSERT INTO person (id, email, name, kind, admin, created_at)
             SELECT n, n || '@example.org', 'person ' || n, 'person', FALSE, 0 FROM generate_series(1, 3) n",
            "INSERT INTO item (id, project_id, source_id, external_id, ingested_at, control_hash, control, revision_id, state)
             SELECT n, 1, 1, 'e' || n, 0, 0, FALSE, n, 'unlabeled' FROM generate_series(1, 6) n",
            "INSERT INTO item_revision (id, item_id, project_id, source_id, number, text, fields, content_hash,
                                        normalized_hash, created_at)
             SELECT n, n, 1, 1, 1, 'text ' || n, '{}', 0, 0, 0 FROM generate_series(1, 6) n",
            "INSERT INTO queue (id, project_id, name, state, strategy, overlap, control_share, lease_seconds, seed, filter,
                                created_at) VALUES (1, 1, 'q', 'open', 'in_order', 2, 0, 600, 0, '{}', 0)",
            "INSERT INTO queue_item (queue_id, item_id, rank, control, target, filled)
             SELECT 1, n, n, FALSE, 2, CASE n WHEN 1 THEN 2 ELSE 0 END FROM generate_series(1, 6) n",
            "INSERT INTO assignment (id, project_id, queue_id, item_id, revision_id, person_id, slot, target, beside, state,
                                     lease_until, created_at)
             SELECT n, 1, 1, 1, 1, n, n - 1, 2, FALSE, 'leased', 9000000000000000, 0 FROM generate_series(1, 2) n",
        ];
        testing::run(&store, &statements).await;
        Some(store)
    }

    /// A transaction of these people.
    async fn begun(store: &Store, looks: Vec<Look>) -> Tx {
        let store = store.along_indexes();
        let Either::Postgres(connections) = store.db().await else {
            unreachable!("PostgreSQL was asked for")
        };
        let mut held = connections.take().await.expect("a connection");
        held.begin("BEGIN").await.expect("begun");
        let mut tx = Tx::new(Connection::Postgres(held), store.ids.clone(), store.clock.clone());
        tx.group = Some(GroupTotals::default());
        tx.prefetch_for(looks).await.expect("prefetch");
        tx
    }

    async fn commit(mut tx: Tx) {
        tx.end(0).await.expect("written");
        let Connection::Postgres(held) = tx.connection else { unreachable!("PostgreSQL was asked for") };
        held.commit().await.expect("committed");
    }

    fn look(person: i64, answering: Option<i64>) -> Look {
        let answering =
            answering.map(|id| Answering { assignment: AssignmentId(id), id: format!("answer {id}") });
        Look { queue: QUEUE, person: PersonId(person), answering }
    }

    /// One more item for a person, who says which.
    async fn lease(tx: &mut Tx, person: i64) -> i64 {
        let person = PersonId(person);
        let (desk, _) = tx.desk(QUEUE, person, None).await.expect("the desk").expect("a queue");
        let terms = Terms {
            project: ProjectId(1),
            queue: QUEUE,
            person,
            beside: false,
            until: Time(9_000_000_000_000_000),
        };
        let found = tx.candidates(&terms, Pool::Plain, desk.cursor_plain, 1).await.expect("a member");
        let mut counts = TallyChanges::default();
        let leased = tx.lease(&terms, found, &mut counts).await.expect("a lease");
        assert!(tx.move_cursors(QUEUE, person, [desk.cursor_plain, 0]).await.expect("the cursors"));
        tx.count_all(counts, person.0).await.expect("counted");
        leased[0].item_id.0
    }

    #[tokio::test]
    async fn what_all_of_them_want_is_asked_and_written_once() {
        let Some(store) = store().await else { return };
        let mut tx = begun(&store, (1..=3).map(|person| look(person, None)).collect()).await;
        let mut items = Vec::new();
        for person in 1..=3 {
            items.push(lease(&mut tx, person).await);
        }
        assert_eq!(items, [2, 3, 4], "no two write to the same member");
        commit(tx).await;
        let number = |query| testing::number(&store, query);
        assert_eq!(number("SELECT COUNT(*) FROM assignment").await, 5);
        let statements = "SELECT COUNT(DISTINCT CAST(cmin AS TEXT)) FROM assignment WHERE created_at > 0";
        assert_eq!(number(statements).await, 1);
        assert_eq!(
            number("SELECT COUNT(*) FROM queue_item WHERE item_id IN (2, 3, 4) AND filled = 1").await,
            3
        );
        let moved = "SELECT COUNT(*) FROM queue_person WHERE served = 1
                     AND cursor_plain = CASE person_id WHEN 1 THEN 3 ELSE 2 END";
        assert_eq!(number(moved).await, 3, "each cursor stands at the first member that is open to them");
    }

    #[tokio::test]
    async fn whoever_does_something_else_makes_it_forgotten() {
        let Some(store) = store().await else { return };
        let mut tx = begun(&store, (1..=3).map(|person| look(person, None)).collect()).await;
        assert_eq!(lease(&mut tx, 1).await, 2);
        assert!(tx.later.has(Statement::Lease) && !tx.prefetch.is_empty());
        tx.db().await;
        assert!(tx.later.is_empty() && tx.prefetch.is_empty());
        assert_eq!(lease(&mut tx, 2).await, 2, "whose second slot is free");
        assert_eq!(lease(&mut tx, 3).await, 3);
        commit(tx).await;
        let full = "SELECT COUNT(*) FROM queue_item WHERE item_id = 2 AND filled = 2";
        assert_eq!(testing::number(&store, full).await, 1);
    }

    #[tokio::test]
    async fn who_is_there_twice_or_answers_the_same_item_asks_alone() {
        let Some(store) = store().await else { return };
        let looks = [look(1, Some(1)), look(2, Some(2)), look(3, None), look(3, None)];
        let mut tx = begun(&store, looks.to_vec()).await;
        let prefetch: Vec<i64> = tx.prefetch.desks.keys().map(|(_, person)| person.0).collect();
        assert_eq!(prefetch, [1, 3]);
        tx.desk(QUEUE, PersonId(2), Some(look(2, Some(2)).answering.expect("an answer")))
            .await
            .expect("a desk");
        assert!(tx.prefetch.is_empty(), "what they do may change what the others would be told");
        commit(tx).await;
    }

    #[tokio::test]
    async fn at_the_end_of_a_line_the_second_slot_goes_to_someone_in_the_same_transaction() {
        let Some(store) = store().await else { return };
        testing::run(&store, &["UPDATE queue_item SET filled = target WHERE item_id < 5"]).await;
        let mut tx = begun(&store, (1..=3).map(|person| look(person, None)).collect()).await;
        assert_eq!(lease(&mut tx, 1).await, 5);
        assert_eq!(lease(&mut tx, 2).await, 6);
        assert_eq!(lease(&mut tx, 3).await, 5);
        commit(tx).await;
    }

    #[tokio::test]
    async fn a_cursor_does_not_pass_what_became_free_in_the_same_transaction() {
        let Some(store) = store().await else { return };
        testing::run(
            &store,
            &["INSERT INTO queue_person (queue_id, person_id, cursor_plain) SELECT 1, n, 3 FROM generate_series(1, 3) n"],
        )
        .await;
        let mut tx = begun(&store, (1..=3).map(|person| look(person, None)).collect()).await;
        assert_eq!(lease(&mut tx, 3).await, 3);
        tx.lower_cursors(QUEUE, false, 2).await.expect("lowered");
        commit(tx).await;
        let cursor =
            testing::number(&store, "SELECT cursor_plain FROM queue_person WHERE person_id = 3").await;
        assert_eq!(cursor, 2);
    }
}
