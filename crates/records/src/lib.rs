//! Files as streams of records: tables (CSV, TSV and their kin) and JSON Lines. Nothing is held but the record at hand, and
//! of that never more than the limits below: one unclosed quote would otherwise make a file one cell.
//!
//! Each record is whole, or refused with its line and the reason. What else was noticed about a file is told by
//! [`Records::notices`].
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod coding;
mod header;
mod json;
mod notice;
mod objects;
mod reader;
mod rows;
mod start;
mod window;

pub use notice::Notice;
pub use reader::TableRow;

use coding::{Coding, Source};
use reader::Reader;
use rows::{Rows, Style};
use start::Start;
use std::io::{self, Read};
use std::sync::Arc;
use window::Window;

/// Bytes of a cell, or of a line of JSON.
pub const CELL_LIMIT: usize = 1 << 20;
/// Bytes of a row of a table.
const ROW_LIMIT: usize = 4 << 20;
/// Bytes of a refused row that are kept.
const RAW_LIMIT: usize = 16 << 10;
/// Bytes at the start of a file that are looked at before it is read.
const START: usize = 64 << 10;
/// Lines of a row that are more than one expects.
const MANY_LINES: i64 = 100;
/// How files begin that people take for tables.
const NO_TEXT: [(&[u8], &str); 7] = [
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a workbook of a spreadsheet program or a ZIP archive: save or unpack it as CSV"),
    (b"\xd0\xcf\x11\xe0", "a workbook of a spreadsheet program: save it as CSV"),
    (b"\x1f\x8b", "compressed: unpack it"),
    (b"PAR1", "a Parquet file"),
    (b"\xff\xfe\0\0", "UTF-32: save it as UTF-8"),
    (b"\0\0\xfe\xff", "UTF-32: save it as UTF-8"),
];
/// Columns of a file that is imported.
pub const COLUMN_LIMIT: usize = 500;
/// Characters of a column's name: fields stand under it in indexes.
const NAME_LIMIT: usize = 100;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A table with a header, separated by commas unless its content says otherwise.
    Csv,
    /// The same with tabs.
    Tsv,
    /// One JSON object a line.
    Jsonl,
}

/// Why a file as a whole can't be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("{0}")]
    Invalid(String),
    #[error("the file can’t be read: {0}")]
    Io(#[from] io::Error),
}

/// A row that can't be taken: where it begins, from 1, and why.
pub type Refused = (i64, String);

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Where it begins in the file, from 1.
    pub line: i64,
    /// As it stands in the file, up to a limit.
    pub raw: Vec<u8>,
    /// Columns that hold something, or why the row can't be taken.
    pub cells: Result<Vec<Cell>, String>,
    /// Columns that hold a list of JSON: no text.
    pub lists: Vec<Arc<str>>,
}

pub type Cell = (Arc<str>, String);

/// A file that is being read.
pub struct Records<R: Read> {
    reader: Reader<R>,
    format: Format,
    /// Of the header, or in the order in which lines of JSON brought them.
    names: Vec<Arc<str>>,
    /// Bytes of the mark at the start.
    mark: u64,
}

impl<R: Read> Records<R> {
    /// Begins to read: takes the header, and refuses what is no such file or has more than `most` columns. `said` is what
    /// its name says of it; the content knows better.
    ///
    /// # Errors
    /// [`Unreadable`], in words.
    pub fn open(mut from: R, said: Option<Format>, most: usize) -> Result<Records<R>, Unreadable> {
        // In one piece, however small the pieces are in which the file comes.
        let mut head = Vec::new();
        from.by_ref().take(START as u64).read_to_end(&mut head)?;
        if let Some((_, what)) = NO_TEXT.iter().find(|(mark, _)| head.starts_with(mark)) {
            let what = format!("The file is {what}. Bring a CSV, TSV or JSON Lines file, in UTF-8.");
            return Err(Unreadable::Invalid(what));
        }
        let (source, coding, mark) = Source::new(head, from);
        let mut window = Window::new(source);
        window.fill(START)?;
        let head = &window.bytes()[..window.bytes().len().min(START)];
        let format = format(head, said)?;
        let is_whole = window.is_over() || head.len() < START;
        let coding = match coding {
            Coding::Ascii => Coding::of(head, is_whole).map_err(Unreadable::Invalid)?,
            marked => marked,
        };
        let expected = match format {
            Format::Csv => b',',
            Format::Tsv => b'\t',
            Format::Jsonl => {
                let rows = Rows::new(window, Style { separator: b'\n', quotes: false }, 1, most);
                let mut reader = Reader { rows, coding, notices: Vec::new() };
                reader.notice_coding();
                return Ok(Records { reader, format, names: Vec::new(), mark });
            }
        };
        let Start { style, skip, lines, notices } = start::look(head, is_whole, expected);
        window.pass(skip);
        let mut reader = Reader { rows: Rows::new(window, style, 1 + lines, most), coding, notices };
        reader.notice_coding();
        let names = reader.header()?;
        let format = if style.separator == b'\t' { Format::Tsv } else { Format::Csv };
        Ok(Records { reader, format, names, mark })
    }

    /// What the file is, by its content.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The columns of the header; lines of JSON add theirs as they come.
    pub fn columns(&self) -> &[Arc<str>] {
        &self.names
    }

    /// What was noticed so far.
    pub fn notices(&self) -> &[Notice] {
        &self.reader.notices
    }

    /// Bytes that were read so far.
    pub fn bytes(&self) -> u64 {
        match self.reader.rows.window.from() {
            Source::AsItIs(_) => self.mark + self.reader.rows.passed(),
            Source::Utf16(from) => self.mark + from.n_read,
        }
    }

    /// The next row.
    ///
    /// # Errors
    /// [`Unreadable`]: nothing more can be read.
    pub fn next_record(&mut self) -> Result<Option<Record>, Unreadable> {
        if self.format == Format::Jsonl {
            return self.reader.next_object(&mut self.names);
        }
        let refused = match self.reader.next_row(&self.names)? {
            None => return Ok(None),
            Some(Ok(row)) => {
                let record = row.record(&self.names);
                return Ok(Some(Record { raw: self.reader.coding.as_utf8(record.raw), ..record }));
            }
            Some(Err(refused)) => refused,
        };
        Ok(Some(self.reader.refused(refused)))
    }

    /// The next row of a table, or the line and the reason why it can't be taken.
    ///
    /// # Errors
    /// [`Unreadable`]: nothing more can be read.
    pub fn next_row(&mut self) -> Result<Option<Result<TableRow<'_>, Refused>>, Unreadable> {
        let row = self.reader.next_row(&self.names)?;
        Ok(row.map(|row| row.map_err(|refused| (refused.line, refused.reason))))
    }
}

/// What a file is by its first bytes, whatever its name says.
fn format(head: &[u8], said: Option<Format>) -> Result<Format, Unreadable> {
    if head.is_empty() {
        return Err(Unreadable::Invalid("The file is empty.".to_owned()));
    }
    let inside = |text: &[u8]| text[1..].trim_ascii_start().first().copied();
    match head.trim_ascii_start() {
        text @ [b'{', ..] if said.is_none() || inside(text) == Some(b'"') => Ok(Format::Jsonl),
        // A table's header may begin with a bracket, too, as in `[id],text`.
        text @ [b'[', ..] if said == Some(Format::Jsonl) || matches!(inside(text), Some(b'{' | b'[' | b']' | b'"')) => {
            Err(Unreadable::Invalid(
                "The file is one JSON array. JSON Lines have one object a line; `jq -c '.[]'` makes them of it."
                    .to_owned(),
            ))
        }
        _ => Ok(said.unwrap_or(Format::Csv)),
    }
}

#[cfg(test)]
mod tests;
