//! Measures the product from outside, on this machine's loopback, against servers and commands of its own. Prints one
//! JSON object; `cargo xtask bench` builds it, runs it and makes tables of what it says.
//!
//! `measure load    [--engine E] [--people 64] [--seconds 20] [--items 200000] [--overlap 1] [--beside ROWS]`
//! `measure kills   [--engine E] [--kills 50]`
//! `measure million [--items 1000000]`
//!
//! The program `assay` is taken from beside this one, or from `ASSAY_BIN`. Data is written beside this program, which
//! must not lie in memory. With `--engine postgres`, `ASSAY_BENCH_POSTGRES` names an empty database on a server with
//! fsync on.

mod arguments;
mod beside;
mod child;
mod load;
mod million;
mod pages;
mod settle;

use arguments::Arguments;
use serde_json::{Value, json};
use std::io::{Write, stdout};
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let what = words.next().unwrap_or_default();
    let arguments = Arguments::new(words.collect());
    let measured = match what.as_str() {
        "load" => load::load(arguments).await,
        "kills" => kills(arguments).await,
        "million" => million::million(arguments).await,
        other => panic!("measure load, kills or million, not “{other}”"),
    };
    match writeln!(stdout(), "{measured}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// What is lost or broken ends the program before it prints.
async fn kills(mut arguments: Arguments) -> Value {
    let (engine, url) = arguments.engine();
    let kills = arguments.number("--kills", 50);
    arguments.end();
    let confirmed = tests::kills::killed_again_and_again(url, kills).await;
    json!({ "engine": engine, "kills": kills, "confirmed": confirmed })
}

/// What is under way, for those who wait.
fn tell(what: &str) {
    eprintln!("   … {what}");
}
