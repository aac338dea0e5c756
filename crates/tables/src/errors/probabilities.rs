//! A file of probabilities, which is read anew each time someone goes through it.

use crate::Error;
use crate::read::Rows as Table;
use indicatif::ProgressBar;
use learn::errors::{LabelErrorsError, Rows};
use rustc_hash::FxHashMap;
use std::path::{Path, PathBuf};

/// How far a row's sum may be from 1: figures are written with few digits, and there are many labels.
const MOST_OFF: f64 = 0.01;

/// The file and what its header says.
pub struct Given {
    path: PathBuf,
    id: usize,
    id_name: String,
    /// Of all columns but that of the item: where they stand, and what they are called.
    columns: Vec<usize>,
    pub labels: Vec<String>,
}

/// The rows of labeled items.
pub struct Matching {
    pub file: Given,
    /// In the order of the file.
    pub ids: Vec<String>,
    /// The column of each one's label.
    pub given: Vec<u32>,
    lines: Vec<u64>,
    /// Rows of other items.
    pub n_others: usize,
    /// Whether each row of the file is one of these.
    wanted: Vec<bool>,
}

/// A row that can't be had.
pub type Unreadable = Error;

impl Given {
    pub fn open(path: &Path, id: &str) -> Result<Self, Error> {
        let is_file = std::fs::metadata(path).map_err(Error::file(path))?.is_file();
        if !is_file {
            return Err(Error::table(path, "probabilities are read several times: give a plain file"));
        }
        let table = Table::open(path)?;
        table.tell();
        let at = table.place(id)?;
        let mut given = Self {
            path: path.to_owned(),
            id: at,
            id_name: id.to_owned(),
            columns: Vec::new(),
            labels: Vec::new(),
        };
        for (column, name) in table.columns().iter().enumerate().filter(|(column, _)| *column != at) {
            given.columns.push(column);
            given.labels.push(name.to_string());
        }
        Ok(given)
    }

    /// Goes through the file: `of` names the column of an item's label.
    pub fn matching(self, of: impl Fn(&str) -> Option<u32>) -> Result<Matching, Error> {
        let mut rows = Matching {
            file: self,
            ids: Vec::new(),
            given: Vec::new(),
            lines: Vec::new(),
            n_others: 0,
            wanted: Vec::new(),
        };
        let mut seen: FxHashMap<String, u64> = FxHashMap::default();
        let file = &rows.file;
        let mut table = Table::open(&file.path)?;
        while let Some(row) = table.next()? {
            let line = row.line.unsigned_abs();
            let id = row.cell(file.id);
            let id = id.trim();
            if let Some(before) = seen.insert(id.to_owned(), line) {
                return Err(Error::Cell {
                    path: file.path.clone(),
                    line,
                    column: file.id_name.clone(),
                    what: format!("{id} stands in line {before} already"),
                });
            }
            let label = of(id);
            rows.wanted.push(label.is_some());
            match label {
                Some(label) => {
                    rows.ids.push(id.to_owned());
                    rows.given.push(label);
                    rows.lines.push(line);
                }
                None => rows.n_others += 1,
            }
        }
        Ok(rows)
    }
}

impl Matching {
    /// As rows of probabilities; each pass is a step of the bar.
    pub fn counted<'a>(&'a self, bar: &'a ProgressBar) -> Counted<'a> {
        Counted { rows: self, bar }
    }

    pub fn in_words(&self, error: LabelErrorsError<Unreadable>) -> Error {
        match error {
            LabelErrorsError::Rows(error) => error,
            LabelErrorsError::NotAProbability { row, column, value } => self.cell(
                self.lines.get(row).copied().unwrap_or(0),
                column,
                &format!("{value} is no probability"),
            ),
            other => Error::table(&self.file.path, format!("the file changed while it was read: {other}")),
        }
    }

    fn cell(&self, line: u64, label: usize, what: &str) -> Error {
        Error::Cell {
            path: self.file.path.clone(),
            line,
            column: self.file.labels.get(label).cloned().unwrap_or_default(),
            what: what.to_owned(),
        }
    }
}

pub struct Counted<'a> {
    rows: &'a Matching,
    bar: &'a ProgressBar,
}

impl Rows for Counted<'_> {
    type Error = Unreadable;

    fn n_labels(&self) -> usize {
        self.rows.file.labels.len()
    }

    fn each(&mut self, row: &mut dyn FnMut(&[f64]) -> bool) -> Result<(), Unreadable> {
        let file = &self.rows.file;
        let mut table = Table::open(&file.path)?;
        let mut wanted = self.rows.wanted.iter();
        let mut p = vec![0.0; file.columns.len()];
        while let Some(found) = table.next()? {
            match wanted.next() {
                Some(true) => {}
                Some(false) => continue,
                None => break,
            }
            for (label, (p, column)) in p.iter_mut().zip(&file.columns).enumerate() {
                let cell = found.cell(*column);
                let cell = cell.trim();
                *p = cell.parse().map_err(|_| {
                    self.rows.cell(found.line.unsigned_abs(), label, &format!("'{cell}' is no number"))
                })?;
            }
            // What is no probability at all is told by whoever asks for the rows.
            let sum: f64 = p.iter().sum();
            if p.iter().all(|p| (0.0..=1.0).contains(p)) && (sum - 1.0).abs() > MOST_OFF {
                return Err(Error::Line {
                    path: file.path.clone(),
                    line: found.line.unsigned_abs(),
                    what: format!("the probabilities add up to {sum:.4} and not to 1: is a column missing?"),
                });
            }
            if !row(&p) {
                break;
            }
        }
        self.bar.inc(1);
        Ok(())
    }
}
