//! What the JSON files of a model's folder say, as far as it is understood.

use crate::encoder::EncoderError;
use crate::encoder::json::{optional, required};
use serde::Deserialize;
use std::path::Path;

/// The shape of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    pub vocabulary: usize,
    pub hidden: usize,
    pub layers: usize,
    pub heads: usize,
    pub inner: usize,
    pub positions: usize,
    pub types: usize,
    pub epsilon: f32,
    pub activation: Activation,
    pub pooling: Pooling,
    /// The position of a text's first token: RoBERTa's models count from behind the padding token.
    pub first_position: usize,
    /// Tokens of a text that are read.
    pub longest: usize,
    /// Whether texts are lowercased before the tokenizer sees them.
    pub lowercase: bool,
}

/// What stands between the two layers of a feed-forward block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// x · Φ(x).
    Gelu,
    /// The same by a tanh (Hendrycks and Gimpel 2016).
    GeluTanh,
    /// max(x, 0).
    Relu,
}

/// How the vectors of a text's tokens become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooling {
    /// Their mean.
    Mean,
    /// The first of them.
    First,
}

/// `config.json` of a transformer.
#[derive(Deserialize)]
struct Transformer {
    model_type: Option<String>,
    vocab_size: usize,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    max_position_embeddings: usize,
    type_vocab_size: Option<usize>,
    layer_norm_eps: Option<f64>,
    hidden_act: Option<String>,
    position_embedding_type: Option<String>,
    pad_token_id: Option<usize>,
}

/// `sentence_bert_config.json`.
#[derive(Deserialize, Default)]
struct Sentence {
    max_seq_length: Option<usize>,
    do_lower_case: Option<bool>,
}

/// `1_Pooling/config.json`, of which older versions have one flag for each way, newer ones a name.
#[derive(Deserialize)]
struct PoolingFile {
    pooling_mode: Option<String>,
    #[serde(flatten)]
    others: serde_json::Map<String, serde_json::Value>,
}

/// One line of `modules.json`.
#[derive(Deserialize)]
struct Module {
    #[serde(rename = "type")]
    kind: String,
}

impl Config {
    pub fn read(folder: &Path) -> Result<Config, EncoderError> {
        let path = folder.join("config.json");
        let model: Transformer = required(&path)?;
        let wrong = |what: String| EncoderError::content(&path, what);
        let kind = model.model_type.as_deref().unwrap_or("bert");
        let first_position = match kind {
            "bert" => 0,
            "roberta" | "xlm-roberta" | "camembert" => model.pad_token_id.unwrap_or(1) + 1,
            _ => {
                return Err(wrong(format!(
                    "a model of the type {kind} can't be read: only bert, roberta, xlm-roberta and camembert"
                )));
            }
        };
        if let Some(how) = model.position_embedding_type.as_deref().filter(|how| *how != "absolute") {
            return Err(wrong(format!("positions of the type {how} can't be read: only absolute ones")));
        }
        let activation = match model.hidden_act.as_deref().unwrap_or("gelu") {
            "gelu" => Activation::Gelu,
            "gelu_new" | "gelu_pytorch_tanh" => Activation::GeluTanh,
            "relu" => Activation::Relu,
            other => return Err(wrong(format!("the activation {other} can't be read: only gelu and relu"))),
        };
        let (hidden, heads) = (model.hidden_size, model.num_attention_heads);
        if heads == 0 || hidden == 0 || hidden % heads != 0 {
            return Err(wrong(format!("{hidden} dimensions can't be split among {heads} heads")));
        }
        let epsilon = model.layer_norm_eps.unwrap_or(1e-12);
        if !(0.0..1.0).contains(&epsilon) {
            return Err(wrong(format!("layer_norm_eps is {epsilon}")));
        }
        modules(&folder.join("modules.json"))?;
        let sentence: Sentence = optional(&folder.join("sentence_bert_config.json"))?.unwrap_or_default();
        let room = model.max_position_embeddings.saturating_sub(first_position);
        Ok(Config {
            vocabulary: model.vocab_size,
            hidden,
            layers: model.num_hidden_layers,
            heads,
            inner: model.intermediate_size,
            positions: model.max_position_embeddings,
            types: model.type_vocab_size.unwrap_or(2),
            epsilon: epsilon as f32,
            activation,
            pooling: pooling(&folder.join("1_Pooling").join("config.json"))?,
            first_position,
            longest: sentence.max_seq_length.unwrap_or(room).min(room),
            lowercase: sentence.do_lower_case.unwrap_or(false),
        })
    }
}

/// Another module than these would change the vectors: better none than wrong ones.
fn modules(path: &Path) -> Result<(), EncoderError> {
    let modules: Vec<Module> = optional(path)?.unwrap_or_default();
    let known = ["Transformer", "Pooling", "Normalize"];
    match modules.iter().find(|module| !known.iter().any(|name| module.kind.ends_with(name))) {
        Some(other) => {
            Err(EncoderError::content(path, format!("the module {} is not known here", other.kind)))
        }
        None => Ok(()),
    }
}

fn pooling(path: &Path) -> Result<Pooling, EncoderError> {
    let Some(pool): Option<PoolingFile> = optional(path)? else { return Ok(Pooling::Mean) };
    let flags = pool.others.iter().filter(|(_, on)| on.as_bool() == Some(true));
    let mut ways: Vec<&str> = flags.filter_map(|(flag, _)| flag.strip_prefix("pooling_mode_")).collect();
    ways.extend(pool.pooling_mode.as_deref());
    match ways[..] {
        ["mean_tokens" | "mean"] => Ok(Pooling::Mean),
        ["cls_token" | "cls"] => Ok(Pooling::First),
        _ => Err(EncoderError::content(
            path,
            format!(
                "pooling by {} can't be done: only by the mean or by the first token",
                ways.join(" and ")
            ),
        )),
    }
}
