//! What differs between the engines stands in few places.

use crate::sources::{files, read, root};
use std::collections::BTreeSet;

/// Files of the store that ask for the engine, and why.
const KNOW_THE_ENGINE: &[(&str, &str)] = &[
    ("lib.rs", "opens the engines, and `on!` chooses between them"),
    ("sql/dialect.rs", "the spellings of SQL"),
    ("sql/bound_rows.rs", "the places of bound values are spelled differently, see dialect.rs"),
    ("engine/tx.rs", "holds the connection of a transaction"),
    ("engine/snapshot.rs", "holds the connection of a snapshot"),
    ("engine/postgres", "is one engine"),
    ("engine/sqlite", "is one engine"),
    ("check/archive.rs", "the columns of a table are asked for in another catalog"),
    ("check/promises.rs", "SQLite is asked whether its file is damaged, and lets a zero byte in"),
    ("check/recompute.rs", "only PostgreSQL has other writers, which wait while a count is made again"),
    ("label/consensus.rs", "only PostgreSQL has other writers, which wait for the item"),
    ("label/desk.rs", "values are bound row by row on SQLite, as lists on PostgreSQL"),
    (
        "label/labeling.rs",
        "people who label share a transaction on PostgreSQL, and SQLite's writer does so for all",
    ),
    ("label/leases.rs", "values are bound row by row on SQLite, as lists on PostgreSQL"),
    ("label/prefetch.rs", "only PostgreSQL commits the answers of several people together"),
    ("label/tally.rs", "only PostgreSQL spreads a count over several rows"),
    ("label/write_batch.rs", "several statements on SQLite, one of several parts on PostgreSQL"),
    ("site/people.rs", "only PostgreSQL has other writers, which could add a first person too"),
];

/// The same outside of the store.
const ABOVE_THE_STORE: &[(&str, &str)] = &[
    ("crates/workflow/src/jobs.rs", "a SQLite file has one server, which takes over at once"),
    ("crates/workflow/src/data/import/run.rs", "pieces of an import are written side by side on SQLite only"),
];

const ASKS: [&str; 5] =
    ["is_postgres()", "Either::Postgres", "Either::Sqlite", "Engine::Postgres", "Engine::Sqlite"];

#[test]
fn only_listed_files_know_the_engine() {
    let root = root();
    let store = KNOW_THE_ENGINE.iter().map(|(path, _)| format!("crates/store/src/{path}"));
    let listed: Vec<String> =
        store.chain(ABOVE_THE_STORE.iter().map(|(path, _)| (*path).to_owned())).collect();
    let (mut wrong, mut used) = (Vec::new(), BTreeSet::new());
    let sources = ["crates", "app", "server"].map(|folder| files(&root.join(folder), "rs"));
    for file in sources.iter().flatten() {
        let name = file.strip_prefix(&root).expect("a file of the repository").display().to_string();
        if name.contains("/tests") {
            continue;
        }
        let text = read(file);
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let code: Vec<&str> = code.take_while(|line| *line != "mod tests {").collect();
        let Some(line) = code.iter().find(|line| ASKS.iter().any(|ask| line.contains(ask))) else { continue };
        match listed.iter().find(|known| **known == name || name.starts_with(&format!("{known}/"))) {
            Some(known) => {
                used.insert(known);
            }
            None => wrong.push(format!("{name}: {}", line.trim())),
        }
    }
    assert!(wrong.is_empty(), "these ask for the engine and are not listed:\n{}", wrong.join("\n"));
    // What is in a folder of one engine need not ask.
    let gone: Vec<_> =
        listed.iter().filter(|known| known.ends_with(".rs") && !used.contains(known)).collect();
    assert!(gone.is_empty(), "these do not ask for the engine any more: {gone:#?}");
}
