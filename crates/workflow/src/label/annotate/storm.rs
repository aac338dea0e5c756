//! Many people at once, doing everything in every order; afterwards the promises are read from the database.

use super::world::*;
use super::{Served, Submission, submit, submit_and_next};
use crate::Error;
use crate::label::queues;
use domain::QueueId;
use domain::answer::Said;
use domain::permission::Actor;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use store::both;
use uuid::Uuid;

const PEOPLE: usize = 16;
const ITEMS: usize = 300;

/// What one person did and was told.
#[derive(Default)]
struct Told {
    /// Answers that were confirmed.
    saved: Vec<Uuid>,
    refused: usize,
}

both! {
    async fn sixteen_people_at_once_break_no_promise(store: Store) {
        let w = World::with(store, ITEMS, 5).await;
        let q = w.queue(2).await;
        let people = (1..=PEOPLE).map(|person| tokio::spawn(work(w.clone(), q, person)));
        let meddler = tokio::spawn(meddle(w.clone(), q));
        let mut saved = Vec::new();
        for told in futures::future::join_all(people).await {
            let told = told.expect("a person's work");
            assert!(told.refused < 400, "most of what was tried was taken");
            saved.extend(told.saved);
        }
        meddler.await.expect("the owner's work");
        let is_there = number(&w.instance.store, "SELECT COUNT(*) FROM answer").await;
        assert_eq!(is_there, saved.len() as i64, "everything that was confirmed is there, once");
        promises_hold(&w, q).await;
        finish(&w, q).await;
        promises_hold(&w, q).await;
    }
}

/// Asks, answers, skips, takes back, corrects, repeats and forgets, as chance will have it.
async fn work(w: World, q: QueueId, person: usize) -> Told {
    let mut dice = Xoshiro256PlusPlus::seed_from_u64(person as u64);
    let me = w.annotator(person);
    let (mut held, mut done): (Vec<Served>, Vec<Served>) = (Vec::new(), Vec::new());
    let mut told = Told::default();
    let mut last: Option<Submission> = None;
    for _ in 0..60 {
        let (served, said) = match dice.gen_range(0..100) {
            0..=4 => {
                // The network repeats itself.
                if let Some(again) = last.clone() {
                    assert!(
                        submit(&w.instance, &me, w.project, again).await.is_ok(),
                        "the same again is no error"
                    );
                }
                continue;
            }
            5..=9 => {
                held.clear();
                continue;
            }
            10..=19 if !done.is_empty() => (done[dice.gen_range(0..done.len())].clone(), Said::Withdrawn),
            20..=29 if !done.is_empty() => (done[dice.gen_range(0..done.len())].clone(), label(B)),
            _ => {
                let Some(served) = held.pop() else {
                    let n = dice.gen_range(1..6);
                    held = w.next(&me, q, n).await.items;
                    continue;
                };
                let said = match dice.gen_range(0..10) {
                    0 => SKIP,
                    1..=3 => label(B),
                    _ => label(A),
                };
                (served, said)
            }
        };
        let sent = w.said_of(&served, said);
        let outcome = if dice.gen_bool(0.5) {
            let both = submit_and_next(&w.instance, &me, w.project, q, vec![sent.clone()], 3).await;
            let (mut receipts, batch) = both.expect("the database takes it");
            held = batch.items;
            receipts.remove(0)
        } else {
            submit(&w.instance, &me, w.project, sent.clone()).await
        };
        match outcome {
            Ok(receipt) => {
                told.saved.push(receipt.id);
                last = Some(sent);
                done.push(served);
            }
            Err(Error::Conflict(_)) => told.refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    told
}

/// An owner takes leases back and closes the queue for a moment, and time passes.
async fn meddle(w: World, q: QueueId) {
    let mut dice = Xoshiro256PlusPlus::seed_from_u64(99);
    for _ in 0..25 {
        match dice.gen_range(0..4) {
            0 => {
                queues::release_leases(&w.instance, &w.owner(), w.project, q, None).await.expect("released");
            }
            1 => {
                queues::close(&w.instance, &w.owner(), w.project, q).await.expect("closed");
                tokio::task::yield_now().await;
                queues::reopen(&w.instance, &w.owner(), w.project, q).await.expect("open");
            }
            _ => w.advance(dice.gen_range(100..1_500)),
        }
        w.next(&w.owner(), q, 2).await;
    }
}

/// Everyone answers what is left for them, in turn; then nothing is left that could have been answered.
async fn finish(w: &World, q: QueueId) {
    let people: Vec<Actor> = (1..=PEOPLE).map(|n| w.annotator(n)).collect();
    w.advance(2_000);
    loop {
        let mut answered = 0;
        for person in &people {
            for served in w.next(person, q, 20).await.items {
                w.say(person, &served, label(A)).await.expect("saved");
                answered += 1;
            }
        }
        if answered == 0 {
            break;
        }
    }
    let open = "SELECT COUNT(*) FROM queue_item WHERE filled < target AND NOT stuck";
    assert_eq!(
        number(&w.instance.store, open).await,
        0,
        "nobody was told that all is done while something was left"
    );
}

async fn promises_hold(w: &World, q: QueueId) {
    let store = &w.instance.store;
    let none = [
        (
            "more holders and counted answers than asked for",
            "SELECT COUNT(*) FROM (SELECT qi.item_id FROM queue_item qi JOIN assignment a
                 ON a.queue_id = qi.queue_id AND a.item_id = qi.item_id
             WHERE a.state IN ('leased', 'answered') AND NOT a.beside
             GROUP BY qi.item_id, qi.target HAVING COUNT(*) > qi.target) x",
        ),
        (
            "filled is not what fills the slots",
            "SELECT COUNT(*) FROM queue_item qi WHERE qi.filled <> (SELECT COUNT(*) FROM assignment a
             WHERE a.queue_id = qi.queue_id AND a.item_id = qi.item_id AND a.state IN ('leased', 'answered')
               AND NOT a.beside)",
        ),
        (
            "a counted answer with labels, not taken back, without an answered assignment",
            "SELECT COUNT(*) FROM answer v WHERE v.standing = 'counted' AND v.kind = 'labels'
             AND v.number = (SELECT MAX(l.number) FROM answer l WHERE l.item_id = v.item_id
                             AND l.person_id = v.person_id AND l.standing = 'counted')
             AND NOT EXISTS (SELECT 1 FROM assignment a WHERE a.item_id = v.item_id
                             AND a.person_id = v.person_id AND a.state = 'answered')",
        ),
        (
            "an answered assignment whose last counted answer is not one",
            "SELECT COUNT(*) FROM assignment a WHERE a.state = 'answered' AND NOT EXISTS (
                 SELECT 1 FROM answer v WHERE v.item_id = a.item_id AND v.person_id = a.person_id
                 AND v.standing = 'counted' AND v.kind = 'labels' AND v.number = (
                     SELECT MAX(l.number) FROM answer l WHERE l.item_id = v.item_id
                     AND l.person_id = v.person_id AND l.standing = 'counted'))",
        ),
        (
            "answers of a person that are numbered twice",
            "SELECT COUNT(*) FROM (SELECT item_id FROM answer GROUP BY item_id, person_id, number
             HAVING COUNT(*) > 1) x",
        ),
        (
            "a person's count that is wrong",
            "SELECT COUNT(*) FROM (SELECT queue_id, person_id, SUM(answered) AS answered FROM queue_cursor GROUP BY queue_id, person_id) qp WHERE qp.answered <> (SELECT COUNT(*) FROM assignment a
             WHERE a.queue_id = qp.queue_id AND a.person_id = qp.person_id AND a.state = 'answered')",
        ),
        (
            "a resolved item without its label, or a label without a resolved item",
            "SELECT COUNT(*) FROM item WHERE (state IN ('agreed', 'adjudicated'))
             <> EXISTS (SELECT 1 FROM consensus_label c WHERE c.item_id = item.id)",
        ),
        (
            "a member that is stuck and should not be, or the other way",
            "SELECT COUNT(*) FROM queue_item qi WHERE qi.stuck <> (3 <= (SELECT COUNT(*) FROM assignment a
             WHERE a.queue_id = qi.queue_id AND a.item_id = qi.item_id AND a.state = 'skipped'))",
        ),
    ];
    for (what, query) in none {
        assert_eq!(number(store, query).await, 0, "{what}");
    }
    let tally = w.tally(q).await;
    let count = |key: &str| tally.get(key).copied().unwrap_or(0);
    let answered = "SELECT COUNT(*) FROM assignment WHERE state = 'answered' AND NOT beside";
    assert_eq!(count("answers"), number(store, answered).await);
    assert_eq!(count("full"), number(store, "SELECT COUNT(*) FROM queue_item WHERE filled = target").await);
    assert_eq!((count("members"), count("slots")), (ITEMS as i64, 2 * ITEMS as i64));
    let mut states = store.tally(store::label::tally::Tally::Project(w.project)).await.expect("counts");
    states.remove("control");
    for (state, n) in states {
        let state: &'static str = domain::consensus::State::parse(&state).expect("a state").as_str();
        let query = "SELECT COUNT(*) FROM item WHERE state = $1";
        let is: i64 = store::on!(store, |db| sqlx::query_scalar(query).bind(state).fetch_one(db).await)
            .expect("a count");
        assert_eq!(n, is, "{state}");
    }
    // Settling again from the answers alone changes nothing.
    let before = number(store, "SELECT COUNT(*) FROM item WHERE state = 'agreed'").await;
    for place in 1..=ITEMS {
        let (project, item) = (w.project, w.item(place));
        let settled: store::Result<_> = store
            .write(move |tx| {
                Box::pin(async move {
                    let mut counts = store::label::tally::TallyChanges::default();
                    tx.settle_consensus(project, item, &mut counts).await?;
                    tx.count_all(counts, item.0).await
                })
            })
            .await;
        settled.expect("settled");
    }
    assert_eq!(before, number(store, "SELECT COUNT(*) FROM item WHERE state = 'agreed'").await);
}
