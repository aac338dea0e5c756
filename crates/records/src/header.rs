//! The names of a table's columns.

use crate::coding::Letters;
use crate::rows::Row;
use crate::{NAME_LIMIT, Unreadable};
use std::sync::Arc;

/// Names that are no data, whatever stands beside them.
const NAMES: [&str; 9] = ["id", "text", "label", "item", "annotator", "date", "title", "name", "message"];

pub fn names(row: &Row<'_>, letters: Letters<'_>) -> Result<Vec<Arc<str>>, Unreadable> {
    let invalid = |what: String| Err(Unreadable::Invalid(what));
    let most = row.cells.len();
    if row.n_cells > most {
        return invalid(format!("The file has {} columns; at most {most} are taken.", row.n_cells));
    }
    let mut names: Vec<Arc<str>> = Vec::new();
    for (i, cell) in row.cells.iter().enumerate() {
        let name = letters.cell(cell);
        let name = if name.trim().is_empty() { format!("column {}", i + 1) } else { name.trim().to_owned() };
        if name.chars().count() > NAME_LIMIT || name.contains('\0') {
            return invalid(format!(
                "Column {} has no usable name in the first line: a header with at most {NAME_LIMIT} characters a \
                 name is needed.",
                i + 1
            ));
        }
        if names.iter().any(|n| **n == *name) {
            return invalid(format!(
                "Two columns are called “{name}”. Rename one of them in the first line."
            ));
        }
        names.push(name.into());
    }
    Ok(names)
}

/// A name that looks like data: a number, a time, an address, a sentence.
pub fn data_in(names: &[Arc<str>]) -> Option<&str> {
    if names.iter().any(|name| NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))) {
        return None;
    }
    let is_data = |name: &&Arc<str>| {
        let is_number = name.parse::<f64>().is_ok_and(f64::is_finite);
        let is_time = name.starts_with(|c: char| c.is_ascii_digit())
            && name.contains([':', '-', '/', '.'])
            && name.chars().all(|c| c.is_ascii_digit() || " :-/.+TZ".contains(c));
        let is_address = name.contains("://") || name.contains('@') && name.contains('.');
        is_number || is_time || is_address || name.split_whitespace().count() > 3
    };
    names.iter().find(is_data).map(|name| &**name)
}
