//! A second factor beside the password: codes of six digits that an app makes from a secret and the time (RFC 6238), and
//! recovery codes for who has lost the app. No code opens the door twice.

use super::sessions::stayed_outside;
use super::{known_to_sign_in, own_password};
use crate::data::fields::Fields;
use crate::site::who::token_hash;
use crate::{Error, Instance, Result, allow};
use domain::permission::{Act, Actor};
use domain::{PersonId, Time};
use rand::RngCore;
use rand::rngs::OsRng;
use totp_rs::{Algorithm, Builder, Secret, Totp};

const N_RECOVERY_CODES: usize = 10;
/// Letters and digits of a recovery code: 120 random bits, so that a fast hash keeps it.
const RECOVERY_CODE_LENGTH: usize = 24;

/// A person's second factor as they see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnFactor {
    pub since: Time,
    pub recovery_codes_left: i64,
}

/// A new secret in base32: 160 bits, as RFC 4226 advises.
pub fn new_secret() -> Result<String> {
    let mut bytes = [0; 20];
    OsRng.try_fill_bytes(&mut bytes).map_err(Error::internal)?;
    Ok(Secret::new_stack(bytes).to_base32())
}

/// What the app reads from the QR code.
pub fn app_address(secret: &str, email: &str) -> String {
    // Every app knows these: SHA-1, six digits, thirty seconds.
    let email: String = email.bytes().map(percent_encoded).collect();
    format!("otpauth://totp/Assay:{email}?secret={secret}&issuer=Assay&algorithm=SHA1&digits=6&period=30")
}

fn percent_encoded(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'@' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    }
}

/// The step whose code this is: the one of now, the one before it or the one after it, as clocks differ.
fn step_of(secret: &str, code: &str, now: Time) -> Option<i64> {
    let step = totp(secret)?.check(code, u64::try_from(now.0 / 1_000_000).ok()?)?;
    i64::try_from(step).ok()
}

/// The code of a secret at a time: what the app would show.
pub fn code_at(secret: &str, now: Time) -> Option<String> {
    Some(totp(secret)?.generate(u64::try_from(now.0 / 1_000_000).ok()?).to_string())
}

fn totp(secret: &str) -> Option<Totp> {
    let secret = Secret::try_from_base32(secret).ok()?;
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(1)
        .with_step_duration(30)
        .with_secret(secret)
        .build()
        .ok()
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

/// A code without what people put between its parts.
fn typed(code: &str) -> String {
    code.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase()
}

/// New recovery codes, and their hashes.
fn recovery_codes() -> Result<(Vec<String>, Vec<String>)> {
    let letters = || -> Result<String> { Ok(new_secret()?.chars().take(RECOVERY_CODE_LENGTH).collect()) };
    let codes = (0..N_RECOVERY_CODES).map(|_| letters()).collect::<Result<Vec<_>>>()?;
    let hashes = codes.iter().map(|code| token_hash(&typed(code))).collect();
    Ok((codes.iter().map(|code| in_groups(&code.to_lowercase())).collect(), hashes))
}

/// Four by four, as people copy it.
fn in_groups(code: &str) -> String {
    let letters: Vec<char> = code.chars().collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238: "12345678901234567890".
    const RFC: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238, appendix B, the last six of its eight digits.
        for (seconds, code) in
            [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")]
        {
            let now = Time(0).plus_seconds(seconds);
            assert_eq!(code_at(RFC, now).as_deref(), Some(code), "{seconds}");
            assert_eq!(step_of(RFC, code, now), Some(seconds / 30));
            assert_eq!(step_of(RFC, code, now.plus_seconds(30)), Some(seconds / 30), "a slow clock");
            assert_eq!(step_of(RFC, code, now.plus_seconds(-30)), Some(seconds / 30), "a fast one");
            assert_eq!(step_of(RFC, code, now.plus_seconds(90)), None, "too late");
        }
        for odd in ["", "28708", "2870820", "28708a", "２８７０８２", "-87082", "+87082"] {
            assert_eq!(step_of(RFC, odd, Time(0).plus_seconds(59)), None, "{odd}");
        }
    }

    #[test]
    fn apps_are_told_what_they_need() {
        let secret = new_secret().expect("a secret");
        assert_eq!(secret.len(), 32);
        assert!(code_at(&secret, Time(0)).is_some());
        let address = app_address(&secret, "ada&b@example.org");
        assert!(address.starts_with("otpauth://totp/Assay:ada%26b@example.org?secret="), "{address}");
    }

    #[test]
    fn recovery_codes_are_kept_as_they_are_typed() {
        let (codes, hashes) = recovery_codes().expect("codes");
        assert_eq!(codes.iter().collect::<std::collections::BTreeSet<_>>().len(), N_RECOVERY_CODES);
        assert_eq!(codes[0].len(), RECOVERY_CODE_LENGTH + 5);
        let sloppy = format!(" {} ", codes[0].to_uppercase().replace('-', " "));
        assert_eq!(token_hash(&typed(&sloppy)), hashes[0]);
    }
}
