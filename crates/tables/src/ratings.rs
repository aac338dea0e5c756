//! A long table of answers: who said what of which item. Shared by `agreement` and `consensus`.

use crate::Error;
use crate::read::{Row, Table};
use clap::Args;
use rustc_hash::FxHashMap;
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
    /// is an answer; without this, it is an error
    #[arg(long, value_name = "MARK")]
    pub multi: Option<String>,
}

/// The answers of a file by numbers of items, people and labels.
#[derive(Debug)]
pub struct Answers {
    pub items: Names,
    pub annotators: Names,
    pub labels: Names,
    /// In the order of the file.
    pub answers: Vec<Answer>,
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
            labels: Names::default(),
            answers: Vec::with_capacity(table.rows.len()),
        };
        let mark = Mark::new(columns)?;
        for row in &table.rows {
            let item = read.items.number(name(&table, row, 0)?);
            let annotator = read.annotators.number(name(&table, row, 1)?);
            let labels = mark.labels(&table, row, 2, &mut read.labels)?;
            read.answers.push(Answer { line: row.line, item, annotator, labels });
        }
        Ok(read)
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

/// Names by number, in the order in which they came.
#[derive(Debug, Default)]
pub struct Names {
    names: Vec<String>,
    numbers: FxHashMap<String, u32>,
}

impl Names {
    /// The number of a name; a new one for a new name.
    pub fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.names.len() as u32;
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        number
    }

    pub fn find(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    pub fn len(&self) -> usize {
        self.names.len()
    }

    pub fn name(&self, number: u32) -> &str {
        &self.names[number as usize]
    }

    /// Numbers by name: those that are numbers by their value and first, all others by the alphabet.
    pub fn sorted(&self) -> Vec<u32> {
        let value = |name: &str| name.parse::<f64>().ok().filter(|x| x.is_finite());
        let numbered = self.names.iter().enumerate();
        let mut keyed: Vec<(Option<f64>, &str, u32)> =
            numbered.map(|(number, name)| (value(name), name.as_str(), number as u32)).collect();
        keyed.sort_unstable_by(|a, b| match (a.0, b.0) {
            (Some(x), Some(y)) => x.total_cmp(&y).then(a.1.cmp(b.1)),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (None, None) => a.1.cmp(b.1),
        });
        keyed.into_iter().map(|(_, _, number)| number).collect()
    }

    /// The place of each number in [`Names::sorted`]: the same whatever came first.
    pub fn ranks(&self) -> Vec<u32> {
        let mut ranks = vec![0; self.len()];
        for (rank, number) in self.sorted().into_iter().enumerate() {
            ranks[number as usize] = rank as u32;
        }
        ranks
    }
}
