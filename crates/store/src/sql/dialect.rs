//! The only place that knows how the two engines differ.

use crate::error::{Constraint, Error};
use crate::{Store, Tx};
use sqlx::{Database, Encode, QueryBuilder, Type};

/// Appended to a SELECT that picks work. PostgreSQL skips rows that another transaction has locked. SQLite has one
/// writer and nothing to skip.
pub fn skip_locked(tx: &Tx) -> &'static str {
    if tx.is_postgres() { " FOR UPDATE SKIP LOCKED" } else { "" }
}

/// Appended to a SELECT whose row the transaction is going to change.
pub fn for_update(tx: &Tx) -> &'static str {
    if tx.is_postgres() { " FOR UPDATE" } else { "" }
}

/// The same for a SELECT that joins several tables: locks only rows of the table with this alias.
pub fn for_update_of(tx: &Tx, alias: &str) -> String {
    if tx.is_postgres() { format!(" FOR UPDATE OF {alias}") } else { String::new() }
}

/// Can another transaction free something now that this one does not see? With one writer it can't.
pub fn others_write_now(tx: &Tx) -> bool {
    tx.is_postgres()
}

/// Appends the list after `IN`: `($1, $2)`. An empty list matches nothing: SQLite accepts `()`, PostgreSQL does not.
#[expect(clippy::disallowed_methods, reason = "the one place")]
pub(crate) fn push_list<'v, DB, T>(query: &mut QueryBuilder<DB>, values: impl IntoIterator<Item = T>)
where
    DB: Database,
    T: Encode<'v, DB> + Type<DB>,
{
    let mut values = values.into_iter().peekable();
    if values.peek().is_none() {
        query.push("(NULL)");
        return;
    }
    query.push("(");
    let mut list = query.separated(", ");
    for value in values {
        list.push_bind(value);
    }
    query.push(")");
}

/// Appends the placeholder of the value with this number. SQLite's has no number: it would look up a numbered one in a
/// list of all, at each bind.
pub(crate) fn push_place(text: &mut String, postgres: bool, number: usize) {
    if postgres {
        text.push('$');
        text.push_str(&number.to_string());
    } else {
        text.push('?');
    }
}

/// Size of the database in bytes, for the admin.
pub fn size_query(store: &Store) -> &'static str {
    if store.is_postgres() {
        "SELECT CAST(pg_database_size(current_database()) AS BIGINT)"
    } else {
        "SELECT CAST(page_count * page_size AS BIGINT) FROM pragma_page_count(), pragma_page_size()"
    }
}

/// Maps constraint names (PostgreSQL) and column lists (SQLite) to one enum.
const CONSTRAINTS: [(&str, &str, Constraint); 12] = [
    ("project_slug_key", "project.slug", Constraint::ProjectSlug),
    ("person_email_key", "person.email", Constraint::PersonEmail),
    ("person_source", "person.project_id, person.name", Constraint::SourcePerson),
    ("item_project_id_external_id_key", "item.project_id, item.external_id", Constraint::ItemExternalId),
    (
        "taxonomy_version_project_id_number_key",
        "taxonomy_version.project_id, taxonomy_version.number",
        Constraint::TaxonomyNumber,
    ),
    ("queue_project_id_name_key", "queue.project_id, queue.name", Constraint::QueueName),
    (
        "assignment_slot",
        "assignment.queue_id, assignment.item_id, assignment.slot",
        Constraint::AssignmentSlot,
    ),
    (
        "assignment_person",
        "assignment.queue_id, assignment.item_id, assignment.person_id",
        Constraint::AssignmentPerson,
    ),
    ("answer_pkey", "answer.id", Constraint::AnswerId),
    (
        "answer_counted",
        "answer.queue_id, answer.item_id, answer.person_id, answer.number",
        Constraint::AnswerCounted,
    ),
    ("job_dedupe", "job.dedupe", Constraint::JobDedupe),
    ("release_project_id_number_key", "release.project_id, release.number", Constraint::ReleaseNumber),
];

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Error {
        self::error(error)
    }
}

/// Converts either engine's error to ours.
fn error(error: sqlx::Error) -> Error {
    use sqlx::error::ErrorKind;
    let database = match &error {
        sqlx::Error::RowNotFound => return Error::NotFound,
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
            return Error::Unreadable(error.to_string());
        }
        sqlx::Error::PoolTimedOut => return Error::Busy,
        sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => return Error::Closed,
        sqlx::Error::Database(database) => database,
        _ => return Error::Db(error),
    };
    match database.kind() {
        ErrorKind::UniqueViolation => {
            let name = database.constraint().unwrap_or_default();
            let columns = database.message().split("failed: ").nth(1).unwrap_or_default();
            let known = CONSTRAINTS.iter().find(|(pg, lite, _)| *pg == name || *lite == columns);
            Error::Unique(known.map_or(Constraint::Other, |k| k.2))
        }
        ErrorKind::ForeignKeyViolation => Error::ForeignKey,
        ErrorKind::CheckViolation | ErrorKind::NotNullViolation => {
            Error::Check(database.message().to_owned())
        }
        _ => match database.code().as_deref() {
            // SQLite: SQLITE_FULL; PostgreSQL: disk_full.
            Some("13" | "53100") => Error::DiskFull,
            // SQLite: SQLITE_READONLY and its kinds;
            // PostgreSQL: read_only_sql_transaction.
            Some("8" | "264" | "520" | "776" | "1032" | "1288" | "1544" | "25006") => Error::ReadOnly,
            // PostgreSQL: character_not_in_repertoire, untranslatable_character.
            Some("22021" | "22P05") => Error::ZeroByte,
            // SQLite: SQLITE_BUSY and its snapshot kind; PostgreSQL: deadlock, serialization failure.
            Some("5" | "517" | "40P01" | "40001") => Error::Busy,
            _ if database.message().starts_with("append-only") => Error::Check(database.message().to_owned()),
            _ => Error::Db(error),
        },
    }
}
