//! Blobs come back as they were written, the same content is kept once, and what is needed is never removed.

use domain::Time;
use store::data::blobs::Written;
use store::testing::{PROJECT, run};
use store::{Error, Store, both};

async fn written(store: &Store, content: &[u8]) -> Written {
    let mut writer = store.create_blob().await.expect("a writer");
    for piece in content.chunks(70_000) {
        writer.write(piece).await.expect("a piece");
    }
    writer.finish().await.expect("the end")
}

async fn is_there(store: &Store, key: &str) -> bool {
    match store.open_blob(key).await {
        Ok(reader) => reader.read_all().await.is_ok(),
        Err(Error::NotFound) => false,
        Err(error) => panic!("{error}"),
    }
}

async fn unpin(store: &Store, written: &Written) {
    let pin = written.pin;
    let done: store::Result<()> =
        store.write(move |tx| Box::pin(async move { tx.unpin_blobs(&[pin]).await })).await;
    done.expect("to unpin");
}

/// Later than everything that a test writes, by the clock of files too.
const LATER: Time = Time(i64::MAX / 2);

both! {
    async fn a_blob_comes_back_whole(store: Store) {
        let content: Vec<u8> = (0..2_500_000u32).map(|i| (i % 251) as u8).collect();
        let first = written(&store, &content).await;
        let again = written(&store, &content).await;
        assert_eq!((&first.key, first.bytes), (&again.key, again.bytes));
        assert_eq!(store.blobs().await.expect("the list"), [(first.key.clone(), 2_500_000)]);
        let reader = store.open_blob(&first.key).await.expect("a reader");
        assert!(reader.read_all().await.expect("the content") == content);
    }

    async fn what_someone_has_just_written_outlives_the_removal_of_the_same_content(store: Store) {
        let first = written(&store, b"id,text\n1,hello\n").await;
        let second = written(&store, b"id,text\n1,hello\n").await;
        store.abandon_blob(&first).await.expect("to abandon");
        assert!(is_there(&store, &second.key).await, "the second writer still holds it");
        assert!(!store.remove_unneeded_blob(&second.key).await.expect("an answer"));
        store.abandon_blob(&second).await.expect("to abandon");
        assert!(!is_there(&store, &second.key).await);
        assert!(store.remove_unneeded_blob(&second.key).await.expect("twice is no error"));
    }

    async fn writers_and_removers_of_the_same_content_at_once_lose_nothing(store: Store) {
        for round in 0..20 {
            let content = format!("round {round}");
            let (kept, gone) = tokio::join!(written(&store, content.as_bytes()), async {
                let gone = written(&store, content.as_bytes()).await;
                store.abandon_blob(&gone).await.expect("to abandon");
                gone
            });
            assert_eq!(kept.key, gone.key);
            assert!(is_there(&store, &kept.key).await, "round {round}");
        }
    }

    async fn an_open_import_and_a_release_hold_their_blobs(store: Store) {
        let upload = written(&store, b"an upload").await;
        let file = written(&store, b"a file of a release").await;
        let source = format!("INSERT INTO source (id, project_id, name, format, mapping, upload, state, created_at)
                              VALUES (1, 1, 's', 'csv', '{{}}', '{}', 'failed', 0)", upload.key);
        let released = format!("INSERT INTO release_file (release_id, path, hash, bytes) VALUES (1, 'test.csv', '{}', 19)", file.key);
        run(&store, &[
            PROJECT,
            "INSERT INTO release (id, project_id, number, name, spec, state, created_at) VALUES (1, 1, 1, 'r', '{}', 'done', 0)",
            &source, &released,
        ]).await;
        for blob in [&upload, &file] {
            unpin(&store, blob).await;
            assert!(!store.remove_unneeded_blob(&blob.key).await.expect("an answer"));
        }
        assert_eq!(store.sweep_blobs(LATER).await.expect("a sweep"), 0);
        run(&store, &["UPDATE source SET state = 'done'"]).await;
        assert!(store.remove_unneeded_blob(&upload.key).await.expect("an answer"), "a finished import needs no file");
        assert!(is_there(&store, &file.key).await);
        let missing = async || store.snapshot().await.expect("a moment").missing_blobs().await.expect("a list");
        assert!(missing().await.is_empty());
        run(&store, &["DELETE FROM blob", "UPDATE source SET state = 'preview'"]).await;
        let mut both = [file.key.clone(), upload.key.clone()];
        both.sort();
        assert_eq!(missing().await, both);
    }

    async fn what_killed_work_has_left_is_swept_when_it_is_old(store: Store) {
        let kept = written(&store, b"pinned by work that was killed").await;
        let mut unfinished = store.create_blob().await.expect("a writer");
        unfinished.write(&vec![7; 3 << 20]).await.expect("bytes");
        std::mem::forget(unfinished);
        assert_eq!(store.sweep_blobs(Time(0)).await.expect("a sweep"), 0, "it may be coming in just now");
        assert_eq!(store.sweep_blobs(LATER).await.expect("a sweep"), 2);
        assert!(store.blobs().await.expect("the list").is_empty());
        assert!(store.left_files(LATER).await.expect("a list").is_empty());
        assert!(!is_there(&store, &kept.key).await);
    }
}
