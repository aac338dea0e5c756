//! From a session or a token to the [`Actor`] that permissions are asked about.

use crate::{House, Result};
use domain::PersonId;
use domain::permission::{Actor, Roles, Via};
use store::people::Presence;

/// Someone who asks for something, and the project they ask about.
#[derive(Debug, Clone)]
pub struct Who {
    pub actor: Actor,
    pub presence: Presence,
}

/// The person of a session, unless they were disabled meanwhile.
pub async fn by_session(house: &House, person: PersonId, slug: Option<&str>) -> Result<Option<Who>> {
    Ok(house.store.presence(person, slug).await?.map(|presence| who(presence, Via::Session)))
}

/// The holder of a token. A token is for one project: asked about another, it finds none.
pub async fn by_token(house: &House, token: &str, slug: Option<&str>) -> Result<Option<Who>> {
    let Some(found) = house.store.token_presence(&token_hash(token)).await? else { return Ok(None) };
    let mut who = who(found.presence, Via::Token(found.scope));
    if slug.is_some() && who.presence.project.as_ref().map(|p| p.slug.as_str()) != slug {
        who.presence.project = None;
        who.actor.roles = Roles::NONE;
        who.actor.admin = false;
    }
    Ok(Some(who))
}

/// How a token is kept: its BLAKE3. Tokens are 256 random bits, so no slow hash is needed.
pub fn token_hash(token: &str) -> String {
    blake3::hash(token.trim().as_bytes()).to_hex().to_string()
}

fn who(presence: Presence, via: Via) -> Who {
    let actor = Actor { person: presence.person, admin: presence.admin, roles: presence.roles, via };
    Who { actor, presence }
}
