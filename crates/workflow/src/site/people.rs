//! Who is here: the first admin, people and what they are in which project, signing in and passwords.
//!
//! An admin's acts on people end with the last admin: somebody who can let others in always stays.

mod add;
pub mod password;
pub mod reset;
mod rights;
pub mod second_factor;
pub mod sessions;
mod sign_in;
pub mod tokens;

pub use add::{Newcomer, add, create_first_admin, is_first_run};
pub use reset::{make_reset_link, reset_link, use_reset_link};
pub use rights::{set_admin, set_disabled, set_roles};
pub use sessions::{came_in, end_all_sessions, end_session, sessions};
pub use sign_in::{change_password, sign_in};
pub use store::site::people::{Member, Person};
pub use tokens::{NewToken, create_machine, create_token, revoke_token, tokens};

use crate::{Error, Instance, Result, Thing, allow};
use domain::permission::{Act, Actor};
use domain::person::{Email, Theme};
use domain::{PersonId, ProjectId};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// People on one page of a list.
pub const A_PAGE: i64 = 100;

/// Everyone who signs in, by name; the next page begins behind `after`.
pub async fn list(
    instance: &Instance,
    actor: &Actor,
    after: Option<(&str, PersonId)>,
) -> Result<Vec<Person>> {
    allow(actor, Act::ManagePeople)?;
    Ok(instance.store.people(after, A_PAGE).await?)
}

/// What a person is called; nothing where there is no such person.
pub async fn name_of(instance: &Instance, actor: &Actor, person: PersonId) -> Result<Option<String>> {
    allow(actor, Act::ManagePeople)?;
    Ok(instance.store.person(person).await?.map(|person| person.name))
}

/// The person with this e-mail.
pub async fn find(instance: &Instance, actor: &Actor, email: &str) -> Result<Person> {
    allow(actor, Act::ManagePeople)?;
    let email = Email::parse(email).map_err(|e| Error::invalid("email", e.to_string()))?;
    instance.store.person_by_email(&email).await?.ok_or(Error::NotFound(Thing::PersonWithEmail))
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
