//! `cargo xtask build`: one file with everything inside.

use std::io::{Write, stdout};
use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::front;
use crate::place::{Place, Profile, run};
use crate::step::step;

pub fn build(arguments: &[String]) -> Result<()> {
    let profile = profile(arguments)?;
    let place = Place::find()?;
    front::build(&place, profile)?;
    let program = step("the program, with its assets inside", || {
        compile(&place, profile, true, &["assay"])?;
        let folder = place.target.join("dist");
        std::fs::create_dir_all(&folder)?;
        let program = folder.join("assay");
        // Removed first: a copy that runs can't be written to.
        let _ = std::fs::remove_file(&program);
        std::fs::copy(place.program(profile), &program)?;
        Ok(program)
    })?;
    let megabytes = std::fs::metadata(&program)?.len() as f64 / 1e6;
    writeln!(stdout(), "{} ({megabytes:.1} MB)", program.display())?;
    Ok(())
}

pub fn profile(arguments: &[String]) -> Result<Profile> {
    match arguments {
        [] => Ok(Profile::Dev),
        [one] if one == "--release" => Ok(Profile::Release),
        other => bail!("unknown arguments: {}", other.join(" ")),
    }
}

/// The server to run from here: a debug build reads its assets from disk, so that a new style needs no new server.
pub fn server(place: &Place, profile: Profile) -> Result<PathBuf> {
    step("the server", || compile(place, profile, profile == Profile::Release, &["assay"]))?;
    Ok(place.program(profile))
}

/// Builds these programs. With `--workspace`, the features that crates are built with are those of the tests, and less is built twice.
pub fn compile(place: &Place, profile: Profile, embed: bool, programs: &[&str]) -> Result<()> {
    let mut cargo = place.cargo(["build", "--workspace"]);
    for program in programs {
        cargo.args(["--bin", program]);
    }
    if profile == Profile::Release {
        cargo.arg("--release");
    }
    if embed {
        cargo.env("ASSAY_ASSETS", place.assets(profile));
    } else {
        cargo.env_remove("ASSAY_ASSETS");
    }
    run(cargo)
}
