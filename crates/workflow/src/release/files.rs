//! The files of a release. They are written into blobs row by row, so that memory stays the same at a million rows.

use super::formats::{FORMATS, Format, Names, Row, Shape, answers};
use super::manifest;
use crate::{Error, Result};
use domain::ProjectId;
use domain::project::Task;
use domain::release::Split;
use domain::taxonomy::Taxonomy;
use serde::Serialize;
use store::Store;
use store::data::blobs::{BlobWriter, Pin};
use store::release::releases::ReleaseFile;
use store::release::rows::{FullRow, RowAnswer};

/// The open files to which rows are written.
pub struct Files {
    /// A file for each format and split.
    rows: Vec<RowFile>,
    answers: OpenFile,
    /// A buffer for the bytes of one row.
    line: Vec<u8>,
}

/// A file of a release, and the pin that keeps its blob until the release refers to it.
pub type Finished = (ReleaseFile, Pin);

struct RowFile {
    split: Split,
    file: OpenFile,
    format: Box<dyn Format>,
}

struct OpenFile {
    path: String,
    writer: BlobWriter,
    n_rows: i64,
}

impl OpenFile {
    async fn create(store: &Store, path: String) -> Result<OpenFile> {
        Ok(OpenFile { path, writer: store.create_blob().await?, n_rows: 0 })
    }

    /// Writes the buffer to the blob and empties it.
    async fn write(&mut self, bytes: &mut Vec<u8>) -> Result<()> {
        if !bytes.is_empty() {
            self.writer.write(bytes).await?;
            bytes.clear();
        }
        Ok(())
    }

    async fn finish(self) -> Result<Finished> {
        let written = self.writer.finish().await?;
        let (hash, bytes) = (written.key, written.bytes);
        Ok((ReleaseFile { path: self.path, hash, bytes, n_rows: Some(self.n_rows) }, written.pin))
    }
}

impl Files {
    pub async fn create(store: &Store, shape: &Shape) -> Result<Files> {
        let mut line = Vec::new();
        let mut rows = Vec::new();
        for (ending, begin) in FORMATS {
            for split in Split::ALL {
                let format = begin(shape, &mut line)?;
                let mut file = OpenFile::create(store, format!("{}.{ending}", split.as_str())).await?;
                file.write(&mut line).await?;
                rows.push(RowFile { split, file, format });
            }
        }
        Ok(Files { rows, answers: OpenFile::create(store, "answers.jsonl".to_owned()).await?, line })
    }

    /// Writes one row in every format, and the answers that belong to it.
    pub async fn write(&mut self, row: &FullRow, answers: &[RowAnswer], names: &Names) -> Result<()> {
        let Files { rows, answers: file_of_answers, line } = self;
        let named = Row::new(row, names)?;
        for RowFile { file, format, .. } in rows.iter_mut().filter(|open| open.split == row.split) {
            format.row(&named, line)?;
            file.n_rows += 1;
            file.write(line).await?;
        }
        for answer in answers {
            answers::line(row, answer, names, line)?;
            file_of_answers.n_rows += 1;
            file_of_answers.write(line).await?;
        }
        Ok(())
    }

    /// Closes the files. Returns them in the order of their paths.
    pub async fn finish(mut self) -> Result<Vec<Finished>> {
        let mut done = vec![self.answers.finish().await?];
        for RowFile { mut file, mut format, .. } in self.rows {
            format.end(&mut self.line)?;
            file.write(&mut self.line).await?;
            done.push(file.finish().await?);
        }
        done.sort_by(|(a, _), (b, _)| a.path.cmp(&b.path));
        Ok(done)
    }
}

/// The content of `taxonomy.json`.
#[derive(Serialize)]
struct TaxonomyFile<'a> {
    project: ProjectId,
    version: i64,
    task: Task,
    #[serde(flatten)]
    taxonomy: &'a Taxonomy,
}

/// Writes `taxonomy.json`.
pub async fn taxonomy(
    store: &Store,
    project: ProjectId,
    version: i64,
    task: Task,
    taxonomy: &Taxonomy,
) -> Result<Finished> {
    let file = TaxonomyFile { project, version, task, taxonomy };
    let mut bytes = serde_json::to_vec_pretty(&file).map_err(Error::internal)?;
    bytes.push(b'\n');
    small(store, "taxonomy.json", &bytes).await
}

/// Writes `manifest.json`.
pub async fn manifest(store: &Store, manifest: &manifest::Manifest) -> Result<Finished> {
    small(store, "manifest.json", &manifest.to_bytes()?).await
}

async fn small(store: &Store, path: &str, bytes: &[u8]) -> Result<Finished> {
    let mut writer = store.create_blob().await?;
    writer.write(bytes).await?;
    let written = writer.finish().await?;
    let (hash, bytes) = (written.key, written.bytes);
    Ok((ReleaseFile { path: path.to_owned(), hash, bytes, n_rows: None }, written.pin))
}
