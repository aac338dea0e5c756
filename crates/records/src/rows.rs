//! Bytes as rows of cells, by the rules of RFC 4180 and what real files make of them.
//!
//! In a quoted cell, separators and line ends are text, and a quote is doubled. Where that doesn't hold, a quote was never
//! meant to open a cell, or one is missing; then only the line in which it opens is refused, so that no row disappears in
//! another one. With tabs, quotes may be mere text: tables with tabs are often written without any quoting.

mod refuse;
mod span;

pub use refuse::Refused;
pub use span::Span;

use crate::{CELL_LIMIT, ROW_LIMIT, Window};
use memchr::{memchr, memchr3};
use refuse::too_long;
use span::Kind;
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Something follows the closing quote of a cell.
    GoesOn,
    NeverClosed,
    TooLongInQuotes,
    TooLong,
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
}

fn faulty(fault: Fault, at: usize) -> Scan {
    Scan { end: at, next: at, n_cells: 0, fault: Some(fault) }
}

fn lines_in(bytes: &[u8]) -> i64 {
    memchr::memchr_iter(b'\n', bytes).count() as i64
}
