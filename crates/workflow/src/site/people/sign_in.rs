//! Signing in with a password, and changing it.

use super::{password, sessions};
use crate::data::fields::Fields;
use crate::{Error, Instance, Result, Thing, allow};
use domain::PersonId;
use domain::permission::{Act, Actor};
use domain::person::{Email, check_password};
use store::site::people::Credentials;

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
pub(super) async fn own_password(
    instance: &Instance,
    actor: &Actor,
    password: &str,
    fields: &mut Fields,
) -> Result<Credentials> {
    let known = instance.store.credentials(actor.person).await?.ok_or(Error::NotFound(Thing::Person))?;
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
