//! Imports as rows: the file, how its columns were read, the result, and the refused rows.

use crate::error::{Error, Result};
use crate::{Doc, Store, Tx, on};
use domain::project::{Settings, Task};
use domain::source::{Format, Mapping, RowCounts, SourceState};
use domain::{PersonId, ProjectId, SourceId, Time};
use sqlx::AssertSqlSafe;

/// One import.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    pub id: SourceId,
    pub project: ProjectId,
    pub name: String,
    pub format: Format,
    pub mapping: Mapping,
    /// The blob with the file, if it was uploaded.
    pub upload: Option<String>,
    pub job: Option<i64>,
    pub state: SourceState,
    pub error: Option<String>,
    pub bytes: i64,
    pub counts: RowCounts,
    /// Sentences for the people who imported it; set when it has ended.
    pub notes: Vec<String>,
    pub created_by: Option<PersonId>,
    pub created_at: Time,
    pub finished_at: Option<Time>,
    pub undone_at: Option<Time>,
    /// The undo was stopped: some of the import may be gone.
    pub undo_stopped: bool,
}

/// A refused row.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Reject {
    /// The line where the row begins in the file, from 1.
    pub line: i64,
    pub reason: String,
    pub raw: String,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    project_id: i64,
    name: String,
    format: String,
    mapping: Doc<Mapping>,
    upload: Option<String>,
    job_id: Option<i64>,
    state: String,
    error: Option<String>,
    bytes: i64,
    n_read: i64,
    n_new: i64,
    n_revised: i64,
    n_same: i64,
    n_rejected: i64,
    n_duplicate: i64,
    n_duplicate_exact: i64,
    n_answers: i64,
    n_undated: i64,
    notes: Doc<Vec<String>>,
    created_by: Option<i64>,
    created_at: i64,
    finished_at: Option<i64>,
    undone_at: Option<i64>,
    undo_stopped: bool,
}

/// The states in which an import may go on, so its upload must be kept, as an SQL list. A macro, because constant
/// queries are concatenated from literals. The same as [`SourceState::may_go_on`].
macro_rules! may_go_on {
    () => {
        "('preview', 'running', 'failed', 'cancelled')"
    };
}
pub(crate) use may_go_on;

const SOURCE: &str =
    "SELECT s.*, EXISTS (SELECT 1 FROM job j WHERE j.id = s.job_id AND j.kind = 'undo_import'
                           AND j.state IN ('failed', 'cancelled') AND s.state <> 'undone') AS undo_stopped
     FROM source s";

impl Row {
    fn source(self) -> Result<Source> {
        let unreadable = |what: &str| Error::Unreadable(format!("source {what}"));
        Ok(Source {
            id: SourceId(self.id),
            project: ProjectId(self.project_id),
            format: Format::parse(&self.format).ok_or_else(|| unreadable("format"))?,
            state: SourceState::parse(&self.state).ok_or_else(|| unreadable("state"))?,
            name: self.name,
            mapping: self.mapping.0,
            upload: self.upload,
            job: self.job_id,
            error: self.error,
            bytes: self.bytes,
            counts: RowCounts {
                read: self.n_read,
                new: self.n_new,
                revised: self.n_revised,
                same: self.n_same,
                rejected: self.n_rejected,
                duplicate: self.n_duplicate,
                duplicate_exact: self.n_duplicate_exact,
                answers: self.n_answers,
                undated: self.n_undated,
            },
            notes: self.notes.0,
            created_by: self.created_by.map(PersonId),
            created_at: Time(self.created_at),
            finished_at: self.finished_at.map(Time),
            undone_at: self.undone_at.map(Time),
            undo_stopped: self.undo_stopped,
        })
    }
}

/// What is known of an import when it begins.
#[derive(Debug, Clone)]
pub struct NewSource {
    pub project: ProjectId,
    pub name: String,
    pub format: Format,
    pub mapping: Mapping,
    pub upload: Option<String>,
    pub bytes: i64,
    pub state: SourceState,
    pub created_by: Option<PersonId>,
}

impl Store {
    pub async fn source(&self, id: SourceId) -> Result<Source> {
        let query = format!("{SOURCE} WHERE s.id = $1");
        let row: Row = on!(self, |db| sqlx::query_as(AssertSqlSafe(query)).bind(id.0).fetch_one(db).await)?;
        row.source()
    }

    /// Imports of a project, newest first, older than `before`.
    pub async fn sources(
        &self,
        project: ProjectId,
        before: Option<SourceId>,
        limit: i64,
    ) -> Result<Vec<Source>> {
        let query = format!("{SOURCE} WHERE s.project_id = $1 AND s.id < $2 ORDER BY s.id DESC LIMIT $3");
        let before = before.map_or(i64::MAX, |s| s.0);
        let rows: Vec<Row> = on!(self, |db| {
            sqlx::query_as(AssertSqlSafe(query)).bind(project.0).bind(before).bind(limit).fetch_all(db).await
        })?;
        rows.into_iter().map(Row::source).collect()
    }

    /// Refused rows after a line, in file order.
    pub async fn rejects(&self, source: SourceId, after_line: i64, limit: i64) -> Result<Vec<Reject>> {
        let query = "SELECT line, reason, raw FROM reject WHERE source_id = $1 AND line > $2
                     ORDER BY line LIMIT $3";
        Ok(on!(self, |db| {
            sqlx::query_as(query).bind(source.0).bind(after_line).bind(limit).fetch_all(db).await
        })?)
    }

    /// The project rules that an import needs.
    pub async fn project_rules(&self, project: ProjectId) -> Result<(Task, Settings)> {
        let query = "SELECT task, settings FROM project WHERE id = $1";
        let (task, settings): (String, Doc<Settings>) =
            on!(self, |db| sqlx::query_as(query).bind(project.0).fetch_one(db).await)?;
        let task = Task::parse(&task).ok_or_else(|| Error::Unreadable("project task".to_owned()))?;
        Ok((task, settings.0))
    }
}

impl Tx {
    pub async fn add_source(&mut self, new: &NewSource) -> Result<SourceId> {
        let id: SourceId = self.next_id();
        let now = self.now().0;
        let query = "INSERT INTO source
                       (id, project_id, name, format, mapping, upload, bytes, state, created_by, created_at)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        on!(self, |db| {
            let query = sqlx::query(query).bind(id.0).bind(new.project.0).bind(&new.name);
            let query = query.bind(new.format.as_str()).bind(Doc(&new.mapping)).bind(&new.upload);
            let query = query.bind(new.bytes).bind(new.state.as_str()).bind(new.created_by.map(|p| p.0));
            query.bind(now).execute(db).await.map(|_| ())
        })?;
        Ok(id)
    }

    /// Sets the column mapping that a person chose; only before rows are imported.
    pub async fn map_source(&mut self, id: SourceId, mapping: &Mapping) -> Result<bool> {
        let query = "UPDATE source SET mapping = $2
                     WHERE id = $1 AND n_read = 0 AND state IN ('preview', 'failed', 'cancelled')";
        let n = on!(self, |db| {
            sqlx::query(query).bind(id.0).bind(Doc(mapping)).execute(db).await.map(|r| r.rows_affected())
        })?;
        Ok(n == 1)
    }

    pub async fn set_source_job(&mut self, id: SourceId, job: i64) -> Result<()> {
        let query = "UPDATE source SET job_id = $2 WHERE id = $1";
        on!(self, |db| sqlx::query(query).bind(id.0).bind(job).execute(db).await.map(|_| ()))?;
        Ok(())
    }

    /// Saves the notes of an import that has ended.
    pub async fn note_source(&mut self, id: SourceId, notes: &[String]) -> Result<()> {
        let query = "UPDATE source SET notes = $2 WHERE id = $1";
        on!(self, |db| sqlx::query(query).bind(id.0).bind(Doc(notes)).execute(db).await.map(|_| ()))?;
        Ok(())
    }

    /// Moves an import to a state if it is in one of the allowed earlier ones. Returns whether it was.
    pub async fn move_source(
        &mut self,
        id: SourceId,
        from: &[SourceState],
        to: SourceState,
        error: Option<&str>,
    ) -> Result<bool> {
        let now = self.now().0;
        let finished = match to {
            SourceState::Done | SourceState::Failed | SourceState::Cancelled => Some(now),
            _ => None,
        };
        let undone = (to == SourceState::Undone).then_some(now);
        let from = from.iter().map(|s| s.as_str()).collect::<Vec<_>>().join(",");
        let query = "UPDATE source SET state = $2, error = $3, finished_at = COALESCE($4, finished_at), undone_at = $5
                     WHERE id = $1 AND ',' || $6 || ',' LIKE '%,' || state || ',%'";
        let n = on!(self, |db| {
            let query = sqlx::query(query).bind(id.0).bind(to.as_str()).bind(error).bind(finished);
            query.bind(undone).bind(&from).execute(db).await.map(|r| r.rows_affected())
        })?;
        Ok(n == 1)
    }

    /// The person that stands for the author of imported answers. Created if none has that name.
    pub async fn source_person(&mut self, project: ProjectId, name: &str) -> Result<PersonId> {
        let id: PersonId = self.next_id();
        let now = self.now().0;
        let insert = "INSERT INTO person (id, name, kind, project_id, admin, created_at)
                      VALUES ($1, $2, 'source', $3, FALSE, $4)
                      ON CONFLICT (project_id, name) WHERE kind = 'source' DO NOTHING";
        on!(self, |db| {
            let query = sqlx::query(insert).bind(id.0).bind(name).bind(project.0);
            query.bind(now).execute(db).await.map(|_| ())
        })?;
        let select = "SELECT id FROM person WHERE project_id = $1 AND name = $2 AND kind = 'source'";
        let id: i64 =
            on!(self, |db| sqlx::query_scalar(select).bind(project.0).bind(name).fetch_one(db).await)?;
        Ok(PersonId(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queries_and_the_rules_agree_on_what_may_go_on() {
        let states: Vec<String> = SourceState::ALL
            .into_iter()
            .filter(|state| state.may_go_on())
            .map(|state| format!("'{}'", state.as_str()))
            .collect();
        assert_eq!(may_go_on!(), format!("({})", states.join(", ")));
    }
}
