//! Who is asking: asked on every request, one query each.

use super::tokens::hash_of;
use crate::{Error, House, Result};
use domain::PersonId;
use domain::permission::{Act, Actor, Role, Roles, Via, may};
use domain::person::Prefs;
use store::people::Presence;
use store::projects::Project;

/// Who is asking, and in which project.
#[derive(Debug, Clone)]
pub struct Here {
    /// With the roles that count in `project`; without any outside of one.
    pub actor: Actor,
    pub name: String,
    pub email: Option<String>,
    pub prefs: Prefs,
    /// The project asked about, if there is one and the actor may know of it.
    pub project: Option<Project>,
}

/// A use of a token is written down at most this often.
const USE_IS_SEEN_AFTER_MICROS: i64 = 60_000_000;

/// Who a signed-in person is, in the project with this slug. Nothing, if they may not come in any more.
pub async fn actor_for(house: &House, person: PersonId, slug: Option<&str>) -> Result<Option<Here>> {
    Ok(house.store.presence(person, slug).await?.map(|presence| here(presence, Via::Session)))
}

/// Who holds a token. Nothing, if it is unknown, revoked or expired, or its holder may not come in. A token is
/// bound to one project: in another one, that project is not found.
pub async fn actor_for_token(house: &House, token: &str, slug: Option<&str>) -> Result<Option<Here>> {
    let Some(found) = house.store.token_presence(&hash_of(token)).await? else { return Ok(None) };
    let bound_to = found.presence.project.as_ref().map(|p| p.slug.as_str());
    if slug.is_some() && slug != bound_to {
        return Err(Error::NotFound("this project"));
    }
    let now = house.store.now().0;
    if found.last_used_at.is_none_or(|at| now - at >= USE_IS_SEEN_AFTER_MICROS) {
        let token = found.token;
        house.store.write(move |tx| Box::pin(async move { tx.token_was_used(token).await })).await?;
    }
    Ok(Some(here(found.presence, Via::Token(found.scope))))
}

fn here(presence: Presence, via: Via) -> Here {
    let (mut admin, mut roles) = (presence.admin, presence.roles);
    if via != Via::Session && admin {
        // A token is for one project: an admin's does there what an admin may, and nothing beyond it.
        admin = false;
        roles = Roles::of(&[Role::Owner, Role::Engineer]);
    }
    if presence.project.as_ref().is_some_and(|p| p.archived_at.is_some()) {
        roles = roles.in_archive();
    }
    let actor = Actor { person: presence.person, admin, roles, via };
    Here {
        actor,
        name: presence.name,
        email: presence.email,
        prefs: presence.prefs,
        project: presence.project.filter(|_| may(&actor, Act::SeeProject)),
    }
}
