//! Reading the named columns of a table, by the rules by which files are imported; what does not fit says file, line and
//! column.

use crate::Error;
use records::{Format, Records, TableRow, Unreadable};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Columns of a file: probabilities have one for each label.
const MOST: usize = 20_000;

/// The wanted columns of a file, row by row.
#[derive(Debug)]
pub struct Table {
    pub path: PathBuf,
    /// In the order in which they were asked for; optional ones that the file lacks are not there.
    pub columns: Vec<String>,
    pub rows: Vec<Row>,
}

#[derive(Debug)]
pub struct Row {
    /// Where it begins in the file, counted from 1.
    pub line: u64,
    pub cells: Vec<String>,
}

impl Table {
    /// Reads `columns` of a file, all of which it must have.
    pub fn read(path: &Path, columns: &[&str]) -> Result<Table, Error> {
        let mut file = Rows::open(path)?;
        let places = columns.iter().map(|name| file.place(name)).collect::<Result<Vec<_>, _>>()?;
        let mut rows = Vec::new();
        while let Some(row) = file.next()? {
            let cells = places.iter().map(|at| row.cell(*at).into_owned()).collect();
            rows.push(Row { line: row.line.unsigned_abs(), cells });
        }
        file.tell();
        Ok(Table { path: path.to_owned(), columns: columns.iter().map(|c| (*c).to_owned()).collect(), rows })
    }

    /// Complains about one cell.
    pub fn wrong(&self, row: &Row, column: usize, what: impl Into<String>) -> Error {
        Error::Cell {
            path: self.path.clone(),
            line: row.line,
            column: self.columns[column].clone(),
            what: what.into(),
        }
    }
}

/// A table that is being read.
pub struct Rows<'p> {
    path: &'p Path,
    records: Records<File>,
}

impl<'p> Rows<'p> {
    pub fn open(path: &'p Path) -> Result<Rows<'p>, Error> {
        let is_tsv = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("tsv"));
        let said = if is_tsv { Format::Tsv } else { Format::Csv };
        let file = File::open(path).map_err(Error::file(path))?;
        let records = Records::open(file, Some(said), MOST).map_err(|e| unreadable(path, e))?;
        if records.format() == Format::Jsonl {
            return Err(Error::table(path, "the file holds JSON: give a table with a header, such as a CSV"));
        }
        Ok(Rows { path, records })
    }

    pub fn columns(&self) -> &[Arc<str>] {
        self.records.columns()
    }

    /// Where a column stands.
    pub fn place(&self, name: &str) -> Result<usize, Error> {
        self.columns().iter().position(|column| **column == *name.trim()).ok_or_else(|| {
            let there = self.columns().join(", ");
            let what = format!("there is no column {name}; the file has: {there}{}", hint(name));
            Error::table(self.path, what)
        })
    }

    /// The next row. One that can't be taken ends it all: numbers without it would be numbers of something else.
    pub fn next(&mut self) -> Result<Option<TableRow<'_>>, Error> {
        let path = self.path;
        match self.records.next_row().map_err(|e| unreadable(path, e))? {
            None => Ok(None),
            Some(Ok(row)) => Ok(Some(row)),
            Some(Err((line, what))) => {
                Err(Error::Line { path: path.to_owned(), line: line.unsigned_abs(), what })
            }
        }
    }

    /// Says on standard error what was noticed so far.
    pub fn tell(&self) {
        for notice in self.records.notices() {
            eprintln!("{}: {notice}", self.path.display());
        }
    }
}

/// How to say what the column is called: options bear the names that columns have where nobody says otherwise.
fn hint(name: &str) -> String {
    match name {
        "item" | "annotator" | "label" | "text" | "id" => format!(". Name yours with --{name}"),
        _ => String::new(),
    }
}

fn unreadable(path: &Path, error: Unreadable) -> Error {
    match error {
        Unreadable::Invalid(what) => Error::table(path, what),
        Unreadable::Io(source) => Error::File { path: path.to_owned(), source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &[u8]) -> Result<Table, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        std::fs::write(&path, content).unwrap();
        Table::read(&path, &["item", "label"])
            .map_err(|e| e.to_string().split_once("x.csv").unwrap().1.to_owned())
    }

    #[test]
    fn columns_are_found_by_name() {
        let table = read(b"\xEF\xBB\xBFlabel, item ,x\na,1,2\n\"b\nc\",2,3\n").unwrap();
        let cells: Vec<_> = table.rows.iter().map(|row| (row.line, row.cells.join("|"))).collect();
        assert_eq!(cells, [(2, "1|a".to_owned()), (3, "2|b\nc".to_owned())]);
    }

    /// The rules are those of an import.
    #[test]
    fn the_content_tells_separator_and_encoding() {
        let cells = |content: &[u8]| -> Vec<String> {
            read(content).unwrap().rows.into_iter().map(|row| row.cells.join("|")).collect()
        };
        assert_eq!(cells(b"item;label\n1;a,b\n2;c\n"), ["1|a,b", "2|c"]);
        assert_eq!(cells(b"sep=|\nitem|label\n1|a\n"), ["1|a"]);
        assert_eq!(cells(b"item\tlabel\n1\ta\n"), ["1|a"]);
        assert_eq!(cells(b"item,label\n1,caf\xe9\n"), ["1|caf\u{e9}"]);
        assert_eq!(cells(b"\xff\xfei\0t\0e\0m\0,\0l\0a\0b\0e\0l\0\n\x001\0,\0a\0\n\0"), ["1|a"]);
    }

    #[test]
    fn a_quote_that_is_not_closed_is_said_with_its_line() {
        let open = read(b"item,label\n1,a\n2,\"never closed\n3,b\n").unwrap_err();
        assert_eq!(open, ", line 3: a quoted cell is never closed");
        let joined = read(b"item,x,label\n1,\"a,a\n2,b,b\n3,c\",c\n").unwrap_err();
        assert!(joined.starts_with(", line 2: a quoted cell joins the lines 2 to 4"), "{joined}");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        assert_eq!(read(b"").unwrap_err(), ": The file is empty.");
        assert!(read(b"item,text\n").unwrap_err().contains("no column label; the file has: item, text"));
        assert!(read(b"item,label,item\n").unwrap_err().contains("Two columns are called “item”"));
        assert_eq!(
            read(b"item,label\n1,a\n2\n").unwrap_err(),
            ", line 3: the row has 1 cells, the header has 2"
        );
        let bad = read(b"item,label\n1,\xc3\xbc\n2,\xff\n").unwrap_err();
        assert_eq!(bad, ", line 3: “label” is not UTF-8");
        let mut long = b"item,label\n1,\"".to_vec();
        long.resize(11 << 20, b'x');
        assert_eq!(read(&long).unwrap_err(), ", line 2: a cell is longer than 1 MB");
        let json = read(b"{\"item\":1,\"label\":2}\n").unwrap_err();
        assert_eq!(json, ": the file holds JSON: give a table with a header, such as a CSV");
    }
}
