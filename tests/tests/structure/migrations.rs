//! The migrations of both engines say the same.

use crate::sources::{files, read, root};
use std::collections::BTreeSet;
use std::path::Path;

/// (SQLite, PostgreSQL): what means the same in every file.
const SPELLINGS: [(&str, &str); 3] = [
    // SQLite keeps the rows of a table in the order of such a key.
    ("INTEGER PRIMARY KEY", "BIGINT PRIMARY KEY"),
    ("BLOB NOT NULL", "BYTEA NOT NULL"),
    // SQLite keeps the rows in the order of the primary key; PostgreSQL has no such table.
    (") WITHOUT ROWID", ")"),
];
/// PostgreSQL compares texts by bytes only where it is told to; SQLite does it anyway.
const BY_BYTES: &str = " COLLATE \"C\"";
/// Columns of texts in PostgreSQL that are not told to: nothing sorts by them. The list may only shrink.
const NOT_BY_BYTES: [(&str, &str); 2] = [("0007_pinned_blobs", "key"), ("0009_import_notes", "notes")];

/// Statements that one engine has alone: (file, engine, how it begins, why).
const ALONE: &[(&str, &str, &str, &str)] = &[
    (
        "0003_append_only",
        "postgres",
        "CREATE FUNCTION append_only()",
        "a trigger of PostgreSQL calls a function",
    ),
    ("0004_plain_bytes", "sqlite", "SELECT 1", "blobs are files beside SQLite"),
    ("0004_plain_bytes", "postgres", "ALTER TABLE blob_part", "only PostgreSQL packs what it stores"),
    ("0005_counted_answers", "sqlite", "CREATE TABLE consensus_by_item", ORDER),
    ("0005_counted_answers", "sqlite", "INSERT INTO consensus_by_item", ORDER),
    ("0005_counted_answers", "sqlite", "DROP TABLE consensus", ORDER),
    ("0005_counted_answers", "sqlite", "ALTER TABLE consensus_by_item", ORDER),
    ("0005_counted_answers", "sqlite", "CREATE TABLE consensus_label_in_order", ORDER),
    ("0005_counted_answers", "sqlite", "INSERT INTO consensus_label_in_order", ORDER),
    ("0005_counted_answers", "sqlite", "DROP TABLE consensus_label", ORDER),
    ("0005_counted_answers", "sqlite", "ALTER TABLE consensus_label_in_order", ORDER),
    ("0005_counted_answers", "sqlite", "CREATE INDEX consensus_label_item", ORDER),
    ("0006_fields_by_value", "sqlite", "CREATE TABLE item_field_by_value", KEY),
    ("0006_fields_by_value", "sqlite", "INSERT INTO item_field_by_value", KEY),
    ("0006_fields_by_value", "sqlite", "DROP TABLE item_field", KEY),
    ("0006_fields_by_value", "sqlite", "ALTER TABLE item_field_by_value", KEY),
    ("0006_fields_by_value", "postgres", "ALTER TABLE item_field", KEY),
    ("0006_fields_by_value", "postgres", "DROP INDEX item_field_value", KEY),
];
const ORDER: &str = "only SQLite keeps the rows of a table in the order of its key";
const KEY: &str = "SQLite can't change the primary key of a table that is there";

#[test]
fn both_engines_have_the_same_migrations() {
    let names = |engine: &str| -> Vec<String> {
        let folder = root().join("migrations").join(engine);
        files(&folder, "sql").iter().map(|path| stem(path)).collect()
    };
    let (sqlite, postgres) = (names("sqlite"), names("postgres"));
    assert_eq!(sqlite, postgres);

    let mut wrong = Vec::new();
    let mut used = BTreeSet::new();
    for name in &sqlite {
        let mut left = [statements("sqlite", name), statements("postgres", name)];
        for (engine, statements) in ["sqlite", "postgres"].iter().zip(&mut left) {
            statements.retain(|statement| {
                let listed = ALONE.iter().enumerate().filter(|(_, (file, of, begins, _))| {
                    file == name && of == engine && is_beginning(begins, statement)
                });
                let listed: Vec<usize> = listed.map(|(at, _)| at).collect();
                used.extend(listed.iter().copied());
                listed.is_empty()
            });
        }
        let [sqlite, postgres] = left;
        let postgres: Vec<String> = postgres.iter().map(|s| s.replace(BY_BYTES, "")).collect();
        for (a, b) in sqlite.iter().zip(&postgres).filter(|(a, b)| a != b) {
            wrong.push(format!("{name}\n  sqlite:   {a}\n  postgres: {b}"));
        }
        for statement in sqlite.iter().skip(postgres.len()).chain(postgres.iter().skip(sqlite.len())) {
            wrong.push(format!("{name}\n  one engine alone: {statement}"));
        }
    }
    assert!(wrong.is_empty(), "the engines differ (list what must, with the reason):\n{}", wrong.join("\n"));
    let gone: Vec<_> =
        ALONE.iter().enumerate().filter(|(at, _)| !used.contains(at)).map(|(_, of)| of).collect();
    assert!(gone.is_empty(), "no such statement is there: {gone:#?}");
}

fn stem(path: &Path) -> String {
    path.file_stem().expect("a name").to_string_lossy().into_owned()
}

/// `statement` begins with these whole words.
fn is_beginning(begins: &str, statement: &str) -> bool {
    let rest = statement.strip_prefix(begins);
    rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
}

/// The statements of a migration without comments, in one spelling. A statement ends with a `;` at the end of a line.
fn statements(engine: &str, name: &str) -> Vec<String> {
    let text = read(&root().join("migrations").join(engine).join(format!("{name}.sql")));
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("--"));
    let code: Vec<&str> = lines.map(str::trim_end).collect();
    let statements = code.join("\n");
    let statements = statements.split(";\n").map(|s| s.split_whitespace().collect::<Vec<_>>().join(" "));
    let statements = statements.map(|s| s.trim_end_matches(';').to_owned()).filter(|s| !s.is_empty());
    statements.map(|s| if engine == "sqlite" { in_postgres(&s) } else { s }).collect()
}

#[test]
fn postgres_compares_texts_by_bytes() {
    let mut found = Vec::new();
    for path in files(&root().join("migrations/postgres"), "sql") {
        let name = stem(&path);
        for statement in statements("postgres", &name) {
            let words: Vec<&str> = statement.split(' ').collect();
            for (at, _) in words.iter().enumerate().filter(|(_, word)| word.trim_end_matches(',') == "TEXT") {
                if words[at - 1] != "AS" && words.get(at + 1) != Some(&"COLLATE") {
                    found.push((name.clone(), words[at - 1].to_owned()));
                }
            }
        }
    }
    let listed = NOT_BY_BYTES.map(|(file, column)| (file.to_owned(), column.to_owned()));
    assert_eq!(found, listed, "columns of texts without{BY_BYTES}");
}

/// A statement of SQLite as PostgreSQL spells it.
fn in_postgres(statement: &str) -> String {
    if let Some((trigger, body)) = statement.split_once(" BEGIN SELECT RAISE(ABORT, 'append-only: ") {
        let table = trigger.rsplit(' ').next().unwrap_or_default();
        if body == format!("{table}'); END") {
            return format!("{trigger} FOR EACH ROW EXECUTE FUNCTION append_only()");
        }
    }
    let spelled = |text: String, (sqlite, postgres): &(&str, &str)| text.replace(sqlite, postgres);
    SPELLINGS.iter().fold(statement.to_owned(), spelled)
}
