//! What must never be in the database, as queries: each promise that SQL can check, with the text for a person who
//! finds it broken. Read in one snapshot, so that concurrent work is not mistaken for damage.

use crate::check::archive::{Column, Kind, Table};
use crate::data::sources::may_go_on;
use crate::engine::snapshot::Snapshot;
use crate::error::Result;
use crate::{Either, on};
use domain::ProjectId;
use sqlx::AssertSqlSafe;

/// A query whose every row is something wrong.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    /// What was promised.
    pub promise: &'static str,
    /// What each returned row is.
    pub what: &'static str,
    pub cure: &'static str,
    /// Returns one text column, `example`.
    query: &'static str,
}

const NOT_BY_ITSELF: &str = "The program can’t have written this: keep a backup of the file as it is, then look at these rows by hand.";
const REBUILD: &str = "Run `assay rebuild`: it counts again from the rows.";
const RESTORE: &str = "Restore the last good backup, or cut the release again.";

pub const QUESTIONS: &[Question] = &[
    Question {
        promise: "An item never has more holders and counted answers than its target",
        what: "members with more slots taken than their target",
        cure: NOT_BY_ITSELF,
        query: "SELECT 'queue ' || a.queue_id || ', item ' || a.item_id AS example FROM assignment a
                JOIN queue_item qi ON qi.queue_id = a.queue_id AND qi.item_id = a.item_id
                WHERE a.state IN ('leased', 'answered') AND NOT a.beside
                GROUP BY a.queue_id, a.item_id, qi.target HAVING COUNT(*) > qi.target",
    },
    Question {
        promise: "An item never has more holders and counted answers than its target",
        what: "slots that two people have at once",
        cure: NOT_BY_ITSELF,
        query: "SELECT 'queue ' || queue_id || ', item ' || item_id || ', slot ' || slot AS example FROM assignment
                WHERE state IN ('leased', 'answered') AND NOT beside
                GROUP BY queue_id, item_id, slot HAVING COUNT(*) > 1",
    },
    Question {
        promise: "Nobody has two counted answers to one item in a queue",
        what: "answers that count beside another of the same number",
        cure: NOT_BY_ITSELF,
        query: "SELECT 'queue ' || queue_id || ', item ' || item_id || ', person ' || person_id AS example FROM answer
                WHERE queue_id IS NOT NULL AND standing = 'counted'
                GROUP BY queue_id, item_id, person_id, number HAVING COUNT(*) > 1",
    },
    Question {
        promise: "Nobody has two counted answers to one item in a queue",
        what: "people who have an item of a queue twice",
        cure: NOT_BY_ITSELF,
        query: "SELECT 'queue ' || queue_id || ', item ' || item_id || ', person ' || person_id AS example
                FROM assignment WHERE state <> 'released'
                GROUP BY queue_id, item_id, person_id HAVING COUNT(*) > 1",
    },
    Question {
        promise: "No answer is lost or overwritten",
        what: "counted answers whose item does not count as answered by that person",
        cure: NOT_BY_ITSELF,
        // `<> 'released'` beside `= 'answered'` makes SQLite use the partial index `assignment_person`.
        query: "SELECT 'answer ' || w.id AS example FROM answer w JOIN item i ON i.id = w.item_id
                WHERE w.queue_id IS NOT NULL AND w.standing = 'counted' AND w.kind = 'labels'
                  AND w.revision_id = i.revision_id
                  AND NOT EXISTS (SELECT 1 FROM answer later WHERE later.queue_id = w.queue_id
                      AND later.item_id = w.item_id AND later.person_id = w.person_id
                      AND later.number > w.number AND later.standing = 'counted')
                  AND NOT EXISTS (SELECT 1 FROM assignment a WHERE a.queue_id = w.queue_id
                      AND a.item_id = w.item_id AND a.person_id = w.person_id AND a.state = 'answered'
                      AND a.state <> 'released')",
    },
    Question {
        promise: "No answer is lost or overwritten",
        what: "items that count as answered by someone of whom there is no answer",
        cure: NOT_BY_ITSELF,
        query: "SELECT 'queue ' || a.queue_id || ', item ' || a.item_id || ', person ' || a.person_id AS example
                FROM assignment a WHERE a.state = 'answered'
                  AND NOT EXISTS (SELECT 1 FROM answer w WHERE w.queue_id = a.queue_id AND w.item_id = a.item_id
                      AND w.person_id = a.person_id AND w.standing = 'counted')",
    },
    Question {
        promise: "No answer is lost or overwritten",
        what: "chains of answers with a hole: an earlier answer is missing",
        cure: "Restore the last backup that has them.",
        query: "SELECT 'queue ' || queue_id || ', item ' || item_id || ', person ' || person_id AS example FROM answer
                WHERE queue_id IS NOT NULL GROUP BY queue_id, item_id, person_id
                HAVING MAX(number) <> COUNT(DISTINCT number) OR MIN(number) <> 1",
    },
    Question {
        promise: "Answers belong to the text they were given on",
        what: "answers that name a text of another item",
        cure: NOT_BY_ITSELF,
        query: "SELECT 'answer ' || w.id AS example FROM answer w JOIN item_revision r ON r.id = w.revision_id
                WHERE r.item_id <> w.item_id",
    },
    Question {
        promise: "Every item has its current text",
        what: "items whose text is missing",
        cure: "Restore the last good backup, or import the item again.",
        query: "SELECT 'item ' || i.id AS example FROM item i
                LEFT JOIN item_revision r ON r.id = i.revision_id AND r.item_id = i.id WHERE r.id IS NULL",
    },
    Question {
        promise: "Filters find what the items say",
        what: "values of fields whose item is missing",
        cure: NOT_BY_ITSELF,
        query: "SELECT 'item ' || f.item_id || ', field ' || f.name AS example FROM item_field f
                LEFT JOIN item i ON i.id = f.item_id WHERE i.id IS NULL",
    },
    Question {
        promise: "Counts say what the rows say",
        what: "members of queues whose count of taken slots is wrong",
        cure: REBUILD,
        query: "SELECT 'queue ' || qi.queue_id || ', item ' || qi.item_id AS example FROM queue_item qi
                LEFT JOIN (SELECT queue_id, item_id, COUNT(*) AS n FROM assignment
                           WHERE state IN ('leased', 'answered') AND NOT beside GROUP BY queue_id, item_id) a
                  ON a.queue_id = qi.queue_id AND a.item_id = qi.item_id
                WHERE qi.filled <> COALESCE(a.n, 0)",
    },
    Question {
        promise: "Counts say what the rows say",
        what: "people whose count of answered items in a queue is wrong",
        cure: REBUILD,
        query: "SELECT 'queue ' || p.queue_id || ', person ' || p.person_id AS example
                FROM (SELECT queue_id, person_id, SUM(answered) AS answered FROM queue_cursor
                      GROUP BY queue_id, person_id) p
                LEFT JOIN (SELECT queue_id, person_id, COUNT(*) AS n FROM assignment
                           WHERE state = 'answered' GROUP BY queue_id, person_id) a
                  ON a.queue_id = p.queue_id AND a.person_id = p.person_id
                WHERE p.answered <> COALESCE(a.n, 0)",
    },
    Question {
        promise: "What an item is resolved to follows from its answers",
        what: "items that are resolved without a consensus",
        cure: "Run `assay rebuild`: it resolves items again from their answers.",
        query: "SELECT 'item ' || i.id AS example FROM item i LEFT JOIN consensus c ON c.item_id = i.id
                WHERE i.state IN ('agreed', 'adjudicated') AND c.item_id IS NULL",
    },
    Question {
        promise: "No group straddles two splits",
        what: "groups of a release that lie in two splits",
        cure: "Don’t train on this release: tell whoever has it, and cut another.",
        query: "SELECT 'release ' || rr.release_id || ', group of item ' || MIN(rr.item_id) AS example
                FROM release_row rr JOIN item_revision r ON r.id = rr.revision_id WHERE r.group_key IS NOT NULL
                GROUP BY rr.release_id, r.group_key HAVING COUNT(DISTINCT rr.split) > 1",
    },
    Question {
        promise: "No group straddles two splits",
        what: "texts of a release that lie in two splits",
        cure: "Don’t train on this release: tell whoever has it, and cut another.",
        query: "SELECT 'release ' || rr.release_id || ', text of item ' || MIN(rr.item_id) AS example
                FROM release_row rr JOIN item_revision r ON r.id = rr.revision_id WHERE r.group_key IS NULL
                GROUP BY rr.release_id, r.normalized_hash HAVING COUNT(DISTINCT rr.split) > 1",
    },
    Question {
        promise: "A release never changes",
        what: "files of releases that are gone",
        cure: RESTORE,
        query: "SELECT 'release ' || f.release_id || ', ' || f.path AS example FROM release_file f
                LEFT JOIN blob b ON b.key = f.hash WHERE b.key IS NULL OR b.bytes <> f.bytes",
    },
    Question {
        promise: "An import that was cut off can go on",
        what: "uploaded files of imports that are gone",
        cure: "Bring the file again, and take the old import back.",
        query: concat!(
            "SELECT 'import ' || s.id || ', ' || s.name AS example FROM source s
                LEFT JOIN blob b ON b.key = s.upload WHERE s.upload IS NOT NULL AND b.key IS NULL
                  AND s.state IN ",
            may_go_on!()
        ),
    },
    Question {
        promise: "Who was disabled is out",
        what: "sessions of people who are disabled",
        cure: "Disable them once more on the page People: that ends their sessions.",
        query: "SELECT 'person ' || p.id AS example FROM session s JOIN person p ON p.id = s.person_id
                WHERE p.disabled_at IS NOT NULL",
    },
];

/// More examples than this are of no help.
const EXAMPLES: usize = 5;

/// What a release says about an item, and what its split depends on.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Placed {
    pub release_id: i64,
    pub item_id: i64,
    #[sqlx(try_from = "i64")]
    pub project_id: ProjectId,
    pub split: String,
    pub group_key: Option<String>,
    pub normalized_hash: i64,
}

impl Snapshot {
    /// The number of violations with examples, or nothing if there are none.
    pub async fn ask(&mut self, question: &Question) -> Result<Option<(i64, Vec<String>)>> {
        let some = format!("SELECT example FROM ({}) AS wrong LIMIT {EXAMPLES}", question.query);
        let examples: Vec<String> =
            on!(self, |db| sqlx::query_scalar(AssertSqlSafe(some)).fetch_all(db).await)?;
        if examples.len() < EXAMPLES {
            let n = examples.len() as i64;
            return Ok((n > 0).then_some((n, examples)));
        }
        let all = format!("SELECT CAST(COUNT(*) AS BIGINT) FROM ({}) AS wrong", question.query);
        let n: i64 = on!(self, |db| sqlx::query_scalar(AssertSqlSafe(all)).fetch_one(db).await)?;
        Ok(Some((n, examples)))
    }

    /// Problems that the engine itself finds in its file: damaged pages, dangling references. PostgreSQL takes care of
    /// both by itself.
    pub async fn engine_complaints(&mut self) -> Result<Vec<String>> {
        let Either::Sqlite(connection) = self.db().await else { return Ok(Vec::new()) };
        let pages: Vec<String> =
            sqlx::query_scalar("PRAGMA quick_check(5)").fetch_all(&mut *connection).await?;
        let mut complaints: Vec<String> = pages.into_iter().filter(|line| line != "ok").collect();
        let query =
            "SELECT DISTINCT \"table\" || ' refers to a missing ' || parent FROM pragma_foreign_key_check";
        let rows: Vec<String> = sqlx::query_scalar(query).fetch_all(&mut *connection).await?;
        complaints.extend(rows);
        Ok(complaints)
    }

    /// The keys of rows with a zero byte (U+0000) in a text. SQLite shows only the text before it, and PostgreSQL,
    /// which refuses such a text, would refuse an archive with it.
    pub async fn zero_bytes(&mut self, table: &Table, columns: &[Column]) -> Result<Vec<String>> {
        let Either::Sqlite(connection) = self.db().await else { return Ok(Vec::new()) };
        let holds = |c: &Column| format!("instr(CAST(\"{}\" AS BLOB), x'00') > 0", c.name);
        let texts: Vec<String> = columns.iter().filter(|c| c.kind == Kind::Text).map(holds).collect();
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let key = table.key.replace(", ", " || ', ' || ");
        let query = format!("SELECT '{0} ' || {key} FROM \"{0}\" WHERE {1}", table.name, texts.join(" OR "));
        Ok(sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(connection).await?)
    }

    /// What a search index must hold: the number of items, and the newest change of the feed.
    pub async fn to_be_indexed(&mut self) -> Result<(i64, i64)> {
        let items = "SELECT CAST(COUNT(*) AS BIGINT) FROM item";
        let items: i64 = on!(self, |db| sqlx::query_scalar(items).fetch_one(db).await)?;
        let cursor = "SELECT value FROM meta WHERE key = 'change'";
        Ok((items, on!(self, |db| sqlx::query_scalar(cursor).fetch_one(db).await)?))
    }

    /// Rows of releases in key order.
    pub async fn placed(&mut self, after: (i64, i64), limit: i64) -> Result<Vec<Placed>> {
        let query =
            "SELECT rr.release_id, rr.item_id, rel.project_id, rr.split, r.group_key, r.normalized_hash
            FROM release_row rr JOIN release rel ON rel.id = rr.release_id
            JOIN item_revision r ON r.id = rr.revision_id
            WHERE (rr.release_id, rr.item_id) > ($1, $2) ORDER BY rr.release_id, rr.item_id LIMIT $3";
        Ok(on!(self, |db| sqlx::query_as(query).bind(after.0).bind(after.1).bind(limit).fetch_all(db).await)?)
    }

    /// All decided splits: project, key, split.
    pub async fn decided_splits(&mut self) -> Result<Vec<(i64, i64, String)>> {
        let query = "SELECT project_id, key, split FROM split ORDER BY project_id, key";
        Ok(on!(self, |db| sqlx::query_as(query).fetch_all(db).await)?)
    }

    /// Files of finished releases: release, path, hash, bytes.
    pub async fn released_files(&mut self) -> Result<Vec<(i64, String, String, i64)>> {
        let query = "SELECT f.release_id, f.path, f.hash, f.bytes FROM release_file f
                     JOIN release r ON r.id = f.release_id WHERE r.state = 'done' ORDER BY f.release_id, f.path";
        Ok(on!(self, |db| sqlx::query_as(query).fetch_all(db).await)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Store, testing};

    #[tokio::test]
    async fn no_question_reads_a_table_for_each_row_of_another() {
        let (store, _folder): (Store, _) = testing::sqlite().await;
        let Either::Sqlite(db) = store.db().await else { unreachable!("SQLite was asked for") };
        for question in QUESTIONS {
            let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", question.query));
            let steps: Vec<(i64, i64, i64, String)> =
                sqlx::query_as(explain).fetch_all(db).await.expect("a plan");
            let for_each: Vec<i64> =
                steps.iter().filter(|step| step.3.starts_with("CORRELATED")).map(|step| step.0).collect();
            for (_, within, _, step) in &steps {
                assert!(
                    !(for_each.contains(within) && step.starts_with("SCAN")),
                    "{}: {step}",
                    question.what
                );
            }
        }
    }
}
