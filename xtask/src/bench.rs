//! `cargo xtask bench`: measurements, by name. Each prints its tables and puts them into `docs/benchmarks.md`.

mod document;
mod front;
mod kills;
mod learn;
mod load;
mod million;
mod options;
mod owner;
mod peers;
mod process;
mod programs;
mod python;
mod quality;
mod table;

use std::io::{Write, stdout};

use anyhow::{Result, bail};

use crate::place::Place;
use crate::step::step;
use document::Document;
use options::Options;

pub use programs::on_disk;

struct Bench {
    name: &'static str,
    measures: &'static str,
    /// The options that make it smaller.
    sizes: &'static [&'static str],
    run: fn(&Place, &Options) -> Result<Section>,
}

/// What a benchmark has to say.
struct Section {
    /// Markdown below a heading of its own.
    text: String,
    /// What must not be: broken promises, answers that failed. Figures that are not reached are no failures.
    failures: Vec<String>,
}

/// One entry a benchmark, in the order of the document: add the next one here.
const BENCHES: &[Bench] = &[
    Bench {
        name: "load",
        measures: "64 people who answer over HTTP, alone and beside an import and releases, on both databases",
        sizes: &["people", "seconds", "items", "beside"],
        run: load::run,
    },
    Bench {
        name: "peers",
        measures: "8 people, beside Label Studio and Potato in the same run",
        sizes: &["seconds", "items", "solo"],
        run: peers::run,
    },
    Bench {
        name: "kills",
        measures: "kill -9 at random moments while people answer, on both databases",
        sizes: &["kills"],
        run: kills::run,
    },
    Bench {
        name: "million",
        measures: "import and release of 1,000,000 texts, and every list over them",
        sizes: &["items"],
        run: million::run,
    },
    Bench {
        name: "front",
        measures: "what a browser is sent, and what Lighthouse says of the Label page",
        sizes: &[],
        run: front::run,
    },
    Bench {
        name: "learn",
        measures: "each part of the learning, beside Python",
        sizes: &[],
        run: learn::run,
    },
    Bench {
        name: "quality",
        measures: "accuracy, labels saved and clusters found on Banking77",
        sizes: &["seeds"],
        run: quality::run,
    },
    Bench {
        name: "owner",
        measures: "what a person has after some minutes on Discover, beside single answers",
        sizes: &[],
        run: owner::run,
    },
];

pub fn bench(arguments: &[String]) -> Result<()> {
    let Some((name, rest)) = arguments.split_first() else { return list() };
    let place = Place::find()?;
    let chosen: Vec<&Bench> = match name.as_str() {
        "all" => BENCHES.iter().collect(),
        name => BENCHES.iter().filter(|bench| bench.name == name).collect(),
    };
    if chosen.is_empty() {
        let names: Vec<_> = BENCHES.iter().map(|bench| bench.name).collect();
        bail!("there is no benchmark `{name}`; there are: all, {}", names.join(", "));
    }
    let sizes: Vec<&str> = chosen.iter().flat_map(|bench| bench.sizes).copied().collect();
    let options = Options::parse(rest, &sizes)?;
    let mut failures = Vec::new();
    for bench in chosen {
        let section = step(&format!("bench {}", bench.name), || (bench.run)(&place, &options))?;
        writeln!(stdout(), "\n{}", section.text)?;
        let document = Document::of(&place, &options)?;
        document.put(bench.name, &section.text)?;
        writeln!(stdout(), "Written to {}", document.path.display())?;
        failures.extend(section.failures.into_iter().map(|failure| format!("{}: {failure}", bench.name)));
    }
    if !failures.is_empty() {
        bail!("{}", failures.join("\n"));
    }
    Ok(())
}

fn list() -> Result<()> {
    let mut out = stdout();
    writeln!(out, "cargo xtask bench all, or one of:\n")?;
    for bench in BENCHES {
        writeln!(out, "{:<10}{}", bench.name, bench.measures)?;
        if !bench.sizes.is_empty() {
            let sizes: Vec<_> = bench.sizes.iter().map(|size| format!("--{size} N")).collect();
            writeln!(out, "{:<10}  {}", "", sizes.join(" "))?;
        }
    }
    writeln!(
        out,
        "\nA size other than the usual one, or --dev for programs that are built in a moment, makes a trial: it is \
         printed, and written to the target folder instead of docs/benchmarks.md."
    )?;
    Ok(())
}
