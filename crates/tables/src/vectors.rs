//! Vectors for a file's texts: by the built-in features, by a model in a folder, or given in a file.

pub mod npy;

use crate::{Error, progress};
use learn::lsa::{Lsa, LsaSpec};
use learn::sparse::Csr;
use learn::text::{Features, TfIdf};
use ndarray::Array2;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Where vectors come from: `lsa`, `sentence:FOLDER`, `static:FOLDER` or `given:FILE.npy`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Choice {
    /// Words and characters of the texts themselves, by a truncated SVD.
    #[default]
    Lsa,
    /// A sentence model in the Hugging Face layout.
    Sentence(PathBuf),
    /// A static model: a folder of Model2Vec, or one that was distilled from a sentence model.
    Static(PathBuf),
    /// An `.npy` file with one row for each row of the table.
    Given(PathBuf),
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word.split_once(':') {
            None if word == "lsa" => Ok(Choice::Lsa),
            Some(("sentence", folder)) if !folder.is_empty() => Ok(Choice::Sentence(folder.into())),
            Some(("static", folder)) if !folder.is_empty() => Ok(Choice::Static(folder.into())),
            Some(("given", file)) if !file.is_empty() => Ok(Choice::Given(file.into())),
            _ => Err("lsa, sentence:FOLDER, static:FOLDER (of Model2Vec) or given:FILE.npy".into()),
        }
    }
}

impl Choice {
    /// The file that is read, if one is.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Choice::Given(path) => Some(path),
            Choice::Lsa | Choice::Sentence(_) | Choice::Static(_) => None,
        }
    }
}

impl std::fmt::Display for Choice {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Choice::Lsa => write!(f, "lsa"),
            Choice::Sentence(folder) => write!(f, "sentence:{}", folder.display()),
            Choice::Static(folder) => write!(f, "static:{}", folder.display()),
            Choice::Given(file) => write!(f, "given:{}", file.display()),
        }
    }
}

/// What [`make`] and [`make_with_tfidf`] give.
#[derive(Debug)]
pub struct Vectors {
    /// One row for each text, of length 1, or of zeros where nothing is known of the text.
    pub dense: Array2<f32>,
    /// Where asked for: the vocabulary, and one sparse row for each text.
    pub tfidf: Option<(TfIdf, Csr)>,
}

/// Dense vectors alone: at 1,000,000 texts the sparse rows, over 1 GB, are never in memory together.
pub fn make<T: AsRef<str> + Sync>(choice: &Choice, texts: &[T], seed: u64) -> Result<Vectors, Error> {
    let dense = match choice {
        Choice::Lsa => built_in(texts, seed),
        Choice::Sentence(folder) => by_model("sentence", folder, texts)?,
        Choice::Static(folder) => by_model("static", folder, texts)?,
        Choice::Given(path) => given(path, texts.len())?,
    };
    Ok(Vectors { dense, tfidf: None })
}

/// Dense vectors and, whatever the choice, the tf-idf rows of the texts.
pub fn make_with_tfidf<T: AsRef<str> + Sync>(
    choice: &Choice,
    texts: &[T],
    seed: u64,
) -> Result<Vectors, Error> {
    let (tfidf, rows) = TfIdf::fit(&Features::default(), texts);
    let dense = match choice {
        Choice::Lsa => Lsa::fit(&rows, &LsaSpec::seeded(seed)).transform(&rows),
        _ => make(choice, texts, seed)?.dense,
    };
    Ok(Vectors { dense, tfidf: Some((tfidf, rows)) })
}

fn built_in<T: AsRef<str> + Sync>(texts: &[T], seed: u64) -> Array2<f32> {
    let tfidf = TfIdf::learn(&Features::default(), texts);
    let lsa = Lsa::learn(&tfidf, texts, &LsaSpec::seeded(seed));
    let bar = progress::bar(texts.len() as u64, "vectors");
    let dense = lsa.embed(&tfidf, texts, |n| bar.inc(n as u64));
    bar.finish_and_clear();
    dense
}

/// A folder of the other kind is refused by its name: one takes minutes where the other takes seconds.
#[cfg(feature = "sentence")]
fn by_model<T: AsRef<str> + Sync>(kind: &str, folder: &Path, texts: &[T]) -> Result<Array2<f32>, Error> {
    use learn::encoder::{EncoderError, Model};
    let asked = |error: EncoderError| Error::Asked(error.to_string());
    let holds = Model::kind_of(folder).map_err(asked)?;
    if holds != kind {
        let folder = folder.display();
        let is = "the model_type in its config.json is model2vec for a static model alone";
        return Err(Error::Asked(format!("{folder} holds a {holds} model: ask for {holds}:{folder} ({is})")));
    }
    let model = Model::open(folder).map_err(asked)?;
    let bar = progress::bar(texts.len() as u64, "vectors");
    let dense = model.encode(texts, |n| bar.inc(n as u64));
    bar.finish_and_clear();
    dense.map_err(asked)
}

#[cfg(not(feature = "sentence"))]
fn by_model<T>(_: &str, folder: &Path, _: &[T]) -> Result<Array2<f32>, Error> {
    let folder = folder.display();
    Err(Error::Asked(format!("{folder}: this program was built without models (feature `sentence`)")))
}

fn given(path: &Path, n: usize) -> Result<Array2<f32>, Error> {
    let file = File::open(path).map_err(Error::file(path))?;
    let length = file.metadata().map_err(Error::file(path))?.len();
    npy::vectors(BufReader::with_capacity(1 << 20, file), length, n).map_err(|error| match error {
        npy::NpyError::Read(source) => Error::File { path: path.to_owned(), source },
        npy::NpyError::Content(what) => Error::table(path, what),
    })
}

#[cfg(test)]
mod tests;
