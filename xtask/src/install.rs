//! What the project needs from outside cargo: installed where that is ours to do (root on Debian, as in CI and in
//! containers), otherwise named in one sentence.

use std::path::Path;

use anyhow::{Result, bail};

use crate::place::{Place, output, run};

/// The compiler's WebAssembly target.
pub fn wasm_target(place: &Place) -> Result<()> {
    const TARGET: &str = "wasm32-unknown-unknown";
    let rustc = || std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let folder = output(place.command(rustc(), ["--print", "target-libdir", "--target", TARGET]))?;
    if Path::new(folder.trim()).is_dir() {
        return Ok(());
    }
    if crate::place::on_path(&["rustup"]).is_none() {
        bail!("the compiler can't build WebAssembly: install its standard library for {TARGET}");
    }
    run(place.command("rustup", ["target", "add", TARGET]))
}

/// Returns what `find` finds, after installing the Debian package if it finds nothing.
pub fn debian<T>(place: &Place, package: &str, otherwise: &str, find: impl Fn() -> Option<T>) -> Result<T> {
    if let Some(found) = find() {
        return Ok(found);
    }
    if may_install() {
        let apt = |arguments: &[&str]| {
            let mut command = place.command("apt-get", arguments);
            command.env("DEBIAN_FRONTEND", "noninteractive");
            run(command)
        };
        apt(&["-qq", "update"])?;
        apt(&["-qq", "-y", "--no-install-recommends", "install", package])?;
        if let Some(found) = find() {
            return Ok(found);
        }
    }
    bail!("{package} is missing: {otherwise}")
}

pub fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
}

fn may_install() -> bool {
    is_root() && Path::new("/etc/debian_version").exists() && crate::place::on_path(&["apt-get"]).is_some()
}
