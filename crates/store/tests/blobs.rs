//! Blobs come back as they were written, and the same content is kept once.

use store::{Error, both};

both! {
    async fn a_blob_comes_back_whole(store: Store) {
        let content: Vec<u8> = (0..2_500_000u32).map(|i| (i % 251) as u8).collect();
        let mut keys = Vec::new();
        for _ in 0..2 {
            let mut writer = store.create_blob().await.expect("a writer");
            for piece in content.chunks(70_000) {
                writer.write(piece).await.expect("a piece");
            }
            keys.push(writer.finish().await.expect("the end"));
        }
        assert_eq!(keys[0], keys[1]);
        assert_eq!(store.blobs().await.expect("the list"), [(keys[0].key.clone(), 2_500_000)]);
        let reader = store.open_blob(&keys[0].key).await.expect("a reader");
        assert!(reader.read_all().await.expect("the content") == content);
        store.delete_blob(&keys[0].key).await.expect("to delete");
        assert!(matches!(store.open_blob(&keys[0].key).await, Err(Error::NotFound)));
    }
}
