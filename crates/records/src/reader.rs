//! Rows that are text: what a file's bytes, its encoding and its header make of them.

use crate::coding::{Coding, Letters, Source};
use crate::rows::{Refused, Rows, Span};
use crate::{Cell, MANY_LINES, Notice, RAW_LIMIT, Record, START, Unreadable, header, objects};
use std::borrow::Cow;
use std::io::Read;
use std::sync::Arc;

pub struct Reader<R: Read> {
    pub rows: Rows<Source<R>>,
    pub coding: Coding,
    pub notices: Vec<Notice>,
}

/// A row of a table, cell by cell.
pub struct TableRow<'r> {
    /// Where it begins in the file, from 1.
    pub line: i64,
    letters: Letters<'r>,
    cells: &'r [Span],
}

impl<'r> TableRow<'r> {
    /// The cell of a column, by its place in the header.
    pub fn cell(&self, column: usize) -> Cow<'r, str> {
        self.cells.get(column).map_or(Cow::Borrowed(""), |cell| self.letters.cell(cell))
    }

    /// All of it that a record keeps.
    pub fn record(&self, names: &[Arc<str>]) -> Record {
        let mut cells: Vec<Cell> = Vec::with_capacity(names.len());
        for (name, cell) in names.iter().zip(self.cells) {
            let cell = self.letters.cell(cell);
            if !cell.is_empty() {
                cells.push((name.clone(), cell.into_owned()));
            }
        }
        Record { line: self.line, raw: kept(self.letters.bytes()), cells: Ok(cells), lists: Vec::new() }
    }
}

impl<R: Read> Reader<R> {
    /// The names of a table's columns.
    pub fn header(&mut self) -> Result<Vec<Arc<str>>, Unreadable> {
        let invalid = |what: String| Err(Unreadable::Invalid(what));
        match self.rows.next()? {
            None => return invalid("The file is empty.".to_owned()),
            Some(Err(refused)) => return invalid(format!("The header can’t be read: {}.", refused.reason)),
            Some(Ok(())) => self.settle()?,
        }
        let row = self.rows.row();
        let letters = match self.coding.letters(row.bytes) {
            Ok(letters) => letters,
            Err(what) => {
                return invalid(format!("The header {what}. Save the file as UTF-8 and bring it again."));
            }
        };
        let names = header::names(&row, letters)?;
        self.rows.width = Some(names.len());
        if let Some(cell) = header::data_in(&names) {
            let cell = cell.to_owned();
            self.notices.push(Notice::HeaderIsData { cell });
        }
        Ok(names)
    }

    /// The next row of a table with these columns.
    pub fn next_row(
        &mut self,
        names: &[Arc<str>],
    ) -> Result<Option<Result<TableRow<'_>, Refused>>, Unreadable> {
        match self.rows.next()? {
            None => return Ok(None),
            Some(Err(refused)) => return Ok(Some(Err(refused))),
            Some(Ok(())) => self.settle()?,
        }
        let row = self.rows.row();
        let (line, lines) = (row.line, row.n_lines);
        if lines > MANY_LINES && !self.notices.iter().any(|n| matches!(n, Notice::LongRow { .. })) {
            self.notices.push(Notice::LongRow { line, lines });
        }
        let refused =
            |reason: String| Ok(Some(Err(Refused { line, raw: kept(row.bytes), reason, is_open: false })));
        if row.n_cells != names.len() {
            return refused(format!("the row has {} cells, the header has {}", row.n_cells, names.len()));
        }
        match self.coding.letters(row.bytes) {
            Ok(letters) => Ok(Some(Ok(TableRow { line, letters, cells: row.cells }))),
            Err(what) => {
                let is_it = |cell: &&Span| {
                    let cell = cell.bytes(row.bytes);
                    std::str::from_utf8(row.bytes).is_ok() || std::str::from_utf8(&cell).is_err()
                };
                let at = row.cells.iter().position(|cell| is_it(&cell) && !cell.bytes(row.bytes).is_ascii());
                refused(format!("“{}” {what}", at.map_or("the row", |at| &*names[at])))
            }
        }
    }

    /// The next line of JSON.
    pub fn next_object(&mut self, names: &mut Vec<Arc<str>>) -> Result<Option<Record>, Unreadable> {
        match self.rows.next_line()? {
            None => return Ok(None),
            Some(Err(refused)) => return Ok(Some(self.refused(refused))),
            Some(Ok(())) => self.settle()?,
        }
        let row = self.rows.row();
        let mut lists = Vec::new();
        let cells = match self.coding.letters(row.bytes) {
            Ok(letters) => objects::cells(&letters.all(), names, &mut lists, self.rows.most),
            Err(what) => Err(format!("the line {what}")),
        };
        let raw = self.coding.as_utf8(kept(row.bytes));
        Ok(Some(Record { line: row.line, raw, cells, lists }))
    }

    /// A refused row as a record.
    pub fn refused(&self, Refused { line, raw, reason, .. }: Refused) -> Record {
        Record { line, raw: self.coding.as_utf8(raw), cells: Err(reason), lists: Vec::new() }
    }

    /// Finds out the encoding, once a row tells.
    fn settle(&mut self) -> Result<(), Unreadable> {
        if self.coding != Coding::Ascii || self.rows.row().bytes.is_ascii() {
            return Ok(());
        }
        self.rows.look_ahead(START)?;
        let bytes = self.rows.bytes();
        let enough = &bytes[..bytes.len().min(self.rows.row().bytes.len() + START)];
        let is_whole = self.rows.window.is_over() && enough.len() == bytes.len();
        self.coding = Coding::of(enough, is_whole).map_err(Unreadable::Invalid)?;
        self.notice_coding();
        Ok(())
    }

    /// Says in what the file is written, where it is not UTF-8.
    pub fn notice_coding(&mut self) {
        self.notices.extend(self.coding.said().map(|encoding| Notice::Decoded { encoding }));
    }
}

fn kept(row: &[u8]) -> Vec<u8> {
    row[..row.len().min(RAW_LIMIT)].to_vec()
}
