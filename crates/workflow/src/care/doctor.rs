//! The promises, held against the database. Each is looked at in one moment (what items are resolved to: page by page),
//! so that it can be asked while people work. Changes nothing.

#[cfg(test)]
mod tests;

use crate::care::rebuild::ORPHAN_SECONDS;
use crate::{Instance, Result};
use domain::item::split_key;
use domain::{ItemId, ProjectId};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use store::check::archive::TABLES;
use store::check::promises::QUESTIONS;
use store::engine::private::is_open_to_others;
use store::engine::snapshot::Snapshot;
use store::label::tally::Tally;

/// Something that should not be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// What was promised.
    pub promise: String,
    /// What was found instead.
    pub what: String,
    pub n: i64,
    pub examples: Vec<String>,
    /// What to do about it.
    pub cure: String,
}

/// How thoroughly to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Consensus of some thousand items.
    Sample,
    /// Consensus of all items.
    All,
}

const SAMPLE: i64 = 2_000;
/// Items looked at in one go.
const PAGE: usize = 500;
const EXAMPLES: usize = 5;

const REBUILD: &str = "Run `assay rebuild`.";

/// Looks at everything that can be held against a promise. `tell` hears what is being looked at.
pub async fn examine(
    instance: &Instance,
    depth: Depth,
    mut tell: impl FnMut(&str) + Send,
) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let tallies = instance.store.all_tallies().await?;
    let mut now = instance.store.snapshot().await?;
    tell("who can read the files");
    findings.extend(open_to_others(instance));
    tell("the file of the database");
    findings.extend(engine(&mut now).await?);
    for question in QUESTIONS {
        tell(question.what);
        if let Some((n, examples)) = now.ask(question).await? {
            findings.push(finding(question.promise, question.what, n, examples, question.cure));
        }
    }
    tell("zero bytes in texts");
    findings.extend(zero_bytes(instance, &mut now).await?);
    tell("counts");
    findings.extend(counts(&mut now, &tallies).await?);
    tell("splits of releases");
    findings.extend(splits(&mut now).await?);
    tell("the search index");
    findings.extend(index(instance, &mut now).await?);
    tell("files of releases");
    findings.extend(files(instance, &mut now).await?);
    findings.extend(orphans(instance, &mut now).await?);
    drop(now);
    tell("what items are resolved to");
    findings.extend(consensus(instance, depth).await?);
    Ok(findings)
}

fn finding(promise: &str, what: &str, n: i64, mut examples: Vec<String>, cure: &str) -> Finding {
    examples.truncate(EXAMPLES);
    Finding { promise: promise.into(), what: what.into(), n, examples, cure: cure.into() }
}

/// A finding, if there is anything to tell.
fn found(promise: &str, what: &str, examples: Vec<String>, cure: &str) -> Option<Finding> {
    let n = examples.len() as i64;
    (n > 0).then(|| finding(promise, what, n, examples, cure))
}

async fn engine(now: &mut Snapshot) -> Result<Option<Finding>> {
    let complaints = now.engine_complaints().await?;
    Ok(found(
        "What was saved is there",
        "damage in the file of the database",
        complaints,
        "Stop the server, keep a copy of the data folder, and restore the last good backup.",
    ))
}

/// Texts, answers and hashes of passwords are for the account alone that runs the program.
fn open_to_others(instance: &Instance) -> Option<Finding> {
    let inside = ["assay.db", "blobs", "derived"].map(|name| instance.data.join(name));
    // Behind a closed door it does not matter what else could be read.
    let open = |path: &&PathBuf| is_open_to_others(&instance.data) && is_open_to_others(path);
    let open = inside.iter().filter(open).map(|path| path.display().to_string()).collect();
    let cure = "Run `chmod -R go= ` on the data folder.";
    found("Nobody else on the machine can read what is kept", "files that others can read", open, cure)
}

async fn zero_bytes(instance: &Instance, now: &mut Snapshot) -> Result<Option<Finding>> {
    let mut texts = Vec::new();
    for table in TABLES {
        texts.extend(now.zero_bytes(table, &instance.store.columns(table.name).await?).await?);
    }
    let cure = "Make a backup and restore it into an empty folder: each zero byte becomes � there.";
    Ok(found("Both engines keep every text", "rows with a zero byte in a text", texts, cure))
}

async fn counts(now: &mut Snapshot, tallies: &[Tally]) -> Result<Option<Finding>> {
    let mut wrong = Vec::new();
    for tally in tallies {
        let (told, rows) = now.tally_and_rows(*tally).await?;
        let name = match tally {
            Tally::Project(id) => format!("project {id}"),
            Tally::Labels(id) => format!("labels of project {id}"),
            Tally::Answers(id) => format!("answers of project {id}"),
            Tally::Queue(id) => format!("queue {id}"),
        };
        let keys: std::collections::BTreeSet<&String> = told.keys().chain(rows.keys()).collect();
        for key in keys {
            let (told, rows) = (of(&told, key), of(&rows, key));
            if told != rows {
                wrong.push(format!("{name}: {key} says {told}, the rows say {rows}"));
            }
        }
    }
    Ok(found("Counts say what the rows say", "counts that are wrong", wrong, REBUILD))
}

fn of(counts: &BTreeMap<String, i64>, key: &str) -> i64 {
    counts.get(key).copied().unwrap_or(0)
}

/// Every row of a release lies where it was decided for its key, once and for all releases.
async fn splits(now: &mut Snapshot) -> Result<Option<Finding>> {
    let decided: HashMap<(ProjectId, i64), String> =
        now.decided_splits().await?.into_iter().map(|(p, key, split)| ((ProjectId(p), key), split)).collect();
    let (mut after, mut n, mut examples) = ((0, 0), 0, Vec::new());
    loop {
        let rows = now.placed(after, 2_000).await?;
        let Some(last) = rows.last() else { break };
        after = (last.release_id, last.item_id);
        for row in rows {
            let key = split_key(row.group_key.as_deref(), row.normalized_hash);
            if decided.get(&(row.project_id, key)) != Some(&row.split) {
                n += 1;
                if examples.len() < EXAMPLES {
                    examples
                        .push(format!("release {}, item {} in {}", row.release_id, row.item_id, row.split));
                }
            }
        }
    }
    let cure = "Don’t train on this release: tell whoever has it, and cut another.";
    Ok((n > 0).then(|| {
        let promise = "Splits are decided once and kept in all releases";
        finding(promise, "rows of releases that lie in another split than was decided", n, examples, cure)
    }))
}

const INDEX_TRIES: usize = 30;

async fn index(instance: &Instance, now: &mut Snapshot) -> Result<Option<Finding>> {
    let (items, cursor) = now.to_be_indexed().await?;
    let promise = "The search index follows the items";
    // Opening an index writes a lock beside it: on a disk that can't be written there is nothing to hold it against.
    if instance.store.try_to_write().await.is_err() {
        return Ok(None);
    }
    let search = match instance.search().await {
        Ok(search) => search,
        Err(error) => {
            let cure = "Make the data folder writable, then run `assay rebuild`.";
            return Ok(found(promise, "a search index that can’t be opened", vec![error.to_string()], cure));
        }
    };
    // A server that works on the installation brings the index up to date, a second behind.
    let mut at = search.cursor()?;
    for _ in 0..INDEX_TRIES {
        if at.is_none_or(|at| at >= cursor) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        at = search.cursor()?;
    }
    let newest = instance.store.last_change().await?;
    let behind = match at {
        // It is made when the installation is served for the first time.
        None => None,
        Some(at) if at < cursor => Some(format!("{} changes behind", cursor - at)),
        Some(at) if at > newest => Some("ahead of the database".to_owned()),
        // It went on after the moment that is looked at: what it holds can't be compared with that moment.
        Some(at) if at > cursor => None,
        Some(_) if search.n_items() != items.unsigned_abs() => {
            Some(format!("{} texts in it, {items} items", search.n_items()))
        }
        Some(_) => None,
    };
    let cure = "Serve the installation: the index follows by itself within seconds. If it does not, run `assay rebuild`.";
    Ok(behind.and_then(|how| found(promise, "a search index that differs", vec![how], cure)))
}

/// Reads all files of releases again.
async fn files(instance: &Instance, now: &mut Snapshot) -> Result<Option<Finding>> {
    let mut wrong = Vec::new();
    for (release, path, hash, bytes) in now.released_files().await? {
        let mut blob = match instance.store.open_blob(&hash).await {
            Ok(blob) => blob,
            Err(store::Error::NotFound) => continue, // Asked about in SQL.
            Err(store::Error::Io(_)) => {
                wrong.push(format!("release {release}, {path}: the bytes are gone"));
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let (mut hasher, mut n) = (blake3::Hasher::new(), 0);
        while let Some(piece) = blob.next().await? {
            hasher.update(&piece);
            n += piece.len() as i64;
        }
        if n != bytes || hasher.finalize().to_hex().as_str() != hash {
            wrong.push(format!("release {release}, {path}: the bytes are others"));
        }
    }
    let cure = "Restore the last good backup, or cut the release again.";
    Ok(found("A release never changes", "files of releases that are not what was released", wrong, cure))
}

async fn orphans(instance: &Instance, now: &mut Snapshot) -> Result<Option<Finding>> {
    let before = instance.store.now().plus_seconds(-ORPHAN_SECONDS);
    let mut orphans = now.unneeded_blobs(before).await?;
    orphans.extend(instance.store.left_files(before).await?.iter().map(|file| file.display().to_string()));
    let cure = "They take room and do no harm. `assay rebuild` removes them.";
    Ok(found(
        "Nothing lies about that nobody needs",
        "blobs that nothing refers to, or that were begun and never finished",
        orphans,
        cure,
    ))
}

/// Holds what items are resolved to against their answers.
async fn consensus(instance: &Instance, depth: Depth) -> Result<Option<Finding>> {
    let (store, mut wrong) = (&instance.store, Vec::new());
    match depth {
        Depth::Sample => {
            for page in store.some_resolved_items(SAMPLE).await?.chunks(PAGE) {
                wrong.extend(store.resolved_otherwise(page).await?);
            }
        }
        Depth::All => {
            let mut after = ItemId(0);
            loop {
                let page = store.items_after(after, PAGE as i64).await?;
                let Some(last) = page.last() else { break };
                after = *last;
                wrong.extend(store.resolved_otherwise(&page).await?);
            }
        }
    }
    let wrong = wrong.into_iter().map(|(item, _)| format!("item {item}")).collect();
    let promise = "What an item is resolved to follows from its answers";
    Ok(found(promise, "items whose answers say something else", wrong, REBUILD))
}
