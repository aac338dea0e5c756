//! A file of texts with labels and, where asked for, the part that each row plays.

use crate::Error;
use crate::read::Table;
use clap::Args;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// How the columns of a file of labeled texts are called.
#[derive(Debug, Clone, Args)]
pub struct Columns {
    /// The column of the rows' names
    #[arg(long, value_name = "COLUMN", default_value = "id")]
    pub id: String,
    /// The column of the texts
    #[arg(long, value_name = "COLUMN", default_value = "text")]
    pub text: String,
    /// The column of the labels
    #[arg(long, value_name = "COLUMN", default_value = "label")]
    pub label: String,
}

/// Labeled texts in the order of the file.
#[derive(Debug)]
pub struct Labeled {
    pub path: PathBuf,
    pub ids: Vec<String>,
    pub texts: Vec<String>,
    /// Places in `names`.
    pub labels: Vec<u32>,
    /// The labels that occur, in alphabetical order.
    pub names: Vec<String>,
    parts: Option<Vec<Part>>,
    lines: Vec<u64>,
    split: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Train,
    Test,
    LeftOut,
}

/// Rows by the part that they play.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    pub train: Vec<usize>,
    pub test: Vec<usize>,
    /// Rows marked `validation`.
    pub left_out: usize,
}

impl Labeled {
    pub fn read(path: &Path, columns: &Columns, split: Option<&str>) -> Result<Labeled, Error> {
        let mut wanted = vec![columns.id.as_str(), &columns.text, &columns.label];
        wanted.extend(split);
        let table = Table::read(path, &wanted)?;
        let mut names: BTreeMap<&str, u32> = BTreeMap::new();
        let mut seen: FxHashMap<&str, u64> = FxHashMap::default();
        for row in &table.rows {
            let [id, _, label, ..] = &row.cells[..] else { continue };
            if label.trim().is_empty() {
                return Err(table.wrong(row, 2, "there is no label: leave the row out, or label it"));
            }
            if let Some(line) = seen.insert(id, row.line) {
                return Err(table.wrong(row, 0, format!("line {line} is called {id} too")));
            }
            names.insert(label.trim(), 0);
        }
        if names.len() < 2 {
            let what = match names.keys().next() {
                Some(only) => {
                    format!("all rows have the label {only}: there is nothing to learn from one label")
                }
                None => "there are no rows".to_owned(),
            };
            return Err(Error::table(path, what));
        }
        names.values_mut().zip(0..).for_each(|(number, next)| *number = next);
        let labels = table.rows.iter().map(|row| names[row.cells[2].trim()]).collect();
        let names = names.keys().map(|name| (*name).to_owned()).collect();
        let parts = match split {
            Some(_) => Some(table.rows.iter().map(|row| part(&table, row)).collect::<Result<_, _>>()?),
            None => None,
        };
        let lines = table.rows.iter().map(|row| row.line).collect();
        let (mut ids, mut texts) = (Vec::new(), Vec::new());
        for row in table.rows {
            let mut cells = row.cells.into_iter();
            ids.push(cells.next().unwrap_or_default());
            texts.push(cells.next().unwrap_or_default());
        }
        let split = split.unwrap_or_default().to_owned();
        Ok(Labeled { path: path.to_owned(), ids, texts, labels, names, parts, lines, split })
    }

    /// Rows to train on and to test, both of which there must be, and every label of a test row among the training
    /// rows.
    ///
    /// # Errors
    /// [`Error`], also where no split was asked for.
    pub fn rows(&self) -> Result<Rows, Error> {
        let of = |part| {
            let parts = self.parts.iter().flatten().enumerate();
            parts.filter(|(_, p)| **p == part).map(|(row, _)| row).collect::<Vec<_>>()
        };
        let (train, test) = (of(Part::Train), of(Part::Test));
        for (rows, part) in [(&train, "train"), (&test, "test")] {
            if rows.is_empty() {
                return Err(Error::table(
                    &self.path,
                    format!("no row of the column {} says {part}", self.split),
                ));
            }
        }
        let mut known = vec![false; self.names.len()];
        train.iter().for_each(|row| known[self.labels[*row] as usize] = true);
        if known.iter().filter(|k| **k).count() < 2 {
            return Err(Error::table(&self.path, "all training rows have the same label"));
        }
        if let Some(row) = test.iter().find(|row| !known[self.labels[**row] as usize]) {
            return Err(Error::Cell {
                path: self.path.clone(),
                line: self.lines[*row],
                column: self.split.clone(),
                what: format!(
                    "a test row has the label {}, which no training row has: move one over, or leave it out",
                    self.name(*row)
                ),
            });
        }
        Ok(Rows { train, test, left_out: of(Part::LeftOut).len() })
    }

    /// The label of a row.
    pub fn name(&self, row: usize) -> &str {
        &self.names[self.labels[row] as usize]
    }

    /// The row of an id.
    pub fn place(&self, id: &str) -> Result<usize, Error> {
        let found = self.ids.iter().position(|there| there == id);
        found.ok_or_else(|| Error::table(&self.path, format!("no row is called {id}")))
    }

    /// The labels of some rows.
    pub fn labels_of(&self, rows: &[usize]) -> Vec<u32> {
        rows.iter().map(|row| self.labels[*row]).collect()
    }
}

fn part(table: &Table, row: &crate::read::Row) -> Result<Part, Error> {
    match row.cells.get(3).map(|cell| cell.trim()) {
        Some("train") => Ok(Part::Train),
        Some("test") => Ok(Part::Test),
        Some("validation") => Ok(Part::LeftOut),
        other => {
            let other = other.unwrap_or_default();
            Err(table.wrong(row, 3, format!("{other:?} is not train, test or validation")))
        }
    }
}
