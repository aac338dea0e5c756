//! A project with all of Discover in it, from one engine to the other.

use super::bulk::judge;
use super::pile::*;
use crate::Instance;
use crate::care::backup::{backup, restore};
use crate::discover::{self, Target};
use domain::slice::Slice;
use std::collections::BTreeMap;
use store::check::archive::{TABLES, Value};
use store::{Store, both};

/// All rows of the tables of Discover, and of answers.
async fn rows_of(store: &Store) -> BTreeMap<&'static str, Vec<Vec<Value>>> {
    let mut snapshot = store.snapshot().await.expect("a snapshot");
    let mut all = BTreeMap::new();
    for table in TABLES.iter().filter(|table| table.name != "meta") {
        let columns = store.columns(table.name).await.expect("columns");
        let mut rows = Vec::new();
        let take = |row| {
            rows.push(row);
            Ok(())
        };
        snapshot.rows(table, &columns, take).await.expect("rows");
        all.insert(table.name, rows);
    }
    all
}

both! {
    async fn everything_comes_back_and_goes_on(store: Store) {
        let (bed, view) = clustered(store, 12).await;
        let (on, who, of, run) = (&bed.instance, &bed.owner, bed.project, view.row.id);
        let labels = bed.publish(&["refund", "parcel"]).await;
        let (refunds, _) = group_of(&bed, &view, 0).await;
        let (parcels, _) = group_of(&bed, &view, 1).await;
        let refund = Target::Group { run, group: refunds };
        discover::name(on, who, of, run, parcels, "“日本” 🙂").await.expect("a name");
        discover::aside(on, who, of, &Target::Group { run, group: parcels }).await.expect("an act");
        let slice = Slice { selection: refund.selection(), ..Slice::default() };
        discover::save_slice(on, who, of, "the refunds", slice).await.expect("a slice");
        let bulk = discover::begin_bulk(on, who, of, &refund, labels[0]).await.expect("a bulk answer");
        judge(&bed, bulk, 0, &[0]).await.expect("verdicts");
        discover::label_bulk(on, who, of, bulk, true).await.expect("to label");
        let level = view.finest();
        let largest = view.shown(level).into_iter().max_by_key(|&at| view.groups[at].group.size).expect("a leaf");
        discover::split(on, who, of, run, view.groups[largest].group.id, level).await.expect("a split");
        let some = shown(&look(&bed, run).await, themes(&view));
        discover::merge(on, who, of, run, &some[some.len() - 2..], themes(&view)).await.expect("a merge");
        bed.import("later.jsonl", &[mixed(100, 2), rows(NEW, 0, 5)].concat()).await;
        discover::follow_imports(on).await.expect("to follow");
        crate::jobs::run_all(on).await.expect("the jobs");
        let second = cluster(&bed, 8).await;
        assert_eq!(ills(&bed).await, Vec::<String>::new());

        let before = rows_of(&on.store).await;
        for table in ["cluster_member", "cluster_lineage", "discover_act", "item_aside", "saved_slice", "bulk_item", "answer"] {
            assert!(!before[table].is_empty(), "{table} holds something");
        }
        let (_, archive) = backup(on, Vec::new(), |_, _| {}).await.expect("a backup");
        let mut stores = vec![store::testing::sqlite().await];
        stores.extend(store::testing::postgres().await);
        for (store, folder) in stores {
            let instance = Instance::new(store, folder.path());
            restore(&instance, archive.as_slice(), |_, _| {}).await.expect("a restore");
            let mut back = bed.clone();
            back.instance = instance;
            // It is restored later, so that new ids are none of those that were given.
            back.advance(3_600);
            let after = rows_of(&back.instance.store).await;
            for (table, rows) in &before {
                assert_eq!(after.get(table), Some(rows), "{table}");
            }
            assert_eq!(ills(&back).await, Vec::<String>::new());
            // The vectors are not in it: what they are needed for can wait, the rest goes on.
            let now = whole(&back, second.row.id).await;
            discover::point(&back.instance, who, of, second.row.id, 0).await.expect("a point");
            let level = now.finest();
            let largest = now.shown(level).into_iter().max_by_key(|&at| now.groups[at].group.size).expect("a leaf");
            discover::split(&back.instance, who, of, second.row.id, now.groups[largest].group.id, level).await.expect("a split");
            whole(&back, second.row.id).await;
            assert_eq!(cluster(&back, 9).await.row.parent_id, Some(second.row.id.0));
        }
    }
}
