//! `cargo xtask run`: from sources to the running demo.

use std::os::unix::process::CommandExt;

use anyhow::{Context, Result};

use crate::place::Place;
use crate::{build, front};

pub fn run(arguments: &[String]) -> Result<()> {
    let (own, passed) = match arguments.iter().position(|argument| argument == "--") {
        Some(at) => (&arguments[..at], &arguments[at + 1..]),
        None => (arguments, &[][..]),
    };
    let profile = build::profile(own)?;
    let place = Place::find()?;
    front::build(&place, profile)?;
    let program = build::server(&place, profile)?;

    let mut demo = place.command(program, ["demo"]);
    if !passed.iter().any(|argument| argument == "--data" || argument.starts_with("--data=")) {
        demo.arg("--data").arg(place.target.join("demo-data"));
    }
    demo.args(passed).env("ASSAY_ASSETS", place.assets(profile));
    // The server takes this process's place, so that the terminal's signals reach it and nothing else.
    Err(demo.exec()).context("starting the demo")
}
