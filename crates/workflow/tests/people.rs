//! Who is here: the first admin, signing in, passwords and links, roles, tokens, the last admin.

use domain::permission::{Act, Actor, Role, Roles, Scope, may};
use domain::person::Theme;
use domain::{PersonId, ProjectId};
use std::path::Path;
use store::{Store, both};
use workflow::people::{self, Newcomer};
use workflow::projects::{self, NewProjectForm};
use workflow::{Error, House, audit, who};

const PASSWORD: &str = "a few plain words";

fn house(store: Store) -> House {
    House::new(store, Path::new("unused"))
}

async fn admin(house: &House) -> Actor {
    let id = people::create_first_admin(house, "Ada", "ada@example.org", PASSWORD).await.expect("the first");
    actor(house, id, None).await
}

async fn actor(house: &House, person: PersonId, slug: Option<&str>) -> Actor {
    who::by_session(house, person, slug).await.expect("an answer").expect("somebody").actor
}

async fn somebody(house: &House, admin: &Actor, email: &str) -> PersonId {
    let password = Some(PASSWORD.to_owned());
    let newcomer = Newcomer { email: email.to_owned(), password, ..Newcomer::default() };
    people::add(house, admin, newcomer).await.expect("a new person")
}

async fn project(house: &House, admin: &Actor, name: &str) -> ProjectId {
    let form = NewProjectForm { name: name.to_owned(), ..NewProjectForm::default() };
    projects::create(house, admin, form).await.expect("a project").id
}

fn fields(error: Error) -> Vec<String> {
    match error {
        Error::Invalid(fields) => fields.into_iter().map(|f| f.field).collect(),
        other => panic!("not about fields: {other}"),
    }
}

both! {
    async fn only_the_first_run_makes_an_admin(store: Store) {
        let house = house(store);
        assert!(people::is_first_run(&house).await.expect("an answer"));
        let (a, b) = tokio::join!(
            people::create_first_admin(&house, "Ada", "ada@example.org", PASSWORD),
            people::create_first_admin(&house, "Eve", "eve@example.org", PASSWORD)
        );
        assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
        let late = people::create_first_admin(&house, "Eve", "eve@example.org", PASSWORD).await;
        assert!(matches!(late, Err(Error::Conflict(_))), "{late:?}");
        assert!(!people::is_first_run(&house).await.expect("an answer"));
    }

    async fn a_form_names_every_field_that_does_not_fit(store: Store) {
        let house = house(store);
        let wrong = people::create_first_admin(&house, " ", "nowhere", "short").await.expect_err("refused");
        assert_eq!(fields(wrong), ["email", "name"]);
        let wrong = people::create_first_admin(&house, "Ada", "a@b", "short").await.expect_err("refused");
        assert_eq!(fields(wrong), ["new_password"]);
    }

    async fn signing_in(store: Store) {
        let house = house(store);
        let admin = admin(&house).await;
        let bo = somebody(&house, &admin, "Bo@Example.org").await;
        assert_eq!(people::sign_in(&house, " bo@example.ORG", PASSWORD).await.expect("Bo"), bo);
        let wrong_password = people::sign_in(&house, "bo@example.org", "another one").await;
        let wrong_email = people::sign_in(&house, "nobody@example.org", PASSWORD).await;
        let no_email = people::sign_in(&house, "nobody", PASSWORD).await;
        let texts = [wrong_password, wrong_email, no_email].map(|r| r.expect_err("refused").to_string());
        assert!(texts.iter().all(|t| *t == texts[0]), "{texts:?}");
        people::set_disabled(&house, &admin, bo, true).await.expect("disabled");
        let kept_out = people::sign_in(&house, "bo@example.org", PASSWORD).await.expect_err("refused");
        assert_eq!(kept_out.to_string(), texts[0]);
        assert!(who::by_session(&house, bo, None).await.expect("an answer").is_none());
        people::set_disabled(&house, &admin, bo, false).await.expect("enabled");
        assert!(people::sign_in(&house, "bo@example.org", PASSWORD).await.is_ok());
    }

    async fn an_address_is_taken_once(store: Store) {
        let house = house(store);
        let admin = admin(&house).await;
        let newcomer = Newcomer { email: "ADA@example.org".to_owned(), ..Newcomer::default() };
        let twice = people::add(&house, &admin, newcomer).await.expect_err("refused");
        assert_eq!(fields(twice), ["email"]);
        assert_eq!(people::list(&house, &admin, None).await.expect("people").len(), 1);
    }

    async fn changing_a_password_needs_the_old_one(store: Store) {
        let house = house(store);
        let admin = admin(&house).await;
        let wrong = people::change_password(&house, &admin, "not it at all", "short", None).await;
        assert_eq!(fields(wrong.expect_err("refused")), ["password", "new_password"]);
        people::change_password(&house, &admin, PASSWORD, "other plain words", None).await.expect("changed");
        assert!(people::sign_in(&house, "ada@example.org", PASSWORD).await.is_err());
        assert!(people::sign_in(&house, "ada@example.org", "other plain words").await.is_ok());
    }

    async fn a_link_sets_a_password_once(store: Store) {
        let house = house(store);
        let admin = admin(&house).await;
        let bo = somebody(&house, &admin, "bo@example.org").await;
        let replaced = people::make_reset_link(&house, &admin, bo).await.expect("a link");
        let link = people::make_reset_link(&house, &admin, bo).await.expect("a link");
        assert!(people::reset_link(&house, &replaced).await.is_err());
        assert_eq!(people::reset_link(&house, &link).await.expect("whom it is for").email, "bo@example.org");
        let weak = people::use_reset_link(&house, &link, "bo@example.org").await.expect_err("refused");
        assert_eq!(fields(weak), ["new_password"]);
        assert_eq!(people::use_reset_link(&house, &link, "by a link only").await.expect("used"), bo);
        let again = people::use_reset_link(&house, &link, "a second time").await;
        assert!(matches!(again, Err(Error::Conflict(_))), "{again:?}");
        assert!(people::sign_in(&house, "bo@example.org", "by a link only").await.is_ok());
        let late = people::make_reset_link(&house, &admin, bo).await.expect("a link");
        house.store.clock().advance(24 * 60 * 60);
        assert!(people::use_reset_link(&house, &late, "a day too late").await.is_err());
        let told = house.store.person(bo).await.expect("an answer").expect("Bo");
        assert!(told.has_password);
    }

    async fn an_admin_always_stays(store: Store) {
        let house = house(store);
        let ada = admin(&house).await;
        let refused = people::set_disabled(&house, &ada, ada.person, true).await;
        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
        assert!(people::set_admin(&house, &ada, ada.person, false).await.is_err());
        let bo = somebody(&house, &ada, "bo@example.org").await;
        people::set_admin(&house, &ada, bo, true).await.expect("a second admin");
        let (a, b) = tokio::join!(
            people::set_admin(&house, &ada, ada.person, false),
            people::set_disabled(&house, &ada, bo, true)
        );
        assert!(a.is_ok() != b.is_ok(), "both went, or neither: {a:?} {b:?}");
    }

    async fn people_are_an_admins_matter(store: Store) {
        let house = house(store);
        let admin = admin(&house).await;
        let bo = somebody(&house, &admin, "bo@example.org").await;
        let me = actor(&house, bo, None).await;
        assert!(matches!(people::list(&house, &me, None).await, Err(Error::Forbidden(Act::ManagePeople))));
        assert!(people::add(&house, &me, Newcomer::default()).await.is_err());
        assert!(people::make_reset_link(&house, &me, bo).await.is_err());
        assert!(people::set_admin(&house, &me, bo, true).await.is_err());
        assert!(people::set_disabled(&house, &me, admin.person, true).await.is_err());
        assert!(audit::log(&house, &me, None, None).await.is_err());
    }

    async fn roles_count_in_their_project(store: Store) {
        let house = house(store);
        let admin = admin(&house).await;
        let inbox = project(&house, &admin, "Inbox").await;
        project(&house, &admin, "Other").await;
        let bo = somebody(&house, &admin, "bo@example.org").await;
        let there = who::by_session(&house, bo, Some("inbox")).await.expect("an answer").expect("Bo");
        assert!(there.presence.project.is_none() && there.actor.roles.is_empty());
        let roles = Roles::of(&[Role::Annotator]);
        people::set_roles(&house, &admin, inbox, bo, roles).await.expect("a role");
        let there = who::by_session(&house, bo, Some("inbox")).await.expect("an answer").expect("Bo");
        assert_eq!(there.actor.roles, roles);
        assert_eq!(there.presence.project.expect("the project").id, inbox);
        assert!(may(&there.actor, Act::Label));
        assert!(actor(&house, bo, Some("other")).await.roles.is_empty());
        assert!(actor(&house, bo, None).await.roles.is_empty());
        let machine = people::set_roles(&house, &admin, inbox, bo, Roles::of(&[Role::Machine])).await;
        assert_eq!(fields(machine.expect_err("refused")), ["roles"]);
        let both = Roles::of(&[Role::Owner, Role::Annotator]);
        people::set_roles(&house, &admin, inbox, bo, both).await.expect("two roles");
        assert_eq!(people::members(&house, &admin, inbox, None).await.expect("members")[0].roles(), both);
        people::set_roles(&house, &admin, inbox, bo, Roles::NONE).await.expect("out");
        assert!(people::members(&house, &admin, inbox, None).await.expect("members").is_empty());
        let told = audit::log(&house, &admin, Some(inbox), None).await.expect("the log");
        assert_eq!(told[0].detail, "none; was: annotator,owner");
        assert_eq!((told[0].person.as_deref(), told[0].target.as_str()), (Some("Ada"), "bo"));
    }

    async fn a_token_does_no_more_than_its_holder(store: Store) {
        let house = house(store);
        let admin = admin(&house).await;
        let inbox = project(&house, &admin, "Inbox").await;
        project(&house, &admin, "Other").await;
        let bo = somebody(&house, &admin, "bo@example.org").await;
        people::set_roles(&house, &admin, inbox, bo, Roles::of(&[Role::Annotator])).await.expect("a role");
        let me = actor(&house, bo, Some("inbox")).await;
        let data = people::create_token(&house, &me, inbox, bo, "export", Scope::Read, None).await;
        assert!(matches!(data, Err(Error::Forbidden(Act::HoldDataToken))), "{data:?}");
        let other = people::create_token(&house, &me, inbox, admin.person, "not mine", Scope::Label, None).await;
        assert!(matches!(other, Err(Error::Forbidden(Act::ManagePeople))), "{other:?}");
        let made = people::create_token(&house, &me, inbox, bo, "my script", Scope::Label, None).await.expect("mine");
        assert!(made.secret.starts_with("assay_") && made.secret.len() == 70, "{}", made.secret);

        let there = who::by_token(&house, &made.secret, Some("inbox")).await.expect("an answer");
        let there = there.expect("the holder");
        assert!(may(&there.actor, Act::Label) && !may(&there.actor, Act::OwnAccount));
        assert!(people::create_token(&house, &there.actor, inbox, bo, "more", Scope::Label, None).await.is_err());
        let elsewhere = who::by_token(&house, &made.secret, Some("other")).await.expect("an answer");
        let elsewhere = elsewhere.expect("the holder");
        assert!(elsewhere.presence.project.is_none() && elsewhere.actor.roles.is_empty());
        let made_up = who::by_token(&house, "assay_00", None).await.expect("an answer");
        assert!(made_up.is_none());

        people::set_disabled(&house, &admin, bo, true).await.expect("disabled");
        assert!(who::by_token(&house, &made.secret, None).await.expect("an answer").is_none());
        people::set_disabled(&house, &admin, bo, false).await.expect("enabled");
        people::set_roles(&house, &admin, inbox, bo, Roles::NONE).await.expect("out");
        let out = who::by_token(&house, &made.secret, None).await.expect("an answer").expect("Bo");
        assert!(out.presence.project.is_none() && !may(&out.actor, Act::Label));
        people::revoke_token(&house, &admin, inbox, made.id).await.expect("revoked");
        assert!(who::by_token(&house, &made.secret, None).await.expect("an answer").is_none());
        assert!(people::revoke_token(&house, &admin, inbox, made.id).await.is_err());
    }

    async fn an_admins_token_stays_in_its_project(store: Store) {
        let house = house(store);
        let admin = admin(&house).await;
        let inbox = project(&house, &admin, "Inbox").await;
        let made = people::create_token(&house, &admin, inbox, admin.person, "all", Scope::Write, None).await;
        let there = who::by_token(&house, &made.expect("a token").secret, None).await;
        let there = there.expect("an answer").expect("the admin").actor;
        assert!(may(&there, Act::Import) && may(&there, Act::EditTaxonomy));
        for act in [Act::ManageProjects, Act::ManagePeople, Act::ReadAudit, Act::OwnAccount] {
            assert!(!may(&there, act), "{act:?}");
        }
    }

    async fn a_use_is_written_down_once_a_minute(store: Store) {
        let house = house(store);
        let admin = admin(&house).await;
        let inbox = project(&house, &admin, "Inbox").await;
        let made = people::create_token(&house, &admin, inbox, admin.person, "t", Scope::Read, None).await;
        let secret = made.expect("a token").secret;
        let mut seen = Vec::new();
        for _ in 0..4 {
            who::by_token(&house, &secret, None).await.expect("an answer").expect("the admin");
            let tokens = people::tokens(&house, &admin, inbox).await.expect("tokens");
            seen.push(tokens[0].last_used_at.expect("a use"));
            house.store.clock().advance(25);
        }
        assert!(seen[0] == seen[1] && seen[1] == seen[2] && seen[2] + 75_000_000 == seen[3], "{seen:?}");
    }

    async fn a_machine_labels_and_nothing_else(store: Store) {
        let house = house(store);
        let admin = admin(&house).await;
        let inbox = project(&house, &admin, "Inbox").await;
        let bot = people::create_machine(&house, &admin, inbox, "pre-label bot").await.expect("a machine");
        let data = people::create_token(&house, &admin, inbox, bot, "t", Scope::Write, None).await;
        assert_eq!(fields(data.expect_err("refused")), ["scope"]);
        let token = people::create_token(&house, &admin, inbox, bot, "t", Scope::Label, None).await.expect("a token");
        let there = who::by_token(&house, &token.secret, None).await.expect("an answer");
        let there = there.expect("the machine").actor;
        assert!(may(&there, Act::Label) && !may(&there, Act::SeeOthers));
        assert!(who::by_session(&house, bot, Some("inbox")).await.expect("an answer").is_none());
        assert!(people::make_reset_link(&house, &admin, bot).await.is_err());
    }

    async fn a_theme_is_remembered(store: Store) {
        let house = house(store);
        let admin = admin(&house).await;
        people::set_theme(&house, &admin, Theme::Dark).await.expect("set");
        let here = who::by_session(&house, admin.person, None).await.expect("an answer").expect("Ada");
        assert_eq!(here.presence.prefs.theme, Theme::Dark);
    }
}
