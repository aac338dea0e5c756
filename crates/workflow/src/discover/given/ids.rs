//! The ids beside a file of vectors: one external id a line, in the order of the rows.

use crate::{Error, Result};
use std::collections::HashMap;
use std::path::Path;

/// Reads them. A line may end as on Windows, and the last one need not end.
pub fn read(path: &Path) -> Result<Vec<String>> {
    let bytes =
        std::fs::read(path).map_err(|error| wrong(format!("{} can’t be read: {error}.", path.display())))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| wrong("The ids are not UTF-8 text: one external id a line is needed.".to_owned()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let ids: Vec<String> = text.lines().map(|line| line.trim().to_owned()).collect();
    if ids.is_empty() {
        return Err(wrong("The file of ids is empty: one external id a line is needed.".to_owned()));
    }
    if let Some(at) = ids.iter().position(String::is_empty) {
        let line = at + 1;
        return Err(wrong(format!("Line {line} of the ids is empty: each row of the vectors needs an id.")));
    }
    let mut lines: HashMap<&str, usize> = HashMap::with_capacity(ids.len());
    for (at, id) in ids.iter().enumerate() {
        if let Some(first) = lines.insert(id, at + 1) {
            let line = at + 1;
            return Err(wrong(format!("The id “{id}” is there twice, in lines {first} and {line}.")));
        }
    }
    Ok(ids)
}

fn wrong(what: String) -> Error {
    Error::invalid("ids", what)
}
