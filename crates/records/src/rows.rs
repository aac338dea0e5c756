//! Bytes as rows of cells, by the rules of RFC 4180 and what real files make of them.
//!
//! In a quoted cell, separators and line ends are text, and a quote is doubled. Where that doesn't hold, a quote was never
//! meant to open a cell, or one is missing; then only the line in which it opens is refused, so that no row disappears in
//! another one. With tabs, quotes may be mere text: tables with tabs are often written without any quoting.

use crate::{CELL_LIMIT, RAW_LIMIT, ROW_LIMIT, Window};
use memchr::{memchr, memchr2, memchr3};
use std::borrow::Cow;
use std::io::{self, Read};

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    pub separator: u8,
    /// Does a quote at the start of a cell open it?
    pub quotes: bool,
}

pub struct Rows<R> {
    pub window: Window<R>,
    pub style: Style,
    /// Cells of the header.
    pub width: Option<usize>,
    /// Cells of a row; of more, only their number is known.
    pub most: usize,
    /// The line at which the row at hand begins, from 1.
    line: i64,
    /// Bytes and lines of the row at hand: passed over when the next one is asked for.
    taken: usize,
    n_lines: i64,
    end: usize,
    n_cells: usize,
    cells: Vec<Span>,
}

/// Where a cell stands in its row, without its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    start: usize,
    end: usize,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Quoted,
    /// Quoted, with doubled quotes inside.
    Doubled,
}

/// A row as it stands in the file.
pub struct Row<'w> {
    pub line: i64,
    /// Lines that it takes.
    pub n_lines: i64,
    /// All of it, without the end of its line.
    pub bytes: &'w [u8],
    pub cells: &'w [Span],
    /// All of them; `cells` may have fewer.
    pub n_cells: usize,
}

/// A row that can't be had.
pub struct Refused {
    pub line: i64,
    pub raw: Vec<u8>,
    pub reason: String,
    /// Because the file ended in a quoted cell.
    pub is_open: bool,
}

/// What was found where a row begins.
struct Scan {
    /// Of the row, without the end of its line.
    end: usize,
    /// Where the next row begins.
    next: usize,
    n_cells: usize,
    /// Stands at `end`.
    fault: Option<Fault>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Something follows the closing quote of a cell.
    GoesOn,
    NeverClosed,
    TooLongInQuotes,
    TooLong,
}

impl Span {
    pub fn bytes<'b>(&self, row: &'b [u8]) -> Cow<'b, [u8]> {
        let bytes = &row[self.start..self.end];
        if self.kind != Kind::Doubled {
            return bytes.into();
        }
        let mut single = Vec::with_capacity(bytes.len());
        let mut rest = bytes;
        while let Some(at) = memchr(b'"', rest) {
            single.extend_from_slice(&rest[..=at]);
            rest = rest.get(at + 2..).unwrap_or_default();
        }
        single.extend_from_slice(rest);
        single.into()
    }

    /// The same of a row whose bytes are known to be UTF-8.
    pub fn text<'t>(&self, row: &'t str) -> Cow<'t, str> {
        let text = &row[self.start..self.end];
        if self.kind == Kind::Doubled { text.replace("\"\"", "\"").into() } else { text.into() }
    }

    /// Was it written in quotes that it could not do without?
    pub fn needs_quotes(&self, row: &[u8], separator: u8) -> bool {
        let inside = &row[self.start..self.end];
        self.kind == Kind::Doubled
            || self.kind == Kind::Quoted && memchr3(separator, b'\n', b'\r', inside).is_some()
    }

    /// Does a cell without quotes around it have one inside?
    pub fn has_stray_quote(&self, row: &[u8]) -> bool {
        self.kind == Kind::Plain && memchr(b'"', &row[self.start..self.end]).is_some()
    }
}

impl<R: Read> Rows<R> {
    /// Rows from the start of `window`, which stands in `line`.
    pub fn new(window: Window<R>, style: Style, line: i64, most: usize) -> Rows<R> {
        Rows {
            window,
            style,
            width: None,
            most,
            line,
            taken: 0,
            n_lines: 0,
            end: 0,
            n_cells: 0,
            cells: Vec::new(),
        }
    }

    /// Bytes that were read so far.
    pub fn passed(&self) -> u64 {
        self.window.passed() + self.taken as u64
    }

    /// The bytes behind the row at hand, as far as they are there.
    pub fn ahead(&self) -> &[u8] {
        &self.window.bytes()[self.taken..]
    }

    /// The row at hand, after [`Rows::next`] found one.
    pub fn row(&self) -> Row<'_> {
        let bytes = &self.window.bytes()[..self.end];
        Row { line: self.line, n_lines: self.n_lines, bytes, cells: &self.cells, n_cells: self.n_cells }
    }

    /// Goes to the next row that is not blank.
    pub fn next(&mut self) -> io::Result<Option<Result<(), Refused>>> {
        self.window.pass(std::mem::take(&mut self.taken));
        self.line += std::mem::take(&mut self.n_lines);
        if !self.skip_blank()? {
            return Ok(None);
        }
        let mut scan = self.scan(self.style.quotes)?;
        if self.style.quotes {
            let fault = scan.fault.filter(|f| *f != Fault::TooLong);
            if self.style.separator == b'\t' && self.width.is_some_and(|n| n > 1) {
                // Whole rows that only a quote would join are rows.
                if fault.is_some() || self.is_rows(&scan) {
                    scan = self.scan(false)?;
                }
            } else if let Some(fault) = fault {
                return self.refuse_quoted(fault, scan.end).map(|refused| Some(Err(refused)));
            } else if self.swallows_rows(&scan) {
                return Ok(Some(Err(self.refuse_swallowed(&scan))));
            }
        }
        if scan.fault.is_some() {
            return self.refuse_line(too_long(), scan.end).map(|refused| Some(Err(refused)));
        }
        (self.taken, self.end, self.n_cells) = (scan.next, scan.end, scan.n_cells);
        self.n_lines = 1;
        if self.has_quotes() {
            self.n_lines += lines_in(&self.window.bytes()[..scan.end]);
        }
        Ok(Some(Ok(())))
    }

    /// Goes to the next line that is not blank: a row of one cell.
    pub fn next_line(&mut self) -> io::Result<Option<Result<(), Refused>>> {
        self.window.pass(std::mem::take(&mut self.taken));
        self.line += std::mem::take(&mut self.n_lines);
        loop {
            let Some(end) = self.until(0, 0, |bytes| memchr(b'\n', bytes))? else {
                let (reason, at) =
                    (format!("the line is longer than {} MB", CELL_LIMIT >> 20), self.window.bytes().len());
                return self.refuse_line(reason, at).map(|refused| Some(Err(refused)));
            };
            let bytes = self.window.bytes();
            let next = bytes.len().min(end + 1);
            if !bytes[..end].trim_ascii().is_empty() {
                (self.taken, self.end, self.n_lines) = (next, end, 1);
                return Ok(Some(Ok(())));
            }
            if bytes.is_empty() {
                return Ok(None);
            }
            self.line += 1;
            self.window.pass(next);
        }
    }

    /// The bytes from the row at hand on, as far as they are at hand.
    pub fn bytes(&self) -> &[u8] {
        self.window.bytes()
    }

    /// Reads on until so many bytes behind the row are at hand.
    pub fn look_ahead(&mut self, n: usize) -> io::Result<()> {
        self.window.fill(self.taken + n)
    }

    /// Passes over line ends before a row. False at the end of the file.
    fn skip_blank(&mut self) -> io::Result<bool> {
        loop {
            match self.window.bytes().first().copied() {
                Some(b'\n') => self.window.pass(1),
                Some(b'\r') => {
                    self.window.fill(2)?;
                    let n = 1 + usize::from(self.window.bytes().get(1) == Some(&b'\n'));
                    self.window.pass(n);
                }
                Some(_) => return Ok(true),
                None if self.window.more()? => continue,
                None => return Ok(false),
            }
            self.line += 1;
        }
    }

    /// Finds the cells of the row that begins where the window stands, and stops at the first fault.
    fn scan(&mut self, quotes: bool) -> io::Result<Scan> {
        self.cells.clear();
        let separator = self.style.separator;
        let (mut i, mut n_cells) = (0, 0);
        loop {
            let from = i;
            self.window.fill(i + 1)?;
            let is_quoted = quotes && self.window.bytes().get(i) == Some(&b'"');
            let span = if is_quoted {
                match self.close(from)? {
                    Ok((span, behind)) => {
                        i = behind;
                        span
                    }
                    Err((fault, at)) => return Ok(faulty(fault, at)),
                }
            } else {
                let end = self.until(i, from, |bytes| memchr3(separator, b'\n', b'\r', bytes))?;
                let Some(end) = end else { return Ok(faulty(Fault::TooLong, self.window.bytes().len())) };
                i = end;
                Span { start: from, end, kind: Kind::Plain }
            };
            if span.end - span.start > CELL_LIMIT || i > ROW_LIMIT {
                return Ok(faulty(Fault::TooLong, i));
            }
            n_cells += 1;
            if self.cells.len() < self.most {
                self.cells.push(span);
            }
            let next = match self.window.bytes().get(i) {
                Some(b'\n') => i + 1,
                Some(b'\r') => {
                    self.window.fill(i + 2)?;
                    i + 1 + usize::from(self.window.bytes().get(i + 1) == Some(&b'\n'))
                }
                None => i,
                Some(_) => {
                    i += 1;
                    continue;
                }
            };
            return Ok(Scan { end: i, next, n_cells, fault: None });
        }
    }

    /// Goes to what ends a plain cell, or to the end of the file; nothing where that is past the limits.
    fn until(
        &mut self,
        mut i: usize,
        from: usize,
        find: impl Fn(&[u8]) -> Option<usize>,
    ) -> io::Result<Option<usize>> {
        loop {
            let bytes = self.window.bytes();
            if let Some(n) = find(&bytes[i..]) {
                return Ok(Some(i + n));
            }
            i = bytes.len();
            if i - from > CELL_LIMIT || i > ROW_LIMIT {
                return Ok(None);
            }
            if !self.window.more()? {
                return Ok(Some(i));
            }
        }
    }

    /// A cell whose opening quote stands at `from`, and the place behind it; or what is wrong, and where.
    fn close(&mut self, from: usize) -> io::Result<Result<(Span, usize), (Fault, usize)>> {
        let (mut i, mut kind) = (from + 1, Kind::Quoted);
        let end = loop {
            match memchr(b'"', &self.window.bytes()[i..]) {
                None => {
                    i = self.window.bytes().len();
                    if i - from > CELL_LIMIT || i > ROW_LIMIT {
                        return Ok(Err((Fault::TooLongInQuotes, i)));
                    }
                    if !self.window.more()? {
                        return Ok(Err((Fault::NeverClosed, i)));
                    }
                }
                Some(n) => {
                    i += n;
                    self.window.fill(i + 2)?;
                    if self.window.bytes().get(i + 1) != Some(&b'"') {
                        break i;
                    }
                    kind = Kind::Doubled;
                    i += 2;
                }
            }
        };
        let mut behind = end + 1;
        // Blanks before the next separator are nobody's text.
        loop {
            self.window.fill(behind + 1)?;
            match self.window.bytes().get(behind) {
                Some(b' ') if behind - end < 64 => behind += 1,
                Some(b'\n' | b'\r') | None => break,
                Some(b) if *b == self.style.separator => break,
                Some(_) => return Ok(Err((Fault::GoesOn, behind))),
            }
        }
        Ok(Ok((Span { start: from + 1, end, kind }, behind)))
    }

    /// Do the lines of a row make as many rows, each with all of its cells, where quotes are text?
    fn is_rows(&self, scan: &Scan) -> bool {
        let row = &self.window.bytes()[..scan.end];
        let mut lines = row.split(|b| *b == b'\n');
        self.has_quotes() && lines_in(row) > 0 && lines.all(|line| Some(self.plain_width(line)) == self.width)
    }

    fn has_quotes(&self) -> bool {
        self.cells.iter().any(|c| c.kind != Kind::Plain)
    }

    fn plain_width(&self, line: &[u8]) -> usize {
        1 + memchr::memchr_iter(self.style.separator, line).count()
    }

    /// Does a row of several lines look like several rows that lost a quote? Each of its lines has all cells and begins
    /// as the row does, and, unlike in a sentence, no blank stands behind a comma.
    fn swallows_rows(&self, scan: &Scan) -> bool {
        let Some(width) = self.width.filter(|n| *n > 1) else { return false };
        if !self.is_rows(scan) {
            return false;
        }
        let separator = self.style.separator;
        let row = &self.window.bytes()[..scan.end];
        let first = |line: &[u8]| shape(line.split(|b| *b == separator).next().unwrap_or_default());
        let mut lines = row.split(|b| *b == b'\n');
        let as_row = lines.next().map(first).unwrap_or_default();
        let is_told = width > 2 || as_row.contains(&b'9');
        is_told && lines.all(|line| first(line) == as_row && !line.windows(2).any(|w| w == [separator, b' ']))
    }

    fn refuse_swallowed(&mut self, scan: &Scan) -> Refused {
        let row = &self.window.bytes()[..scan.end];
        let raw = row[..row.len().min(RAW_LIMIT)].to_vec();
        self.taken = scan.next;
        self.n_lines = 1 + lines_in(row);
        let (line, last) = (self.line, self.line + self.n_lines - 1);
        let reason = format!(
            "a quoted cell joins the lines {line} to {last}, which look like rows of their own: a quote is missing or \
             too much. If it is one text, bring the file as JSON Lines"
        );
        Refused { line, raw, reason, is_open: false }
    }

    /// A cell was not closed as it should be. Its line is refused, and what follows is read by itself, unless it is too
    /// long to look back to its start.
    fn refuse_quoted(&mut self, fault: Fault, place: usize) -> io::Result<Refused> {
        let at = self.line;
        let reason = match fault {
            Fault::GoesOn => {
                let before = &self.window.bytes()[..place];
                let escaped = before.windows(2).any(|w| w == b"\\\"");
                let there = at + lines_in(before);
                let how = if escaped { ", and is not escaped with a backslash" } else { "" };
                if there == at {
                    format!("a quoted cell goes on behind its closing quote: a quote inside is doubled{how}")
                } else {
                    format!(
                        "a quote opens a cell and is not closed as it should be: the next one is in line {there}, and \
                         the cell goes on behind it. A quote inside is doubled{how}"
                    )
                }
            }
            Fault::NeverClosed => "a quoted cell is never closed".to_owned(),
            Fault::TooLong | Fault::TooLongInQuotes if self.holds_rows() => {
                format!(
                    "a quoted cell is not closed within {} MB: its closing quote is missing",
                    CELL_LIMIT >> 20
                )
            }
            Fault::TooLong | Fault::TooLongInQuotes => return self.refuse_cell(),
        };
        let is_open = fault == Fault::NeverClosed;
        Ok(Refused { is_open, ..self.refuse_line(reason, 0)? })
    }

    /// Are most lines at hand rows?
    fn holds_rows(&self) -> bool {
        let Some(width) = self.width.filter(|n| *n > 1) else { return false };
        let lines = self.window.bytes().split(|b| *b == b'\n').skip(1);
        let (n, n_fit) = lines
            .fold((0, 0), |(n, n_fit), line| (n + 1, n_fit + usize::from(self.plain_width(line) == width)));
        2 * n_fit > n
    }

    /// Refuses what stands from here to the end of the line that ends behind `at`.
    fn refuse_line(&mut self, reason: String, at: usize) -> io::Result<Refused> {
        let line = self.line;
        let mut raw = Vec::new();
        keep(&mut raw, &self.window.bytes()[..at]);
        self.line += lines_in(&self.window.bytes()[..at]);
        self.window.pass(at);
        loop {
            let bytes = self.window.bytes();
            let end = memchr2(b'\n', b'\r', bytes);
            let n = end.unwrap_or(bytes.len());
            keep(&mut raw, &bytes[..n]);
            self.window.pass(n);
            if end.is_some() || !self.window.more()? {
                break;
            }
        }
        // Its end is passed over as a blank line would be, which counts it.
        Ok(Refused { line, raw, reason, is_open: false })
    }

    /// Refuses a row with a quoted cell that is too long to be held, to the end of the line in which it closes.
    fn refuse_cell(&mut self) -> io::Result<Refused> {
        let from = self.line;
        let mut raw = Vec::new();
        keep(&mut raw, self.window.bytes());
        self.line += lines_in(self.window.bytes());
        self.window.pass(self.window.bytes().len());
        loop {
            let bytes = self.window.bytes();
            let quote = memchr(b'"', bytes);
            let n = quote.unwrap_or(bytes.len());
            self.line += lines_in(&bytes[..n]);
            self.window.pass(n);
            if quote.is_none() {
                if self.window.more()? {
                    continue;
                }
                break;
            }
            self.window.fill(2)?;
            if self.window.bytes().get(1) != Some(&b'"') {
                break;
            }
            self.window.pass(2);
        }
        let last = self.line;
        let lines = if last > from { format!(" (it runs to line {last})") } else { String::new() };
        self.refuse_line(String::new(), 0)?;
        Ok(Refused { line: from, raw, reason: too_long() + &lines, is_open: false })
    }
}

fn faulty(fault: Fault, at: usize) -> Scan {
    Scan { end: at, next: at, n_cells: 0, fault: Some(fault) }
}

fn too_long() -> String {
    format!("a cell is longer than {} MB", CELL_LIMIT >> 20)
}

fn lines_in(bytes: &[u8]) -> i64 {
    memchr::memchr_iter(b'\n', bytes).count() as i64
}

fn keep(raw: &mut Vec<u8>, part: &[u8]) {
    let room = RAW_LIMIT.saturating_sub(raw.len());
    raw.extend_from_slice(&part[..part.len().min(room)]);
}

/// How a cell is made: runs of letters, runs of digits, all else as it is, without quotes.
fn shape(cell: &[u8]) -> Vec<u8> {
    let mut shape = Vec::new();
    for b in cell.trim_ascii().iter().filter(|b| **b != b'"') {
        let class = match b {
            b'0'..=b'9' => b'9',
            b if b.is_ascii_alphabetic() || !b.is_ascii() => b'a',
            other => *other,
        };
        if shape.last() != Some(&class) || !class.is_ascii_alphanumeric() {
            shape.push(class);
        }
    }
    shape
}
