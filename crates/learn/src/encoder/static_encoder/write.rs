//! A static encoder into a folder, as Model2Vec writes it.

use super::StaticEncoder;
use crate::encoder::EncoderError;
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use std::path::Path;

pub fn write(encoder: &StaticEncoder, folder: &Path) -> Result<(), EncoderError> {
    std::fs::create_dir_all(folder).map_err(EncoderError::file(folder))?;
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).map_err(EncoderError::file(&path))
    };
    let config = serde_json::json!({
        "model_type": "model2vec",
        "architectures": ["StaticModel"],
        "hidden_dim": encoder.dims(),
        "embedding_dtype": "float32",
        "normalize": true,
        "max_length": encoder.longest,
    });
    put("config.json", format!("{config:#}\n").as_bytes())?;
    let tokenizer = encoder.tokens.tokenizer.to_string(false);
    let tokenizer =
        tokenizer.map_err(|e| EncoderError::content(&folder.join("tokenizer.json"), e.to_string()))?;
    put("tokenizer.json", tokenizer.as_bytes())?;
    let bytes: Vec<u8> = encoder.table.iter().flat_map(|x| x.to_le_bytes()).collect();
    let path = folder.join("model.safetensors");
    let wrong = |e: safetensors::SafeTensorError| EncoderError::content(&path, e.to_string());
    let shape = vec![encoder.table.nrows(), encoder.dims()];
    let tensor = TensorView::new(Dtype::F32, shape, &bytes).map_err(wrong)?;
    let file = safetensors::serialize([("embeddings", tensor)], None).map_err(wrong)?;
    put("model.safetensors", &file)
}
