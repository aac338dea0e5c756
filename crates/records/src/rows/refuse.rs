//! Rows that can't be had because of their quotes, and where to go on behind them.

use super::span::Kind;
use super::{Fault, Rows, Scan, lines_in};
use crate::{CELL_LIMIT, RAW_LIMIT};
use memchr::{memchr, memchr2};
use std::io::{self, Read};

/// A row that can't be had.
pub struct Refused {
    pub line: i64,
    pub raw: Vec<u8>,
    pub reason: String,
    /// Because the file ended in a quoted cell.
    pub is_open: bool,
}

impl<R: Read> Rows<R> {
    /// Do the lines of a row make as many rows, each with all of its cells, where quotes are text?
    pub(super) fn is_rows(&self, scan: &Scan) -> bool {
        let row = &self.window.bytes()[..scan.end];
        let mut lines = row.split(|b| *b == b'\n');
        self.has_quotes() && lines_in(row) > 0 && lines.all(|line| Some(self.plain_width(line)) == self.width)
    }

    pub(super) fn has_quotes(&self) -> bool {
        self.cells.iter().any(|c| c.kind != Kind::Plain)
    }

    fn plain_width(&self, line: &[u8]) -> usize {
        1 + memchr::memchr_iter(self.style.separator, line).count()
    }

    /// Does a row of several lines look like several rows that lost a quote? Each of its lines has all cells and begins
    /// as the row does, and, unlike in a sentence, no blank stands behind a comma.
    pub(super) fn swallows_rows(&self, scan: &Scan) -> bool {
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

    pub(super) fn refuse_swallowed(&mut self, scan: &Scan) -> Refused {
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
    pub(super) fn refuse_quoted(&mut self, fault: Fault, place: usize) -> io::Result<Refused> {
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
    pub(super) fn refuse_line(&mut self, reason: String, at: usize) -> io::Result<Refused> {
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

pub fn too_long() -> String {
    format!("a cell is longer than {} MB", CELL_LIMIT >> 20)
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
