//! What documents and the heads of files call by path is there.

use crate::sources::{files, read, root};
use std::path::{Path, PathBuf};

/// Documents that are being rewritten. The list should be empty.
const BEING_WRITTEN: [&str; 0] = [];

/// What looks like a path of this repository and is none: (file, path).
const NO_PATHS: [(&str, &str); 1] = [("crates/learn/src/encoder/sentence.rs", "1_Pooling/config.json")];

#[test]
fn paths_in_documents_are_there() {
    let root = root();
    let mut documents = vec![root.join("ARCHITECTURE.md"), root.join("style/README.md")];
    documents
        .extend(["crates/store/README.md"].iter().map(|path| root.join(path)).filter(|path| path.exists()));
    if root.join("docs/decisions").exists() {
        documents.extend(files(&root.join("docs/decisions"), "md"));
    }
    let heads = ["crates", "app", "server", "tests", "xtask"].map(|folder| files(&root.join(folder), "rs"));
    let mut wrong = Vec::new();
    for file in documents.iter().chain(heads.iter().flatten()) {
        let name = file.strip_prefix(&root).expect("a file of the repository").display().to_string();
        if BEING_WRITTEN.contains(&name.as_str()) {
            continue;
        }
        let text = read(file);
        let text = if name.ends_with(".rs") { head(&text) } else { without_blocks(&text) };
        for path in in_backticks(&text).filter(|text| is_path(text)) {
            let is_known = NO_PATHS.iter().any(|(file, known)| *file == name && *known == path);
            if !is_known && !places(&root, file).iter().any(|place| exists(place, path)) {
                wrong.push(format!("{name}: {path}"));
            }
        }
    }
    assert!(wrong.is_empty(), "there is no such file:\n{}", wrong.join("\n"));
}

/// What the file says of itself at its top.
fn head(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Markdown without its blocks of code.
fn without_blocks(text: &str) -> String {
    let odd = text.split("```").step_by(2);
    odd.collect::<Vec<_>>().join("\n")
}

fn in_backticks(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2).map(|path| path.split("::").next().unwrap_or_default())
}

/// Letters of a path with a `/` between them. Addresses of pages begin with one.
fn is_path(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./*{},<>".contains(c);
    let starts = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '.' || c == '_');
    text.contains('/')
        && starts
        && text.chars().all(is_plain)
        && !text.starts_with("../")
        && !text.contains("NAME")
}

/// Where a path may begin: the repository, its crates, and each folder above the file with its sources.
fn places(root: &Path, file: &Path) -> Vec<PathBuf> {
    let mut places = vec![root.join("crates")];
    for folder in file.ancestors().skip(1).take_while(|folder| folder.starts_with(root)) {
        places.extend([folder.to_owned(), folder.join("src")]);
    }
    places
}

/// `*` and `<name>` stand for anything in one part of a path, `{a,b}` for each of them: then all must be there.
fn exists(place: &Path, path: &str) -> bool {
    if let Some((before, rest)) = path.split_once('{') {
        let Some((choices, after)) = rest.split_once('}') else { return false };
        return choices.split(',').all(|choice| exists(place, &format!("{before}{choice}{after}")));
    }
    let mut found = vec![place.to_owned()];
    for part in path.split('/').filter(|part| !part.is_empty()) {
        let part = match (part.find('<'), part.rfind('>')) {
            (Some(from), Some(to)) if from < to => format!("{}*{}", &part[..from], &part[to + 1..]),
            _ => part.to_owned(),
        };
        found = match part.split_once('*') {
            None => found.iter().map(|folder| folder.join(&part)).filter(|path| path.exists()).collect(),
            Some((before, after)) => {
                let entries =
                    found.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten();
                let fits = |name: &str| {
                    name.len() >= part.len() - 1 && name.starts_with(before) && name.ends_with(after)
                };
                entries
                    .filter(|entry| fits(&entry.file_name().to_string_lossy()))
                    .map(|entry| entry.path())
                    .collect()
            }
        };
    }
    !found.is_empty()
}

/// It is read by people who begin here: in one sitting, and one thought at a time.
#[test]
fn the_architecture_is_short() {
    let text = without_blocks(&read(&root().join("ARCHITECTURE.md")));
    let n_words = |text: &str| text.split_whitespace().count();
    assert!(n_words(&text) < 1_300, "ARCHITECTURE.md has {} words", n_words(&text));
    // A point of a list and a row of a table are paragraphs of their own.
    let begins = |line: &str| line.trim_start().starts_with(['-', '*', '|', '#']) || line.trim().is_empty();
    let mut paragraphs = vec![String::new()];
    for line in text.lines() {
        if begins(line) {
            paragraphs.push(String::new());
        }
        let last = paragraphs.last_mut().expect("one at least");
        *last += &format!("{line} ");
    }
    let long: Vec<_> = paragraphs.iter().filter(|paragraph| n_words(paragraph) > 80).collect();
    assert!(long.is_empty(), "paragraphs of more than 80 words: {long:#?}");
}

#[test]
fn paths_are_found() {
    let (root, file) = (root(), root().join("crates/store/src/lib.rs"));
    let is_there = |path: &str| is_path(path) && places(&root, &file).iter().any(|place| exists(place, path));
    for path in [
        "migrations/{sqlite,postgres}",
        "crates/*/src",
        "store/src/lib.rs",
        "docs/",
        "migrations/*/0002_line.sql",
    ] {
        assert!(is_there(path), "{path}");
    }
    for path in
        ["migrations/{sqlite,oracle}", "crates/*/srcs", "nowhere/lib.rs", "/api/v1", "a / b", "…/files"]
    {
        assert!(!is_there(path), "{path}");
    }
}
