//! `assay cluster`.

mod find;
mod picture;
mod show;

use crate::read::Table;
use crate::vectors::Choice;
use crate::{Error, vectors};
use clap::{Args, ValueEnum};
use rustc_hash::FxHashMap;
use std::io::Write;
use std::path::{Path, PathBuf};

/// With --clusters, k-means at exactly that number. Without it, micro-clusters and the tree in which they merge; from its
/// root down the largest and loosest groups are split first, as far as --grain says. Texts without a known word are in no
/// cluster: theirs is empty.
#[derive(Debug, Args)]
pub struct Cluster {
    /// CSV file (TSV by its ending) with one text a row
    texts: PathBuf,
    /// How many clusters
    #[arg(long, value_name = "K")]
    clusters: Option<usize>,
    /// How finely the tree is cut: groups that explain some 30%, 70% or 96% of what all micro-clusters explain
    #[arg(long, value_enum, default_value_t, conflicts_with = "clusters")]
    grain: Grain,
    /// Where vectors come from: `lsa` (words and characters of the texts themselves), `sentence:FOLDER` (a model in the
    /// Hugging Face layout), `static:FOLDER` (a model of Model2Vec, some hundred times faster) or `given:FILE.npy`
    #[arg(long, default_value_t)]
    encoder: Choice,
    /// Each text is clustered as the mean of itself and so many nearest texts, which finds true groups better (fewer where
    /// --clusters leaves fewer to a cluster); 0 for the texts as they are
    #[arg(long, value_name = "N", default_value_t = 10)]
    neighbours: usize,
    /// Where random choices start: the same seed gives the same clusters
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The column with the text
    #[arg(long, value_name = "COLUMN", default_value = "text")]
    text: String,
    /// The column with the id of a text
    #[arg(long, value_name = "COLUMN", default_value = "id")]
    id: String,
    /// Writes a CSV file with the columns `id` and `cluster`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Draws the texts in two dimensions, neighbours near each other, colored by cluster
    #[arg(long, value_name = "FILE.svg")]
    map: Option<PathBuf>,
    /// Print JSON: for each cluster its size, tightness, stability, keywords and typical texts; the merge tree and its
    /// grains; the outliers
    #[arg(long)]
    json: bool,
}

/// How finely a pile is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Grain {
    /// A first look.
    Overview,
    /// Groups to name and label.
    #[default]
    Themes,
    /// All that is worth being told apart.
    Details,
}

/// Texts that can be told apart by their ids.
#[derive(Debug)]
struct Texts {
    ids: Vec<String>,
    texts: Vec<String>,
}

impl Cluster {
    pub fn run(self, out: &mut dyn Write) -> Result<(), Error> {
        if self.clusters == Some(0) {
            return Err(Error::Asked("--clusters must be at least 1".into()));
        }
        crate::out::check(
            [self.out.as_deref(), self.map.as_deref()],
            [Some(self.texts.as_path()), self.encoder.file()],
        )?;
        let Texts { ids, texts } = self.read()?;
        let vectors = vectors::make(&self.encoder, &texts, self.seed)?.dense;
        let found = find::find(&self, &texts, vectors)?;
        if let Some(path) = &self.out {
            write_clusters(path, &ids, &found.clusters)?;
        }
        if let Some(path) = &self.map {
            let svg = picture::draw(&found, self.seed).map_err(|error| Error::Asked(error.to_string()))?;
            std::fs::write(path, svg).map_err(Error::file(path))?;
        }
        let result = show::Result { ids: &ids, texts: &texts, found: &found, asked: &self };
        if self.json { result.json(out) } else { result.table(out) }
    }

    fn read(&self) -> Result<Texts, Error> {
        let table = Table::read(&self.texts, &[&self.id, &self.text])?;
        if table.rows.is_empty() {
            return Err(Error::table(&self.texts, "there are no texts: the file has a header alone"));
        }
        let mut lines: FxHashMap<&str, u64> = FxHashMap::default();
        for row in &table.rows {
            let id = row.cells[0].as_str();
            if id.trim().is_empty() {
                return Err(table.wrong(row, 0, "the id is empty: each text needs one"));
            }
            if let Some(line) = lines.insert(id, row.line) {
                return Err(table.wrong(row, 0, format!("the id {id} stands on line {line} already")));
            }
        }
        let (mut ids, mut texts) =
            (Vec::with_capacity(table.rows.len()), Vec::with_capacity(table.rows.len()));
        for row in table.rows {
            let mut cells = row.cells.into_iter();
            ids.push(cells.next().unwrap_or_default());
            texts.push(cells.next().unwrap_or_default());
        }
        Ok(Texts { ids, texts })
    }
}

fn write_clusters(path: &Path, ids: &[String], clusters: &[Option<u32>]) -> Result<(), Error> {
    let broken = |error: csv::Error| Error::File { path: path.to_owned(), source: error.into() };
    let mut writer = csv::Writer::from_path(path).map_err(broken)?;
    writer.write_record(["id", "cluster"]).map_err(broken)?;
    for (id, cluster) in ids.iter().zip(clusters) {
        let cluster = cluster.map_or_else(String::new, |cluster| cluster.to_string());
        writer.write_record([id.as_str(), &cluster]).map_err(broken)?;
    }
    writer.flush().map_err(Error::file(path))
}

#[cfg(test)]
mod tests;
