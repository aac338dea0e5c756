//! Reading the named columns of a CSV file (or TSV, by its ending); what does not fit says file, line and column.

use crate::Error;
use csv::{ErrorKind, Reader, ReaderBuilder, StringRecord};
use std::fs::File;
use std::path::{Path, PathBuf};

/// A larger cell is taken for a quote that was never closed.
const MOST_BYTES: usize = 10 << 20;

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
        let mut reader = reader(path)?;
        let headers = reader.headers().map_err(|e| broken(path, e))?.clone();
        let places = columns.iter().map(|name| place(path, &headers, name)).collect::<Result<Vec<_>, _>>()?;
        let mut rows = Vec::new();
        let mut record = StringRecord::new();
        while reader.read_record(&mut record).map_err(|e| broken(path, e))? {
            let line = record.position().map_or(0, csv::Position::line);
            let cells: Vec<String> =
                places.iter().map(|at| record.get(*at).unwrap_or_default().to_owned()).collect();
            if let Some(at) = cells.iter().position(|cell| cell.len() > MOST_BYTES) {
                return Err(Error::Cell {
                    path: path.to_owned(),
                    line,
                    column: columns[at].to_owned(),
                    what: "the cell is larger than 10 MB: is a quote missing its end?".into(),
                });
            }
            rows.push(Row { line, cells });
        }
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

/// A file's records, as its ending says.
pub fn reader(path: &Path) -> Result<Reader<File>, Error> {
    let is_tsv = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("tsv"));
    let file = File::open(path).map_err(Error::file(path))?;
    Ok(ReaderBuilder::new().delimiter(if is_tsv { b'\t' } else { b',' }).flexible(false).from_reader(file))
}

/// How to say what the column is called: options bear the names that columns have where nobody says otherwise.
fn hint(name: &str) -> String {
    match name {
        "item" | "annotator" | "label" | "text" | "id" => format!(". Name yours with --{name}"),
        _ => String::new(),
    }
}

pub fn place(path: &Path, headers: &StringRecord, name: &str) -> Result<usize, Error> {
    let is_it = |header: &str| header.trim_start_matches('\u{feff}').trim() == name;
    let mut found = headers.iter().enumerate().filter(|(_, header)| is_it(header)).map(|(at, _)| at);
    match (found.next(), found.next()) {
        (Some(at), None) => Ok(at),
        (Some(_), Some(_)) => Err(Error::table(path, format!("two columns are called {name}: rename one"))),
        (None, _) => {
            let there: Vec<&str> = headers.iter().collect();
            Err(Error::table(
                path,
                format!("there is no column {name}; the file has: {}{}", there.join(", "), hint(name)),
            ))
        }
    }
}

pub fn broken(path: &Path, error: csv::Error) -> Error {
    let line = error.position().map_or(1, csv::Position::line);
    let what = match error.kind() {
        ErrorKind::Utf8 { .. } => "the bytes are not UTF-8: save the file as UTF-8".to_owned(),
        ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("the row has {len} cells and the header {expected_len}")
        }
        _ => match error.into_kind() {
            ErrorKind::Io(source) => return Error::File { path: path.to_owned(), source },
            other => format!("{other:?}"),
        },
    };
    Error::Line { path: path.to_owned(), line, what }
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

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        assert_eq!(
            read(b"").unwrap_err(),
            ": there is no column item; the file has: . Name yours with --item"
        );
        assert!(read(b"item,text\n").unwrap_err().contains("no column label; the file has: item, text"));
        assert!(read(b"item,label,item\n").unwrap_err().contains("two columns are called item"));
        assert_eq!(
            read(b"item,label\n1,a\n2\n").unwrap_err(),
            ", line 3: the row has 1 cells and the header 2"
        );
        let bad = read(b"item,label\n1,a\n2,\xff\n").unwrap_err();
        assert_eq!(bad, ", line 3: the bytes are not UTF-8: save the file as UTF-8");
        let mut long = b"item,label\n1,\"".to_vec();
        long.resize(11 << 20, b'x');
        assert!(read(&long).unwrap_err().starts_with(", line 2, column label: the cell is larger"));
    }
}
