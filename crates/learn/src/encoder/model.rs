//! Either kind of model, by what a folder holds.

use super::{Encoder, EncoderError, StaticEncoder, json};
use ndarray::Array2;
use serde::Deserialize;
use std::path::Path;

/// Types of `config.json` that [`Encoder`] reads.
const SENTENCE: [&str; 4] = ["bert", "roberta", "xlm-roberta", "camembert"];

/// A model of either kind.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a process has one or two, and moves them once")]
pub enum Model {
    /// Texts go through the layers of a transformer.
    Sentence(Encoder),
    /// Texts are the mean of their tokens.
    Static(StaticEncoder),
}

/// What the files of a folder make up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sentence,
    Static,
}

#[derive(Deserialize)]
struct Config {
    model_type: Option<String>,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Sentence => "sentence",
            Kind::Static => "static",
        }
    }

    pub fn of(folder: &Path) -> Result<Kind, EncoderError> {
        let path = folder.join("config.json");
        if folder.is_dir() && !path.exists() {
            let what = "this folder holds no model: config.json, tokenizer.json and model.safetensors are needed, of \
                        a sentence model in the Hugging Face layout or of a static one by Model2Vec";
            return Err(EncoderError::content(folder, what));
        }
        let config: Config = json::required(&path)?;
        match config.model_type.as_deref().unwrap_or("bert") {
            "model2vec" => Ok(Kind::Static),
            kind if SENTENCE.contains(&kind) => Ok(Kind::Sentence),
            other => {
                let known = SENTENCE.join(", ");
                let what = format!(
                    "a model of the type {other} can't be read: only sentence models ({known}) and static ones \
                     (model2vec)"
                );
                Err(EncoderError::content(&path, what))
            }
        }
    }
}

impl Model {
    /// What [`kind`](Self::kind) says once the model in `folder` is opened. Only `config.json` is read.
    ///
    /// # Errors
    /// [`EncoderError`] when the folder is of neither kind.
    pub fn kind_of(folder: &Path) -> Result<&'static str, EncoderError> {
        Kind::of(folder).map(Kind::name)
    }

    /// Reads the model in `folder`.
    ///
    /// # Errors
    /// [`EncoderError`] when the folder is of neither kind, and those of [`Encoder::open`] and [`StaticEncoder::open`].
    pub fn open(folder: &Path) -> Result<Model, EncoderError> {
        match Kind::of(folder)? {
            Kind::Sentence => Encoder::open(folder).map(Model::Sentence),
            Kind::Static => StaticEncoder::open(folder).map(Model::Static),
        }
    }

    /// `sentence` or `static`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Model::Sentence(_) => Kind::Sentence.name(),
            Model::Static(_) => Kind::Static.name(),
        }
    }

    /// How many dimensions a vector has.
    #[must_use]
    pub fn dims(&self) -> usize {
        match self {
            Model::Sentence(encoder) => encoder.dims(),
            Model::Static(encoder) => encoder.dims(),
        }
    }

    /// One vector of length 1 for each text, n × dims, or zeros: as [`Encoder::encode`] and [`StaticEncoder::encode`].
    ///
    /// # Errors
    /// [`EncoderError::Text`] for a text that the tokenizer refuses.
    pub fn encode<T: AsRef<str> + Sync>(
        &self,
        texts: &[T],
        done: impl Fn(usize) + Sync,
    ) -> Result<Array2<f32>, EncoderError> {
        match self {
            Model::Sentence(encoder) => encoder.encode(texts, done),
            Model::Static(encoder) => encoder.encode(texts, done),
        }
    }
}
