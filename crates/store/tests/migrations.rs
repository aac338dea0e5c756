//! An installation of an earlier version keeps what is in it, and from then on counts what it did not count.

use domain::ProjectId;
use sqlx::{Connection, Executor, PgConnection, SqliteConnection};
use store::error::{Constraint, Error};
use store::label::tally::Tally;
use store::testing::number;
use store::{Clock, Store, Tx, on};

/// The last migration before answers were counted.
const BEFORE: i64 = 4;

/// Two people's answers to one item, a skip, one that came too late, one that was imported.
const FILLED: [&str; 25] = [
    "INSERT INTO project (id, slug, name, task, settings, created_at) VALUES (1, 'p', 'P', 'single', '{}', 0)",
    "INSERT INTO person (id, email, name, kind, admin, created_at) VALUES (1, 'a@example.org', 'A', 'person', FALSE, 0)",
    "INSERT INTO person (id, email, name, kind, admin, created_at) VALUES (2, 'b@example.org', 'B', 'person', FALSE, 0)",
    "INSERT INTO source (id, project_id, name, format, mapping, state, created_at)
     VALUES (1, 1, 's', 'csv', '{}', 'done', 0)",
    "INSERT INTO item (id, project_id, source_id, external_id, ingested_at, control_hash, control, revision_id, state)
     VALUES (1, 1, 1, 'e', 0, 0, FALSE, 10, 'agreed')",
    "INSERT INTO item_revision (id, item_id, project_id, source_id, number, text, fields, content_hash, normalized_hash,
       created_at) VALUES (10, 1, 1, 1, 1, 'text', '{}', 0, 0, 0)",
    "INSERT INTO item_field (item_id, name, project_id, text, number) VALUES (1, 'score', 1, '0.5', 0.5)",
    "INSERT INTO queue (id, project_id, name, state, strategy, overlap, control_share, lease_seconds, seed, filter,
       created_at) VALUES (7, 1, 'q', 'open', 'random', 2, 0, 600, 1, '{}', 0)",
    "INSERT INTO answer (id, project_id, queue_id, person_id, item_id, revision_id, number, kind, labels, origin,
       standing, sighted, at) VALUES ('a', 1, 7, 1, 1, 10, 1, 'labels', '[5]', 'queue', 'counted', FALSE, 86400000000)",
    "INSERT INTO answer (id, project_id, queue_id, person_id, item_id, revision_id, number, kind, labels, origin,
       standing, sighted, at) VALUES ('b', 1, 7, 2, 1, 10, 1, 'skip', '[]', 'queue', 'counted', FALSE, 86400000001)",
    "INSERT INTO answer (id, project_id, queue_id, person_id, item_id, revision_id, number, kind, labels, origin,
       standing, sighted, at) VALUES ('c', 1, 7, 2, 1, 10, 1, 'labels', '[5]', 'queue', 'extra', FALSE, 172800000000)",
    "INSERT INTO answer (id, project_id, person_id, item_id, revision_id, number, kind, labels, origin, standing,
       sighted, at) VALUES ('d', 1, 2, 1, 10, 1, 'labels', '[5]', 'imported', 'counted', FALSE, 86400000000)",
    "INSERT INTO consensus (item_id, project_id, revision_id, labels, method, confidence, n_answers, n_skips,
       updated_at) VALUES (1, 1, 10, '[5]', 'majority', 1.0, 2, 1, 3)",
    "INSERT INTO consensus_label (project_id, label_id, item_id) VALUES (1, 5, 1)",
    "INSERT INTO tally (kind, id, key, shard, n) VALUES ('project', 1, 'agreed', 0, 1)",
    // A second item, which is a control item. The first person answered both and holds nothing; the second skipped one.
    "INSERT INTO item (id, project_id, source_id, external_id, ingested_at, control_hash, control, revision_id, state)
     VALUES (2, 1, 1, 'f', 0, 0, TRUE, 20, 'partial')",
    "INSERT INTO item_revision (id, item_id, project_id, source_id, number, text, fields, content_hash, normalized_hash,
       created_at) VALUES (20, 2, 1, 1, 1, 'text', '{}', 0, 0, 0)",
    "INSERT INTO queue_item (queue_id, item_id, rank, control, target, filled) VALUES (7, 1, 100, FALSE, 2, 1)",
    "INSERT INTO queue_item (queue_id, item_id, rank, control, target, filled) VALUES (7, 2, 200, TRUE, 2, 1)",
    "INSERT INTO assignment (id, project_id, queue_id, item_id, revision_id, person_id, slot, target, beside, state,
       lease_until, created_at) VALUES (1, 1, 7, 1, 10, 1, 0, 2, FALSE, 'answered', 0, 0)",
    "INSERT INTO assignment (id, project_id, queue_id, item_id, revision_id, person_id, slot, target, beside, state,
       lease_until, created_at) VALUES (2, 1, 7, 2, 20, 1, 0, 2, FALSE, 'answered', 0, 0)",
    "INSERT INTO assignment (id, project_id, queue_id, item_id, revision_id, person_id, slot, target, beside, state,
       lease_until, created_at) VALUES (3, 1, 7, 1, 10, 2, 1, 2, FALSE, 'skipped', 0, 0)",
    "INSERT INTO queue_person (queue_id, person_id, served, served_control, answered, cursor_plain, cursor_control)
     VALUES (7, 1, 5, 2, 2, 101, 201)",
    "INSERT INTO queue_person (queue_id, person_id, served, served_control, answered, cursor_plain, cursor_control)
     VALUES (7, 2, 1, 0, 0, 0, 0)",
    // Signed in until the year 2100.
    "INSERT INTO session (id, person_id, data, expires_at) VALUES ('s', 1, '{\"person\":1}', 4102444800000000)",
];

async fn again(store: &Store, id: &'static str, standing: &'static str) -> Result<(), Error> {
    let query = "INSERT INTO answer (id, project_id, queue_id, person_id, item_id, revision_id, number, kind, labels,
                   origin, standing, sighted, at)
                 SELECT $1, project_id, queue_id, person_id, item_id, revision_id, number, kind, labels, origin, $2,
                   sighted, at FROM answer WHERE id = 'a'";
    store
        .write(move |tx: &mut Tx| {
            Box::pin(async move {
                on!(tx, |db| sqlx::query(query).bind(id).bind(standing).execute(db).await.map(|_| ()))?;
                Ok(())
            })
        })
        .await
}

async fn is_taken_over(store: Store) {
    let counted = store.tally(Tally::Answers(ProjectId(1))).await.expect("counts");
    let expected = [("1", 1), ("2", 1), ("all", 4)].map(|(key, n)| (key.to_owned(), n));
    assert_eq!(counted, expected.into());
    assert_eq!(store.labels_by_day(ProjectId(1), 2).await.expect("days"), [(2, 1)].into());
    assert_eq!(store.tally(Tally::Project(ProjectId(1))).await.expect("counts")["agreed"], 1);
    let whole = "SELECT COUNT(*) FROM consensus c JOIN consensus_label l ON l.item_id = c.item_id
                 WHERE c.item_id = 1 AND c.labels = '[5]' AND c.n_answers = 2 AND c.taxonomy_version_id IS NULL
                   AND c.updated_at = 3 AND l.project_id = 1 AND l.label_id = 5";
    assert_eq!(number(&store, whole).await, 1);
    let scores = store.field_values(ProjectId(1), "score", 1).await.expect("the values of a field");
    assert_eq!(scores, [("0.5".to_owned(), 1)]);
    let signed = store.sessions_of(domain::PersonId(1)).await.expect("who is signed in");
    assert_eq!(signed[0].began_at, domain::Time(4_102_444_800_000_000).plus_seconds(-14 * 86_400));
    // Each pool has a cursor, and counts of its own.
    let pools =
        "SELECT COUNT(*) FROM queue_item WHERE pool = CASE item_id WHEN 1 THEN 'plain' ELSE 'control' END";
    assert_eq!(number(&store, pools).await, 2);
    let cursors = "SELECT COUNT(*) FROM queue_cursor WHERE queue_id = 7 AND (
                     (person_id = 1 AND pool = 'plain' AND cursor = 101 AND served = 3 AND answered = 1)
                     OR (person_id = 1 AND pool = 'control' AND cursor = 201 AND served = 2 AND answered = 1)
                     OR (person_id = 2 AND cursor = 0 AND answered = 0
                         AND served = CASE pool WHEN 'plain' THEN 1 ELSE 0 END))";
    assert_eq!(number(&store, cursors).await, 4);
    assert_eq!(number(&store, "SELECT COUNT(*) FROM queue_cursor").await, 4);
    // Nobody's answer counts twice, and what comes too late is kept however often.
    let twice = again(&store, "e", "counted").await;
    assert!(matches!(twice, Err(Error::Unique(Constraint::AnswerCounted))), "{twice:?}");
    again(&store, "f", "extra").await.expect("one more");
    again(&store, "g", "extra").await.expect("and another");
}

#[tokio::test]
async fn in_sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("assay.db");
    let address = format!("sqlite://{}?mode=rwc", file.display());
    let mut connection = SqliteConnection::connect(&address).await.expect("a file");
    sqlx::migrate!("../../migrations/sqlite")
        .run_to(BEFORE, &mut connection)
        .await
        .expect("the tables of before");
    for statement in FILLED {
        connection.execute(statement).await.expect("rows");
    }
    connection.close().await.expect("its end");
    is_taken_over(Store::open_sqlite(&file, Clock::System).await.expect("the store of today")).await;
}

#[tokio::test]
async fn in_postgres() {
    let Some(url) = store::testing::postgres_url().await else {
        return;
    };
    let mut connection = PgConnection::connect(&url).await.expect("a database");
    sqlx::migrate!("../../migrations/postgres")
        .run_to(BEFORE, &mut connection)
        .await
        .expect("the tables of before");
    for statement in FILLED {
        connection.execute(statement).await.expect("rows");
    }
    connection.close().await.expect("its end");
    is_taken_over(Store::open_postgres(&url, Clock::System).await.expect("the store of today")).await;
}
