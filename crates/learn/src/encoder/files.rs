//! The files of a model's folder.

use super::EncoderError;
use super::model::Kind;
use std::path::Path;

/// Files that a model of either kind has.
const NEEDED: [&str; 3] = ["config.json", "tokenizer.json", "model.safetensors"];

/// Files that a sentence model may have.
const OF_SENTENCE: [&str; 3] = ["modules.json", "sentence_bert_config.json", "1_Pooling/config.json"];

/// Which files of `folder` a model is read from, for a copy of it: names relative to the folder, with `/` between
/// parts, and only those that exist. What else lies there is never read.
///
/// # Errors
/// [`EncoderError`] when the folder is of neither kind, or lacks a file that a model needs. Nothing but `config.json`
/// is read: [`Model::open`](super::Model::open) says whether the files are whole.
pub fn files(folder: &Path) -> Result<Vec<String>, EncoderError> {
    let kind = Kind::of(folder)?;
    for name in NEEDED {
        let path = folder.join(name);
        std::fs::metadata(&path).map_err(EncoderError::file(&path))?;
    }
    let more: &[&str] = if kind == Kind::Sentence { &OF_SENTENCE } else { &[] };
    let more = more.iter().filter(|name| folder.join(name).exists());
    Ok(NEEDED.iter().chain(more).map(|name| (*name).to_owned()).collect())
}
