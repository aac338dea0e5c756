//! What was said stays as it was said: the database itself refuses to change an answer.

use domain::ProjectId;
use store::discover::acts::NewAct;
use store::error::Error;
use store::testing::{PROJECT, number, run};
use store::{Tx, both, on};

const ANSWERED: [&str; 6] = [
    PROJECT,
    "INSERT INTO person (id, email, name, kind, admin, created_at) VALUES (1, 'a@example.org', 'A', 'person', FALSE, 0)",
    "INSERT INTO source (id, project_id, name, format, mapping, state, created_at)
     VALUES (1, 1, 's', 'csv', '{}', 'done', 0)",
    "INSERT INTO item (id, project_id, source_id, external_id, ingested_at, control_hash, control, revision_id, state)
     VALUES (1, 1, 1, 'e', 0, 0, FALSE, 10, 'agreed')",
    "INSERT INTO item_revision (id, item_id, project_id, source_id, number, text, fields, content_hash, normalized_hash,
       created_at) VALUES (10, 1, 1, 1, 1, 'text', '{}', 0, 0, 0)",
    "INSERT INTO answer (id, project_id, person_id, item_id, revision_id, number, kind, labels, origin, standing,
       sighted, at) VALUES ('a', 1, 1, 1, 10, 1, 'labels', '[5]', 'imported', 'counted', FALSE, 0)",
];

both! {
    async fn an_answer_can_not_be_changed(store: Store) {
        run(&store, &ANSWERED).await;
        let changed: Result<(), Error> = store
            .write(|tx: &mut Tx| {
                Box::pin(async move {
                    let query = "UPDATE answer SET labels = '[6]' WHERE id = 'a'";
                    on!(tx, |db| sqlx::query(query).execute(db).await.map(|_| ()))?;
                    Ok(())
                })
            })
            .await;
        assert!(matches!(&changed, Err(Error::Check(why)) if why.contains("append-only")), "{changed:?}");
        assert_eq!(number(&store, "SELECT COUNT(*) FROM answer WHERE labels = '[5]'").await, 1);
    }

    async fn an_act_on_discover_can_not_be_changed(store: Store) {
        run(&store, &[PROJECT]).await;
        let recorded = store.write(|tx: &mut Tx| {
            Box::pin(async move {
                let act = NewAct {
                    run: None,
                    group: None,
                    selection: "{}".to_owned(),
                    kind: "set aside",
                    detail: String::new(),
                    label: None,
                    n_items: 4,
                };
                tx.record_act(ProjectId(1), &act, None).await
            })
        });
        recorded.await.expect("an act");
        let changed: Result<(), Error> = store
            .write(|tx: &mut Tx| {
                Box::pin(async move {
                    let query = "UPDATE discover_act SET n_items = 5";
                    on!(tx, |db| sqlx::query(query).execute(db).await.map(|_| ()))?;
                    Ok(())
                })
            })
            .await;
        assert!(matches!(&changed, Err(Error::Check(why)) if why.contains("append-only")), "{changed:?}");
        assert_eq!(store.acts(ProjectId(1), None, 9).await.expect("acts")[0].n_items, 4);
    }
}
