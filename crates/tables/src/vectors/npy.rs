//! Matrices in NumPy's `.npy` format (NEP 1): little-endian floats in the order of C, read row by row.

use ndarray::{Array2, ArrayViewMut1, ArrayViewMut2};
use std::io::Read;
use thiserror::Error;

/// A header has a few dozen bytes; version 2 would allow 4 GB.
const LONGEST_HEADER: usize = 1 << 20;

/// Why a file is not read as a matrix: what is wrong with it, and what to do.
#[derive(Debug, Error)]
pub enum NpyError {
    /// It can't be read.
    #[error("{0}")]
    Read(#[from] std::io::Error),
    /// It is no matrix of floats, or not whole.
    #[error("{0}")]
    Content(String),
}

/// A matrix of `<f4` or `<f8` whose header has been read and whose rows have not.
#[derive(Debug)]
pub struct Npy<R> {
    reader: R,
    rows: usize,
    columns: usize,
    /// Bytes of a number.
    width: usize,
    /// Rows that were read.
    done: usize,
    /// One row.
    bytes: Vec<u8>,
}

impl<R: Read> Npy<R> {
    /// Reads the header of what has `length` bytes in all.
    ///
    /// # Errors
    /// [`NpyError`] for another format, other numbers, Fortran's order, anything but two dimensions, or bytes that are
    /// not as many as the numbers need: a file that is cut off is refused before a row is read.
    pub fn new(mut reader: R, length: u64) -> Result<Self, NpyError> {
        let mut start = [0; 8];
        if reader.read_exact(&mut start).is_err() || &start[..6] != b"\x93NUMPY" {
            return Err(wrong("this is no .npy file: write it with numpy.save"));
        }
        let mut size = [0; 4];
        let n = if start[6] == 1 { 2 } else { 4 };
        reader.read_exact(&mut size[..n]).map_err(|_| wrong("the file ends within its header"))?;
        let size = u32::from_le_bytes(size) as usize;
        if size > LONGEST_HEADER {
            return Err(wrong("the header is longer than 1 MB"));
        }
        let mut header = vec![0; size];
        reader.read_exact(&mut header).map_err(|_| wrong("the file ends within its header"))?;
        let header = String::from_utf8_lossy(&header);
        let width: usize = match value(&header, "descr").map(|v| v.trim_matches(['\'', '"'])) {
            Some("<f4") => 4,
            Some("<f8") => 8,
            other => {
                let other = other.unwrap_or("nothing that can be read");
                return Err(wrong(format!(
                    "it holds {other}: save it as float32, as by array.astype(\"<f4\")"
                )));
            }
        };
        if value(&header, "fortran_order") != Some("False") {
            return Err(wrong("it is in Fortran's order: save numpy.ascontiguousarray(array)"));
        }
        let has = value(&header, "shape").unwrap_or("none");
        let Some((rows, columns)) = shape(has) else {
            let what = format!("its shape is {has}: two dimensions are needed, a row for each text");
            return Err(wrong(what));
        };
        if columns == 0 {
            return Err(wrong("its rows are empty"));
        }
        let needs = (rows as u64).checked_mul(columns as u64).and_then(|n| n.checked_mul(width as u64));
        let has = length.saturating_sub(8 + n as u64 + size as u64);
        if needs != Some(has) {
            let is = if needs.is_none_or(|needs| needs > has) { "it is cut off: " } else { "" };
            return Err(wrong(format!(
                "{is}{rows} × {columns} numbers of {width} bytes do not make its {has} bytes"
            )));
        }
        Ok(Self { reader, rows, columns, width, done: 0, bytes: vec![0; columns * width] })
    }

    /// Rows and columns.
    #[must_use]
    pub fn dim(&self) -> (usize, usize) {
        (self.rows, self.columns)
    }

    /// The next rows, as many as `out` has.
    ///
    /// # Errors
    /// [`NpyError`] for something that is not a finite number as `f32`, with its row and column, counted from 1; for
    /// more rows than there are, or of another length.
    pub fn read_rows(&mut self, mut out: ArrayViewMut2<f32>) -> Result<(), NpyError> {
        if out.nrows() > self.rows - self.done || out.ncols() != self.columns {
            let (asked, left) = (out.dim(), (self.rows - self.done, self.columns));
            return Err(wrong(format!("{asked:?} numbers were asked for, and {left:?} are left")));
        }
        for row in out.rows_mut() {
            self.reader.read_exact(&mut self.bytes)?;
            self.done += 1;
            if let Some(column) = self.decode(row) {
                let row = self.done;
                return Err(wrong(format!("row {row}, column {column} is not a finite number")));
            }
        }
        Ok(())
    }

    /// The column that is not finite, if one is.
    fn decode(&self, mut row: ArrayViewMut1<f32>) -> Option<usize> {
        match self.width {
            4 => {
                row.iter_mut().zip(self.bytes.as_chunks().0).for_each(|(to, b)| *to = f32::from_le_bytes(*b))
            }
            _ => row
                .iter_mut()
                .zip(self.bytes.as_chunks().0)
                .for_each(|(to, b)| *to = f64::from_le_bytes(*b) as f32),
        }
        row.iter().position(|x| !x.is_finite()).map(|column| column + 1)
    }
}

/// The rows of what has `length` bytes in all, each scaled to length 1 (zeros stay zeros): n × columns. Memory: the
/// result, and one row of bytes.
///
/// # Errors
/// Those of [`Npy`], and [`NpyError::Content`] when there are not `n` rows.
pub fn vectors(reader: impl Read, length: u64, n: usize) -> Result<Array2<f32>, NpyError> {
    let mut npy = Npy::new(reader, length)?;
    let (rows, columns) = npy.dim();
    if rows != n {
        return Err(wrong(format!("{rows} rows for {n} texts")));
    }
    let mut matrix = Array2::zeros((rows, columns));
    npy.read_rows(matrix.view_mut())?;
    for mut row in matrix.rows_mut() {
        let length = row.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>().sqrt();
        if length > 0.0 {
            row.mapv_inplace(|v| (f64::from(v) / length) as f32);
        }
    }
    Ok(matrix)
}

fn wrong(what: impl Into<String>) -> NpyError {
    NpyError::Content(what.into())
}

/// What stands behind a key of the header, which is a dictionary as Python writes it.
fn value<'h>(header: &'h str, key: &str) -> Option<&'h str> {
    let at = header.find(&format!("'{key}'"))?;
    let rest = header[at + key.len() + 2..].trim_start().strip_prefix(':')?.trim_start();
    let end = if rest.starts_with('(') { rest.find(')')? + 1 } else { rest.find([',', '}'])? };
    Some(rest[..end].trim())
}

fn shape(tuple: &str) -> Option<(usize, usize)> {
    let (rows, columns) = tuple.strip_prefix('(')?.strip_suffix(')')?.split_once(',')?;
    Some((rows.trim().parse().ok()?, columns.trim().trim_end_matches(',').parse().ok()?))
}
