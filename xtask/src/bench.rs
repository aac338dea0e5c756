//! `cargo xtask bench`: measurements, by name.

use std::process::Command;

use anyhow::{Result, bail};

use crate::place::{Place, run};

struct Bench {
    name: &'static str,
    measures: &'static str,
    command: fn(&Place) -> Command,
}

/// One entry a benchmark: add the next one here.
const BENCHES: &[Bench] = &[Bench {
    name: "learn",
    measures: "each part of the learning: vectors, clusters, classifiers, agreement",
    command: |place| place.cargo(["bench", "-p", "learn"]),
}];

pub fn bench(arguments: &[String]) -> Result<()> {
    let place = Place::find()?;
    match arguments {
        [] => {
            for bench in BENCHES {
                println!("{:<12}{}", bench.name, bench.measures);
            }
            Ok(())
        }
        [name, passed @ ..] => match BENCHES.iter().find(|bench| bench.name == name) {
            Some(bench) => {
                let mut command = (bench.command)(&place);
                command.args(passed);
                run(command)
            }
            None => {
                let names: Vec<_> = BENCHES.iter().map(|bench| bench.name).collect();
                bail!("there is no benchmark `{name}`; there are: {}", names.join(", "))
            }
        },
    }
}
