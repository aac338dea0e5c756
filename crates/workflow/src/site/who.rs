//! From a session or a token to the [`Actor`] that permissions are asked about: one query on every request.

use crate::{Instance, Result};
use domain::permission::{Act, Actor, Role, Roles, Via, may};
use domain::{PersonId, Time};
use store::site::people::Presence;

/// Someone who asks for something, and the project they ask about (if there is one and they may know of it).
#[derive(Debug, Clone)]
pub struct Who {
    pub actor: Actor,
    pub presence: Presence,
}

/// A use of a token is written down at most this often.
const USE_IS_SEEN_AFTER_MICROS: i64 = 60_000_000;

/// The person of a session, unless they were disabled meanwhile.
pub async fn by_session(instance: &Instance, person: PersonId, slug: Option<&str>) -> Result<Option<Who>> {
    Ok(instance.store.presence(person, slug).await?.map(|presence| who(presence, Via::Session)))
}

/// The holder of a token that is good. A token is for one project: asked about another, it finds none.
pub async fn by_token(instance: &Instance, token: &str, slug: Option<&str>) -> Result<Option<Who>> {
    let Some(mut found) = instance.store.token_presence(&token_hash(token)).await? else { return Ok(None) };
    let now = instance.store.now().0;
    if found.last_used_at.is_none_or(|at| now - at >= USE_IS_SEEN_AFTER_MICROS) {
        let token = found.token;
        instance.store.write(move |tx| Box::pin(async move { tx.token_was_used(token).await })).await?;
    }
    // A token is for one project: an admin's does there what an owner may, and nothing beyond it.
    if found.presence.admin {
        found.presence.admin = false;
        found.presence.roles = Roles::of(&[Role::Owner, Role::Engineer]);
    }
    if slug.is_some() && found.presence.project.as_ref().map(|p| p.slug.as_str()) != slug {
        found.presence.project = None;
        found.presence.roles = Roles::NONE;
    }
    Ok(Some(who(found.presence, Via::Token(found.scope))))
}

/// When a token expired, if that is all that is wrong with it.
pub async fn token_expired_at(instance: &Instance, token: &str) -> Result<Option<Time>> {
    Ok(instance.store.token_expired_at(&token_hash(token)).await?)
}

/// How a token is kept: its BLAKE3. Tokens are 256 random bits, so no slow hash is needed.
pub fn token_hash(token: &str) -> String {
    blake3::hash(token.trim().as_bytes()).to_hex().to_string()
}

fn who(mut presence: Presence, via: Via) -> Who {
    if presence.project.as_ref().is_some_and(|p| p.archived_at.is_some()) {
        presence.roles = presence.roles.in_archive();
    }
    let actor = Actor { person: presence.person, admin: presence.admin, roles: presence.roles, via };
    if !may(&actor, Act::SeeProject) {
        presence.project = None;
    }
    Who { actor, presence }
}
