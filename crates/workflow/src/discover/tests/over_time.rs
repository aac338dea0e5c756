//! Items that come in later, imports that are taken back, and the run after.

use super::pile::*;
use crate::data::import;
use crate::discover::{self, JoinRun, RunView};
use crate::jobs;
use crate::testbed::Testbed;
use domain::{ClusterId, ItemId};
use std::collections::{BTreeMap, BTreeSet};
use store::both;

async fn follow(bed: &Testbed) {
    discover::follow_imports(&bed.instance).await.expect("to follow");
    jobs::run_all(&bed.instance).await.expect("the jobs");
}

fn sizes(view: &RunView) -> BTreeMap<ClusterId, (i64, i64)> {
    view.groups.iter().map(|node| (node.group.id, (node.group.size, node.group.n_joined))).collect()
}

both! {
    async fn new_items_join_the_nearest_group(store: Store) {
        let (bed, before) = clustered(store, 30).await;
        let run = before.row.id;
        // Somebody merged and split before.
        let all = shown(&before, themes(&before));
        discover::merge(&bed.instance, &bed.owner, bed.project, run, &all[..2], themes(&before)).await.expect("a merge");
        let level = before.finest();
        let largest = before.shown(level).into_iter().max_by_key(|&at| before.groups[at].group.size).expect("a leaf");
        let leaf = before.groups[largest].group.id;
        discover::split(&bed.instance, &bed.owner, bed.project, run, leaf, level).await.expect("a split");
        let before = whole(&bed, run).await;

        let source = bed.import("later.jsonl", &[mixed(100, 4), rows(NEW, 0, 10)].concat()).await;
        assert_eq!(look(&bed, run).await.n_waiting, 34);
        follow(&bed).await;
        let after = whole(&bed, run).await;
        assert_eq!((after.row.n_items, after.row.n_joined, after.n_waiting), (214, 34, 0));
        assert_eq!(after.groups[0].group.n_joined, 34);
        // What is like the pile joined its like; what is like nothing in it is new ground.
        let points = points(&bed, run).await;
        let at: BTreeMap<ItemId, usize> = points.items.iter().enumerate().map(|(at, id)| (ItemId(*id), at)).collect();
        let (mut n_ground, mut n_strange) = (0, 0);
        for item in items(&bed).await.into_iter().filter(|item| item.source_id == source) {
            let is_ground = points.ground[at[&item.id]];
            n_ground += i64::from(is_ground);
            if topic(&item) == NEW {
                assert!(is_ground, "{} is new ground", item.text);
            } else {
                n_strange += usize::from(is_ground);
                let (group, _) = group_of(&bed, &after, topic(&item)).await;
                let name = shown(&after, themes(&after));
                assert!(name.contains(&group));
            }
        }
        assert!(n_strange <= 3, "{n_strange} of 24 that are like the pile are called new ground");
        assert_eq!(after.row.n_ground, n_ground);
        for wanted in 0..NEW {
            let topics: BTreeMap<ItemId, usize> = items(&bed).await.iter().map(|item| (item.id, topic(item))).collect();
            let own: BTreeSet<ItemId> = members(&bed, &before, group_of(&bed, &before, wanted).await.0).await.into_iter().collect();
            let joined: Vec<usize> = own.iter().filter(|id| !points.ground[at[id]]).map(|id| topics[id]).collect();
            let n_right = joined.iter().filter(|topic| **topic == wanted).count();
            assert!(n_right * 10 >= joined.len() * 5, "topic {wanted}: {n_right} of {}", joined.len());
        }
        // Once more there is nothing to do, and a job that comes late changes nothing.
        assert_eq!(discover::follow_imports(&bed.instance).await.expect("to follow"), 0);
        jobs::enqueue(&bed.instance, None, Some(bed.project), &JoinRun { run, project: bed.project }).await.expect("a job");
        jobs::run_all(&bed.instance).await.expect("the jobs");
        assert_eq!(sizes(&whole(&bed, run).await), sizes(&after));

        // The import is taken back: the sizes are those of before.
        import::undo(&bed.instance, &bed.owner, bed.project, source).await.expect("an undo");
        jobs::run_all(&bed.instance).await.expect("the jobs");
        let back = whole(&bed, run).await;
        assert_eq!((back.row.n_items, back.row.n_joined, back.row.n_ground), (180, 0, 0));
        assert_eq!(sizes(&back), sizes(&before));
        assert_eq!(ills(&bed).await, Vec::<String>::new());
    }

    async fn a_leaf_with_new_items_is_split(store: Store) {
        let (bed, before) = clustered(store, 12).await;
        let run = before.row.id;
        bed.import("later.jsonl", &mixed(100, 6)).await;
        follow(&bed).await;
        let view = whole(&bed, run).await;
        let level = view.finest();
        let leaf = view.shown(level).into_iter().map(|at| &view.groups[at].group)
            .filter(|leaf| leaf.size > 2).max_by_key(|leaf| leaf.n_joined).expect("a leaf");
        assert!(leaf.n_joined > 0);
        discover::split(&bed.instance, &bed.owner, bed.project, run, leaf.id, level).await.expect("a split");
        let split = whole(&bed, run).await;
        let halves = split.groups.iter().map(|node| &node.group).filter(|half| half.parent_id == Some(leaf.id.0));
        assert_eq!(halves.map(|half| half.n_joined).sum::<i64>(), leaf.n_joined);
    }

    // The rows of the vectors are those of the items that the run was made of.
    async fn neighbours_stay_the_true_ones(store: Store) {
        let bed = bed(store).await;
        bed.import("pile.jsonl", &mixed(0, 10)).await;
        let second = bed.import("more.jsonl", &rows(5, 50, 12)).await;
        let view = cluster(&bed, 7).await;
        let near = async |item: i64| {
            let number = points(&bed, view.row.id).await;
            let number = number.order.iter().position(|&at| number.items[at as usize] == item).expect("a point");
            discover::point(&bed.instance, &bed.owner, bed.project, view.row.id, number).await.expect("a point").near
        };
        let first = items(&bed).await[0].id.0;
        let before = near(first).await;
        bed.import("later.jsonl", &rows(0, 50, 12)).await;
        follow(&bed).await;
        let last = items(&bed).await.last().expect("an item").id.0;
        assert_eq!((before.len(), near(first).await), (10, before));
        assert!(near(last).await.is_empty(), "it has no vector");
        // As many items as rows, and not the same ones.
        import::undo(&bed.instance, &bed.owner, bed.project, second).await.expect("an undo");
        jobs::run_all(&bed.instance).await.expect("the jobs");
        assert_eq!(whole(&bed, view.row.id).await.row.n_items, 72);
        assert!(near(first).await.is_empty());
    }

    async fn a_new_run_goes_on_from_the_one_before(store: Store) {
        let (bed, first) = clustered(store, 40).await;
        let of_topic = async |view: &RunView, wanted| group_of(&bed, view, wanted).await.0;
        let name = async |group, name: &str| {
            discover::name(&bed.instance, &bed.owner, bed.project, first.row.id, group, name).await.expect("a name");
        };
        let [refunds, parcels] = [of_topic(&first, 0).await, of_topic(&first, 1).await];
        name(refunds, "money back").await;
        name(parcels, "on its way").await;
        let places = points(&bed, first.row.id).await;
        bed.import("later.jsonl", &[mixed(100, 2), rows(NEW, 0, 25)].concat()).await;
        follow(&bed).await;

        let second = cluster(&bed, 7).await;
        let second = whole(&bed, second.row.id).await;
        assert_eq!((second.row.parent_id, second.row.n_items, second.row.n_joined), (Some(first.row.id.0), 277, 0));
        let title = |id: ClusterId| second.groups.iter().find(|node| node.group.id == id).expect("the group").group.name.clone();
        let now = [of_topic(&second, 0).await, of_topic(&second, 1).await];
        assert_eq!([title(now[0]), title(now[1])], [Some("money back".to_owned()), Some("on its way".to_owned())]);
        let named = second.groups.iter().filter(|node| node.group.name.is_some()).count();
        assert_eq!(named, 2, "a name is carried once");
        // The old run keeps what it had, and takes in nothing any more.
        let old = whole(&bed, first.row.id).await;
        assert_eq!(old.groups.iter().filter(|node| node.group.name.is_some()).count(), 2);

        let compared = discover::compare(&bed.instance, &bed.owner, bed.project, second.row.id).await.expect("lineage");
        assert_eq!(compared.parent.as_ref().map(|run| run.id), Some(first.row.id));
        let line = |from: ClusterId| {
            compared.lines.iter().find(|(line, _, _)| line.from_id == Some(from.0)).expect("a line")
        };
        for (old, new) in [(refunds, now[0]), (parcels, now[1])] {
            let (line, from, to) = line(old);
            assert!(matches!(line.kind.as_str(), "continued" | "grown"), "{line:?}");
            assert!(line.jaccard >= 0.5 && line.to_id == Some(new.0) && from.is_some() && to.is_some());
        }
        // Each old group has a fate, and the new topic came from none.
        let fates: BTreeSet<i64> = compared.lines.iter().filter_map(|(line, _, _)| line.from_id).collect();
        assert_eq!(fates.len(), shown(&first, themes(&first)).len());
        let (new, _) = group_of(&bed, &second, NEW).await;
        assert!(compared.lines.iter().any(|(line, _, _)| line.kind == "new" && line.to_id == Some(new.0)), "{:?}", compared.lines);

        // The map is still the one that people know.
        let then: BTreeMap<i64, (u16, u16)> = places.items.iter().copied().zip(places.places.iter().copied()).collect();
        let points = points(&bed, second.row.id).await;
        let mut moves: Vec<f64> = points.items.iter().zip(&points.places).filter_map(|(item, (x, y))| {
            let (old_x, old_y) = then.get(item)?;
            Some((f64::from(*x) - f64::from(*old_x)).hypot(f64::from(*y) - f64::from(*old_y)) / 65_535.0)
        }).collect();
        moves.sort_by(f64::total_cmp);
        assert!(moves.len() == 240 && moves[120] < 0.15, "half of the items moved by {}", moves[120]);
        assert_eq!(ills(&bed).await, Vec::<String>::new());
    }
}
