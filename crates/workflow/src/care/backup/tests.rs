use super::*;
use domain::ProjectId;
use store::testing::{number, run};
use store::{Store, both};

/// An installation with a row in most tables, a blob, and the values that are easily lost on the way.
async fn furnish(store: &Store) {
    let mut blob = store.create_blob().await.expect("a blob");
    blob.write(&vec![7; 1_500_000]).await.expect("bytes");
    let blob = blob.finish().await.expect("a blob").key;
    let source = format!(
        "INSERT INTO source (id, project_id, name, format, mapping, upload, state, created_at)
         VALUES (3, 1, 's', 'csv', '{{}}', '{blob}', 'done', 0)"
    );
    run(store, &[
        "INSERT INTO project (id, slug, name, task, settings, created_at, archived_at)
         VALUES (1, 'p', 'Größe “日本” 🙂', 'single', '{}', 9007199254740991, NULL)",
        "INSERT INTO person (id, email, name, kind, admin, created_at)
         VALUES (2, 'a@example.org', 'A', 'person', TRUE, -5)",
        "INSERT INTO session (id, person_id, data, expires_at) VALUES ('secret', 2, '{}', 9000000000000000)",
        "INSERT INTO second_factor (person_id, secret, last_step, created_at) VALUES (2, 'JBSWY3DPEHPK3PXP', 57, 3)",
        "INSERT INTO recovery_code (hash, person_id, used_at) VALUES ('unused', 2, NULL)",
        "INSERT INTO recovery_code (hash, person_id, used_at) VALUES ('used', 2, 12)",
        &source,
        "INSERT INTO item (id, project_id, source_id, external_id, ingested_at, control_hash, control, revision_id, state)
         VALUES (10, 1, 3, 'e', 0, 0, TRUE, 11, 'unlabeled')",
        "INSERT INTO item_revision (id, item_id, project_id, source_id, number, text, fields, content_hash, normalized_hash, created_at)
         VALUES (11, 10, 1, 3, 1, 'line one
line two', '{}', -1, 1, 0)",
        "INSERT INTO item_field (item_id, name, project_id, text, number) VALUES (10, 'n', 1, '0.1', 0.1)",
        "INSERT INTO taxonomy_version (id, project_id, number, document, operations, label_maps, note, published_at)
         VALUES (21, 1, 1, '{}', '[]', '{}', '', 0)",
        "INSERT INTO taxonomy_version (id, project_id, number, parent_id, document, operations, label_maps, note, published_at)
         VALUES (22, 1, 2, 21, '{}', '[]', '{}', '', 0)",
        "UPDATE meta SET value = 40 WHERE key = 'node'",
        "UPDATE meta SET value = 7 WHERE key = 'change'",
    ])
    .await;
}

async fn archive_of(store: &Store) -> (Vec<u8>, Summary) {
    let instance = Instance::new(store.clone(), Path::new("unused"));
    let (summary, bytes) = backup(&instance, Vec::new(), |_, _| {}).await.expect("a backup");
    (bytes, summary)
}

async fn all(store: &Store) -> Vec<(String, Vec<Vec<store::check::archive::Value>>)> {
    let mut snapshot = store.snapshot().await.expect("a snapshot");
    let mut all = Vec::new();
    for table in TABLES.iter().filter(|t| t.name != "meta") {
        let columns = store.columns(table.name).await.expect("columns");
        let mut rows = Vec::new();
        let take = |row| {
            rows.push(row);
            Ok(())
        };
        snapshot.rows(table, &columns, take).await.expect("rows");
        all.push((table.name.to_owned(), rows));
    }
    all
}

/// Empty installations to restore into: of both engines where there are both.
async fn empty() -> Vec<(Instance, tempfile::TempDir)> {
    let mut stores = vec![store::testing::sqlite().await];
    stores.extend(store::testing::postgres().await);
    stores.into_iter().map(|(store, folder)| (Instance::new(store, folder.path()), folder)).collect()
}

both! {
    async fn everything_comes_back_on_either_engine(store: Store) {
        furnish(&store).await;
        let (archive, written) = archive_of(&store).await;
        assert_eq!((written.blobs, written.blob_bytes, written.missing.len()), (1, 1_500_000, 0));
        for (instance, _folder) in empty().await {
            let read = restore(&instance, archive.as_slice(), |_, _| {}).await.expect("a restore");
            assert_eq!(read, written);
            assert_eq!(all(&instance.store).await, all(&store).await);
            assert_eq!(instance.store.blobs().await.expect("blobs"), store.blobs().await.expect("blobs"));
            let (key, _) = instance.store.blobs().await.expect("blobs").remove(0);
            let blob = instance.store.open_blob(&key).await.expect("the blob").read_all().await.expect("bytes");
            assert!(blob == vec![7; 1_500_000]);
            assert_eq!(number(&instance.store, "SELECT value FROM meta WHERE key = 'node'").await, 40);
            assert_eq!(number(&instance.store, "SELECT value FROM meta WHERE key = 'change'").await, 7);
            assert_eq!(number(&instance.store, "SELECT COUNT(*) FROM session").await, 0);
            // The search index knows the items.
            let search = instance.search().await.expect("an index");
            let found = search.count(ProjectId(1), "two").expect("a search");
            assert_eq!(found, 1);
            let again = restore(&instance, archive.as_slice(), |_, _| {}).await;
            assert!(matches!(again, Err(Error::Conflict(why)) if why.contains("in use")));
        }
    }

    // `archive-1.assay` was written by the first version that had archives: five texts, four imported answers, a
    // release. It is never written again.
    async fn an_archive_of_the_first_version_can_be_read(store: Store) {
        let archive = include_bytes!("../../../fixtures/archive-1.assay");
        let folder = tempfile::tempdir().expect("a folder");
        let instance = Instance::new(store.clone(), folder.path());
        restore(&instance, &archive[..], |_, _| {}).await.expect("a restore");
        assert_eq!(number(&store, "SELECT COUNT(*) FROM item").await, 5);
        assert_eq!(number(&store, "SELECT COUNT(*) FROM answer").await, 4);
        assert_eq!(number(&store, "SELECT COUNT(*) FROM release_row").await, 4);
        let findings = crate::care::doctor::examine(&instance, crate::care::doctor::Depth::All, |_| {}).await.expect("a look");
        assert!(findings.is_empty(), "{findings:?}");
    }

    async fn a_zero_byte_of_an_earlier_version_is_found_and_repaired(store: Store) {
        if store.is_postgres() {
            return; // It never let one in.
        }
        furnish(&store).await;
        run(&store, &["UPDATE project SET description = 'a' || char(0) || 'b' WHERE id = 1"]).await;
        let folder = tempfile::tempdir().expect("a folder");
        let instance = Instance::new(store.clone(), folder.path());
        let findings = crate::care::doctor::examine(&instance, crate::care::doctor::Depth::All, |_| {}).await.expect("a look");
        let found = findings.iter().find(|f| f.what.contains("zero byte")).expect("a finding");
        assert_eq!((found.n, found.examples[0].as_str()), (1, "project 1"));
        let (archive, _) = archive_of(&store).await;
        for (instance, _folder) in empty().await {
            let read = restore(&instance, archive.as_slice(), |_, _| {}).await.expect("a restore");
            assert_eq!(read.repaired, BTreeMap::from([("project".to_owned(), 1)]));
            let projects = instance.store.project(ProjectId(1)).await.expect("a read").expect("the project");
            assert_eq!(projects.description, "a\u{fffd}b");
        }
    }

    async fn a_damaged_archive_leaves_nothing(store: Store) {
        furnish(&store).await;
        let (archive, _) = archive_of(&store).await;
        let instances = empty().await;
        let n = archive.len();
        let mut bad = vec![(b"no archive at all, but long enough".to_vec(), "not an archive"), (Vec::new(), "not an archive")];
        for end in [14, 20, n / 3, n / 2, n - 40, n - 5, n - 1] {
            bad.push((archive[..end].to_vec(), "can’t be restored"));
        }
        for at in [40, n / 4, n / 2, n - 30, n - 6, n - 1] {
            let mut bytes = archive.clone();
            bytes[at] ^= 0x55;
            bad.push((bytes, "can’t be restored"));
        }
        for more in [&b"\n"[..], &[0; 9], &archive] {
            bad.push(([&archive, more].concat(), "can’t be restored"));
        }
        for (bytes, expected) in bad {
            for (instance, _folder) in &instances {
                let why = match restore(instance, bytes.as_slice(), |_, _| {}).await {
                    Err(Error::Conflict(why)) => why,
                    other => panic!("{other:?}"),
                };
                assert!(why.contains(expected), "{why}");
                assert!(instance.store.blobs().await.expect("blobs").is_empty());
                assert!(all(&instance.store).await.iter().all(|(_, rows)| rows.is_empty()));
            }
        }
        // And they are still good for a whole one.
        for (instance, _folder) in &instances {
            restore(instance, archive.as_slice(), |_, _| {}).await.expect("a restore");
        }
    }

    async fn rows_that_contradict_each_other_are_refused(store: Store) {
        let head = Head { format: 1, schema: 1, program: "x".into(), created_at: 0 };
        let mut out = Writer::begin(Vec::new(), &head).expect("a head");
        let columns = [("person_id", "int"), ("id", "text"), ("at", "int")];
        let columns: Vec<_> = columns.iter().map(|(n, k)| ((*n).to_owned(), (*k).to_owned())).collect();
        out.table(&TableHead { name: "membership".into(), columns }).expect("a table");
        let tail = Tail { rows: BTreeMap::from([("membership".to_owned(), 0)]), blobs: 0 };
        let archive = out.end(tail).expect("an end");
        let folder = tempfile::tempdir().expect("a folder");
        let instance = Instance::new(store, folder.path());
        let why = restore(&instance, archive.as_slice(), |_, _| {}).await.expect_err("unknown columns");
        assert!(why.to_string().contains("membership"), "{why}");

        let mut out = Writer::begin(Vec::new(), &head).expect("a head");
        let columns = instance.store.columns("membership").await.expect("columns");
        out.table(&TableHead::of("membership", &columns)).expect("a table");
        let row: Vec<store::check::archive::Value> = columns.iter().map(|c| match c.kind {
            store::check::archive::Kind::Text => store::check::archive::Value::Text("owner".into()),
            _ => store::check::archive::Value::Int(77),
        }).collect();
        out.row(&row).expect("a row");
        out.flush_rows().expect("rows");
        let tail = Tail { rows: BTreeMap::from([("membership".to_owned(), 1)]), blobs: 0 };
        let archive = out.end(tail).expect("an end");
        let why = restore(&instance, archive.as_slice(), |_, _| {}).await.expect_err("no such person");
        assert!(why.to_string().contains("contradict"), "{why}");
    }
}

#[tokio::test]
async fn a_file_takes_its_name_when_it_is_whole() {
    let (store, folder) = store::testing::sqlite().await;
    furnish(&store).await;
    let instance = Instance::new(store, folder.path());
    let path = folder.path().join("backup.assay");
    backup_file(&instance, &path, |_, _| {}).await.expect("a backup");
    assert!(path.exists() && !folder.path().join("backup.assay.part").exists());
    let again = backup_file(&instance, &path, |_, _| {}).await;
    assert!(matches!(again, Err(Error::Conflict(_))));
}
