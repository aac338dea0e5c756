//! Files of a crate use each other in one direction.

use crate::sources::{Arrows, crates, imports};
use std::collections::BTreeSet;

/// Circles that are there, as (crate, files). The list may only shrink, and should become empty.
const CIRCLES: &[(&str, &str)] = &[];

#[test]
fn files_use_each_other_in_one_direction() {
    let mut known: Vec<(&str, BTreeSet<&str>, bool)> =
        CIRCLES.iter().map(|(of, files)| (*of, files.split(", ").collect(), false)).collect();
    let mut wrong = Vec::new();
    for one in crates() {
        let arrows = one.arrows();
        for circle in circles(&arrows) {
            let known = known.iter_mut().find(|(of, files, _)| *of == one.name && files.is_superset(&circle));
            match known {
                Some((_, _, is_there)) => *is_there = true,
                None => wrong.push(told(&one.name, &circle, &arrows)),
            }
        }
    }
    assert!(wrong.is_empty(), "files use each other in circles:\n{}", wrong.join("\n"));
    let gone: Vec<_> = known.iter().filter(|(_, _, is_there)| !is_there).collect();
    assert!(gone.is_empty(), "these circles are gone, take them off the list: {gone:#?}");
}

fn told(name: &str, circle: &BTreeSet<&str>, arrows: &Arrows) -> String {
    let mut told = format!("{name}:");
    for from in circle {
        for (to, path) in arrows[*from].iter().filter(|(to, _)| circle.contains(to.as_str())) {
            told += &format!("\n    {from} uses {to}: {path}");
        }
    }
    told
}

/// The sets of files in which each comes to every other.
fn circles(arrows: &Arrows) -> BTreeSet<BTreeSet<&str>> {
    let mut circles = BTreeSet::new();
    for from in arrows.keys() {
        let there = reached(arrows, from);
        if there.contains(from.as_str()) {
            circles
                .insert(there.into_iter().filter(|to| reached(arrows, to).contains(from.as_str())).collect());
        }
    }
    circles
}

/// Every file that a file comes to, by one arrow or more.
fn reached<'a>(arrows: &'a Arrows, from: &str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        for to in arrows.get(at).into_iter().flat_map(|used| used.keys()) {
            if found.insert(to.as_str()) {
                open.push(to);
            }
        }
    }
    found
}

/// A transaction is a connection with a clock and ids. What is written with it stands above it.
#[test]
fn a_transaction_knows_nothing_of_what_is_written_with_it() {
    let above = ["label", "site", "data", "design", "agree", "release", "check", "sql"];
    let store = crates().into_iter().find(|one| one.name == "store").expect("the store");
    let used = store.arrows().remove("engine::tx").expect("the file of Tx");
    let wrong: Vec<_> =
        used.iter().filter(|(to, _)| above.iter().any(|wing| to.split("::").next() == Some(*wing))).collect();
    assert!(wrong.is_empty(), "engine/tx.rs uses {wrong:#?}");
}

#[test]
fn imports_are_read_from_the_text() {
    let (found, for_tests) = imports(
        r##"
        //! use crate::a_comment;
        use crate::a::{self, b::{C as D, e}, f::*};
        #[cfg(test)]
        #[allow(dead_code)]
        mod only_for_tests;
        #[cfg(test)]
        mod tests { use crate::never; fn x() { crate::never::y('}') } }
        fn f<'a>(x: &'a str) -> char { super::g::h("crate::text", r#"crate::raw"#, '"'); '\'' }
        "##,
    );
    let mut found: Vec<String> =
        found.iter().map(|(name, path)| format!("{name} = {}", path.join("::"))).collect();
    found.sort();
    let all =
        [" = super::g::h", "* = crate::a::f", "D = crate::a::b::C", "a = crate::a", "e = crate::a::b::e"];
    assert_eq!(found, all);
    assert_eq!(for_tests, ["only_for_tests"]);
}

#[test]
fn a_circle_is_found() {
    let used = |files: &[&str]| files.iter().map(|f| ((*f).to_owned(), String::new())).collect();
    let arrows: Arrows =
        [("a", used(&["b"])), ("b", used(&["c"])), ("c", used(&["b", "d"])), ("d", used(&[]))]
            .into_iter()
            .map(|(from, to)| (from.to_owned(), to))
            .collect();
    assert_eq!(circles(&arrows), BTreeSet::from([BTreeSet::from(["b", "c"])]));
}
