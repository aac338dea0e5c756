//! Browser sessions for `tower-sessions`. Only a hash of the session's id is stored, so a reader of the database (or of
//! a backup) can't use a session.

pub mod failure;

use crate::{Error, Result, Store, Tx, on};
use async_trait::async_trait;
use domain::{PersonId, Time};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use tower_sessions::cookie::time::OffsetDateTime;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{self, SessionStore};

/// The key in a session's data for the id of a signed-in person.
pub const PERSON: &str = "person";

/// The key for the id of a person who has given their password but not yet their second factor. Ending the person's
/// sessions ends this one too.
pub const HALFWAY: &str = "halfway";

/// The key for the kind of browser, in words.
pub const BROWSER: &str = "browser";

/// An unused session ends after this.
pub const IDLE_SECONDS: i64 = 14 * 24 * 60 * 60;
/// Any session ends after this, and the password is asked for again.
pub const LONGEST_SECONDS: i64 = 30 * 24 * 60 * 60;

/// A use of a session is recorded at most this often.
const USE_IS_SEEN_AFTER_MICROS: i64 = 5 * 60 * 1_000_000;

/// An expiry that moves by less than this is not written.
const EXPIRY_MOVES_MICROS: i64 = 60_000_000;

/// Without a signed-in person a session only carries messages for the next page, and any visitor can create one. So it
/// ends soon, and holds no more than that.
const OPEN_LIFE_MICROS: i64 = 2 * 3600 * 1_000_000;
const OPEN_BYTES: usize = 8 << 10;

#[derive(Clone)]
pub struct Sessions(pub Store);

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions")
    }
}

/// The key of a session in the database, from the id in the cookie.
pub fn key(id: &str) -> String {
    blake3::hash(id.as_bytes()).to_hex().to_string()
}

/// A record as columns. The keys are sorted, so that the same data gives the same text.
#[derive(Clone)]
struct Columns {
    key: String,
    person: Option<i64>,
    data: String,
    expires_at: i64,
}

impl Columns {
    fn of(record: &Record, now: Time) -> session_store::Result<Columns> {
        let sorted: BTreeMap<&String, &Value> = record.data.iter().collect();
        let mut data =
            serde_json::to_string(&sorted).map_err(|e| session_store::Error::Encode(e.to_string()))?;
        let person = record.data.get(PERSON).or(record.data.get(HALFWAY)).and_then(Value::as_i64);
        let mut expires_at =
            i64::try_from(record.expiry_date.unix_timestamp_nanos() / 1000).unwrap_or(i64::MAX);
        if !record.data.contains_key(PERSON) {
            expires_at = expires_at.min(now.0 + OPEN_LIFE_MICROS);
            if data.len() > OPEN_BYTES {
                data = "{}".to_owned();
            }
        }
        Ok(Columns { key: key(&record.id.to_string()), person, data, expires_at })
    }
}

/// A session as it is stored.
#[derive(sqlx::FromRow)]
struct Kept {
    data: String,
    #[sqlx(try_from = "i64")]
    began_at: Time,
    #[sqlx(try_from = "i64")]
    seen_at: Time,
    expires_at: i64,
}

/// The latest possible end of a session, however it is used.
fn latest(now: Time, began_at: Time) -> i64 {
    now.plus_seconds(IDLE_SECONDS).0.min(began_at.plus_seconds(LONGEST_SECONDS).0)
}

/// A session of a signed-in person, as they see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// See [`key`].
    pub key: String,
    pub began_at: Time,
    pub seen_at: Time,
    /// The kind of browser, in words; empty if it is not known.
    pub browser: String,
}

fn backend(error: Error) -> session_store::Error {
    let words = session_store::Error::Backend(error.to_string());
    failure::note(error);
    words
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        loop {
            let mut columns = Columns::of(record, self.0.now())?;
            columns.expires_at = columns.expires_at.min(latest(self.0.now(), self.0.now()));
            let made =
                self.0.write(move |tx| Box::pin(async move { tx.create_session(&columns).await })).await;
            if made.map_err(backend)? {
                return Ok(());
            }
            record.id = Id::default();
        }
    }

    /// Changes an existing session. One that was ended meanwhile stays ended: a request in progress must not bring it
    /// back.
    async fn save(&self, record: &Record) -> session_store::Result<()> {
        let mut new = Columns::of(record, self.0.now())?;
        let Some(kept) = self.0.session(&new.key).await.map_err(backend)? else {
            return Ok(());
        };
        new.expires_at = new.expires_at.min(latest(self.0.now(), kept.began_at));
        if kept.data == new.data && (0..EXPIRY_MOVES_MICROS).contains(&(new.expires_at - kept.expires_at)) {
            return Ok(());
        }
        self.0.write(move |tx| Box::pin(async move { tx.change_session(&new).await })).await.map_err(backend)
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        let (key, now) = (key(&id.to_string()), self.0.now());
        let found = self.0.session(&key).await.map_err(backend)?;
        let Some(kept) = found.filter(|kept| kept.expires_at > now.0) else {
            return Ok(None);
        };
        let data: HashMap<String, Value> =
            serde_json::from_str(&kept.data).map_err(|e| session_store::Error::Decode(e.to_string()))?;
        if data.contains_key(PERSON) && now.0 - kept.seen_at.0 >= USE_IS_SEEN_AFTER_MICROS {
            let until = latest(now, kept.began_at);
            // A page is served even if nothing can be written.
            let _ =
                self.0.write(move |tx| Box::pin(async move { tx.session_was_used(&key, until).await })).await;
        }
        let expiry_date = OffsetDateTime::from_unix_timestamp_nanos(i128::from(kept.expires_at) * 1000)
            .map_err(|e| session_store::Error::Decode(e.to_string()))?;
        Ok(Some(Record { id: *id, data, expiry_date }))
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        let key = key(&id.to_string());
        self.0.write(move |tx| Box::pin(async move { tx.delete_session(&key).await })).await.map_err(backend)
    }
}

impl Store {
    async fn session(&self, key: &str) -> Result<Option<Kept>> {
        let query = "SELECT data, began_at, seen_at, expires_at FROM session WHERE id = $1";
        Ok(on!(self, |db| sqlx::query_as(query).bind(key).fetch_optional(db).await)?)
    }

    /// The active sessions of a person, last seen first; a hundred at most.
    pub async fn sessions_of(&self, person: PersonId) -> Result<Vec<Signed>> {
        let query = "SELECT id, began_at, seen_at, data FROM session WHERE person_id = $1 AND expires_at > $2
                     ORDER BY seen_at DESC, id LIMIT 100";
        let now = self.now();
        let rows: Vec<(String, i64, i64, String)> =
            on!(self, |db| sqlx::query_as(query).bind(person.0).bind(now.0).fetch_all(db).await)?;
        let signed = |(key, began_at, seen_at, data): (String, i64, i64, String)| {
            let data: HashMap<String, Value> = serde_json::from_str(&data).ok()?;
            let browser = data.get(BROWSER).and_then(Value::as_str).unwrap_or_default().to_owned();
            let (began_at, seen_at) = (Time(began_at), Time(seen_at));
            data.contains_key(PERSON).then_some(Signed { key, began_at, seen_at, browser })
        };
        Ok(rows.into_iter().filter_map(signed).collect())
    }

    /// Deletes expired sessions, a few hundred at a time, and links to set a password that can't be used any more.
    /// Returns how many sessions.
    pub async fn delete_expired_sessions(&self) -> Result<u64> {
        let mut deleted = 0;
        loop {
            let n = self
                .write_background(|tx| Box::pin(async move { tx.delete_expired_sessions().await }))
                .await?;
            deleted += n;
            if n < A_PIECE {
                break;
            }
        }
        self.write_background(|tx| Box::pin(async move { tx.delete_expired_reset_links().await })).await?;
        Ok(deleted)
    }
}

const A_PIECE: u64 = 200;

impl Tx {
    async fn create_session(&mut self, new: &Columns) -> Result<bool> {
        let now = self.now();
        let query = "INSERT INTO session (id, person_id, data, expires_at, began_at, seen_at)
                     VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT (id) DO NOTHING";
        let n = on!(self, |db| sqlx::query(query)
            .bind(&new.key)
            .bind(new.person)
            .bind(&new.data)
            .bind(new.expires_at)
            .bind(now.0)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(n > 0)
    }

    async fn change_session(&mut self, new: &Columns) -> Result<()> {
        let query = "UPDATE session SET person_id = $2, data = $3, expires_at = $4 WHERE id = $1";
        on!(self, |db| sqlx::query(query)
            .bind(&new.key)
            .bind(new.person)
            .bind(&new.data)
            .bind(new.expires_at)
            .execute(db)
            .await
            .map(|_| ()))?;
        Ok(())
    }

    async fn session_was_used(&mut self, key: &str, until: i64) -> Result<()> {
        let now = self.now();
        let query = "UPDATE session SET seen_at = $2, expires_at = $3 WHERE id = $1";
        on!(self, |db| sqlx::query(query).bind(key).bind(now.0).bind(until).execute(db).await.map(|_| ()))?;
        Ok(())
    }

    /// Ends one session of a person, by its key in their list. Returns whether there was one.
    pub async fn end_session(&mut self, person: PersonId, key: &str) -> Result<bool> {
        let query = "DELETE FROM session WHERE id = $1 AND person_id = $2";
        let n = on!(self, |db| sqlx::query(query)
            .bind(key)
            .bind(person.0)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(n > 0)
    }

    async fn delete_session(&mut self, key: &str) -> Result<()> {
        let query = "DELETE FROM session WHERE id = $1";
        on!(self, |db| sqlx::query(query).bind(key).execute(db).await.map(|_| ()))?;
        Ok(())
    }

    /// Signs a person out everywhere, except in the session with the id `keep` (from the cookie).
    pub async fn end_sessions(&mut self, person: PersonId, keep: Option<&str>) -> Result<()> {
        let keep = keep.map(key).unwrap_or_default();
        let query = "DELETE FROM session WHERE person_id = $1 AND id <> $2";
        on!(self, |db| sqlx::query(query).bind(person.0).bind(keep).execute(db).await.map(|_| ()))?;
        Ok(())
    }

    async fn delete_expired_sessions(&mut self) -> Result<u64> {
        let now: Time = self.now();
        let query = "DELETE FROM session WHERE id IN
                       (SELECT id FROM session WHERE expires_at <= $1 ORDER BY expires_at LIMIT 200)";
        Ok(on!(self, |db| sqlx::query(query).bind(now.0).execute(db).await.map(|done| done.rows_affected()))?)
    }
}
