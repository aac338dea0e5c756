//! People, their roles in projects, and the sender of a request: the one query behind every request.

use crate::site::projects::Project;
use crate::sql::dialect::for_update;
use crate::{Doc, Result, Store, Tx, on};
use domain::permission::{Role, Roles, Scope};
use domain::person::{Email, PersonKind, Prefs};
use domain::project::{Settings, Task};
use domain::{PersonId, ProjectId, Time};

#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Person {
    #[sqlx(try_from = "i64")]
    pub id: PersonId,
    pub email: Option<String>,
    pub name: String,
    #[sqlx(try_from = "String")]
    pub kind: PersonKind,
    pub admin: bool,
    #[sqlx(try_from = "i64")]
    pub created_at: Time,
    /// Unix microseconds, if the person is disabled.
    pub disabled_at: Option<i64>,
    pub has_password: bool,
    pub has_second_factor: bool,
}

/// A person in one project.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Member {
    #[sqlx(flatten)]
    pub person: Person,
    /// See [`Roles::from_list`].
    pub roles: String,
}

impl Member {
    pub fn roles(&self) -> Roles {
        Roles::from_list(&self.roles)
    }
}

macro_rules! people {
    ($more:literal, $rest:literal) => {
        concat!(
            "SELECT p.id, p.email, p.name, p.kind, p.admin, p.created_at, p.disabled_at,
               (p.password_hash IS NOT NULL) AS has_password,
               EXISTS (SELECT 1 FROM second_factor f WHERE f.person_id = p.id) AS has_second_factor",
            $more,
            " FROM person p ",
            $rest
        )
    };
}

/// What sign-in needs.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Credentials {
    #[sqlx(try_from = "i64")]
    pub person: PersonId,
    pub email: String,
    pub name: String,
    pub password_hash: Option<String>,
    pub disabled_at: Option<i64>,
}

/// The sender of a request, and the project.
#[derive(Debug, Clone, PartialEq)]
pub struct Presence {
    pub person: PersonId,
    pub name: String,
    pub email: Option<String>,
    pub admin: bool,
    pub prefs: Prefs,
    /// The person has no second factor, and it is required.
    pub lacks_second_factor: bool,
    /// The requested project, if one of that name exists.
    pub project: Option<Project>,
    /// Roles in it.
    pub roles: Roles,
}

/// The sender of a request with a token.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenPresence {
    pub token: domain::TokenId,
    pub scope: Scope,
    pub last_used_at: Option<i64>,
    pub presence: Presence,
}

macro_rules! presence {
    ($more:literal, $from:literal) => {
        concat!(
            "SELECT p.id AS person, p.name AS person_name, p.email, p.admin, p.prefs, m.roles,
               (COALESCE((SELECT value FROM meta WHERE key = 'second_factor_required'), 0) = 1 AND NOT EXISTS
                 (SELECT 1 FROM second_factor f WHERE f.person_id = p.id)) AS lacks_second_factor,
               j.id AS project, j.slug, j.name, j.description, j.task, j.settings, j.created_at, j.archived_at",
            $more,
            $from
        )
    };
}

#[derive(sqlx::FromRow)]
struct PresenceRow {
    person: i64,
    person_name: String,
    email: Option<String>,
    admin: bool,
    prefs: Doc<Prefs>,
    lacks_second_factor: bool,
    roles: Option<String>,
    project: Option<i64>,
    slug: Option<String>,
    name: Option<String>,
    description: Option<String>,
    task: Option<String>,
    settings: Option<Doc<Settings>>,
    created_at: Option<i64>,
    archived_at: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct TokenRow {
    #[sqlx(flatten)]
    presence: PresenceRow,
    token: i64,
    #[sqlx(try_from = "String")]
    scope: Scope,
    last_used_at: Option<i64>,
}

impl PresenceRow {
    fn read(self) -> Presence {
        let project = || {
            Some(Project {
                id: ProjectId(self.project?),
                slug: self.slug?,
                name: self.name?,
                description: self.description?,
                task: Task::parse(&self.task?)?,
                settings: self.settings?,
                created_at: Time(self.created_at?),
                archived_at: self.archived_at,
            })
        };
        Presence {
            person: PersonId(self.person),
            name: self.person_name,
            email: self.email,
            admin: self.admin,
            prefs: self.prefs.0,
            lacks_second_factor: self.lacks_second_factor,
            project: project(),
            roles: Roles::from_list(self.roles.as_deref().unwrap_or_default()),
        }
    }
}

impl Store {
    /// Is there any person who could sign in or act? The first run asks.
    pub async fn has_people(&self) -> Result<bool> {
        let query = "SELECT id FROM person WHERE kind = 'person' LIMIT 1";
        let first: Option<i64> = on!(self, |db| sqlx::query_scalar(query).fetch_optional(db).await)?;
        Ok(first.is_some())
    }

    /// A signed-in person and their roles in the project with this slug. Nothing if the person is disabled.
    pub async fn presence(&self, person: PersonId, slug: Option<&str>) -> Result<Option<Presence>> {
        let query = presence!(
            "",
            " FROM person p LEFT JOIN project j ON j.slug = $2
              LEFT JOIN membership m ON m.project_id = j.id AND m.person_id = p.id
              WHERE p.id = $1 AND p.kind = 'person' AND p.disabled_at IS NULL"
        );
        let row: Option<PresenceRow> =
            on!(self, |db| sqlx::query_as(query).bind(person.0).bind(slug).fetch_optional(db).await)?;
        Ok(row.map(PresenceRow::read))
    }

    /// The holder of the token with this hash, if it is valid now.
    pub async fn token_presence(&self, hash: &str) -> Result<Option<TokenPresence>> {
        let query = presence!(
            ", t.id AS token, t.scope, t.last_used_at",
            " FROM api_token t JOIN person p ON p.id = t.person_id JOIN project j ON j.id = t.project_id
              LEFT JOIN membership m ON m.project_id = j.id AND m.person_id = p.id
              WHERE t.hash = $1 AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > $2)
                AND p.disabled_at IS NULL"
        );
        let now = self.now();
        let row: Option<TokenRow> =
            on!(self, |db| sqlx::query_as(query).bind(hash).bind(now.0).fetch_optional(db).await)?;
        Ok(row.map(|row| TokenPresence {
            token: domain::TokenId(row.token),
            scope: row.scope,
            last_used_at: row.last_used_at,
            presence: row.presence.read(),
        }))
    }

    pub async fn person(&self, id: PersonId) -> Result<Option<Person>> {
        let query = people!("", "WHERE p.id = $1");
        Ok(on!(self, |db| sqlx::query_as(query).bind(id.0).fetch_optional(db).await)?)
    }

    pub async fn person_by_email(&self, email: &Email) -> Result<Option<Person>> {
        let query = people!("", "WHERE p.email = $1");
        Ok(on!(self, |db| sqlx::query_as(query).bind(email.as_str()).fetch_optional(db).await)?)
    }

    /// Everyone who signs in, by name, after `after`.
    pub async fn people(&self, after: Option<(&str, PersonId)>, limit: i64) -> Result<Vec<Person>> {
        let query = people!(
            "",
            "WHERE p.kind = 'person' AND (p.name, p.id) > ($1, $2) ORDER BY p.name, p.id LIMIT $3"
        );
        let (name, id) = after.map_or(("", 0), |(name, id)| (name, id.0));
        Ok(on!(self, |db| sqlx::query_as(query).bind(name).bind(id).bind(limit).fetch_all(db).await)?)
    }

    /// People with a role in a project, by name, after `after`.
    pub async fn members(
        &self,
        project: ProjectId,
        after: Option<(&str, PersonId)>,
        limit: i64,
    ) -> Result<Vec<Member>> {
        let query = people!(
            ", m.roles",
            "JOIN membership m ON m.person_id = p.id
             WHERE m.project_id = $1 AND (p.name, p.id) > ($2, $3) ORDER BY p.name, p.id LIMIT $4"
        );
        let (name, id) = after.map_or(("", 0), |(name, id)| (name, id.0));
        Ok(on!(self, |db| sqlx::query_as(query)
            .bind(project.0)
            .bind(name)
            .bind(id)
            .bind(limit)
            .fetch_all(db)
            .await)?)
    }

    pub async fn credentials_by_email(&self, email: &Email) -> Result<Option<Credentials>> {
        let query = "SELECT id AS person, email, name, password_hash, disabled_at FROM person
                     WHERE email = $1 AND kind = 'person'";
        Ok(on!(self, |db| sqlx::query_as(query).bind(email.as_str()).fetch_optional(db).await)?)
    }

    pub async fn credentials(&self, person: PersonId) -> Result<Option<Credentials>> {
        let query = "SELECT id AS person, email, name, password_hash, disabled_at FROM person
                     WHERE id = $1 AND kind = 'person'";
        Ok(on!(self, |db| sqlx::query_as(query).bind(person.0).fetch_optional(db).await)?)
    }
}

/// The data of a new person.
#[derive(Debug, Clone)]
pub struct NewPerson {
    pub kind: PersonKind,
    pub name: String,
    pub email: Option<Email>,
    pub password_hash: Option<String>,
    pub admin: bool,
    /// The project that a machine or a source belongs to.
    pub project: Option<ProjectId>,
}

impl Tx {
    /// Is there no person yet? On PostgreSQL concurrent callers run one after the other.
    pub async fn is_first_person(&mut self) -> Result<bool> {
        if self.is_postgres() {
            let lock = "SELECT value FROM meta WHERE key = 'node' FOR UPDATE";
            on!(self, |db| sqlx::query(lock).execute(db).await.map(|_| ()))?;
        }
        let query = "SELECT id FROM person WHERE kind = 'person' LIMIT 1";
        let first: Option<i64> = on!(self, |db| sqlx::query_scalar(query).fetch_optional(db).await)?;
        Ok(first.is_none())
    }

    /// Returns nothing if the e-mail (or the source's name in its project) is taken.
    pub async fn add_person(&mut self, new: &NewPerson) -> Result<Option<PersonId>> {
        let (id, now): (PersonId, Time) = (self.next_id(), self.now());
        let query = "INSERT INTO person (id, email, name, kind, project_id, password_hash, admin, created_at)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING id";
        let made: Option<i64> = on!(self, |db| sqlx::query_scalar(query)
            .bind(id.0)
            .bind(new.email.as_ref().map(Email::as_str))
            .bind(&new.name)
            .bind(new.kind.as_str())
            .bind(new.project.map(|p| p.0))
            .bind(new.password_hash.as_deref())
            .bind(new.admin)
            .bind(now.0)
            .fetch_optional(db)
            .await)?;
        Ok(made.map(PersonId))
    }

    pub async fn set_password(&mut self, person: PersonId, hash: &str) -> Result<()> {
        let query = "UPDATE person SET password_hash = $2 WHERE id = $1";
        on!(self, |db| sqlx::query(query).bind(person.0).bind(hash).execute(db).await.map(|_| ()))?;
        Ok(())
    }

    /// The current preferences, to be changed and written back.
    pub async fn prefs(&mut self, person: PersonId) -> Result<Prefs> {
        let query = "SELECT prefs FROM person WHERE id = $1";
        let prefs: Doc<Prefs> = on!(self, |db| sqlx::query_scalar(query).bind(person.0).fetch_one(db).await)?;
        Ok(prefs.0)
    }

    pub async fn set_prefs(&mut self, person: PersonId, prefs: &Prefs) -> Result<()> {
        let query = "UPDATE person SET prefs = $2 WHERE id = $1";
        let prefs = Doc(prefs.clone());
        on!(self, |db| sqlx::query(query).bind(person.0).bind(prefs).execute(db).await.map(|_| ()))?;
        Ok(())
    }

    /// Active admins, locked until the transaction ends, so that two who take the flag from each other at once don't
    /// leave none.
    pub async fn admins_to_change(&mut self) -> Result<Vec<PersonId>> {
        let query = if for_update(self).is_empty() {
            "SELECT id FROM person WHERE admin AND kind = 'person' AND disabled_at IS NULL ORDER BY id"
        } else {
            "SELECT id FROM person WHERE admin AND kind = 'person' AND disabled_at IS NULL ORDER BY id FOR UPDATE"
        };
        let ids: Vec<i64> = on!(self, |db| sqlx::query_scalar(query).fetch_all(db).await)?;
        Ok(ids.into_iter().map(PersonId).collect())
    }

    pub async fn set_admin(&mut self, person: PersonId, admin: bool) -> Result<()> {
        let query = "UPDATE person SET admin = $2 WHERE id = $1";
        on!(self, |db| sqlx::query(query).bind(person.0).bind(admin).execute(db).await.map(|_| ()))?;
        Ok(())
    }

    pub async fn set_disabled(&mut self, person: PersonId, disabled: bool) -> Result<()> {
        let at = disabled.then_some(self.now().0);
        let query = "UPDATE person SET disabled_at = $2 WHERE id = $1";
        on!(self, |db| sqlx::query(query).bind(person.0).bind(at).execute(db).await.map(|_| ()))?;
        Ok(())
    }

    /// Sets the exact roles of a person in a project. No roles end the membership. Returns the earlier roles.
    pub async fn set_roles(&mut self, project: ProjectId, person: PersonId, roles: Roles) -> Result<Roles> {
        let before = "SELECT roles FROM membership WHERE project_id = $1 AND person_id = $2";
        let before: Option<String> = on!(self, |db| sqlx::query_scalar(before)
            .bind(project.0)
            .bind(person.0)
            .fetch_optional(db)
            .await)?;
        if roles.is_empty() {
            let query = "DELETE FROM membership WHERE project_id = $1 AND person_id = $2";
            on!(self, |db| {
                sqlx::query(query).bind(project.0).bind(person.0).execute(db).await.map(|_| ())
            })?;
        } else {
            let now = self.now();
            let query =
                "INSERT INTO membership (project_id, person_id, roles, created_at) VALUES ($1, $2, $3, $4)
                         ON CONFLICT (project_id, person_id) DO UPDATE SET roles = excluded.roles";
            on!(self, |db| sqlx::query(query)
                .bind(project.0)
                .bind(person.0)
                .bind(roles.to_list())
                .bind(now.0)
                .execute(db)
                .await
                .map(|_| ()))?;
        }
        Ok(Roles::from_list(before.as_deref().unwrap_or_default()))
    }

    /// A program that labels in one project, with the role for it.
    pub async fn add_machine(&mut self, project: ProjectId, name: &str) -> Result<PersonId> {
        let machine = NewPerson {
            kind: PersonKind::Machine,
            name: name.to_owned(),
            email: None,
            password_hash: None,
            admin: false,
            project: Some(project),
        };
        let id = self.add_person(&machine).await?.ok_or(crate::Error::NotFound)?;
        self.set_roles(project, id, Roles::of(&[Role::Machine])).await?;
        Ok(id)
    }
}
