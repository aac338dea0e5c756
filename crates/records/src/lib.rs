//! Files as streams of records: CSV and TSV (RFC 4180) and JSON Lines. Nothing is held but the record at hand, and
//! of that never more than the limits below: one unclosed quote would otherwise make a file one cell.

use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};
use std::sync::Arc;

/// Bytes of a cell, or of a line of JSON.
pub const CELL_LIMIT: usize = 1 << 20;
/// Bytes of a row of CSV.
const ROW_LIMIT: usize = 4 << 20;
/// Bytes of a refused row that are kept.
const RAW_LIMIT: usize = 16 << 10;
/// Bytes at the start of a file that are looked at before it is read.
const START: u64 = 16 << 10;
/// How files begin that people take for tables.
const NO_TEXT: [(&[u8], &str); 5] = [
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a workbook of a spreadsheet program or a ZIP archive: save or unpack it as CSV"),
    (b"\xd0\xcf\x11\xe0", "a workbook of a spreadsheet program: save it as CSV"),
    (b"\x1f\x8b", "compressed: unpack it"),
    (b"PAR1", "a Parquet file"),
];
const COLUMN_LIMIT: usize = 500;
/// Characters of a column's name: fields stand under it in indexes.
const NAME_LIMIT: usize = 100;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180 with a header.
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

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Where it begins in the file, from 1.
    pub line: i64,
    /// As it stands in the file, up to a limit.
    pub raw: Vec<u8>,
    /// Columns that hold something, or why the row can't be taken.
    pub cells: Result<Vec<Cell>, String>,
}

pub type Cell = (Arc<str>, String);

/// A file that is being read.
pub struct Records<R: Read> {
    lines: Lines<Chain<Cursor<Vec<u8>>, R>>,
    kind: Kind,
}

enum Kind {
    Table { delimiter: u8, header: Vec<Arc<str>> },
    Objects { names: Vec<Arc<str>> },
}

impl<R: Read> Records<R> {
    /// Begins to read: takes the header, and refuses what is no such file.
    pub fn open(mut from: R, format: Format) -> Result<Records<R>, Unreadable> {
        // In one piece, however small the pieces are in which the file comes.
        let mut start = Vec::new();
        from.by_ref().take(START).read_to_end(&mut start)?;
        let mut lines = Lines::new(Cursor::new(start).chain(from));
        lines.skip_mark()?;
        lines.refuse_array(format)?;
        let delimiter = match format {
            Format::Csv => lines.comma_or_semicolon()?,
            Format::Tsv => b'\t',
            Format::Jsonl => return Ok(Records { lines, kind: Kind::Objects { names: Vec::new() } }),
        };
        let Some(row) = lines.next_row(delimiter)? else {
            return Err(Unreadable::Invalid("The file is empty.".to_owned()));
        };
        let header = header(row)?;
        Ok(Records { lines, kind: Kind::Table { delimiter, header } })
    }

    /// The columns of the header; JSON Lines have none.
    pub fn columns(&self) -> &[Arc<str>] {
        match &self.kind {
            Kind::Table { header, .. } => header,
            Kind::Objects { names } => names,
        }
    }

    /// Bytes that were read so far.
    pub fn bytes(&self) -> u64 {
        self.lines.bytes
    }

    pub fn next(&mut self) -> io::Result<Option<Record>> {
        match &mut self.kind {
            Kind::Table { delimiter, header } => {
                let Some(row) = self.lines.next_row(*delimiter)? else { return Ok(None) };
                let (line, raw) = (row.line, row.raw.clone());
                Ok(Some(Record { line, raw, cells: row.cells(header) }))
            }
            Kind::Objects { names } => {
                let Some((line, bytes)) = self.lines.next_line()? else { return Ok(None) };
                let cells = match bytes {
                    Some(bytes) => object(bytes, names),
                    None => Err(format!("the line is longer than {} MB", CELL_LIMIT >> 20)),
                };
                let raw = self.lines.raw.clone();
                Ok(Some(Record { line, raw, cells }))
            }
        }
    }
}

fn header(row: Row<'_>) -> Result<Vec<Arc<str>>, Unreadable> {
    let invalid = |what: String| Err(Unreadable::Invalid(what));
    if let Some(reason) = row.broken {
        return invalid(format!("The header can’t be read: {reason}."));
    }
    if row.n_cells > COLUMN_LIMIT {
        return invalid(format!("The file has {} columns; at most {COLUMN_LIMIT} are taken.", row.n_cells));
    }
    let mut names: Vec<Arc<str>> = Vec::new();
    for (i, cell) in row.texts().enumerate() {
        let Ok(name) = std::str::from_utf8(cell) else {
            return invalid(
                "The header is not UTF-8. Save the file as “CSV UTF-8” and bring it again.".to_owned(),
            );
        };
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

/// A row of a table, before anyone asked whether it fits.
struct Row<'r> {
    line: i64,
    raw: &'r Vec<u8>,
    bytes: &'r [u8],
    ends: &'r [usize],
    n_cells: usize,
    broken: Option<String>,
}

impl<'r> Row<'r> {
    fn texts(&self) -> impl Iterator<Item = &'r [u8]> {
        let (bytes, ends) = (self.bytes, self.ends);
        ends.iter().scan(0, move |from, end| {
            let cell = &bytes[*from..*end];
            *from = *end;
            Some(cell)
        })
    }

    fn cells(self, header: &[Arc<str>]) -> Result<Vec<Cell>, String> {
        if let Some(reason) = self.broken {
            return Err(reason);
        }
        if self.n_cells != header.len() {
            return Err(format!("the row has {} cells, the header has {}", self.n_cells, header.len()));
        }
        let mut cells = Vec::with_capacity(header.len());
        for (name, cell) in header.iter().zip(self.texts()) {
            if cell.is_empty() {
                continue;
            }
            let text = std::str::from_utf8(cell).map_err(|_| format!("“{name}” is not UTF-8"))?;
            cells.push((name.clone(), text.to_owned()));
        }
        Ok(cells)
    }
}

/// A line of JSON as cells. Nested values stay JSON text; `null` is as good as absent.
fn object(bytes: &[u8], names: &mut Vec<Arc<str>>) -> Result<Vec<Cell>, String> {
    use serde_json::Value;
    let text = std::str::from_utf8(bytes).map_err(|_| "the line is not UTF-8".to_owned())?;
    // Where in the line serde stopped says nothing: the reader's own line number stands beside this.
    let value: Value = serde_json::from_str(text).map_err(|_| "the line is not JSON".to_owned())?;
    let Value::Object(object) = value else {
        return Err("the line is no JSON object".to_owned());
    };
    if object.len() > COLUMN_LIMIT {
        return Err(format!("the object has {} keys; at most {COLUMN_LIMIT} are taken", object.len()));
    }
    let mut cells = Vec::with_capacity(object.len());
    for (key, value) in object {
        if key.trim().is_empty() || key.chars().count() > NAME_LIMIT || key.contains('\0') {
            return Err(format!("a key is empty or longer than {NAME_LIMIT} characters"));
        }
        let text = match value {
            Value::Null => continue,
            Value::String(text) => text,
            other => other.to_string(),
        };
        let name = match names.iter().find(|name| ***name == *key) {
            Some(name) => name.clone(),
            None => {
                let name: Arc<str> = key.into();
                if names.len() < COLUMN_LIMIT {
                    names.push(name.clone());
                }
                name
            }
        };
        cells.push((name, text));
    }
    Ok(cells)
}

/// Bytes by lines and by rows.
struct Lines<R: Read> {
    from: BufReader<R>,
    bytes: u64,
    /// The line at which the reader stands, from 1.
    line: i64,
    /// The last row ended with a carriage return: a line feed right behind it belongs to that end.
    after_return: bool,
    raw: Vec<u8>,
    row: Vec<u8>,
    ends: Vec<usize>,
}

/// Where a reader of rows stands.
#[derive(Clone, Copy, PartialEq)]
enum At {
    CellStart,
    Plain,
    Quoted,
    /// Behind a quote in a quoted cell: its end, or the first half of a doubled one.
    QuoteSeen,
}

/// A line and its number; no bytes where it is too long to be held.
type Numbered<'a> = (i64, Option<&'a [u8]>);

impl<R: Read> Lines<R> {
    fn new(from: R) -> Lines<R> {
        Lines {
            from: BufReader::with_capacity(256 << 10, from),
            bytes: 0,
            line: 1,
            after_return: false,
            raw: Vec::new(),
            row: Vec::new(),
            ends: Vec::new(),
        }
    }

    fn consume(&mut self, n: usize) {
        self.from.consume(n);
        self.bytes += n as u64;
    }

    /// Passes over the UTF-8 byte order mark, and refuses UTF-16 and what is known to be no text by its first bytes.
    fn skip_mark(&mut self) -> Result<(), Unreadable> {
        let start = self.from.fill_buf()?;
        if let Some((_, what)) = NO_TEXT.iter().find(|(mark, _)| start.starts_with(mark)) {
            let what = format!("The file is {what}. Bring a CSV, TSV or JSON Lines file, in UTF-8.");
            return Err(Unreadable::Invalid(what));
        }
        if start.starts_with(&[0xef, 0xbb, 0xbf]) {
            self.consume(3);
        } else if start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff]) {
            let what = "The file is UTF-16. Save it as UTF-8 and bring it again.";
            return Err(Unreadable::Invalid(what.to_owned()));
        }
        Ok(())
    }

    /// Refuses what is a JSON array by its look, whatever it is said to be: a table's header may begin with a bracket,
    /// too, as in `[id],text`.
    fn refuse_array(&mut self, format: Format) -> Result<(), Unreadable> {
        let start = self.from.fill_buf()?;
        if start.is_empty() {
            return Err(Unreadable::Invalid("The file is empty.".to_owned()));
        }
        let [b'[', inside @ ..] = start.trim_ascii_start() else { return Ok(()) };
        let is_json = matches!(inside.trim_ascii_start().first(), Some(b'{' | b'[' | b']' | b'"'));
        if is_json || format == Format::Jsonl {
            return Err(Unreadable::Invalid(
                "The file is one JSON array. JSON Lines have one object a line; `jq -c '.[]'` makes them of it."
                    .to_owned(),
            ));
        }
        Ok(())
    }

    /// Spreadsheets write semicolons where numbers have commas. The header tells, unless most rows don't fit it: then it
    /// is one column with a semicolon in its name.
    fn comma_or_semicolon(&mut self) -> io::Result<u8> {
        let mut ahead = Lines::new(self.from.fill_buf()?);
        let Some(header) = ahead.next_row(b';')? else { return Ok(b',') };
        let width = header.n_cells;
        let mut outside_quotes = header.raw.split(|b| *b == b'"').step_by(2).flatten();
        if width == 1 || outside_quotes.any(|b| *b == b',') {
            return Ok(b',');
        }
        let (mut n_rows, mut n_fit) = (0, 0);
        while let Some(n_cells) = ahead.next_row(b';')?.map(|row| row.n_cells) {
            // The last row of a start may be cut off.
            if self.bytes + ahead.bytes == START {
                break;
            }
            n_rows += 1;
            n_fit += usize::from(n_cells == width);
        }
        Ok(if 2 * n_fit >= n_rows { b';' } else { b',' })
    }

    /// The next line that is not blank: where it stands, and its bytes unless it is too long.
    fn next_line(&mut self) -> io::Result<Option<Numbered<'_>>> {
        loop {
            self.row.clear();
            self.raw.clear();
            let (line, mut too_long, mut ended) = (self.line, false, false);
            while !ended {
                let buffer = self.from.fill_buf()?;
                if buffer.is_empty() {
                    break;
                }
                let end = buffer.iter().position(|b| *b == b'\n');
                let part = &buffer[..end.unwrap_or(buffer.len())];
                keep(&mut self.raw, part);
                too_long |= self.row.len() + part.len() > CELL_LIMIT;
                if !too_long {
                    self.row.extend_from_slice(part);
                }
                let n = part.len() + usize::from(end.is_some());
                ended = end.is_some();
                self.consume(n);
            }
            self.line += i64::from(ended);
            if self.raw.iter().any(|b| !b.is_ascii_whitespace()) {
                return Ok(Some((line, (!too_long).then_some(&*self.row))));
            }
            if !ended {
                return Ok(None);
            }
        }
    }

    /// The next row that is not blank.
    fn next_row(&mut self, delimiter: u8) -> io::Result<Option<Row<'_>>> {
        self.skip_blank()?;
        self.row.clear();
        self.raw.clear();
        self.ends.clear();
        let (line, mut at, mut done, mut n_cells) = (self.line, At::CellStart, false, 0);
        let (mut cell_start, mut too_long, mut broken) = (0, false, None);
        while !done {
            let buffer = self.from.fill_buf()?;
            if buffer.is_empty() {
                if self.raw.is_empty() {
                    return Ok(None);
                }
                if at == At::Quoted {
                    broken = Some("a quoted cell is never closed".to_owned());
                }
                break;
            }
            let mut i = 0;
            let mut cell_ends = false;
            while i < buffer.len() && !done {
                match at {
                    At::CellStart if buffer[i] == b'"' => {
                        at = At::Quoted;
                        i += 1;
                    }
                    At::CellStart => at = At::Plain,
                    At::Plain => {
                        let is_end = |b: &u8| *b == delimiter || *b == b'\n' || *b == b'\r';
                        let n = buffer[i..].iter().position(is_end).unwrap_or(buffer.len() - i);
                        too_long |= !push(&mut self.row, &buffer[i..i + n], cell_start);
                        i += n;
                        cell_ends = i < buffer.len();
                    }
                    At::Quoted => {
                        let n = buffer[i..].iter().position(|b| *b == b'"').unwrap_or(buffer.len() - i);
                        self.line += buffer[i..i + n].iter().filter(|b| **b == b'\n').count() as i64;
                        too_long |= !push(&mut self.row, &buffer[i..i + n], cell_start);
                        i += n;
                        if i < buffer.len() {
                            at = At::QuoteSeen;
                            i += 1;
                        }
                    }
                    At::QuoteSeen => match buffer[i] {
                        b'"' => {
                            too_long |= !push(&mut self.row, b"\"", cell_start);
                            at = At::Quoted;
                            i += 1;
                        }
                        // What follows a closed quote is not lost: it is taken as it stands.
                        _ => at = At::Plain,
                    },
                }
                if cell_ends {
                    cell_ends = false;
                    n_cells += 1;
                    if self.ends.len() <= COLUMN_LIMIT {
                        self.ends.push(self.row.len());
                    }
                    cell_start = self.row.len();
                    at = At::CellStart;
                    match buffer[i] {
                        b if b == delimiter => {}
                        end => {
                            done = true;
                            self.line += 1;
                            self.after_return = end == b'\r';
                        }
                    }
                    i += 1;
                }
            }
            keep(&mut self.raw, &buffer[..i]);
            self.consume(i);
        }
        if !done {
            n_cells += 1;
            self.ends.push(self.row.len());
        }
        while self.raw.last().is_some_and(|b| *b == b'\n' || *b == b'\r') {
            self.raw.pop();
        }
        if too_long {
            broken = Some(format!("a cell is longer than {} MB", CELL_LIMIT >> 20));
        }
        Ok(Some(Row { line, raw: &self.raw, bytes: &self.row, ends: &self.ends, n_cells, broken }))
    }

    /// Passes over line ends before a row.
    fn skip_blank(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.from.fill_buf()?;
            match buffer.first() {
                Some(b'\n') => {
                    self.line += i64::from(!self.after_return);
                    self.after_return = false;
                }
                Some(b'\r') => {
                    self.line += 1;
                    self.after_return = true;
                }
                _ => {
                    self.after_return = false;
                    return Ok(());
                }
            }
            self.consume(1);
        }
    }
}

/// Adds to the row, within its limits. Says whether all of it was added.
fn push(row: &mut Vec<u8>, part: &[u8], cell_start: usize) -> bool {
    let fits = row.len() - cell_start + part.len() <= CELL_LIMIT && row.len() + part.len() <= ROW_LIMIT;
    if fits {
        row.extend_from_slice(part);
    }
    fits
}

fn keep(raw: &mut Vec<u8>, part: &[u8]) {
    let room = RAW_LIMIT.saturating_sub(raw.len());
    raw.extend_from_slice(&part[..part.len().min(room)]);
}

#[cfg(test)]
mod tests;
