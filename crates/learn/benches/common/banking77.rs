//! Banking77 with its labels and its own split, where it lies beside the repository, or where `ASSAY_BANKING77` says.

#![allow(dead_code, reason = "each benchmark is a program of its own and needs some of it")]

use std::path::{Path, PathBuf};

pub struct Labeled {
    pub texts: Vec<String>,
    /// Of each text, a number below 77.
    pub labels: Vec<u32>,
    pub is_test: Vec<bool>,
}

impl Labeled {
    pub fn read() -> Option<Labeled> {
        let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/banking77/items.csv");
        let path = std::env::var_os("ASSAY_BANKING77").map_or(beside, PathBuf::from);
        let mut reader = csv::Reader::from_path(path).ok()?;
        let headers = reader.headers().ok()?.clone();
        let place = |wanted: &str| headers.iter().position(|name| name == wanted);
        let (text, label, split) = (place("text")?, place("label")?, place("split")?);
        let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().ok()?;
        let mut names: Vec<&str> = rows.iter().map(|row| &row[label]).collect();
        names.sort_unstable();
        names.dedup();
        let labels =
            rows.iter().map(|row| names.partition_point(|name| *name < &row[label]) as u32).collect();
        let texts = rows.iter().map(|row| row[text].to_owned()).collect();
        Some(Labeled { texts, labels, is_test: rows.iter().map(|row| &row[split] == "test").collect() })
    }

    pub fn rows(&self, test: bool) -> Vec<usize> {
        (0..self.labels.len()).filter(|row| self.is_test[*row] == test).collect()
    }

    pub fn labels_of(&self, rows: &[usize]) -> Vec<u32> {
        rows.iter().map(|row| self.labels[*row]).collect()
    }
}
