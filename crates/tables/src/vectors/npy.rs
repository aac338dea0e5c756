//! Matrices in NumPy's `.npy` format (NEP 1): little-endian floats in the order of C.

use crate::Error;
use ndarray::Array2;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// A header has a few dozen bytes; version 2 would allow 4 GB.
const LONGEST_HEADER: usize = 1 << 20;

/// Reads a matrix of `<f4` or `<f8`, all finite as `f32`. Memory: the matrix, and one row of bytes.
pub fn read(path: &Path) -> Result<Array2<f32>, Error> {
    let file = File::open(path).map_err(Error::file(path))?;
    let length = file.metadata().map_err(Error::file(path))?.len();
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let wrong = |what: String| Error::table(path, what);
    let mut start = [0; 8];
    if reader.read_exact(&mut start).is_err() || &start[..6] != b"\x93NUMPY" {
        return Err(wrong("this is no .npy file: write it with numpy.save".into()));
    }
    let mut size = [0; 4];
    let n = if start[6] == 1 { 2 } else { 4 };
    reader.read_exact(&mut size[..n]).map_err(Error::file(path))?;
    let size = u32::from_le_bytes(size) as usize;
    if size > LONGEST_HEADER {
        return Err(wrong("the header is longer than 1 MB".into()));
    }
    let mut header = vec![0; size];
    reader.read_exact(&mut header).map_err(|_| wrong("the file ends within its header".into()))?;
    let header = String::from_utf8_lossy(&header);
    let width = match value(&header, "descr").map(|v| v.trim_matches(['\'', '"'])) {
        Some("<f4") => 4,
        Some("<f8") => 8,
        other => {
            let other = other.unwrap_or("nothing that can be read");
            return Err(wrong(format!("it holds {other}: save it as float32, as by array.astype(\"<f4\")")));
        }
    };
    if value(&header, "fortran_order") != Some("False") {
        return Err(wrong("it is in Fortran's order: save numpy.ascontiguousarray(array)".into()));
    }
    let Some((rows, columns)) = value(&header, "shape").and_then(shape) else {
        return Err(wrong("it is no matrix: two dimensions are needed, rows × columns".into()));
    };
    let needs = (rows as u64).checked_mul(columns as u64).and_then(|n| n.checked_mul(width));
    let has = length.saturating_sub(8 + n as u64 + size as u64);
    if needs != Some(has) {
        return Err(wrong(format!(
            "{rows} × {columns} numbers of {width} bytes do not make its {has} bytes"
        )));
    }
    if columns == 0 {
        return Err(wrong("its rows are empty".into()));
    }
    let mut matrix = Array2::zeros((rows, columns));
    let mut bytes = vec![0; columns * width as usize];
    for (number, mut row) in matrix.rows_mut().into_iter().enumerate() {
        reader.read_exact(&mut bytes).map_err(Error::file(path))?;
        for (at, (to, from)) in row.iter_mut().zip(bytes.chunks_exact(width as usize)).enumerate() {
            *to = number_of(from);
            if !to.is_finite() {
                let (row, column) = (number + 1, at + 1);
                return Err(wrong(format!("row {row}, column {column} is not a finite number")));
            }
        }
    }
    Ok(matrix)
}

fn number_of(bytes: &[u8]) -> f32 {
    match *bytes {
        [a, b, c, d] => f32::from_le_bytes([a, b, c, d]),
        [a, b, c, d, e, f, g, h] => f64::from_le_bytes([a, b, c, d, e, f, g, h]) as f32,
        _ => f32::NAN,
    }
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
