//! The taxonomy, from an empty draft to a version that leaves answers behind.

use crate::testbed::{Testbed, sentence};
use domain::project::Task;
use domain::taxonomy::change::Operation;
use domain::taxonomy::edit::Edit;
use store::both;
use workflow::Error;
use workflow::design::*;

both! {
    async fn a_draft_that_two_change(store: Store) {
        let bed = Testbed::new(store, Task::Single).await;
        let (instance, project) = (&bed.instance, bed.project);
        let begun = draft(instance, &bed.owner, project).await.unwrap();
        assert_eq!((begun.edit, begun.base, begun.operations.len()), (4, Some(1), 0));
        let mut label = begun.taxonomy.labels[0].clone();
        label.definition = "Money back".into();
        let now = edit(instance, &bed.owner, project, 4, Edit::Change(label.clone())).await.unwrap();
        assert_eq!(now.operations, [Operation::Redefine { label: label.id, name: "refund".into() }]);
        // A form that was opened before: nothing is saved, and it says whose change stands there.
        label.definition = "Something else".into();
        let stale = sentence(edit(instance, &bed.owner, project, 4, Edit::Change(label)).await);
        assert!(stale.starts_with("Ada changed the draft"), "{stale}");
        let same = Edit::Add(new_label(instance, "Card"));
        let bad = edit(instance, &bed.owner, project, 5, same).await;
        assert!(matches!(bad, Err(Error::Invalid(fields)) if fields[0].field == "name"));
        assert!(matches!(draft(instance, &bed.annotator, project).await, Err(Error::Forbidden(_))));
        let clean = discard(instance, &bed.owner, project, 5).await.unwrap();
        assert!(clean.operations.is_empty());
        let nothing = sentence(publish(instance, &bed.owner, project, 6, "").await);
        assert!(nothing.contains("nothing to publish"), "{nothing}");
    }

    async fn labels_of_a_column(store: Store) {
        let mut bed = Testbed::new(store, Task::Single).await;
        bed.import(&["a", "b", "c"]).await;
        let (instance, project) = (&bed.instance, bed.project);
        let (draft, n) = labels_from_field(instance, &bed.owner, project, 4, "channel").await.unwrap();
        assert_eq!((n, draft.taxonomy.offered().len()), (2, 5));
        let (_, n) = labels_from_field(instance, &bed.owner, project, 5, "channel").await.unwrap();
        assert_eq!(n, 0);
        let none = sentence(labels_from_field(instance, &bed.owner, project, 6, "nope").await);
        assert!(none.contains("no item has a field called “nope”"), "{none}");
    }

    async fn a_draft_on_an_old_version_has_to_catch_up(store: Store) {
        let bed = Testbed::new(store, Task::Single).await;
        let (instance, project) = (&bed.instance, bed.project);
        edit(instance, &bed.owner, project, 4, Edit::Add(new_label(instance, "fees"))).await.unwrap();
        // Someone else (an import with a label column, say) publishes beside the draft.
        let (base, _, taxonomy) = instance.store.published_taxonomy(project).await.unwrap().unwrap();
        let theirs = taxonomy.edited(Edit::Add(new_label(instance, "loans")), None).unwrap();
        let draft_row = instance.store.taxonomy_draft(project).await.unwrap().unwrap();
        let outcome = instance
            .store
            .write(move |tx| {
                Box::pin(async move {
                    // The draft is on another base from here on: as if it had been begun before.
                    tx.publish_taxonomy(project, Some(base), theirs, "", None).await
                })
            })
            .await
            .unwrap()
            .unwrap();
        assert_eq!(outcome.number, 2);
        let by = bed.owner.person_id();
        let taxonomy = draft_row.taxonomy;
        instance
            .store
            .write(move |tx| {
                Box::pin(async move { tx.save_draft(project, 6, Some(base), &taxonomy, by).await })
            })
            .await
            .unwrap();
        let behind = sentence(publish(instance, &bed.owner, project, 7, "").await);
        assert!(behind.contains("Version 2 was published") && behind.contains("added “loans”"), "{behind}");
        let caught_up = catch_up(instance, &bed.owner, project, 7).await.unwrap();
        assert!(caught_up.behind.is_empty());
        let names: Vec<&str> = caught_up.taxonomy.offered().iter().map(|l| l.name.as_str()).collect();
        assert_eq!(names, ["refund", "card", "fees", "loans", "other"]);
        assert_eq!(publish(instance, &bed.owner, project, 8, "").await.unwrap().number, 3);
    }

    async fn settling_that_was_stopped_says_so_and_is_asked_for_again(store: Store) {
        let mut bed = Testbed::new(store, Task::Single).await;
        bed.import(&["a"]).await;
        let queue = bed.queue("q", 1).await;
        bed.answer(queue, 0, 0, Some(&[0])).await;
        let (instance, project) = (&bed.instance, bed.project);
        let now = async || settling(instance, &bed.owner, project).await.unwrap();
        assert_eq!(now().await, None);
        edit(instance, &bed.owner, project, 4, Edit::Remove(bed.labels[0])).await.unwrap();
        publish(instance, &bed.owner, project, 5, "").await.unwrap();
        let job = now().await.unwrap();
        assert!(!job.is_over());
        workflow::jobs::cancel(instance, &bed.owner, job.id).await.unwrap();
        bed.work().await;
        let stopped = now().await.unwrap();
        assert!(stopped.is_over() && stopped.why_stopped() == "It was cancelled.", "{stopped:?}");
        assert_eq!(bed.states().await, [("agreed".to_owned(), 1)]);
        let forbidden = settle_again(instance, &bed.annotator, project).await;
        assert!(matches!(forbidden, Err(Error::Forbidden(_))));
        settle_again(instance, &bed.owner, project).await.unwrap();
        assert!(!now().await.unwrap().is_over());
        bed.work().await;
        assert_eq!(now().await, None);
        assert_eq!(bed.states().await, [("needs_look".to_owned(), 1)]);
    }

    async fn a_retired_label_takes_its_answers_along(store: Store) {
        let mut bed = Testbed::new(store, Task::Single).await;
        bed.import(&["a", "b", "c", "d", "e"]).await;
        let queue = bed.queue("q", 2).await;
        for (item, first, second) in [(0, 0, 0), (1, 1, 1), (2, 0, 1)] {
            bed.answer(queue, item, 0, Some(&[first])).await;
            bed.answer(queue, item, 1, Some(&[second])).await;
        }
        bed.answer(queue, 3, 0, Some(&[1])).await;
        let states = |s: &[(&str, i64)]| s.iter().map(|(n, c)| (n.to_string(), *c)).collect::<Vec<_>>();
        assert_eq!(bed.states().await, states(&[("agreed", 2), ("conflict", 1), ("partial", 1), ("unlabeled", 1)]));
        let (instance, project) = (&bed.instance, bed.project);
        let draft = edit(instance, &bed.owner, project, 4, Edit::Remove(bed.labels[0])).await.unwrap();
        assert_eq!(draft.taxonomy.labels.len(), 3);
        assert_eq!(impact(instance, &bed.owner, project).await.unwrap(), (2, 2));
        let outcome = publish(instance, &bed.owner, project, 5, "no refunds").await.unwrap();
        assert_eq!((outcome.number, outcome.n_carried, outcome.n_need_look), (2, 2, 2));
        bed.work().await;
        assert_eq!(bed.states().await, states(&[("agreed", 1), ("needs_look", 2), ("partial", 1), ("unlabeled", 1)]));
        let versions = versions(instance, &bed.owner, project, None).await.unwrap();
        assert_eq!(versions[0].operations.0, [Operation::Retire { label: bed.labels[0], name: "refund".into() }]);
        assert_eq!((versions[0].note.as_str(), versions[0].published_by.as_deref()), ("no refunds", Some("Ada")));
        let maps = instance.store.label_maps(outcome.version).await.unwrap();
        assert_eq!(maps[&versions[1].id].carry(&[bed.labels[0]]), None);
        // Settling again finds nothing more to do.
        settle(instance, project).await.unwrap();
        assert_eq!(bed.states().await.len(), 4);
    }
}
