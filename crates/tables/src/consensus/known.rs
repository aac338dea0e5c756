//! Golden items: labels that are known beforehand.

use crate::Error;
use crate::ratings::{Answers, Columns, Mark, is_no_label, name};
use crate::read::Table;
use rustc_hash::FxHashMap;
use std::path::Path;

#[derive(Debug, Default)]
pub struct Known {
    /// Labels of items that have answers, by item.
    pub labels: FxHashMap<u32, Vec<u32>>,
    /// Items of the file that nobody answered.
    pub n_unanswered: usize,
    /// Labels that nobody gave.
    pub new_labels: Vec<String>,
}

impl Known {
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// By number of the item, so that nothing depends on a hash.
    pub fn sorted(&self) -> Vec<(usize, &[u32])> {
        let mut all: Vec<(usize, &[u32])> =
            self.labels.iter().map(|(item, labels)| (*item as usize, labels.as_slice())).collect();
        all.sort_unstable();
        all
    }
}

/// Adds labels that nobody gave to those of the answers.
pub fn read(path: &Path, columns: &Columns, answers: &mut Answers) -> Result<Known, Error> {
    let table = Table::read(path, &[&columns.item, &columns.label])?;
    if table.rows.is_empty() {
        return Err(Error::table(path, "the file holds no golden items"));
    }
    let mark = Mark::new(columns)?;
    let n_given = answers.labels.len();
    let mut seen: FxHashMap<&str, Vec<u32>> = FxHashMap::default();
    let mut known = Known::default();
    for row in &table.rows {
        let cell = row.cells[1].trim();
        if cell.is_empty() && row.cells[0].trim().is_empty() {
            continue;
        }
        // A golden item without a label is a mistake, where an answer without one is only missing.
        if is_no_label(cell) && !cell.is_empty() {
            return Err(table.wrong(row, 1, format!("{cell} is no label: leave the item out, or label it")));
        }
        let item = name(&table, row, 0)?;
        let labels = mark.labels(&table, row, 1, &mut answers.labels)?;
        match seen.get(item) {
            Some(before) if *before != labels => {
                return Err(table.wrong(row, 1, format!("the item {item} has another label further up")));
            }
            Some(_) => continue,
            None => seen.insert(item, labels.clone()),
        };
        match answers.items.find(item) {
            Some(item) => {
                known.labels.insert(item, labels);
            }
            None => known.n_unanswered += 1,
        }
    }
    if known.is_empty() {
        return Err(Error::table(
            path,
            "none of these items has an answer: is it the right file, and column?",
        ));
    }
    known.new_labels =
        (n_given..answers.labels.len()).map(|label| answers.labels.name(label as u32).to_owned()).collect();
    Ok(known)
}
