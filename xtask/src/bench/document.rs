//! `docs/benchmarks.md`: one section a benchmark, between marks, so that each is replaced by itself.

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::BENCHES;
use super::options::Options;
use crate::place::{Place, output};

pub struct Document {
    pub path: PathBuf,
    machine: String,
    /// When and of what.
    stamp: String,
}

impl Document {
    /// The document, or for a trial one like it in the target folder.
    pub fn of(place: &Place, options: &Options) -> Result<Document> {
        let path = if options.is_trial() {
            place.target.join("bench").join("trial.md")
        } else {
            place.root.join("docs").join("benchmarks.md")
        };
        let day = output(place.command("date", ["-u", "+%Y-%m-%d"]))?.trim().to_owned();
        let commit = output(place.command("git", ["describe", "--always", "--dirty=, changed since"]));
        let stamp = match commit {
            Ok(commit) => format!("Measured on {day}, commit {}.", commit.trim()),
            Err(_) => format!("Measured on {day}."),
        };
        Ok(Document { path, machine: machine(&day), stamp })
    }

    /// Replaces what stands there of one benchmark.
    pub fn put(&self, name: &str, text: &str) -> Result<()> {
        let before = std::fs::read_to_string(&self.path).unwrap_or_else(|_| empty());
        let section = format!("{}\n\n{}", text.trim_end(), self.stamp);
        let after = replace(&replace(&before, "machine", &self.machine), name, &section);
        let cant = || format!("writing {}", self.path.display());
        std::fs::create_dir_all(self.path.parent().context("a folder")?).with_context(cant)?;
        std::fs::write(&self.path, after).with_context(cant)
    }
}

/// The document before anything was measured.
fn empty() -> String {
    let mut text = String::from(
        "# Benchmarks\n\n<!-- machine -->\n<!-- /machine -->\n\n\
         `cargo xtask bench all` measures everything and writes this file; `cargo xtask bench` lists the parts, and \
         `cargo xtask bench NAME` measures one. Everything is built in the release profile and runs on one machine, \
         the programs that ask on the same cores as those that answer. Data lies on disk. Where another product is \
         named, it ran in the same run on the same machine, and the ratio is what counts. No test depends on a time.\n",
    );
    for bench in BENCHES {
        text.push_str(&format!(
            "\n<!-- {0} -->\nNot measured yet: `cargo xtask bench {0}`, {1}.\n<!-- /{0} -->\n",
            bench.name, bench.measures
        ));
    }
    text
}

/// Puts a text between the marks of a name; at the end where there are none.
fn replace(document: &str, name: &str, text: &str) -> String {
    let (open, close) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let between = format!("{open}\n{}\n{close}", text.trim_end());
    match (document.find(&open), document.find(&close)) {
        (Some(from), Some(to)) if from < to => {
            format!("{}{between}{}", &document[..from], &document[to + close.len()..])
        }
        _ => format!("{}\n\n{between}\n", document.trim_end()),
    }
}

/// What everything here was measured on.
fn machine(day: &str) -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let (cpu, memory) = (read("/proc/cpuinfo"), read("/proc/meminfo"));
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("an unknown processor", |(_, name)| name.trim());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let kilobytes = memory.lines().find_map(|line| line.strip_prefix("MemTotal:")?.split_whitespace().next());
    let gigabytes = kilobytes.and_then(|kb| kb.parse::<f64>().ok()).unwrap_or(0.0) / (1 << 20) as f64;
    let system = read("/proc/sys/kernel/osrelease");
    format!("{cores} cores of {model}, {gigabytes:.0} GB of memory, Linux {}; last run {day}.", system.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_replaced_and_nothing_else() {
        let document = empty();
        let one = replace(&document, "load", "first\n");
        let two = replace(&replace(&one, "kills", "killed"), "load", "second");
        assert!(two.contains("<!-- load -->\nsecond\n<!-- /load -->"), "{two}");
        assert!(two.contains("<!-- kills -->\nkilled\n<!-- /kills -->") && !two.contains("first"), "{two}");
        assert_eq!(replace(&two, "load", "second"), two);
        assert!(two.find("<!-- load") < two.find("<!-- kills"));
    }

    #[test]
    fn a_section_without_marks_comes_last() {
        assert_eq!(replace("# Own\n", "new", "text"), "# Own\n\n<!-- new -->\ntext\n<!-- /new -->\n");
    }
}
