//! Access without a password: API tokens, and links to set a password. Only their hashes are stored.

use crate::{Result, Store, Tx, on};
use domain::permission::Scope;
use domain::{PersonId, ProjectId, Time, TokenId};

/// A token as its project's list shows it.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Token {
    #[sqlx(try_from = "i64")]
    pub id: TokenId,
    #[sqlx(try_from = "i64")]
    pub person: PersonId,
    pub person_name: String,
    pub name: String,
    #[sqlx(try_from = "String")]
    pub scope: Scope,
    #[sqlx(try_from = "i64")]
    pub created_at: Time,
    pub expires_at: Option<i64>,
    pub last_used_at: Option<i64>,
}

/// The person whom a link to set a password is for.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct ResetFor {
    #[sqlx(try_from = "i64")]
    pub person: PersonId,
    pub name: String,
    pub email: String,
}

impl Store {
    /// Tokens of a project that are not revoked, newest first: of one person or of everyone.
    pub async fn tokens(&self, project: ProjectId, person: Option<PersonId>) -> Result<Vec<Token>> {
        let query =
            "SELECT t.id, t.person_id AS person, p.name AS person_name, t.name, t.scope, t.created_at,
                       t.expires_at, t.last_used_at
                     FROM api_token t JOIN person p ON p.id = t.person_id
                     WHERE t.project_id = $1 AND t.revoked_at IS NULL AND ($2 = 0 OR t.person_id = $2)
                     ORDER BY t.id DESC LIMIT 1000";
        let person = person.map_or(0, |p| p.0);
        Ok(on!(self, |db| sqlx::query_as(query).bind(project.0).bind(person).fetch_all(db).await)?)
    }

    /// When the token with this hash expired, if it is otherwise valid.
    pub async fn token_expired_at(&self, hash: &str) -> Result<Option<Time>> {
        let query =
            "SELECT expires_at FROM api_token WHERE hash = $1 AND revoked_at IS NULL AND expires_at <= $2";
        let now = self.now();
        let at: Option<i64> =
            on!(self, |db| sqlx::query_scalar(query).bind(hash).bind(now.0).fetch_optional(db).await)?;
        Ok(at.map(Time))
    }

    /// The person whom a link with this hash is for, if it can be used now.
    pub async fn reset_link(&self, hash: &str) -> Result<Option<ResetFor>> {
        let query =
            "SELECT p.id AS person, p.name, p.email FROM reset_link r JOIN person p ON p.id = r.person_id
                     WHERE r.hash = $1 AND r.used_at IS NULL AND r.expires_at > $2 AND p.disabled_at IS NULL";
        let now = self.now();
        Ok(on!(self, |db| sqlx::query_as(query).bind(hash).bind(now.0).fetch_optional(db).await)?)
    }
}

impl Tx {
    pub async fn add_token(
        &mut self,
        project: ProjectId,
        person: PersonId,
        name: &str,
        hash: &str,
        scope: Scope,
        expires_at: Option<Time>,
    ) -> Result<TokenId> {
        let (id, now): (TokenId, Time) = (self.next_id(), self.now());
        let query =
            "INSERT INTO api_token (id, person_id, project_id, name, hash, scope, created_at, expires_at)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        on!(self, |db| sqlx::query(query)
            .bind(id.0)
            .bind(person.0)
            .bind(project.0)
            .bind(name)
            .bind(hash)
            .bind(scope.as_str())
            .bind(now.0)
            .bind(expires_at.map(|at| at.0))
            .execute(db)
            .await
            .map(|_| ()))?;
        Ok(id)
    }

    /// Revokes a token of a project: one's own (`person`) or any. Returns its name, if there was one.
    pub async fn revoke_token(
        &mut self,
        project: ProjectId,
        token: TokenId,
        person: Option<PersonId>,
    ) -> Result<Option<String>> {
        let now = self.now();
        let query = "UPDATE api_token SET revoked_at = $4
                     WHERE id = $1 AND project_id = $2 AND revoked_at IS NULL AND ($3 = 0 OR person_id = $3)
                     RETURNING name";
        let person = person.map_or(0, |p| p.0);
        Ok(on!(self, |db| sqlx::query_scalar(query)
            .bind(token.0)
            .bind(project.0)
            .bind(person)
            .bind(now.0)
            .fetch_optional(db)
            .await)?)
    }

    pub async fn token_was_used(&mut self, token: TokenId) -> Result<()> {
        let now = self.now();
        let query = "UPDATE api_token SET last_used_at = $2 WHERE id = $1";
        on!(self, |db| sqlx::query(query).bind(token.0).bind(now.0).execute(db).await.map(|_| ()))?;
        Ok(())
    }

    /// Makes a new link for a person. Their earlier links end.
    pub async fn add_reset_link(
        &mut self,
        person: PersonId,
        by: Option<PersonId>,
        hash: &str,
        expires_at: Time,
    ) -> Result<()> {
        let now = self.now();
        let older = "DELETE FROM reset_link WHERE person_id = $1 AND used_at IS NULL";
        on!(self, |db| sqlx::query(older).bind(person.0).execute(db).await.map(|_| ()))?;
        let query = "INSERT INTO reset_link (hash, person_id, created_by, created_at, expires_at)
                     VALUES ($1, $2, $3, $4, $5)";
        on!(self, |db| sqlx::query(query)
            .bind(hash)
            .bind(person.0)
            .bind(by.map(|p| p.0))
            .bind(now.0)
            .bind(expires_at.0)
            .execute(db)
            .await
            .map(|_| ()))?;
        Ok(())
    }

    /// Uses up a link. Returns nothing if it was used before or has expired.
    pub async fn use_reset_link(&mut self, hash: &str) -> Result<Option<PersonId>> {
        let now = self.now();
        let query =
            "UPDATE reset_link SET used_at = $2 WHERE hash = $1 AND used_at IS NULL AND expires_at > $2
                     RETURNING person_id";
        let person: Option<i64> =
            on!(self, |db| sqlx::query_scalar(query).bind(hash).bind(now.0).fetch_optional(db).await)?;
        Ok(person.map(PersonId))
    }

    pub(crate) async fn delete_expired_reset_links(&mut self) -> Result<()> {
        let now = self.now();
        let query = "DELETE FROM reset_link WHERE expires_at <= $1";
        on!(self, |db| sqlx::query(query).bind(now.0).execute(db).await.map(|_| ()))?;
        Ok(())
    }
}
