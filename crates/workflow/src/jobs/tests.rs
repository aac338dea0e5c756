use super::runner::{Work, begin, run_next, runner_with, take};
use super::*;
use domain::job::JobState;
use domain::permission::{Roles, Via};
use futures::{FutureExt, StreamExt};
use serde::Deserialize;
use serde_json::json;
use store::{Store, both};
use tokio_util::sync::CancellationToken;

fn instance(store: Store) -> Instance {
    Instance::new(store, std::path::Path::new("/nowhere"))
}

/// A job whose work each test brings itself.
#[derive(Serialize, Deserialize)]
struct Rows {
    n: i64,
    #[serde(skip)]
    key: Option<String>,
}

impl Job for Rows {
    const NAME: &'static str = "import";
    const TITLE: &'static str = "Import";

    fn dedupe(&self) -> Option<String> {
        self.key.clone()
    }

    async fn run(self, _: &Instance, _: &Running) -> JobOutcome {
        Err(Error::internal("each test brings its own work").into())
    }
}

async fn add(instance: &Instance, dedupe: Option<&str>) -> JobId {
    let job = Rows { n: 3, key: dedupe.map(str::to_owned) };
    enqueue(instance, None, None, &job).await.expect("a job")
}

async fn run_one(instance: &Instance, work: Work) -> bool {
    run_next(instance, &CancellationToken::new(), work).await.expect("a run")
}

fn admin() -> Actor {
    Actor { person: PersonId(1), admin: true, roles: Roles::NONE, via: Via::Session }
}

both! {
    async fn a_key_is_open_once(store: Store) {
        let instance = instance(store);
        let first = add(&instance, Some("import:1")).await;
        assert_eq!(add(&instance, Some("import:1")).await, first);
        assert_ne!(add(&instance, Some("import:2")).await, first);
        assert_ne!(add(&instance, None).await, add(&instance, None).await);
        // While it runs it is still open; when it is over there is room again.
        assert!(run_one(&instance, |_, _| async { Ok(json!("ok")) }.boxed()).await);
        let again = add(&instance, Some("import:1")).await;
        assert_ne!(again, first);
    }

    async fn what_a_job_returns_is_kept(store: Store) {
        let instance = instance(store);
        let job = add(&instance, None).await;
        let work: Work = |_, run| {
            async move {
                let payload: serde_json::Value = run.payload()?;
                let n = payload["n"].as_i64().unwrap_or(0);
                run.progress(n, Some(n), "rows").await?;
                Ok(json!({ "rows": n }))
            }
            .boxed()
        };
        assert!(run_one(&instance, work).await);
        assert!(!run_one(&instance, work).await);
        let view = view(&instance, job).await.expect("the job");
        assert_eq!((view.state.as_str(), view.done, view.total, view.message.as_str()), ("done", 3, Some(3), "rows"));
        assert_eq!(view.result, Some(json!({"rows": 3})));
        assert!(view.is_over() && view.seconds_left.is_none());
    }

    async fn a_failure_tells_people_what_they_can_use(store: Store) {
        let instance = instance(store);
        let (a, b) = (add(&instance, None).await, add(&instance, None).await);
        run_one(&instance, |_, _| async { Err(Error::conflict("The file is empty.").into()) }.boxed()).await;
        run_one(&instance, |_, _| async { Err(Error::internal("SELECT went wrong").into()) }.boxed()).await;
        let (a, b) = (view(&instance, a).await.expect("a"), view(&instance, b).await.expect("b"));
        assert_eq!((a.state.as_str(), a.error.as_deref()), ("failed", Some("The file is empty.")));
        assert!(!b.error.expect("a sentence").contains("SELECT"));
    }

    async fn a_panic_fails_the_job_and_not_the_runner(store: Store) {
        let instance = instance(store);
        let job = add(&instance, None).await;
        assert!(run_one(&instance, |_, _| async { panic!("on purpose") }.boxed()).await);
        assert_eq!(view(&instance, job).await.expect("the job").state, JobState::Failed);
    }

    async fn a_lost_lease_can_write_nothing(store: Store) {
        let instance = instance(store);
        let job = add(&instance, None).await;
        let first = begin(&instance, take(&instance).await.expect("a take").expect("a job"));
        first.checkpoint(&json!({"row": 500})).await.expect("to hold the lease");
        assert!(take(&instance).await.expect("a take").is_none(), "leased");

        instance.store.clock().advance(61);
        let second = begin(&instance, take(&instance).await.expect("a take").expect("the job again"));
        assert_eq!(second.id(), job);
        assert_eq!(second.last_checkpoint::<serde_json::Value>(), Some(json!({"row": 500})));

        let late = first.checkpoint(&json!({"row": 900})).await;
        assert!(matches!(late, Err(Halt::Stop(Stop::Lost))), "{late:?}");
        assert_eq!(first.progress(900, None, "late").await, Err(Stop::Lost));
        assert_eq!(first.progress(901, None, "later").await, Err(Stop::Lost));
        let row = instance.store.job(job).await.expect("a read").expect("the job");
        assert_eq!(row.checkpoint.as_deref(), Some(r#"{"row":500}"#));
        assert_eq!((row.fence, row.attempts, row.done), (2, 2, 0));
        assert_eq!(second.progress(500, None, "on").await, Ok(()));
    }

    async fn the_next_server_of_a_folder_does_not_wait_for_the_lease_of_one_that_crashed(store: Store) {
        let instance = instance(store);
        let job = add(&instance, None).await;
        let crashed = begin(&instance, take(&instance).await.expect("a take").expect("a job"));
        take_over(&instance).await.expect("to take over");
        let again = take(&instance).await.expect("a take");
        if instance.store.is_postgres() {
            assert!(again.is_none(), "another server may be alive: its lease decides");
            return;
        }
        assert_eq!(begin(&instance, again.expect("the job again")).id(), job);
        assert_eq!(crashed.progress(1, None, "late").await, Err(Stop::Lost));
        assert_eq!(instance.store.job(job).await.expect("a read").expect("the job").attempts, 2);
    }

    async fn reports_renew_the_lease(store: Store) {
        let instance = instance(store);
        add(&instance, None).await;
        let run = begin(&instance, take(&instance).await.expect("a take").expect("a job"));
        for row in 1..5 {
            instance.store.clock().advance(40);
            run.checkpoint(&row).await.expect("to hold the lease");
        }
        assert!(take(&instance).await.expect("a take").is_none());
    }

    async fn cancelled_while_it_runs(store: Store) {
        let instance = instance(store);
        let job = add(&instance, None).await;
        let work: Work = |instance, run| {
            async move {
                run.progress(1, Some(10), "").await?;
                let by = Actor { person: PersonId(1), admin: true, roles: Roles::NONE, via: Via::Session };
                cancel(instance, &by, run.id()).await?;
                assert!(view(instance, run.id()).await?.stopping);
                run.progress(2, Some(10), "").await?;
                Ok(json!("never"))
            }
            .boxed()
        };
        run_one(&instance, work).await;
        assert_eq!(view(&instance, job).await.expect("the job").state, JobState::Cancelled);
        let late = cancel(&instance, &admin(), job).await;
        assert!(matches!(late, Err(Error::Conflict(_))), "{late:?}");
    }

    async fn cancelled_while_it_waits(store: Store) {
        let instance = instance(store);
        let job = add(&instance, None).await;
        let stranger = Actor { admin: false, ..admin() };
        assert!(matches!(cancel(&instance, &stranger, job).await, Err(Error::Forbidden(_))));
        cancel(&instance, &admin(), job).await.expect("to cancel");
        run_one(&instance, |_, run| async move {
            run.progress(0, None, "").await?;
            Ok(json!("never"))
        }.boxed()).await;
        assert_eq!(view(&instance, job).await.expect("the job").state, JobState::Cancelled);
    }

    async fn the_program_stops_and_the_job_waits(store: Store) {
        let instance = instance(store);
        let job = add(&instance, None).await;
        let closing = CancellationToken::new();
        closing.cancel();
        let work: Work = |_, run| async move { run.progress(0, None, "").await?; Ok(json!("never")) }.boxed();
        assert!(run_next(&instance, &closing, work).await.expect("a run"));
        let row = instance.store.job(job).await.expect("a read").expect("the job");
        assert_eq!((row.state.as_str(), row.attempts), ("waiting", 0));
        assert!(run_one(&instance, |_, _| async { Ok(json!(1)) }.boxed()).await);
    }

    async fn given_up_after_too_many_crashes(store: Store) {
        let instance = instance(store);
        let job = add(&instance, None).await;
        for _ in 0..5 {
            assert!(take(&instance).await.expect("a take").is_some());
            instance.store.clock().advance(61);
        }
        assert!(run_one(&instance, |_, _| async { Ok(json!("never")) }.boxed()).await);
        let view = view(&instance, job).await.expect("the job");
        assert_eq!(view.state, JobState::Failed);
        assert!(view.error.expect("a sentence").contains("5 times"));
    }

    async fn two_runners_share_the_work(store: Store) {
        let houses = [instance(store.clone()), instance(store)];
        let mut jobs = Vec::new();
        for _ in 0..40 {
            jobs.push(add(&houses[0], None).await);
        }
        let closing = CancellationToken::new();
        // Each job counts itself as run in its checkpoint's row: a second run would find it there.
        let work: Work = |_, run| async move {
            if run.last_checkpoint::<i64>().is_some() {
                return Err(Error::conflict("ran twice").into());
            }
            run.checkpoint(&1).await?;
            tokio::task::yield_now().await;
            Ok(json!("once"))
        }.boxed();
        let runners = houses.iter().map(|h| tokio::spawn(runner_with(h.clone(), closing.clone(), work)));
        let runners: Vec<_> = runners.collect();
        for job in &jobs {
            let last = watch(&houses[1], *job).collect::<Vec<_>>().await.pop().expect("a view");
            assert_eq!((last.state.as_str(), last.error), ("done", None));
        }
        closing.cancel();
        for runner in runners {
            runner.await.expect("a runner that ends");
        }
        for job in jobs {
            let row = houses[0].store.job(job).await.expect("a read").expect("the job");
            assert_eq!((row.attempts, row.fence), (1, 1));
        }
    }

    async fn watched_from_waiting_to_done(store: Store) {
        let instance = instance(store);
        let job = add(&instance, None).await;
        let mut views = Box::pin(watch(&instance, job));
        assert_eq!(views.next().await.expect("a view").state, JobState::Waiting);
        run_one(&instance, |_, run| async move { run.progress(1, Some(2), "half").await?; Ok(json!(2)) }.boxed()).await;
        let last = views.collect::<Vec<_>>().await.pop().expect("the end");
        assert_eq!((last.state.as_str(), last.result), ("done", Some(json!(2))));
    }
}

#[test]
fn what_stands_in_the_database_of_a_job_does_not_change() {
    use crate::data::import::{Import, UndoImport};
    use crate::design::SettleTaxonomy;
    use crate::label::queues::FillQueue;
    use crate::release::CutRelease;
    use domain::{QueueId, ReleaseId, SourceId};

    fn stored<J: Job>(job: &J) -> (String, String, Option<String>) {
        let new = new(None, None, job).expect("a job");
        (new.kind, new.payload, new.dedupe)
    }
    let expected = |kind: &str, payload: &str, dedupe: Option<&str>| {
        (kind.to_owned(), payload.to_owned(), dedupe.map(str::to_owned))
    };
    let source = SourceId(7);
    assert_eq!(stored(&Import { source }), expected("import", r#"{"source":7}"#, None));
    let undo = expected("undo_import", r#"{"source":7}"#, Some("undo-import-7"));
    assert_eq!(stored(&UndoImport { source }), undo);
    let fill = expected("fill_queue", r#"{"queue":7}"#, Some("fill_queue:7"));
    assert_eq!(stored(&FillQueue { queue: QueueId(7) }), fill);
    let cut = expected("cut_release", r#"{"release":7}"#, Some("release-7"));
    assert_eq!(stored(&CutRelease { release: ReleaseId(7) }), cut);
    assert_eq!(stored(&SettleTaxonomy(ProjectId(7))), expected("settle_taxonomy", "7", None));
    assert_eq!(registry::title("settle_taxonomy"), "New taxonomy");
    assert_eq!(registry::title("a kind of a later version"), "Work");
}
