//! The archive: a line that says what it is, then one zstd stream of records. A record is its kind (one byte), its
//! length (u32) and its body; numbers are little-endian.
//!
//! | kind | body |
//! |---|---|
//! | `H` | the head, JSON: format, schema (number of the newest migration), program, created_at |
//! | `B` | a blob begins, JSON: key (its BLAKE3), bytes |
//! | `D` | bytes of the blob that began last |
//! | `T` | a table begins, JSON: name and columns, each with its kind |
//! | `R` | rows of that table, value after value: 0 null, 1 i64, 2 f64, 3 false, 4 true, 5 text, 6 bytes (both with a u32 length) |
//! | `E` | the end, JSON: rows by table, blobs; then the BLAKE3 of all records before this one |
//!
//! Blobs come before the tables, and each table after those that it refers to.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use store::check::archive::{Column, Kind, Value};

const MAGIC: &[u8] = b"assay archive\n";
/// Rises when a reader of the old format could no longer read the new one.
pub const FORMAT: u32 = 1;
/// Rows are put together into records of about this size.
const RECORD: usize = 256 << 10;
/// A longer record is no record.
const LONGEST: u32 = 1 << 30;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    pub format: u32,
    pub schema: i64,
    pub program: String,
    /// Unix microseconds.
    pub created_at: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlobHead {
    pub key: String,
    pub bytes: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableHead {
    pub name: String,
    /// Name and kind: int, float, bool, text, bytes.
    pub columns: Vec<(String, String)>,
}

const KINDS: [(&str, Kind); 5] = [
    ("int", Kind::Int),
    ("float", Kind::Float),
    ("bool", Kind::Bool),
    ("text", Kind::Text),
    ("bytes", Kind::Bytes),
];

impl TableHead {
    pub fn of(name: &str, columns: &[Column]) -> TableHead {
        let kind = |kind| KINDS.iter().find(|k| k.1 == kind).map_or("", |k| k.0);
        let columns = columns.iter().map(|c| (c.name.clone(), kind(c.kind).to_owned())).collect();
        TableHead { name: name.to_owned(), columns }
    }

    pub fn columns(&self) -> Option<Vec<Column>> {
        let column = |(name, kind): &(String, String)| {
            let kind = KINDS.iter().find(|k| k.0 == kind)?.1;
            Some(Column { name: name.clone(), kind })
        };
        self.columns.iter().map(column).collect()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tail {
    pub rows: BTreeMap<String, i64>,
    pub blobs: i64,
}

/// The last record.
#[derive(Serialize, Deserialize)]
struct End {
    #[serde(flatten)]
    tail: Tail,
    blake3: String,
}

pub struct Writer<W: Write> {
    out: zstd::Encoder<'static, W>,
    hasher: blake3::Hasher,
    rows: Vec<u8>,
}

impl<W: Write> Writer<W> {
    pub fn begin(mut to: W, head: &Head) -> io::Result<Writer<W>> {
        to.write_all(MAGIC)?;
        let mut out = zstd::Encoder::new(to, 3)?;
        out.include_checksum(true)?;
        let mut writer = Writer { out, hasher: blake3::Hasher::new(), rows: Vec::new() };
        writer.json(b'H', head)?;
        Ok(writer)
    }

    pub fn blob(&mut self, head: &BlobHead) -> io::Result<()> {
        self.json(b'B', head)
    }

    pub fn data(&mut self, piece: &[u8]) -> io::Result<()> {
        self.record(b'D', piece)
    }

    pub fn table(&mut self, head: &TableHead) -> io::Result<()> {
        self.json(b'T', head)
    }

    pub fn row(&mut self, row: &[Value]) -> io::Result<()> {
        for value in row {
            put(&mut self.rows, value);
        }
        if self.rows.len() >= RECORD { self.flush_rows() } else { Ok(()) }
    }

    /// Ends a table.
    pub fn flush_rows(&mut self) -> io::Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.rows);
        self.record(b'R', &rows)?;
        self.rows = rows;
        self.rows.clear();
        Ok(())
    }

    pub fn end(mut self, tail: Tail) -> io::Result<W> {
        let blake3 = self.hasher.finalize().to_hex().to_string();
        self.json(b'E', &End { tail, blake3 })?;
        let mut to = self.out.finish()?;
        to.flush()?;
        Ok(to)
    }

    fn json(&mut self, kind: u8, body: &impl Serialize) -> io::Result<()> {
        self.record(kind, &serde_json::to_vec(body)?)
    }

    fn record(&mut self, kind: u8, body: &[u8]) -> io::Result<()> {
        let length = u32::try_from(body.len()).ok().filter(|n| *n <= LONGEST);
        let length = length.ok_or_else(|| io::Error::other("a row is larger than a gigabyte"))?;
        let head = record_head(kind, length);
        self.hasher.update(&head).update(body);
        self.out.write_all(&head)?;
        self.out.write_all(body)
    }
}

fn record_head(kind: u8, length: u32) -> [u8; 5] {
    let [a, b, c, d] = length.to_le_bytes();
    [kind, a, b, c, d]
}

fn put(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.push(0),
        Value::Int(n) => {
            out.push(1);
            out.extend_from_slice(&n.to_le_bytes());
        }
        Value::Float(x) => {
            out.push(2);
            out.extend_from_slice(&x.to_le_bytes());
        }
        Value::Bool(b) => out.push(if *b { 4 } else { 3 }),
        Value::Text(text) => put_bytes(out, 5, text.as_bytes()),
        Value::Bytes(bytes) => put_bytes(out, 6, bytes),
    }
}

fn put_bytes(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag);
    // No value of the database comes near four gigabytes.
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
}

/// What is wrong with an archive.
#[derive(Debug, thiserror::Error)]
pub enum Bad {
    #[error("this is not an archive of Assay")]
    NoArchive,
    #[error("it was made by a newer version ({0}) of the program")]
    Newer(String),
    #[error("it is cut off: the end is missing")]
    CutOff,
    #[error("it is damaged: {0}")]
    Damaged(&'static str),
    #[error("it can’t be read: {0}")]
    Io(io::Error),
}

impl From<io::Error> for Bad {
    fn from(error: io::Error) -> Bad {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Bad::CutOff,
            // Bad frames and checksums of the compression.
            io::ErrorKind::Other | io::ErrorKind::InvalidData => Bad::Damaged("its bytes don’t fit together"),
            _ => Bad::Io(error),
        }
    }
}

#[derive(Debug, PartialEq)]
pub enum Record {
    Blob(BlobHead),
    Data(Vec<u8>),
    Table(TableHead),
    Rows(Vec<Vec<Value>>),
    /// All that was written was read, and is what was written.
    End(Tail),
}

pub struct Reader<R: Read> {
    from: zstd::Decoder<'static, io::BufReader<R>>,
    hasher: blake3::Hasher,
    /// Columns of the table that began last.
    n_columns: usize,
}

impl<R: Read> Reader<R> {
    pub fn begin(mut from: R) -> Result<(Reader<R>, Head), Bad> {
        let mut magic = [0; MAGIC.len()];
        match from.read_exact(&mut magic) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(Bad::NoArchive),
            other => other?,
        }
        if magic != MAGIC {
            return Err(Bad::NoArchive);
        }
        let mut reader =
            Reader { from: zstd::Decoder::new(from)?, hasher: blake3::Hasher::new(), n_columns: 0 };
        let (kind, body) = reader.record()?;
        if kind != b'H' {
            return Err(Bad::Damaged("it does not begin with a head"));
        }
        let head: Head = json(&body)?;
        if head.format > FORMAT {
            return Err(Bad::Newer(head.program));
        }
        Ok((reader, head))
    }

    pub fn next(&mut self) -> Result<Record, Bad> {
        let so_far = self.hasher.finalize().to_hex();
        let (kind, body) = self.record()?;
        Ok(match kind {
            b'B' => Record::Blob(json(&body)?),
            b'D' => Record::Data(body),
            b'T' => {
                let head: TableHead = json(&body)?;
                self.n_columns = head.columns.len();
                Record::Table(head)
            }
            b'R' => Record::Rows(rows(&body, self.n_columns)?),
            b'E' => {
                let end: End = json(&body)?;
                if end.blake3 != so_far.as_str() {
                    return Err(Bad::Damaged("its content is not what was written"));
                }
                self.nothing_follows()?;
                Record::End(end.tail)
            }
            _ => return Err(Bad::Damaged("a record of an unknown kind")),
        })
    }

    /// The compressed stream ends here, with its own checksum whole, and so does the file.
    fn nothing_follows(&mut self) -> Result<(), Bad> {
        if self.from.read(&mut [0])? > 0 {
            return Err(Bad::Damaged("something follows its end"));
        }
        Ok(())
    }

    fn record(&mut self) -> Result<(u8, Vec<u8>), Bad> {
        let mut head = [0; 5];
        self.from.read_exact(&mut head)?;
        let [kind, a, b, c, d] = head;
        let length = u32::from_le_bytes([a, b, c, d]);
        if length > LONGEST {
            return Err(Bad::Damaged("a record without an end"));
        }
        let mut body = Vec::new();
        (&mut self.from).take(u64::from(length)).read_to_end(&mut body)?;
        if body.len() != length as usize {
            return Err(Bad::CutOff);
        }
        self.hasher.update(&head).update(&body);
        Ok((kind, body))
    }
}

fn json<T: for<'d> Deserialize<'d>>(body: &[u8]) -> Result<T, Bad> {
    serde_json::from_slice(body).map_err(|_| Bad::Damaged("a record that can’t be read"))
}

fn rows(body: &[u8], n_columns: usize) -> Result<Vec<Vec<Value>>, Bad> {
    let mut rows = Vec::new();
    let mut rest = body;
    if n_columns == 0 && !rest.is_empty() {
        return Err(Bad::Damaged("rows without a table"));
    }
    while !rest.is_empty() {
        let row = (0..n_columns).map(|_| get(&mut rest)).collect::<Option<Vec<Value>>>();
        rows.push(row.ok_or(Bad::Damaged("a row that can’t be read"))?);
    }
    Ok(rows)
}

fn get(rest: &mut &[u8]) -> Option<Value> {
    let [tag] = array(rest)?;
    Some(match tag {
        0 => Value::Null,
        1 => Value::Int(i64::from_le_bytes(array(rest)?)),
        2 => Value::Float(f64::from_le_bytes(array(rest)?)),
        3 => Value::Bool(false),
        4 => Value::Bool(true),
        5 => Value::Text(String::from_utf8(bytes(rest)?).ok()?),
        6 => Value::Bytes(bytes(rest)?),
        _ => return None,
    })
}

fn array<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}

fn bytes(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let length = u32::from_le_bytes(array(rest)?) as usize;
    let (head, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    Some(head.to_vec())
}
