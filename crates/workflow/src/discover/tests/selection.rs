//! Selections: what they hold, and that lists and queues hold the same.

use super::pile::*;
use crate::care::rebuild::catch_up;
use crate::data::browse::{self, Order};
use crate::discover::{self, RunView};
use crate::label::queues::{self, Setup};
use crate::testbed::Testbed;
use crate::{Error, Thing};
use domain::discover::selection::{Area, Op, Part, Selection, Step};
use domain::slice::Slice;
use domain::{ClusterId, ItemId, Time};
use std::collections::BTreeSet;
use store::data::items::ItemRow;
use store::{Store, both};

fn day(date: &str) -> Time {
    Time::of_date(date).expect("a day")
}

/// One of each part, and which items it holds by another way.
async fn parts(bed: &Testbed, view: &RunView) -> Vec<(Part, BTreeSet<ItemId>)> {
    let items = items(bed).await;
    let those = |fits: &dyn Fn(&ItemRow) -> bool| {
        items.iter().filter(|item| fits(item)).map(|item| item.id).collect()
    };
    let (group, _) = group_of(bed, view, 2).await;
    let points = points(bed, view.row.id).await;
    let (x, y) = points.places[0];
    let (left, low) = (x.saturating_sub(9_000), y.saturating_sub(9_000));
    let (right, up) = (x.saturating_add(9_000), y.saturating_add(9_000));
    let area = Area::new(vec![(left, low), (right, low), (right, up), (left, up)]).expect("an area");
    let inside = |at: usize| {
        let (x, y) = points.places[at];
        (left..right).contains(&x) && (low..up).contains(&y)
    };
    let within = (0..points.len()).filter(|&at| inside(at)).map(|at| ItemId(points.items[at])).collect();
    let ground =
        (0..points.len()).filter(|&at| points.ground[at]).map(|at| ItemId(points.items[at])).collect();
    vec![
        (Part::Group(group), members(bed, view, group).await.into_iter().collect()),
        (Part::Area(area), within),
        (Part::Words("coffee".to_owned()), those(&|item| item.text.split(' ').any(|word| word == "coffee"))),
        (
            Part::Field { name: "channel".to_owned(), value: "mail".to_owned() },
            those(&|item| item.fields.0["channel"] == "mail"),
        ),
        (
            Part::Days { first: day("2026-03-05"), last: day("2026-05-20") },
            those(&|item| {
                let at = item.event_at.expect("a time");
                (day("2026-03-05").0..day("2026-05-21").0).contains(&at)
            }),
        ),
        (Part::Ground, ground),
    ]
}

/// A pile of which a topic came later.
async fn grown(store: Store) -> (Testbed, RunView) {
    let (bed, view) = clustered(store, 30).await;
    bed.import("new.jsonl", &rows(NEW, 0, 12)).await;
    discover::follow_imports(&bed.instance).await.expect("to follow");
    crate::jobs::run_all(&bed.instance).await.expect("the jobs");
    catch_up(&bed.instance).await.expect("an index");
    let view = look(&bed, view.row.id).await;
    (bed, view)
}

async fn selected(bed: &Testbed, selection: &Selection) -> BTreeSet<ItemId> {
    let selected =
        discover::select(&bed.instance, &bed.owner, bed.project, selection).await.expect("a selection");
    let items = selected.items();
    assert_eq!(selected.count(), items.len());
    let mask = selected.points.mask_bytes(&selected.held);
    assert_eq!(mask[..4], (items.len() as u32).to_le_bytes());
    items.into_iter().collect()
}

both! {
    async fn a_selection_is_what_its_parts_say(store: Store) {
        let (bed, view) = grown(store).await;
        let parts = parts(&bed, &view).await;
        for (part, held) in &parts {
            assert!(!held.is_empty() && held.len() < 192, "{part:?} holds {}", held.len());
        }
        let all: Vec<ItemId> = items(&bed).await.into_iter().map(|item| item.id).collect();
        let mut n_some = 0;
        for first in &parts {
            for second in &parts {
                for op in [Op::Or, Op::And, Op::Not] {
                    for (third, last) in [(&parts[3], Op::And), (&parts[2], Op::Not)] {
                        let step = |op, part: &Part| Step { op, part: part.clone() };
                        let steps = vec![step(Op::Or, &first.0), step(op, &second.0), step(last, &third.0)];
                        let selection = Selection { run: Some(view.row.id), steps };
                        let has = |item: ItemId, part: &Part| {
                            parts.iter().any(|(known, held)| known == part && held.contains(&item))
                        };
                        let fits = |item: &&ItemId| selection.holds(|part| has(**item, part));
                        let expected: BTreeSet<ItemId> = all.iter().filter(fits).copied().collect();
                        assert_eq!(self::selected(&bed, &selection).await, expected, "{selection:?}");
                        n_some += usize::from(!expected.is_empty());
                    }
                }
            }
        }
        assert!(n_some > 60, "{n_some} selections hold something");
    }

    async fn without_a_run_there_are_no_groups_and_places(store: Store) {
        let (bed, view) = grown(store).await;
        for (part, held) in parts(&bed, &view).await {
            let selection = Selection { run: None, steps: vec![Step { op: Op::Or, part: part.clone() }] };
            let found = selected(&bed, &selection).await;
            match part {
                Part::Group(_) | Part::Area(_) | Part::Ground => assert!(found.is_empty()),
                _ => assert_eq!(found, held),
            }
        }
        assert!(selected(&bed, &Selection::default()).await.is_empty());
        let gone = Selection::of_group(view.row.id, ClusterId(1));
        let gone = discover::select(&bed.instance, &bed.owner, bed.project, &gone).await;
        assert!(matches!(gone, Err(Error::NotFound(Thing::Group))));
    }

    async fn a_queue_takes_what_is_selected(store: Store) {
        let (bed, view) = grown(store).await;
        let parts = parts(&bed, &view).await;
        let step = |op, at: usize| Step { op, part: parts[at].0.clone() };
        let selection = Selection { run: Some(view.row.id), steps: vec![step(Op::Or, 0), step(Op::Or, 2), step(Op::Not, 3)] };
        let expected = selected(&bed, &selection).await;
        assert!(!expected.is_empty());
        let slice = Slice { selection, ..Slice::default() };
        let setup = Setup { name: "some".to_owned(), slice: slice.clone(), ..Setup::default() };
        let queue = queues::create(&bed.instance, &bed.owner, bed.project, setup).await.expect("a queue");
        let query = format!("SELECT item_id FROM queue_item WHERE queue_id = {queue}");
        let members: BTreeSet<ItemId> =
            numbers(&bed.instance.store, query).await.into_iter().map(ItemId).collect();
        assert_eq!(members, expected);
        // The other parts of the slice narrow it.
        let both = Slice { field: Slice::of_field("channel", "mail").field, ..slice };
        let setup = Setup { name: "none".to_owned(), slice: both, ..Setup::default() };
        let queue = queues::create(&bed.instance, &bed.owner, bed.project, setup).await.expect("a queue");
        let query = format!("SELECT COUNT(*) FROM queue_item WHERE queue_id = {queue}");
        assert_eq!(count(&bed.instance.store, query).await, 0);
    }

    async fn pages_of_a_selection_hold_each_item_once(store: Store) {
        let (bed, view) = grown(store).await;
        let parts = parts(&bed, &view).await;
        let selection = Selection { run: Some(view.row.id), steps: vec![Step { op: Op::Or, part: parts[3].0.clone() }] };
        let mut expected: Vec<ItemId> = selected(&bed, &selection).await.into_iter().collect();
        assert!(expected.len() > 2 * browse::PAGE, "more than two pages");
        let slice = Slice { selection, ..Slice::default() };
        let page = async |words: &str, order, after| {
            browse::items(&bed.instance, &bed.owner, bed.project, words, &slice, order, after).await.expect("a page")
        };
        for order in [Order::OldestFirst, Order::NewestFirst] {
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let page = page("", order, after).await;
                assert!(page.items.len() <= browse::PAGE);
                seen.extend(page.items.iter().map(|item| item.id));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(seen, expected);
            expected.reverse();
        }
        let some = page("coffee", Order::OldestFirst, None).await;
        assert!(!some.items.is_empty() && some.items.iter().all(|i| i.text.contains("coffee") && i.fields.0["channel"] == "mail"));
    }
}
