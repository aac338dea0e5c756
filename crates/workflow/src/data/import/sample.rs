//! What a file begins with: its format, its columns, its first rows.

use super::guess::{Guess, guess};
use crate::{Error, Result};
use domain::source::{Format, Mapping};
use records::{COLUMN_LIMIT, Notice, Record, Records, Unreadable};
use std::io::{self, Cursor, Read};
use store::Store;
use store::data::blobs::BlobReader;

/// Rows that a guess is made from.
const ROWS: usize = 200;
/// Rows that a person sees.
const SHOWN: usize = 20;

/// The start of a file.
#[derive(Debug, Clone)]
pub struct Sample {
    pub format: Format,
    pub columns: Vec<String>,
    /// What a person should know of how the file was read.
    pub notices: Vec<Notice>,
    pub(super) records: Vec<Record>,
}

impl Sample {
    /// The likely mapping.
    pub fn guess(&self) -> Mapping {
        self.guessed().mapping
    }

    /// The same, with the reason of each choice.
    pub fn guessed(&self) -> Guess {
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

/// Looks at the start of a file. Its content tells the format; `said` is what its name or a person says. Blocks.
pub fn look(from: impl Read, said: Option<Format>) -> Result<Sample> {
    let mut file = Records::open(from, said.map(read_as), COLUMN_LIMIT).map_err(unreadable)?;
    let mut records = Vec::new();
    while records.len() < ROWS
        && let Some(record) = file.next_record().map_err(unreadable)?
    {
        records.push(record);
    }
    let columns: Vec<String> = file.columns().iter().map(|c| c.to_string()).collect();
    if columns.is_empty() {
        let why =
            records.first().and_then(|r| r.cells.as_ref().err()).map_or("it has no rows", String::as_str);
        return Err(Error::invalid("file", format!("No column can be read from the file: {why}.")));
    }
    let format = match file.format() {
        records::Format::Csv => Format::Csv,
        records::Format::Tsv => Format::Tsv,
        records::Format::Jsonl => Format::Jsonl,
    };
    Ok(Sample { format, columns, notices: file.notices().to_vec(), records })
}

/// The format as the reader of records knows it.
pub(super) fn read_as(format: Format) -> records::Format {
    match format {
        Format::Csv => records::Format::Csv,
        Format::Tsv => records::Format::Tsv,
        Format::Jsonl => records::Format::Jsonl,
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

pub(super) fn unreadable(error: Unreadable) -> Error {
    match error {
        Unreadable::Invalid(what) => Error::invalid("file", what),
        Unreadable::Io(error) => Error::Store(error.into()),
    }
}
