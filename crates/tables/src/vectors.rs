//! Vectors for a file's texts: by the built-in features, by a model in a folder, or given in a file.

mod npy;

use crate::{Error, progress};
use learn::lsa::{Lsa, LsaSpec};
use learn::sparse::Csr;
use learn::text::{Features, TfIdf};
use ndarray::Array2;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Where vectors come from: `lsa`, `sentence:FOLDER` or `given:FILE.npy`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Choice {
    /// Words and characters of the texts themselves, by a truncated SVD.
    #[default]
    Lsa,
    /// A model in the Hugging Face layout.
    Sentence(PathBuf),
    /// An `.npy` file with one row for each row of the table.
    Given(PathBuf),
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word.split_once(':') {
            None if word == "lsa" => Ok(Choice::Lsa),
            Some(("sentence", folder)) if !folder.is_empty() => Ok(Choice::Sentence(folder.into())),
            Some(("given", file)) if !file.is_empty() => Ok(Choice::Given(file.into())),
            _ => Err("lsa, sentence:FOLDER or given:FILE.npy".into()),
        }
    }
}

impl Choice {
    /// The file that is read, if one is.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Choice::Given(path) => Some(path),
            Choice::Lsa | Choice::Sentence(_) => None,
        }
    }
}

impl std::fmt::Display for Choice {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Choice::Lsa => write!(f, "lsa"),
            Choice::Sentence(folder) => write!(f, "sentence:{}", folder.display()),
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
        Choice::Sentence(folder) => sentence(folder, texts)?,
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

#[cfg(feature = "sentence")]
fn sentence<T: AsRef<str> + Sync>(folder: &Path, texts: &[T]) -> Result<Array2<f32>, Error> {
    let asked = |error: learn::encoder::EncoderError| Error::Asked(error.to_string());
    let encoder = learn::encoder::Encoder::open(folder).map_err(asked)?;
    let bar = progress::bar(texts.len() as u64, "vectors");
    let dense = encoder.encode(texts, |n| bar.inc(n as u64));
    bar.finish_and_clear();
    dense.map_err(asked)
}

#[cfg(not(feature = "sentence"))]
fn sentence<T>(folder: &Path, _: &[T]) -> Result<Array2<f32>, Error> {
    let folder = folder.display();
    Err(Error::Asked(format!(
        "{folder}: this program was built without sentence models (feature `sentence`)"
    )))
}

fn given(path: &Path, n: usize) -> Result<Array2<f32>, Error> {
    let mut dense = npy::read(path)?;
    if dense.nrows() != n {
        return Err(Error::table(path, format!("{} rows for {n} texts", dense.nrows())));
    }
    for mut row in dense.rows_mut() {
        let length = row.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>().sqrt();
        if length > 0.0 {
            row.mapv_inplace(|v| (f64::from(v) / length) as f32);
        }
    }
    Ok(dense)
}

#[cfg(test)]
mod tests;
