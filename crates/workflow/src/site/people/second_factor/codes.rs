//! The codes of a second factor: what an app shows (RFC 6238), and recovery codes.

use crate::site::who::token_hash;
use crate::{Error, Result};
use domain::Time;
use rand::RngCore;
use rand::rngs::OsRng;
use totp_rs::{Algorithm, Builder, Secret, Totp};

const N_RECOVERY_CODES: usize = 10;
/// Letters and digits of a recovery code: 120 random bits, so that a fast hash keeps it.
const RECOVERY_CODE_LENGTH: usize = 24;

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
pub(super) fn step_of(secret: &str, code: &str, now: Time) -> Option<i64> {
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

/// A code without what people put between its parts.
pub(super) fn typed(code: &str) -> String {
    code.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase()
}

/// New recovery codes, and their hashes.
pub(super) fn recovery_codes() -> Result<(Vec<String>, Vec<String>)> {
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
