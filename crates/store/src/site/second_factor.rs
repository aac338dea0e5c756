//! Second factors: the secret that a person's app makes codes from, and recovery codes, stored only as hashes.

use crate::{Result, Store, Tx, on};
use domain::{PersonId, Time};

/// The key in `meta` for whether everyone must have one: 1 if so.
const REQUIRED: &str = "second_factor_required";

/// A person's second factor.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct SecondFactor {
    /// Base32, as apps expect it.
    pub secret: String,
    #[sqlx(try_from = "i64")]
    pub created_at: Time,
}

impl Store {
    pub async fn second_factor(&self, person: PersonId) -> Result<Option<SecondFactor>> {
        let query = "SELECT secret, created_at FROM second_factor WHERE person_id = $1";
        Ok(on!(self, |db| sqlx::query_as(query).bind(person.0).fetch_optional(db).await)?)
    }

    /// How many recovery codes a person has left.
    pub async fn recovery_codes_left(&self, person: PersonId) -> Result<i64> {
        let query = "SELECT COUNT(*) FROM recovery_code WHERE person_id = $1 AND used_at IS NULL";
        Ok(on!(self, |db| sqlx::query_scalar(query).bind(person.0).fetch_one(db).await)?)
    }

    pub async fn is_second_factor_required(&self) -> Result<bool> {
        let query = "SELECT value FROM meta WHERE key = $1";
        let value: Option<i64> =
            on!(self, |db| sqlx::query_scalar(query).bind(REQUIRED).fetch_optional(db).await)?;
        Ok(value == Some(1))
    }
}

impl Tx {
    /// Gives a person a second factor. Returns whether they had none before.
    pub async fn add_second_factor(&mut self, person: PersonId, secret: &str, step: i64) -> Result<bool> {
        let now = self.now();
        let query = "INSERT INTO second_factor (person_id, secret, last_step, created_at)
                     VALUES ($1, $2, $3, $4) ON CONFLICT (person_id) DO NOTHING";
        let n = on!(self, |db| sqlx::query(query)
            .bind(person.0)
            .bind(secret)
            .bind(step)
            .bind(now.0)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(n > 0)
    }

    /// Uses up the code of a step, unless it or a later one was used before.
    pub async fn take_code(&mut self, person: PersonId, step: i64) -> Result<bool> {
        let query = "UPDATE second_factor SET last_step = $2 WHERE person_id = $1 AND last_step < $2";
        let n = on!(self, |db| sqlx::query(query)
            .bind(person.0)
            .bind(step)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(n > 0)
    }

    /// Uses up a recovery code.
    pub async fn take_recovery_code(&mut self, person: PersonId, hash: &str) -> Result<bool> {
        let now = self.now();
        let query =
            "UPDATE recovery_code SET used_at = $3 WHERE hash = $2 AND person_id = $1 AND used_at IS NULL";
        let n = on!(self, |db| sqlx::query(query)
            .bind(person.0)
            .bind(hash)
            .bind(now.0)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(n > 0)
    }

    /// Replaces the recovery codes of a person. Earlier ones become invalid.
    pub async fn replace_recovery_codes(&mut self, person: PersonId, hashes: &[String]) -> Result<()> {
        self.delete_recovery_codes(person).await?;
        let query = "INSERT INTO recovery_code (hash, person_id) VALUES ($1, $2)";
        for hash in hashes {
            on!(self, |db| sqlx::query(query).bind(hash).bind(person.0).execute(db).await.map(|_| ()))?;
        }
        Ok(())
    }

    async fn delete_recovery_codes(&mut self, person: PersonId) -> Result<()> {
        let query = "DELETE FROM recovery_code WHERE person_id = $1";
        on!(self, |db| sqlx::query(query).bind(person.0).execute(db).await.map(|_| ()))?;
        Ok(())
    }

    /// Removes the second factor and its recovery codes. Returns whether there was one.
    pub async fn remove_second_factor(&mut self, person: PersonId) -> Result<bool> {
        self.delete_recovery_codes(person).await?;
        let query = "DELETE FROM second_factor WHERE person_id = $1";
        let n = on!(self, |db| sqlx::query(query)
            .bind(person.0)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(n > 0)
    }

    pub async fn require_second_factor(&mut self, required: bool) -> Result<()> {
        let query = "INSERT INTO meta (key, value) VALUES ($1, $2)
                     ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        let value = i64::from(required);
        on!(self, |db| sqlx::query(query).bind(REQUIRED).bind(value).execute(db).await.map(|_| ()))?;
        Ok(())
    }
}
