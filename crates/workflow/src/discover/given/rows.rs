//! The file of given vectors: what it is, then how many columns and rows, then the items in rising order, then their
//! rows in that order. All numbers are little-endian; an item is an `i64`, a value an `f32`.

use domain::ItemId;
use ndarray::Array2;
use std::fs;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

const MAGIC: [u8; 8] = *b"assaygv1";
const HEAD: u64 = 24;

/// A file that is being made, its rows in any order.
pub struct Making {
    file: BufWriter<fs::File>,
    n_columns: usize,
    n_rows: usize,
    /// The row behind the one that was written last.
    at: usize,
}

impl Making {
    /// `items` in rising order.
    pub fn begin(file: fs::File, n_columns: usize, items: &[ItemId]) -> io::Result<Making> {
        let mut file = BufWriter::with_capacity(1 << 20, file);
        file.write_all(&MAGIC)?;
        file.write_all(&(n_columns as u64).to_le_bytes())?;
        file.write_all(&(items.len() as u64).to_le_bytes())?;
        for item in items {
            file.write_all(&item.0.to_le_bytes())?;
        }
        Ok(Making { file, n_columns, n_rows: items.len(), at: 0 })
    }

    /// The row of the item at this place.
    pub fn write(&mut self, place: usize, row: &[f32]) -> io::Result<()> {
        // Files often have the order of the import: then nothing is sought.
        if place != self.at {
            self.file.seek(SeekFrom::Start(start(self.n_columns, self.n_rows, place as u64)))?;
        }
        for value in row {
            self.file.write_all(&value.to_le_bytes())?;
        }
        self.at = place + 1;
        Ok(())
    }

    pub fn finish(mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn start(n_columns: usize, n_rows: usize, place: u64) -> u64 {
    HEAD + n_rows as u64 * 8 + place * n_columns as u64 * 4
}

/// An open file.
pub struct File {
    file: BufReader<fs::File>,
    n_columns: usize,
    n_rows: usize,
}

impl File {
    pub fn open(path: &Path) -> io::Result<File> {
        let broken = || io::Error::new(io::ErrorKind::InvalidData, "its file is damaged");
        let file = fs::File::open(path)?;
        let length = file.metadata()?.len();
        let mut file = BufReader::with_capacity(1 << 20, file);
        let mut head = [0; HEAD as usize];
        file.read_exact(&mut head)?;
        let number = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| head[at + i]));
        let (n_columns, n_rows) = (number(8), number(16));
        let row = n_columns.checked_mul(4).and_then(|bytes| bytes.checked_add(8));
        let whole = row.and_then(|row| row.checked_mul(n_rows)).and_then(|bytes| bytes.checked_add(HEAD));
        if head[..8] != MAGIC || whole != Some(length) {
            return Err(broken());
        }
        Ok(File { file, n_columns: n_columns as usize, n_rows: n_rows as usize })
    }

    /// The place of each item.
    pub fn places(&mut self, items: &[ItemId]) -> io::Result<Vec<Option<u64>>> {
        let mut known = Vec::with_capacity(self.n_rows);
        let mut bytes = [0; 8];
        self.file.seek(SeekFrom::Start(HEAD))?;
        for _ in 0..self.n_rows {
            self.file.read_exact(&mut bytes)?;
            known.push(ItemId(i64::from_le_bytes(bytes)));
        }
        Ok(items.iter().map(|item| known.binary_search(item).ok().map(|place| place as u64)).collect())
    }

    /// The rows at some places, in their order. Fastest in rising order.
    pub fn rows(&mut self, places: &[u64]) -> io::Result<Array2<f32>> {
        let mut rows = Array2::zeros((places.len(), self.n_columns));
        let mut bytes = vec![0; self.n_columns * 4];
        let mut at = self.file.stream_position()?;
        for (place, mut row) in places.iter().zip(rows.rows_mut()) {
            let to = start(self.n_columns, self.n_rows, *place);
            // Within what is read already nothing is read again.
            self.file.seek_relative(to as i64 - at as i64)?;
            self.file.read_exact(&mut bytes)?;
            row.iter_mut().zip(bytes.as_chunks().0).for_each(|(to, four)| *to = f32::from_le_bytes(*four));
            at = to + bytes.len() as u64;
        }
        Ok(rows)
    }
}
