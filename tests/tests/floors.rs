//! Floors: a crate uses only floors below it. Reads the manifests, so that optional dependencies and those
//! of a feature that is off count as well.

use cargo_metadata::{DependencyKind, MetadataCommand};
use std::collections::BTreeMap;

const FLOORS: [(&str, u32); 12] = [
    ("domain", 0),
    ("learn", 0),
    ("sample", 0),
    ("records", 0),
    ("tables", 1),
    ("store", 1),
    ("derived", 1),
    ("workflow", 2),
    ("app", 3),
    ("server", 4),
    ("tests", 5),
    ("xtask", 5),
];

fn manifests() -> cargo_metadata::Metadata {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    MetadataCommand::new().manifest_path(manifest).no_deps().exec().expect("cargo metadata of the workspace")
}

#[test]
fn no_arrow_points_up() {
    let floors: BTreeMap<&str, u32> = FLOORS.into();
    let metadata = manifests();
    let mut wrong = Vec::new();
    for package in &metadata.packages {
        let Some(own) = floors.get(package.name.as_str()) else {
            wrong.push(format!("{} stands on no floor: give it one here", package.name));
            continue;
        };
        for dependency in &package.dependencies {
            let Some(below) = floors.get(dependency.name.as_str()) else { continue };
            // A crate's own tests may switch its features on.
            let itself =
                dependency.name == package.name.as_str() && dependency.kind == DependencyKind::Development;
            if below >= own && !itself {
                wrong
                    .push(format!("{} (floor {own}) uses {} (floor {below})", package.name, dependency.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(metadata.packages.len(), FLOORS.len());
}

/// What a floor must not know: the words and rules know no storage, no network and no clock; the browser's side knows
/// no server.
#[test]
fn the_lower_floors_stay_pure() {
    let io = ["tokio", "sqlx", "axum", "reqwest", "tantivy", "leptos", "jiff", "time", "chrono"];
    let metadata = manifests();
    for package in &metadata.packages {
        let banned: &[&str] = match package.name.as_str() {
            "domain" | "learn" | "sample" | "records" => &io,
            "store" => &["axum", "leptos", "tantivy", "ndarray"],
            "derived" => &["axum", "leptos", "sqlx"],
            "workflow" => &["axum", "leptos", "sqlx", "tantivy"],
            "app" => &["sqlx", "tantivy"],
            _ => &[],
        };
        for dependency in package.dependencies.iter().filter(|d| d.kind == DependencyKind::Normal) {
            assert!(
                !banned.contains(&dependency.name.as_str()),
                "{} must not use {}",
                package.name,
                dependency.name
            );
        }
    }
}

/// What is only for the server must stay behind the feature `ssr`, or it is sent to every browser.
#[test]
fn the_browser_is_sent_no_server() {
    let metadata = manifests();
    let app = metadata.packages.iter().find(|p| p.name.as_str() == "app").expect("the app");
    let to_browser: Vec<&str> = app
        .dependencies
        .iter()
        .filter(|d| !d.optional && d.kind == DependencyKind::Normal)
        .map(|d| d.name.as_str())
        .collect();
    let allowed =
        ["domain", "serde", "serde_json", "thiserror", "leptos", "wasm-bindgen", "web-sys", "js-sys"];
    for name in to_browser {
        assert!(allowed.contains(&name), "{name} would be compiled to WebAssembly: make it optional");
    }
}
