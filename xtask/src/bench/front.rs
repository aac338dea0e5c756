//! What a browser is sent, and what Lighthouse says of the Label page on a phone.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use super::Section;
use super::options::Options;
use super::process::Group;
use super::programs::{Programs, told};
use super::table::{Table, number};
use crate::browser;
use crate::place::{Place, on_path, output, run as to_the_end};
use crate::postgres::free_port;
use crate::step::step;

/// Newer ones want a newer Node.js.
const LIGHTHOUSE: &str = "lighthouse@12.8.2";
const PASSWORD: &str = "only for a benchmark";

pub fn run(place: &Place, options: &Options) -> Result<Section> {
    let programs = Programs::build(place, options)?;
    let folder = place.assets(options.profile);
    let names = fs::read_to_string(folder.join("manifest.json")).context("the list of assets")?;
    let names: BTreeMap<String, String> = serde_json::from_str(&names)?;
    let mut sizes = Table::new(&["file", "bytes", "with Brotli", "to reach"]);
    for (file, goal) in [("app_bg.wasm", "under 200 KB"), ("app.js", ""), ("app.css", "")] {
        let path = folder.join(names.get(file).with_context(|| format!("{file} among the assets"))?);
        let size = |path: PathBuf| fs::metadata(path).map(|about| about.len() as f64);
        let (whole, packed) = (size(path.clone())?, size(PathBuf::from(format!("{}.br", path.display())))?);
        sizes.row([file, &number(whole), &format!("{:.1} KB", packed / 1e3), goal]);
    }
    let mut text = format!("## What a browser is sent\n\n{sizes}");
    let mut failures = Vec::new();
    match step("Lighthouse", || lighthouse(place, &programs)) {
        Ok(table) => text.push_str(&format!(
            "\nThe Label page of the demo, as Lighthouse ({LIGHTHOUSE}) sees it on a phone, slowed down as it does by \
             itself; the middle one of three looks:\n\n{table}"
        )),
        Err(error) => {
            text.push_str("\nLighthouse could not be run.\n");
            failures.push(format!("{error:#}"));
        }
    }
    Ok(Section { text, failures })
}

fn lighthouse(place: &Place, programs: &Programs) -> Result<Table> {
    let chromium = browser::chromium(place)?;
    let modules = installed(place)?;
    let folder = place.target.join("bench").join("front");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let port = free_port()?;
    let mut demo = programs.assay();
    demo.args(["demo", "--password", PASSWORD, "--listen", &format!("127.0.0.1:{port}"), "--data"]);
    demo.arg(folder.join("data"));
    let mut server = Group::start(demo, &folder.join("server.log"))?;
    server.ready(port, "/health", Duration::from_secs(300))?;
    let mut node = Command::new(on_path(&["node"]).context("Node.js is missing")?);
    node.arg(place.root.join("xtask/bench/lighthouse.mjs"));
    node.arg(&modules).arg(&chromium).arg(format!("http://127.0.0.1:{port}")).arg(PASSWORD);
    let said = output(node)?;
    let scores: Value = serde_json::from_str(said.lines().last().unwrap_or_default())
        .with_context(|| format!("what Lighthouse said: {said}"))?;
    let mut table = Table::new(&["", "figure", "to reach"]);
    for (what, path, unit, goal) in [
        ("performance", "/performance", "", "at least 95"),
        ("accessibility", "/accessibility", "", "at least 95"),
        ("first contentful paint", "/first_paint_ms", " ms", ""),
        ("largest contentful paint", "/largest_paint_ms", " ms", ""),
        ("total blocking time", "/blocked_ms", " ms", ""),
        ("cumulative layout shift", "/shift", "", ""),
        ("sent over the network", "/sent_kb", " KB", ""),
    ] {
        table.row([what.to_owned(), number(told(&scores, path)) + unit, goal.to_owned()]);
    }
    Ok(table)
}

/// Lighthouse in a folder of its own, kept between runs.
fn installed(place: &Place) -> Result<PathBuf> {
    let folder = place.target.join("bench").join("lighthouse");
    let stamp = folder.join("installed");
    let modules = folder.join("node_modules");
    if fs::read_to_string(&stamp).is_ok_and(|there| there == LIGHTHOUSE) {
        return Ok(modules);
    }
    fs::create_dir_all(&folder)?;
    install(&folder)?;
    fs::write(stamp, LIGHTHOUSE)?;
    Ok(modules)
}

fn install(folder: &Path) -> Result<()> {
    let npm = on_path(&["npm"]).context("npm is missing: install Node.js 20 or newer")?;
    let mut install = Command::new(npm);
    install.args(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"]);
    install.arg(folder).arg(LIGHTHOUSE).env("PUPPETEER_SKIP_DOWNLOAD", "1");
    to_the_end(install)
}
