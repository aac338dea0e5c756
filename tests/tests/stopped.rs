//! Work that was stopped before its end: the page of what it belongs to says so, and how to go on.

use domain::ProjectId;
use domain::permission::Role;
use domain::project::Task;
use store::label::queues::NewQueue;
use store::{Store, both};
use tests::{As, TestApp};
use workflow::jobs;

async fn owner(store: Store, folder: &tempfile::TempDir) -> (TestApp, ProjectId, As) {
    let app = TestApp::new(store, folder.path());
    let project = app.project("inbox", Task::Single).await;
    let person = app.person("ona@assay.test", false, Some((project, &[Role::Owner]))).await;
    let session = app.session(person).await;
    (app, project, session)
}

/// Cancels the newest job as its page does.
async fn cancel(app: &TestApp, from: &As, project: ProjectId) {
    let job = app.instance.store.jobs(Some(project), None, 1).await.expect("jobs")[0].id;
    app.post(from, &format!("/p/inbox/jobs/{job}/cancel"), &[]).await;
    jobs::run_all(&app.instance).await.expect("the job");
}

both! {
    async fn a_queue_that_nobody_fills(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let (app, project, ona) = owner(store, &folder).await;
        let new = NewQueue {
            project,
            name: "round one".to_owned(),
            plan: domain::queue::Plan::default().check().expect("a plan"),
            seed: 1,
            slice: Default::default(),
            note: String::new(),
            by: None,
        };
        let made = app.instance.store.write(move |tx| Box::pin(async move { tx.create_queue(&new).await })).await;
        let here = format!("/p/inbox/queues/{}", made.expect("a queue"));
        let page = app.get(&ona, &here).await.text();
        assert!(page.contains("nobody takes in the rest") && page.contains("Take in the rest"), "{page}");

        let begin = async || app.post(&ona, &format!("{here}/reopen"), &[]).await;
        begin().await;
        let page = app.get(&ona, &here).await.text();
        assert!(page.contains("The queue opens when all items are in."), "{page}");
        assert!(page.contains("Filling a queue") && page.contains("Waiting for its turn"), "{page}");
        cancel(&app, &ona, project).await;
        let page = app.get(&ona, &here).await.text();
        assert!(page.contains("the queue can’t open. It was cancelled."), "{page}");

        begin().await;
        jobs::run_all(&app.instance).await.expect("the job");
        let page = app.get(&ona, &here).await.text();
        assert!(!page.contains("nobody takes in the rest") && page.contains("No item fitted"), "{page}");
    }

    async fn a_release_that_nobody_cuts(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let (app, project, ona) = owner(store, &folder).await;
        let spec = r#"{"states":["agreed"],"taxonomy":1}"#;
        let write = app.instance.store.write(move |tx| {
            Box::pin(async move { tx.create_release(project, "first", spec, None).await })
        });
        write.await.expect("a release");
        let here = "/p/inbox/releases/1";
        let page = app.get(&ona, here).await.text();
        assert!(page.contains("or was cut off there") && page.contains("End it"), "{page}");
        let reply = app.post(&ona, &format!("{here}/end"), &[]).await;
        assert_eq!(reply.location(), Some(here));
        let page = app.get(&ona, here).await.text();
        assert!(page.contains("It was cut off on the command line.") && page.contains("Cut another"), "{page}");
        assert!(!page.contains("End it"), "{page}");
    }

    async fn a_taxonomy_that_nobody_settles(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let (app, project, ona) = owner(store, &folder).await;
        let here = "/p/inbox/taxonomy";
        assert!(!app.get(&ona, here).await.text().contains("Waiting for its turn"));
        let settle = async || app.post(&ona, &format!("{here}/settle"), &[]).await;
        settle().await;
        let page = app.get(&ona, here).await.text();
        assert!(page.contains("New taxonomy") && page.contains("Waiting for its turn"), "{page}");
        cancel(&app, &ona, project).await;
        let page = app.get(&ona, here).await.text();
        assert!(page.contains("taking it back was stopped. It was cancelled."), "{page}");
        settle().await;
        jobs::run_all(&app.instance).await.expect("the job");
        assert!(!app.get(&ona, here).await.text().contains("was stopped"));
    }
}
