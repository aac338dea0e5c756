//! A second factor beside the password: codes of six digits that an app makes from a secret and the time (RFC 6238), and
//! recovery codes for who has lost the app. No code opens the door twice.

mod codes;

pub use codes::{app_address, code_at, new_secret};

use super::rights::known_to_sign_in;
use super::sessions::stayed_outside;
use super::sign_in::own_password;
use crate::data::fields::Fields;
use crate::site::who::token_hash;
use crate::{Error, Instance, Result, allow};
use codes::{recovery_codes, step_of, typed};
use domain::permission::{Act, Actor};
use domain::{PersonId, Time};

/// A person's second factor as they see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnFactor {
    pub since: Time,
    pub recovery_codes_left: i64,
}

/// One's own second factor, if there is one.
pub async fn own_factor(instance: &Instance, actor: &Actor) -> Result<Option<OwnFactor>> {
    allow(actor, Act::SecondFactor)?;
    let Some(found) = instance.store.second_factor(actor.person).await? else { return Ok(None) };
    let recovery_codes_left = instance.store.recovery_codes_left(actor.person).await?;
    Ok(Some(OwnFactor { since: found.created_at, recovery_codes_left }))
}

/// Sets up one's own second factor with a code that the app has made from the secret, and signs out everywhere but in
/// the session `keep`. Returns the recovery codes, which are shown this once.
pub async fn set_up(
    instance: &Instance,
    actor: &Actor,
    secret: &str,
    code: &str,
    password: &str,
    keep: Option<&str>,
) -> Result<Vec<String>> {
    allow(actor, Act::SecondFactor)?;
    let mut fields = Fields::default();
    let step = step_of(secret, &typed(code), instance.store.now());
    if step.is_none() {
        let message = "This is not the code of now. Look at the app again; if it stays wrong, compare the clock of your phone.";
        fields.refuse("code", message);
    }
    own_password(instance, actor, password, &mut fields).await?;
    let Some(step) = step else { return Err(fields.refused()) };
    fields.done()?;
    let (codes, hashes) = recovery_codes()?;
    let (person, secret, actor) = (actor.person, secret.to_owned(), *actor);
    let keep = keep.map(str::to_owned);
    instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                if !tx.add_second_factor(person, &secret, step).await? {
                    return Err(Error::conflict("You have a second factor already."));
                }
                tx.replace_recovery_codes(person, &hashes).await?;
                tx.end_sessions(person, keep.as_deref()).await?;
                tx.audit(&actor, None, "set up a second factor", "", "").await?;
                Ok(())
            })
        })
        .await?;
    Ok(codes)
}

/// Makes new recovery codes; the earlier ones end.
pub async fn renew_recovery_codes(
    instance: &Instance,
    actor: &Actor,
    code: &str,
    password: &str,
) -> Result<Vec<String>> {
    is_really_them(instance, actor, code, password).await?;
    let (codes, hashes) = recovery_codes()?;
    let (person, actor) = (actor.person, *actor);
    instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                tx.replace_recovery_codes(person, &hashes).await?;
                Ok::<_, Error>(tx.audit(&actor, None, "made new recovery codes", "", "").await?)
            })
        })
        .await?;
    Ok(codes)
}

/// Takes one's own second factor away, and signs out everywhere but in the session `keep`.
pub async fn remove_own_factor(
    instance: &Instance,
    actor: &Actor,
    code: &str,
    password: &str,
    keep: Option<&str>,
) -> Result<()> {
    is_really_them(instance, actor, code, password).await?;
    let (person, actor, keep) = (actor.person, *actor, keep.map(str::to_owned));
    instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                tx.remove_second_factor(person).await?;
                tx.end_sessions(person, keep.as_deref()).await?;
                Ok(tx.audit(&actor, None, "removed their second factor", "", "").await?)
            })
        })
        .await
}

/// Takes somebody's second factor away: they have lost the app and the recovery codes.
pub async fn remove_factor_of(instance: &Instance, actor: &Actor, person: PersonId) -> Result<()> {
    allow(actor, Act::ManagePeople)?;
    let known = known_to_sign_in(instance, person).await?;
    let actor = *actor;
    instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                if !tx.remove_second_factor(person).await? {
                    return Err(Error::conflict(format!("{} has no second factor.", known.name)));
                }
                tx.end_sessions(person, None).await?;
                Ok(tx.audit(&actor, None, "removed the second factor of", &known.name, "").await?)
            })
        })
        .await
}

/// Must everyone have a second factor?
pub async fn is_factor_required(instance: &Instance) -> Result<bool> {
    Ok(instance.store.is_second_factor_required().await?)
}

/// Asks everyone for a second factor, or no longer. Who has none is let in to set one up, and to nothing else.
pub async fn require_factor(instance: &Instance, actor: &Actor, required: bool) -> Result<()> {
    allow(actor, Act::ManagePeople)?;
    let actor = *actor;
    instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                tx.require_second_factor(required).await?;
                let act = if required { "requires" } else { "no longer requires" };
                Ok(tx.audit(&actor, None, act, "a second factor of everyone", "").await?)
            })
        })
        .await
}

/// Is this person asked for a code when they sign in?
pub async fn has_factor(instance: &Instance, person: PersonId) -> Result<bool> {
    Ok(instance.store.second_factor(person).await?.is_some())
}

/// Takes a code of the app or a recovery code, once. Returns which it was, in words. Who has no second factor any more
/// needs to sign in anew.
pub async fn take_code(instance: &Instance, person: PersonId, code: &str) -> Result<&'static str> {
    let gone = || Error::conflict("You have no second factor any more. Sign in again.");
    let factor = instance.store.second_factor(person).await?.ok_or_else(gone)?;
    let code = typed(code);
    let step = step_of(&factor.secret, &code, instance.store.now());
    let hash = token_hash(&code);
    let taken = instance.store.write(move |tx| {
        Box::pin(async move {
            match step {
                Some(step) if tx.take_code(person, step).await? => Ok(Some("with a code")),
                Some(_) => Ok(None),
                None if tx.take_recovery_code(person, &hash).await? => Ok(Some("with a recovery code")),
                None => Ok::<_, Error>(None),
            }
        })
    });
    if let Some(how) = taken.await? {
        return Ok(how);
    }
    stayed_outside(instance, Some(person), "a wrong code");
    let message = if step.is_some() {
        "This code was used already. Wait for the next one."
    } else {
        "This code does not fit. Type the six digits that the app shows now, or a recovery code that you have not used."
    };
    Err(Error::invalid("code", message))
}

/// Password and code of somebody who changes how they sign in. The code is taken only where the password fits.
async fn is_really_them(instance: &Instance, actor: &Actor, code: &str, password: &str) -> Result<()> {
    allow(actor, Act::SecondFactor)?;
    let mut fields = Fields::default();
    own_password(instance, actor, password, &mut fields).await?;
    fields.done()?;
    take_code(instance, actor.person, code).await?;
    Ok(())
}
