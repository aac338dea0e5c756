//! The audit log: who did what when, append-only. An entry is written in the transaction of its act, so neither exists
//! without the other.

use crate::{Result, Store, Tx, on};
use domain::permission::Actor;
use domain::{ProjectId, Time};

/// An entry as it is read. Its number is its position in the log.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct AuditEntry {
    pub id: i64,
    #[sqlx(try_from = "i64")]
    pub at: Time,
    /// `None` for acts on the machine's own command line, and for sign-in attempts of unknown people.
    pub person: Option<String>,
    /// The slug of the project, if the act was in one.
    pub project: Option<String>,
    /// What was done, in the words of the page: "made a token".
    pub act: String,
    /// The target: "nightly export".
    pub target: String,
    /// How, or the earlier value.
    pub detail: String,
}

/// The act of an unknown person. All other acts without a person are the command line's.
pub const UNKNOWN_SIGN_IN: &str = "tried to sign in with an e-mail that nobody has";

impl AuditEntry {
    /// The actor, as a page shows it.
    pub fn who(&self) -> &str {
        match &self.person {
            Some(name) => name,
            None if self.act == UNKNOWN_SIGN_IN => "somebody",
            None => "command line",
        }
    }
}

impl Tx {
    /// Appends an act of this transaction.
    pub async fn audit(
        &mut self,
        actor: &Actor,
        project: Option<ProjectId>,
        act: &str,
        target: &str,
        detail: &str,
    ) -> Result<()> {
        let (id, now): (i64, Time) = (self.next_id(), self.now());
        let query = "INSERT INTO audit (id, at, person_id, project_id, act, target, detail)
                     VALUES ($1, $2, $3, $4, $5, $6, $7)";
        on!(self, |db| {
            sqlx::query(query)
                .bind(id)
                .bind(now.0)
                .bind(actor.person_id().map(|p| p.0))
                .bind(project.map(|p| p.0))
                .bind(act)
                .bind(target)
                .bind(detail)
                .execute(db)
                .await
                .map(|_| ())
        })?;
        Ok(())
    }
}

macro_rules! entries {
    ($which:literal) => {
        concat!(
            "SELECT a.id, a.at, p.name AS person, j.slug AS project, a.act, a.target, a.detail
             FROM audit a LEFT JOIN person p ON p.id = a.person_id LEFT JOIN project j ON j.id = a.project_id
             WHERE ",
            $which,
            " ORDER BY a.id DESC LIMIT $2"
        )
    };
}

impl Store {
    /// Newest first, those older than `before`, of one project or of all.
    pub async fn audit_log(
        &self,
        project: Option<ProjectId>,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<AuditEntry>> {
        let before = before.unwrap_or(i64::MAX);
        let entries = match project {
            Some(project) => {
                let query = entries!("a.project_id = $3 AND a.id < $1");
                on!(self, |db| sqlx::query_as(query)
                    .bind(before)
                    .bind(limit)
                    .bind(project.0)
                    .fetch_all(db)
                    .await)?
            }
            None => {
                let query = entries!("a.id < $1");
                on!(self, |db| sqlx::query_as(query).bind(before).bind(limit).fetch_all(db).await)?
            }
        };
        Ok(entries)
    }
}
