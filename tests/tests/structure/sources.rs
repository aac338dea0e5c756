//! The files of a crate, and the paths of other files that they name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the folder of the workspace")
}

/// All files below a folder with this extension, in order.
pub fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|e| e == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

pub fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The crates of the program, those for tests and tools left out.
pub fn crates() -> Vec<Crate> {
    let folders = ["domain", "learn", "sample", "records", "tables", "store", "derived", "workflow"];
    let folders = folders.map(|name| format!("crates/{name}"));
    folders.iter().map(String::as_str).chain(["app", "server"]).map(Crate::read).collect()
}

/// A module path below the root of its crate: `["label", "desk"]`.
type Module = Vec<String>;

/// Which file uses which others, and by which path.
pub type Arrows = BTreeMap<String, BTreeMap<String, String>>;

/// (The name under which a file knows it, or nothing outside of imports; the path as it stands.)
type Import = (String, Vec<String>);

pub struct Crate {
    pub name: String,
    /// What each file names, without its tests.
    modules: BTreeMap<Module, Vec<Import>>,
}

impl Crate {
    fn read(folder: &str) -> Crate {
        let src = root().join(folder).join("src");
        let mut modules = BTreeMap::new();
        let mut tests: Vec<Module> = vec![vec!["testing".into()], vec!["testbed".into()]];
        for path in files(&src, "rs") {
            let below = path.strip_prefix(&src).expect("a path below src").with_extension("");
            let mut module: Module = below.iter().map(|s| s.to_string_lossy().into_owned()).collect();
            if module == ["lib"] || module == ["main"] && !src.join("lib.rs").exists() {
                module.clear();
            }
            let (found, for_tests) = imports(&read(&path));
            tests.extend(for_tests.into_iter().map(|child| [module.clone(), vec![child]].concat()));
            modules.insert(module, found);
        }
        modules.retain(|module, _| !tests.iter().any(|test| module.starts_with(test)));
        Crate { name: folder.trim_start_matches("crates/").to_owned(), modules }
    }

    /// Which file uses which other, and by which path. The root of the crate, which names everything, stays out; so do
    /// arrows between a module and one inside of it.
    pub fn arrows(&self) -> Arrows {
        let mut arrows = BTreeMap::new();
        for (module, found) in self.modules.iter().filter(|(module, _)| !module.is_empty()) {
            let mut used = BTreeMap::new();
            for (_, path) in found {
                let Some(target) = self.resolve(module, path, 0) else { continue };
                if !target.is_empty() && !target.starts_with(module) && !module.starts_with(&target) {
                    used.entry(target.join("::")).or_insert_with(|| path.join("::"));
                }
            }
            arrows.insert(module.join("::"), used);
        }
        arrows
    }

    /// The module of the file in which a path ends, by way of what other files import and export.
    fn resolve(&self, from: &Module, path: &[String], depth: usize) -> Option<Module> {
        if depth > 20 {
            return None;
        }
        let mut at: Module = from.clone();
        let mut rest = path;
        match rest.first()?.as_str() {
            "crate" => {
                at.clear();
                rest = &rest[1..];
            }
            "self" => rest = &rest[1..],
            "super" => {
                while rest.first().is_some_and(|s| s == "super") {
                    at.pop()?;
                    rest = &rest[1..];
                }
            }
            first => {
                // A module inside of this one, or another crate.
                let child = [from.clone(), vec![first.to_owned()]].concat();
                if !self.modules.contains_key(&child) {
                    return None;
                }
            }
        }
        while let Some(name) = rest.first() {
            let child = [at.clone(), vec![name.clone()]].concat();
            if self.modules.contains_key(&child) {
                at = child;
                rest = &rest[1..];
                continue;
            }
            // Nothing of this name is a file: the file imports it, or has it itself.
            for (known, import) in
                self.modules.get(&at)?.iter().filter(|(known, _)| known == name || known == "*")
            {
                let beyond = if known == "*" { rest } else { &rest[1..] };
                let found = self.resolve(&at, &[import.as_slice(), beyond].concat(), depth + 1);
                if found.is_some() || known != "*" {
                    return found;
                }
            }
            break;
        }
        Some(at)
    }
}

/// What a file imports and the paths inside of it that begin with `crate`, `super` or `self`; and its modules that are
/// only for tests.
pub fn imports(text: &str) -> (Vec<Import>, Vec<String>) {
    let words = words(text);
    let is = |at: usize, what: &str| words.get(at).is_some_and(|word| word == what);
    let (mut found, mut for_tests) = (Vec::new(), Vec::new());
    let mut at = 0;
    while at < words.len() {
        if ["#", "[", "cfg", "(", "test", ")", "]"].iter().enumerate().all(|(i, word)| is(at + i, word)) {
            at += 7;
            let end = end_of_item(&words, at);
            if let Some(name) = words[at..end].windows(3).find(|w| w[0] == "mod" && w[2] == ";") {
                for_tests.push(name[1].clone());
            }
            at = end;
        } else if is(at, "use") {
            at = tree(&words, at + 1, &[], &mut found) + 1;
        } else if ["crate", "super", "self"].iter().any(|start| is(at, start)) && is(at + 1, "::") {
            let mut path = vec![words[at].clone()];
            at += 1;
            while is(at, "::") && words.get(at + 1).is_some_and(|word| is_name(word)) {
                path.push(words[at + 1].clone());
                at += 2;
            }
            found.push((String::new(), path));
        } else {
            at += 1;
        }
    }
    (found, for_tests)
}

/// Reads one tree of imports and returns where it ends.
fn tree(words: &[String], mut at: usize, before: &[String], into: &mut Vec<Import>) -> usize {
    let mut path = before.to_vec();
    loop {
        match words.get(at).map(String::as_str) {
            Some("::") => at += 1,
            Some("{") => {
                at += 1;
                while words.get(at).is_some_and(|word| word != "}") {
                    at = tree(words, at, &path, into);
                    if words.get(at).is_some_and(|word| word == ",") {
                        at += 1;
                    }
                }
                return at + 1;
            }
            Some("*") => {
                into.push(("*".to_owned(), path));
                return at + 1;
            }
            Some(word) if is_name(word) => {
                if word != "self" || path.is_empty() {
                    path.push(word.to_owned());
                }
                at += 1;
                match words.get(at).map(String::as_str) {
                    Some("::") => {}
                    Some("as") => {
                        into.push((words[at + 1].clone(), path));
                        return at + 2;
                    }
                    _ => {
                        into.push((path.last().cloned().unwrap_or_default(), path));
                        return at;
                    }
                }
            }
            _ => return at + 1,
        }
    }
}

/// Behind the item that begins here: its `;`, or the end of its braces.
fn end_of_item(words: &[String], mut at: usize) -> usize {
    let mut depth = 0;
    while let Some(word) = words.get(at) {
        at += 1;
        match word.as_str() {
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                if depth == 0 {
                    return at;
                }
            }
            ";" if depth == 0 => return at,
            _ => {}
        }
    }
    at
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Names, `::` and single signs; comments and texts in quotes are left out.
fn words(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut words = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let rest = &chars[at..];
        match rest {
            ['/', '/', ..] => at += rest.iter().position(|c| *c == '\n').unwrap_or(rest.len()),
            ['/', '*', ..] => at = past(&chars, at + 2, "*/"),
            ['r', '"', ..] => at = past(&chars, at + 2, "\""),
            ['r', '#', '"', ..] => at = past(&chars, at + 3, "\"#"),
            ['"', ..] => at = past_quotes(&chars, at + 1),
            // A letter in quotes; a lifetime has no second quote.
            ['\'', '\\', _, ..] => at = past(&chars, at + 3, "'"),
            ['\'', _, '\'', ..] => at += 3,
            [':', ':', ..] => {
                words.push("::".to_owned());
                at += 2;
            }
            [c, ..] if c.is_alphanumeric() || *c == '_' => {
                let n = rest.iter().take_while(|c| c.is_alphanumeric() || **c == '_').count();
                words.push(rest[..n].iter().collect());
                at += n;
            }
            [c, ..] => {
                if !c.is_whitespace() {
                    words.push(c.to_string());
                }
                at += 1;
            }
            [] => {}
        }
    }
    words
}

fn past(chars: &[char], mut at: usize, end: &str) -> usize {
    let end: Vec<char> = end.chars().collect();
    while at < chars.len() && !chars[at..].starts_with(&end) {
        at += 1;
    }
    at + end.len()
}

fn past_quotes(chars: &[char], mut at: usize) -> usize {
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}
