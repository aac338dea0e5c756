//! Bulk answers: what a person judges, what is labeled, and what stays out.

use super::pile::*;
use crate::discover::{self, BulkView, Target};
use crate::testbed::Testbed;
use crate::{Error, Result};
use domain::answer::{Origin, Said};
use domain::consensus::State;
use domain::discover::BulkState;
use domain::discover::selection::{Op, Part, Selection, Step};
use domain::permission::Role;
use domain::queue::Plan;
use domain::{BulkId, ItemId, LabelId};
use serde_json::{Value, json};
use store::data::items::ItemRow;
use store::{Store, both};

/// Items that came by mail, and others; two labels are published.
pub(super) async fn inbox(store: Store, n_mails: usize) -> (Testbed, Vec<LabelId>) {
    let bed = bed(store).await;
    let labels = bed.publish(&["refund", "parcel"]).await;
    let rows: Vec<Value> = (0..n_mails + 10)
        .map(|i| json!({ "id": format!("m{i}"), "text": format!("text {i}"), "channel": if i < n_mails { "mail" } else { "chat" } }))
        .collect();
    bed.import("inbox.jsonl", &rows).await;
    (bed, labels)
}

pub(super) fn mails() -> Target {
    let part = Part::Field { name: "channel".to_owned(), value: "mail".to_owned() };
    Target::Selection(Selection { run: None, steps: vec![Step { op: Op::Or, part }] })
}

pub(super) async fn begin(bed: &Testbed, label: LabelId) -> BulkId {
    discover::begin_bulk(&bed.instance, &bed.owner, bed.project, &mails(), label)
        .await
        .expect("a bulk answer")
}

pub(super) async fn judge(bed: &Testbed, bulk: BulkId, from: i64, wrong: &[i64]) -> Result<()> {
    discover::judge(&bed.instance, &bed.owner, bed.project, bulk, from, wrong).await
}

pub(super) async fn label(bed: &Testbed, bulk: BulkId, knowingly: bool) -> Result<()> {
    discover::label_bulk(&bed.instance, &bed.owner, bed.project, bulk, knowingly).await
}

pub(super) async fn view(bed: &Testbed, bulk: BulkId, from: i64) -> BulkView {
    discover::bulk(&bed.instance, &bed.owner, bed.project, bulk, from).await.expect("a view")
}

/// The items of a bulk answer, in its order.
pub(super) async fn places(bed: &Testbed, bulk: BulkId) -> Vec<ItemId> {
    bed.instance
        .store
        .bulk_items(bulk, 0, 100_000)
        .await
        .expect("items")
        .iter()
        .map(|row| row.item_id)
        .collect()
}

/// Items that are labeled by a bulk answer and by nobody else, with the method that is kept of them.
pub(super) async fn by_bulk(bed: &Testbed) -> Vec<i64> {
    let query = "SELECT item_id FROM consensus WHERE method = 'bulk' ORDER BY item_id";
    numbers(&bed.instance.store, query.to_owned()).await
}

pub(super) fn sorted(items: &[ItemId]) -> Vec<i64> {
    let mut ids: Vec<i64> = items.iter().map(|item| item.0).collect();
    ids.sort_unstable();
    ids
}

async fn item(bed: &Testbed, id: ItemId) -> ItemRow {
    bed.instance.store.item(bed.project, id).await.expect("the item")
}

both! {
    async fn all_but_the_unticked_are_labeled(store: Store) {
        let (bed, labels) = inbox(store, 60).await;
        let bulk = begin(&bed, labels[0]).await;
        let first = view(&bed, bulk, 0).await;
        assert_eq!((first.bulk.row.n_items, first.bulk.row.state, first.items.len()), (60, BulkState::Judging, 20));
        assert!(first.items.iter().all(|item| item.drawn) && first.bulk.precision().is_none() && !first.is_judged());
        assert!(matches!(label(&bed, bulk, true).await, Err(Error::Conflict(_))), "not judged yet");
        judge(&bed, bulk, 0, &[3, 11]).await.expect("verdicts");
        // One that was not drawn is unticked, too: it says nothing about the precision.
        judge(&bed, bulk, 20, &[25]).await.expect("verdicts");
        let judged = view(&bed, bulk, 20).await;
        let (share, interval) = judged.bulk.precision().expect("a precision");
        assert!((share - 0.9).abs() < 1e-9 && !judged.is_below_bar() && judged.is_judged());
        // Wilson's interval of 18 of 20.
        assert!((interval.low - 0.699).abs() < 1e-3 && (interval.high - 0.972).abs() < 1e-3, "{interval:?}");
        assert_eq!((judged.items[0].place, judged.bulk.row.n_unticked), (20, 3));
        label(&bed, bulk, false).await.expect("to label");
        let done = view(&bed, bulk, 0).await.bulk.row;
        assert_eq!((done.state, done.n_labeled, done.n_drawn, done.n_right), (BulkState::Done, 57, 20, 18));

        let places = places(&bed, bulk).await;
        let left: Vec<ItemId> = (0..60).filter(|at| ![3, 11, 25].contains(at)).map(|at| places[at]).collect();
        assert_eq!(by_bulk(&bed).await, sorted(&left));
        for id in left {
            let item = item(&bed, id).await;
            assert_eq!((item.state, item.labels.map(|l| l.0)), (State::Agreed, Some(vec![labels[0]])));
            let answers = bed.instance.store.item_answers(id).await.expect("answers");
            assert_eq!((answers.len(), answers[0].origin, answers[0].sighted), (1, Origin::Bulk, true));
        }
        let query = format!("SELECT COUNT(*) FROM answer WHERE bulk_id = {bulk} AND origin = 'bulk'");
        assert_eq!(count(&bed.instance.store, query).await, 57);
        assert_eq!(item(&bed, places[3]).await.state, State::Unlabeled);
        let act = bed.instance.store.acts_of_label(bed.project, labels[0]).await.expect("acts").remove(0);
        assert_eq!((act.kind.as_str(), act.detail.as_str(), act.n_items), ("labeled in bulk", "refund: 18 of 20 drawn were right", 57));
        // The job that was made for it finds nothing to do, and a second click is refused.
        crate::jobs::run_all(&bed.instance).await.expect("the jobs");
        assert!(matches!(label(&bed, bulk, true).await, Err(Error::Conflict(_))));
        assert!(matches!(judge(&bed, bulk, 0, &[1]).await, Err(Error::Conflict(_))));
        let late = discover::give_up_bulk(&bed.instance, &bed.owner, bed.project, bulk).await;
        assert!(matches!(late, Err(Error::Conflict(_))));
        assert_eq!(view(&bed, bulk, 0).await.bulk.row, done);
        assert_eq!(ills(&bed).await, Vec::<String>::new());
    }

    async fn below_the_bar_only_knowingly(store: Store) {
        let (bed, labels) = inbox(store, 30).await;
        let bulk = begin(&bed, labels[0]).await;
        judge(&bed, bulk, 0, &[0, 1, 2]).await.expect("verdicts");
        let judged = view(&bed, bulk, 0).await;
        assert!(judged.is_below_bar() && (judged.bar - 0.9).abs() < 1e-9);
        let refused = label(&bed, bulk, false).await;
        assert!(matches!(&refused, Err(Error::Invalid(fields)) if fields[0].field == "knowingly"), "{refused:?}");
        assert_eq!(view(&bed, bulk, 0).await.bulk.row.state, BulkState::Judging);
        // A verdict can be taken back while it is judged.
        judge(&bed, bulk, 0, &[0, 1]).await.expect("verdicts");
        assert!(!view(&bed, bulk, 0).await.is_below_bar());
        judge(&bed, bulk, 0, &[0, 1, 2]).await.expect("verdicts");
        label(&bed, bulk, true).await.expect("to label");
        assert_eq!(view(&bed, bulk, 0).await.bulk.row.n_labeled, 27);
        // One that is given up labels nothing.
        let (bulk, before) = (discover::begin_bulk(&bed.instance, &bed.owner, bed.project, &mails(), labels[1]).await.expect("a bulk"), by_bulk(&bed).await);
        discover::give_up_bulk(&bed.instance, &bed.owner, bed.project, bulk).await.expect("to give up");
        assert!(label(&bed, bulk, true).await.is_err());
        assert_eq!(by_bulk(&bed).await, before);
    }

    async fn what_is_not_published_labels_nothing(store: Store) {
        let bed = bed(store).await;
        bed.import("some.jsonl", &[json!({ "id": "a", "text": "a", "channel": "mail" })]).await;
        let begin = async |label| {
            discover::begin_bulk(&bed.instance, &bed.owner, bed.project, &mails(), label).await
        };
        assert!(matches!(begin(LabelId(1)).await, Err(Error::Conflict(_))), "no taxonomy");
        bed.publish(&["refund", "parcel"]).await;
        let draft = discover::make_label(&bed.instance, &bed.owner, bed.project, &mails(), "a third", "").await.expect("a label");
        assert!(matches!(begin(draft).await, Err(Error::Invalid(_))), "only in the draft");
        assert_eq!(count(&bed.instance.store, "SELECT COUNT(*) FROM bulk".to_owned()).await, 0);
    }

    async fn what_has_answers_or_was_set_aside_stays_out(store: Store) {
        let (bed, labels) = inbox(store, 8).await;
        let all = items(&bed).await;
        let own: Vec<ItemId> = all.iter().filter(|i| i.fields.0["channel"] == "mail").map(|i| i.id).collect();
        // One is agreed on, one is in conflict, one has half of its answers, one is set aside.
        let queue = bed.queue("all", Plan { overlap: 2, ..Plan::default() }).await;
        let [ada, ben] = [bed.person("Ada", Role::Annotator).await, bed.person("Ben", Role::Annotator).await];
        let says = |item: ItemId, who: usize| match own.iter().position(|mail| *mail == item) {
            Some(0) => Some(labels[0]),
            Some(1) => Some(labels[who]),
            Some(2) if who == 0 => Some(labels[0]),
            _ => None,
        };
        for (who, person) in [&ada, &ben].into_iter().enumerate() {
            for (i, served) in bed.next(person, queue, 20).await.items.into_iter().enumerate() {
                if let Some(label) = says(served.item, who) {
                    let serial = (who * 100 + i) as u64;
                    bed.say(person, &served, Said::Labels(vec![label]), serial).await.expect("an answer");
                }
            }
        }
        let states: Vec<State> = {
            let mut states = Vec::new();
            for mail in &own[..4] {
                states.push(item(&bed, *mail).await.state);
            }
            states
        };
        assert_eq!(states, [State::Agreed, State::Conflict, State::Partial, State::Unlabeled]);
        let aside = ids_target(&bed, &all, own[3]).await;
        assert_eq!(discover::aside(&bed.instance, &bed.owner, bed.project, &aside).await.expect("an act"), 1);
        let before = crate::agree::measure::agreement(&bed.instance, &bed.owner, bed.project, None).await.expect("figures");
        let bulk = begin(&bed, labels[0]).await;
        assert_eq!(sorted(&places(&bed, bulk).await), sorted(&own[4..]));
        judge(&bed, bulk, 0, &[]).await.expect("verdicts");
        label(&bed, bulk, false).await.expect("to label");
        assert_eq!(by_bulk(&bed).await, sorted(&own[4..]));
        // Bulk answers never count as agreement.
        let after = crate::agree::measure::agreement(&bed.instance, &bed.owner, bed.project, None).await.expect("figures");
        assert_eq!((after.n_answers, after.n_items, after.n_compared), (before.n_answers, before.n_items, before.n_compared));
        assert_eq!(format!("{:?}{:?}", after.alpha, after.pairs), format!("{:?}{:?}", before.alpha, before.pairs));
        // All are labeled or set aside now.
        let again = discover::begin_bulk(&bed.instance, &bed.owner, bed.project, &mails(), labels[0]).await;
        assert!(matches!(again, Err(Error::Conflict(_))));
        assert_eq!(ills(&bed).await, Vec::<String>::new());
    }

    async fn what_changed_meanwhile_is_left_out(store: Store) {
        let (bed, labels) = inbox(store, 30).await;
        let bulk = begin(&bed, labels[0]).await;
        judge(&bed, bulk, 0, &[]).await.expect("verdicts");
        let places = places(&bed, bulk).await;
        // Meanwhile one is labeled by a person, one gets another text, one is set aside.
        let queue = bed.queue("all", Plan::default()).await;
        let ada = bed.person("Ada", Role::Annotator).await;
        let served = bed.next(&ada, queue, 20).await.items;
        let served = served.into_iter().find(|served| places.contains(&served.item)).expect("a mail");
        bed.say(&ada, &served, Said::Labels(vec![labels[1]]), 1).await.expect("an answer");
        let all = items(&bed).await;
        let named = |id: ItemId| all.iter().find(|item| item.id == id).expect("the item").external_id.clone();
        let mut others = places.iter().copied().filter(|id| *id != served.item);
        let (revised, aside) = (others.next().expect("an item"), others.next().expect("an item"));
        bed.import("again.jsonl", &[json!({ "id": named(revised), "text": "something else", "channel": "mail" })]).await;
        let target = ids_target(&bed, &all, aside).await;
        discover::aside(&bed.instance, &bed.owner, bed.project, &target).await.expect("an act");

        label(&bed, bulk, false).await.expect("to label");
        let left: Vec<ItemId> = others.collect();
        assert_eq!(by_bulk(&bed).await, sorted(&left));
        assert_eq!(view(&bed, bulk, 0).await.bulk.row.n_labeled, 27);
        let answers = bed.instance.store.item_answers(served.item).await.expect("answers");
        assert_eq!((answers.len(), answers[0].origin), (1, Origin::Queue));
        assert!(bed.instance.store.item_answers(revised).await.expect("answers").is_empty());
        assert!(bed.instance.store.item_answers(aside).await.expect("answers").is_empty());
        assert_eq!(ills(&bed).await, Vec::<String>::new());
    }

    async fn somebody_who_looks_overrides_it(store: Store) {
        let (bed, labels) = inbox(store, 10).await;
        let bulk = begin(&bed, labels[0]).await;
        judge(&bed, bulk, 0, &[]).await.expect("verdicts");
        label(&bed, bulk, false).await.expect("to label");
        let queue = bed.queue("all", Plan::default()).await;
        let ada = bed.person("Ada", Role::Annotator).await;
        let places = places(&bed, bulk).await;
        let served = bed.next(&ada, queue, 20).await.items;
        let served = served.into_iter().find(|served| places.contains(&served.item)).expect("a mail");
        bed.say(&ada, &served, Said::Labels(vec![labels[1]]), 1).await.expect("an answer");
        let now = item(&bed, served.item).await;
        assert_eq!((now.state, now.labels.map(|l| l.0)), (State::Agreed, Some(vec![labels[1]])));
        assert_eq!(by_bulk(&bed).await.len(), 9);
        // Taken back, the bulk answer stands again.
        bed.say(&ada, &served, Said::Withdrawn, 2).await.expect("an answer");
        assert_eq!(item(&bed, served.item).await.labels.map(|l| l.0), Some(vec![labels[0]]));
        assert_eq!(ills(&bed).await, Vec::<String>::new());
    }

    // The group of a run: where it is found in less than half of the subsamples, it is labeled only knowingly.
    async fn a_shaky_group_is_labeled_knowingly(store: Store) {
        let (bed, run) = clustered(store, 12).await;
        let label_id = bed.publish(&["refund", "parcel"]).await[0];
        let (group, _) = group_of(&bed, &run, 0).await;
        let target = Target::Group { run: run.row.id, group };
        store::testing::run(&bed.instance.store, &["UPDATE cluster SET stability = 0.49"]).await;
        let bulk = discover::begin_bulk(&bed.instance, &bed.owner, bed.project, &target, label_id).await.expect("a bulk answer");
        judge(&bed, bulk, 0, &[]).await.expect("verdicts");
        assert!(view(&bed, bulk, 0).await.is_shaky);
        assert!(matches!(label(&bed, bulk, false).await, Err(Error::Invalid(_))));
        label(&bed, bulk, true).await.expect("to label");
        let own = members(&bed, &run, group).await;
        assert_eq!(by_bulk(&bed).await, sorted(&own));
        // The page of groups counts them.
        let now = look(&bed, run.row.id).await;
        let node = now.groups.iter().find(|node| node.group.id == group).expect("the group");
        assert_eq!(node.n_labeled, Some(own.len() as i64));
    }
}

/// One item as a selection: by its words.
async fn ids_target(bed: &Testbed, all: &[ItemRow], id: ItemId) -> Target {
    crate::care::rebuild::catch_up(&bed.instance).await.expect("an index");
    let text = &all.iter().find(|item| item.id == id).expect("the item").text;
    let part = Part::Words(format!("\"{text}\""));
    Target::Selection(Selection { run: None, steps: vec![Step { op: Op::Or, part }] })
}
