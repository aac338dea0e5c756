//! Rows that say nothing: counted, and told.

use crate::Error;
use crate::read::{Row, Table};
use serde_json::{Value, json};
use std::fmt::{Display, Formatter, Result};

/// How many rows were left out, and why.
#[derive(Debug, Default)]
pub struct LeftOut {
    rows: [usize; 4],
    /// Where the first of them stands.
    line: u64,
}

/// What a row lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    Item,
    Annotator,
    Label,
    /// All of them, as in a line of nothing but commas.
    All,
}

impl Lack {
    pub fn refused(self, table: &Table, row: &Row) -> Error {
        let column = match self {
            Lack::Item | Lack::All => 0,
            Lack::Annotator => 1,
            Lack::Label => 2,
        };
        let what = match row.cells[column].trim() {
            "" => "the cell is empty".to_owned(),
            word => format!("{word} is no label"),
        };
        table.wrong(
            row,
            column,
            format!("{what}: fill it in, or leave --strict out to count the row and go on"),
        )
    }
}

/// What a row of item, annotator and label lacks, if anything. With several labels a cell, an empty one is an answer.
pub fn lack(row: &Row, is_multi: bool) -> Option<Lack> {
    let cell = |at: usize| row.cells[at].trim();
    let is_unlabeled = is_no_label(cell(2)) && !(is_multi && cell(2).is_empty());
    match (cell(0).is_empty(), cell(1).is_empty()) {
        (true, true) if cell(2).is_empty() => Some(Lack::All),
        (true, _) => Some(Lack::Item),
        (false, true) => Some(Lack::Annotator),
        (false, false) => is_unlabeled.then_some(Lack::Label),
    }
}

/// Whether a cell stands for no label: empty, or a word that programs write where there is nothing. `None` is not among
/// them, because people call a label so.
pub fn is_no_label(cell: &str) -> bool {
    let cell = cell.trim();
    cell == "NA"
        || ["", "nan", "null", "n/a", "#n/a", "<na>"].iter().any(|word| cell.eq_ignore_ascii_case(word))
}

impl LeftOut {
    pub fn count(&mut self, lack: Lack, row: &Row) {
        if self.n_rows() == 0 {
            self.line = row.line;
        }
        self.rows[lack as usize] += 1;
    }

    pub fn n_rows(&self) -> usize {
        self.rows.iter().sum()
    }

    pub fn json(&self) -> Value {
        let [item, annotator, label, all] = self.rows;
        json!({
            "rows": self.n_rows(),
            "without_item": item,
            "without_annotator": annotator,
            "without_label": label,
            "blank": all,
            "first_line": (self.n_rows() > 0).then_some(self.line),
        })
    }
}

impl Display for LeftOut {
    fn fmt(&self, f: &mut Formatter) -> Result {
        let what =
            ["without an item", "without an annotator", "without a label (empty, NaN, NA or null)", "blank"];
        let counts = self.rows.iter().zip(what).filter(|(n, _)| **n > 0);
        let each: Vec<String> = counts.map(|(n, what)| format!("{n} {what}")).collect();
        match self.n_rows() {
            0 => write!(f, "no row was left out"),
            1 => write!(f, "1 row was left out, line {}: {}", self.line, each.join(", ")),
            n => write!(f, "{n} rows were left out, the first in line {}: {}", self.line, each.join(", ")),
        }
    }
}
