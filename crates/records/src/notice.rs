//! What a reader noticed about a file: nothing that keeps it from being read, but what a person should know, because it
//! may mean that the file says something else than what was read.

use std::fmt::{self, Display, Formatter};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The file is not UTF-8.
    Decoded { encoding: String },
    /// Columns are separated by something else than one would expect.
    Separator { separator: u8 },
    /// Lines before the header begin with `#`.
    Comments { lines: i64 },
    /// There is one column, and most lines hold something that separates columns elsewhere.
    OneColumn { separator: u8 },
    /// The first line, which names the columns, looks like a row.
    HeaderIsData { cell: String },
    /// Quotes are not balanced in a file with tabs.
    QuotesAreText,
    /// A row runs over very many lines.
    LongRow { line: i64, lines: i64 },
}

impl Notice {
    /// The file says so by itself, and it can hardly be meant otherwise: to be told, and nothing to be asked.
    pub fn is_certain(&self) -> bool {
        match self {
            Notice::Separator { .. } | Notice::Comments { .. } | Notice::QuotesAreText => true,
            Notice::Decoded { encoding } => encoding.starts_with("UTF-"),
            Notice::OneColumn { .. } | Notice::HeaderIsData { .. } | Notice::LongRow { .. } => false,
        }
    }
}

impl Display for Notice {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Notice::Decoded { encoding } => {
                write!(
                    f,
                    "The file is not UTF-8; it was read as {encoding}. Look whether all letters are right."
                )
            }
            Notice::Separator { separator } => {
                write!(f, "The columns are separated by {}.", separator_name(*separator))
            }
            Notice::Comments { lines: 1 } => {
                f.write_str("A line that begins with # was passed over before the header.")
            }
            Notice::Comments { lines } => {
                write!(f, "{lines} lines that begin with # were passed over before the header.")
            }
            Notice::OneColumn { separator } => write!(
                f,
                "The file was read as one column, but most of its lines hold {}. If these separate columns, the first line \
                 must name the columns in the same way.",
                separator_name(*separator)
            ),
            Notice::HeaderIsData { cell } => write!(
                f,
                "The first line was taken as the names of the columns, but “{cell}” looks like data. If it is, put a line \
                 with names before it: otherwise this row is lost."
            ),
            Notice::QuotesAreText => f.write_str(
                "Quotes are not balanced in this file with tabs, so they were read as part of the text.",
            ),
            Notice::LongRow { line, lines } => write!(
                f,
                "The row in line {line} runs over {lines} lines. If these are several rows, a quote is missing."
            ),
        }
    }
}

/// A separator in words.
pub fn separator_name(separator: u8) -> String {
    match separator {
        b',' => "commas".to_owned(),
        b';' => "semicolons".to_owned(),
        b'\t' => "tabs".to_owned(),
        b'|' => "vertical bars (|)".to_owned(),
        other => format!("“{}”", char::from(other)),
    }
}
