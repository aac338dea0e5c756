//! The seam of the answer path: [`Store::label`] runs the request of a labeler in a [`LabelTx`].
//!
//! A [`LabelTx`] wraps a plain [`Tx`] and makes it fast. It defers writes in a write batch, which goes to the database in
//! one message, and it answers questions from a prefetch where several labelers share a transaction. Its methods are what
//! labeling needs. Everything else goes through [`LabelTx::plain`], which flushes the batch and invalidates what was read
//! ahead: the plain transaction sees all earlier writes.

use crate::engine::postgres::group_commit::Shared;
use crate::engine::priority::Priority;
use crate::engine::tx::run_postgres;
use crate::error::Result;
use crate::label::answer_context::AnswerContext;
use crate::label::answers::{AnswerRow, NewAnswer};
use crate::label::consensus::Subject;
use crate::label::desk::{self, Answering, Desk, DeskQuery};
use crate::label::leases::{CursorMove, Filled, HeldRow, Hold, NewLease, PASSED, Terms};
use crate::label::open_members::Candidate;
use crate::label::prefetch::Prefetch;
use crate::label::tally::{Progress, Tally, TallyChanges};
use crate::label::write_batch::{Statement, WriteBatch};
use crate::{BoxFuture, Engine, Error, MaybeBusy, Store, Tx};
use domain::consensus::Vote;
use domain::queue::{PerPool, Pool};
use domain::{AssignmentId, ItemId, PersonId, ProjectId, QueueId, Time};
use std::collections::BTreeSet;

/// The request of a labeler: who it is, at which queue, and what they are going to answer.
///
/// On PostgreSQL the transaction of a request locks the person, what they hold in the queue, and the items that they are
/// going to answer. Otherwise two tabs, a person who reclaims expired leases, or two people who answer the same item would
/// wait for each other in different orders.
#[derive(Debug, Clone)]
pub struct LabelRequest {
    pub person: PersonId,
    pub queue: Option<QueueId>,
    pub answers: Vec<Answering>,
}

impl LabelRequest {
    /// Prepared once in each connection to PostgreSQL. Each part reads the previous one, which fixes the order of
    /// the locks.
    pub(crate) const PREPARE: &str = "PREPARE label_request (BIGINT[], BIGINT[], BIGINT[]) AS
         WITH one_by_one AS MATERIALIZED (SELECT pg_advisory_xact_lock(person) FROM unnest($1) AS person),
         leases AS MATERIALIZED (
            SELECT a.id FROM unnest($1, $2) AS these (person, queue)
              JOIN assignment a ON a.person_id = person AND a.queue_id = queue AND a.state = 'leased'
            WHERE (SELECT COUNT(*) FROM one_by_one) > 0 ORDER BY a.id FOR UPDATE OF a),
         items AS MATERIALIZED (
            SELECT id FROM item
            WHERE id IN (SELECT item_id FROM assignment WHERE id = ANY($3) AND person_id = ANY($1))
              AND (SELECT COUNT(*) FROM leases) >= 0 ORDER BY id FOR UPDATE)
         SELECT COUNT(*) FROM items";

    /// The desk to read ahead; none for a request with several answers.
    fn desk_query(&self) -> Option<DeskQuery> {
        let (queue, answering) = match self.answers.as_slice() {
            [] => (self.queue?, None),
            [one] => (self.queue?, Some(one.clone())),
            _ => return None,
        };
        Some(DeskQuery { queue, person: self.person, answering })
    }
}

impl Store {
    /// Does the work of a labeler in one transaction. Returns after it is on disk. An error undoes all of it.
    ///
    /// On PostgreSQL it shares a transaction with others who label at the same time, if all of it can be done (group
    /// commit). SQLite's writer commits together what comes together. The closure may run again, as with [`Store::write`].
    pub async fn label<T, E, F>(&self, request: LabelRequest, work: F) -> std::result::Result<T, E>
    where
        F: Work<T, E>,
        T: Send + 'static,
        E: From<Error> + MaybeBusy + Send + 'static,
    {
        let (ids, clock) = (self.ids.clone(), self.clock.clone());
        let work = in_label_tx(request.clone(), work);
        match &self.engine {
            Engine::Sqlite { writer, .. } => writer.run(Priority::Interactive, ids, clock, alone(work)).await,
            Engine::Postgres { labelers, group_commit, throttle, .. } => {
                let write = async move {
                    let shared = group_commit.run(request.clone(), ids.clone(), clock.clone(), work.clone());
                    match shared.await {
                        Some(value) => Ok(value),
                        None => {
                            run_postgres(labelers, LabelState::begin([&request]), ids, clock, alone(work))
                                .await
                        }
                    }
                };
                // Boxed: a large future would lie three times on the stack of every caller.
                throttle.take(Priority::Interactive, Box::pin(write)).await
            }
        }
    }
}

/// What a labeler does in a [`LabelTx`].
pub trait Work<T, E>:
    for<'a> FnOnce(&'a mut LabelTx<'_>) -> BoxFuture<'a, std::result::Result<T, E>> + Clone + Send + 'static
{
}

impl<T, E, F> Work<T, E> for F where
    F: for<'a> FnOnce(&'a mut LabelTx<'_>) -> BoxFuture<'a, std::result::Result<T, E>>
        + Clone
        + Send
        + 'static
{
}

/// The work with its [`LabelTx`] made and finished around it.
pub(crate) fn in_label_tx<T, E, F>(
    request: LabelRequest,
    work: F,
) -> impl for<'t> FnOnce(&'t mut Tx, &'t mut LabelState) -> BoxFuture<'t, std::result::Result<T, E>>
+ Clone
+ Send
+ 'static
where
    F: Work<T, E>,
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    move |tx, state| {
        Box::pin(async move {
            let mut tx = LabelTx::new(tx, state, request);
            let value = work(&mut tx).await?;
            tx.finish().await?;
            Ok(value)
        })
    }
}

/// The work in a transaction of its own.
fn alone<T, E, F>(
    work: F,
) -> impl for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, std::result::Result<T, E>> + Clone + Send + 'static
where
    F: for<'t> FnOnce(&'t mut Tx, &'t mut LabelState) -> BoxFuture<'t, std::result::Result<T, E>>
        + Clone
        + Send
        + 'static,
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    move |tx| Box::pin(async move { work(tx, &mut LabelState::default()).await })
}

/// What the requests of one transaction have in common.
#[derive(Debug, Default)]
pub(crate) struct LabelState {
    /// Writes that are deferred: they go with what is written next, and before anything else is read.
    batch: WriteBatch,
    prefetch: Prefetch,
    /// Only where several labelers share the transaction.
    shared: Option<AtEnd>,
}

/// What is written once for all labelers of a transaction, at its end.
#[derive(Debug, Default)]
struct AtEnd {
    counts: TallyChanges,
    cursors: Vec<CursorMove>,
}

impl Shared for LabelState {
    type Request = LabelRequest;

    /// Begins the transaction and takes the locks of all requests, in one message. Every transaction locks in one order.
    fn begin<'r>(requests: impl IntoIterator<Item = &'r LabelRequest>) -> String {
        let mut pairs = BTreeSet::new();
        let mut assignments = Vec::new();
        for LabelRequest { person, queue, answers } in requests {
            pairs.insert((person.0, queue.map_or(0, |queue| queue.0)));
            assignments.extend(answers.iter().map(|answer| answer.assignment.0));
        }
        let (people, queues): (Vec<i64>, Vec<i64>) = pairs.into_iter().unzip();
        let [people, queues, assignments] = [people, queues, assignments].map(|ids| {
            let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
            format!("'{{{}}}'", ids.join(","))
        });
        format!("BEGIN; EXECUTE label_request ({people}, {queues}, {assignments})")
    }

    async fn open<'r>(
        &mut self,
        tx: &mut Tx,
        requests: impl IntoIterator<Item = &'r LabelRequest> + Send,
    ) -> Result<()> {
        self.shared = Some(AtEnd::default());
        let queries = requests.into_iter().filter_map(LabelRequest::desk_query).collect();
        self.prefetch = Prefetch::load(tx, queries).await?;
        Ok(())
    }

    async fn close(&mut self, tx: &mut Tx, n: usize) -> Result<()> {
        let Some(AtEnd { mut counts, cursors }) = self.shared.take() else { return Ok(()) };
        counts.write_tallies(tx, n as i64, &mut self.batch);
        std::mem::take(&mut self.batch).execute(tx).await?;
        if !cursors.is_empty() {
            tx.move_cursors(&cursors).await?;
        }
        Ok(())
    }
}

/// The transaction of a labeler's request.
pub struct LabelTx<'t> {
    tx: &'t mut Tx,
    state: &'t mut LabelState,
    request: LabelRequest,
    /// Counts that changed with this request.
    counts: TallyChanges,
    /// The desk that came with the context of the answer.
    desk: Option<Desk>,
    /// Only the lease that was named with the desk was answered since it was read: the desk is still true.
    desk_is_true: bool,
}

impl<'t> LabelTx<'t> {
    fn new(tx: &'t mut Tx, state: &'t mut LabelState, request: LabelRequest) -> LabelTx<'t> {
        LabelTx { tx, state, request, counts: TallyChanges::default(), desk: None, desk_is_true: false }
    }

    /// The plain transaction, and the counts that change with this request. What was deferred is written first, and what was
    /// read ahead is forgotten.
    pub async fn plain(&mut self) -> Result<(&mut Tx, &mut TallyChanges)> {
        self.flush().await?;
        self.state.prefetch = Prefetch::default();
        if let Some(at_end) = &mut self.state.shared {
            // Cursors that were to be moved on could pass a member that is opened now.
            at_end.cursors.clear();
        }
        (self.desk, self.desk_is_true) = (None, false);
        Ok((self.tx, &mut self.counts))
    }

    /// The plain transaction for a question of this request alone. What was deferred is written first, and what was read
    /// ahead is forgotten. A question changes nothing: the desk stays true, and cursors are moved as planned.
    async fn alone(&mut self) -> Result<&mut Tx> {
        self.flush().await?;
        self.state.prefetch = Prefetch::default();
        Ok(self.tx)
    }

    pub fn now(&self) -> Time {
        self.tx.now()
    }

    /// Counts that change with this request; they are written at its end.
    pub fn counts(&mut self) -> &mut TallyChanges {
        &mut self.counts
    }

    /// Can another transaction free something at this moment that this one does not see? With one writer it can't.
    pub fn others_write_now(&self) -> bool {
        crate::sql::dialect::others_write_now(self.tx)
    }

    /// The queue of the request as this person stands in it now.
    pub async fn desk(&mut self) -> Result<Option<Desk>> {
        if let Some(desk) = self.desk.take().filter(|_| self.desk_is_true) {
            return Ok(Some(desk));
        }
        let Some(queue) = self.request.queue else { return Ok(None) };
        let query = DeskQuery { queue, person: self.request.person, answering: None };
        Ok(self.read_desk(query).await?.map(|(desk, _)| desk))
    }

    /// The context of an answer; nothing where the assignment is not this person's in this project. Where it is all that the
    /// request answers, the desk comes with it in the same question.
    pub async fn answer_context(
        &mut self,
        project: ProjectId,
        answering: &Answering,
    ) -> Result<Option<AnswerContext>> {
        let query = self.request.desk_query().filter(|query| query.answering.as_ref() == Some(answering));
        if let Some(query) = query
            && let Some((desk, context)) = self.read_desk(query).await?
            && desk.project_id == project
            && context.is_some()
        {
            self.desk = Some(desk);
            return Ok(context);
        }
        let (person, Answering { assignment, id }) = (self.request.person, answering);
        let (tx, _) = self.plain().await?;
        tx.answer_context(project, person, *assignment, id).await
    }

    async fn read_desk(&mut self, query: DeskQuery) -> Result<Option<(Desk, Option<AnswerContext>)>> {
        let rows = match self.state.prefetch.take_desk(&query) {
            Some(rows) => rows,
            // It may answer an item that was read ahead for a later request, so what was read ahead is dropped.
            None => self.alone().await?.desk_rows(&[query]).await?,
        };
        desk::read(rows)
    }

    /// Everything that was said of an item.
    pub async fn earlier_answers(&mut self, item: ItemId) -> Result<Vec<AnswerRow>> {
        match self.state.prefetch.take_answers(item) {
            Some(answers) => Ok(answers),
            None => self.alone().await?.answers_of_item(item).await,
        }
    }

    /// Writes an answer that counts, what its person now has of the item, and what the item is resolved to. `votes` are all
    /// of the item, with this one. The item is locked.
    pub async fn record(
        &mut self,
        subject: &Subject,
        votes: &[Vote],
        answer: &NewAnswer,
        hold: Option<Hold>,
    ) -> Result<()> {
        let desk = self.desk.take();
        let maps = match subject.needs_maps(votes) {
            Some(version) => self.plain().await?.0.maps_into(version).await?,
            None => Default::default(),
        };
        let mut batch = WriteBatch::default();
        answer.write(&mut batch, &mut self.counts);
        if let Some(hold) = &hold {
            batch.add(hold);
        }
        subject.settle(votes, &maps, self.tx.now(), &mut batch, &mut self.counts);
        self.state.batch.join(batch);
        if hold.is_some_and(|hold| hold.only_answers()) {
            // The next read is mostly for the next member, which does not depend on this write.
            (self.desk, self.desk_is_true) = (desk, true);
            return Ok(());
        }
        self.flush().await
    }

    /// Keeps an answer that does not count. False where its id is taken already.
    pub async fn keep_extra(&mut self, answer: &NewAnswer) -> Result<bool> {
        let (tx, counts) = self.plain().await?;
        tx.append_answer(answer, counts).await
    }

    /// The next members of a pool that are open to a person, from a rank on, in the queue's order. On PostgreSQL members
    /// that another transaction holds are passed over.
    pub async fn next_members(
        &mut self,
        terms: &Terms,
        pool: Pool,
        from: i64,
        limit: usize,
    ) -> Result<Vec<Candidate>> {
        if limit == 0 || from == PASSED {
            return Ok(Vec::new());
        }
        if let Some(found) = self.state.prefetch.candidates(self.tx, terms, pool, from, limit).await? {
            return Ok(found);
        }
        // A deferred answer opens no member and closes none. A deferred lease would be found again.
        if self.state.batch.has(Statement::Lease) {
            self.flush().await?;
        }
        self.tx.candidates(terms, pool, from, limit).await
    }

    /// Leases members to a person, in this order, and counts that they were served. Returns what they got: where another
    /// transaction was faster, the constraints refuse the lease and the member is left out. What was deferred and the counts
    /// so far are written along. In a shared transaction the leases are deferred, and all is undone where another was
    /// faster.
    pub async fn lease(&mut self, terms: &Terms, members: Vec<Candidate>) -> Result<Vec<HeldRow>> {
        if members.is_empty() {
            return Ok(Vec::new());
        }
        let (queue, person, at) = (terms.queue, terms.person, self.tx.now());
        let ids: Vec<AssignmentId> = members.iter().map(|_| self.tx.next_id()).collect();
        let mut batch = WriteBatch::default();
        if !terms.beside {
            // Members are locked since they were looked at: what they had then is what they have.
            for member in &members {
                batch.add(&Filled { queue, item: member.item_id });
            }
            let n_full = members.iter().filter(|member| member.filled + 1 == member.target).count();
            self.counts.add(Tally::Queue(queue), "full", n_full as i64);
        }
        self.write_tallies(&mut batch);
        let answered = self.counts.take_answered(queue, person);
        let served =
            PerPool::from_fn(|pool| members.iter().filter(|member| member.pool == pool).count() as i64);
        Progress { queue, person, served, answered }.write(&mut batch);
        for (member, id) in members.iter().zip(&ids) {
            batch.add(&NewLease { id: *id, terms, member, at });
        }
        self.state.batch.join(batch);
        let got: Vec<ItemId> = if self.state.shared.is_some() {
            members.iter().map(|member| member.item_id).collect()
        } else {
            let got: Vec<(i64,)> = std::mem::take(&mut self.state.batch).fetch(self.tx).await?;
            got.into_iter().map(|(item,)| ItemId(item)).collect()
        };
        self.state.prefetch.gave(queue, &got);
        let mut leased = Vec::with_capacity(members.len());
        for (member, id) in members.into_iter().zip(ids) {
            if got.contains(&member.item_id) {
                leased.push(HeldRow {
                    id,
                    item_id: member.item_id,
                    revision_id: member.revision_id,
                    is_outdated: false,
                    lease_until: terms.until.0,
                    text: member.text,
                    fields: member.fields,
                    event_at: member.event_at,
                });
            } else {
                let mut batch = WriteBatch::default();
                let served = PerPool::from_fn(|pool| -i64::from(pool == member.pool));
                Progress { queue, person, served, answered: PerPool::default() }.write(&mut batch);
                batch.execute(self.tx).await?;
                if !terms.beside {
                    self.tx.fill(queue, member.item_id, -1, None, &mut self.counts).await?;
                }
            }
        }
        Ok(leased)
    }

    /// Moves the cursors of a person to the first members that are open to them, from a rank on in each pool; at the end of
    /// a shared transaction. Returns whether there are any.
    pub async fn move_cursors(
        &mut self,
        queue: QueueId,
        person: PersonId,
        from: &PerPool<i64>,
    ) -> Result<bool> {
        let moves: Vec<CursorMove> =
            from.iter().map(|(pool, from)| CursorMove { queue, person, pool, from: *from }).collect();
        let more = |one: &CursorMove| self.state.prefetch.has_more(queue, person, one.pool, one.from);
        let has_more = moves.iter().any(more);
        if has_more && let Some(at_end) = &mut self.state.shared {
            at_end.cursors.extend(moves);
            return Ok(true);
        }
        let moved = self.plain().await?.0.move_cursors(&moves).await?;
        Ok(moved.iter().any(|cursor| *cursor < PASSED))
    }

    /// Sends what was deferred.
    async fn flush(&mut self) -> Result<()> {
        if self.state.batch.is_empty() {
            return Ok(());
        }
        // Boxed: it would lie in the future of everything that is asked.
        Box::pin(std::mem::take(&mut self.state.batch).execute(self.tx)).await?;
        Ok(())
    }

    /// The end of the request: its counts are written, or deferred in a shared transaction.
    async fn finish(mut self) -> Result<()> {
        let mut batch = WriteBatch::default();
        self.counts.write_answered(&mut batch);
        self.write_tallies(&mut batch);
        self.state.batch.join(batch);
        if self.state.shared.is_some() { Ok(()) } else { self.flush().await }
    }

    /// Moves the tallies so far to a batch, or to the end of a shared transaction.
    fn write_tallies(&mut self, batch: &mut WriteBatch) {
        match &mut self.state.shared {
            Some(at_end) => at_end.counts.add_tallies(&mut self.counts),
            None => self.counts.write_tallies(self.tx, self.request.person.0, batch),
        }
    }
}

#[cfg(test)]
mod tests;
