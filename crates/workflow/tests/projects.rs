//! Projects: short names, who sees which, what can be changed, putting away.

use domain::permission::{Act, Actor, Role, Roles, may};
use domain::{PersonId, Time};
use std::path::Path;
use store::label::tally::Tally;
use store::{Store, both};
use workflow::site::audit;
use workflow::site::people::{self, Newcomer};
use workflow::site::projects::{self, NewProjectForm, ProjectForm};
use workflow::site::who;
use workflow::{Error, Instance};

const OPERATOR: Actor = Actor::OPERATOR;

fn instance(store: Store) -> Instance {
    Instance::new(store, Path::new("unused"))
}

fn named(name: &str, slug: &str) -> NewProjectForm {
    NewProjectForm { name: name.to_owned(), slug: slug.to_owned(), ..NewProjectForm::default() }
}

async fn somebody(instance: &Instance, email: &str) -> PersonId {
    let newcomer = Newcomer { email: email.to_owned(), ..Newcomer::default() };
    people::add(instance, &OPERATOR, newcomer).await.expect("a new person")
}

async fn seen(instance: &Instance, person: PersonId, archived: bool) -> Vec<String> {
    let actor = who::by_session(instance, person, None).await.expect("an answer").expect("somebody").actor;
    let listed = projects::list(instance, &actor, archived, None).await.expect("projects");
    listed.into_iter().map(|p| p.project.slug).collect()
}

both! {
    async fn a_short_name_is_made_or_given(store: Store) {
        let instance = instance(store);
        let first = projects::create(&instance, &OPERATOR, named("Support inbox", "")).await.expect("a project");
        let second = projects::create(&instance, &OPERATOR, named("Support inbox", "")).await.expect("a project");
        assert_eq!([first.slug.as_str(), second.slug.as_str()], ["support-inbox", "support-inbox-2"]);
        assert_ne!(first.settings.0.seed, second.settings.0.seed);
        assert_eq!(first.settings.0.control_share, 0.10);
        let taken = projects::create(&instance, &OPERATOR, named("Other", "support-inbox")).await;
        assert!(matches!(&taken, Err(Error::Invalid(f)) if f[0].field == "slug"), "{taken:?}");
        let wrong = NewProjectForm { control_share: 1.5, ..named(" ", "No Slug") };
        let Err(Error::Invalid(fields)) = projects::create(&instance, &OPERATOR, wrong).await else {
            panic!("was made");
        };
        let fields: Vec<_> = fields.iter().map(|f| f.field.as_str()).collect();
        assert_eq!(fields, ["name", "slug", "control_share"]);
        let told = audit::log(&instance, &OPERATOR, None, None).await.expect("the log");
        assert_eq!(told.len(), 2);
        assert_eq!((told[1].person.as_deref(), told[1].project.as_deref()), (None, Some("support-inbox")));
    }

    async fn one_sees_ones_own(store: Store) {
        let instance = instance(store);
        let a = projects::create(&instance, &OPERATOR, named("B", "b")).await.expect("a project").id;
        projects::create(&instance, &OPERATOR, named("A", "a")).await.expect("a project");
        let bo = somebody(&instance, "bo@example.org").await;
        assert!(seen(&instance, bo, false).await.is_empty());
        people::set_roles(&instance, &OPERATOR, a, bo, Roles::of(&[Role::Annotator])).await.expect("a role");
        assert_eq!(seen(&instance, bo, false).await, ["b"]);
        let all = projects::list(&instance, &OPERATOR, false, None).await.expect("projects");
        assert_eq!(all.iter().map(|p| p.project.slug.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        let behind = Some((all[0].project.name.as_str(), all[0].project.id));
        let next = projects::list(&instance, &OPERATOR, false, behind).await.expect("projects");
        assert_eq!(next.len(), 1);
        let me = who::by_session(&instance, bo, Some("a")).await.expect("an answer").expect("Bo").actor;
        assert!(matches!(projects::by_slug(&instance, &me, "a").await, Err(Error::NotFound(_))));
        assert!(matches!(projects::create(&instance, &me, named("C", "")).await, Err(Error::Forbidden(_))));
    }

    async fn cards_have_their_counts(store: Store) {
        let instance = instance(store);
        let id = projects::create(&instance, &OPERATOR, named("A", "a")).await.expect("a project").id;
        projects::create(&instance, &OPERATOR, named("B", "b")).await.expect("a project");
        instance
            .store
            .write(move |tx| {
                Box::pin(async move {
                    tx.count(Tally::Project(id), "unlabeled", 5, 1).await?;
                    tx.count(Tally::Project(id), "unlabeled", -1, 2).await?;
                    tx.count(Tally::Project(id), "agreed", 1, 3).await
                })
            })
            .await
            .expect("counted");
        let listed = projects::list(&instance, &OPERATOR, false, None).await.expect("projects");
        assert_eq!((listed[0].tally["unlabeled"], listed[0].tally["agreed"]), (4, 1));
        assert!(listed[1].tally.is_empty());
        assert_eq!(listed[0].n_open_queues, 0);
        assert_eq!(projects::counts(&instance, &OPERATOR, id).await.expect("counts"), listed[0].tally);
        let days = projects::labels_by_day(&instance, &OPERATOR, id, 14).await.expect("days");
        assert_eq!(days.len(), 14);
        assert_eq!(days[13], (instance.store.now().day(), 0));
        instance.store.clock().advance(2 * 86_400);
        let later = projects::labels_by_day(&instance, &OPERATOR, id, 3).await.expect("days");
        assert_eq!(later.iter().map(|d| d.0).collect::<Vec<_>>(), [days[13].0, days[13].0 + 1, days[13].0 + 2]);
    }

    async fn a_change_says_what_it_was(store: Store) {
        let instance = instance(store);
        let project = projects::create(&instance, &OPERATOR, named("A", "a")).await.expect("a project");
        let form = ProjectForm {
            name: "Inbox".to_owned(),
            description: String::new(),
            shown_fields: vec![" channel ".to_owned(), String::new(), "channel".to_owned()],
            confirm_picks: true,
            bulk_bar: None,
            seen: projects::stamp(&project),
        };
        projects::change(&instance, &OPERATOR, project.id, form.clone()).await.expect("changed");
        let stale = projects::change(&instance, &OPERATOR, project.id, form.clone()).await;
        assert!(matches!(stale, Err(Error::Conflict(_))), "from a page that was loaded before: {stale:?}");
        let now = projects::by_slug(&instance, &OPERATOR, "a").await.expect("the project");
        let same = ProjectForm { seen: projects::stamp(&now), ..form };
        projects::change(&instance, &OPERATOR, project.id, same).await.expect("changed to the same");
        let now = projects::by_slug(&instance, &OPERATOR, "a").await.expect("the project");
        assert_eq!(now.settings.0.shown_fields, ["channel"]);
        assert_eq!(now.settings.0.seed, project.settings.0.seed);
        assert_eq!((now.name.as_str(), now.slug.as_str()), ("Inbox", "a"));
        let told = audit::log(&instance, &OPERATOR, Some(project.id), None).await.expect("the log");
        assert_eq!(told.len(), 2);
        assert_eq!(told[0].detail, "name was: A; shown fields: channel; picks wait for Enter: true");
    }

    async fn an_archived_project_rests(store: Store) {
        let instance = instance(store);
        let id = projects::create(&instance, &OPERATOR, named("A", "a")).await.expect("a project").id;
        let (bo, eli) = (somebody(&instance, "bo@example.org").await, somebody(&instance, "eli@example.org").await);
        people::set_roles(&instance, &OPERATOR, id, bo, Roles::of(&[Role::Annotator])).await.expect("a role");
        let roles = Roles::of(&[Role::Annotator, Role::Engineer]);
        people::set_roles(&instance, &OPERATOR, id, eli, roles).await.expect("a role");
        projects::set_archived(&instance, &OPERATOR, id, true).await.expect("put away");
        let there = who::by_session(&instance, bo, Some("a")).await.expect("an answer").expect("Bo");
        assert!(there.presence.project.is_none() && !may(&there.actor, Act::Label));
        let there = who::by_session(&instance, eli, Some("a")).await.expect("an answer").expect("Eli");
        assert_eq!(there.presence.project.expect("the project").archived_at, Some(instance.store.now().0));
        assert!(seen(&instance, bo, false).await.is_empty() && seen(&instance, bo, true).await.is_empty());
        assert_eq!(seen(&instance, eli, true).await, ["a"]);
        projects::set_archived(&instance, &OPERATOR, id, false).await.expect("taken out");
        projects::set_archived(&instance, &OPERATOR, id, false).await.expect("nothing to do");
        assert_eq!(seen(&instance, bo, false).await, ["a"]);
        assert_eq!(audit::log(&instance, &OPERATOR, Some(id), None).await.expect("the log").len(), 5);
    }

    async fn the_log_is_read_backwards(store: Store) {
        let instance = instance(store);
        for name in ["one", "two", "three"] {
            somebody(&instance, &format!("{name}@example.org")).await;
            instance.store.clock().advance(1);
        }
        let log = instance.store.audit_log(None, None, 2).await.expect("the log");
        assert_eq!(log.iter().map(|e| e.target.as_str()).collect::<Vec<_>>(), ["three", "two"]);
        let older = instance.store.audit_log(None, Some(log[1].id), 2).await.expect("the log");
        assert_eq!(older.iter().map(|e| e.target.as_str()).collect::<Vec<_>>(), ["one"]);
        assert_eq!(older[0].at, Time(store::testing::START.0));
    }
}
