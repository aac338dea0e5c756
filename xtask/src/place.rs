//! Where the sources are and where what is built goes, and commands started there.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// How the browser's side and the server are compiled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    Dev,
    Release,
}

impl Profile {
    /// The folder name for what xtask makes in this profile.
    pub fn name(self) -> &'static str {
        match self {
            Profile::Dev => "dev",
            Profile::Release => "release",
        }
    }

    /// Cargo's folder for the server program.
    pub fn cargo_folder(self) -> &'static str {
        match self {
            Profile::Dev => "debug",
            Profile::Release => "release",
        }
    }
}

pub struct Place {
    /// The workspace's root folder.
    pub root: PathBuf,
    /// Cargo's target folder, wherever environment or configuration put it.
    pub target: PathBuf,
}

impl Place {
    pub fn find() -> Result<Place> {
        // Cargo says where xtask lies now: where several clones share a target folder, another one may have built it.
        let said = std::env::var_os("CARGO_MANIFEST_DIR");
        let root = said
            .as_deref()
            .map_or(Path::new(env!("CARGO_MANIFEST_DIR")), Path::new)
            .parent()
            .context("xtask's folder has a parent: the workspace")?
            .to_path_buf();
        let place = Place { root, target: PathBuf::new() };
        let metadata = output(place.cargo(["metadata", "--no-deps", "--format-version", "1"]))?;
        let metadata: serde_json::Value = serde_json::from_str(&metadata).context("cargo metadata")?;
        let target = metadata["target_directory"].as_str().context("cargo metadata names a target folder")?;
        Ok(Place { target: PathBuf::from(target), ..place })
    }

    /// A cargo command in the workspace. What `cargo run` told xtask about xtask itself is taken away: build
    /// scripts that watch those variables would otherwise run again each time.
    pub fn cargo<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, arguments: I) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = self.command(&cargo, arguments);
        for (name, _) in std::env::vars_os() {
            let told = name.to_string_lossy();
            if told.starts_with("CARGO_PKG_") || told.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&name);
            }
        }
        command
    }

    /// Any other command, started in the workspace's root.
    pub fn command<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(
        &self,
        program: impl AsRef<OsStr>,
        arguments: I,
    ) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.root);
        command
    }

    /// The server program as cargo leaves it.
    pub fn program(&self, profile: Profile) -> PathBuf {
        self.target.join(profile.cargo_folder()).join("assay")
    }

    /// The folder of hashed assets and their manifest.
    pub fn assets(&self, profile: Profile) -> PathBuf {
        self.target.join("assets").join(profile.name())
    }
}

/// Runs to the end with its output visible; fails if it fails.
pub fn run(mut command: Command) -> Result<()> {
    let status =
        command.stdin(Stdio::null()).status().with_context(|| format!("starting {}", line(&command)))?;
    if !status.success() {
        bail!("failed ({status}): {}", line(&command));
    }
    Ok(())
}

/// Runs to the end and returns what it printed; fails with what it complained about.
pub fn output(mut command: Command) -> Result<String> {
    let done =
        command.stdin(Stdio::null()).output().with_context(|| format!("starting {}", line(&command)))?;
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr);
        bail!("failed ({}): {}\n{}", done.status, line(&command), said.trim());
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

/// The first of these programs on PATH.
pub fn on_path(names: &[&str]) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    names.iter().find_map(|name| {
        std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|file| file.is_file())
    })
}

fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}
