//! The programs that are measured and that measure, and where their data may lie.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::options::Options;
use crate::place::{Place, Profile};
use crate::postgres::Cluster;
use crate::step::step;
use crate::{build, front};

pub struct Programs<'a> {
    place: &'a Place,
    profile: Profile,
}

impl Programs<'_> {
    /// Builds `assay` as people get it, and the program that measures it.
    pub fn build<'a>(place: &'a Place, options: &Options) -> Result<Programs<'a>> {
        let profile = options.profile;
        on_disk(&place.target)?;
        front::build(place, profile)?;
        step("the programs", || {
            build::compile(place, profile, profile == Profile::Release, &["assay", "measure"])
        })?;
        // What was built goes to the disk now, and not while something is measured.
        let _ = Command::new("sync").status();
        Ok(Programs { place, profile })
    }

    /// `assay`, with its assets at hand.
    pub fn assay(&self) -> Command {
        let mut command = Command::new(self.place.program(self.profile));
        command.env("ASSAY_ASSETS", self.place.assets(self.profile));
        command
    }

    /// Runs a measurement and returns what it printed; what it tells meanwhile is shown.
    pub fn measure(&self, cluster: Option<&Cluster>, words: &[&str]) -> Result<Value> {
        let mut command = Command::new(self.place.program(self.profile).with_file_name("measure"));
        command.args(words).env("ASSAY_BIN", self.place.program(self.profile));
        command.env("ASSAY_ASSETS", self.place.assets(self.profile));
        if let Some(cluster) = cluster {
            command.env("ASSAY_BENCH_POSTGRES", &cluster.url).args(["--engine", "postgres"]);
        }
        let done = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
        let done = done.context("starting the program that measures")?;
        if !done.status.success() {
            bail!("measure {}: {}", words.join(" "), done.status);
        }
        serde_json::from_slice(&done.stdout).with_context(|| format!("what measure {words:?} printed"))
    }
}

/// A number that a measurement told.
pub fn told(value: &Value, path: &str) -> f64 {
    value.pointer(path).and_then(Value::as_f64).unwrap_or(f64::NAN)
}

/// Data in memory would be synced in no time: figures of that are worth nothing.
pub fn on_disk(folder: &Path) -> Result<()> {
    let folder = nearest(folder)?;
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let kind = mounts
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ').skip(1);
            Some((words.next()?, words.next()?))
        })
        .filter(|(at, _)| folder.starts_with(at))
        .max_by_key(|(at, _)| at.len());
    match kind {
        Some((at, "tmpfs" | "ramfs")) => bail!("{at} lies in memory: put the target folder on a disk"),
        _ => Ok(()),
    }
}

/// The folder itself, or the first above it that is there.
fn nearest(folder: &Path) -> Result<PathBuf> {
    let there = folder.ancestors().find(|above| above.is_dir()).context("a folder that is there")?;
    there.canonicalize().with_context(|| format!("{} can't be found", there.display()))
}
