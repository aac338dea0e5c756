//! What people may do: their roles in projects, who is an admin, and who is kept out.

use crate::{Error, Instance, Result, Thing, allow};
use domain::permission::{Act, Actor, Role, Roles};
use domain::person::PersonKind;
use domain::{PersonId, ProjectId};
use store::site::people::Person;

/// Makes the roles of a person in a project exactly these; none takes them out of it.
pub async fn set_roles(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    person: PersonId,
    roles: Roles,
) -> Result<()> {
    allow(actor, Act::ManagePeople)?;
    let known = instance.store.person(person).await?.ok_or(Error::NotFound(Thing::Person))?;
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

pub(super) async fn known_to_sign_in(instance: &Instance, person: PersonId) -> Result<Person> {
    let known = instance.store.person(person).await?;
    known.filter(|p| p.kind == PersonKind::Person).ok_or(Error::NotFound(Thing::Person))
}

/// Refuses what would leave nobody who can let others in.
fn keep_an_admin(admins: &[PersonId], going: PersonId) -> Result<()> {
    if admins == [going] {
        return Err(Error::conflict("This is the last admin. Make somebody else an admin first."));
    }
    Ok(())
}
