//! Several labelers in one transaction, and what a request defers. Statements are of PostgreSQL where nothing else is said:
//! only there do labelers share a transaction.

use super::*;
use crate::engine::tx::Connection;
use crate::{Either, both, testing};
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
        "INSERT INTO queue_item (queue_id, item_id, rank, pool, target, filled)
         SELECT 1, n, n, 'plain', 2, CASE n WHEN 1 THEN 2 ELSE 0 END FROM generate_series(1, 6) n",
        "INSERT INTO assignment (id, project_id, queue_id, item_id, revision_id, person_id, slot, target, beside, state,
                                 lease_until, created_at)
         SELECT n, 1, 1, 1, 1, n, n - 1, 2, FALSE, 'leased', 9000000000000000, 0 FROM generate_series(1, 2) n",
    ];
    testing::run(&store, &statements).await;
    Some(store)
}

/// A transaction that several labelers share.
struct Group {
    tx: Tx,
    state: LabelState,
}

impl Group {
    /// A transaction of these people.
    async fn begin(store: &Store, requests: &[LabelRequest]) -> Group {
        let store = store.along_indexes();
        let Either::Postgres(connections) = store.db().await else {
            unreachable!("PostgreSQL was asked for")
        };
        let mut held = connections.take().await.expect("a connection");
        held.begin("BEGIN").await.expect("begun");
        let mut tx = Tx::new(Connection::Postgres(held), store.ids.clone(), store.clock.clone());
        let mut state = LabelState::default();
        state.open(&mut tx, requests).await.expect("read ahead");
        Group { tx, state }
    }

    fn of(&mut self, request: LabelRequest) -> LabelTx<'_> {
        LabelTx::new(&mut self.tx, &mut self.state, request)
    }

    async fn commit(mut self) {
        self.state.close(&mut self.tx, 0).await.expect("written");
        let Connection::Postgres(held) = self.tx.connection else { unreachable!("PostgreSQL was asked for") };
        held.commit().await.expect("committed");
    }

    /// One more item for a person: which one?
    async fn lease(&mut self, person: i64) -> i64 {
        let mut tx = self.of(request(person, None));
        let person = PersonId(person);
        let desk = tx.desk().await.expect("the desk").expect("a queue");
        let terms = Terms {
            project: ProjectId(1),
            queue: QUEUE,
            person,
            beside: false,
            until: Time(9_000_000_000_000_000),
        };
        let from = PerPool::from_fn(|pool| desk.standing[pool].cursor);
        let found = tx.next_members(&terms, Pool::Plain, from[Pool::Plain], 1).await.expect("a member");
        let leased = tx.lease(&terms, found).await.expect("a lease");
        assert!(tx.move_cursors(QUEUE, person, &from).await.expect("the cursors"));
        tx.finish().await.expect("counted");
        leased[0].item_id.0
    }
}

fn request(person: i64, answering: Option<i64>) -> LabelRequest {
    let answers = answering.map(|id| Answering { assignment: AssignmentId(id), id: format!("answer {id}") });
    LabelRequest { person: PersonId(person), queue: Some(QUEUE), answers: answers.into_iter().collect() }
}

fn three() -> Vec<LabelRequest> {
    (1..=3).map(|person| request(person, None)).collect()
}

#[tokio::test]
async fn what_all_of_them_want_is_asked_and_written_once() {
    let Some(store) = store().await else { return };
    let mut group = Group::begin(&store, &three()).await;
    let mut items = Vec::new();
    for person in 1..=3 {
        items.push(group.lease(person).await);
    }
    assert_eq!(items, [2, 3, 4], "no two write to the same member");
    group.commit().await;
    let number = |query| testing::number(&store, query);
    assert_eq!(number("SELECT COUNT(*) FROM assignment").await, 5);
    let statements = "SELECT COUNT(DISTINCT CAST(cmin AS TEXT)) FROM assignment WHERE created_at > 0";
    assert_eq!(number(statements).await, 1);
    assert_eq!(number("SELECT COUNT(*) FROM queue_item WHERE item_id IN (2, 3, 4) AND filled = 1").await, 3);
    let moved = "SELECT COUNT(*) FROM queue_cursor WHERE pool = 'plain' AND served = 1
                 AND cursor = CASE person_id WHEN 1 THEN 3 ELSE 2 END";
    assert_eq!(number(moved).await, 3, "each cursor stands at the first member that is open to them");
}

#[tokio::test]
async fn the_plain_transaction_flushes_and_invalidates() {
    let Some(store) = store().await else { return };
    let mut group = Group::begin(&store, &three()).await;
    assert_eq!(group.lease(1).await, 2);
    assert!(group.state.batch.has(Statement::Lease) && !group.state.prefetch.is_empty());
    group.of(request(2, None)).plain().await.expect("the plain transaction");
    assert!(group.state.batch.is_empty() && group.state.prefetch.is_empty());
    assert_eq!(group.lease(2).await, 2, "its second slot is free");
    assert_eq!(group.lease(3).await, 3);
    group.commit().await;
    let full = "SELECT COUNT(*) FROM queue_item WHERE item_id = 2 AND filled = 2";
    assert_eq!(testing::number(&store, full).await, 1);
}

#[tokio::test]
async fn a_second_request_and_a_second_answer_to_an_item_ask_alone() {
    let Some(store) = store().await else { return };
    let requests = [request(1, Some(1)), request(2, Some(2)), request(3, None), request(3, None)];
    let mut group = Group::begin(&store, &requests).await;
    let read_ahead: Vec<i64> = group.state.prefetch.people().map(|person| person.0).collect();
    assert_eq!(read_ahead, [1, 3]);
    let second = request(2, Some(2));
    let answering = second.answers[0].clone();
    let context = group.of(second).answer_context(ProjectId(1), &answering).await.expect("a question");
    assert!(context.is_some());
    assert!(group.state.prefetch.is_empty(), "what they do may change what the others would be told");
    group.commit().await;
}

#[tokio::test]
async fn at_the_end_of_a_line_the_second_slot_goes_to_someone_in_the_same_transaction() {
    let Some(store) = store().await else { return };
    testing::run(&store, &["UPDATE queue_item SET filled = target WHERE item_id < 5"]).await;
    let mut group = Group::begin(&store, &three()).await;
    assert_eq!(group.lease(1).await, 5);
    assert_eq!(group.lease(2).await, 6);
    assert_eq!(group.lease(3).await, 5);
    group.commit().await;
}

#[tokio::test]
async fn a_cursor_does_not_pass_what_became_free_in_the_same_transaction() {
    let Some(store) = store().await else { return };
    testing::run(
        &store,
        &["INSERT INTO queue_cursor (queue_id, person_id, pool, cursor)
           SELECT 1, n, 'plain', 3 FROM generate_series(1, 3) n"],
    )
    .await;
    let mut group = Group::begin(&store, &three()).await;
    assert_eq!(group.lease(3).await, 3);
    let mut tx = group.of(request(1, None));
    let (plain, _) = tx.plain().await.expect("the plain transaction");
    plain.lower_cursors(QUEUE, Pool::Plain, 2).await.expect("lowered");
    group.commit().await;
    let cursor = testing::number(&store, "SELECT cursor FROM queue_cursor WHERE person_id = 3").await;
    assert_eq!(cursor, 2);
}

#[tokio::test]
async fn cursors_of_a_person_who_is_being_served_are_skipped_in_every_pool() {
    let Some(store) = store().await else { return };
    testing::run(
        &store,
        &["INSERT INTO queue_cursor (queue_id, person_id, pool, cursor)
           SELECT 1, n, pool, 3 FROM generate_series(1, 2) n CROSS JOIN (VALUES ('plain'), ('control')) v (pool)"],
    )
    .await;
    // The first person is served a control item: their plain row is locked with it, and their move comes later.
    let mut serving = Group::begin(&store, &three()).await;
    let mut batch = WriteBatch::default();
    let mut served = PerPool::<i64>::default();
    served[Pool::Control] = 1;
    Progress { queue: QUEUE, person: PersonId(1), served, answered: PerPool::default() }.write(&mut batch);
    batch.execute(&mut serving.tx).await.expect("written");
    // Another transaction lowers cursors of the other pool and holds what it lowered: nothing of the first person.
    let mut lowering = Group::begin(&store, &[]).await;
    lowering.tx.lower_cursors(QUEUE, Pool::Plain, 1).await.expect("lowered");
    lowering.tx.lower_cursors(QUEUE, Pool::Control, 1).await.expect("lowered");
    let query = "SELECT COUNT(*) FROM queue_cursor WHERE cursor = 1 AND person_id = 1";
    let Either::Postgres(db) = lowering.tx.db().await else { unreachable!("PostgreSQL was asked for") };
    let locked: i64 = sqlx::query_scalar(query).fetch_one(db).await.expect("a number");
    assert_eq!(locked, 0, "else the two would wait for each other");
    let moves = Pool::ALL.map(|pool| CursorMove { queue: QUEUE, person: PersonId(1), pool, from: 3 });
    serving.tx.move_cursors(&moves).await.expect("moved without waiting");
    serving.commit().await;
    lowering.commit().await;
    let lowered = "SELECT COUNT(*) FROM queue_cursor WHERE cursor = 1 AND person_id = 2";
    assert_eq!(testing::number(&store, lowered).await, 2);
    let untouched = "SELECT COUNT(*) FROM queue_cursor WHERE cursor = 1 AND person_id = 1";
    assert_eq!(testing::number(&store, untouched).await, 0);
}

#[test]
fn locks_are_taken_in_the_same_order_by_everyone() {
    let answering = |id: &i64| Answering { assignment: AssignmentId(*id), id: String::new() };
    let request = |person, queue: Option<i64>, assignments: &[i64]| LabelRequest {
        person: PersonId(person),
        queue: queue.map(QueueId),
        answers: assignments.iter().map(answering).collect(),
    };
    assert_eq!(
        LabelState::begin([&request(5, Some(7), &[])]),
        "BEGIN; EXECUTE label_request ('{5}', '{7}', '{}')"
    );
    assert_eq!(
        LabelState::begin([&request(6, None, &[9]), &request(5, Some(7), &[3, 4]), &request(6, None, &[8])]),
        "BEGIN; EXECUTE label_request ('{5,6}', '{7,0}', '{9,3,4,8}')"
    );
}

both! {
    async fn a_deferred_write_that_fails_ends_the_work(store: Store) {
        let written: Result<()> = store
            .label(LabelRequest { person: PersonId(2), queue: None, answers: Vec::new() }, |tx| {
                Box::pin(async move {
                    // Of a queue that is not there.
                    tx.counts().answered(QueueId(1), PersonId(2), Pool::Plain, 1);
                    Ok(())
                })
            })
            .await;
        assert!(matches!(written, Err(Error::ForeignKey)), "{written:?}");
    }
}
