//! Where a cell stands in its row.

use memchr::{memchr, memchr3};
use std::borrow::Cow;

/// Where a cell stands in its row, without its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub start: usize,
    pub end: usize,
    pub kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Plain,
    Quoted,
    /// Quoted, with doubled quotes inside.
    Doubled,
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
