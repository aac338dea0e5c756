//! What a run is asked for (its vectors, its seed, its items), and what it came to.

use domain::EncoderId;
use domain::discover::Grains;
use domain::slice::Slice;
use serde::{Deserialize, Serialize};

/// Where vectors come from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Encoder {
    /// Words and characters of the texts themselves.
    #[default]
    Lsa,
    /// A model that an admin installed. Its name stays readable when it is removed.
    Installed { id: EncoderId, name: String },
    /// Vectors that the user brought.
    Given { id: i64, name: String },
}

impl Encoder {
    pub fn title(&self) -> String {
        match self {
            Encoder::Lsa => "the words of the texts (LSA)".to_owned(),
            Encoder::Installed { name, .. } => name.clone(),
            Encoder::Given { name, .. } => format!("given vectors “{name}”"),
        }
    }

    /// As forms and the command line write it.
    pub fn key(&self) -> String {
        match self {
            Encoder::Lsa => "lsa".to_owned(),
            Encoder::Installed { id, .. } => format!("encoder-{id}"),
            Encoder::Given { id, .. } => format!("given-{id}"),
        }
    }
}

/// What a run was asked for; kept with it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Spec {
    pub encoder: Encoder,
    pub seed: u64,
    /// Each text is clustered as the mean of itself and so many nearest texts.
    pub neighbours: usize,
    pub slice: Slice,
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    pub grains: Grains,
    pub n_leaves: usize,
    pub dims: usize,
    /// Share of the true neighbours of an item that are near it on the map.
    pub honesty: Option<f32>,
    pub reach: f32,
    /// BLAKE3 of leaves and places in item order: the same seed over the same texts gives the same.
    pub hash: String,
}
