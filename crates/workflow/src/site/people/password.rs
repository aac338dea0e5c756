//! Passwords as argon2id hashes. Hashing takes tens of milliseconds and 19 MiB on purpose: it runs beside the
//! async threads, a few at a time, so that a flood of sign-ins takes neither all cores nor all memory.

use crate::{Error, Result};
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Argon2, password_hash};
use tokio::sync::Semaphore;

static AT_ONCE: Semaphore = Semaphore::const_new(4);

/// Fits no password. Verified where there is no account, so that this takes as long as where there is one.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The hash of a new password, with a salt of its own.
pub(crate) async fn hash(password: String) -> Result<String> {
    beside(move || Ok(Argon2::default().hash_password(password.as_bytes())?.to_string())).await
}

/// Does the password fit the hash? Without a hash the work is the same and the answer is no.
pub(crate) async fn verify(password: String, hash: Option<String>) -> Result<bool> {
    beside(move || {
        let known = hash.as_deref().unwrap_or(NOBODY);
        match Argon2::default().verify_password(password.as_bytes(), known) {
            Ok(()) => Ok(hash.is_some()),
            Err(password_hash::Error::PasswordInvalid) => Ok(false),
            Err(error) => Err(error),
        }
    })
    .await
}

async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> password_hash::Result<T> + Send + 'static,
) -> Result<T> {
    let _turn = AT_ONCE.acquire().await.map_err(Error::internal)?;
    let done = tokio::task::spawn_blocking(work).await.map_err(Error::internal)?;
    done.map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_and_nobody_fits_none() {
        let hashed = hash("correct horse".to_owned()).await.expect("a hash");
        assert!(hashed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hashed}");
        assert!(verify("correct horse".to_owned(), Some(hashed.clone())).await.expect("an answer"));
        assert!(!verify("battery staple".to_owned(), Some(hashed)).await.expect("an answer"));
        assert!(!verify("correct horse".to_owned(), None).await.expect("an answer"));
        assert!(verify(String::new(), Some("not a hash".to_owned())).await.is_err());
    }
}
