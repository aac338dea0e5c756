//! Links to set a password: made by an admin, shown once, good for a day and for one use.

use super::password;
use super::rights::known_to_sign_in;
use super::tokens::secret;
use crate::data::fields::Fields;
use crate::site::who::token_hash;
use crate::{Error, Instance, Result, allow};
use domain::PersonId;
use domain::permission::{Act, Actor, Roles, Via};
use domain::person::check_password;
use store::site::tokens::ResetFor;

const GOOD_FOR_SECONDS: i64 = 24 * 60 * 60;

/// Makes a link for a person; earlier ones end. Returns its secret part, which is kept nowhere.
pub async fn make_reset_link(instance: &Instance, actor: &Actor, person: PersonId) -> Result<String> {
    allow(actor, Act::ManagePeople)?;
    let known = known_to_sign_in(instance, person).await?;
    if known.disabled_at.is_some() {
        return Err(Error::conflict(format!("{} is disabled. Enable them first.", known.name)));
    }
    let secret = secret("")?;
    let (hash, actor) = (token_hash(&secret), *actor);
    instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                let expires_at = tx.now().plus_seconds(GOOD_FOR_SECONDS);
                tx.add_reset_link(person, actor.person_id(), &hash, expires_at).await?;
                tx.audit(&actor, None, "made a password link for", &known.name, "good for 24 hours").await?;
                Ok::<_, Error>(())
            })
        })
        .await?;
    Ok(secret)
}

/// Whom a link is for, if it can be used now.
pub async fn reset_link(instance: &Instance, secret: &str) -> Result<ResetFor> {
    instance.store.reset_link(&token_hash(secret)).await?.ok_or_else(used_up)
}

/// Sets a password with a link, signs that person out everywhere and uses the link up. Returns who it was.
pub async fn use_reset_link(instance: &Instance, secret: &str, new: &str) -> Result<PersonId> {
    let known = reset_link(instance, secret).await?;
    let mut fields = Fields::default();
    fields.take("new_password", check_password(new, &known.email, &known.name));
    fields.done()?;
    let password_hash = password::hash(new.to_owned()).await?;
    let hash = token_hash(secret);
    instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                let person = tx.use_reset_link(&hash).await?.ok_or_else(used_up)?;
                tx.set_password(person, &password_hash).await?;
                tx.end_sessions(person, None).await?;
                let actor = Actor { person, admin: false, roles: Roles::NONE, via: Via::Session };
                tx.audit(&actor, None, "set a password by link", "", "").await?;
                Ok(person)
            })
        })
        .await
}

fn used_up() -> Error {
    Error::conflict("This link was used already, or is older than 24 hours. Ask an admin for a new one.")
}
