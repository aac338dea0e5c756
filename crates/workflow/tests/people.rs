//! Who is here: the first admin, signing in, passwords and links, roles, tokens, the last admin.

use domain::permission::{Act, Actor, Role, Roles, Scope, may};
use domain::person::Theme;
use domain::{PersonId, ProjectId};
use std::path::Path;
use store::{Store, both};
use workflow::site::audit;
use workflow::site::people::{self, Newcomer};
use workflow::site::projects::{self, NewProjectForm};
use workflow::site::who;
use workflow::{Error, Instance};

const PASSWORD: &str = "a few plain words";

fn instance(store: Store) -> Instance {
    Instance::new(store, Path::new("unused"))
}

async fn admin(instance: &Instance) -> Actor {
    let id =
        people::create_first_admin(instance, "Ada", "ada@example.org", PASSWORD).await.expect("the first");
    actor(instance, id, None).await
}

async fn actor(instance: &Instance, person: PersonId, slug: Option<&str>) -> Actor {
    who::by_session(instance, person, slug).await.expect("an answer").expect("somebody").actor
}

async fn somebody(instance: &Instance, admin: &Actor, email: &str) -> PersonId {
    let password = Some(PASSWORD.to_owned());
    let newcomer = Newcomer { email: email.to_owned(), password, ..Newcomer::default() };
    people::add(instance, admin, newcomer).await.expect("a new person")
}

async fn project(instance: &Instance, admin: &Actor, name: &str) -> ProjectId {
    let form = NewProjectForm { name: name.to_owned(), ..NewProjectForm::default() };
    projects::create(instance, admin, form).await.expect("a project").id
}

fn fields(error: Error) -> Vec<String> {
    match error {
        Error::Invalid(fields) => fields.into_iter().map(|f| f.field).collect(),
        other => panic!("not about fields: {other}"),
    }
}

both! {
    async fn only_the_first_run_makes_an_admin(store: Store) {
        let instance = instance(store);
        assert!(people::is_first_run(&instance).await.expect("an answer"));
        let (a, b) = tokio::join!(
            people::create_first_admin(&instance, "Ada", "ada@example.org", PASSWORD),
            people::create_first_admin(&instance, "Eve", "eve@example.org", PASSWORD)
        );
        assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
        let late = people::create_first_admin(&instance, "Eve", "eve@example.org", PASSWORD).await;
        assert!(matches!(late, Err(Error::Conflict(_))), "{late:?}");
        assert!(!people::is_first_run(&instance).await.expect("an answer"));
    }

    async fn a_form_names_every_field_that_does_not_fit(store: Store) {
        let instance = instance(store);
        let wrong = people::create_first_admin(&instance, " ", "nowhere", "short").await.expect_err("refused");
        assert_eq!(fields(wrong), ["email", "name"]);
        let wrong = people::create_first_admin(&instance, "Ada", "a@b", "short").await.expect_err("refused");
        assert_eq!(fields(wrong), ["new_password"]);
    }

    async fn signing_in(store: Store) {
        let instance = instance(store);
        let admin = admin(&instance).await;
        let bo = somebody(&instance, &admin, "Bo@Example.org").await;
        assert_eq!(people::sign_in(&instance, " bo@example.ORG", PASSWORD).await.expect("Bo"), bo);
        let wrong_password = people::sign_in(&instance, "bo@example.org", "another one").await;
        let wrong_email = people::sign_in(&instance, "nobody@example.org", PASSWORD).await;
        let no_email = people::sign_in(&instance, "nobody", PASSWORD).await;
        let texts = [wrong_password, wrong_email, no_email].map(|r| r.expect_err("refused").to_string());
        assert!(texts.iter().all(|t| *t == texts[0]), "{texts:?}");
        people::set_disabled(&instance, &admin, bo, true).await.expect("disabled");
        let kept_out = people::sign_in(&instance, "bo@example.org", PASSWORD).await.expect_err("refused");
        assert_eq!(kept_out.to_string(), texts[0]);
        assert!(who::by_session(&instance, bo, None).await.expect("an answer").is_none());
        people::set_disabled(&instance, &admin, bo, false).await.expect("enabled");
        assert!(people::sign_in(&instance, "bo@example.org", PASSWORD).await.is_ok());
    }

    async fn an_address_is_taken_once(store: Store) {
        let instance = instance(store);
        let admin = admin(&instance).await;
        let newcomer = Newcomer { email: "ADA@example.org".to_owned(), ..Newcomer::default() };
        let twice = people::add(&instance, &admin, newcomer).await.expect_err("refused");
        assert_eq!(fields(twice), ["email"]);
        assert_eq!(people::list(&instance, &admin, None).await.expect("people").len(), 1);
    }

    async fn changing_a_password_needs_the_old_one(store: Store) {
        let instance = instance(store);
        let admin = admin(&instance).await;
        let wrong = people::change_password(&instance, &admin, "not it at all", "short", None).await;
        assert_eq!(fields(wrong.expect_err("refused")), ["password", "new_password"]);
        people::change_password(&instance, &admin, PASSWORD, "other plain words", None).await.expect("changed");
        assert!(people::sign_in(&instance, "ada@example.org", PASSWORD).await.is_err());
        assert!(people::sign_in(&instance, "ada@example.org", "other plain words").await.is_ok());
    }

    async fn a_link_sets_a_password_once(store: Store) {
        let instance = instance(store);
        let admin = admin(&instance).await;
        let bo = somebody(&instance, &admin, "bo@example.org").await;
        let replaced = people::make_reset_link(&instance, &admin, bo).await.expect("a link");
        let link = people::make_reset_link(&instance, &admin, bo).await.expect("a link");
        assert!(people::reset_link(&instance, &replaced).await.is_err());
        assert_eq!(people::reset_link(&instance, &link).await.expect("whom it is for").email, "bo@example.org");
        let weak = people::use_reset_link(&instance, &link, "bo@example.org").await.expect_err("refused");
        assert_eq!(fields(weak), ["new_password"]);
        assert_eq!(people::use_reset_link(&instance, &link, "by a link only").await.expect("used"), bo);
        let again = people::use_reset_link(&instance, &link, "a second time").await;
        assert!(matches!(again, Err(Error::Conflict(_))), "{again:?}");
        assert!(people::sign_in(&instance, "bo@example.org", "by a link only").await.is_ok());
        let late = people::make_reset_link(&instance, &admin, bo).await.expect("a link");
        instance.store.clock().advance(24 * 60 * 60);
        assert!(people::use_reset_link(&instance, &late, "a day too late").await.is_err());
        let told = instance.store.person(bo).await.expect("an answer").expect("Bo");
        assert!(told.has_password);
    }

    async fn an_admin_always_stays(store: Store) {
        let instance = instance(store);
        let ada = admin(&instance).await;
        let refused = people::set_disabled(&instance, &ada, ada.person, true).await;
        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
        assert!(people::set_admin(&instance, &ada, ada.person, false).await.is_err());
        let bo = somebody(&instance, &ada, "bo@example.org").await;
        people::set_admin(&instance, &ada, bo, true).await.expect("a second admin");
        let (a, b) = tokio::join!(
            people::set_admin(&instance, &ada, ada.person, false),
            people::set_disabled(&instance, &ada, bo, true)
        );
        assert!(a.is_ok() != b.is_ok(), "both went, or neither: {a:?} {b:?}");
    }

    async fn people_are_an_admins_matter(store: Store) {
        let instance = instance(store);
        let admin = admin(&instance).await;
        let bo = somebody(&instance, &admin, "bo@example.org").await;
        let me = actor(&instance, bo, None).await;
        assert!(matches!(people::list(&instance, &me, None).await, Err(Error::Forbidden(Act::ManagePeople))));
        assert!(people::add(&instance, &me, Newcomer::default()).await.is_err());
        assert!(people::make_reset_link(&instance, &me, bo).await.is_err());
        assert!(people::set_admin(&instance, &me, bo, true).await.is_err());
        assert!(people::set_disabled(&instance, &me, admin.person, true).await.is_err());
        assert!(audit::log(&instance, &me, None, None).await.is_err());
    }

    async fn roles_count_in_their_project(store: Store) {
        let instance = instance(store);
        let admin = admin(&instance).await;
        let inbox = project(&instance, &admin, "Inbox").await;
        project(&instance, &admin, "Other").await;
        let bo = somebody(&instance, &admin, "bo@example.org").await;
        let there = who::by_session(&instance, bo, Some("inbox")).await.expect("an answer").expect("Bo");
        assert!(there.presence.project.is_none() && there.actor.roles.is_empty());
        let roles = Roles::of(&[Role::Annotator]);
        people::set_roles(&instance, &admin, inbox, bo, roles).await.expect("a role");
        let there = who::by_session(&instance, bo, Some("inbox")).await.expect("an answer").expect("Bo");
        assert_eq!(there.actor.roles, roles);
        assert_eq!(there.presence.project.expect("the project").id, inbox);
        assert!(may(&there.actor, Act::Label));
        assert!(actor(&instance, bo, Some("other")).await.roles.is_empty());
        assert!(actor(&instance, bo, None).await.roles.is_empty());
        let machine = people::set_roles(&instance, &admin, inbox, bo, Roles::of(&[Role::Machine])).await;
        assert_eq!(fields(machine.expect_err("refused")), ["roles"]);
        let both = Roles::of(&[Role::Owner, Role::Annotator]);
        people::set_roles(&instance, &admin, inbox, bo, both).await.expect("two roles");
        assert_eq!(people::members(&instance, &admin, inbox, None).await.expect("members")[0].roles(), both);
        people::set_roles(&instance, &admin, inbox, bo, Roles::NONE).await.expect("out");
        assert!(people::members(&instance, &admin, inbox, None).await.expect("members").is_empty());
        let told = audit::log(&instance, &admin, Some(inbox), None).await.expect("the log");
        assert_eq!(told[0].detail, "none; was: annotator,owner");
        assert_eq!((told[0].person.as_deref(), told[0].target.as_str()), (Some("Ada"), "bo"));
    }

    async fn a_token_does_no_more_than_its_holder(store: Store) {
        let instance = instance(store);
        let admin = admin(&instance).await;
        let inbox = project(&instance, &admin, "Inbox").await;
        project(&instance, &admin, "Other").await;
        let bo = somebody(&instance, &admin, "bo@example.org").await;
        people::set_roles(&instance, &admin, inbox, bo, Roles::of(&[Role::Annotator])).await.expect("a role");
        let me = actor(&instance, bo, Some("inbox")).await;
        let data = people::create_token(&instance, &me, inbox, bo, "export", Scope::Read, None).await;
        assert!(matches!(data, Err(Error::Forbidden(Act::HoldDataToken))), "{data:?}");
        let other = people::create_token(&instance, &me, inbox, admin.person, "not mine", Scope::Label, None).await;
        assert!(matches!(other, Err(Error::Forbidden(Act::ManagePeople))), "{other:?}");
        let made = people::create_token(&instance, &me, inbox, bo, "my script", Scope::Label, None).await.expect("mine");
        assert!(made.secret.starts_with("assay_") && made.secret.len() == 70, "{}", made.secret);

        let there = who::by_token(&instance, &made.secret, Some("inbox")).await.expect("an answer");
        let there = there.expect("the holder");
        assert!(may(&there.actor, Act::Label) && !may(&there.actor, Act::OwnAccount));
        assert!(people::create_token(&instance, &there.actor, inbox, bo, "more", Scope::Label, None).await.is_err());
        let elsewhere = who::by_token(&instance, &made.secret, Some("other")).await.expect("an answer");
        let elsewhere = elsewhere.expect("the holder");
        assert!(elsewhere.presence.project.is_none() && elsewhere.actor.roles.is_empty());
        let made_up = who::by_token(&instance, "assay_00", None).await.expect("an answer");
        assert!(made_up.is_none());

        people::set_disabled(&instance, &admin, bo, true).await.expect("disabled");
        assert!(who::by_token(&instance, &made.secret, None).await.expect("an answer").is_none());
        people::set_disabled(&instance, &admin, bo, false).await.expect("enabled");
        people::set_roles(&instance, &admin, inbox, bo, Roles::NONE).await.expect("out");
        let out = who::by_token(&instance, &made.secret, None).await.expect("an answer").expect("Bo");
        assert!(out.presence.project.is_none() && !may(&out.actor, Act::Label));
        people::revoke_token(&instance, &admin, inbox, made.id).await.expect("revoked");
        assert!(who::by_token(&instance, &made.secret, None).await.expect("an answer").is_none());
        assert!(people::revoke_token(&instance, &admin, inbox, made.id).await.is_err());
    }

    async fn an_admins_token_stays_in_its_project(store: Store) {
        let instance = instance(store);
        let admin = admin(&instance).await;
        let inbox = project(&instance, &admin, "Inbox").await;
        let made = people::create_token(&instance, &admin, inbox, admin.person, "all", Scope::Write, None).await;
        let there = who::by_token(&instance, &made.expect("a token").secret, None).await;
        let there = there.expect("an answer").expect("the admin").actor;
        assert!(may(&there, Act::Import) && may(&there, Act::EditTaxonomy));
        for act in [Act::ManageProjects, Act::ManagePeople, Act::ReadAudit, Act::OwnAccount] {
            assert!(!may(&there, act), "{act:?}");
        }
    }

    async fn a_use_is_written_down_once_a_minute(store: Store) {
        let instance = instance(store);
        let admin = admin(&instance).await;
        let inbox = project(&instance, &admin, "Inbox").await;
        let made = people::create_token(&instance, &admin, inbox, admin.person, "t", Scope::Read, None).await;
        let secret = made.expect("a token").secret;
        let mut seen = Vec::new();
        for _ in 0..4 {
            who::by_token(&instance, &secret, None).await.expect("an answer").expect("the admin");
            let tokens = people::tokens(&instance, &admin, inbox).await.expect("tokens");
            seen.push(tokens[0].last_used_at.expect("a use"));
            instance.store.clock().advance(25);
        }
        assert!(seen[0] == seen[1] && seen[1] == seen[2] && seen[2] + 75_000_000 == seen[3], "{seen:?}");
    }

    async fn a_machine_labels_and_nothing_else(store: Store) {
        let instance = instance(store);
        let admin = admin(&instance).await;
        let inbox = project(&instance, &admin, "Inbox").await;
        let bot = people::create_machine(&instance, &admin, inbox, "pre-label bot").await.expect("a machine");
        let data = people::create_token(&instance, &admin, inbox, bot, "t", Scope::Write, None).await;
        assert_eq!(fields(data.expect_err("refused")), ["scope"]);
        let token = people::create_token(&instance, &admin, inbox, bot, "t", Scope::Label, None).await.expect("a token");
        let there = who::by_token(&instance, &token.secret, None).await.expect("an answer");
        let there = there.expect("the machine").actor;
        assert!(may(&there, Act::Label) && !may(&there, Act::SeeOthers));
        assert!(who::by_session(&instance, bot, Some("inbox")).await.expect("an answer").is_none());
        assert!(people::make_reset_link(&instance, &admin, bot).await.is_err());
    }

    async fn a_theme_is_remembered(store: Store) {
        let instance = instance(store);
        let admin = admin(&instance).await;
        people::set_theme(&instance, &admin, Theme::Dark).await.expect("set");
        let here = who::by_session(&instance, admin.person, None).await.expect("an answer").expect("Ada");
        assert_eq!(here.presence.prefs.theme, Theme::Dark);
    }
}
