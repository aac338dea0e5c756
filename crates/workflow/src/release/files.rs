//! The files of a release, written row by row into blobs: memory stays the same at a million rows.

use super::manifest;
use crate::{Error, Result};
use domain::project::Task;
use domain::release::Split;
use domain::taxonomy::Taxonomy;
use domain::{LabelId, ProjectId};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use store::Store;
use store::data::blobs::{BlobWriter, Pin};
use store::release::releases::{FullRow, ReleaseFile, RowAnswer};

/// What rows refer to by number.
pub struct Names {
    pub task: Task,
    /// Every label of the taxonomy, also the retired.
    pub labels: HashMap<LabelId, String>,
    pub queues: HashMap<i64, String>,
    /// Numbers of taxonomy versions.
    pub versions: HashMap<i64, i64>,
}

impl Names {
    fn label(&self, id: LabelId) -> &str {
        self.labels.get(&id).map_or("", String::as_str)
    }
}

/// The row files, open.
pub struct Files {
    /// Train, validation, test.
    jsonl: [OpenFile; 3],
    csv: [OpenFile; 3],
    answers: OpenFile,
    /// Fields that are columns of the CSV files.
    columns: Vec<String>,
}

/// A file of a release, and what holds its blob until the release does.
pub type Finished = (ReleaseFile, Pin);

struct OpenFile {
    path: String,
    writer: BlobWriter,
    n_rows: i64,
}

impl OpenFile {
    async fn create(store: &Store, path: String) -> Result<OpenFile> {
        Ok(OpenFile { path, writer: store.create_blob().await?, n_rows: 0 })
    }

    async fn of_each_split(store: &Store, ending: &str) -> Result<[OpenFile; 3]> {
        let [train, validation, test] = Split::ALL.map(|split| format!("{}.{ending}", split.as_str()));
        Ok([
            OpenFile::create(store, train).await?,
            OpenFile::create(store, validation).await?,
            OpenFile::create(store, test).await?,
        ])
    }

    async fn finish(self) -> Result<Finished> {
        let written = self.writer.finish().await?;
        let (hash, bytes) = (written.key, written.bytes);
        Ok((ReleaseFile { path: self.path, hash, bytes, n_rows: Some(self.n_rows) }, written.pin))
    }
}

#[derive(Serialize)]
struct JsonRow<'a> {
    id: &'a str,
    text: &'a str,
    #[serde(flatten)]
    labels: JsonLabels<'a>,
    state: &'a str,
    /// Share of the answers that say so.
    confidence: Option<f64>,
    n_answers: usize,
    control: bool,
    group: Option<&'a str>,
    event_at: Option<String>,
    fields: &'a BTreeMap<String, serde_json::Value>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum JsonLabels<'a> {
    Single { label: &'a str, label_id: LabelId },
    Multi { labels: Vec<&'a str>, label_ids: &'a [LabelId] },
}

#[derive(Serialize)]
struct JsonAnswer<'a> {
    id: &'a str,
    item: &'a str,
    /// The person's number: who it is stays inside.
    annotator: i64,
    labels: Vec<&'a str>,
    label_ids: &'a [LabelId],
    origin: &'a str,
    queue: Option<&'a str>,
    /// Given by someone who could see other people's answers.
    sighted: bool,
    confidence: Option<f64>,
    seconds: Option<f64>,
    /// The taxonomy version it was given under.
    taxonomy_version: Option<i64>,
    at: String,
}

impl Files {
    pub async fn create(store: &Store, task: Task, columns: Vec<String>) -> Result<Files> {
        let mut files = Files {
            jsonl: OpenFile::of_each_split(store, "jsonl").await?,
            csv: OpenFile::of_each_split(store, "csv").await?,
            answers: OpenFile::create(store, "answers.jsonl".to_owned()).await?,
            columns,
        };
        let head = files.head(task)?;
        for file in &mut files.csv {
            file.writer.write(&head).await?;
        }
        Ok(files)
    }

    fn head(&self, task: Task) -> Result<Vec<u8>> {
        let labels = match task {
            Task::Single => ["label", "label_id"],
            Task::Multi => ["labels", "label_ids"],
        };
        let fixed = ["id", "text", labels[0], labels[1]];
        let rest = ["state", "confidence", "n_answers", "control", "group", "event_at"];
        let names = fixed.iter().chain(&rest).map(|n| (*n).to_owned());
        line(names.chain(self.columns.iter().map(|c| format!("field.{}", safe(c)))))
    }

    /// Writes one row and the answers behind it.
    pub async fn write(&mut self, row: &FullRow, answers: &[RowAnswer], names: &Names) -> Result<()> {
        let event_at = row.event_at.map(moment).transpose()?;
        let labels: Vec<&str> = row.labels.0.iter().map(|id| names.label(*id)).collect();
        let labels = match (names.task, row.labels.0.as_slice()) {
            (Task::Single, [id]) => JsonLabels::Single { label: names.label(*id), label_id: *id },
            _ => JsonLabels::Multi { labels, label_ids: &row.labels.0 },
        };
        let csv = self.csv_line(row, &labels, event_at.as_deref())?;
        let json = JsonRow {
            id: &row.external_id,
            text: &row.text,
            labels,
            state: row.state.as_str(),
            confidence: row.confidence,
            n_answers: row.answers.0.len(),
            control: row.control,
            group: row.group_key.as_deref(),
            event_at,
            fields: &row.fields.0,
        };
        put(&mut self.jsonl[row.split as usize], &json_line(&json)?).await?;
        put(&mut self.csv[row.split as usize], &csv).await?;
        for answer in answers {
            let json = JsonAnswer {
                id: &answer.id,
                item: &row.external_id,
                annotator: answer.person_id,
                labels: answer.labels.0.iter().map(|id| names.label(*id)).collect(),
                label_ids: &answer.labels.0,
                origin: answer.origin.as_str(),
                queue: answer.queue_id.and_then(|q| names.queues.get(&q)).map(String::as_str),
                sighted: answer.sighted,
                confidence: answer.confidence,
                seconds: answer.seconds,
                taxonomy_version: answer.taxonomy_version_id.and_then(|v| names.versions.get(&v)).copied(),
                at: moment(answer.at)?,
            };
            put(&mut self.answers, &json_line(&json)?).await?;
        }
        Ok(())
    }

    fn csv_line(&self, row: &FullRow, labels: &JsonLabels, event_at: Option<&str>) -> Result<Vec<u8>> {
        let (label, label_id) = match labels {
            JsonLabels::Single { label, label_id } => (safe(label), label_id.to_string()),
            // A name may hold any separator, so a set is a JSON list in its cell.
            JsonLabels::Multi { labels, label_ids } => (
                serde_json::to_string(labels).map_err(Error::internal)?,
                serde_json::to_string(label_ids).map_err(Error::internal)?,
            ),
        };
        let fixed = [
            safe(&row.external_id),
            safe(&row.text),
            label,
            label_id,
            row.state.as_str().to_owned(),
            row.confidence.map_or_else(String::new, |c| c.to_string()),
            row.answers.0.len().to_string(),
            row.control.to_string(),
            row.group_key.as_deref().map_or_else(String::new, safe),
            event_at.unwrap_or_default().to_owned(),
        ];
        let cell = |name: &String| match row.fields.0.get(name) {
            None | Some(serde_json::Value::Null) => String::new(),
            Some(serde_json::Value::String(text)) => safe(text),
            Some(other) => other.to_string(),
        };
        line(fixed.into_iter().chain(self.columns.iter().map(cell)))
    }

    /// Closes them; the release's files so far, by path.
    pub async fn finish(self) -> Result<Vec<Finished>> {
        let mut done = vec![self.answers.finish().await?];
        for file in self.jsonl.into_iter().chain(self.csv) {
            done.push(file.finish().await?);
        }
        done.sort_by(|(a, _), (b, _)| a.path.cmp(&b.path));
        Ok(done)
    }
}

/// The taxonomy of a release, as its file says it.
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

async fn put(file: &mut OpenFile, line: &[u8]) -> Result<()> {
    file.n_rows += 1;
    Ok(file.writer.write(line).await?)
}

fn json_line(value: &impl Serialize) -> Result<Vec<u8>> {
    let mut line = serde_json::to_vec(value).map_err(Error::internal)?;
    line.push(b'\n');
    Ok(line)
}

fn line(cells: impl Iterator<Item = String>) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for cell in cells {
        writer.write_field(cell).map_err(Error::internal)?;
    }
    writer.write_record(None::<&[u8]>).map_err(Error::internal)?;
    writer.into_inner().map_err(Error::internal)
}

/// A text that no spreadsheet takes for a formula (OWASP, "CSV Injection").
fn safe(text: &str) -> String {
    let formula = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r', '\n'];
    if text.starts_with(formula) { format!("'{text}") } else { text.to_owned() }
}

/// RFC 3339 in UTC.
fn moment(micros: i64) -> Result<String> {
    Ok(jiff::Timestamp::from_microsecond(micros).map_err(Error::internal)?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for bad in
            ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＋1", "－1", "＠SUM(A1)"]
        {
            assert_eq!(safe(bad), format!("'{bad}"));
        }
        assert_eq!(safe("a = b"), "a = b");
        let cells = ["a,b", "say \"hi\"", "two\nlines"].map(String::from);
        let got = line(cells.into_iter()).unwrap();
        assert_eq!(String::from_utf8(got).unwrap(), "\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\"\n");
    }
}
