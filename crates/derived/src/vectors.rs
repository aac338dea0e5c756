//! Vectors of a run in one file: rows of `f32`, in item order. They can be deleted and made again.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// What the file begins with: its format, then the number of columns and of rows.
const MAGIC: [u8; 8] = *b"assayv1\n";
const HEAD: u64 = 24;

/// An open file of vectors.
#[derive(Debug)]
pub struct Vectors {
    file: File,
    n_columns: usize,
    n_rows: usize,
}

/// Writes rows of `n_columns` values. The file appears when it is whole.
///
/// # Errors
/// When the folder can't be made or the file not written.
pub fn write(path: &Path, n_columns: usize, values: &[f32]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let unfinished = path.with_extension("new");
    let mut file = BufWriter::with_capacity(1 << 20, File::create(&unfinished)?);
    file.write_all(&MAGIC)?;
    file.write_all(&(n_columns as u64).to_le_bytes())?;
    file.write_all(&(values.len() as u64 / n_columns.max(1) as u64).to_le_bytes())?;
    for value in values {
        file.write_all(&value.to_le_bytes())?;
    }
    file.flush()?;
    drop(file);
    std::fs::rename(unfinished, path)
}

/// Removes the file, if it is there.
///
/// # Errors
/// When the system refuses.
pub fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

impl Vectors {
    /// Opens a file. `None` if there is none, or one that is not whole: it has to be made again.
    ///
    /// # Errors
    /// When the system refuses to read.
    pub fn open(path: &Path) -> io::Result<Option<Vectors>> {
        let mut file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let mut head = [0; HEAD as usize];
        if file.metadata()?.len() < HEAD {
            return Ok(None);
        }
        file.read_exact(&mut head)?;
        let number = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| head[at + i]));
        let (n_columns, n_rows) = (number(8), number(16));
        let whole = n_columns.checked_mul(n_rows).and_then(|n| n.checked_mul(4)).map(|bytes| bytes + HEAD);
        if head[..8] != MAGIC || whole != Some(file.metadata()?.len()) {
            return Ok(None);
        }
        Ok(Some(Vectors { file, n_columns: n_columns as usize, n_rows: n_rows as usize }))
    }

    pub fn n_columns(&self) -> usize {
        self.n_columns
    }

    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Some rows, one behind the other. Rows beyond the end are zeros.
    ///
    /// # Errors
    /// When the system refuses to read.
    pub fn rows(&mut self, rows: &[usize]) -> io::Result<Vec<f32>> {
        let width = self.n_columns * 4;
        let mut bytes = vec![0_u8; width];
        let mut values = Vec::with_capacity(rows.len() * self.n_columns);
        for &row in rows {
            if row < self.n_rows {
                self.file.seek(SeekFrom::Start(HEAD + (row * width) as u64))?;
                self.file.read_exact(&mut bytes)?;
            } else {
                bytes.fill(0);
            }
            values.extend(
                bytes.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])),
            );
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_and_broken_files_are_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("vectors").join("7.f32");
        assert!(Vectors::open(&path).expect("no file").is_none());
        write(&path, 2, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).expect("written");
        let mut vectors = Vectors::open(&path).expect("a file").expect("whole");
        assert_eq!((vectors.n_columns(), vectors.n_rows()), (2, 3));
        assert_eq!(vectors.rows(&[2, 0, 9]).expect("rows"), [5.0, 6.0, 1.0, 2.0, 0.0, 0.0]);
        let bytes = std::fs::read(&path).expect("bytes");
        std::fs::write(&path, &bytes[..bytes.len() - 1]).expect("cut");
        assert!(Vectors::open(&path).expect("a file").is_none());
        remove(&path).expect("removed");
        remove(&path).expect("gone already");
    }
}
