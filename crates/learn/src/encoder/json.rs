//! The JSON files of a model's folder.

use super::EncoderError;
use serde::de::DeserializeOwned;
use std::path::Path;

pub fn required<T: DeserializeOwned>(path: &Path) -> Result<T, EncoderError> {
    let bytes = std::fs::read(path).map_err(EncoderError::file(path))?;
    serde_json::from_slice(&bytes).map_err(|e| EncoderError::content(path, e.to_string()))
}

pub fn optional<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, EncoderError> {
    if path.exists() { required(path).map(Some) } else { Ok(None) }
}
