//! Agreement over small pools whose figures can be worked out by hand.

use crate::testbed::Testbed;
use domain::project::Task;
use domain::{QueueId, RevisionId};
use std::sync::Arc;
use store::both;
use workflow::Error;
use workflow::agree::measure::*;

both! {
    async fn figures_of_a_small_pool(store: Store) {
        let mut bed = Testbed::new(store, Task::Single).await;
        let texts: Vec<String> = (0..10).map(|i| format!("text {i}")).collect();
        bed.import(&texts.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let (instance, project, owner) = (bed.instance.clone(), bed.project, bed.owner);
        let empty = agreement(&instance, &owner, project, None).await.unwrap();
        assert_eq!((empty.n_answers, empty.alpha.value), (0, None));
        assert!(empty.alpha.reason.as_deref().unwrap().contains("no item has answers of two people"));
        assert_eq!(empty.labels.len(), 3);
        let queue = bed.queue("q", 2).await;
        bed.give(queue, 0, 2).await;
        // Krippendorff 2011, section A: two observers, ten items, nominal, α = 0.095.
        let a = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0];
        let b = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0];
        for item in 0..10 {
            bed.answer(queue, item, 0, Some(&[1 - a[item]])).await;
            bed.answer(queue, item, 0, Some(&[a[item]])).await;
            bed.answer(queue, item, 1, Some(&[b[item]])).await;
        }
        // One too many for the overlap, and one that was taken back.
        bed.answer(queue, 0, 2, Some(&[0])).await;
        let got = agreement(&instance, &owner, project, None).await.unwrap();
        assert_eq!((got.n_answers, got.n_items, got.n_compared), (20, 10, 10));
        assert!((got.alpha.value.unwrap() - 0.095).abs() < 0.001, "{:?}", got.alpha);
        assert_eq!(got.percent.value, Some(0.6));
        assert!(got.alpha.low < got.alpha.value && got.alpha.value < got.alpha.high);
        assert!(got.control_percent.n_items < 10);
        assert_eq!(got.people.iter().map(|p| (p.name.as_str(), p.n_answers)).collect::<Vec<_>>(), [("Ben", 10), ("Cleo", 10)]);
        assert_eq!((got.pairs.len(), got.pairs[0].n_items), (1, 10));
        let mean = got.mean_kappa;
        assert_eq!((mean.value, mean.n_pairs, mean.n_counted), (got.pairs[0].kappa.value, 1, 1));
        // Of the few control items there is a share, and no interval that looks like certainty.
        assert!(got.control_percent.low.is_none() && got.control_percent.reason.is_some(), "{:?}", got.control_percent);
        assert_eq!(got.labels[2].alpha.reason.as_deref(), Some("nobody has used this label yet"));
        assert_eq!(got.labels[0].n_answers, 14);
        let of_queue = agreement(&instance, &owner, project, Some(queue)).await.unwrap();
        assert_eq!(of_queue.alpha, got.alpha);
        // Kept until something is said.
        assert!(Arc::ptr_eq(&got, &agreement(&instance, &owner, project, None).await.unwrap()));
        bed.answer(queue, 9, 0, None).await;
        let less = agreement(&instance, &owner, project, None).await.unwrap();
        assert_eq!((less.n_answers, less.n_compared), (19, 9));
        assert!(matches!(agreement(&instance, &bed.annotator, project, None).await, Err(Error::Forbidden(_))));
    }

    async fn two_items_say_nothing_of_how_sure_a_figure_is(store: Store) {
        let mut bed = Testbed::new(store, Task::Single).await;
        bed.import(&["a", "b"]).await;
        let queue = bed.queue("q", 2).await;
        for item in 0..2 {
            bed.answer(queue, item, 0, Some(&[item])).await;
            bed.answer(queue, item, 1, Some(&[item])).await;
        }
        let (instance, project, owner) = (bed.instance.clone(), bed.project, bed.owner);
        let got = agreement(&instance, &owner, project, None).await.unwrap();
        assert_eq!((got.alpha.value, got.alpha.low, got.alpha.high), (Some(1.0), None, None));
        let reason = got.alpha.reason.as_deref();
        assert_eq!(reason, Some("no interval: an interval needs 5 items, and there are 2"));
        // The pair shares too little to count in the mean.
        let mean = got.mean_kappa;
        assert_eq!((mean.value, mean.n_pairs, mean.n_counted, mean.least_items), (None, 1, 0, 5));
    }

    async fn a_second_queue_is_not_independent(store: Store) {
        let mut bed = Testbed::new(store, Task::Single).await;
        bed.import(&["a", "b"]).await;
        let (first, second) = (bed.queue("one", 2).await, bed.queue("two", 2).await);
        for queue in [first, second] {
            for item in 0..2 {
                bed.answer(queue, item, 0, Some(&[item])).await;
                bed.answer(queue, item, 1, Some(&[item])).await;
            }
        }
        let got = agreement(&bed.instance, &bed.owner, bed.project, None).await.unwrap();
        assert_eq!((got.n_answers, got.alpha.value), (4, Some(1.0)));
        let got = agreement(&bed.instance, &bed.owner, bed.project, Some(second)).await.unwrap();
        assert_eq!(got.n_answers, 4);
    }

    async fn sets_are_compared_by_masi(store: Store) {
        let mut bed = Testbed::new(store, Task::Multi).await;
        bed.import(&["a", "b", "c"]).await;
        let queue = bed.queue("q", 2).await;
        for (item, one, two) in [(0, vec![0, 1], vec![0]), (1, vec![], vec![]), (2, vec![2], vec![2])] {
            bed.answer(queue, item, 0, Some(&one)).await;
            bed.answer(queue, item, 1, Some(&two)).await;
        }
        let got = agreement(&bed.instance, &bed.owner, bed.project, None).await.unwrap();
        let alpha = got.alpha.value.unwrap();
        assert!(alpha > 0.5 && alpha < 1.0, "{alpha}");
        assert_eq!(got.percent.value, Some(2.0 / 3.0));
        assert_eq!(got.labels[2].alpha.value, Some(1.0));
        assert!(got.labels[1].alpha.value.unwrap() < 0.5);
    }

    async fn conflicts_side_by_side(store: Store) {
        let mut bed = Testbed::new(store, Task::Single).await;
        let texts: Vec<String> = (0..30).map(|i| format!("text {i}")).collect();
        bed.import(&texts.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let queue = bed.queue("q", 2).await;
        for item in 0..30 {
            bed.answer(queue, item, 0, Some(&[0])).await;
            bed.answer(queue, item, 1, Some(&[2])).await;
            bed.answer(queue, item, 1, Some(&[usize::from(item != 5)])).await;
        }
        let page = conflicts(&bed.instance, &bed.owner, bed.project, None, None).await.unwrap();
        assert_eq!(page.len() as i64, CONFLICTS);
        let said: Vec<_> = page[0].answers.iter().map(|a| (a.person.as_str(), a.labels.clone())).collect();
        assert_eq!(said, [("Ben", Some(vec![bed.labels[0]])), ("Cleo", Some(vec![bed.labels[1]]))]);
        let last = page.last().unwrap().item;
        let rest = conflicts(&bed.instance, &bed.owner, bed.project, Some(queue), Some(last)).await.unwrap();
        assert_eq!(rest.len(), 9);
        let elsewhere = conflicts(&bed.instance, &bed.owner, bed.project, Some(QueueId(1)), None).await.unwrap();
        assert!(elsewhere.is_empty());
    }

    async fn an_owner_decides_a_conflict(store: Store) {
        use workflow::agree::adjudicate::{Decision, decide};
        let mut bed = Testbed::new(store, Task::Single).await;
        bed.import(&["a"]).await;
        let queue = bed.queue("q", 2).await;
        bed.answer(queue, 0, 0, Some(&[0])).await;
        bed.answer(queue, 0, 1, Some(&[1])).await;
        let conflict = conflicts(&bed.instance, &bed.owner, bed.project, None, None).await.unwrap().remove(0);
        let decision = Decision {
            item: conflict.item,
            revision: conflict.revision,
            labels: vec![bed.labels[1]],
            note: "cards first".into(),
        };
        let refused = decide(&bed.instance, &bed.annotator, bed.project, decision.clone()).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))));
        let two = Decision { labels: bed.labels.clone(), ..decision.clone() };
        assert!(matches!(decide(&bed.instance, &bed.owner, bed.project, two).await, Err(Error::Invalid(_))));
        let other = Decision { revision: RevisionId(1), ..decision.clone() };
        assert!(matches!(decide(&bed.instance, &bed.owner, bed.project, other).await, Err(Error::Conflict(_))));
        decide(&bed.instance, &bed.owner, bed.project, decision.clone()).await.unwrap();
        assert_eq!(bed.states().await, [("adjudicated".to_owned(), 1)]);
        let told = bed.instance.store.audit_log(Some(bed.project), None, 1).await.unwrap().remove(0);
        assert_eq!((told.act.as_str(), told.target), ("decided", format!("item {}", conflict.item)));
        assert!(told.person.is_some() && !told.detail.is_empty(), "who, and for which label");
        // Sent from a page that was loaded before.
        let stale = Decision { labels: vec![bed.labels[0]], ..decision };
        let refused = decide(&bed.instance, &bed.owner, bed.project, stale).await;
        assert!(matches!(refused, Err(Error::Conflict(why)) if why.contains("the first decision stands")));
        assert!(conflicts(&bed.instance, &bed.owner, bed.project, None, None).await.unwrap().is_empty());
    }
}
