//! Bulk answers that are too large to wait for: jobs that are killed, cancelled, given up.

use super::bulk::{begin, by_bulk, inbox, judge, label, places, sorted, view};
use super::pile::*;
use crate::discover::LabelBulk;
use crate::jobs::{self, Halt, Job, Stop, begin_to_run, take};
use crate::testbed::Testbed;
use domain::BulkId;
use domain::discover::BulkState;
use store::{Store, both};

/// More than a person waits for.
const MANY: usize = 430;

/// A bulk answer that a job has begun to give, and was killed after a piece of it.
async fn killed(store: Store) -> (Testbed, BulkId, jobs::Running) {
    let (bed, labels) = inbox(store, MANY).await;
    let bulk = begin(&bed, labels[0]).await;
    judge(&bed, bulk, 0, &[7]).await.expect("verdicts");
    label(&bed, bulk, false).await.expect("to label");
    assert_eq!(view(&bed, bulk, 0).await.bulk.row.state, BulkState::Labeling);
    assert!(view(&bed, bulk, 0).await.job.is_some_and(|job| !job.is_over()));
    let running = begin_to_run(&bed.instance, take(&bed.instance).await.expect("a take").expect("the job"));
    piece(&bed, bulk).await;
    (bed, bulk, running)
}

async fn piece(bed: &Testbed, bulk: BulkId) -> Option<i64> {
    let row = view(bed, bulk, 0).await.bulk.row;
    let written = bed.instance.store.write(move |tx| {
        let row = row.clone();
        Box::pin(async move { tx.label_bulk_piece(&row, 20).await })
    });
    written.await.expect("a piece")
}

async fn is_given_once(bed: &Testbed, bulk: BulkId) {
    let row = view(bed, bulk, 0).await.bulk.row;
    assert_eq!((row.state, row.n_labeled), (BulkState::Done, MANY as i64 - 1));
    let mut expected = places(bed, bulk).await;
    expected.remove(7);
    assert_eq!(by_bulk(bed).await, sorted(&expected));
    let answers = "SELECT COUNT(*) FROM answer".to_owned();
    assert_eq!(count(&bed.instance.store, answers).await, MANY as i64 - 1);
    assert_eq!(ills(bed).await, Vec::<String>::new());
}

both! {
    async fn a_job_that_was_killed_doubles_nothing(store: Store) {
        let (bed, bulk, _killed) = killed(store).await;
        assert_eq!(by_bulk(&bed).await.len(), 20);
        bed.advance(61);
        assert_eq!(jobs::run_all(&bed.instance).await.expect("the jobs"), 1);
        is_given_once(&bed, bulk).await;
        assert_eq!(piece(&bed, bulk).await, None);
    }

    async fn two_who_give_it_at_once_double_nothing(store: Store) {
        let (bed, bulk, running) = killed(store).await;
        let work = LabelBulk { bulk, project: bed.project };
        let (a, b, c) = tokio::join!(work.run(&bed.instance, &running), piece(&bed, bulk), piece(&bed, bulk));
        a.expect("to label");
        assert!(b.is_none_or(|n| n <= 20) && c.is_none_or(|n| n <= 20));
        is_given_once(&bed, bulk).await;
    }

    // What was labeled until then stands, and the bulk answer does not look as if it were still under way.
    async fn a_cancelled_one_ends_where_it_was(store: Store) {
        let (bed, bulk, running) = killed(store).await;
        jobs::cancel(&bed.instance, &bed.owner, running.id()).await.expect("to cancel");
        let ended = LabelBulk { bulk, project: bed.project }.run(&bed.instance, &running).await;
        assert!(matches!(ended, Err(Halt::Stop(Stop::Cancelled))), "{ended:?}");
        let row = view(&bed, bulk, 0).await.bulk.row;
        assert_eq!((row.state, row.n_labeled), (BulkState::Done, 20));
        assert_eq!(by_bulk(&bed).await.len(), 20);
        assert_eq!(ills(&bed).await, Vec::<String>::new());
    }

    // A full disk, five crashes: whoever presses the button again gives the rest.
    async fn a_failed_one_is_taken_up_again(store: Store) {
        let (bed, bulk, _killed) = killed(store).await;
        store::testing::run(&bed.instance.store, &["UPDATE job SET state = 'failed', lease_until = NULL, finished_at = 1 WHERE kind = 'label_bulk'"]).await;
        label(&bed, bulk, false).await.expect("to go on");
        jobs::run_all(&bed.instance).await.expect("the jobs");
        is_given_once(&bed, bulk).await;
        let acts = "SELECT COUNT(*) FROM discover_act".to_owned();
        assert_eq!(count(&bed.instance.store, acts).await, 1);
    }
}
