use super::stage::{NAME, UNFINISHED};
use super::*;
use crate::care::doctor::{Depth, examine};
use crate::design;
use crate::label::queues;
use crate::site::projects;
use domain::permission::{Role, Roles, Via};
use store::Clock;
use store::both;
use store::label::tally::Tally;
use store::testing::number;

both! {
    async fn every_page_has_something_true_to_show(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let instance = Instance::new(store, folder.path());
        let demo = seed(&instance, "a long enough password").await.expect("the demo");
        assert!(demo.is_new && demo.people.len() == 5);
        let project = instance.store.project_by_slug(SLUG).await.expect("a read").expect("the project").id;
        assert_eq!(instance.store.n_items().await.expect("a count"), 2_000);

        let owner = people::sign_in(&instance, OWNER, "a long enough password").await.expect("to sign in");
        let owner = Actor { person: owner, admin: true, roles: Roles::NONE, via: Via::Session };
        let states = instance.store.tally(Tally::Project(project)).await.expect("counts");
        assert!(states["agreed"] > 500 && states["conflict"] > 50 && states["unlabeled"] > 300, "{states:?}");
        let queues = queues::list(&instance, &owner, project).await.expect("queues");
        let [chats, mails] = &queues[..] else { panic!("{queues:?}") };
        for queue in [chats, mails] {
            let counts = instance.store.tally(Tally::Queue(queue.id)).await.expect("counts");
            let (answers, slots) = (counts["answers"], counts["slots"]);
            if queue.name.starts_with("Chats") {
                assert!(answers * 100 >= slots * 98, "{counts:?}");
            } else {
                assert!((slots / 5..slots * 4 / 5).contains(&answers), "{counts:?}");
            }
        }
        let days = projects::labels_by_day(&instance, &owner, project, 30).await.expect("days");
        assert!(days.iter().filter(|(_, n)| *n > 20).count() >= 8, "{days:?}");
        assert_eq!(design::published(&instance, &owner, project).await.expect("a read").expect("one").number, 2);
        let releases = number(&instance.store, "SELECT CAST(COUNT(*) AS BIGINT) FROM release WHERE state = 'done'");
        assert_eq!(releases.await, 1);
        let bulk = "SELECT CAST(COUNT(*) AS BIGINT) FROM answer WHERE origin = 'bulk'";
        assert!(number(&instance.store, bulk).await > 5, "a group was labeled at once");
        let named = "SELECT CAST(COUNT(*) AS BIGINT) FROM cluster WHERE name IS NOT NULL";
        assert!(number(&instance.store, named).await >= 5, "groups have names");
        let now = instance.store.now().0;
        assert!(number(&instance.store, "SELECT MAX(at) FROM answer").await < now);

        let findings = examine(&instance, Depth::All, |_| {}).await.expect("to look");
        assert_eq!(findings, []);
        let again = seed(&instance, "another password").await.expect("nothing to do");
        assert!(!again.is_new);
    }
}

#[tokio::test]
async fn an_installation_that_is_in_use_is_left_alone() {
    let (store, folder) = store::testing::sqlite().await;
    let instance = Instance::new(store, folder.path());
    people::create_first_admin(&instance, "A", "a@example.org", "a long enough password")
        .await
        .expect("an admin");
    assert!(matches!(seed(&instance, "a long enough password").await, Err(Error::Conflict(_))));
}

both! {
    async fn an_admin_may_begin_with_it(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let instance = Instance::new(store, folder.path());
        let person = people::create_first_admin(&instance, "Ada", "ada@instance.example", "a long enough password");
        let person = person.await.expect("an admin");
        let admin = Actor { person, admin: true, roles: Roles::NONE, via: Via::Session };
        let slug = begin(&instance, &admin).await.expect("to begin");
        assert!(matches!(begin(&instance, &admin).await, Err(Error::Invalid(_))), "a second click");

        let project = instance.store.project_by_slug(slug).await.expect("a read").expect("the project");
        assert_eq!(project.name, UNFINISHED);
        let owner = Actor { roles: Roles::of(&[Role::Owner]), ..admin };
        let job = making(&instance, &owner, project.id).await.expect("a read").expect("a job");
        assert!(!job.is_over());

        // Later messages join the groups of the run by a job of their own, and the bulk answer has one that takes over.
        assert_eq!(jobs::run_all(&instance).await.expect("to run"), 3, "the demo is done by the one job");
        assert_eq!(making(&instance, &owner, project.id).await.expect("a read"), None);
        let project = instance.store.project_by_slug(slug).await.expect("a read").expect("the project");
        assert_eq!(project.name, NAME);
        let states = instance.store.tally(Tally::Project(project.id)).await.expect("counts");
        assert!(states["agreed"] > 500, "{states:?}");
        let now = instance.store.now().0;
        assert!(number(&instance.store, "SELECT MAX(at) FROM answer").await < now);

        let members = people::members(&instance, &owner, project.id, None).await.expect("members");
        assert_eq!(members.len(), 5, "{members:?}");
        let annotator = sample::annotators().remove(0);
        assert!(people::sign_in(&instance, annotator.email, "").await.is_err(), "nobody knows their password");
        rebuild::catch_up(&instance).await.expect("the index");
        assert_eq!(examine(&instance, Depth::All, |_| {}).await.expect("to look"), []);
    }
}

#[tokio::test]
async fn nobody_is_taken_for_one_of_its_people() {
    let (store, folder) = store::testing::sqlite().await;
    let instance = Instance::new(store, folder.path());
    let email = sample::annotators()[0].email;
    let person = people::create_first_admin(&instance, "Ada", email, "a long enough password");
    let person = person.await.expect("an admin");
    let admin = Actor { person, admin: true, roles: Roles::NONE, via: Via::Session };
    assert!(matches!(begin(&instance, &admin).await, Err(Error::Conflict(_))));
    assert!(instance.store.project_by_slug(SLUG).await.expect("a read").is_none(), "nothing of it is left");
}

#[tokio::test]
async fn one_that_was_interrupted_says_so() {
    let (store, folder) = store::testing::sqlite().await;
    let clock = Clock::manual(store.now());
    let instance = Instance::new(store.with_clock(clock.clone()), folder.path());
    let person =
        people::create_first_admin(&instance, "Ada", "ada@instance.example", "a long enough password");
    let owner = Roles::of(&[Role::Owner]);
    let owner =
        Actor { person: person.await.expect("an admin"), admin: true, roles: owner, via: Via::Session };
    let slug = begin(&instance, &owner).await.expect("to begin");
    let project = instance.store.project_by_slug(slug).await.expect("a read").expect("the project");
    // The program dies in the middle: nobody hears of the job until its lease has run out.
    let run = jobs::begin_to_run(&instance, jobs::take(&instance).await.expect("a take").expect("a job"));
    let make: MakeDemo = run.payload().expect("its payload");
    tokio::select! {
        biased;
        made = make.run(&instance, &run) => panic!("{made:?}"),
        () = has_answers(&instance) => {}
    }
    drop(run);
    clock.advance(600);
    assert_eq!(jobs::run_all(&instance).await.expect("to run"), 1);
    let job = making(&instance, &owner, project.id).await.expect("a read").expect("it stays to be seen");
    assert_eq!(job.state, JobState::Failed);
    assert!(job.error.expect("a reason").contains("ended while the demo was being made"));
    let project = instance.store.project_by_slug(slug).await.expect("a read").expect("the project");
    assert_eq!(project.name, UNFINISHED);
    rebuild::catch_up(&instance).await.expect("the index");
    assert_eq!(examine(&instance, Depth::All, |_| {}).await.expect("to look"), []);
}

async fn has_answers(instance: &Instance) {
    while number(&instance.store, "SELECT CAST(COUNT(*) AS BIGINT) FROM answer").await == 0 {
        tokio::task::yield_now().await;
    }
}
