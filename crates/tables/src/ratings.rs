//! A long table of answers: who said what of which item. Shared by `agreement` and `consensus`.

mod left_out;
mod names;

pub use left_out::{LeftOut, is_no_label};
pub use names::{Names, whole};

use crate::Error;
use crate::read::{Row, Table};
use clap::Args;
use rustc_hash::FxHashMap;
use std::io::Write;
use std::path::Path;

/// Which columns hold what.
#[derive(Debug, Clone, Args)]
pub struct Columns {
    /// Column of the item
    #[arg(long, value_name = "COLUMN", default_value = "item")]
    pub item: String,
    /// Column of who answered
    #[arg(long, value_name = "COLUMN", default_value = "annotator")]
    pub annotator: String,
    /// Column of the answer
    #[arg(long, value_name = "COLUMN", default_value = "label")]
    pub label: String,
    /// Answers are sets of labels with this mark between them, such as '|'. An empty cell is then the empty set, which
    /// is an answer
    #[arg(long, value_name = "MARK")]
    pub multi: Option<String>,
    /// Refuse a file with rows that lack an item, an annotator or a label. Without this, such rows are left out and
    /// counted; NaN, NA, N/A and null stand for no label
    #[arg(long)]
    pub strict: bool,
}

/// The answers of a file by numbers of items, people and labels.
#[derive(Debug)]
pub struct Answers {
    pub items: Names,
    pub annotators: Names,
    pub labels: Names,
    /// In the order of the file.
    pub answers: Vec<Answer>,
    pub left_out: LeftOut,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Where it stands in the file.
    pub line: u64,
    pub item: u32,
    pub annotator: u32,
    /// One, or with `--multi` any number, ascending without repeats.
    pub labels: Vec<u32>,
}

impl Answers {
    pub fn read(path: &Path, columns: &Columns) -> Result<Self, Error> {
        let table = Table::read(path, &[&columns.item, &columns.annotator, &columns.label])?;
        if table.rows.is_empty() {
            return Err(Error::table(path, "the file holds no answers"));
        }
        let mut read = Self {
            items: Names::default(),
            annotators: Names::default(),
            labels: Names::of_labels(),
            answers: Vec::with_capacity(table.rows.len()),
            left_out: LeftOut::default(),
        };
        let mark = Mark::new(columns)?;
        for row in &table.rows {
            if let Some(lack) = left_out::lack(row, columns.multi.is_some()) {
                if columns.strict {
                    return Err(lack.refused(&table, row));
                }
                read.left_out.count(lack, row);
                continue;
            }
            let item = read.items.number(name(&table, row, 0)?);
            let annotator = read.annotators.number(name(&table, row, 1)?);
            let labels = mark.labels(&table, row, 2, &mut read.labels)?;
            read.answers.push(Answer { line: row.line, item, annotator, labels });
        }
        if read.answers.is_empty() {
            return Err(Error::table(path, format!("the file holds no answers: {}", read.left_out)));
        }
        Ok(read)
    }

    /// What became of rows and labels that nobody may notice otherwise.
    pub fn notes(&self, out: &mut dyn Write) -> std::io::Result<()> {
        if self.left_out.n_rows() > 0 {
            writeln!(out, "{}", self.left_out)?;
        }
        let spellings = self.labels.spellings();
        if !spellings.is_empty() {
            writeln!(out, "labels that differ in .0 alone are taken for one: {}", spellings.join(", "))?;
        }
        Ok(())
    }

    /// The last answer of each person to each item, in the order of the file.
    pub fn latest(&self) -> Vec<&Answer> {
        let mut last: FxHashMap<(u32, u32), usize> = FxHashMap::default();
        for (at, answer) in self.answers.iter().enumerate() {
            last.insert((answer.item, answer.annotator), at);
        }
        let kept = |(at, answer): &(usize, &Answer)| last[&(answer.item, answer.annotator)] == *at;
        self.answers.iter().enumerate().filter(kept).map(|(_, answer)| answer).collect()
    }
}

/// How a cell is read as one label or several.
#[derive(Debug)]
pub struct Mark<'a>(Option<&'a str>);

impl<'a> Mark<'a> {
    pub fn new(columns: &'a Columns) -> Result<Self, Error> {
        match columns.multi.as_deref() {
            Some(mark) if mark.trim().is_empty() => {
                Err(Error::Asked("--multi wants the mark between labels, such as '|'".into()))
            }
            mark => Ok(Mark(mark)),
        }
    }

    /// The labels of a cell, ascending without repeats.
    pub fn labels(
        &self,
        table: &Table,
        row: &Row,
        column: usize,
        names: &mut Names,
    ) -> Result<Vec<u32>, Error> {
        let Some(mark) = self.0 else { return Ok(vec![names.number(name(table, row, column)?)]) };
        one_line(table, row, column)?;
        let parts = row.cells[column].split(mark).map(str::trim).filter(|part| !part.is_empty());
        let mut labels: Vec<u32> = parts.map(|part| names.number(part)).collect();
        labels.sort_unstable();
        labels.dedup();
        Ok(labels)
    }
}

/// A cell that names something: not empty, and on one line.
pub fn name<'a>(table: &Table, row: &'a Row, column: usize) -> Result<&'a str, Error> {
    one_line(table, row, column)?;
    match row.cells[column].trim() {
        "" => Err(table.wrong(row, column, "the cell is empty")),
        name => Ok(name),
    }
}

fn one_line(table: &Table, row: &Row, column: usize) -> Result<(), Error> {
    if row.cells[column].trim().contains(['\n', '\r']) {
        return Err(table.wrong(
            row,
            column,
            "the name runs over several lines: is a quote missing its end?",
        ));
    }
    Ok(())
}
