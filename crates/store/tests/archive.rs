//! A backup knows every table.

use std::collections::BTreeSet;
use store::both;
use store::check::archive::{LEFT_OUT, TABLES};

both! {
    async fn every_table_is_kept_or_left_out_on_purpose(store: Store) {
        let there: BTreeSet<String> = store.tables().await.expect("the tables").into_iter().collect();
        let names = TABLES.iter().map(|t| t.name).chain(LEFT_OUT.iter().map(|t| t.0));
        let known: BTreeSet<String> = names.map(str::to_owned).collect();
        assert_eq!(there, known, "list new tables in store::check::archive");
        for table in TABLES {
            let columns = store.columns(table.name).await.expect("columns of known types");
            for key in table.key.split(", ") {
                assert!(columns.iter().any(|c| c.name == key), "{}.{key}", table.name);
            }
        }
        assert!(store.schema_number().await.expect("a number") >= 3);
    }

    async fn what_is_written_later_is_not_in_a_snapshot(store: Store) {
        let mut snapshot = store.snapshot().await.expect("a snapshot");
        let meta = &TABLES[0];
        let raise = |n| {
            let store = store.clone();
            async move {
                store.write(move |tx| Box::pin(async move { tx.raise_counter("later", n).await })).await
            }
        };
        raise(5).await.expect("a counter");
        raise(3).await.expect("a counter that stays");
        let columns = store.columns("meta").await.expect("columns");
        let mut n = 0;
        snapshot.rows(meta, &columns, |_| { n += 1; Ok(()) }).await.expect("rows");
        assert_eq!(n, 2);
        drop(snapshot);
        let mut now = store.snapshot().await.expect("a snapshot");
        let mut rows = Vec::new();
        now.rows(meta, &columns, |row| { rows.push(row); Ok(()) }).await.expect("rows");
        assert!(rows.iter().any(|row| row[1] == store::check::archive::Value::Int(5)));
    }
}
