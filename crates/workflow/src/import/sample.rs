//! What a file begins with: its format, its columns, its first rows.

use super::guess::guess;
use super::run::unreadable;
use crate::{Error, Result};
use domain::source::{Format, Mapping};
use records::{Record, Records};
use std::io::{self, Cursor, Read};
use store::Store;
use store::blobs::BlobReader;

/// Rows that a guess is made from.
const ROWS: usize = 200;
/// Rows that a person sees.
const SHOWN: usize = 20;
/// Bytes at the start that tell the format.
const HEAD: usize = 64 << 10;

/// The start of a file.
#[derive(Debug, Clone)]
pub struct Sample {
    pub format: Format,
    pub columns: Vec<String>,
    records: Vec<Record>,
}

impl Sample {
    /// The likely mapping.
    pub fn guess(&self) -> Mapping {
        guess(&self.columns, &self.records)
    }

    /// The first rows: a cell for each column, or why the row can't be taken.
    pub fn rows(&self) -> impl Iterator<Item = (i64, std::result::Result<Vec<&str>, &str>)> {
        self.records.iter().take(SHOWN).map(|record| {
            let cells = record.cells.as_ref().map_err(String::as_str).map(|cells| {
                let cell = |column: &String| {
                    cells.iter().find(|(name, _)| **name == **column).map_or("", |(_, value)| value)
                };
                self.columns.iter().map(cell).collect()
            });
            (record.line, cells)
        })
    }
}

/// Looks at the start of a file; the format is told from it where it is not said. Blocks.
pub fn look(mut from: impl Read, format: Option<Format>) -> Result<Sample> {
    let mut head = Vec::new();
    let format = match format {
        Some(format) => format,
        None => {
            (&mut from).take(HEAD as u64).read_to_end(&mut head).map_err(|e| Error::Store(e.into()))?;
            tell(&head)
        }
    };
    let mut records = Records::open(Cursor::new(head).chain(from), read_as(format)).map_err(unreadable)?;
    let mut rows = Vec::new();
    while rows.len() < ROWS
        && let Some(record) = records.next().map_err(|e| unreadable(e.into()))?
    {
        rows.push(record);
    }
    let columns: Vec<String> = records.columns().iter().map(|c| c.to_string()).collect();
    if columns.is_empty() {
        let why = rows.first().and_then(|r| r.cells.as_ref().err()).map_or("it has no rows", String::as_str);
        return Err(Error::invalid("file", format!("No column can be read from the file: {why}.")));
    }
    Ok(Sample { format, columns, records: rows })
}

/// The format as the reader of records knows it.
pub(super) fn read_as(format: Format) -> records::Format {
    match format {
        Format::Csv => records::Format::Csv,
        Format::Tsv => records::Format::Tsv,
        Format::Jsonl => records::Format::Jsonl,
    }
}

fn tell(head: &[u8]) -> Format {
    let first = head.split(|b| *b == b'\n').next().unwrap_or_default();
    let n = |byte: u8| first.iter().filter(|b| **b == byte).count();
    let text = head.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(head).trim_ascii_start();
    match text.first() {
        Some(b'{') => Format::Jsonl,
        _ if n(b'\t') > n(b',') => Format::Tsv,
        _ => Format::Csv,
    }
}

pub(super) async fn look_at(from: Upload, format: Option<Format>) -> Result<Sample> {
    tokio::task::spawn_blocking(move || look(from, format)).await.map_err(Error::internal)?
}

pub(super) async fn open_upload(store: &Store, key: &str) -> Result<Upload> {
    match store.open_blob(key).await {
        Ok(blob) => Ok(Upload {
            blob,
            at: tokio::runtime::Handle::current(),
            piece: Cursor::new(bytes::Bytes::new()),
        }),
        Err(store::Error::NotFound) => {
            Err(Error::conflict("The file of this import is not kept any more; bring it again."))
        }
        Err(error) => Err(error.into()),
    }
}

/// An upload for a thread that reads and may wait.
pub(super) struct Upload {
    blob: BlobReader,
    at: tokio::runtime::Handle,
    piece: Cursor<bytes::Bytes>,
}

impl Read for Upload {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let n = self.piece.read(buffer)?;
            if n > 0 || buffer.is_empty() {
                return Ok(n);
            }
            match self.at.block_on(self.blob.next()).map_err(io::Error::other)? {
                Some(piece) => self.piece = Cursor::new(piece),
                None => return Ok(0),
            }
        }
    }
}
