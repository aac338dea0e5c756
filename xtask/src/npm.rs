//! Packages from npm: exactly what the lock file says, installed once.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::place::{Place, on_path, run};

/// Installs a folder's locked packages, unless they are there already. Returns its `node_modules`.
pub fn packages(place: &Place, folder: &str) -> Result<PathBuf> {
    let folder = place.root.join(folder);
    let modules = folder.join("node_modules");
    let lock = std::fs::read(folder.join("package-lock.json")).context("reading package-lock.json")?;
    let wanted = blake3::hash(&lock).to_hex().to_string();
    let stamp = modules.join(".installed-from");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(modules);
    }
    let npm = on_path(&["npm"]).context("npm is missing: install Node.js 20 or newer")?;
    let mut install = Command::new(npm);
    // No package here needs its install script, and the browser is the system's own.
    install.args(["ci", "--ignore-scripts", "--loglevel=error"]).current_dir(&folder);
    install.env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
    run(install)?;
    std::fs::write(&stamp, wanted).with_context(|| format!("writing {}", stamp.display()))?;
    Ok(modules)
}

/// A program that a package brought.
pub fn program(modules: &Path, name: &str) -> Command {
    Command::new(modules.join(".bin").join(name))
}
