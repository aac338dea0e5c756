//! Making people: the first admin, and everyone after.

use super::password;
use crate::data::fields::Fields;
use crate::{Error, Instance, Result, allow};
use domain::PersonId;
use domain::permission::{Act, Actor, Roles, Via};
use domain::person::{Email, PersonKind, check_password};
use store::site::people::NewPerson;

pub(super) const LONGEST_NAME: usize = 100;

/// A form about a new person.
#[derive(Debug, Clone, Default)]
pub struct Newcomer {
    pub name: String,
    pub email: String,
    /// Without one they come in by a link that an admin makes.
    pub password: Option<String>,
    pub admin: bool,
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
