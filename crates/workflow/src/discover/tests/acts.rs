//! What people do with a group or a selection, and what is kept of it.

use super::pile::*;
use crate::design;
use crate::discover::{self, RunView, Target};
use crate::testbed::{self, Testbed};
use crate::{Error, Thing};
use domain::discover::selection::{Op, Part, Selection, Step};
use domain::project::Task;
use domain::slice::Slice;
use domain::{ClusterId, LabelId};
use store::both;
use store::discover::acts::ActRow;

fn target(view: &RunView, group: ClusterId) -> Target {
    Target::Group { run: view.row.id, group }
}

fn mail() -> Target {
    let part = Part::Field { name: "channel".to_owned(), value: "mail".to_owned() };
    Target::Selection(Selection { run: None, steps: vec![Step { op: Op::Or, part }] })
}

async fn acts(bed: &Testbed) -> Vec<ActRow> {
    bed.instance.store.acts(bed.project, None, 100).await.expect("acts")
}

async fn group(bed: &Testbed, view: &RunView, group: ClusterId) -> store::discover::groups::GroupRow {
    bed.instance.store.group(view.row.id, group).await.expect("a read").expect("the group")
}

both! {
    async fn a_group_is_named_and_the_name_taken_away(store: Store) {
        let (bed, view) = clustered(store, 12).await;
        let (id, _) = group_of(&bed, &view, 0).await;
        let name = async |name: &str| {
            discover::name(&bed.instance, &bed.owner, bed.project, view.row.id, id, name).await
        };
        name("  Money \n back ").await.expect("a name");
        assert_eq!(group(&bed, &view, id).await.title(), "Money back");
        assert!(matches!(name(&"x".repeat(81)).await, Err(Error::Invalid(_))));
        name("").await.expect("no name");
        assert_eq!(group(&bed, &view, id).await.name, None);
        let kept = acts(&bed).await;
        let said: Vec<(&str, &str)> = kept.iter().map(|act| (act.kind.as_str(), act.detail.as_str())).collect();
        assert_eq!(said, [("named", ""), ("named", "Money back")]);
        assert!(kept.iter().all(|act| act.person.as_deref() == Some("Olga") && act.run == Some(1) && act.cluster_id == Some(id.0)));
    }

    async fn a_label_knows_where_it_came_from(store: Store) {
        let (bed, view) = clustered(store, 12).await;
        let (id, _) = group_of(&bed, &view, 3).await;
        let make = async |target: &Target, name: &str, criterion: &str| {
            discover::make_label(&bed.instance, &bed.owner, bed.project, target, name, criterion).await
        };
        let label = make(&target(&view, id), " coffee ", " About beans. ").await.expect("a label");
        let draft = design::draft(&bed.instance, &bed.owner, bed.project).await.expect("a draft");
        let made = draft.taxonomy.get(label).expect("the label");
        assert_eq!((made.name.as_str(), made.includes.as_str()), ("coffee", "About beans."));
        let own = members(&bed, &view, id).await;
        let texts: Vec<String> = items(&bed).await.into_iter().filter(|i| own.contains(&i.id)).map(|i| i.text).collect();
        assert!(made.examples.len() == 3 && made.examples.iter().all(|text| texts.contains(text)));
        // The group is called after it, as nobody had named it.
        assert_eq!(group(&bed, &view, id).await.name.as_deref(), Some("coffee"));
        let of_selection = make(&mail(), "mail", "").await.expect("a label");
        // The same name again is refused, and nothing is kept of it.
        assert!(make(&target(&view, id), "coffee", "").await.is_err());
        assert!(make(&target(&view, id), " ", "").await.is_err());
        assert_eq!(acts(&bed).await.len(), 2);
        let came = async |label: LabelId| {
            bed.instance.store.acts_of_label(bed.project, label).await.expect("acts")
        };
        let of_group = came(label).await;
        assert_eq!(of_group.len(), 1);
        assert_eq!((of_group[0].cluster_id, of_group[0].n_items), (Some(id.0), members(&bed, &view, id).await.len() as i64));
        let from = &came(of_selection).await[0];
        assert_eq!((from.cluster_id, from.kind.as_str(), from.n_items), (None, "made a label", 48));
        assert!(from.selection.contains("or.field.channel=mail"), "{}", from.selection);
    }

    async fn examples_and_counter_examples_are_added(store: Store) {
        let (bed, view) = clustered(store, 12).await;
        let label = bed.publish(&["refund", "parcel"]).await[0];
        let [refunds, parcels] = [group_of(&bed, &view, 0).await.0, group_of(&bed, &view, 1).await.0];
        let add = async |group, are_counter| {
            discover::examples(&bed.instance, &bed.owner, bed.project, &target(&view, group), label, are_counter).await
        };
        assert_eq!(add(refunds, false).await.expect("examples"), 3);
        assert_eq!(add(parcels, true).await.expect("examples"), 3);
        // The same ones are there already.
        assert_eq!(add(parcels, true).await.expect("examples"), 0);
        let draft = design::draft(&bed.instance, &bed.owner, bed.project).await.expect("a draft");
        let now = draft.taxonomy.get(label).expect("the label");
        let about = |texts: &[String], topic: usize| {
            texts.iter().all(|text| text.split(' ').any(|word| TOPICS[topic].contains(&word)))
        };
        assert!(now.examples.len() == 3 && about(&now.examples, 0));
        assert!(now.counter_examples.len() == 3 && about(&now.counter_examples, 1));
        let gone = discover::examples(&bed.instance, &bed.owner, bed.project, &mail(), LabelId(1), false).await;
        assert!(matches!(gone, Err(Error::NotFound(Thing::Label))));
    }

    async fn items_are_set_aside_and_taken_back(store: Store) {
        let (bed, view) = clustered(store, 12).await;
        let (id, _) = group_of(&bed, &view, 1).await;
        let own: Vec<i64> = members(&bed, &view, id).await.iter().map(|item| item.0).collect();
        let here = (&bed.instance, &bed.owner, bed.project);
        assert_eq!(discover::aside(here.0, here.1, here.2, &target(&view, id)).await.expect("an act"), own.len());
        assert_eq!(bed.instance.store.items_aside(bed.project).await.expect("items"), own);
        assert!(group(&bed, &view, id).await.aside);
        // Twice is once.
        discover::aside(here.0, here.1, here.2, &target(&view, id)).await.expect("an act");
        assert_eq!(bed.instance.store.items_aside(bed.project).await.expect("items"), own);
        assert_eq!(discover::back(here.0, here.1, here.2, &mail()).await.expect("an act"), 48);
        let rest = bed.instance.store.items_aside(bed.project).await.expect("items");
        assert!(!rest.is_empty() && rest.len() < own.len());
        discover::back(here.0, here.1, here.2, &target(&view, id)).await.expect("an act");
        assert!(bed.instance.store.items_aside(bed.project).await.expect("items").is_empty());
        assert!(!group(&bed, &view, id).await.aside);
        whole(&bed, view.row.id).await;
        let nothing = Target::Selection(Selection::default());
        assert!(matches!(discover::aside(here.0, here.1, here.2, &nothing).await, Err(Error::Conflict(_))));
        assert_eq!(acts(&bed).await.len(), 4);
    }

    async fn slices_are_saved_under_a_name(store: Store) {
        let (bed, view) = clustered(store, 5).await;
        let (id, _) = group_of(&bed, &view, 1).await;
        let slice = Slice { selection: target(&view, id).selection(), ..Slice::of_field("channel", "mail") };
        let save = async |name: &str, slice: &Slice| {
            discover::save_slice(&bed.instance, &bed.owner, bed.project, name, slice.clone()).await
        };
        save(" the \t parcels ", &slice).await.expect("a slice");
        for bad in ["the parcels", "", &"x".repeat(81)] {
            let refused = save(bad, &slice).await;
            assert!(matches!(&refused, Err(Error::Invalid(fields)) if fields[0].field == "name"), "{refused:?}");
        }
        let gone = Slice { selection: Selection::of_group(view.row.id, ClusterId(1)), ..Slice::default() };
        assert!(matches!(save("gone", &gone).await, Err(Error::NotFound(Thing::Group))));
        let saved = discover::saved(&bed.instance, &bed.owner, bed.project).await.expect("slices");
        assert_eq!(saved.len(), 1);
        assert_eq!((saved[0].name.as_str(), &saved[0].document.0), ("the parcels", &slice));
        // Another project has other names, and removes none of this one's.
        let mut other = bed.clone();
        other.project = testbed::project(&bed.instance, "other", Task::Single, Default::default()).await;
        let remove = async |bed: &Testbed, id: i64| {
            discover::remove_slice(&bed.instance, &bed.owner, bed.project, id).await
        };
        discover::save_slice(&bed.instance, &bed.owner, other.project, "the parcels", Slice::default()).await.expect("a slice");
        assert!(remove(&other, saved[0].id).await.is_err());
        remove(&bed, saved[0].id).await.expect("to remove");
        assert!(remove(&bed, saved[0].id).await.is_err(), "it is gone");
        assert!(discover::saved(&bed.instance, &bed.owner, bed.project).await.expect("slices").is_empty());
    }

    // The vectors are derived: whoever deletes them loses neighbours, not work.
    async fn without_the_vectors_a_leaf_is_still_split(store: Store) {
        let (bed, view) = clustered(store, 12).await;
        let run = view.row.id;
        let near = discover::point(&bed.instance, &bed.owner, bed.project, run, 0).await.expect("a point");
        assert_eq!(near.near.len(), 10);
        std::fs::remove_file(discover::vectors::path(&bed.instance, run)).expect("the vectors");
        let alone = discover::point(&bed.instance, &bed.owner, bed.project, run, 0).await.expect("a point");
        assert_eq!((alone.item, alone.text, alone.near.len()), (near.item, near.text, 0));
        let level = view.finest();
        let largest = view.shown(level).into_iter().max_by_key(|&at| view.groups[at].group.size).expect("a leaf");
        let leaf = view.groups[largest].group.id;
        discover::split(&bed.instance, &bed.owner, bed.project, run, leaf, level).await.expect("a split");
        let view = whole(&bed, run).await;
        assert_eq!(view.groups.iter().filter(|node| node.group.parent_id == Some(leaf.0)).count(), 2);
        let gone = discover::point(&bed.instance, &bed.owner, bed.project, run, 72).await;
        assert!(matches!(gone, Err(Error::NotFound(Thing::Item))));
    }
}
