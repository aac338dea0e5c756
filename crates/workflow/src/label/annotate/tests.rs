//! Stories of the desk: what a person, and the next one, and the owner between them, can count on.

use super::world::*;
use super::{Rest, Submission, submit, submit_and_next, submit_many};
use crate::Error;
use crate::label::queues;
use crate::label::queues::Filling;
use domain::LabelId;
use domain::answer::{Said, Standing};
use domain::permission::Actor;
use domain::queue::{Extra, Plan, Strategy};
use futures::future::join_all;
use std::collections::BTreeMap;
use store::both;
use store::label::tally::TallyChanges;
use uuid::Uuid;

both! {
    async fn items_come_in_order_and_are_held(store: Store) {
        let w = World::with(store, 4, 0).await;
        let q = w.queue(1).await;
        let (ada, bob) = (w.annotator(1), w.annotator(2));
        let first = w.next(&ada, q, 2).await;
        assert_eq!(first.items.iter().map(|s| s.text.as_str()).collect::<Vec<_>>(), ["text 1", "text 2"]);
        assert_eq!(first.items[0].fields, [("channel".to_owned(), "mail".to_owned())]);
        assert_eq!(first.rest, Rest::More);
        // What she holds comes first each time. No one else gets it.
        assert_eq!(w.items(&ada, q, 3).await, [1, 2, 3]);
        assert_eq!(w.items(&bob, q, 3).await, [4]);
        let left = w.next(&bob, q, 3).await;
        assert_eq!((left.items.len(), left.rest), (1, Rest::Waiting));
        for served in w.next(&ada, q, 3).await.items {
            assert_eq!(w.say(&ada, &served, label(A)).await.expect("saved").standing, Standing::Counted);
        }
        let mine = w.one(&bob, q).await;
        w.say(&bob, &mine, label(B)).await.expect("saved");
        assert_eq!(w.rest(&ada, q).await, Rest::Done);
        assert_eq!(w.rest(&bob, q).await, Rest::Done);
        let counts: Vec<_> = w.tally(q).await.into_iter().collect();
        assert_eq!(counts, [("answers".into(), 4), ("full".into(), 4), ("members".into(), 4), ("slots".into(), 4)]);
        assert_eq!(w.state(w.item(1)).await, "agreed");
    }

    async fn overlap_asks_two_people(store: Store) {
        let w = World::with(store, 1, 0).await;
        let q = w.queue(2).await;
        let (ada, bob, eve) = (w.annotator(1), w.annotator(2), w.annotator(3));
        let (a, b) = (w.one(&ada, q).await, w.one(&bob, q).await);
        assert_eq!(w.rest(&eve, q).await, Rest::Waiting);
        w.say(&ada, &a, label(A)).await.expect("saved");
        assert_eq!(w.state(w.item(1)).await, "partial");
        w.say(&bob, &b, label(B)).await.expect("saved");
        assert_eq!(w.state(w.item(1)).await, "conflict");
        assert_eq!(w.rest(&eve, q).await, Rest::Done);
        // Bob thinks again: a correction is one more revision, and the item is agreed on.
        let again = w.say(&bob, &b, label(A)).await.expect("saved");
        assert_eq!((again.number, again.standing), (2, Standing::Counted));
        assert_eq!(w.state(w.item(1)).await, "agreed");
        assert_eq!(number(&w.instance.store, "SELECT COUNT(*) FROM answer").await, 3);
    }

    async fn the_same_answer_twice_is_one(store: Store) {
        let w = World::with(store, 2, 0).await;
        let q = w.queue(1).await;
        let (ada, bob) = (w.annotator(1), w.annotator(2));
        let held = w.next(&ada, q, 2).await.items;
        let sent = w.said_of(&held[0], label(A));
        let first = submit(&w.instance, &ada, w.project, sent.clone()).await.expect("saved");
        assert_eq!(submit(&w.instance, &ada, w.project, sent.clone()).await.expect("the same"), first);
        let other = Submission { said: label(B), ..sent.clone() };
        assert!(matches!(submit(&w.instance, &ada, w.project, other).await, Err(Error::Conflict(_))));
        let elsewhere = Submission { id: sent.id, ..w.said_of(&held[1], label(A)) };
        assert!(matches!(submit(&w.instance, &ada, w.project, elsewhere).await, Err(Error::Conflict(_))));
        assert!(matches!(submit(&w.instance, &bob, w.project, sent).await, Err(Error::NotFound(_))));
        assert_eq!(number(&w.instance.store, "SELECT COUNT(*) FROM answer").await, 1);
        assert_eq!(w.tally(q).await["answers"], 1);
    }

    async fn labels_are_checked_and_the_rest_is_saved(store: Store) {
        let w = World::with(store, 3, 0).await;
        let q = w.queue(1).await;
        let ada = w.annotator(1);
        let held = w.next(&ada, q, 3).await.items;
        let sent = vec![
            w.said_of(&held[0], label(LabelId(99))),
            w.said_of(&held[1], Said::Labels(vec![A, B])),
            w.said_of(&held[2], label(A)),
            Submission { id: Uuid::nil(), ..w.said_of(&held[0], label(A)) },
            Submission { version: None, ..w.said_of(&held[0], label(A)) },
            Submission { seconds: Some(f64::NAN), ..w.said_of(&held[0], label(A)) },
            Submission { revision: w.revision(3), ..w.said_of(&held[0], label(A)) },
        ];
        let got = submit_many(&w.instance, &ada, w.project, sent).await.expect("outcomes");
        let fields: Vec<_> = got
            .iter()
            .map(|outcome| match outcome {
                Ok(_) => "saved".to_owned(),
                Err(Error::Invalid(fields)) => fields[0].field.clone(),
                Err(other) => other.to_string(),
            })
            .collect();
        assert_eq!(fields, ["labels", "labels", "saved", "id", "taxonomy_version", "seconds", "revision"]);
        assert_eq!(number(&w.instance.store, "SELECT COUNT(*) FROM answer").await, 1);
    }

    async fn a_lease_that_ran_out_goes_to_someone_else(store: Store) {
        let w = World::with(store, 1, 0).await;
        let q = w.queue(1).await;
        let (ada, bob) = (w.annotator(1), w.annotator(2));
        let a = w.one(&ada, q).await;
        w.advance(1_900);
        // No one has asked for it yet. It is still hers, and asking renews it.
        assert_eq!(w.items(&ada, q, 1).await, [1]);
        assert_eq!(w.rest(&bob, q).await, Rest::Waiting);
        w.advance(1_900);
        let b = w.one(&bob, q).await;
        assert_eq!(b.item, w.item(1));
        // Too late: kept, told, not counted.
        let late = w.say(&ada, &a, label(A)).await.expect("kept");
        assert_eq!((late.standing, late.why), (Standing::Extra, Some(Extra::SlotGone)));
        assert_eq!(w.state(w.item(1)).await, "unlabeled");
        w.say(&bob, &b, label(B)).await.expect("saved");
        assert_eq!(w.tally(q).await["answers"], 1);
        assert_eq!(w.rest(&ada, q).await, Rest::Done);
    }

    async fn an_answer_under_an_old_lease_finds_no_slot_in_a_skip_since_then(store: Store) {
        let w = World::with(store, 1, 0).await;
        let q = w.queue(1).await;
        let (ada, bob) = (w.annotator(1), w.annotator(2));
        let old = w.one(&ada, q).await;
        queues::release_leases(&w.instance, &w.owner(), w.project, q, None).await.expect("released");
        let new = w.one(&ada, q).await;
        w.say(&ada, &new, SKIP).await.expect("skipped");
        let b = w.one(&bob, q).await;
        w.say(&bob, &b, label(B)).await.expect("saved");
        let late = w.say(&ada, &old, label(A)).await.expect("kept");
        assert_eq!((late.standing, late.why), (Standing::Extra, Some(Extra::SlotGone)));
        assert_eq!(w.tally(q).await["answers"], 1);
    }

    async fn what_one_said_is_not_agreed_where_two_are_asked(store: Store) {
        let w = World::with(store, 3, 0).await;
        let first = w.queue(1).await;
        let (ada, bob) = (w.annotator(1), w.annotator(2));
        let served = w.one(&ada, first).await;
        w.say(&ada, &served, label(A)).await.expect("saved");
        assert_eq!(w.state(w.item(1)).await, "agreed");
        let plan = Plan { strategy: Strategy::InOrder, overlap: 2, ..Plan::default() };
        let second = w.queue_with("two people each", plan).await;
        assert_eq!(w.state(w.item(1)).await, "partial", "it is asked of two people now");
        nothing_is_wrong(&w).await;
        let served = w.one(&bob, second).await;
        w.say(&bob, &served, label(A)).await.expect("saved");
        assert_eq!(w.state(w.item(1)).await, "agreed");
        nothing_is_wrong(&w).await;
    }

    async fn a_queue_that_was_closed_while_it_filled_takes_in_the_rest(store: Store) {
        let w = World::with(store, 4, 0).await;
        let q = w.queue(1).await;
        // As a crash in the middle of filling leaves it.
        w.run(&[
            &format!("DELETE FROM queue_item WHERE queue_id = {q} AND item_id > :item2"),
            &format!("UPDATE queue SET state = 'filling', whole = FALSE WHERE id = {q}"),
            &format!("DELETE FROM tally WHERE kind = 'queue' AND id = {q}"),
            &format!("INSERT INTO tally (kind, id, key, shard, n) VALUES ('queue', {q}, 'members', 0, 2), ('queue', {q}, 'slots', 0, 2)"),
            "DELETE FROM job",
        ])
        .await;
        queues::close(&w.instance, &w.owner(), w.project, q).await.expect("closed");
        queues::reopen(&w.instance, &w.owner(), w.project, q).await.expect("opened");
        let ada = w.annotator(1);
        assert_eq!(w.rest(&ada, q).await, Rest::Filling);
        crate::jobs::run_all(&w.instance).await.expect("the job");
        assert_eq!(w.items(&ada, q, 9).await, [1, 2, 3, 4]);
        queues::close(&w.instance, &w.owner(), w.project, q).await.expect("closed");
        queues::reopen(&w.instance, &w.owner(), w.project, q).await.expect("opened");
        assert_eq!(w.items(&ada, q, 9).await, [1, 2, 3, 4], "whole, it opens at once");
    }

    async fn filling_that_was_stopped_says_why_and_is_begun_again(store: Store) {
        let w = World::with(store, 4, 0).await;
        let q = w.queue(1).await;
        let filling = async || queues::filling(&w.instance, &w.owner(), w.project, q).await.expect("the queue");
        assert_eq!(filling().await, None, "it is open");
        // As a crash in the middle of filling leaves it.
        w.run(&[
            &format!("DELETE FROM queue_item WHERE queue_id = {q}"),
            &format!("UPDATE queue SET state = 'filling', whole = FALSE WHERE id = {q}"),
            &format!("DELETE FROM tally WHERE kind = 'queue' AND id = {q}"),
            "DELETE FROM job",
        ])
        .await;
        assert_eq!(filling().await, Some(Filling::Stopped(String::new())), "nobody knows why");

        let begin = async || queues::reopen(&w.instance, &w.owner(), w.project, q).await.expect("begun again");
        assert!(!begin().await);
        let Some(Filling::UnderWay(job)) = filling().await else { panic!("no job") };
        assert!(!begin().await);
        assert_eq!(filling().await, Some(Filling::UnderWay(job.clone())), "one job is enough");
        crate::jobs::cancel(&w.instance, &w.owner(), job.id).await.expect("it is not over");
        crate::jobs::run_all(&w.instance).await.expect("the job");
        assert_eq!(filling().await, Some(Filling::Stopped("It was cancelled.".into())));

        begin().await;
        for _ in 0..5 {
            crate::jobs::take(&w.instance).await.expect("a take").expect("the job");
            w.advance(61);
        }
        crate::jobs::run_all(&w.instance).await.expect("the job");
        let stopped = filling().await;
        assert!(matches!(&stopped, Some(Filling::Stopped(why)) if why.contains("5 times")), "{stopped:?}");

        begin().await;
        crate::jobs::run_all(&w.instance).await.expect("the job");
        assert_eq!(filling().await, None);
        assert_eq!(w.items(&w.annotator(1), q, 9).await, [1, 2, 3, 4]);
        assert!(matches!(queues::filling(&w.instance, &w.annotator(1), w.project, q).await, Err(Error::Forbidden(_))));
    }

    async fn an_answer_beside_the_slots_is_asked_for_again_and_counted_once(store: Store) {
        let w = World::with(store, 1, 0).await;
        let q = w.queue(1).await;
        let served = w.one(&w.owner(), q).await;
        w.say(&w.owner(), &served, label(A)).await.expect("saved");
        assert_eq!(w.tally(q).await["beside"], 1);
        let item = w.item(1);
        let reopened: store::Result<()> = w
            .instance
            .store
            .write(move |tx| {
                Box::pin(async move {
                    let mut counts = TallyChanges::default();
                    tx.ask_again(item, &mut counts).await?;
                    tx.count_all(counts, 1).await
                })
            })
            .await;
        reopened.expect("asked again");
        assert_eq!(w.tally(q).await.get("beside"), None);
    }

    async fn a_hundred_answers_at_once_are_all_taken(store: Store) {
        let w = World::with(store, 40, 0).await;
        let q = w.queue(1).await;
        let ada = w.annotator(1);
        let mut sent: Vec<Submission> = Vec::new();
        for n in [20, 20] {
            let held = w.next(&ada, q, n).await.items;
            sent.extend(held.iter().map(|served| w.said_of(served, label(A))));
            for served in &held {
                w.say(&ada, served, label(B)).await.expect("saved");
            }
        }
        let (receipts, batch) = submit_and_next(&w.instance, &ada, w.project, q, sent.clone(), 3).await.expect("all");
        let ids: Vec<Uuid> = receipts.into_iter().map(|r| r.expect("saved").id).collect();
        assert_eq!(ids, sent.iter().map(|s| s.id).collect::<Vec<_>>(), "in the order given");
        assert_eq!((batch.items.len(), batch.rest), (0, Rest::Done));
        assert_eq!(number(&w.instance.store, "SELECT COUNT(*) FROM answer").await, 80);
    }

    async fn people_who_answer_at_once_get_different_items(store: Store) {
        let w = World::with(store, 400, 5).await;
        let plan = Plan { strategy: Strategy::InOrder, overlap: 2, ..Plan::default() };
        let (once, twice) = (w.queue(1).await, w.queue_with("twice", plan).await);
        for q in [once, twice] {
            let people: Vec<Actor> = (1..=16).map(|n| w.annotator(n)).collect();
            let mut held = join_all(people.iter().map(|who| w.next(who, q, 2))).await;
            for _ in 0..6 {
                let (mut items, mut most) = (BTreeMap::new(), 0);
                for batch in &held {
                    assert_eq!(batch.items.len(), 2);
                    for served in &batch.items {
                        let n = items.entry(served.item).or_insert(0);
                        *n += 1;
                        most = most.max(*n);
                    }
                }
                assert!(most <= if q == once { 1 } else { 2 });
                let said = held.iter().map(|batch| vec![w.said_of(&batch.items[0], label(A))]);
                let sent: Vec<_> = people.iter().zip(said).collect();
                let done = sent.into_iter().map(|(who, said)| submit_and_next(&w.instance, who, w.project, q, said, 2));
                held = join_all(done)
                    .await
                    .into_iter()
                    .map(|done| {
                        let (receipts, batch) = done.unwrap();
                        assert!(receipts.iter().all(|receipt| receipt.as_ref().unwrap().standing == Standing::Counted));
                        batch
                    })
                    .collect();
            }
            assert_eq!(w.tally(q).await.get("answers"), Some(&96));
            nothing_is_wrong(&w).await;
        }
    }

    async fn a_late_answer_takes_its_slot_back_while_it_is_free(store: Store) {
        let w = World::with(store, 2, 0).await;
        let q = w.queue(1).await;
        let (ada, bob) = (w.annotator(1), w.annotator(2));
        let a = w.one(&ada, q).await;
        queues::release_leases(&w.instance, &w.owner(), w.project, q, Some(ada.person)).await.expect("released");
        let late = w.say(&ada, &a, label(A)).await.expect("saved");
        assert_eq!(late.standing, Standing::Counted);
        assert_eq!(w.items(&bob, q, 5).await, [2]);
        // Released, given to her again under a new lease, and answered under the old one: still one answer.
        queues::release_leases(&w.instance, &w.owner(), w.project, q, None).await.expect("released");
        let first = w.one(&ada, q).await;
        queues::release_leases(&w.instance, &w.owner(), w.project, q, None).await.expect("released");
        let second = w.one(&ada, q).await;
        assert_eq!((first.item, first.assignment == second.assignment), (second.item, false));
        w.say(&ada, &first, label(B)).await.expect("saved");
        let again = w.say(&ada, &second, label(A)).await.expect("saved");
        assert_eq!((again.number, again.standing), (2, Standing::Counted));
        assert_eq!(w.tally(q).await["answers"], 2);
    }

    async fn who_answers_late_is_not_given_the_same_item_again(store: Store) {
        let w = World::with(store, 2, 0).await;
        let q = w.queue(1).await;
        let ada = w.annotator(1);
        let a = w.one(&ada, q).await;
        queues::release_leases(&w.instance, &w.owner(), w.project, q, Some(ada.person)).await.expect("released");
        let sent = vec![w.said_of(&a, label(A))];
        let (receipts, batch) = submit_and_next(&w.instance, &ada, w.project, q, sent, 2).await.expect("both");
        assert_eq!(receipts[0].as_ref().expect("saved").standing, Standing::Counted);
        let items: Vec<usize> = batch.items.iter().map(|served| w.place(served.item)).collect();
        assert_eq!(items, [2]);
        nothing_is_wrong(&w).await;
    }

    async fn a_skip_frees_the_slot_and_bars_the_person(store: Store) {
        let w = World::with(store, 2, 0).await;
        let q = w.queue(1).await;
        let people = [w.annotator(1), w.annotator(2), w.annotator(3)];
        for (n, person) in people.iter().enumerate() {
            let served = w.one(person, q).await;
            assert_eq!(served.item, w.item(1), "everyone gets it until it is stuck");
            w.say(person, &served, SKIP).await.expect("saved");
            let stuck = if n == 2 { "stuck" } else { "unlabeled" };
            assert_eq!(w.state(w.item(1)).await, stuck);
            assert_eq!(w.items(person, q, 1).await, [2]);
            queues::release_leases(&w.instance, &w.owner(), w.project, q, None).await.expect("released");
        }
        let fourth = w.annotator(4);
        assert_eq!(w.items(&fourth, q, 5).await, [2]);
        // One of them takes the skip back: no longer stuck, and hers again.
        let assignment = w.number("SELECT id FROM assignment WHERE item_id = :item1 AND person_id = :person1").await;
        let back = Submission {
            id: Uuid::now_v7(),
            assignment: domain::AssignmentId(assignment),
            revision: w.revision(1),
            said: Said::Withdrawn,
            version: None,
            seconds: None,
            note: None,
            confidence: None,
        };
        submit(&w.instance, &people[0], w.project, back).await.expect("taken back");
        assert_eq!(w.state(w.item(1)).await, "unlabeled");
        assert_eq!(w.items(&people[0], q, 5).await, [1]);
    }

    async fn undo_takes_the_same_slot_back(store: Store) {
        let w = World::with(store, 3, 0).await;
        let q = w.queue(2).await;
        let ada = w.annotator(1);
        let held = w.next(&ada, q, 3).await.items;
        for served in &held {
            w.say(&ada, served, label(A)).await.expect("saved");
        }
        // Any number back.
        for served in held.iter().rev() {
            let back = w.say(&ada, served, Said::Withdrawn).await.expect("taken back");
            assert_eq!((back.number, back.standing), (2, Standing::Counted));
        }
        assert_eq!(w.items(&ada, q, 3).await, [1, 2, 3]);
        assert_eq!(w.state(w.item(1)).await, "unlabeled");
        assert_eq!(w.tally(q).await.get("answers"), None);
        // Nothing is said of it now.
        assert!(matches!(w.say(&ada, &held[0], Said::Withdrawn).await, Err(Error::Conflict(_))));
        let again = w.say(&ada, &held[0], label(B)).await.expect("saved");
        assert_eq!(again.number, 3);
        assert_eq!(number(&w.instance.store, "SELECT COUNT(*) FROM consensus_label").await, 0);
        assert_eq!(w.state(w.item(1)).await, "partial");
    }

    async fn after_closing_an_answer_can_be_changed_but_not_taken_back(store: Store) {
        let w = World::with(store, 2, 0).await;
        let q = w.queue(1).await;
        let ada = w.annotator(1);
        let held = w.next(&ada, q, 2).await.items;
        w.say(&ada, &held[0], label(A)).await.expect("saved");
        queues::close(&w.instance, &w.owner(), w.project, q).await.expect("closed");
        assert_eq!(w.rest(&ada, q).await, Rest::Closed);
        let late = w.say(&ada, &held[1], label(A)).await.expect("kept");
        assert_eq!((late.standing, late.why), (Standing::Extra, Some(Extra::QueueClosed)));
        assert!(matches!(w.say(&ada, &held[0], Said::Withdrawn).await, Err(Error::Conflict(_))));
        let changed = w.say(&ada, &held[0], label(B)).await.expect("saved");
        assert_eq!((changed.number, changed.standing), (2, Standing::Counted));
        assert_eq!(number(&w.instance.store, "SELECT label_id FROM consensus_label").await, B.0);
        queues::reopen(&w.instance, &w.owner(), w.project, q).await.expect("open");
        assert_eq!(w.items(&ada, q, 5).await, [2]);
    }

    async fn a_changed_text_is_asked_again(store: Store) {
        let w = World::with(store, 2, 0).await;
        let q = w.queue(1).await;
        let ada = w.annotator(1);
        let held = w.next(&ada, q, 2).await.items;
        w.say(&ada, &held[0], label(A)).await.expect("saved");
        w.revise(1, "new text 1").await;
        w.revise(2, "new text 2").await;
        assert_eq!(w.state(w.item(1)).await, "unlabeled");
        // What she saw of the second is old now: kept with the old text, and she is asked again.
        let stale = w.say(&ada, &held[1], label(A)).await.expect("kept");
        assert_eq!((stale.standing, stale.why), (Standing::Extra, Some(Extra::TextChanged)));
        let batch = w.next(&ada, q, 5).await;
        let mut texts: Vec<_> = batch.items.iter().map(|s| s.text.as_str()).collect();
        texts.sort();
        assert_eq!(texts, ["new text 1", "new text 2"]);
        for served in &batch.items {
            assert_eq!(w.say(&ada, served, label(B)).await.expect("saved").standing, Standing::Counted);
        }
        assert_eq!(w.state(w.item(1)).await, "agreed");
        assert_eq!(w.tally(q).await["answers"], 2);
    }

    async fn who_can_see_more_takes_no_slot(store: Store) {
        let w = World::with(store, 1, 0).await;
        let q = w.queue(1).await;
        let (ada, owner, machine) = (w.annotator(1), w.owner(), w.machine());
        let seen = w.one(&owner, q).await;
        w.say(&owner, &seen, label(A)).await.expect("saved");
        assert_eq!(w.rest(&owner, q).await, Rest::Done);
        let guessed = w.one(&machine, q).await;
        w.say(&machine, &guessed, label(A)).await.expect("saved");
        // The slot is still there for someone independent, who is asked and counted.
        let served = w.one(&ada, q).await;
        w.say(&ada, &served, label(B)).await.expect("saved");
        assert_eq!(w.state(w.item(1)).await, "conflict", "the owner's word is heard, the machine's is not");
        assert_eq!(w.tally(q).await["answers"], 1);
        assert_eq!(w.tally(q).await["beside"], 2);
        assert_eq!(number(&w.instance.store, "SELECT COUNT(*) FROM answer WHERE sighted").await, 1);
        assert_eq!(number(&w.instance.store, "SELECT COUNT(*) FROM answer WHERE origin = 'machine'").await, 1);
    }

    async fn control_items_keep_their_pace(store: Store) {
        let w = World::with(store, 60, 4).await;
        let plan = Plan { strategy: Strategy::Random, control_share: 0.2, ..Plan::default() };
        let q = w.queue_with("q", plan).await;
        let ada = w.annotator(1);
        let mut n_control = Vec::new();
        for _ in 0..10 {
            for served in w.next(&ada, q, 5).await.items {
                n_control.push(w.place(served.item) % 4 == 0);
                w.say(&ada, &served, label(A)).await.expect("saved");
            }
        }
        assert_eq!(n_control.len(), 50);
        assert_eq!(n_control[..50].iter().filter(|c| **c).count(), 10);
        // In the end the other line is served to its end.
        assert_eq!(w.items(&ada, q, 20).await.len(), 10);
        let order = number(&w.instance.store, "SELECT COUNT(*) FROM assignment").await;
        assert_eq!(order, 60);
    }

    async fn answers_and_the_next_items_in_one(store: Store) {
        let w = World::with(store, 5, 0).await;
        let q = w.queue(1).await;
        let ada = w.annotator(1);
        let held = w.next(&ada, q, 2).await.items;
        let sent = vec![w.said_of(&held[0], label(A)), w.said_of(&held[1], label(B))];
        let (receipts, batch) = submit_and_next(&w.instance, &ada, w.project, q, sent, 2).await.expect("both");
        assert!(receipts.iter().all(|r| r.is_ok()));
        assert_eq!(batch.items.iter().map(|s| w.place(s.item)).collect::<Vec<_>>(), [3, 4]);
    }

    async fn an_answer_is_recorded_under_the_newest_version_where_the_label_is_the_same(store: Store) {
        let w = World::with(store, 3, 0).await;
        let q = w.queue(1).await;
        let ada = w.annotator(1);
        let held = w.next(&ada, q, 3).await.items;
        w.say(&ada, &held[0], label(B)).await.expect("saved");
        // Refund is retired, card stays, fees are new.
        let mut taxonomy = labels(&[(A, "refund"), (B, "card"), (LabelId(13), "fees")]);
        taxonomy.labels[0].retired = true;
        let (old, new) = (w.version.0, w.publish(taxonomy).await.0);
        w.say(&ada, &held[1], label(B)).await.expect("saved");
        w.say(&ada, &held[2], label(A)).await.expect("saved");
        assert_eq!(w.number("SELECT taxonomy_version_id FROM answer WHERE item_id = :item2").await, new);
        assert_eq!(w.number("SELECT taxonomy_version_id FROM answer WHERE item_id = :item3").await, old);
        assert_eq!(w.state(w.item(2)).await, "agreed");
        assert_eq!(w.state(w.item(3)).await, "needs_look");
        // An answer of the old version is carried over when its item is settled again.
        assert_eq!(w.say(&ada, &held[0], label(B)).await.expect("saved").number, 2);
        assert_eq!(w.state(w.item(1)).await, "agreed");
    }

    async fn another_projects_queue_is_not_found(store: Store) {
        let w = World::with(store, 1, 0).await;
        let q = w.queue(1).await;
        let elsewhere = domain::ProjectId(2);
        assert!(matches!(crate::label::annotate::next(&w.instance, &w.annotator(1), elsewhere, q, 1).await, Err(Error::NotFound(_))));
        let nobody = domain::permission::Actor { roles: domain::permission::Roles::NONE, ..w.annotator(1) };
        assert!(matches!(crate::label::annotate::next(&w.instance, &nobody, w.project, q, 1).await, Err(Error::Forbidden(_))));
    }
}
