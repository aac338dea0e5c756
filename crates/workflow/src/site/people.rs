//! Who is here: the first admin, people and what they are in which project, signing in and passwords.
//!
//! An admin's acts on people end with the last admin: somebody who can let others in always stays.

pub mod password;
pub mod reset;
pub mod second_factor;
pub mod sessions;
pub mod tokens;

pub use reset::{make_reset_link, reset_link, use_reset_link};
pub use sessions::{came_in, end_all_sessions, end_session, sessions};
pub use store::site::people::{Member, Person};
pub use tokens::{NewToken, create_machine, create_token, revoke_token, tokens};

use crate::data::fields::Fields;
use crate::{Error, Instance, Result, allow};
use domain::permission::{Act, Actor, Role, Roles, Via};
use domain::person::{Email, PersonKind, Theme, check_password};
use domain::{PersonId, ProjectId};
use std::time::Duration;
use store::site::people::{Credentials, NewPerson};
use tokio_util::sync::CancellationToken;

/// People on one page of a list.
pub const A_PAGE: i64 = 100;
const LONGEST_NAME: usize = 100;

/// A form about a new person.
#[derive(Debug, Clone, Default)]
pub struct Newcomer {
    pub name: String,
    pub email: String,
    /// Without one they come in by a link that an admin makes.
    pub password: Option<String>,
    pub admin: bool,
}

/// What a person is called; nothing where there is no such person.
pub async fn name_of(instance: &Instance, actor: &Actor, person: PersonId) -> Result<Option<String>> {
    allow(actor, Act::ManagePeople)?;
    Ok(instance.store.person(person).await?.map(|person| person.name))
}

/// Nobody has ever signed in here: the first page asks for the admin.
pub async fn is_first_run(instance: &Instance) -> Result<bool> {
    Ok(!instance.store.has_people().await?)
}

/// Makes the first person, who is an admin. Only while there is nobody.
pub async fn create_first_admin(
    instance: &Instance,
    name: &str,
    email: &str,
    password: &str,
) -> Result<PersonId> {
    if !is_first_run(instance).await? {
        return Err(already_set_up());
    }
    let newcomer = Newcomer {
        name: name.to_owned(),
        email: email.to_owned(),
        password: Some(password.to_owned()),
        admin: true,
    };
    let person = read(newcomer).await?;
    instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                if !tx.is_first_person().await? {
                    return Err(already_set_up());
                }
                let id = tx.add_person(&person).await?.ok_or_else(already_set_up)?;
                let actor = Actor { person: id, admin: true, roles: Roles::NONE, via: Via::Session };
                tx.audit(&actor, None, "set up this installation", &person.name, "first admin").await?;
                Ok(id)
            })
        })
        .await
}

fn already_set_up() -> Error {
    Error::conflict("Assay is set up already. Sign in, or ask an admin to add you.")
}

/// Adds somebody who may sign in.
pub async fn add(instance: &Instance, actor: &Actor, newcomer: Newcomer) -> Result<PersonId> {
    allow(actor, Act::ManagePeople)?;
    let (person, actor) = (read(newcomer).await?, *actor);
    instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                let taken = || Error::invalid("email", "There is a person with this e-mail already.");
                let id = tx.add_person(&person).await?.ok_or_else(taken)?;
                let detail = if person.admin { "as an admin" } else { "" };
                tx.audit(&actor, None, "added", &person.name, detail).await?;
                Ok(id)
            })
        })
        .await
}

async fn read(newcomer: Newcomer) -> Result<NewPerson> {
    let mut fields = Fields::default();
    let email = fields.take("email", Email::parse(&newcomer.email));
    // A name is asked for on pages; on the command line the address does until they change it.
    let name = match (newcomer.name.trim(), &email) {
        ("", Some(email)) => email.as_str().split('@').next().unwrap_or_default().to_owned(),
        (name, _) => name.to_owned(),
    };
    let name = fields.title("name", &name, LONGEST_NAME);
    if let (Some(password), Some(email)) = (&newcomer.password, &email) {
        fields.take(
            "new_password",
            check_password(password, email.as_str(), name.as_deref().unwrap_or_default()),
        );
    }
    let (Some(email), Some(name)) = (email, name) else { return Err(fields.refused()) };
    fields.done()?;
    let password_hash = match newcomer.password {
        Some(password) => Some(password::hash(password).await?),
        None => None,
    };
    Ok(NewPerson {
        kind: PersonKind::Person,
        name,
        email: Some(email),
        password_hash,
        admin: newcomer.admin,
        project: None,
    })
}

/// Who signs in with this e-mail and this password. Whatever does not fit, the answer and the time it takes are
/// the same: nobody learns who has an account.
pub async fn sign_in(instance: &Instance, email: &str, password: &str) -> Result<PersonId> {
    let found = match Email::parse(email) {
        Ok(email) => instance.store.credentials_by_email(&email).await?,
        Err(_) => None,
    };
    let hash = found.as_ref().filter(|f| f.disabled_at.is_none()).and_then(|f| f.password_hash.clone());
    let fits = password::verify(password.to_owned(), hash).await?;
    match found {
        Some(found) if fits => Ok(found.person),
        found => {
            let why = if found.as_ref().is_some_and(|f| f.disabled_at.is_some()) {
                "disabled"
            } else {
                WRONG_PASSWORD
            };
            sessions::stayed_outside(instance, found.map(|f| f.person), why);
            let message = "E-mail and password do not match. Try again, or ask an admin for a new password.";
            Err(Error::invalid("password", message))
        }
    }
}

const WRONG_PASSWORD: &str = "a wrong password";

/// Asks somebody who is signed in for their password. What does not fit is said of the field `password`.
async fn own_password(
    instance: &Instance,
    actor: &Actor,
    password: &str,
    fields: &mut Fields,
) -> Result<Credentials> {
    let known = instance.store.credentials(actor.person).await?.ok_or(Error::NotFound("this person"))?;
    if !password::verify(password.to_owned(), known.password_hash.clone()).await? {
        sessions::stayed_outside(instance, Some(actor.person), WRONG_PASSWORD);
        fields.refuse("password", "This is not your password now. Nothing was changed.");
    }
    Ok(known)
}

/// Changes one's own password and signs out everywhere but in the session `keep` (its id as in the cookie).
pub async fn change_password(
    instance: &Instance,
    actor: &Actor,
    current: &str,
    new: &str,
    keep: Option<&str>,
) -> Result<()> {
    allow(actor, Act::OwnAccount)?;
    let person = actor.person;
    let mut fields = Fields::default();
    let known = own_password(instance, actor, current, &mut fields).await?;
    fields.take("new_password", check_password(new, &known.email, &known.name));
    fields.done()?;
    let hash = password::hash(new.to_owned()).await?;
    let (keep, actor) = (keep.map(str::to_owned), *actor);
    instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                tx.set_password(person, &hash).await?;
                tx.end_sessions(person, keep.as_deref()).await?;
                tx.audit(&actor, None, "changed their password", "", "").await?;
                Ok(())
            })
        })
        .await
}

/// Light, dark, or what the system says.
pub async fn set_theme(instance: &Instance, actor: &Actor, theme: Theme) -> Result<()> {
    allow(actor, Act::OwnAccount)?;
    let person = actor.person;
    instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                let mut prefs = tx.prefs(person).await?;
                prefs.theme = theme;
                Ok(tx.set_prefs(person, &prefs).await?)
            })
        })
        .await
}

/// Everyone who signs in, by name; the next page begins behind `after`.
pub async fn list(
    instance: &Instance,
    actor: &Actor,
    after: Option<(&str, PersonId)>,
) -> Result<Vec<Person>> {
    allow(actor, Act::ManagePeople)?;
    Ok(instance.store.people(after, A_PAGE).await?)
}

/// The person with this e-mail.
pub async fn find(instance: &Instance, actor: &Actor, email: &str) -> Result<Person> {
    allow(actor, Act::ManagePeople)?;
    let email = Email::parse(email).map_err(|e| Error::invalid("email", e.to_string()))?;
    instance.store.person_by_email(&email).await?.ok_or(Error::NotFound("a person with this e-mail"))
}

/// Who has a role in a project, by name; the next page begins behind `after`.
pub async fn members(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    after: Option<(&str, PersonId)>,
) -> Result<Vec<Member>> {
    allow(actor, Act::SeeOthers)?;
    Ok(instance.store.members(project, after, A_PAGE).await?)
}

/// Makes the roles of a person in a project exactly these; none takes them out of it.
pub async fn set_roles(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    person: PersonId,
    roles: Roles,
) -> Result<()> {
    allow(actor, Act::ManagePeople)?;
    let known = instance.store.person(person).await?.ok_or(Error::NotFound("this person"))?;
    let fits = match known.kind {
        PersonKind::Person => !roles.has(Role::Machine),
        PersonKind::Machine => roles.is_empty() || roles == Roles::of(&[Role::Machine]),
        PersonKind::Source => roles.is_empty(),
    };
    if !fits {
        let message = "A program is a machine and nothing else, and a person is no machine.";
        return Err(Error::invalid("roles", message));
    }
    let actor = *actor;
    instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                let before = tx.set_roles(project, person, roles).await?;
                let said = |roles: Roles| if roles.is_empty() { "none".to_owned() } else { roles.to_list() };
                let detail = format!("{}; was: {}", said(roles), said(before));
                tx.audit(&actor, Some(project), "set the roles of", &known.name, &detail).await?;
                Ok(())
            })
        })
        .await
}

/// Keeps somebody out (and signs them out, and stops their tokens), or lets them in again. What they did stays.
pub async fn set_disabled(
    instance: &Instance,
    actor: &Actor,
    person: PersonId,
    disabled: bool,
) -> Result<()> {
    allow(actor, Act::ManagePeople)?;
    let known = known_to_sign_in(instance, person).await?;
    let actor = *actor;
    instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                if disabled {
                    keep_an_admin(&tx.admins_to_change().await?, person)?;
                    tx.end_sessions(person, None).await?;
                }
                tx.set_disabled(person, disabled).await?;
                let act = if disabled { "disabled" } else { "enabled" };
                tx.audit(&actor, None, act, &known.name, "").await?;
                Ok(())
            })
        })
        .await
}

/// Makes somebody an admin, or no longer one.
pub async fn set_admin(instance: &Instance, actor: &Actor, person: PersonId, admin: bool) -> Result<()> {
    allow(actor, Act::ManagePeople)?;
    let known = known_to_sign_in(instance, person).await?;
    let actor = *actor;
    instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                if !admin {
                    keep_an_admin(&tx.admins_to_change().await?, person)?;
                }
                tx.set_admin(person, admin).await?;
                let act = if admin { "made an admin of" } else { "took the admin's rights from" };
                tx.audit(&actor, None, act, &known.name, "").await?;
                Ok(())
            })
        })
        .await
}

/// Deletes expired sessions and links once an hour, until the instance closes. What is expired opens nothing anyway:
/// this keeps the tables small.
pub async fn forget_expired(instance: Instance, closing: CancellationToken) {
    loop {
        if let Err(error) = instance.store.delete_expired_sessions().await {
            tracing::warn!(%error, "expired sessions could not be deleted");
        }
        tokio::select! {
            () = closing.cancelled() => return,
            () = tokio::time::sleep(Duration::from_secs(60 * 60)) => {}
        }
    }
}

async fn known_to_sign_in(instance: &Instance, person: PersonId) -> Result<Person> {
    let known = instance.store.person(person).await?;
    known.filter(|p| p.kind == PersonKind::Person).ok_or(Error::NotFound("this person"))
}

/// Refuses what would leave nobody who can let others in.
fn keep_an_admin(admins: &[PersonId], going: PersonId) -> Result<()> {
    if admins == [going] {
        return Err(Error::conflict("This is the last admin. Make somebody else an admin first."));
    }
    Ok(())
}
