//! Lines of JSON as records: a column for each key.

use crate::{Cell, json};
use std::sync::Arc;

/// The cells of a line. `names` are the columns so far; those that hold lists are added to `lists`. At most `most`
/// are taken.
pub fn cells(
    line: &str,
    names: &mut Vec<Arc<str>>,
    lists: &mut Vec<Arc<str>>,
    most: usize,
) -> Result<Vec<Cell>, String> {
    let mut cells: Vec<Cell> = Vec::with_capacity(names.len().min(most));
    let (mut n_cells, mut twice) = (0, None);
    json::object(line, &mut |path, value| {
        n_cells += 1;
        if n_cells > most {
            return;
        }
        // Most lines have the same keys in the same order.
        let next = names.get(cells.len()).filter(|name| ***name == *path);
        let name = match next.or_else(|| names.iter().find(|name| ***name == *path)) {
            Some(name) => name.clone(),
            None => {
                let name: Arc<str> = path.into();
                if names.len() < most {
                    names.push(name.clone());
                }
                name
            }
        };
        // A key with a dot may say the same as an object inside.
        if path.contains('.') && cells.iter().any(|(known, _)| *known == name) {
            twice = Some(name.clone());
        }
        let text = match value {
            json::Value::Text(text) => text.into_owned(),
            json::Value::Nested(json) => {
                lists.push(name.clone());
                json
            }
        };
        cells.push((name, text));
    })?;
    if n_cells > most {
        return Err(format!("the object has {n_cells} values; at most {most} are taken"));
    }
    if let Some(name) = twice {
        return Err(format!("two values are called “{name}”"));
    }
    Ok(cells)
}
