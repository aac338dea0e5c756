use super::*;
use crate::Instance;
use crate::data::browse;
use derived::search::Direction;
use domain::permission::Actor;
use domain::{ItemId, ProjectId};
use store::data::changes::ChangeKind;
use store::testing::{PROJECT, run};
use store::{Store, both};

const P: ProjectId = ProjectId(1);

async fn note(store: &Store, kind: ChangeKind, items: &'static [i64]) {
    let items: Vec<ItemId> = items.iter().map(|i| ItemId(*i)).collect();
    let done: store::Result<()> =
        store.write(move |tx| Box::pin(async move { tx.note_change(P, kind, &items).await })).await;
    done.expect("a change");
}

/// A project with items 10, 20 … 10n.
async fn instance(store: Store, n: i64) -> (Instance, tempfile::TempDir) {
    let mut statements = vec![
        PROJECT.to_owned(),
        "INSERT INTO source (id, project_id, name, format, mapping, state, created_at)
         VALUES (1, 1, 's', 'csv', '{}', 'done', 0)"
            .to_owned(),
    ];
    for item in (1..=n).map(|i| i * 10) {
        statements.push(format!(
            "INSERT INTO item (id, project_id, source_id, external_id, ingested_at, control_hash, control, revision_id, state)
             VALUES ({item}, 1, 1, 'e{item}', 0, 0, FALSE, {item}, 'unlabeled')"
        ));
        statements.push(format!(
            "INSERT INTO item_revision (id, item_id, project_id, source_id, number, text, fields, content_hash, normalized_hash, created_at)
             VALUES ({item}, {item}, 1, 1, 1, 'refund number{item}', '{{}}', 0, 0, 0)"
        ));
    }
    run(&store, &statements.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let folder = tempfile::tempdir().expect("a folder");
    (Instance::new(store, folder.path()), folder)
}

async fn found(instance: &Instance, query: &str) -> Vec<i64> {
    let search = instance.search().await.expect("an index");
    let found = search.find(P, query, Direction::OldestFirst, None, 100).expect("a search");
    found.into_iter().map(|item| item.0).collect()
}

both! {
    async fn the_index_follows_the_feed(store: Store) {
        let (instance, _folder) = instance(store, 3).await;
        catch_up(&instance).await.expect("from nothing");
        assert_eq!(found(&instance, "refund").await, [10, 20, 30]);

        run(&instance.store, &["UPDATE item_revision SET text = 'a card' WHERE id = 20"]).await;
        note(&instance.store, ChangeKind::Items, &[20]).await;
        run(&instance.store, &["DELETE FROM item_revision WHERE id = 30", "DELETE FROM item WHERE id = 30"]).await;
        note(&instance.store, ChangeKind::Removed, &[30, 20]).await;
        assert_eq!(found(&instance, "refund").await, [10, 20, 30]);
        catch_up(&instance).await.expect("from the feed");
        assert_eq!(found(&instance, "refund").await, [10]);
        assert_eq!(found(&instance, "card").await, [20]);
        assert_eq!(instance.search().await.expect("an index").n_items(), 2);
        catch_up(&instance).await.expect("nothing new");
    }

    async fn words_that_nobody_wrote_find_nothing(store: Store) {
        let (instance, _folder) = instance(store, 3).await;
        catch_up(&instance).await.expect("from nothing");
        for (words, n) in [("refund", 3), ("elephant", 0)] {
            let (filter, order) = (domain::slice::Slice::default(), browse::Order::NewestFirst);
            let page = browse::items(&instance, &Actor::OPERATOR, P, words, &filter, order, None).await;
            assert_eq!(page.expect("a page").items.len(), n, "{words}");
        }
    }

    async fn an_index_of_another_past_is_made_again(store: Store) {
        let (instance, _folder) = instance(store, 2).await;
        let search = instance.search().await.expect("an index").clone();
        let mut writer = search.writer().expect("a writer");
        writer.add(P, ItemId(99), "refund from elsewhere").expect("an item");
        writer.commit(1_000).expect("a commit");
        drop(writer);
        catch_up(&instance).await.expect("from nothing");
        assert_eq!(found(&instance, "refund").await, [10, 20]);
    }
}
