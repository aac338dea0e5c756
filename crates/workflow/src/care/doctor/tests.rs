use super::*;
use crate::care::rebuild::rebuild;
use crate::label::annotate::world::{A, B, World, label};
use store::{Store, both};

/// Six items, of which two people answered the first four: alike, but for the fourth.
async fn labeled(store: Store) -> (World, Instance, tempfile::TempDir) {
    let world = World::with(store, 6, 0).await;
    let queue = world.queue(2).await;
    for person in [1, 2] {
        let who = world.annotator(person);
        for served in world.next(&who, queue, 4).await.items {
            let said = if person == 2 && served.item == world.item(4) { B } else { A };
            world.say(&who, &served, label(said)).await.expect("an answer");
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    let instance = Instance::new(world.instance.store.clone(), folder.path());
    (world, instance, folder)
}

async fn wrong(instance: &Instance) -> Vec<String> {
    let findings = examine(instance, Depth::All, |_| {}).await.expect("to look");
    findings.iter().for_each(|f| assert!(f.n as usize >= f.examples.len() && !f.examples.is_empty()));
    findings.into_iter().map(|f| f.what).collect()
}

/// Breaks something, and sees that it is found.
async fn breaks(world: &World, instance: &Instance, statements: &[&str], what: &str) {
    assert!(!wrong(instance).await.iter().any(|w| w.contains(what)), "{what} before");
    world.run(statements).await;
    let found = wrong(instance).await;
    assert!(found.iter().any(|w| w.contains(what)), "{what} is not among {found:?}");
}

both! {
    async fn a_sound_installation_has_no_findings(store: Store) {
        let (_world, instance, _folder) = labeled(store).await;
        assert_eq!(wrong(&instance).await, Vec::<String>::new());
        rebuild(&instance, |_, _| {}).await.expect("to rebuild");
        assert_eq!(wrong(&instance).await, Vec::<String>::new());
    }

    async fn what_is_derived_is_found_and_rebuilt(store: Store) {
        let (world, instance, _folder) = labeled(store).await;
        rebuild(&instance, |_, _| {}).await.expect("to rebuild");
        breaks(&world, &instance, &["UPDATE tally SET n = n + 5 WHERE kind = 'project' AND key = 'agreed'"], "counts that are wrong").await;
        breaks(&world, &instance, &["UPDATE queue_item SET filled = 1 WHERE item_id = :item1"], "count of taken slots").await;
        breaks(&world, &instance, &["UPDATE queue_cursor SET answered = 9"], "count of answered items").await;
        breaks(&world, &instance, &["UPDATE consensus SET labels = '[12]' WHERE item_id = :item1"], "say something else").await;
        breaks(&world, &instance, &["DELETE FROM consensus WHERE item_id = :item2"], "without a consensus").await;
        world.run(&["DELETE FROM consensus_label WHERE item_id = :item3"]).await;
        breaks(&world, &instance, &["INSERT INTO item (id, project_id, source_id, external_id, ingested_at, control_hash, control, revision_id, state)
            VALUES (7, :project, :source, 'e7', 0, 0, FALSE, 70, 'unlabeled')",
            "INSERT INTO item_revision (id, item_id, project_id, source_id, number, text, fields, content_hash, normalized_hash, created_at)
            VALUES (70, 7, :project, :source, 1, 't', '{}', 0, 0, 0)"], "search index").await;
        breaks(&world, &instance, &["INSERT INTO blob (key, bytes, created_at) VALUES ('old', 1, 0)"], "nothing refers to").await;
        let rebuilt = rebuild(&instance, |_, _| {}).await.expect("to rebuild");
        assert_eq!(rebuilt, crate::care::rebuild::Rebuilt {
            n_indexed: 7, n_vectors: 0, n_resolved: 3, n_refilled: 2, n_recounted: 2, n_removed: 1,
        });
        assert_eq!(wrong(&instance).await, Vec::<String>::new());
        rebuild(&instance, |_, _| {}).await.expect("to rebuild");
    }

    async fn broken_promises_are_found(store: Store) {
        let (world, instance, _folder) = labeled(store).await;
        let trigger = if instance.store.is_postgres() { "DROP TRIGGER answer_is_final ON answer" } else { "DROP TRIGGER answer_is_final" };
        world.run(&[trigger, "DROP INDEX assignment_slot", "DROP INDEX assignment_person", "DROP INDEX answer_counted"]).await;
        breaks(&world, &instance, &["UPDATE assignment SET slot = 0 WHERE item_id = :item1"], "two people have at once").await;
        breaks(&world, &instance, &["INSERT INTO assignment (id, project_id, queue_id, item_id, revision_id, person_id, slot, target, beside, state, lease_until, created_at)
            SELECT 5, project_id, queue_id, item_id, revision_id, :person3, 1, target, beside, state, lease_until, created_at
            FROM assignment WHERE item_id = :item1 AND person_id = :person1"], "more slots taken").await;
        assert!(wrong(&instance).await.iter().any(|w| w.contains("of whom there is no answer")));
        breaks(&world, &instance, &["UPDATE answer SET number = 5 WHERE item_id = :item2 AND person_id = :person1"], "hole").await;
        breaks(&world, &instance, &["UPDATE assignment SET state = 'skipped' WHERE item_id = :item3 AND person_id = :person1"], "does not count as answered").await;
        breaks(&world, &instance, &["INSERT INTO assignment (id, project_id, queue_id, item_id, revision_id, person_id, slot, target, beside, state, lease_until, created_at)
            SELECT 6, project_id, queue_id, item_id, revision_id, person_id, 1, target, beside, 'skipped', lease_until, created_at
            FROM assignment WHERE item_id = :item4 AND person_id = :person1"], "have an item of a queue twice").await;
        breaks(&world, &instance, &["UPDATE answer SET revision_id = :revision1 WHERE item_id = :item4 AND person_id = :person2"], "text of another item").await;
        breaks(&world, &instance, &["UPDATE item SET revision_id = 999 WHERE id = :item6"], "text is missing").await;
        breaks(&world, &instance, &["INSERT INTO item_field (item_id, name, project_id, text) VALUES (999, 'n', :project, 'x')"], "whose item is missing").await;
        breaks(&world, &instance, &["UPDATE person SET disabled_at = 1 WHERE id = :person3",
            "INSERT INTO session (id, person_id, data, expires_at) VALUES ('s', :person3, '{}', 9)"], "who are disabled").await;
    }

    async fn files_that_others_can_read_are_named(store: Store) {
        use std::os::unix::fs::PermissionsExt;
        let (_world, instance, folder) = labeled(store).await;
        let blobs = folder.path().join("blobs");
        let set = |path: &std::path::Path, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode");
        };
        set(folder.path(), 0o700);
        store::engine::private::create_folder(&blobs).expect("a folder");
        set(&blobs, 0o755);
        assert_eq!(wrong(&instance).await, Vec::<String>::new(), "the folder around it is closed");
        set(folder.path(), 0o755);
        assert_eq!(wrong(&instance).await, ["files that others can read"]);
    }

    async fn releases_are_held_against_their_promises(store: Store) {
        let (world, instance, _folder) = labeled(store).await;
        let mut blob = instance.store.create_blob().await.expect("a blob");
        blob.write(b"rows").await.expect("bytes");
        let key = blob.finish().await.expect("a blob").key;
        let good = format!("INSERT INTO release_file (release_id, path, hash, bytes) VALUES (8, 'rows', '{key}', 4)");
        let decided = |item: i64, split: &str| {
            let key = split_key(None, item);
            format!("INSERT INTO split (project_id, scheme, key, split, release_id) VALUES (:project, 'control', {key}, '{split}', 8)")
        };
        let decided = [decided(world.item(1).0, "train"), decided(world.item(2).0, "test")];
        world.run(&[
            "INSERT INTO release (id, project_id, number, name, spec, state, created_at) VALUES (8, :project, 1, 'r', '{}', 'done', 0)",
            "UPDATE item_revision SET normalized_hash = item_id",
            "INSERT INTO release_row (release_id, item_id, revision_id, split, state, control, labels, answers) VALUES (8, :item1, :revision1, 'train', 'agreed', FALSE, '[]', '[]')",
            "INSERT INTO release_row (release_id, item_id, revision_id, split, state, control, labels, answers) VALUES (8, :item2, :revision2, 'test', 'agreed', FALSE, '[]', '[]')",
            &good, &decided[0], &decided[1],
        ]).await;
        assert_eq!(wrong(&instance).await, Vec::<String>::new());
        breaks(&world, &instance, &["UPDATE item_revision SET normalized_hash = :item1 WHERE item_id = :item2"], "texts of a release that lie in two").await;
        assert!(wrong(&instance).await.iter().any(|w| w.contains("another split than was decided")));
        breaks(&world, &instance, &["UPDATE item_revision SET group_key = 'g'"], "groups of a release").await;
        let lost = format!("UPDATE release_file SET hash = 'nothing' WHERE hash = '{key}'");
        breaks(&world, &instance, &[&lost], "that are gone").await;
        let mut other = instance.store.create_blob().await.expect("a blob");
        other.write(b"ROWS").await.expect("bytes");
        let other = other.finish().await.expect("a blob").key;
        if instance.store.is_postgres() {
            let changed = format!("UPDATE blob_part SET data = 'rOwS' WHERE key = '{other}'");
            let named = format!("UPDATE release_file SET hash = '{other}'");
            breaks(&world, &instance, &[&changed, &named], "not what was released").await;
        }
    }
}
