//! Merging, splitting and taking apart: at every level each item stays in one group, and no other group changes.

use super::pile::*;
use crate::discover::{self, GroupRow, RunView, split};
use crate::testbed::Testbed;
use crate::{Error, Result};
use domain::discover::GroupOrigin;
use domain::{ClusterId, ClusteringId};
use rand::{Rng, RngCore, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::collections::BTreeMap;
use store::both;

async fn merge(bed: &Testbed, run: ClusteringId, groups: &[ClusterId], level: i64) -> Result<ClusterId> {
    discover::merge(&bed.instance, &bed.owner, bed.project, run, groups, level).await
}

async fn divide(bed: &Testbed, run: ClusteringId, group: ClusterId, level: i64) -> Result<()> {
    split(&bed.instance, &bed.owner, bed.project, run, group, level).await
}

/// What of a group no act on another one changes.
fn kept(view: &RunView) -> BTreeMap<ClusterId, GroupRow> {
    let levels_apart =
        |group: &GroupRow| GroupRow { from_groups: 0, to_groups: 0, into_id: None, ..group.clone() };
    view.groups.iter().map(|node| (node.group.id, levels_apart(&node.group))).collect()
}

fn unchanged(before: &RunView, after: &RunView) {
    let now = kept(after);
    for (id, group) in kept(before) {
        assert_eq!(now.get(&id), Some(&group), "group {}", group.title());
    }
}

fn is_conflict<T: std::fmt::Debug>(result: &Result<T>, says: &str) {
    assert!(matches!(result, Err(Error::Conflict(why)) if why.contains(says)), "{result:?}");
}

both! {
    async fn merged_and_taken_apart(store: Store) {
        let (bed, view) = clustered(store, 20).await;
        let (run, level) = (view.row.id, themes(&view));
        let all = shown(&view, level);
        let new = merge(&bed, run, &all[..2], level).await.expect("a merged group");
        let merged = whole(&bed, run).await;
        unchanged(&view, &merged);
        let group = &merged.groups.iter().find(|node| node.group.id == new).expect("the group").group;
        assert_eq!(group.origin, GroupOrigin::Merged);
        let mut expected: Vec<ClusterId> = all[2..].to_vec();
        expected.push(new);
        assert_eq!(shown(&merged, level), expected);
        // A stale page: the parts are not shown any more.
        is_conflict(&merge(&bed, run, &all[1..3], level).await, "meanwhile");
        is_conflict(&divide(&bed, run, all[0], level).await, "meanwhile");
        assert!(matches!(merge(&bed, run, &all[..1], level).await, Err(Error::Invalid(_))));
        divide(&bed, run, new, level).await.expect("to take apart");
        let apart = whole(&bed, run).await;
        assert_eq!(shown(&apart, level), all);
        is_conflict(&divide(&bed, run, new, level).await, "meanwhile");
        unchanged(&merged, &apart);
    }

    async fn an_inner_node_and_a_leaf_are_split(store: Store) {
        let (bed, view) = clustered(store, 20).await;
        let run = view.row.id;
        // The root, at the coarsest level.
        divide(&bed, run, view.groups[0].group.id, 1).await.expect("a split");
        let two = whole(&bed, run).await;
        assert_eq!(shown(&two, 1).len(), 2);
        unchanged(&view, &two);
        // A leaf, at the finest: in two, and one of these again.
        let level = two.finest();
        let largest = two.shown(level).into_iter().max_by_key(|&at| two.groups[at].group.size).expect("a leaf");
        let leaf = two.groups[largest].group.clone();
        divide(&bed, run, leaf.id, level).await.expect("a split");
        let halved = whole(&bed, run).await;
        unchanged(&two, &halved);
        let halves: Vec<&GroupRow> =
            halved.groups.iter().map(|node| &node.group).filter(|g| g.parent_id == Some(leaf.id.0)).collect();
        assert_eq!(halves.len(), 2);
        assert!(halves.iter().all(|half| half.origin == GroupOrigin::Split && !half.samples.0.typical.is_empty()));
        assert_eq!(halves.iter().map(|half| half.size).sum::<i64>(), leaf.size);
        let larger = halves.iter().max_by_key(|half| half.size).expect("a half");
        if larger.size > 1 {
            divide(&bed, run, larger.id, level).await.expect("a split of a half");
            unchanged(&halved, &whole(&bed, run).await);
        }
        // And the halves can be merged.
        let (a, b) = (halves[0].id, shown(&whole(&bed, run).await, level)[0]);
        if shown(&whole(&bed, run).await, level).contains(&a) && a != b {
            merge(&bed, run, &[a, b], level).await.expect("a merged group");
            whole(&bed, run).await;
        }
    }

    // The group was merged at fine levels only, and is split or merged with another one where it is shown by itself.
    async fn a_part_of_a_merged_group_stays_whole_at_other_levels(store: Store) {
        let (bed, view) = clustered(store, 20).await;
        let run = view.row.id;
        let level_of = |id: ClusterId| view.groups.iter().find(|n| n.group.id == id).expect("a group").group.level();
        // Two groups that are shown together, of which one is also shown at a coarser level, and has children.
        let has_children = |id: ClusterId| view.groups.iter().any(|node| node.group.parent_id == Some(id.0));
        let (long, short, level) = (2..view.finest())
            .flat_map(|level| {
                let all = shown(&view, level);
                all.iter().flat_map(|&a| all.iter().map(move |&b| (a, b, level))).collect::<Vec<_>>()
            })
            .find(|&(a, b, _)| a != b && has_children(a) && level_of(a).from < level_of(b).from)
            .expect("such a pair");
        merge(&bed, run, &[long, short], level).await.expect("a merged group");
        let coarser = level_of(short).from - 1;
        let before = whole(&bed, run).await;
        assert!(shown(&before, coarser).contains(&long));
        let split = divide(&bed, run, long, coarser).await;
        is_conflict(&split, "take");
        whole(&bed, run).await;
        let third = shown(&before, coarser).into_iter().find(|id| *id != long).expect("another group");
        let again = merge(&bed, run, &[long, third], coarser).await;
        is_conflict(&again, "take");
        whole(&bed, run).await;
    }

    // A merged group that was merged with a third one at some levels is taken apart at another one.
    async fn the_inner_one_of_two_merges_is_taken_apart(store: Store) {
        let (bed, view) = clustered(store, 20).await;
        let run = view.row.id;
        let level_of = |id: ClusterId| view.groups.iter().find(|n| n.group.id == id).expect("a group").group.level();
        // Three groups that are shown together; the first two also at a coarser level.
        let (a, b, c, level) = (3..view.finest())
            .find_map(|level| {
                let mut all = shown(&view, level);
                all.sort_by_key(|id| level_of(*id).from);
                let last = *all.last()?;
                (level_of(all[1]).from < level_of(last).from && all.len() > 2).then(|| (all[0], all[1], last, level))
            })
            .expect("such groups");
        let inner = merge(&bed, run, &[a, b], level).await.expect("a merged group");
        whole(&bed, run).await;
        let outer = merge(&bed, run, &[inner, c], level).await.expect("a larger one");
        whole(&bed, run).await;
        let coarser = level_of(c).from - 1;
        assert!(shown(&look(&bed, run).await, coarser).contains(&inner));
        divide(&bed, run, inner, coarser).await.expect("to take apart");
        let apart = whole(&bed, run).await;
        assert!(shown(&apart, coarser).contains(&a) && shown(&apart, level).contains(&outer));
        divide(&bed, run, outer, level).await.expect("to take apart");
        let apart = whole(&bed, run).await;
        assert_eq!(shown(&apart, level), shown(&view, level));
    }

    async fn random_acts_keep_every_group_that_they_do_not_name(store: Store) {
        let (bed, first) = clustered(store, 12).await;
        let run = first.row.id;
        let mut random = Xoshiro256PlusPlus::seed_from_u64(20);
        let (mut before, mut n_done) = (first, 0);
        for step in 0..40 {
            let level = random.gen_range(1..=before.finest());
            let all = shown(&before, level);
            let pick = |random: &mut Xoshiro256PlusPlus| all[random.gen_range(0..all.len())];
            let done = match random.next_u32() % 4 {
                0 => {
                    let mut some = vec![pick(&mut random), pick(&mut random), pick(&mut random)];
                    some.sort_unstable();
                    some.dedup();
                    some.truncate(2);
                    merge(&bed, run, &some, level).await.map(|_| None)
                }
                1 => {
                    let (group, name) = (pick(&mut random), format!("name {step}"));
                    let named = discover::name(&bed.instance, &bed.owner, bed.project, run, group, &name).await;
                    named.map(|()| Some(group))
                }
                _ => divide(&bed, run, pick(&mut random), level).await.map(|()| None),
            };
            let after = whole(&bed, run).await;
            let named = match done {
                Ok(named) => {
                    n_done += 1;
                    named
                }
                Err(Error::Conflict(_) | Error::Invalid(_)) => None,
                Err(other) => panic!("{other}"),
            };
            let (then, mut now) = (kept(&before), kept(&after));
            if let Some(named) = named {
                let name = now.get_mut(&named).expect("the group").name.take();
                assert_eq!(name, Some(format!("name {step}")));
                now.get_mut(&named).expect("the group").name = then[&named].name.clone();
            }
            for (id, group) in then {
                assert_eq!(now.get(&id), Some(&group), "step {step}, group {}", group.title());
            }
            before = after;
        }
        assert!(n_done >= 20, "{n_done} acts were done");
        assert_eq!(ills(&bed).await, Vec::<String>::new());
    }
}
