//! Writing the files of a release from its rows, and sealing it.

use super::cut::{Cut, ended};
use super::files::{self, Files};
use super::formats::{Names, Shape};
use super::rows::Taken;
use super::totals::RowTotals;
use super::{Manifest, manifest};
use crate::jobs::Halt;
use crate::{Error, Result};
use domain::BulkId;
use domain::release::Split;
use domain::{ProjectId, ReleaseId};
use std::collections::HashMap;
use store::Store;
use store::release::releases::ReleaseFile;
use store::release::rows::{FullRow, RowAnswer};
use tokio::sync::mpsc::Sender;

/// How many rows are read at once for the files.
const FULL_ROWS: i64 = 1_000;

/// The most columns of fields that a CSV file has.
const MAX_COLUMNS: usize = 200;

impl Cut<'_> {
    pub(super) async fn write_and_seal(&self, taken: Taken) -> std::result::Result<Manifest, Halt> {
        let store = &self.instance.store;
        let (project, task) = (self.project.id, self.project.task);
        let queues = store.queues_for_lineage(project).await?;
        let names = Names {
            task,
            labels: self.taxonomy.labels.iter().map(|l| (l.id, l.name.clone())).collect(),
            queues: queues.iter().map(|q| (q.0, q.1.clone())).collect(),
            versions: store.version_numbers(project).await?,
        };
        let Taken { n_rows: total, n_left_out, fields } = taken;
        let mut columns: Vec<String> = fields.into_iter().collect();
        let csv_fields_left_out = columns.split_off(columns.len().min(MAX_COLUMNS));
        let mut files = Files::create(store, &Shape { task, columns }).await?;
        let mut counts = RowTotals::default();
        let (send, mut pages) = tokio::sync::mpsc::channel(1);
        let reading = tokio::spawn(read_rows(store.along_indexes(), project, self.row.id, send));
        while let Some((rows, mut answers)) = pages.recv().await {
            for row in &rows {
                let answers = answers.remove(&row.item_id.0).unwrap_or_default();
                counts.add(row, &answers);
                files.write(row, &answers, &names).await?;
            }
            self.audience.tell(total + counts.n_rows, total * 2, "Writing the files").await?;
        }
        reading.await.map_err(Error::internal)??;
        let mut files = files.finish().await?;
        files.push(files::taxonomy(store, project, self.version, task, &self.taxonomy).await?);
        let named: Vec<&ReleaseFile> = files.iter().map(|(file, _)| file).collect();
        let manifest = self.manifest(&counts, n_left_out, csv_fields_left_out, &named, &queues).await?;
        files.push(files::manifest(store, &manifest).await?);
        let (files, pins): (Vec<_>, Vec<_>) = files.into_iter().unzip();
        let release = self.row.id;
        let text = String::from_utf8(manifest.to_bytes()?).map_err(Error::internal)?;
        let sealed: bool = self
            .piece(move |tx| {
                Box::pin(async move {
                    tx.unpin_blobs(&pins).await?;
                    Ok(tx.finish_release(release, &text, &files).await?)
                })
            })
            .await?;
        if sealed { Ok(manifest) } else { Err(ended().into()) }
    }

    async fn manifest(
        &self,
        counts: &RowTotals,
        n_left_out: i64,
        csv_fields_left_out: Vec<String>,
        files: &[&ReleaseFile],
        queues: &[(i64, String, String, i64)],
    ) -> Result<Manifest> {
        let sources = self.instance.store.sources_for_lineage(self.project.id).await?;
        let bulk = self.bulk(counts).await?;
        Ok(Manifest {
            format: manifest::FORMAT,
            project: manifest::Project {
                slug: self.project.slug.clone(),
                name: self.project.name.clone(),
                task: self.project.task,
            },
            states: self.spec.states.clone(),
            n_rows: counts.n_rows,
            n_left_out,
            splits: Split::ALL.iter().map(|split| counts.split(*split, &self.taxonomy)).collect(),
            split_rule: manifest::SPLIT_RULE.to_owned(),
            csv_rule: manifest::CSV_RULE.to_owned(),
            csv_fields_left_out,
            files: files
                .iter()
                .map(|f| manifest::File {
                    path: f.path.clone(),
                    blake3: f.hash.clone(),
                    bytes: f.bytes,
                    rows: f.n_rows,
                })
                .collect(),
            lineage: manifest::Lineage {
                program: concat!("assay ", env!("CARGO_PKG_VERSION")).to_owned(),
                taxonomy_version: self.version,
                n_answers: counts.n_answers,
                n_annotators: counts.annotators.len() as i64,
                sources: sources
                    .into_iter()
                    .filter_map(|(id, name, format)| {
                        let n_rows = *counts.sources.get(&id)?;
                        Some(manifest::Source { id, name, format, n_rows })
                    })
                    .collect(),
                queues: queues
                    .iter()
                    .filter_map(|(id, name, strategy, overlap)| {
                        let n_answers = *counts.queues.get(id)?;
                        let (name, strategy) = (name.clone(), strategy.clone());
                        Some(manifest::Queue { id: *id, name, strategy, overlap: *overlap, n_answers })
                    })
                    .collect(),
                bulk,
            },
        })
    }

    /// The bulk answers behind the rows.
    async fn bulk(&self, counts: &RowTotals) -> Result<Vec<manifest::Bulk>> {
        let mut bulk = Vec::new();
        for (&id, &n_rows) in &counts.bulks {
            let Some(row) = self.instance.store.bulk(self.project.id, BulkId(id)).await? else { continue };
            let label = self.taxonomy.get(row.label_id).map_or_else(String::new, |label| label.name.clone());
            let (right, drawn) = (row.n_right as u64, row.n_drawn as u64);
            let interval = learn::proportion::wilson(right, drawn, 0.95).map_err(Error::internal)?;
            bulk.push(manifest::Bulk {
                id,
                label,
                n_rows,
                n_drawn: row.n_drawn,
                n_right: row.n_right,
                low: interval.low,
                high: interval.high,
            });
        }
        Ok(bulk)
    }
}

/// A page of rows in the order of the files, and the answers of each item.
type Page = (Vec<FullRow>, HashMap<i64, Vec<RowAnswer>>);

/// Reads rows ahead while files are written. It ends when the receiver is dropped.
async fn read_rows(store: Store, project: ProjectId, release: ReleaseId, send: Sender<Page>) -> Result<()> {
    let mut after: Option<String> = None;
    loop {
        let read = async {
            let page = store.release_rows(project, release, after.as_deref(), FULL_ROWS).await?;
            let last = page.last().map(|placed| placed.at.clone());
            let rows: Vec<FullRow> = page.into_iter().filter_map(|placed| placed.row).collect();
            let answers = answers_of(&store, &rows).await?;
            Ok::<_, Error>((last, rows, answers))
        };
        let (last, rows, answers) = store.read_background(read).await?;
        if last.is_none() {
            return Ok(());
        }
        after = last;
        if send.send((rows, answers)).await.is_err() {
            return Ok(());
        }
    }
}

async fn answers_of(store: &Store, rows: &[FullRow]) -> Result<HashMap<i64, Vec<RowAnswer>>> {
    let mut by_item: HashMap<i64, Vec<RowAnswer>> = HashMap::new();
    let ids: Vec<String> = rows.iter().flat_map(|row| row.answers.0.iter().cloned()).collect();
    for ids in ids.chunks(1_000) {
        for answer in store.answers_by_id(ids).await? {
            by_item.entry(answer.item_id.0).or_default().push(answer);
        }
    }
    // The answers of an item may come from two chunks, each of which is sorted by itself.
    for answers in by_item.values_mut() {
        answers.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    }
    Ok(by_item)
}
