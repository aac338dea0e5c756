//! Everything that cargo alone doesn't do: build the browser's side, put one program together, run every test.
//! One file a subcommand; the rest are the tools they share.

mod assets;
mod bench;
mod browser;
mod build;
mod front;
mod install;
mod npm;
mod place;
mod postgres;
mod run;
mod step;
mod test;

use std::io::{Write, stdout};
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask run [--release] [-- ARGS]   build everything and serve the demo on http://127.0.0.1:3000
cargo xtask build [--release]           one file, `assay`, with styles, fonts and wasm inside
cargo xtask test [--without WHAT,..]    every check and every test; WHAT is postgres or browser
cargo xtask bench [NAME|all]            measure, and write docs/benchmarks.md; without a name, the list";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", &[][..]),
    };
    let done = match command {
        "run" => run::run(rest),
        "build" => build::build(rest),
        "test" => test::test(rest),
        "bench" => bench::bench(rest),
        "help" | "--help" | "-h" => writeln!(stdout(), "{HELP}").map_err(anyhow::Error::from),
        other => Err(anyhow::anyhow!("there is no `cargo xtask {other}`\n\n{HELP}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\n{error:#}");
            ExitCode::FAILURE
        }
    }
}
