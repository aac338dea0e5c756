//! A pile of six clear topics, and what holds of every run over it.

use crate::discover::{self, Begin, Points, RunView};
use crate::jobs;
use crate::testbed::Testbed;
use domain::discover::RunState;
use domain::project::{Settings, Task};
use domain::slice::Slice;
use domain::{ClusterId, ClusteringId, ItemId};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::Store;
use store::data::items::{ItemRow, Order};

/// The words of each topic. The last one is *new*: the pile is made without it.
pub(super) const TOPICS: [[&str; 8]; 7] = [
    ["refund", "money", "returned", "payment", "charged", "twice", "invoice", "bank"],
    ["parcel", "delivery", "courier", "late", "tracking", "address", "shipped", "doorstep"],
    ["password", "login", "account", "locked", "reset", "email", "verification", "username"],
    ["coffee", "beans", "roast", "aroma", "espresso", "bitter", "grinder", "blend"],
    ["broken", "handle", "cracked", "machine", "leaking", "repair", "warranty", "spare"],
    ["subscription", "cancel", "monthly", "plan", "pause", "renewal", "upgrade", "trial"],
    ["zebra", "giraffe", "safari", "lion", "savanna", "elephant", "hyena", "antelope"],
];
pub(super) const NEW: usize = 6;
const FILLERS: [&str; 8] = ["please", "today", "again", "still", "hello", "really", "about", "thanks"];

/// Rows of one topic: four of its words in some order and two that say nothing. Two in three came by mail; the topics
/// follow each other over the months.
pub(super) fn rows(topic: usize, from: usize, n: usize) -> Vec<Value> {
    let mut state = (topic * 7_919 + from * 104_729 + 12_345) as u64;
    let mut roll = move |n: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) as usize) % n
    };
    let row = |i: usize| {
        let mut words: Vec<&str> = TOPICS[topic].to_vec();
        while words.len() > 4 {
            words.remove(roll(words.len()));
        }
        words.insert(roll(4), FILLERS[roll(8)]);
        words.insert(roll(5), FILLERS[roll(8)]);
        let at = format!("2026-{:02}-{:02}T10:00:00Z", 1 + topic, 1 + i % 28);
        let channel = if i.is_multiple_of(3) { "chat" } else { "mail" };
        json!({ "id": format!("t{topic}-{i}"), "text": words.join(" "), "channel": channel, "at": at })
    };
    (from..from + n).map(row).collect()
}

/// Rows of the first six topics, mixed.
pub(super) fn mixed(from: usize, each: usize) -> Vec<Value> {
    let topics: Vec<Vec<Value>> = (0..NEW).map(|topic| rows(topic, from, each)).collect();
    (0..each).flat_map(|i| topics.iter().map(move |rows| rows[i].clone())).collect()
}

/// A project without items.
pub(super) async fn bed(store: Store) -> Testbed {
    Testbed::new(store, "inbox", Task::Single, Settings::default()).await
}

/// A project with `each` texts of six topics, and its first run.
pub(super) async fn clustered(store: Store, each: usize) -> (Testbed, RunView) {
    let bed = bed(store).await;
    bed.import("pile.jsonl", &mixed(0, each)).await;
    let view = cluster(&bed, 7).await;
    (bed, view)
}

pub(super) fn seeded(seed: u64) -> Begin {
    Begin { seed, ..Begin::default() }
}

/// Starts a run, and waits until it is over.
pub(super) async fn run_of(bed: &Testbed, begin: Begin) -> RunView {
    let (run, _) = discover::start(&bed.instance, &bed.owner, bed.project, begin).await.expect("a start");
    jobs::run_all(&bed.instance).await.expect("the jobs");
    look(bed, run).await
}

/// The same for one that finds groups.
pub(super) async fn cluster(bed: &Testbed, seed: u64) -> RunView {
    let view = run_of(bed, seeded(seed)).await;
    assert_eq!((view.row.state, view.row.error.as_deref()), (RunState::Done, None));
    view
}

pub(super) async fn look(bed: &Testbed, run: ClusteringId) -> RunView {
    discover::run(&bed.instance, &bed.owner, bed.project, run).await.expect("a run")
}

/// The level of the themes.
pub(super) fn themes(view: &RunView) -> i64 {
    view.outcome.as_ref().expect("an outcome").grains.themes
}

/// The groups that are shown at a level.
pub(super) fn shown(view: &RunView, level: i64) -> Vec<ClusterId> {
    view.shown(level).into_iter().map(|at| view.groups[at].group.id).collect()
}

/// All items of the project, the oldest first.
pub(super) async fn items(bed: &Testbed) -> Vec<ItemRow> {
    let all = Slice::default();
    bed.instance.store.items(bed.project, &all, Order::OldestFirst, None, 100_000).await.expect("items")
}

/// The topic of an item, from its id.
pub(super) fn topic(item: &ItemRow) -> usize {
    item.external_id[1..2].parse().expect("a topic")
}

pub(super) async fn points(bed: &Testbed, run: ClusteringId) -> Arc<Points> {
    discover::points(&bed.instance, &bed.owner, bed.project, run).await.expect("points").0
}

/// The members of a group.
pub(super) async fn members(bed: &Testbed, view: &RunView, group: ClusterId) -> Vec<ItemId> {
    let points = points(bed, view.row.id).await;
    let node = view.groups.iter().find(|node| node.group.id == group).expect("the group");
    let within = |leaf: u32| node.leaves.iter().any(|(a, b)| (*a..=*b).contains(&i64::from(leaf)));
    let held: Vec<bool> = points.leaves.iter().map(|&leaf| within(leaf)).collect();
    points.held(&held)
}

/// The group of the themes that holds most of a topic, and how many of its items have another one.
pub(super) async fn group_of(bed: &Testbed, view: &RunView, wanted: usize) -> (ClusterId, usize) {
    let topics: BTreeMap<ItemId, usize> =
        items(bed).await.iter().map(|item| (item.id, topic(item))).collect();
    let mut best = (ClusterId(0), 0, 0);
    for id in shown(view, themes(view)) {
        let own = members(bed, view, id).await;
        let right = own.iter().filter(|item| topics[*item] == wanted).count();
        if right > best.1 {
            best = (id, right, own.len() - right);
        }
    }
    (best.0, best.2)
}

/// Holds a run against what is promised of every run: each item is a member once, and at every level it is in exactly
/// one of the groups that are shown, whose sizes are those of their members.
pub(super) async fn whole(bed: &Testbed, run: ClusteringId) -> RunView {
    let view = look(bed, run).await;
    let points = points(bed, run).await;
    assert!(points.items.windows(2).all(|pair| pair[0] < pair[1]), "an item is a member twice");
    assert_eq!(points.len() as i64, view.row.n_items);
    let mut counted: BTreeMap<u32, i64> = BTreeMap::new();
    points.leaves.iter().for_each(|leaf| *counted.entry(*leaf).or_default() += 1);
    let held = |leaves: &[(i64, i64)]| -> Vec<u32> {
        let within = |leaf: u32| leaves.iter().any(|(a, b)| (*a..=*b).contains(&i64::from(leaf)));
        counted.keys().copied().filter(|&leaf| within(leaf)).collect()
    };
    let of_group: Vec<Vec<u32>> = view.groups.iter().map(|node| held(&node.leaves)).collect();
    for (node, leaves) in view.groups.iter().zip(&of_group) {
        let size: i64 = leaves.iter().map(|leaf| counted[leaf]).sum();
        assert_eq!(node.group.size, size, "the size of group {}", node.group.title());
    }
    for level in 1..=view.finest() {
        let mut leaves: Vec<u32> =
            view.shown(level).into_iter().flat_map(|at| of_group[at].clone()).collect();
        leaves.sort_unstable();
        let all: Vec<u32> = counted.keys().copied().collect();
        assert_eq!(leaves, all, "level {level}: an item is in no group, or in two");
    }
    view
}

/// One column of numbers.
pub(super) async fn numbers(store: &Store, query: String) -> Vec<i64> {
    let query = || sqlx::AssertSqlSafe(query.clone());
    store::on!(store, |db| sqlx::query_scalar(query()).fetch_all(db).await).expect("numbers")
}

/// One number.
pub(super) async fn count(store: &Store, query: String) -> i64 {
    numbers(store, query).await[0]
}

/// What the doctor finds.
pub(super) async fn ills(bed: &Testbed) -> Vec<String> {
    crate::care::rebuild::catch_up(&bed.instance).await.expect("an index");
    let all = crate::care::doctor::Depth::All;
    let found = crate::care::doctor::examine(&bed.instance, all, |_| {}).await.expect("a look");
    found.into_iter().map(|finding| format!("{} ({})", finding.what, finding.n)).collect()
}
