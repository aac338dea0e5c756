//! What is looked at before a model is installed: it must open, and make vectors of texts.

use crate::{Error, Result};
use learn::encoder::{EncoderError, Model, files};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

/// A model that works.
#[derive(Debug)]
pub struct Checked {
    pub kind: &'static str,
    pub dims: usize,
    /// What it is read from, by path in its folder.
    pub files: Vec<String>,
}

/// Texts of several scripts: one of them at least is made of tokens that a model knows.
const TRIED: [&str; 4] =
    ["Where is my card?", "Ich möchte mein Geld zurück.", "カードはどこですか", "أين بطاقتي؟"];

/// How a file begins that stands for one that was not fetched.
const POINTER: &[u8] = b"version https://git-lfs";

/// Opens the model in a folder and tries it.
pub fn check(folder: &Path) -> Result<Checked> {
    let wrong = |error| refused(folder, error);
    let files = files(folder).map_err(wrong)?;
    for file in &files {
        if is_pointer(&folder.join(file)) {
            let what =
                format!("{file} is only a pointer of Git LFS: fetch the file itself with git lfs pull.");
            return Err(Error::invalid("file", what));
        }
    }
    let model = Model::open(folder).map_err(wrong)?;
    let rows = model.encode(&TRIED, |_| {}).map_err(wrong)?;
    if rows.iter().any(|x| !x.is_finite()) {
        let what =
            "The model gives vectors with NaN or infinite numbers: it is broken, or not one of these kinds.";
        return Err(Error::invalid("file", what));
    }
    if rows.iter().all(|x| *x == 0.0) {
        let what = "The model knows no word of English, German, Japanese or Arabic: is tokenizer.json of this model?";
        return Err(Error::invalid("file", what));
    }
    Ok(Checked { kind: model.kind(), dims: model.dims(), files })
}

fn is_pointer(path: &Path) -> bool {
    let mut start = [0; POINTER.len()];
    File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == POINTER
}

/// Why a model is refused: files by their names in the folder, since nobody knows where a zip was unpacked.
fn refused(folder: &Path, error: EncoderError) -> Error {
    let name = |path: &Path| path.strip_prefix(folder).unwrap_or(path).display().to_string();
    let what = match error {
        EncoderError::File { path, source } if source.kind() == ErrorKind::NotFound => {
            missing(folder, &name(&path))
        }
        EncoderError::File { path, source } => format!("{} can’t be read: {source}.", name(&path)),
        EncoderError::Content { path, what } => match name(&path).as_str() {
            "" => format!("{what}."),
            file => format!("{file} is not usable: {what}."),
        },
        other => format!("The model does not work: {other}."),
    };
    let mut letters = what.chars();
    // The name of a file keeps its letters.
    let what = match letters.next() {
        Some(first) if what.starts_with("this ") => format!("{}{}", first.to_uppercase(), letters.as_str()),
        _ => what,
    };
    Error::invalid("file", what)
}

fn missing(folder: &Path, file: &str) -> String {
    let others = ["pytorch_model.bin", "tf_model.h5", "model.onnx"];
    match others.into_iter().find(|other| folder.join(other).exists()) {
        Some(other) if file == "model.safetensors" => {
            format!("model.safetensors is missing, and {other} is not read: save the model as safetensors.")
        }
        _ => format!(
            "{file} is missing: bring the whole folder of the model, with config.json, tokenizer.json and \
             model.safetensors."
        ),
    }
}
