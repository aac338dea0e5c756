use super::*;
use crate::discover::{self, Begin, JoinRun};
use crate::jobs;
use crate::site::audit;
use crate::testbed::Testbed;
use domain::discover::RunState;
use domain::permission::Role;
use domain::project::{Settings, Task};
use serde_json::json;
use std::fs;
use std::path::Path;
use store::{Store, both};
use tempfile::TempDir;

fn npy(rows: &[[f32; 2]]) -> Vec<u8> {
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, 2), }}   \n", rows.len());
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(rows.iter().flatten().flat_map(|x| x.to_le_bytes()));
    bytes
}

/// A project with items `m-0`, `m-1`, …, and a folder for files.
async fn bed(store: Store, n: usize) -> (Testbed, TempDir) {
    let bed = Testbed::new(store, "inbox", Task::Single, Settings::default()).await;
    import(&bed, 0..n).await;
    (bed, tempfile::tempdir().unwrap())
}

async fn import(bed: &Testbed, which: std::ops::Range<usize>) {
    let name = format!("{}.jsonl", which.start);
    let rows: Vec<_> =
        which.map(|i| json!({ "id": format!("m-{i}"), "text": format!("text {i}") })).collect();
    bed.import(&name, &rows).await;
}

fn ids(which: impl IntoIterator<Item = usize>) -> String {
    which.into_iter().map(|i| format!("m-{i}\n")).collect()
}

async fn bring(bed: &Testbed, at: &Path, name: &str, npy: &[u8], ids: &str) -> Result<Added> {
    fs::write(at.join("v.npy"), npy).unwrap();
    fs::write(at.join("ids.txt"), ids).unwrap();
    let (npy, ids) = (at.join("v.npy"), at.join("ids.txt"));
    add(&bed.instance, &bed.owner, bed.project, name, &npy, &ids).await
}

fn said<T: std::fmt::Debug>(outcome: Result<T>) -> String {
    outcome.unwrap_err().to_string()
}

async fn rows_of(bed: &Testbed, set: i64, which: &[usize]) -> Result<Array2<f32>> {
    let ids: Vec<String> = which.iter().map(|i| format!("m-{i}")).collect();
    let items = bed.instance.store.items_called(bed.project, &ids).await.unwrap();
    let items: Vec<ItemId> = items.into_iter().flatten().collect();
    let given = file(&bed.instance, set).await?;
    blob_files::blocking(move || given.rows(&items)).await
}

both! {
    async fn vectors_come_back_by_item_and_are_of_length_one(store: Store) {
        let (bed, at) = bed(store, 4).await;
        // Neither in the order of the items, nor all of them; one id is of no item.
        let npy = npy(&[[0.0, 2.0], [9.0, 9.0], [3.0, 4.0], [0.0, 0.0]]);
        let added = bring(&bed, at.path(), " mine ", &npy, "\u{feff}m-3\r\nx-1\r\nm-0\r\nm-1").await.unwrap();
        let VectorSetRow { id, name, dims, n_items, .. } = added.set.clone();
        assert_eq!((name.as_str(), dims, n_items), ("mine", 2, 3));
        assert_eq!((added.n_unknown, added.unknown.join(" ").as_str(), added.n_without), (1, "x-1", 1));
        let remark = added.remark().unwrap();
        assert!(remark.contains("1 ids that no item has (x-1)") && remark.contains("1 items have no vector"), "{remark}");
        let (instance, owner) = (&bed.instance, &bed.owner);
        assert_eq!(list(instance, owner, bed.project).await.unwrap(), std::slice::from_ref(&added.set));
        let entry = audit::log(instance, &Actor::OPERATOR, Some(bed.project), None).await.unwrap().remove(0);
        assert_eq!((entry.act.as_str(), entry.detail.as_str()), ("brought the vectors", "3 items, 2 dimensions"));

        let want = ndarray::array![[0.6_f32, 0.8], [0.0, 0.0], [0.0, 1.0]];
        assert_eq!(rows_of(&bed, id, &[0, 1, 3]).await.unwrap(), want);
        assert_eq!(rows_of(&bed, id, &[3]).await.unwrap(), ndarray::array![[0.0_f32, 1.0]]);
        let missing = said(rows_of(&bed, id, &[0, 2, 3]).await);
        assert!(missing.contains("One text has no vector in “mine”, “m-2”"), "{missing}");
        // What lies in the derived folder can be lost.
        let copy = place(instance, id);
        fs::write(&copy, "cut").unwrap();
        assert_eq!(rows_of(&bed, id, &[0, 1, 3]).await.unwrap(), want);
        fs::remove_file(&copy).unwrap();
        assert_eq!(rows_of(&bed, id, &[1]).await.unwrap(), ndarray::array![[0.0_f32, 0.0]]);

        assert!(said(bring(&bed, at.path(), "mine", &npy, "m-3\nx\nm-0\nm-1").await).contains("“mine” already"));
        let found = find(instance, owner, bed.project, "mine").await.unwrap();
        remove(instance, owner, bed.project, found.id).await.unwrap();
        assert!(!copy.exists());
        assert!(said(file(instance, id).await.map(|_| ())).contains("removed"));
        assert!(matches!(remove(instance, owner, bed.project, id).await, Err(Error::NotFound(Thing::Vectors))));
        let hash = &added.set.hash;
        assert!(instance.store.blobs().await.unwrap().iter().all(|(key, _)| key != hash));
    }

    async fn what_does_not_fit_is_said_and_nothing_is_kept(store: Store) {
        let (bed, at) = bed(store, 3).await;
        let n_blobs = bed.instance.store.blobs().await.unwrap().len();
        let two = npy(&[[1.0, 2.0], [3.0, 4.0]]);
        let broken = npy(&[[1.0, 2.0], [3.0, f32::NAN]]);
        let endless = npy(&[[f32::INFINITY, 2.0], [3.0, 1.0]]);
        let cases: [(&[u8], &str, &str); 11] = [
            (b"item,x\n1,2\n", "m-0\nm-1", "no .npy file"),
            (&two[..two.len() - 1], "m-0\nm-1", "cut off"),
            (&broken, "m-0\nm-1", "The vector of “m-1”: row 2, column 2 is not a finite number"),
            (&endless, "m-0\nm-1", "The vector of “m-0”: row 1, column 1 is not a finite number"),
            (&two, "m-0", "2 rows and 1 ids"),
            (&two, "m-0\nm-1\nm-2", "2 rows and 3 ids"),
            (&two, "m-0\n\nm-1", "Line 2 of the ids is empty"),
            (&two, "m-0\nm-0", "“m-0” is there twice, in lines 1 and 2"),
            (&two, "a\nb", "No item of the project has one of these ids; the first are a, b"),
            (&two, "", "empty"),
            (&two, "m-0\nm-1", "needed"),
        ];
        for (place, (npy, ids, words)) in cases.into_iter().enumerate() {
            let name = if place == 10 { " " } else { "mine" };
            let said = said(bring(&bed, at.path(), name, npy, ids).await);
            assert!(said.contains(words), "{said}");
        }
        fs::write(at.path().join("ids.txt"), b"m-0\n\xff\n").unwrap();
        let (npy, ids) = (at.path().join("v.npy"), at.path().join("ids.txt"));
        let latin = add(&bed.instance, &bed.owner, bed.project, "mine", &npy, &ids).await;
        assert!(said(latin).contains("not UTF-8"));
        let annotator = bed.person("Ann", Role::Annotator).await;
        let refused = add(&bed.instance, &annotator, bed.project, "mine", &npy, &ids).await;
        assert!(matches!(refused, Err(Error::Forbidden(Act::RunQueues))));
        assert!(list(&bed.instance, &annotator, bed.project).await.is_err());
        assert!(list(&bed.instance, &bed.owner, bed.project).await.unwrap().is_empty());
        assert_eq!(bed.instance.store.blobs().await.unwrap().len(), n_blobs);
        let incoming = fs::read_dir(bed.instance.data.join("derived/incoming")).unwrap();
        assert_eq!(incoming.count(), 0);
    }

    async fn a_run_groups_by_given_vectors(store: Store) {
        let (bed, at) = bed(store, 40).await;
        let (instance, owner, project) = (&bed.instance, &bed.owner, bed.project);
        // Texts say nothing of two groups; vectors do.
        let rows: Vec<[f32; 2]> =
            (0..40).map(|i| if i < 20 { [5.0, 0.01 * i as f32] } else { [-0.01 * i as f32, 5.0] }).collect();
        let added = bring(&bed, at.path(), "mine", &npy(&rows), &ids(0..40)).await.unwrap();
        assert_eq!(added.remark(), None);
        let begin = Begin { encoder: format!("given-{}", added.set.id), seed: 3, ..Begin::default() };
        let (run, _) = discover::start(instance, owner, project, begin.clone()).await.unwrap();
        jobs::run_all(instance).await.unwrap();
        let row = instance.store.run(project, run).await.unwrap().unwrap();
        assert_eq!((row.state, row.error.as_deref(), row.n_items), (RunState::Done, None, 40));
        let outcome: discover::Outcome = serde_json::from_str(row.outcome.as_deref().unwrap()).unwrap();
        assert_eq!(outcome.dims, 2);
        let mut leaves = Vec::new();
        instance.store.members_of_run(run, |member| leaves.push(member.leaf)).await.unwrap();
        let (one, other) = leaves.split_at(20);
        assert!(one.iter().all(|leaf| !other.contains(leaf)), "{leaves:?}");

        // New items have no vectors: they stay out, and it is said.
        import(&bed, 40..43).await;
        discover::follow_imports(instance).await.unwrap();
        jobs::run_all(instance).await.unwrap();
        let join = jobs::newest(instance, project, &JoinRun { run, project }).await.unwrap();
        let why = join.unwrap().error.unwrap();
        assert!(why.contains("3 texts have no vector in “mine”, the first is “m-40”"), "{why}");
        // So does a new run over all of them.
        let (run, _) = discover::start(instance, owner, project, begin.clone()).await.unwrap();
        jobs::run_all(instance).await.unwrap();
        let row = instance.store.run(project, run).await.unwrap().unwrap();
        assert_eq!(row.state, RunState::Failed);
        assert!(row.error.unwrap().contains("“m-40”"));
        remove(instance, owner, project, added.set.id).await.unwrap();
        assert!(said(discover::start(instance, owner, project, begin).await).contains("choose another"));
    }
}
