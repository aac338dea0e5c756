//! A slice means the same items in SQL and in memory, on both engines: every combination of its parts over a small project.

use domain::answer::Said;
use domain::consensus::State;
use domain::permission::Role;
use domain::project::{Settings, Task};
use domain::queue::Plan;
use domain::slice::{FieldIs, Slice};
use domain::{ItemId, LabelId, SourceId};
use serde_json::json;
use std::collections::BTreeSet;
use store::data::items::{ItemRow, Order};
use store::{Store, both};
use workflow::testbed::Testbed;

/// Two imports with fields; of the items some are agreed on, some in conflict, some have half of their answers.
async fn project(store: Store) -> (Testbed, [SourceId; 2], Vec<LabelId>) {
    let bed = Testbed::new(store, "inbox", Task::Multi, Settings::default()).await;
    let labels = bed.publish(&["refund", "card"]).await;
    let rows = |from: usize| -> Vec<_> {
        let channel = |i: usize| if i.is_multiple_of(3) { "mail" } else { "chat" };
        let row = |i: usize| json!({ "id": format!("m-{i}"), "text": format!("text {i}"), "channel": channel(i), "n": i % 2 });
        (from..from + 12).map(row).collect()
    };
    let sources = [bed.import("one.jsonl", &rows(0)).await, bed.import("two.jsonl", &rows(12)).await];
    let queue = bed.queue("all", Plan { overlap: 2, ..Plan::default() }).await;
    let [ada, ben] = [bed.person("Ada", Role::Annotator).await, bed.person("Ben", Role::Annotator).await];
    let says = [vec![labels[0]], vec![labels[1]], labels.clone(), vec![]];
    for (person, n, shift) in [(&ada, 14, 0), (&ben, 9, 1)] {
        for i in 0..n {
            let served = bed.next(person, queue, 1).await.items.remove(0);
            // Both say the same of two items in three.
            let at = (served.item.0 as usize + if served.item.0 % 3 == 0 { shift } else { 0 }) % says.len();
            let serial = shift as u64 * 100 + i;
            bed.say(person, &served, Said::Labels(says[at].clone()), serial).await.expect("an answer");
        }
    }
    (bed, sources, labels)
}

/// Every part in every way, alone and with the others.
fn slices(sources: &[SourceId], labels: &[LabelId]) -> Vec<Slice> {
    let some_states = [
        vec![],
        vec![State::Unlabeled],
        vec![State::Agreed],
        vec![State::Agreed, State::Conflict],
        vec![State::Partial, State::Stuck],
    ];
    fn maybe<T: Copy>(all: &[T]) -> Vec<Option<T>> {
        std::iter::once(None).chain(all.iter().copied().map(Some)).collect()
    }
    let fields =
        [None, Some(("channel", "mail")), Some(("n", "1")), Some(("n", "7")), Some(("plan", "plus"))];
    let mut slices = Vec::new();
    for states in &some_states {
        for source in maybe(sources) {
            for label in maybe(labels) {
                for field in fields {
                    for control in [None, Some(true), Some(false)] {
                        let field = field
                            .map(|(name, value)| FieldIs { name: name.to_owned(), value: value.to_owned() });
                        slices.push(Slice {
                            states: states.clone(),
                            source,
                            label,
                            field,
                            control,
                            ..Slice::default()
                        });
                    }
                }
            }
        }
    }
    slices
}

both! {
    async fn sql_and_memory_agree_on_every_slice(store: Store) {
        let (bed, sources, labels) = project(store).await;
        let store = &bed.instance.store;
        let items: Vec<ItemRow> =
            store.items(bed.project, &Slice::default(), Order::OldestFirst, None, 1_000).await.expect("items");
        let states: BTreeSet<&str> = items.iter().map(|item| item.state.as_str()).collect();
        assert!(items.len() == 24 && states.len() >= 4, "the project is worth asking: {states:?}");
        let mut n_met = 0;
        for slice in slices(&sources, &labels) {
            let fits: Vec<ItemId> = items.iter().filter(|item| item.is_in(&slice, |_| true)).map(|item| item.id).collect();
            let listed = store.items(bed.project, &slice, Order::OldestFirst, None, 1_000).await.expect("items");
            let listed: Vec<ItemId> = listed.iter().map(|item| item.id).collect();
            assert_eq!(listed, fits, "as a list: {slice:?}");
            let mut looked = Vec::new();
            for source in sources {
                let page = store.look_for_queue(bed.project, source, ItemId(0), &slice, 1_000).await;
                looked.extend(page.expect("a page").into_iter().filter(|item| item.fits).map(|item| item.id));
            }
            // A queue walks over the items of the source that it names.
            looked.retain(|id| items.iter().any(|item| item.id == *id && slice.source.is_none_or(|s| s == item.source_id)));
            assert_eq!(looked, fits, "for a queue: {slice:?}");
            n_met += usize::from(!fits.is_empty());
        }
        assert!(n_met > 100, "many slices hold something: {n_met}");
    }
}
